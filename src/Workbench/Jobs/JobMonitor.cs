using System.Collections.Concurrent;

namespace ModelWorkbench.Workbench.Jobs;

/// <param name="Number">The trial that runs.</param>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Phase">What is being done.</param>
public sealed record TrialProgress(int Number, double Fraction, string Phase);

/// <summary>What is moving right now, in memory only; whoever wants to know subscribes and reads the truth from the database.</summary>
public sealed class JobMonitor(ILogger<JobMonitor> logger)
{
    private readonly ConcurrentDictionary<int, TrialProgress> _progress = [];

    /// <summary>The experiment with this id changed. Raised often while training; subscribers throttle.</summary>
    public event Action<int>? Changed;

    /// <summary>The experiment with this id ended by itself: completed, failed or interrupted. Raised once for each end.</summary>
    public event Action<int>? Ended;

    /// <summary>A person looked at what had ended.</summary>
    public event Action? Seen;

    public TrialProgress? ProgressOf(int experimentId) => _progress.GetValueOrDefault(experimentId);

    public void Report(int experimentId, TrialProgress? progress)
    {
        if (progress is null) _progress.TryRemove(experimentId, out _);
        else _progress[experimentId] = progress;
        foreach (var subscriber in Changed?.GetInvocationList() ?? []) Tell(experimentId, () => ((Action<int>)subscriber)(experimentId));
    }

    /// <summary>The experiment with this id ended by itself, and its row says so.</summary>
    public void ReportEnd(int experimentId)
    {
        foreach (var subscriber in Ended?.GetInvocationList() ?? []) Tell(experimentId, () => ((Action<int>)subscriber)(experimentId));
    }

    /// <summary>A person looked at what had ended, and the rows say so.</summary>
    public void ReportSeen()
    {
        foreach (var subscriber in Seen?.GetInvocationList() ?? []) Tell(null, () => ((Action)subscriber)());
    }

    private void Tell(int? experimentId, Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception e)
        {
            // A page that cannot listen must not end the training it listens to.
            logger.LogWarning(e, "A listener to experiment {Id} failed", experimentId);
        }
    }
}
