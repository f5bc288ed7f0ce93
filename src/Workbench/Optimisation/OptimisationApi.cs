using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;

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

    public static void MapOptimisation(this RouteGroupBuilder api) => api.MapTrialWork(
        TrialWork.Optimise,
        new TrialWorkTexts("optimise", "Optimisation",
            ("Optimise", "Builds smaller and faster variants of a model and measures them"),
            "By pruning, quantisation and PCA, and some of these together. Each variant is judged on the validation rows as the model was, and becomes a trial that can be evaluated and published. Variants that were built before are replaced; published ones stay.",
            ("GetVariants", "What a model's variants cost and lose"),
            ("CancelOptimise", "Ends the building of variants; those of before stay"),
            "No variants", (id, number) => $"No variants of trial {number} of experiment {id} are being built."),
        ExperimentSupervisor.WhyNotOptimise,
        (store, trial, ct) => store.LadderAsync(trial, ct),
        (status, state, ladder) => new OptimisationAnswer(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, ladder));
}
