using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;

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

    public static void MapExplanations(this RouteGroupBuilder api) => api.MapTrialWork(
        TrialWork.Explain,
        new TrialWorkTexts("explanation", "Explanations",
            ("Explain", "Explains a model"),
            "What each column adds to its answers (Shapley values), how answers move with a column (partial dependence), which columns it uses together (Friedman's H), its behaviour in a few rules, where it errs (kinds of rows, groups, worst rows), and how the rows it is judged on differ from those it learnt from. The model is made before where there is none.",
            ("GetExplanation", "What explains a model"),
            ("CancelExplain", "Ends the work on an explanation; that of before stays"),
            "No explanation", (id, number) => $"Trial {number} of experiment {id} is not being explained."),
        ExperimentSupervisor.WhyNotExplain,
        (store, trial, ct) => store.ExplanationAsync(trial, ct),
        (status, state, explanation) => new ExplanationAnswer(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, explanation));
}
