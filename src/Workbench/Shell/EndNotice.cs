using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Storage;
using MudBlazor;

namespace ModelWorkbench.Workbench.Shell;

/// <summary>That an experiment ended, in words.</summary>
/// <param name="Key">The same for the same end, however often and wherever it is told.</param>
/// <param name="Title">What happened to which.</param>
/// <param name="Text">What came of it.</param>
/// <param name="Severity">How good the news is.</param>
/// <param name="Href">The leaderboard.</param>
public sealed record EndNotice(string Key, string Title, string Text, Severity Severity, string Href)
{
    /// <returns>Null where it has not ended, or was stopped by a person who knows.</returns>
    public static EndNotice? From(ExperimentRow experiment)
    {
        var (happened, severity) = experiment.Status switch
        {
            ExperimentStatus.Completed => ("has completed", Severity.Success),
            ExperimentStatus.Failed => ("has failed", Severity.Error),
            ExperimentStatus.Interrupted => ("was interrupted", Severity.Warning),
            _ => ("", Severity.Normal),
        };
        if (severity == Severity.Normal) return null;
        var text = experiment.Status != ExperimentStatus.Completed ? experiment.Reason ?? ""
            : ExperimentStore.Best(experiment) is { Result.Score: { } score } best ? $"Best: {TrainerCatalog.NameOf(best.TrainerId)}, {Metric.Parse(experiment.Plan.MetricId).Name} {Figures.Metric(score)}."
            : "No model could be judged.";
        return new EndNotice($"experiment-{experiment.Id}-{experiment.FinishedAt?.UtcTicks}", $"Experiment {experiment.Id} (predicting {experiment.Plan.Target}) {happened}", text, severity, $"/experiments/{experiment.Id}");
    }
}
