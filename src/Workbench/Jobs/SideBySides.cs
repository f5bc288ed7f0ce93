using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Trials held against one another, computed when somebody asks.</summary>
public sealed class SideBySides(ExperimentSupervisor supervisor) : IDisposable
{
    private const int MostRemembered = 100;

    private readonly RecentAnswers<SideBySideReport> _recent = new(MostRemembered);

    /// <summary>Null where nobody asked, or not lately.</summary>
    public SideBySideReport? Remembered(ExperimentRow experiment, IReadOnlyList<TrialRow> trials) => _recent.Remembered(KeyOf(experiment, trials));

    /// <summary>Holds trials against the first of them.</summary>
    /// <param name="experiment">Theirs.</param>
    /// <param name="trials">At least two.</param>
    /// <param name="cancellationToken">Ends the computation; what others wait for is computed then for them.</param>
    /// <returns>The report, or why there is none.</returns>
    public Task<(SideBySideReport? Report, string? WhyNot)> FindAsync(ExperimentRow experiment, IReadOnlyList<TrialRow> trials, CancellationToken cancellationToken) =>
        _recent.FindAsync(KeyOf(experiment, trials), () => supervisor.HoldAgainstAsync(experiment, trials, cancellationToken), cancellationToken);

    private static string KeyOf(ExperimentRow experiment, IReadOnlyList<TrialRow> trials) =>
        $"{experiment.Id} {string.Join(' ', trials.Select(t => FormattableString.Invariant($"{t.Number}:{t.PredictionsSha256}@{t.Threshold:R}")))}";

    public void Dispose() => _recent.Dispose();
}
