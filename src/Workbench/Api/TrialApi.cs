using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Api;

/// <summary>What is said of the operations on one kind of work.</summary>
/// <param name="Path">Behind the trial's address.</param>
/// <param name="Tag">Under which they stand in the description.</param>
/// <param name="Start">Id and summary of the operation that asks for it.</param>
/// <param name="Description">What it does.</param>
/// <param name="Get">Id and summary of the one that tells how far it is.</param>
/// <param name="Cancel">Id and summary of the one that ends it.</param>
/// <param name="Refusal">Title of the answer where it cannot be done.</param>
/// <param name="Idle">What is not going on where there is nothing to cancel; by experiment and trial.</param>
public sealed record TrialWorkTexts(string Path, string Tag, (string Id, string Summary) Start, string Description, (string Id, string Summary) Get, (string Id, string Summary) Cancel, string Refusal, Func<int, int, string> Idle);

/// <summary>What the APIs of experiments and trials have in common.</summary>
public static class TrialApi
{
    /// <summary>Answers with a trial, or says what is not there.</summary>
    public static async Task<IResult> WithTrialAsync(this ExperimentStore store, int id, int number, Func<ExperimentRow, TrialRow, Task<IResult>> answer, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is not { } experiment ? Unknown(id)
        : experiment.FindTrial(number) is not { } trial ? Results.Problem(statusCode: 404, title: "Unknown trial", detail: $"Experiment {id} has no trial {number}.")
        : await answer(experiment, trial);

    public static IResult Unknown(int id) => Results.Problem(statusCode: 404, title: "Unknown experiment", detail: $"There is no experiment {id}.");

    /// <summary>POST asks for work on a trial, GET tells how far it is and what came of it, DELETE ends it.</summary>
    /// <param name="api">All slices'.</param>
    /// <param name="work">Which.</param>
    /// <param name="texts">For the description.</param>
    /// <param name="whyNot">Null, or why it cannot be done for a trial.</param>
    /// <param name="read">What came of it last, or null.</param>
    /// <param name="answer">The answer out of status (none, waiting, running, failed or completed), state and what came of it.</param>
    public static void MapTrialWork<TResult, TAnswer>(this RouteGroupBuilder api, TrialWork work, TrialWorkTexts texts, Func<ExperimentRow, int, string?> whyNot,
        Func<ExperimentStore, TrialRow, CancellationToken, Task<TResult?>> read, Func<string, TrialWorkState?, TResult?, TAnswer> answer) where TResult : class
    {
        var path = api.MapGroup("/experiments/{id:int}/trials/{number:int}/" + texts.Path).WithTags(texts.Tag);
        path.MapPost("/", (int id, int number, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
        {
            if (whyNot(experiment, number) is { } reason) return Results.Problem(statusCode: 409, title: texts.Refusal, detail: reason);
            queue.Enqueue(id, number, work);
            return Results.Accepted($"/api/v1/experiments/{id}/trials/{number}/{texts.Path}", await AnswerAsync(trial, store, queue, ct));
        }, ct)).WithName(texts.Start.Id).WithSummary(texts.Start.Summary).WithDescription(texts.Description).Produces<TAnswer>(202).ProducesProblem(404).ProducesProblem(409);
        path.MapGet("/", (int id, int number, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) => store.WithTrialAsync(id, number, async (_, trial) => Results.Ok(await AnswerAsync(trial, store, queue, ct)), ct))
            .WithName(texts.Get.Id).WithSummary(texts.Get.Summary).Produces<TAnswer>().ProducesProblem(404);
        path.MapDelete("/", async (int id, int number, TrialWorkQueue queue) =>
            await queue.CancelAsync(id, number, work) ? Results.Accepted() : Results.Problem(statusCode: 404, title: "Nothing to cancel", detail: texts.Idle(id, number)))
            .WithName(texts.Cancel.Id).WithSummary(texts.Cancel.Summary).Produces(202).ProducesProblem(404);

        async Task<TAnswer> AnswerAsync(TrialRow trial, ExperimentStore store, TrialWorkQueue queue, CancellationToken cancellationToken)
        {
            var state = queue.StateOf(trial.ExperimentId, trial.Number, work);
            var result = await read(store, trial, cancellationToken);
            var status = state is { Failure: not null } ? "failed" : state is { Progress: not null } ? "running" : state is not null ? "waiting" : result is not null ? "completed" : "none";
            return answer(status, state, result);
        }
    }
}
