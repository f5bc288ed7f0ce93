using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Optimisation;

/// <summary>Smaller and faster variants of models, over HTTP.</summary>
public static class OptimisationApi
{
    /// <param name="Status">none, waiting, running, failed or completed.</param>
    /// <param name="Fraction">0 to 1 while it runs.</param>
    /// <param name="Phase">What is being done.</param>
    /// <param name="Reason">Why it failed.</param>
    /// <param name="Ladder">The variants that were built last; those of before while new ones are built.</param>
    public sealed record OptimisationAnswer(string Status, double? Fraction, string? Phase, string? Reason, LadderReport? Ladder);

    public static void MapOptimisation(this RouteGroupBuilder api)
    {
        var ladder = api.MapGroup("/experiments/{id:int}/trials/{number:int}/optimise").WithTags("Optimisation");
        ladder.MapPost("/", async (int id, int number, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) =>
        {
            if (await store.FindAsync(id, ct) is not { } experiment) return Unknown(id);
            if (experiment.FindTrial(number) is not { } trial) return Unknown(id, number);
            if (ExperimentSupervisor.WhyNotOptimise(experiment, number) is { } reason) return Results.Problem(statusCode: 409, title: "No variants", detail: reason);
            queue.Enqueue(id, number, TrialWork.Optimise);
            return Results.Accepted($"/api/v1/experiments/{id}/trials/{number}/optimise", await AnswerAsync(trial, store, queue, ct));
        }).WithName("Optimise").WithSummary("Builds smaller and faster variants of a model and measures them")
            .WithDescription("By pruning, quantisation and PCA, and some of these together. Each variant is judged on the validation rows as the model was, and becomes a trial that can be evaluated and published. Variants that were built before are replaced; published ones stay.")
            .Produces<OptimisationAnswer>(202).ProducesProblem(404).ProducesProblem(409);
        ladder.MapGet("/", async (int id, int number, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) =>
            await store.FindAsync(id, ct) is not { } experiment ? Unknown(id)
            : experiment.FindTrial(number) is not { } trial ? Unknown(id, number)
            : Results.Ok(await AnswerAsync(trial, store, queue, ct)))
            .WithName("GetVariants").WithSummary("What a model's variants cost and lose").Produces<OptimisationAnswer>().ProducesProblem(404);
        ladder.MapDelete("/", async (int id, int number, TrialWorkQueue queue) =>
            await queue.CancelAsync(id, number, TrialWork.Optimise) ? Results.Accepted() : Results.Problem(statusCode: 404, title: "Nothing to cancel", detail: $"No variants of trial {number} of experiment {id} are being built."))
            .WithName("CancelOptimise").WithSummary("Ends the building of variants; those of before stay").Produces(202).ProducesProblem(404);
    }

    private static async Task<OptimisationAnswer> AnswerAsync(TrialRow trial, ExperimentStore store, TrialWorkQueue queue, CancellationToken cancellationToken)
    {
        var state = queue.StateOf(trial.ExperimentId, trial.Number, TrialWork.Optimise);
        var report = await store.LadderAsync(trial, cancellationToken);
        var status = state is { Failure: not null } ? "failed" : state is { Progress: not null } ? "running" : state is not null ? "waiting" : report is not null ? "completed" : "none";
        return new OptimisationAnswer(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, report);
    }

    private static IResult Unknown(int id) => Results.Problem(statusCode: 404, title: "Unknown experiment", detail: $"There is no experiment {id}.");

    private static IResult Unknown(int id, int number) => Results.Problem(statusCode: 404, title: "Unknown trial", detail: $"Experiment {id} has no trial {number}.");
}
