using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>Learning curves of trials, over HTTP.</summary>
public static class LearningCurvesApi
{
    /// <param name="Status">none, waiting, running, failed or completed.</param>
    /// <param name="Fraction">0 to 1 while it runs.</param>
    /// <param name="Phase">What is being done.</param>
    /// <param name="Reason">Why it failed.</param>
    /// <param name="Curve">What was drawn last; that of before while it is drawn anew.</param>
    /// <param name="StillRises">Whether more rows still make the model better at the end of the curve, beyond two standard errors of the folds; null where that cannot be told.</param>
    /// <param name="GainOfTwice">What twice the rows add over the last points; above 0 is better.</param>
    public sealed record LearningCurveAnswer(string Status, double? Fraction, string? Phase, string? Reason, LearningCurve? Curve, bool? StillRises, double? GainOfTwice);

    public static void MapLearningCurves(this RouteGroupBuilder api) => api.MapTrialWork(
        TrialWork.LearningCurve,
        new TrialWorkTexts("learning-curve", "Explanations",
            ("DrawLearningCurve", "Has a trial learn from ever more of its training rows"),
            "The trial learns anew from 10, 20, 40, 70 and 100 % of the training rows of each fold, with the same values, and is judged on the same validation rows: would more data help?",
            ("GetLearningCurve", "The learning curve of a trial"),
            ("CancelLearningCurve", "Ends the drawing of a learning curve; that of before stays"),
            "No learning curve", (id, number) => $"No learning curve of trial {number} of experiment {id} is being drawn."),
        ExperimentSupervisor.WhyNotLearningCurve,
        (_, trial, _) => Task.FromResult(trial.Result?.LearningCurve),
        (status, state, curve) => new LearningCurveAnswer(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, curve, curve?.StillRises, curve?.GainOfTwice));
}
