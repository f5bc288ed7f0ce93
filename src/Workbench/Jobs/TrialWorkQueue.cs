using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>What a person can ask for a trial, beyond its model.</summary>
public enum TrialWork
{
    /// <summary>Smaller and faster variants.</summary>
    Optimise,

    /// <summary>What it leans on, how it reacts, where it errs.</summary>
    Explain,

    /// <summary>The model in every form in which it can be taken away.</summary>
    Export,

    /// <summary>Its score by the rows that it learns from.</summary>
    LearningCurve,
}

/// <summary>Work on a trial that is wanted, or was and could not be done.</summary>
/// <param name="Progress">Null while it waits for its turn.</param>
/// <param name="Failure">Why there is no result; null while it waits or runs.</param>
public sealed record TrialWorkState(TrialProgress? Progress, string? Failure);

/// <summary>Does work on trials, one after another and person by person in turn, whoever looks. What waits is forgotten when the program ends; what was done is kept.</summary>
public sealed class TrialWorkQueue(ExperimentSupervisor supervisor, JobMonitor monitor, IOptions<WorkbenchOptions> options, ILogger<TrialWorkQueue> logger) : BackgroundService
{
    private const string Cancelled = "Cancelled. What was there before is as it was.";

    private readonly record struct Key(int Experiment, int Trial, TrialWork Work);

    private readonly FairQueue<Key> _waiting = new();
    private readonly ConcurrentDictionary<Key, TrialWorkState> _states = [];
    private readonly ConcurrentDictionary<Key, CancellationTokenSource> _cancels = [];
    private readonly ConcurrentDictionary<Key, LadderLimits> _limits = [];

    /// <summary>Null where nothing waits, runs or failed since the program began.</summary>
    public TrialWorkState? StateOf(int experimentId, int trialNumber, TrialWork work) => _states.GetValueOrDefault(new Key(experimentId, trialNumber, work));

    public bool IsUnderWay(int experimentId, int trialNumber, TrialWork work) => StateOf(experimentId, trialNumber, work) is { Failure: null };

    /// <summary>Puts work at the end of the queue; does nothing where it is there.</summary>
    /// <param name="limits">Of <see cref="TrialWork.Optimise"/>: to search combinations under; null for the ladder alone.</param>
    /// <exception cref="LimitException">The person has as much waiting as may be.</exception>
    public void Enqueue(int experimentId, int trialNumber, TrialWork work, LadderLimits? limits = null)
    {
        var key = new Key(experimentId, trialNumber, work);
        var person = Actor.Current.UserId;
        if (_cancels.ContainsKey(key)) return;
        if (person is not null) LimitException.ThrowIfReached(_waiting.CountOf(person), options.Value.MaxTrialWorkPerPerson, "pieces of work on models", nameof(WorkbenchOptions.MaxTrialWorkPerPerson));
        if (!_cancels.TryAdd(key, new CancellationTokenSource())) return;
        if (limits is null) _limits.TryRemove(key, out _);
        else _limits[key] = limits;
        _states[key] = new TrialWorkState(null, null);
        _waiting.Add(person, key);
        monitor.Report(experimentId, monitor.ProgressOf(experimentId));
    }

    /// <returns>Whether there was something to cancel.</returns>
    public async Task<bool> CancelAsync(int experimentId, int trialNumber, TrialWork work)
    {
        var key = new Key(experimentId, trialNumber, work);
        if (!_cancels.TryGetValue(key, out var cancel)) return false;
        // One that only waits is not waited for: its turn finds nothing to do, and it can be asked for anew meanwhile.
        if (StateOf(experimentId, trialNumber, work) is { Progress: null } && _cancels.TryRemove(KeyValuePair.Create(key, cancel)))
        {
            _states[key] = new TrialWorkState(null, Cancelled);
            monitor.Report(experimentId, monitor.ProgressOf(experimentId));
        }
        await cancel.CancelAsync();
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var key = await _waiting.TakeAsync(stoppingToken);
            if (!_cancels.TryGetValue(key, out var asked)) continue;
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, asked.Token);
            string? failure;
            try
            {
                failure = await (key.Work switch
                {
                    TrialWork.Optimise => supervisor.OptimiseAsync(key.Experiment, key.Trial, _limits.GetValueOrDefault(key), progress => Report(key, progress), cancel.Token),
                    TrialWork.Explain => supervisor.ExplainAsync(key.Experiment, key.Trial, progress => Report(key, progress), cancel.Token),
                    TrialWork.LearningCurve => supervisor.LearningCurveAsync(key.Experiment, key.Trial, progress => Report(key, progress), cancel.Token),
                    _ => supervisor.ExportAsync(key.Experiment, key.Trial, progress => Report(key, progress), cancel.Token),
                });
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                failure = Cancelled;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogError(e, "{Work} of trial {Trial} of experiment {Experiment} could not be done", key.Work, key.Trial, key.Experiment);
                failure = e.Message;
            }
            // Cancelled before it told anything, and perhaps wanted again since: then its state is no longer ours to write.
            if (!_cancels.TryRemove(KeyValuePair.Create(key, asked))) continue;
            if (failure is null) _states.TryRemove(key, out _);
            else _states[key] = new TrialWorkState(null, failure);
            monitor.Report(key.Experiment, monitor.ProgressOf(key.Experiment));
        }
    }

    private void Report(Key key, TrialProgress progress)
    {
        if (!_cancels.ContainsKey(key)) return;
        _states[key] = new TrialWorkState(progress, null);
        monitor.Report(key.Experiment, monitor.ProgressOf(key.Experiment));
    }
}
