using System.Collections.Concurrent;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Trials held against one another, computed when somebody asks. The last answers are remembered: they follow from files that never change.</summary>
public sealed class SideBySides(ExperimentSupervisor supervisor) : IDisposable
{
    private const int MostRemembered = 100;

    private readonly ConcurrentDictionary<string, SideBySideReport> _remembered = [];
    private readonly ConcurrentQueue<string> _order = [];

    // One at a time: a second reader of the same page finds the first one's answer, and other work keeps its cores.
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Null where nobody asked, or not lately.</summary>
    public SideBySideReport? Remembered(ExperimentRow experiment, IReadOnlyList<TrialRow> trials) => _remembered.GetValueOrDefault(KeyOf(experiment, trials));

    /// <summary>Holds trials against the first of them.</summary>
    /// <param name="experiment">Theirs.</param>
    /// <param name="trials">At least two.</param>
    /// <param name="cancellationToken">Ends the computation; what others wait for is computed then for them.</param>
    /// <returns>The report, or why there is none.</returns>
    public async Task<(SideBySideReport? Report, string? WhyNot)> FindAsync(ExperimentRow experiment, IReadOnlyList<TrialRow> trials, CancellationToken cancellationToken)
    {
        var key = KeyOf(experiment, trials);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_remembered.TryGetValue(key, out var remembered)) return (remembered, null);
            var (report, whyNot) = await supervisor.HoldAgainstAsync(experiment, trials, cancellationToken);
            if (report is null) return (null, whyNot);
            _remembered[key] = report;
            _order.Enqueue(key);
            if (_order.Count > MostRemembered && _order.TryDequeue(out var oldest)) _remembered.TryRemove(oldest, out _);
            return (report, null);
        }
        finally
        {
            _turn.Release();
        }
    }

    private static string KeyOf(ExperimentRow experiment, IReadOnlyList<TrialRow> trials) =>
        $"{experiment.Id} {string.Join(' ', trials.Select(t => $"{t.Number}:{t.PredictionsSha256}"))}";

    public void Dispose() => _turn.Dispose();
}
