namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Tells a page that an experiment, or any of them, moved: at most four times a second however often it is reported, and once a second anyway while it is under way.</summary>
public sealed class ExperimentFollower : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);
    private const int BeatsASecond = 4;

    private readonly JobMonitor _monitor;
    private readonly int? _experimentId;
    private readonly Func<Task<bool>> _moved;
    private readonly CancellationTokenSource _gone = new();
    private readonly PeriodicTimer _timer;
    private readonly Task _following;
    private int _changes;

    /// <param name="experimentId">The one to follow; null for all.</param>
    /// <param name="moved">Called outside the page's dispatcher, one call at a time; answers whether the experiment is under way. It handles its own failures.</param>
    public ExperimentFollower(JobMonitor monitor, int? experimentId, TimeProvider time, Func<Task<bool>> moved)
    {
        (_monitor, _experimentId, _moved, _timer) = (monitor, experimentId, moved, new PeriodicTimer(Beat, time));
        _monitor.Changed += Note;
        _following = FollowAsync();
    }

    private void Note(int experimentId)
    {
        if (_experimentId is null || experimentId == _experimentId) Interlocked.Increment(ref _changes);
    }

    private async Task FollowAsync()
    {
        var isUnderWay = true;
        var quietBeats = 0;
        try
        {
            while (await _timer.WaitForNextTickAsync(_gone.Token))
            {
                quietBeats++;
                if (Interlocked.Exchange(ref _changes, 0) == 0 && !(isUnderWay && quietBeats >= BeatsASecond)) continue;
                quietBeats = 0;
                isUnderWay = await _moved();
            }
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _monitor.Changed -= Note;
        await _gone.CancelAsync();
        await _following;
        _timer.Dispose();
        _gone.Dispose();
    }
}
