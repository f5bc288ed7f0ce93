using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Audit;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Assertions are wrong; each message is for people.</summary>
public sealed class AssertionException(IReadOnlyList<string> problems) : Exception(string.Join(" ", problems))
{
    public IReadOnlyList<string> Problems => problems;
}

/// <summary>Assertions and what came of them. Whatever changes is written together with its line of the audit log.</summary>
public sealed class AssertionStore(IDbContextFactory<AppDb> databases, DatasetStore datasets, AuditLog audit, TimeProvider time)
{
    /// <summary>Characters.</summary>
    public const int MaxNameLength = 200;

    /// <summary>Each is held against every model.</summary>
    public const int MostADataset = 500;

    /// <summary>The assertion of this dataset that came, changed or went.</summary>
    public event Action<int>? Changed;

    /// <summary>All of a dataset, in the order in which they were made.</summary>
    /// <param name="target">Only those about models that predict this; null for all.</param>
    public async Task<IReadOnlyList<AssertionRow>> ListAsync(int datasetId, string? target, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Assertions.AsNoTracking().Where(a => a.DatasetId == datasetId && (target == null || a.Target == target)).OrderBy(a => a.Id).ToListAsync(cancellationToken);
    }

    public async Task<AssertionRow?> FindAsync(int datasetId, int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Assertions.AsNoTracking().SingleOrDefaultAsync(a => a.DatasetId == datasetId && a.Id == id, cancellationToken);
    }

    /// <summary>Keeps an assertion with a dataset.</summary>
    /// <param name="name">Empty for what it says itself.</param>
    /// <returns>Null where there is no such dataset.</returns>
    /// <exception cref="AssertionException">It makes no sense for the dataset.</exception>
    public async Task<AssertionRow?> AddAsync(int datasetId, string target, string? name, Expectation expectation, bool isRequired, string who, CancellationToken cancellationToken)
    {
        if (await datasets.FindAsync(datasetId, cancellationToken) is not { } dataset) return null;
        var called = Check(dataset, target, name, expectation);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Assertions.CountAsync(a => a.DatasetId == datasetId, cancellationToken) >= MostADataset) throw new AssertionException([$"The dataset has {MostADataset} assertions, and no more are kept; delete one first."]);
        var row = new AssertionRow { DatasetId = datasetId, Target = target, Name = called, Expectation = expectation, IsRequired = isRequired, CreatedBy = who, CreatedAt = time.GetUtcNow() };
        db.Assertions.Add(row);
        await SaveAsync(db, "assertion.make", () => row, dataset, new { row.Target, row.IsRequired, says = expectation.Describe(target) }, cancellationToken);
        return row;
    }

    /// <summary>Changes what is expected, how it is called, or whether it is required.</summary>
    /// <returns>Null where there is no such assertion.</returns>
    /// <exception cref="AssertionException">It makes no sense for the dataset.</exception>
    public async Task<AssertionRow?> ChangeAsync(int datasetId, int id, string target, string? name, Expectation expectation, bool isRequired, string who, CancellationToken cancellationToken)
    {
        if (await datasets.FindAsync(datasetId, cancellationToken) is not { } dataset) return null;
        var called = Check(dataset, target, name, expectation);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Assertions.SingleOrDefaultAsync(a => a.DatasetId == datasetId && a.Id == id, cancellationToken) is not { } row) return null;
        var before = new { row.Name, row.Target, row.IsRequired, says = row.Expectation.Describe(row.Target) };
        // What is expected is as it was: what was found still holds.
        if (target != row.Target || JsonSerializer.Serialize(expectation, CoreJson.Options) != JsonSerializer.Serialize(row.Expectation, CoreJson.Options)) row.Version++;
        (row.Target, row.Name, row.Expectation, row.IsRequired, row.ChangedBy, row.ChangedAt) = (target, called, expectation, isRequired, who, time.GetUtcNow());
        await SaveAsync(db, "assertion.change", () => row, dataset, new { before, after = new { row.Name, row.Target, row.IsRequired, says = expectation.Describe(target) } }, cancellationToken);
        return row;
    }

    /// <returns>What was deleted; null where there is no such assertion.</returns>
    public async Task<AssertionRow?> DeleteAsync(int datasetId, int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Assertions.SingleOrDefaultAsync(a => a.DatasetId == datasetId && a.Id == id, cancellationToken) is not { } row) return null;
        if (await datasets.FindAsync(datasetId, cancellationToken) is not { } dataset) return null;
        db.Assertions.Remove(row);
        await SaveAsync(db, "assertion.delete", () => row, dataset, new { row.Target, row.IsRequired, says = row.Expectation.Describe(row.Target) }, cancellationToken);
        return row;
    }

    private async Task SaveAsync(AppDb db, string action, Func<AssertionRow> row, DatasetRow dataset, object details, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await audit.AppendAsync(db, action, FormattableString.Invariant($"assertion {row().Id} ({row().Name}) of dataset {dataset.Id} ({dataset.Name})"), details, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke(dataset.Id);
    }

    /// <returns>What it is called.</returns>
    private static string Check(DatasetRow dataset, string target, string? name, Expectation expectation)
    {
        string[] columns = [.. dataset.Profile.Columns.Select(c => c.Name)];
        List<string> problems = [];
        if (!columns.Contains(target)) problems.Add($"There is no column '{target}' to predict. The columns are: {string.Join(", ", columns.Take(20))}{(columns.Length > 20 ? ", …" : "")}.");
        problems.AddRange(expectation.Problems(columns, target));
        var called = name?.Trim() ?? "";
        if (called.Length > MaxNameLength) problems.Add($"The name has {called.Length} characters; expected at most {MaxNameLength}.");
        if (problems.Count > 0) throw new AssertionException(problems);
        if (called.Length == 0) called = expectation.Describe(target);
        return called.Length <= MaxNameLength ? called : called[..(MaxNameLength - 1)] + "…";
    }

    /// <summary>The datasets that have assertions.</summary>
    public async Task<IReadOnlyList<int>> DatasetsAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Assertions.Select(a => a.DatasetId).Distinct().ToListAsync(cancellationToken);
    }

    /// <summary>What was found about the trials of an experiment; also what holds no longer.</summary>
    public async Task<IReadOnlyList<AssertionResultRow>> ResultsAsync(int experimentId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.AssertionResults.AsNoTracking().Where(r => r.ExperimentId == experimentId).ToListAsync(cancellationToken);
    }

    /// <summary>Writes down what was found, in place of what was found before.</summary>
    public async Task KeepAsync(IReadOnlyList<AssertionResultRow> results, CancellationToken cancellationToken)
    {
        if (results.Count == 0) return;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Of an assertion that was deleted meanwhile nothing is kept.
        var ids = results.Select(r => r.AssertionId).Distinct().ToArray();
        var known = (await db.Assertions.Where(a => ids.Contains(a.Id)).Select(a => a.Id).ToListAsync(cancellationToken)).ToHashSet();
        foreach (var trial in results.GroupBy(r => (r.ExperimentId, r.TrialNumber)))
        {
            var judged = trial.Select(r => r.AssertionId).ToArray();
            await db.AssertionResults.Where(r => r.ExperimentId == trial.Key.ExperimentId && r.TrialNumber == trial.Key.TrialNumber && judged.Contains(r.AssertionId)).ExecuteDeleteAsync(cancellationToken);
        }
        db.AssertionResults.AddRange(results.Where(r => known.Contains(r.AssertionId)));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
