using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Runs queued experiments one after another, each in a training process, and writes down every finished trial at once.</summary>
public sealed class ExperimentSupervisor(
    IDbContextFactory<AppDb> databases,
    ExperimentStore experiments,
    ArtefactStore artefacts,
    ExperimentQueue queue,
    JobMonitor monitor,
    AuditLog audit,
    IOptions<WorkbenchOptions> options,
    TimeProvider time,
    ILogger<ExperimentSupervisor> logger) : BackgroundService
{
    private const string InterruptedReason = "The program ended while it ran. Finished trials are kept; it can go on with the others.";
    private const string StoppedReason = "Stopped. Finished trials are kept; it can go on with the others.";

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<int, CancellationTokenSource> _stops = [];
    private readonly ConcurrentDictionary<int, TrainingProcess> _searching = [];
    private readonly SemaphoreSlim _extras = new(1);

    /// <summary>Lets an interrupted or stopped experiment go on with the trials that are not finished.</summary>
    /// <returns>Whether there was something to go on with.</returns>
    public async Task<bool> ResumeAsync(int experimentId, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { CanGoOn: true }) return false;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (!await PutInQueueAsync(db.Experiments.Where(e => e.Id == experimentId && (e.Status == ExperimentStatus.Interrupted || e.Status == ExperimentStatus.Stopped)), cancellationToken)) return false;
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

    /// <summary>Ends a search early as if its budget were used: with an ensemble, models and the final report. One that was stopped goes on for just that.</summary>
    /// <returns>Whether there was something to end.</returns>
    public async Task<bool> FinishAsync(int experimentId, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { CanGoOn: true, Plan.Tuning: TuningMode.Search } experiment) return false;
        if (_searching.TryGetValue(experimentId, out var process))
        {
            await process.SendAsync(new JobCommand.FinishNow(), cancellationToken);
            return true;
        }
        if (experiment.Trials.Count == 0 || experiment.Status is not (ExperimentStatus.Stopped or ExperimentStatus.Interrupted)) return false;
        // Without budget the search ends before it begins, and concludes.
        await UpdateAsync(experimentId, e => e.SpentSeconds = Math.Max(e.SpentSeconds, e.Plan.BudgetSeconds));
        return await ResumeAsync(experimentId, cancellationToken);
    }

    /// <summary>Gives a search more time; one that has ended goes on.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="seconds">More, above 0.</param>
    /// <param name="cancellationToken">Ends the asking, not the search.</param>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> ExtendAsync(int experimentId, int seconds, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
        if (experiment.Plan.Tuning != TuningMode.Search) return "It tries each family once and does not search; start a search instead.";
        var budget = (long)experiment.Plan.BudgetSeconds + seconds;
        if (seconds <= 0 || budget > ExperimentPlan.MaximumBudgetSeconds) return $"The budget would be {budget:N0} s; expected more than {experiment.Plan.BudgetSeconds:N0} s, at most {ExperimentPlan.MaximumBudgetSeconds:N0} s.";
        await UpdateAsync(experimentId, e => { e.Plan = e.Plan with { BudgetSeconds = (int)budget }; e.EndReason = null; });
        if (_searching.TryGetValue(experimentId, out var process)) await process.SendAsync(new JobCommand.Extend(budget), cancellationToken);
        else await GoOnAsync(experimentId, cancellationToken);
        return null;
    }

    /// <summary>Has values tried that a person chose, next in a search that runs, at once where it has ended.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> TryAsync(int experimentId, TrialSpec spec, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
        if (_searching.TryGetValue(experimentId, out var process))
        {
            await process.SendAsync(new JobCommand.TryThis(spec), cancellationToken);
            return null;
        }
        if (experiment.Status is ExperimentStatus.Queued or ExperimentStatus.Running) return "The experiment is about to begin; try again in a moment.";
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Trials.Add(new TrialRow { ExperimentId = experimentId, Number = experiment.Trials.Select(t => t.Number).DefaultIfEmpty(0).Max() + 1, TrainerId = spec.TrainerId, Spec = spec, Status = TrialStatus.Waiting });
        await db.SaveChangesAsync(cancellationToken);
        await GoOnAsync(experimentId, cancellationToken);
        return null;
    }

    private async Task GoOnAsync(int experimentId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await PutInQueueAsync(db.Experiments.Where(e => e.Id == experimentId && e.Status != ExperimentStatus.Queued && e.Status != ExperimentStatus.Running), cancellationToken);
        monitor.Report(experimentId, null);
    }

    /// <summary>Lets experiments that have ended wait for their turn again, behind all others.</summary>
    /// <returns>Whether there was one.</returns>
    private async Task<bool> PutInQueueAsync(IQueryable<ExperimentRow> ended, CancellationToken cancellationToken)
    {
        var changed = await ended.ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, ExperimentStatus.Queued).SetProperty(e => e.QueueOrder, time.GetUtcNow().UtcTicks).SetProperty(e => e.IsNews, false).SetProperty(e => e.Reason, (string?)null).SetProperty(e => e.FinishedAt, (DateTimeOffset?)null), cancellationToken);
        if (changed == 0) return false;
        queue.Wake();
        return true;
    }

    /// <summary>Ends the experiment and throws it away with all trials; published models stay.</summary>
    public async Task DiscardAsync(int experimentId, CancellationToken cancellationToken)
    {
        await StopAsync(experimentId, cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var about = await db.Experiments.Where(e => e.Id == experimentId).Select(e => new { e.DatasetName, Trials = e.Trials.Count }).SingleOrDefaultAsync(cancellationToken);
        await db.Experiments.Where(e => e.Id == experimentId).ExecuteDeleteAsync(cancellationToken);
        if (about is not null) await audit.AppendAsync(db, "experiment.delete", FormattableString.Invariant($"experiment {experimentId} ({about.DatasetName})"), new { about.Trials }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        monitor.Report(experimentId, null);
    }

    /// <summary>Tests a finished trial's model on the locked test set and keeps the report.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> MakeFinalReportAsync(int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        if (await MakeModelAsync(experimentId, trialNumber, cancellationToken) is { } reason) return reason;
        await _extras.WaitAsync(cancellationToken);
        try
        {
            if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
            if (experiment.FindTrial(trialNumber) is not { ModelSha256: { } model } trial) return "The trial has no model.";
            if (trial.FinalReportSha256 is not null) return null;
            if (experiment.Plan.Split.TestFraction == 0) return "The plan locks no test rows away, so there is nothing to test on.";
            string? failure = null;
            var exit = await RunProcessAsync(Job(experiment, new JobWork.TestModel(artefacts.PathOf(model))), null, async (experimentEvent, folder) =>
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
            _extras.Release();
        }
    }

    /// <summary>Fits a judged trial on all training rows, so that it can be published, and explains it; does nothing where that was done.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> MakeModelAsync(int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        await _extras.WaitAsync(cancellationToken);
        try
        {
            if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
            if (experiment.FindTrial(trialNumber) is not { } trial) return $"There is no trial {trialNumber}.";
            if (trial.ModelSha256 is not null) return null;
            if (trial is not { Status: TrialStatus.Completed, Result: { } result, PredictionsSha256: not null }) return "Only a trial that was judged on all folds can become a model.";
            if (result.SampledRowCount is not null) return "The trial learnt from a sample of the rows only; try its values on all rows first.";
            var members = (result.Members ?? []).Select(m => experiment.Trials.SingleOrDefault(t => t.Number == m.TrialNumber)).OfType<TrialRow>().ToList();
            if (members.Count < (result.Members?.Count ?? 0)) return "A member of the ensemble is no longer there.";
            var baseline = experiment.Trials.Where(t => t is { TrainerId: BaselineTrainer.BaselineId, Status: TrialStatus.Completed, PredictionsSha256: not null }).Select(Finished).FirstOrDefault();
            string? failure = null;
            var exit = await RunProcessAsync(Job(experiment, new JobWork.MakeModel(Finished(trial), [.. members.Select(Finished)], baseline)), null, async (experimentEvent, folder) =>
            {
                if (experimentEvent is JobFailed failed) failure = failed.Reason;
                if (experimentEvent is ModelReady ready) await KeepModelAsync(experimentId, ready, folder);
            }, cancellationToken);
            monitor.Report(experimentId, monitor.ProgressOf(experimentId));
            return failure ?? exit.Reason;
        }
        finally
        {
            _extras.Release();
        }
    }

    /// <summary>Runs work on a trial in a training process of its own.</summary>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="keep">Takes what came of it.</param>
    /// <returns>Null, or why it came to nothing.</returns>
    private async Task<string?> WorkAsync(ExperimentRow experiment, JobWork work, Action<TrialProgress> progress, Func<ExperimentEvent, string, Task> keep, CancellationToken cancellationToken)
    {
        string? failure = null;
        var exit = await RunProcessAsync(Job(experiment, work), null, async (experimentEvent, folder) =>
        {
            if (experimentEvent is JobFailed failed) failure = failed.Reason;
            else if (experimentEvent is TrialProgressed progressed) progress(new TrialProgress(progressed.Number, progressed.Fraction, progressed.Phase));
            else await keep(experimentEvent, folder);
        }, cancellationToken);
        return failure ?? exit.Reason;
    }

    /// <summary>Builds smaller and faster variants of a judged trial, in place of those that were built before. All of them are kept, or none.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="trialNumber">Of it.</param>
    /// <param name="limits">To search combinations under; null for the ladder alone.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> OptimiseAsync(int experimentId, int trialNumber, LadderLimits? limits, Action<TrialProgress> progress, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
        if (WhyNotOptimise(experiment, trialNumber) is { } whyNot) return whyNot;
        var trial = experiment.Trials.Single(t => t.Number == trialNumber);
        var members = Members(experiment, trial);
        var first = experiment.Variants.Select(t => t.Number).DefaultIfEmpty(VariantNumbersFrom).Max() + 1;
        return await WorkAsync(experiment, new JobWork.Optimise(Finished(trial), members, first, limits), progress, async (experimentEvent, folder) =>
        {
            if (experimentEvent is LadderReady ready) await KeepLadderAsync(experimentId, trialNumber, ready, folder);
        }, cancellationToken);
    }

    /// <summary>Explains a judged trial's model, which is made before where there is none; a variant is explained like any other.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="trialNumber">Of it.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> ExplainAsync(int experimentId, int trialNumber, Action<TrialProgress> progress, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } before) return "The experiment does not exist.";
        if (WhyNotExplain(before, trialNumber) is { } whyNot) return whyNot;
        progress(new TrialProgress(trialNumber, 0, "the model"));
        if (await MakeModelAsync(experimentId, trialNumber, cancellationToken) is { } reason) return reason;
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment || experiment.FindTrial(trialNumber) is not { ModelSha256: { } model } trial) return "The trial has no model.";
        return await WorkAsync(experiment, new JobWork.Explain(Finished(trial), artefacts.PathOf(model)), progress, async (experimentEvent, folder) =>
        {
            if (experimentEvent is not ExplanationReady ready) return;
            var sha256 = await artefacts.AddAsync(Path.Combine(folder, ready.ReportFile), CancellationToken.None);
            await UpdateTrialAsync(experimentId, trialNumber, t => t.ExplanationSha256 = sha256);
        }, cancellationToken);
    }

    /// <summary>Null, or why a trial's model cannot be explained.</summary>
    public static string? WhyNotExplain(ExperimentRow experiment, int trialNumber) =>
        experiment.FindTrial(trialNumber) is not { } trial ? $"There is no trial {trialNumber}."
        : trial is not { Status: TrialStatus.Completed, Result: { } result } ? "Only a trial that was judged on all folds can be explained."
        : trial.PredictionsSha256 is null ? "Its answers for the validation rows were not kept, as they were too many."
        : result.SampledRowCount is not null ? "The trial learnt from a sample of the rows only; try its values on all rows first."
        : null;

    /// <summary>Writes a judged trial's model, which is made before where there is none, in every form in which it can be taken away, and proves each. All are kept, or none.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="trialNumber">Of it.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> ExportAsync(int experimentId, int trialNumber, Action<TrialProgress> progress, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } before) return "The experiment does not exist.";
        if (WhyNotExport(before, trialNumber) is { } whyNot) return whyNot;
        progress(new TrialProgress(trialNumber, 0, "the model"));
        if (await MakeModelAsync(experimentId, trialNumber, cancellationToken) is { } reason) return reason;
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment || experiment.FindTrial(trialNumber) is not { ModelSha256: { } model }) return "The trial has no model.";
        return await WorkAsync(experiment, new JobWork.Export(trialNumber, artefacts.PathOf(model), ExportName(experiment, trialNumber)), progress, async (experimentEvent, folder) =>
        {
            if (experimentEvent is not ExportsReady ready) return;
            foreach (var file in ready.Files) await artefacts.AddAsync(Path.Combine(folder, file), CancellationToken.None);
            var sha256 = await artefacts.AddAsync(Path.Combine(folder, ready.ReportFile), CancellationToken.None);
            await UpdateTrialAsync(experimentId, trialNumber, t => { if (t.ModelSha256 == model) t.ExportsSha256 = sha256; });
        }, cancellationToken);
    }

    /// <summary>Null, or why a trial's model cannot be taken away.</summary>
    public static string? WhyNotExport(ExperimentRow experiment, int trialNumber) =>
        experiment.FindTrial(trialNumber) is not { } trial ? $"There is no trial {trialNumber}."
        : trial.ModelSha256 is not null ? null
        : trial is not { Status: TrialStatus.Completed, Result: { } result } ? "Only a trial that was judged on all folds has a model to take away."
        : trial.PredictionsSha256 is null ? "It has no model, and none can be made: its answers for the validation rows were not kept, as they were too many."
        : result.SampledRowCount is not null ? "The trial learnt from a sample of the rows only; try its values on all rows first."
        : null;

    // What file systems, Python and C# take as a name alike.
    private static string ExportName(ExperimentRow experiment, int trialNumber)
    {
        var name = string.Join('-', string.Concat(Path.GetFileNameWithoutExtension(experiment.DatasetName).ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (name.Length == 0 || !char.IsAsciiLetter(name[0])) name = ("model-" + name).TrimEnd('-');
        return string.Create(CultureInfo.InvariantCulture, $"{(name.Length <= 60 ? name : name[..60].TrimEnd('-'))}-trial-{trialNumber}");
    }

    /// <summary>Holds trials against the first of them, in a training process that knows the truth of the validation rows.</summary>
    /// <param name="experiment">Theirs.</param>
    /// <param name="trials">At least two; the numbers of the report are in this order.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The report, or why there is none.</returns>
    public async Task<(SideBySideReport? Report, string? WhyNot)> HoldAgainstAsync(ExperimentRow experiment, IReadOnlyList<TrialRow> trials, CancellationToken cancellationToken)
    {
        if (trials.Select(WhyNotHoldAgainst).FirstOrDefault(why => why is not null) is { } whyNot) return (null, whyNot);
        return await ComputeAsync<SideBySideReport>(experiment, new JobWork.SideBySide([.. trials.Select(Finished)]), experimentEvent => (experimentEvent as SideBySideReady)?.ReportFile, cancellationToken);
    }

    /// <summary>Measures trials on parts of their validation rows, in a training process that knows the truth of them.</summary>
    /// <param name="experiment">Theirs.</param>
    /// <param name="trials">Judged, with answers for the validation rows.</param>
    /// <param name="measures">At least one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The figures by trial, in the order of the measures, as far as it came; and why it came no further.</returns>
    public async Task<(IReadOnlyDictionary<int, IReadOnlyList<SegmentFigure>> Figures, string? WhyNot)> MeasureAsync(ExperimentRow experiment, IReadOnlyList<TrialRow> trials, IReadOnlyList<SegmentMeasure> measures, CancellationToken cancellationToken)
    {
        var figures = new Dictionary<int, IReadOnlyList<SegmentFigure>>();
        string? failure = null;
        var exit = await RunProcessAsync(Job(experiment, new JobWork.MeasureSegments([.. trials.Select(Finished)], measures)), null, (experimentEvent, _) =>
        {
            if (experimentEvent is JobFailed failed) failure = failed.Reason;
            if (experimentEvent is SegmentsMeasured measured) figures[measured.Number] = measured.Figures;
            return Task.CompletedTask;
        }, cancellationToken);
        return (figures, failure ?? exit.Reason);
    }

    /// <summary>What models of the folds answered, row by row, in a training process that knows which rows those are.</summary>
    /// <returns>The rows, or why there are none.</returns>
    public async Task<(AnsweredRows? Rows, string? WhyNot)> AnsweredRowsAsync(ExperimentRow experiment, TrialRow trial, CancellationToken cancellationToken)
    {
        if (WhyNotHoldAgainst(trial) is { } whyNot) return (null, whyNot);
        AnsweredRows? rows = null;
        var reason = await WorkAsync(experiment, new JobWork.AnswerRows(Finished(trial)), _ => { }, (experimentEvent, folder) =>
        {
            if (experimentEvent is not AnsweredRowsReady ready) return Task.CompletedTask;
            using var file = new BufferedStream(File.OpenRead(Path.Combine(folder, ready.File)));
            rows = AnsweredRows.Read(file);
            return Task.CompletedTask;
        }, cancellationToken);
        return reason is not null ? (null, reason) : rows is null ? (null, "The training process ended without the rows.") : (rows, null);
    }

    /// <summary>Places training rows of an experiment on a map that keeps neighbours.</summary>
    /// <returns>The map, or why there is none.</returns>
    public Task<(NeighbourMap? Map, string? WhyNot)> PlaceRowsAsync(ExperimentRow experiment, CancellationToken cancellationToken) =>
        ComputeAsync<NeighbourMap>(experiment, new JobWork.PlaceRows(), experimentEvent => (experimentEvent as RowsPlaced)?.File, cancellationToken);

    /// <summary>Finds the principal components of an experiment's features in their own units.</summary>
    /// <returns>The components, without what a trial answered, or why there are none.</returns>
    public Task<(PcaReport? Report, string? WhyNot)> UnscaledComponentsAsync(ExperimentRow experiment, CancellationToken cancellationToken) =>
        ComputeAsync<PcaReport>(experiment, new JobWork.FindUnscaledComponents(), experimentEvent => (experimentEvent as UnscaledComponentsFound)?.File, cancellationToken);

    /// <summary>Has a training process compute something that is not kept.</summary>
    /// <param name="experiment">Whose.</param>
    /// <param name="work">What.</param>
    /// <param name="fileOf">The name of the JSON file that an event tells of, in the job's folder.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task<(T? Value, string? WhyNot)> ComputeAsync<T>(ExperimentRow experiment, JobWork work, Func<ExperimentEvent, string?> fileOf, CancellationToken cancellationToken) where T : class
    {
        T? value = null;
        var reason = await WorkAsync(experiment, work, _ => { }, async (experimentEvent, folder) =>
        {
            if (fileOf(experimentEvent) is not { } name) return;
            await using var file = File.OpenRead(Path.Combine(folder, name));
            value = await JsonSerializer.DeserializeAsync<T>(file, CoreJson.Options, CancellationToken.None);
        }, cancellationToken);
        return reason is not null ? (null, reason) : value is null ? (null, "The training process ended without a result.") : (value, null);
    }

    /// <summary>Has a judged trial learn from ever more of the training rows, and keeps what came of it with the trial.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="trialNumber">Of it.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> LearningCurveAsync(int experimentId, int trialNumber, Action<TrialProgress> progress, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
        if (WhyNotLearningCurve(experiment, trialNumber) is { } whyNot) return whyNot;
        var trial = experiment.Trials.Single(t => t.Number == trialNumber);
        return await WorkAsync(experiment, new JobWork.DrawLearningCurve(Finished(trial), Members(experiment, trial)), progress, async (experimentEvent, _) =>
        {
            if (experimentEvent is LearningCurveReady ready) await UpdateTrialAsync(experimentId, trialNumber, t => t.Result = t.Result! with { LearningCurve = ready.Curve });
        }, cancellationToken);
    }

    /// <summary>Null, or why a trial has no learning curve.</summary>
    public static string? WhyNotLearningCurve(ExperimentRow experiment, int trialNumber) =>
        experiment.FindTrial(trialNumber) is { VariantOf: { } original } ? $"It is a variant; trial {original}, which it was made of, has one." : WhyNotOptimise(experiment, trialNumber);

    private FinishedTrial[] Members(ExperimentRow experiment, TrialRow trial) => [.. (trial.Result!.Members ?? []).Select(m => Finished(experiment.Trials.Single(t => t.Number == m.TrialNumber)))];

    /// <summary>Null, or why a trial cannot be held against others.</summary>
    public static string? WhyNotHoldAgainst(TrialRow trial) =>
        trial is not { Status: TrialStatus.Completed, Result: not null } ? $"Trial {trial.Number} was not judged on all folds."
        : trial.PredictionsSha256 is null ? $"The answers of trial {trial.Number} for the validation rows were not kept, as they were too many."
        : null;

    // Far above what a search reaches, so that variants and trials of a search that runs do not ask for the same number.
    private const int VariantNumbersFrom = 1_000_000;

    /// <summary>Null, or why variants of a trial cannot be built.</summary>
    public static string? WhyNotOptimise(ExperimentRow experiment, int trialNumber) =>
        experiment.FindTrial(trialNumber) is not { } trial ? $"There is no trial {trialNumber}."
        : trial.VariantOf is { } original ? $"It is a variant of trial {original} itself."
        : trial is not { Status: TrialStatus.Completed, Result: { Score: not null } result, PredictionsSha256: not null } ? "Only a trial that was judged on all folds can be worked on."
        : result.SampledRowCount is not null ? "The trial learnt from a sample of the rows only; try its values on all rows first."
        : result.Members?.Any(m => experiment.Trials.All(t => t.Number != m.TrialNumber)) == true ? "A member of the ensemble is no longer there."
        : null;

    private async Task KeepLadderAsync(int experimentId, int trialNumber, LadderReady ready, string folder)
    {
        var rows = new List<TrialRow>();
        // A variant decides as the model does that it was made of.
        var threshold = (await experiments.FindAsync(experimentId, CancellationToken.None))?.FindTrial(trialNumber)?.Threshold;
        foreach (var variant in ready.Variants)
        {
            if (threshold is not null)
            {
                TrialReport? judged;
                await using (var file = File.OpenRead(Path.Combine(folder, variant.ReportFile))) judged = await JsonSerializer.DeserializeAsync<TrialReport>(file, CoreJson.Options);
                await DecideByAsync(Path.Combine(folder, variant.ModelFile), threshold, judged?.Validation);
            }
            rows.Add(new TrialRow
            {
                ExperimentId = experimentId,
                Number = variant.Number,
                TrainerId = variant.Spec.TrainerId,
                Spec = variant.Spec,
                Status = TrialStatus.Completed,
                Result = variant.Result,
                ModelSha256 = await artefacts.AddAsync(Path.Combine(folder, variant.ModelFile), CancellationToken.None),
                ReportSha256 = await artefacts.AddAsync(Path.Combine(folder, variant.ReportFile), CancellationToken.None),
                PredictionsSha256 = await artefacts.AddAsync(Path.Combine(folder, variant.PredictionsFile), CancellationToken.None),
                VariantOf = trialNumber,
                Threshold = threshold,
            });
        }
        var ladder = await artefacts.AddAsync(Path.Combine(folder, ready.ReportFile), CancellationToken.None);
        await using var db = await databases.CreateDbContextAsync();
        if (await db.Trials.SingleOrDefaultAsync(t => t.ExperimentId == experimentId && t.Number == trialNumber) is not { } original) return;
        await using var transaction = await db.Database.BeginTransactionAsync();
        var replaced = await db.Trials.Where(t => t.ExperimentId == experimentId && t.VariantOf == trialNumber).ToListAsync();
        db.Trials.RemoveRange(replaced);
        original.LadderSha256 = ladder;
        db.Trials.AddRange(rows);
        await db.SaveChangesAsync();
        if (replaced.Count > 0)
            await audit.AppendAsync(db, "variant.delete", FormattableString.Invariant($"variants of trial {trialNumber} of experiment {experimentId}"), new { replaced = replaced.Select(t => t.Number), by = rows.Select(t => t.Number) });
        await transaction.CommitAsync();
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
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await NextAsync(stoppingToken) is not { } id) continue;
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
                // It still stands in the queue where that could not be written down, and would be tried again without end.
                if (!await InterruptAsync(id, e.Message)) await Task.Delay(RetryInterval, time, stoppingToken);
            }
            finally
            {
                _stops.TryRemove(id, out _);
                monitor.Report(id, null);
            }
        }
    }

    /// <summary>The experiment whose turn it is; waits for one where none waits for its turn.</summary>
    /// <returns>Null where it is to be asked again.</returns>
    private async Task<int?> NextAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (await queue.FirstAsync(stoppingToken) is { } id) return id;
            await queue.WaitAsync(stoppingToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogError(e, "The queue of experiments could not be read");
            await Task.Delay(RetryInterval, time, stoppingToken);
        }
        return null;
    }

    /// <summary>A fault of ours, such as a full disk, costs no finished trial: the experiment can go on with the others. Nothing gets out, as that would stop the web server with all endpoints.</summary>
    /// <returns>Whether it could be written down.</returns>
    private async Task<bool> InterruptAsync(int id, string reason)
    {
        try
        {
            await using var db = await databases.CreateDbContextAsync();
            await db.Trials.Where(t => t.ExperimentId == id && t.Status == TrialStatus.Running).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, TrialStatus.Waiting));
            // Without reading the row: what cannot be read must leave the queue too.
            var (told, now) = ($"Interrupted: {reason} Finished trials are kept; it can go on with the others.", time.GetUtcNow());
            await db.Experiments.Where(e => e.Id == id).ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, ExperimentStatus.Interrupted).SetProperty(e => e.Reason, told).SetProperty(e => e.FinishedAt, now).SetProperty(e => e.IsNews, true));
            monitor.ReportEnd(id);
            return true;
        }
        catch (Exception e)
        {
            logger.LogError(e, "That experiment {Id} was interrupted could not be written down; the next start finds out", id);
            return false;
        }
    }

    /// <summary>What ran when the program ended is marked as interrupted; what waited goes on waiting.</summary>
    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Trials.Where(t => t.Status == TrialStatus.Running).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, TrialStatus.Waiting), cancellationToken);
        await db.Experiments.Where(e => e.RunningSince != null).ExecuteUpdateAsync(set => set.SetProperty(e => e.RunningSince, (DateTimeOffset?)null), cancellationToken);
        // All trials were done, only the last word was not.
        foreach (var id in (await db.Experiments.AsNoTracking().Include(e => e.Trials).Where(e => e.Status == ExperimentStatus.Running).ToListAsync(cancellationToken)).Where(e => !e.CanGoOn).Select(e => e.Id))
            await db.Experiments.Where(e => e.Id == id).ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, ExperimentStatus.Completed).SetProperty(e => e.IsNews, true), cancellationToken);
        await db.Experiments.Where(e => e.Status == ExperimentStatus.Running).ExecuteUpdateAsync(
            set => set.SetProperty(e => e.Status, ExperimentStatus.Interrupted).SetProperty(e => e.Reason, InterruptedReason).SetProperty(e => e.IsNews, true), cancellationToken);
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
                if (waiting.Count == 0 && !experiment.CanGoOn) break;
                if (await RunWaitingAsync(experiment, waiting, cancellationToken) is { } failure)
                {
                    await UpdateAsync(id, e => { e.Status = ExperimentStatus.Failed; e.Reason = failure; e.FinishedAt = time.GetUtcNow(); e.IsNews = true; });
                    monitor.ReportEnd(id);
                    return;
                }
            }
            await UpdateAsync(id, e => { e.Status = ExperimentStatus.Completed; e.FinishedAt = time.GetUtcNow(); e.IsNews = true; });
            monitor.ReportEnd(id);
        }
        catch (OperationCanceledException)
        {
            await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
            await db.Trials.Where(t => t.ExperimentId == id && t.Status == TrialStatus.Running).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, TrialStatus.Waiting), CancellationToken.None);
            // An orderly end is nobody's wish to stop: it keeps its place in the queue and goes on at the next start, with the trial in flight begun anew.
            if (programEnds.IsCancellationRequested) await UpdateAsync(id, e => e.Status = ExperimentStatus.Queued);
            else await UpdateAsync(id, e => { e.Status = ExperimentStatus.Stopped; e.Reason = StoppedReason; e.FinishedAt = time.GetUtcNow(); });
        }
        monitor.Report(id, null);
        if (await experiments.FindAsync(id, CancellationToken.None) is { Status: ExperimentStatus.Completed } done && ExperimentStore.Best(done) is { } best
            && done.Plan.Split.TestFraction > 0 && await MakeFinalReportAsync(id, best.Number, cancellationToken) is { } reason)
            logger.LogWarning("The final report of experiment {Id}, trial {Number} could not be made: {Reason}", id, best.Number, reason);
    }

    /// <returns>Why nothing more can be done, or null.</returns>
    private async Task<string?> RunWaitingAsync(ExperimentRow experiment, List<TrialRow> waiting, CancellationToken cancellationToken)
    {
        int? running = null;
        var finished = 0;
        string? jobFailure = null;
        var clock = Stopwatch.StartNew();
        await UpdateAsync(experiment.Id, e => e.RunningSince = time.GetUtcNow());
        try
        {
            FinishedTrial[] known = [.. experiment.Trials.Where(t => t.Status is TrialStatus.Completed or TrialStatus.Pruned or TrialStatus.Failed or TrialStatus.Skipped).Select(Finished)];
            var next = experiment.Trials.Select(t => t.Number).DefaultIfEmpty(0).Max() + 1;
            var job = Job(experiment, new JobWork.Search([.. waiting.Select(t => new JobTrial(t.Number, SpecOf(t)))], known, next, experiment.SpentSeconds));
            var exit = await RunProcessAsync(job, experiment.Id, async (experimentEvent, folder) =>
            {
                switch (experimentEvent)
                {
                    case SplitChecked check:
                        await UpdateAsync(experiment.Id, e => e.Findings = check.Findings);
                        break;
                    case TrialStarted started:
                        running = started.Number;
                        await StartTrialAsync(experiment.Id, started);
                        monitor.Report(experiment.Id, new TrialProgress(started.Number, 0, "starting"));
                        break;
                    case TrialProgressed progressed:
                        monitor.Report(experiment.Id, new TrialProgress(progressed.Number, progressed.Fraction, progressed.Phase));
                        break;
                    case TrialCompleted completed:
                        var report = await artefacts.AddAsync(Path.Combine(folder, completed.ReportFile), CancellationToken.None);
                        var predictions = completed.PredictionsFile is { } name ? await artefacts.AddAsync(Path.Combine(folder, name), CancellationToken.None) : null;
                        (running, finished) = (null, finished + 1);
                        await UpdateTrialAsync(experiment.Id, completed.Number, t => { t.Status = TrialStatus.Completed; t.Result = completed.Result; t.ReportSha256 = report; t.PredictionsSha256 = predictions; });
                        monitor.Report(experiment.Id, null);
                        break;
                    case ModelReady ready:
                        await KeepModelAsync(experiment.Id, ready, folder);
                        monitor.Report(experiment.Id, null);
                        break;
                    case TrialPruned pruned:
                        (running, finished) = (null, finished + 1);
                        await UpdateTrialAsync(experiment.Id, pruned.Number, t => { t.Status = TrialStatus.Pruned; t.Result = pruned.Result; t.Reason = pruned.Reason; });
                        monitor.Report(experiment.Id, null);
                        break;
                    case SearchEnded ended:
                        await UpdateAsync(experiment.Id, e => e.EndReason = ended.Reason);
                        break;
                    case TrialFailed failed:
                        (running, finished) = (null, finished + 1);
                        await UpdateTrialAsync(experiment.Id, failed.Number, t => { t.Status = TrialStatus.Failed; t.Reason = failed.Reason; });
                        monitor.Report(experiment.Id, null);
                        break;
                    case TrialSkipped skipped:
                        running = null;
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
            await UpdateAsync(experiment.Id, e => { e.SpentSeconds += clock.Elapsed.TotalSeconds; e.RunningSince = null; });
        }
    }

    private async Task StartTrialAsync(int experimentId, TrialStarted started)
    {
        await using var db = await databases.CreateDbContextAsync();
        if (await db.Trials.SingleOrDefaultAsync(t => t.ExperimentId == experimentId && t.Number == started.Number) is { } row) row.Status = TrialStatus.Running;
        else db.Trials.Add(new TrialRow { ExperimentId = experimentId, Number = started.Number, TrainerId = started.Spec.TrainerId, Spec = started.Spec, Status = TrialStatus.Running });
        await db.SaveChangesAsync();
    }

    private async Task KeepModelAsync(int experimentId, ModelReady ready, string folder)
    {
        var path = Path.Combine(folder, ready.ModelFile);
        if ((await experiments.FindAsync(experimentId, CancellationToken.None))?.FindTrial(ready.Number) is { Threshold: { } threshold })
        {
            // Chosen while it was made, or before it was made anew.
            TrialReport? judged;
            await using (var file = File.OpenRead(Path.Combine(folder, ready.ReportFile))) judged = await JsonSerializer.DeserializeAsync<TrialReport>(file, CoreJson.Options);
            await DecideByAsync(path, threshold, judged?.Validation);
        }
        var model = await artefacts.AddAsync(path, CancellationToken.None);
        var report = await artefacts.AddAsync(Path.Combine(folder, ready.ReportFile), CancellationToken.None);
        await UpdateTrialAsync(experimentId, ready.Number, t =>
        {
            t.Result = ready.Result;
            t.ReportSha256 = report;
            // Another model has been neither tested nor taken away.
            if (t.ModelSha256 != model) (t.FinalReportSha256, t.ExportsSha256) = (null, null);
            t.ModelSha256 = model;
        });
    }

    /// <summary>Null, or why a trial's model cannot decide by a threshold of a person's choice.</summary>
    /// <param name="threshold">Null for the likelier class, which every model can answer.</param>
    public static string? WhyNoThreshold(ExperimentRow experiment, int trialNumber, double? threshold) =>
        experiment.FindTrial(trialNumber) is not { } trial ? $"There is no trial {trialNumber}."
        : trial is not { Status: TrialStatus.Completed, Result: not null } ? "Only a trial that was judged on all folds can be given a threshold."
        : threshold is not { } from ? null
        : experiment.Plan.Task != LearningTask.Binary ? $"A threshold decides between two classes; this is a {experiment.Plan.Task.ToString().ToLowerInvariant()}."
        : !(from > 0 && from <= 1) ? FormattableString.Invariant($"The threshold is {from}; expected more than 0, at most 1.")
        : null;

    /// <summary>Has a trial's model answer the second of two classes from a probability on; a model that is there is written anew, as packages never change.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="trialNumber">Of it, or a variant.</param>
    /// <param name="threshold">Above 0, at most 1; null for the likelier class.</param>
    /// <param name="cancellationToken">Nothing is changed once it is cancelled.</param>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> SetThresholdAsync(int experimentId, int trialNumber, double? threshold, CancellationToken cancellationToken)
    {
        await _extras.WaitAsync(cancellationToken);
        try
        {
            if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return "The experiment does not exist.";
            if (WhyNoThreshold(experiment, trialNumber, threshold) is { } whyNot) return whyNot;
            var trial = experiment.FindTrial(trialNumber)!;
            if (trial.Threshold == threshold) return null;
            string? model = null;
            if (trial.ModelSha256 is { } before)
            {
                var path = artefacts.NewTemporaryPath();
                try
                {
                    await File.WriteAllBytesAsync(path, await artefacts.ReadVerifiedAsync(before, cancellationToken), cancellationToken);
                    await DecideByAsync(path, threshold, (await experiments.ReportAsync(trial, cancellationToken))?.Validation);
                    model = await artefacts.AddAsync(path, cancellationToken);
                }
                finally
                {
                    File.Delete(path);
                }
            }
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            if (await db.Trials.SingleOrDefaultAsync(t => t.ExperimentId == experimentId && t.Number == trialNumber, cancellationToken) is not { } row) return $"There is no trial {trialNumber}.";
            if (row.ModelSha256 != trial.ModelSha256) return "The model was made anew meanwhile; choose the threshold again.";
            var earlier = row.Threshold;
            // The locked test set judged probabilities, which are the same; what was taken away decides as before.
            (row.Threshold, row.ModelSha256, row.ExportsSha256) = (threshold, model, null);
            await db.SaveChangesAsync(cancellationToken);
            await audit.AppendAsync(db, "trial.threshold", FormattableString.Invariant($"trial {trialNumber} of experiment {experimentId} ({experiment.DatasetName})"), new { from = earlier, to = threshold }, cancellationToken: cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            return e.Message;
        }
        finally
        {
            _extras.Release();
        }
        monitor.Report(experimentId, monitor.ProgressOf(experimentId));
        return null;
    }

    /// <summary>Writes a model package anew, deciding by a threshold.</summary>
    /// <param name="validation">Tells how often each class is then the answer; null where that is not known.</param>
    private static Task DecideByAsync(string path, double? threshold, EvaluationReport? validation) => Task.Run(() =>
    {
        ModelPackage package;
        using (var file = File.OpenRead(path)) package = ModelPackage.Read(file);
        var answers = validation?.Classification?.Thresholds is { } counts ? new ValueDistribution(null, ThresholdExplorer.Answered(counts, threshold), 0) : package.Manifest.Answers;
        using var written = File.Create(path);
        package.WithThreshold(threshold, answers).Write(written);
    });

    private static TrialSpec SpecOf(TrialRow trial) =>
        trial.Spec ?? new TrialSpec(trial.TrainerId, HyperparameterValues.None, TrialOrigin.Default, "The family's defaults.");

    private FinishedTrial Finished(TrialRow trial) => new(
        trial.Number, SpecOf(trial), trial.Result, trial.PredictionsSha256 is { } sha256 ? artefacts.PathOf(sha256) : null, trial.ModelSha256 is not null, trial.IsExcluded, trial.Threshold);

    private ExperimentJob Job(ExperimentRow experiment, JobWork work) =>
        new(experiment.Plan, artefacts.PathOf(experiment.TableSha256), options.Value.TrainingThreadsOrAll, work);

    /// <param name="job">What to do.</param>
    /// <param name="searching">The experiment whose search this is; it can then be told to end or to go on. Null for other work.</param>
    /// <param name="handle">Called for every event.</param>
    /// <param name="cancellationToken">Kills the process.</param>
    private async Task<TrainingExit> RunProcessAsync(ExperimentJob job, int? searching, Func<ExperimentEvent, string, Task> handle, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(artefacts.NewTemporaryPath()).FullName;
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "job.json"), JsonSerializer.SerializeToUtf8Bytes(job, CoreJson.Options), cancellationToken);
            var process = new TrainingProcess(folder, options.Value.TrainingMemoryMegabytes, logger);
            if (searching is { } id) _searching[id] = process;
            return await process.RunAsync(e => handle(e, folder), cancellationToken);
        }
        finally
        {
            if (searching is { } id) _searching.TryRemove(id, out _);
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
