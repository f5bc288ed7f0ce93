using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Api;
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
        api.MapTrialWork(
            TrialWork.Optimise,
            new TrialWorkTexts("optimise", "Optimisation",
                ("Optimise", "Builds smaller and faster variants of a model and measures them"),
                "By pruning, quantisation and PCA, and some of these together. Each variant is judged on the validation rows as the model was, and becomes a trial that can be evaluated and published. Variants that were built before are replaced; published ones stay.",
                ("GetVariants", "What a model's variants cost and lose"),
                ("CancelOptimise", "Ends the building of variants; those of before stay"),
                "No variants", (id, number) => $"No variants of trial {number} of experiment {id} are being built."),
            ExperimentSupervisor.WhyNotOptimise,
            (store, trial, ct) => store.LadderAsync(trial, ct),
            Answer);
        api.MapPost("/experiments/{id:int}/trials/{number:int}/optimise/search", (int id, int number, LadderLimits limits, ExperimentStore store, TrialWorkQueue queue, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
        {
            if (limits.WhyNot() is { } wrong) return Results.Problem(statusCode: 400, title: "No limits to search under", detail: wrong);
            if (ExperimentSupervisor.WhyNotOptimise(experiment, number) is { } reason) return Results.Problem(statusCode: 409, title: "Not optimised", detail: reason);
            queue.Enqueue(id, number, TrialWork.Optimise, limits);
            var state = queue.StateOf(id, number, TrialWork.Optimise);
            return Results.Accepted($"/api/v1/experiments/{id}/trials/{number}/optimise", Answer(state is { Progress: not null } ? "running" : "waiting", state, await store.LadderAsync(trial, ct)));
        }, ct)).WithTags("Optimisation").WithName("SearchVariants").WithSummary("Builds the variants and searches combinations of steps under limits")
            .WithDescription("Limits are KB of the file (1,000 bytes each), µs for a row (median), and the loss of the metric; at least one. The search goes down one notch at a time from the model itself, takes what saves most for what it loses, and ends where the limits are kept, or where every further step loses too much. What it tried stands behind the ladder's own variants, and the outcome in its search.")
            .Produces<OptimisationAnswer>(202).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);

        static OptimisationAnswer Answer(string status, TrialWorkState? state, LadderReport? ladder) => new(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, ladder);
    }
}
