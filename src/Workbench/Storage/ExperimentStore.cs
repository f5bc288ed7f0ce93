using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Experiments, their trials and their reports.</summary>
public sealed class ExperimentStore(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, TimeProvider time)
{
    /// <summary>Writes down an experiment with all its trials waiting.</summary>
    public async Task<ExperimentRow> AddAsync(DatasetRow dataset, ExperimentPlan plan, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = new ExperimentRow
        {
            DatasetId = dataset.Id,
            DatasetName = dataset.Name,
            TableSha256 = dataset.TableSha256,
            Plan = plan,
            Status = ExperimentStatus.Queued,
            CreatedAt = time.GetUtcNow(),
            Trials = [.. plan.TrainerIds.Select((trainerId, i) => new TrialRow { Number = i + 1, TrainerId = trainerId, Status = TrialStatus.Waiting })],
        };
        db.Experiments.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        return row;
    }

    /// <summary>All experiments with their trials, newest first.</summary>
    public async Task<IReadOnlyList<ExperimentRow>> ListAsync(int? datasetId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Experiments.AsNoTracking().Include(e => e.Trials)
            .Where(e => datasetId == null || e.DatasetId == datasetId).OrderByDescending(e => e.CreatedAt).ToListAsync(cancellationToken);
    }

    public async Task<ExperimentRow?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = await db.Experiments.AsNoTracking().Include(e => e.Trials).SingleOrDefaultAsync(e => e.Id == id, cancellationToken);
        row?.Trials.Sort((a, b) => a.Number.CompareTo(b.Number));
        return row;
    }

    public async Task<TrialReport?> ReportAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.ReportSha256 is { } sha256 ? await ReadAsync<TrialReport>(sha256, cancellationToken) : null;

    public async Task<EvaluationReport?> FinalReportAsync(TrialRow trial, CancellationToken cancellationToken) =>
        trial.FinalReportSha256 is { } sha256 ? await ReadAsync<EvaluationReport>(sha256, cancellationToken) : null;

    /// <summary>Trials as the leaderboard shows them: best score first, then those without one in order of their numbers.</summary>
    public static IReadOnlyList<TrialRow> Leaderboard(ExperimentRow experiment)
    {
        var metric = Metric.Parse(experiment.Plan.MetricId);
        var sign = metric.HigherIsBetter ? -1 : 1;
        return [.. experiment.Trials.OrderBy(t => t.Result?.Score is { } score ? sign * score : double.PositiveInfinity).ThenBy(t => t.Number)];
    }

    public static TrialRow? Best(ExperimentRow experiment) => Leaderboard(experiment).FirstOrDefault(t => t is { Status: TrialStatus.Completed, Result.Score: not null });

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
