using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>What explains models, over HTTP.</summary>
public static class ExplanationsApi
{
    /// <param name="Status">none, waiting, running, failed or completed.</param>
    /// <param name="Fraction">0 to 1 while it runs.</param>
    /// <param name="Phase">What is being done.</param>
    /// <param name="Reason">Why it failed.</param>
    /// <param name="Explanation">What was computed last; that of before while it is computed anew.</param>
    public sealed record ExplanationAnswer(string Status, double? Fraction, string? Phase, string? Reason, ModelExplanation? Explanation);

    public static void MapExplanations(this RouteGroupBuilder api)
    {
        var explanation = api.MapGroup("/experiments/{id:int}/trials/{number:int}/explanation").WithTags("Explanations");
        explanation.MapPost("/", async (int id, int number, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) =>
        {
            if (await store.FindAsync(id, ct) is not { } experiment) return Unknown(id);
            if (experiment.FindTrial(number) is not { } trial) return Unknown(id, number);
            if (ExperimentSupervisor.WhyNotExplain(experiment, number) is { } reason) return Results.Problem(statusCode: 409, title: "No explanation", detail: reason);
            queue.Enqueue(id, number, TrialWork.Explain);
            return Results.Accepted($"/api/v1/experiments/{id}/trials/{number}/explanation", await AnswerAsync(trial, store, queue, ct));
        }).WithName("Explain").WithSummary("Explains a model")
            .WithDescription("What each column adds to its answers (Shapley values), how answers move with a column (partial dependence), its behaviour in a few rules, and where it errs: kinds of rows, groups, worst rows. The model is made before where there is none.")
            .Produces<ExplanationAnswer>(202).ProducesProblem(404).ProducesProblem(409);
        explanation.MapGet("/", async (int id, int number, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) =>
            await store.FindAsync(id, ct) is not { } experiment ? Unknown(id)
            : experiment.FindTrial(number) is not { } trial ? Unknown(id, number)
            : Results.Ok(await AnswerAsync(trial, store, queue, ct)))
            .WithName("GetExplanation").WithSummary("What explains a model").Produces<ExplanationAnswer>().ProducesProblem(404);
        explanation.MapDelete("/", async (int id, int number, TrialWorkQueue queue) =>
            await queue.CancelAsync(id, number, TrialWork.Explain) ? Results.Accepted() : Results.Problem(statusCode: 404, title: "Nothing to cancel", detail: $"Trial {number} of experiment {id} is not being explained."))
            .WithName("CancelExplain").WithSummary("Ends the work on an explanation; that of before stays").Produces(202).ProducesProblem(404);
    }

    private static async Task<ExplanationAnswer> AnswerAsync(TrialRow trial, ExperimentStore store, TrialWorkQueue queue, CancellationToken cancellationToken)
    {
        var state = queue.StateOf(trial.ExperimentId, trial.Number, TrialWork.Explain);
        var explanation = await store.ExplanationAsync(trial, cancellationToken);
        var status = state is { Failure: not null } ? "failed" : state is { Progress: not null } ? "running" : state is not null ? "waiting" : explanation is not null ? "completed" : "none";
        return new ExplanationAnswer(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, explanation);
    }

    private static IResult Unknown(int id) => Results.Problem(statusCode: 404, title: "Unknown experiment", detail: $"There is no experiment {id}.");

    private static IResult Unknown(int id, int number) => Results.Problem(statusCode: 404, title: "Unknown trial", detail: $"Experiment {id} has no trial {number}.");
}
