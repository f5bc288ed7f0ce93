using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Experiments, their trials and their reports.</summary>
public sealed class ExperimentStore(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, AuditLog audit, IOptions<WorkbenchOptions> options, TimeProvider time)
{
    /// <summary>Writes down an experiment with all its trials waiting.</summary>
    /// <param name="dataset">What it works on.</param>
    /// <param name="plan">What is compared.</param>
    /// <param name="cancellationToken">Nothing is written once it is cancelled.</param>
    /// <param name="leftOut">Families that are not tried, with the reason: they stand on the leaderboard as skipped.</param>
    /// <exception cref="LimitException">The person has as many waiting and running as may be.</exception>
    public async Task<ExperimentRow> AddAsync(DatasetRow dataset, ExperimentPlan plan, CancellationToken cancellationToken, IReadOnlyList<LeftOutFamily>? leftOut = null)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var person = Actor.Current.UserId;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (person is not null)
            LimitException.ThrowIfReached(
                await db.Experiments.CountAsync(e => e.UserId == person && (e.Status == ExperimentStatus.Queued || e.Status == ExperimentStatus.Running), cancellationToken),
                options.Value.MaxExperimentsPerPerson, "experiments", nameof(WorkbenchOptions.MaxExperimentsPerPerson));
        var row = new ExperimentRow
        {
            WorkspaceId = dataset.WorkspaceId,
            UserId = person,
            DatasetId = dataset.Id,
            DatasetName = dataset.Name,
            TableSha256 = dataset.TableSha256,
            Plan = plan,
            Status = ExperimentStatus.Queued,
            QueueOrder = now.UtcTicks,
            CreatedAt = now,
            // A search decides itself what comes first.
            Trials = plan.Tuning == TuningMode.Search ? [] : [.. plan.TrainerIds.Select((trainerId, i) => new TrialRow { Number = i + 1, TrainerId = trainerId, Status = TrialStatus.Waiting })],
        };
        foreach (var (trainerId, reason) in leftOut ?? [])
            row.Trials.Add(new TrialRow { Number = row.Trials.Count + 1, TrainerId = trainerId, Status = TrialStatus.Skipped, Reason = reason });
        db.Experiments.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        await audit.AppendAsync(db, "experiment.start", FormattableString.Invariant($"experiment {row.Id} ({row.DatasetName})"), new { plan.Target, families = plan.TrainerIds.Count, plan.BudgetSeconds }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row;
    }

    /// <summary>All experiments of a workspace with their trials, newest first.</summary>
    public async Task<IReadOnlyList<ExperimentRow>> ListAsync(int workspaceId, int? datasetId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Experiments.AsNoTracking().Include(e => e.Trials.Where(t => t.VariantOf == null).OrderBy(t => t.Number))
            .Where(e => e.WorkspaceId == workspaceId && (datasetId == null || e.DatasetId == datasetId)).OrderByDescending(e => e.CreatedAt).ToListAsync(cancellationToken);
    }

    /// <summary>What tells whether <see cref="ListAsync"/> would answer otherwise than before, trials of running ones apart; cheap to ask.</summary>
    public async Task<IReadOnlyList<ExperimentStamp>> StampsAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Experiments.Where(e => e.WorkspaceId == workspaceId).OrderBy(e => e.Id).Select(e => new ExperimentStamp(e.Id, e.Status, e.QueueOrder)).ToListAsync(cancellationToken);
    }

    /// <summary>Whether an experiment of a workspace ended by itself that nobody has looked at since.</summary>
    public async Task<bool> HasNewsAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Experiments.AnyAsync(e => e.WorkspaceId == workspaceId && e.IsNews, cancellationToken);
    }

    /// <summary>A person looked at these.</summary>
    public async Task SeeAsync(IReadOnlyCollection<int> ids, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Experiments.Where(e => ids.Contains(e.Id)).ExecuteUpdateAsync(set => set.SetProperty(e => e.IsNews, false), cancellationToken);
    }

    public async Task<ExperimentRow?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = await db.Experiments.AsNoTracking().Include(e => e.Trials).SingleOrDefaultAsync(e => e.Id == id, cancellationToken);
        if (row is null) return null;
        row.Variants = [.. row.Trials.Where(t => t.VariantOf is not null).OrderBy(t => t.Number)];
        row.Trials = [.. row.Trials.Where(t => t.VariantOf is null).OrderBy(t => t.Number)];
        return row;
    }

    public async Task<TrialReport?> ReportAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.ReportSha256 is { } sha256 ? await ReadAsync<TrialReport>(sha256, cancellationToken) : null;

    public async Task<EvaluationReport?> FinalReportAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.FinalReportSha256 is { } sha256 ? await ReadAsync<EvaluationReport>(sha256, cancellationToken) : null;

    public async Task<LadderReport?> LadderAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.LadderSha256 is { } sha256 ? await ReadAsync<LadderReport>(sha256, cancellationToken) : null;

    public async Task<ModelExplanation?> ExplanationAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.ExplanationSha256 is { } sha256 ? await ReadAsync<ModelExplanation>(sha256, cancellationToken) : null;

    public async Task<ExportReport?> ExportsAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.ExportsSha256 is { } sha256 ? await ReadAsync<ExportReport>(sha256, cancellationToken) : null;

    /// <summary>Trials as the leaderboard shows them: best score first, of equal ones the one with the smaller log loss; then those without a score in order of their numbers.</summary>
    public static IReadOnlyList<TrialRow> Leaderboard(ExperimentRow experiment)
    {
        var metric = Metric.Parse(experiment.Plan.MetricId);
        return [.. experiment.Trials.OrderBy(t => t is { Status: TrialStatus.Completed, Result: { } result } ? result.Rank(metric) : (double.PositiveInfinity, double.PositiveInfinity)).ThenBy(t => t.Number)];
    }

    /// <summary>The best trial that may be chosen: judged on all rows, within the limits, not put aside.</summary>
    public static TrialRow? Best(ExperimentRow experiment) => Leaderboard(experiment).FirstOrDefault(IsEligible);

    public static bool IsEligible(TrialRow trial) => trial is { Status: TrialStatus.Completed, IsExcluded: false, Result: { Score: not null, SampledRowCount: null, OverLimit: null } };

    /// <summary>Remembers a trial, or puts it aside.</summary>
    /// <returns>Whether there is such a trial.</returns>
    public async Task<bool> MarkAsync(int experimentId, int number, bool? isPinned, bool? isExcluded, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Trials.SingleOrDefaultAsync(t => t.ExperimentId == experimentId && t.Number == number, cancellationToken) is not { } row) return false;
        row.IsPinned = isPinned ?? row.IsPinned;
        row.IsExcluded = isExcluded ?? row.IsExcluded;
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }

    private async Task<T> ReadAsync<T>(string sha256, CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(await artefacts.ReadVerifiedAsync(sha256, cancellationToken), CoreJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The report was written by another version of the program and cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>A family that was asked for and is not tried.</summary>
public sealed record LeftOutFamily(string TrainerId, string Reason);

/// <summary>Of an experiment, what changes seldom.</summary>
public sealed record ExperimentStamp(int Id, ExperimentStatus Status, long? QueueOrder);
