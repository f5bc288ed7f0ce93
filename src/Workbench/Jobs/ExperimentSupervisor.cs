using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Runs queued experiments one after another, each in a training process, and writes down every finished trial at once.</summary>
public sealed class ExperimentSupervisor(
    IDbContextFactory<AppDb> databases,
    ExperimentStore experiments,
    ArtefactStore artefacts,
    JobMonitor monitor,
    IOptions<WorkbenchOptions> options,
    TimeProvider time,
    ILogger<ExperimentSupervisor> logger) : BackgroundService
{
    private const string InterruptedReason = "The program ended while it ran. Finished trials are kept; it can go on with the others.";
    private const string StoppedReason = "Stopped. Finished trials are kept; it can go on with the others.";

    private readonly Channel<int> _queue = Channel.CreateUnbounded<int>();
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _stops = [];
    private readonly SemaphoreSlim _finalReports = new(1);

    public void Enqueue(int experimentId) => _queue.Writer.TryWrite(experimentId);

    /// <summary>Lets an interrupted or stopped experiment go on with the trials that are not finished.</summary>
    /// <returns>Whether there was something to go on with.</returns>
    public async Task<bool> ResumeAsync(int experimentId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var resumed = await db.Experiments
            .Where(e => e.Id == experimentId && (e.Status == ExperimentStatus.Interrupted || e.Status == ExperimentStatus.Stopped) && e.Trials.Any(t => t.Status == TrialStatus.Waiting))
            .ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, ExperimentStatus.Queued).SetProperty(e => e.Reason, (string?)null).SetProperty(e => e.FinishedAt, (DateTimeOffset?)null), cancellationToken);
        if (resumed == 0) return false;
        Enqueue(experimentId);
        monitor.Report(experimentId, null);
        return true;
    }

    /// <summary>Ends the experiment now; finished trials stay, the cores are free when the task completes.</summary>
    public async Task StopAsync(int experimentId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Experiments.Where(e => e.Id == experimentId && e.Status == ExperimentStatus.Queued)
            .ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, ExperimentStatus.Stopped), cancellationToken);
        if (_stops.TryGetValue(experimentId, out var stop)) await stop.CancelAsync();
        while (_stops.ContainsKey(experimentId)) await Task.Delay(20, cancellationToken);
        monitor.Report(experimentId, null);
    }

    /// <summary>Ends the experiment and throws it away with all trials; published models stay.</summary>
    public async Task DiscardAsync(int experimentId, CancellationToken cancellationToken)
    {
        await StopAsync(experimentId, cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Experiments.Where(e => e.Id == experimentId).ExecuteDeleteAsync(cancellationToken);
        monitor.Report(experimentId, null);
    }

    /// <summary>Tests a finished trial's model on the locked test set and keeps the report.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> MakeFinalReportAsync(int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        await _finalReports.WaitAsync(cancellationToken);
        try
        {
            if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
            if (experiment.Trials.SingleOrDefault(t => t.Number == trialNumber) is not { ModelSha256: { } model } trial) return "The trial has no model.";
            if (trial.FinalReportSha256 is not null) return null;
            string? failure = null;
            var exit = await RunProcessAsync(Job(experiment, [], experiment.Plan.BudgetSeconds) with { ModelFile = artefacts.PathOf(model) }, async (experimentEvent, folder) =>
            {
                if (experimentEvent is JobFailed failed) failure = failed.Reason;
                if (experimentEvent is not FinalReportReady ready) return;
                var sha256 = await artefacts.AddAsync(Path.Combine(folder, ready.ReportFile), CancellationToken.None);
                await UpdateTrialAsync(experimentId, trialNumber, t => t.FinalReportSha256 = sha256);
            }, cancellationToken);
            monitor.Report(experimentId, monitor.ProgressOf(experimentId));
            return failure ?? exit.Reason;
        }
        finally
        {
            _finalReports.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RecoverAsync(stoppingToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogError(e, "What the last run left could not be put in order");
        }
        await foreach (var id in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            _stops[id] = stop;
            try
            {
                await RunAsync(id, stop.Token, stoppingToken);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Stopped while its final report was made: the comparison itself is complete.
            }
            catch (Exception e)
            {
                logger.LogError(e, "Experiment {Id} was interrupted", id);
                await InterruptAsync(id, e.Message);
            }
            finally
            {
                _stops.TryRemove(id, out _);
                monitor.Report(id, null);
            }
        }
    }

    /// <summary>A fault of ours, such as a full disk, costs no finished trial: the experiment can go on with the others. Nothing gets out, as that would stop the web server with all endpoints.</summary>
    private async Task InterruptAsync(int id, string reason)
    {
        try
        {
            await using var db = await databases.CreateDbContextAsync();
            await db.Trials.Where(t => t.ExperimentId == id && t.Status == TrialStatus.Running).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, TrialStatus.Waiting));
            await UpdateAsync(id, experiment => { experiment.Status = ExperimentStatus.Interrupted; experiment.Reason = $"Interrupted: {reason} Finished trials are kept; it can go on with the others."; experiment.FinishedAt = time.GetUtcNow(); });
        }
        catch (Exception e)
        {
            logger.LogError(e, "That experiment {Id} was interrupted could not be written down; the next start finds out", id);
        }
    }

    /// <summary>What ran when the program ended is marked as interrupted; what waited goes on waiting.</summary>
    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Trials.Where(t => t.Status == TrialStatus.Running).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, TrialStatus.Waiting), cancellationToken);
        // All trials were done, only the last word was not.
        await db.Experiments.Where(e => e.Status == ExperimentStatus.Running && e.Trials.All(t => t.Status != TrialStatus.Waiting)).ExecuteUpdateAsync(
            set => set.SetProperty(e => e.Status, ExperimentStatus.Completed), cancellationToken);
        await db.Experiments.Where(e => e.Status == ExperimentStatus.Running).ExecuteUpdateAsync(
            set => set.SetProperty(e => e.Status, ExperimentStatus.Interrupted).SetProperty(e => e.Reason, InterruptedReason), cancellationToken);
        foreach (var id in await db.Experiments.Where(e => e.Status == ExperimentStatus.Queued).OrderBy(e => e.CreatedAt).Select(e => e.Id).ToListAsync(cancellationToken)) Enqueue(id);
    }

    /// <param name="cancellationToken">Somebody stops this experiment, or the program ends.</param>
    /// <param name="programEnds">The program ends.</param>
    private async Task RunAsync(int id, CancellationToken cancellationToken, CancellationToken programEnds)
    {
        if (await experiments.FindAsync(id, cancellationToken) is not { Status: ExperimentStatus.Queued }) return;
        await UpdateAsync(id, e => { e.Status = ExperimentStatus.Running; e.StartedAt ??= time.GetUtcNow(); e.Reason = null; });
        try
        {
            // A process that dies takes one trial with it; the others get a new one.
            while (await experiments.FindAsync(id, CancellationToken.None) is { } experiment)
            {
                var waiting = experiment.Trials.Where(t => t.Status == TrialStatus.Waiting).ToList();
                if (waiting.Count == 0) break;
                if (await RunWaitingAsync(experiment, waiting, cancellationToken) is { } failure)
                {
                    await UpdateAsync(id, e => { e.Status = ExperimentStatus.Failed; e.Reason = failure; e.FinishedAt = time.GetUtcNow(); });
                    return;
                }
            }
            await UpdateAsync(id, e => { e.Status = ExperimentStatus.Completed; e.FinishedAt = time.GetUtcNow(); });
        }
        catch (OperationCanceledException)
        {
            await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
            await db.Trials.Where(t => t.ExperimentId == id && t.Status == TrialStatus.Running).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, TrialStatus.Waiting), CancellationToken.None);
            if (programEnds.IsCancellationRequested) await UpdateAsync(id, e => { e.Status = ExperimentStatus.Interrupted; e.Reason = InterruptedReason; });
            else await UpdateAsync(id, e => { e.Status = ExperimentStatus.Stopped; e.Reason = StoppedReason; e.FinishedAt = time.GetUtcNow(); });
        }
        monitor.Report(id, null);
        if (await experiments.FindAsync(id, CancellationToken.None) is { Status: ExperimentStatus.Completed } done && ExperimentStore.Best(done) is { } best
            && await MakeFinalReportAsync(id, best.Number, cancellationToken) is { } reason)
            logger.LogWarning("The final report of experiment {Id}, trial {Number} could not be made: {Reason}", id, best.Number, reason);
    }

    /// <returns>Why nothing more can be done, or null.</returns>
    private async Task<string?> RunWaitingAsync(ExperimentRow experiment, List<TrialRow> waiting, CancellationToken cancellationToken)
    {
        int? running = null;
        var finished = 0;
        string? jobFailure = null;
        var clock = Stopwatch.StartNew();
        try
        {
            var job = Job(experiment, [.. waiting.Select(t => new JobTrial(t.Number, t.TrainerId))], Math.Max(0, experiment.Plan.BudgetSeconds - experiment.SpentSeconds));
            var exit = await RunProcessAsync(job, async (experimentEvent, folder) =>
            {
                switch (experimentEvent)
                {
                    case TrialStarted started:
                        running = started.Number;
                        await UpdateTrialAsync(experiment.Id, started.Number, t => t.Status = TrialStatus.Running);
                        monitor.Report(experiment.Id, new TrialProgress(started.Number, 0, "starting"));
                        break;
                    case TrialProgressed progressed:
                        monitor.Report(experiment.Id, new TrialProgress(progressed.Number, progressed.Fraction, progressed.Phase));
                        break;
                    case TrialCompleted completed:
                        var model = await artefacts.AddAsync(Path.Combine(folder, completed.ModelFile), CancellationToken.None);
                        var report = await artefacts.AddAsync(Path.Combine(folder, completed.ReportFile), CancellationToken.None);
                        (running, finished) = (null, finished + 1);
                        await UpdateTrialAsync(experiment.Id, completed.Number, t => { t.Status = TrialStatus.Completed; t.Result = completed.Result; t.ModelSha256 = model; t.ReportSha256 = report; });
                        monitor.Report(experiment.Id, null);
                        break;
                    case TrialFailed failed:
                        (running, finished) = (null, finished + 1);
                        await UpdateTrialAsync(experiment.Id, failed.Number, t => { t.Status = TrialStatus.Failed; t.Reason = failed.Reason; });
                        monitor.Report(experiment.Id, null);
                        break;
                    case TrialSkipped skipped:
                        await UpdateTrialAsync(experiment.Id, skipped.Number, t => { t.Status = TrialStatus.Skipped; t.Reason = skipped.Reason; });
                        break;
                    case JobFailed failed:
                        jobFailure = failed.Reason;
                        break;
                }
            }, cancellationToken);
            if (jobFailure is not null || exit.Succeeded) return jobFailure;
            // It died between two trials: the others get a new process, unless it would only die again before its first.
            if (running is not { } lost) return finished > 0 ? null : exit.Reason;
            await UpdateTrialAsync(experiment.Id, lost, t => { t.Status = TrialStatus.Failed; t.Reason = exit.Reason; });
            return null;
        }
        finally
        {
            await UpdateAsync(experiment.Id, e => e.SpentSeconds += clock.Elapsed.TotalSeconds);
        }
    }

    private ExperimentJob Job(ExperimentRow experiment, IReadOnlyList<JobTrial> trials, double budgetSeconds) =>
        new(experiment.Plan, artefacts.PathOf(experiment.TableSha256), trials, budgetSeconds, options.Value.TrainingThreadsOrAll);

    private async Task<TrainingExit> RunProcessAsync(ExperimentJob job, Func<ExperimentEvent, string, Task> handle, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(artefacts.NewTemporaryPath()).FullName;
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "job.json"), JsonSerializer.SerializeToUtf8Bytes(job, CoreJson.Options), cancellationToken);
            return await new TrainingProcess(folder, options.Value.TrainingMemoryMegabytes, logger).RunAsync(e => handle(e, folder), cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task UpdateAsync(int id, Action<ExperimentRow> change)
    {
        await using var db = await databases.CreateDbContextAsync();
        if (await db.Experiments.SingleOrDefaultAsync(e => e.Id == id) is not { } row) return;
        change(row);
        await db.SaveChangesAsync();
    }

    private async Task UpdateTrialAsync(int experimentId, int number, Action<TrialRow> change)
    {
        await using var db = await databases.CreateDbContextAsync();
        if (await db.Trials.SingleOrDefaultAsync(t => t.ExperimentId == experimentId && t.Number == number) is not { } row) return;
        change(row);
        await db.SaveChangesAsync();
    }
}
