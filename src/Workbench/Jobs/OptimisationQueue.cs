using System.Collections.Concurrent;
using System.Threading.Channels;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>A model whose variants are wanted, or were and could not be built.</summary>
/// <param name="Progress">Null while it waits for its turn.</param>
/// <param name="Failure">Why there are none; null while it waits or runs.</param>
public sealed record OptimisationState(TrialProgress? Progress, string? Failure);

/// <summary>Builds variants of models one model after another, whoever looks. What waits is forgotten when the program ends; what was built is kept.</summary>
public sealed class OptimisationQueue(ExperimentSupervisor supervisor, JobMonitor monitor, ILogger<OptimisationQueue> logger) : BackgroundService
{
    private const string Cancelled = "Cancelled. What was there before is as it was.";

    private readonly Channel<(int Experiment, int Trial)> _waiting = Channel.CreateUnbounded<(int, int)>();
    private readonly ConcurrentDictionary<(int Experiment, int Trial), OptimisationState> _states = [];
    private readonly ConcurrentDictionary<(int Experiment, int Trial), CancellationTokenSource> _cancels = [];

    /// <summary>Null where nothing waits, runs or failed since the program began.</summary>
    public OptimisationState? StateOf(int experimentId, int trialNumber) => _states.GetValueOrDefault((experimentId, trialNumber));

    public bool IsUnderWay(int experimentId, int trialNumber) => StateOf(experimentId, trialNumber) is { Failure: null };

    /// <summary>Puts a model at the end of the queue; does nothing where it is there.</summary>
    public void Enqueue(int experimentId, int trialNumber)
    {
        var key = (experimentId, trialNumber);
        if (!_cancels.TryAdd(key, new CancellationTokenSource())) return;
        _states[key] = new OptimisationState(null, null);
        _waiting.Writer.TryWrite(key);
        monitor.Report(experimentId, monitor.ProgressOf(experimentId));
    }

    /// <returns>Whether there was something to cancel.</returns>
    public async Task<bool> CancelAsync(int experimentId, int trialNumber)
    {
        var key = (experimentId, trialNumber);
        if (!_cancels.TryGetValue(key, out var cancel)) return false;
        // One that only waits is not waited for: its turn finds nothing to do, and it can be asked for anew meanwhile.
        if (StateOf(experimentId, trialNumber) is { Progress: null } && _cancels.TryRemove(KeyValuePair.Create(key, cancel)))
        {
            _states[key] = new OptimisationState(null, Cancelled);
            monitor.Report(experimentId, monitor.ProgressOf(experimentId));
        }
        await cancel.CancelAsync();
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var key in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            if (!_cancels.TryGetValue(key, out var asked)) continue;
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, asked.Token);
            string? failure;
            try
            {
                failure = await supervisor.OptimiseAsync(key.Experiment, key.Trial, progress => Report(key, progress), cancel.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                failure = Cancelled;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogError(e, "The variants of trial {Trial} of experiment {Experiment} could not be built", key.Trial, key.Experiment);
                failure = e.Message;
            }
            // Cancelled before it told anything, and perhaps wanted again since: then its state is no longer ours to write.
            if (!_cancels.TryRemove(KeyValuePair.Create(key, asked))) continue;
            if (failure is null) _states.TryRemove(key, out _);
            else _states[key] = new OptimisationState(null, failure);
            monitor.Report(key.Experiment, monitor.ProgressOf(key.Experiment));
        }
    }

    private void Report((int Experiment, int Trial) key, TrialProgress progress)
    {
        if (!_cancels.ContainsKey(key)) return;
        _states[key] = new OptimisationState(progress, null);
        monitor.Report(key.Experiment, monitor.ProgressOf(key.Experiment));
    }
}
