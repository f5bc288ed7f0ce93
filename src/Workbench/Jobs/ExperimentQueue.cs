using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Where a person moves a waiting experiment to.</summary>
public enum QueueMove
{
    /// <summary>Before all that wait.</summary>
    Front,

    /// <summary>Before the one before it.</summary>
    Up,

    /// <summary>Behind the one behind it.</summary>
    Down,
}

/// <summary>An experiment that waits for its turn.</summary>
/// <param name="ExperimentId">Which.</param>
/// <param name="Target">What it predicts.</param>
/// <param name="DatasetName">From what.</param>
/// <param name="Place">1 begins next.</param>
/// <param name="Count">Of all that wait.</param>
/// <param name="AfterExperimentId">The one that runs or waits before it; null where nothing does, or one of another workspace.</param>
/// <param name="AfterTarget">What that one predicts.</param>
/// <param name="SecondsUntilStart">What is left of the budgets before it: an estimate, as final models and reports are not counted, and a search may end early.</param>
public sealed record QueuePlace(int ExperimentId, string Target, string DatasetName, int Place, int Count, int? AfterExperimentId, string? AfterTarget, double SecondsUntilStart);

/// <summary>Experiments that wait for their turn. The order stands in the database, so it outlives the program; only the wake-up is in memory.</summary>
public sealed class ExperimentQueue(IDbContextFactory<AppDb> databases, JobMonitor monitor, TimeProvider time)
{
    private readonly SemaphoreSlim _more = new(0);
    private readonly SemaphoreSlim _moving = new(1);

    /// <summary>Tells whoever runs experiments that one was put into the queue.</summary>
    public void Wake() => _more.Release();

    /// <summary>Completes when one was put into the queue since the last wait, or is; it may be gone again by then.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _more.WaitAsync(cancellationToken);

    /// <summary>The experiment that begins next; null where none waits.</summary>
    public async Task<int?> FirstAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var waiting = await InOwnOrder(db).Select(e => new { e.Id, e.UserId }).ToListAsync(cancellationToken);
        if (waiting.Count == 0) return null;
        var lastTurns = await LastTurnsAsync(db, waiting.Select(e => e.UserId), cancellationToken);
        return Turns.InTurn(waiting, e => e.UserId, person => lastTurns[person ?? 0])[0].Id;
    }

    /// <summary>Those of a workspace that wait, the next one first; their places are among all.</summary>
    public async Task<IReadOnlyList<QueuePlace>> ReadAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var inOwnOrder = await InOwnOrder(db).AsNoTracking().ToListAsync(cancellationToken);
        if (inOwnOrder.Count == 0) return [];
        var lastTurns = await LastTurnsAsync(db, inOwnOrder.Select(e => e.UserId), cancellationToken);
        var waiting = Turns.InTurn(inOwnOrder, e => e.UserId, person => lastTurns[person ?? 0]);
        var before = await db.Experiments.AsNoTracking().FirstOrDefaultAsync(e => e.Status == ExperimentStatus.Running, cancellationToken);
        var (now, seconds) = (time.GetUtcNow(), 0.0);
        List<QueuePlace> places = [];
        foreach (var (place, experiment) in waiting.Index())
        {
            if (before is not null) seconds += Math.Max(0, before.Plan.BudgetSeconds - before.Elapsed(now));
            var known = before?.WorkspaceId == workspaceId ? before : null;
            if (experiment.WorkspaceId == workspaceId) places.Add(new QueuePlace(experiment.Id, experiment.Plan.Target, experiment.DatasetName, place + 1, waiting.Count, known?.Id, known?.Plan.Target, seconds));
            before = experiment;
        }
        return places;
    }

    /// <summary>Lets an experiment begin earlier or later than others of the same person that wait; whose turn it is stays as it is.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    public async Task<string?> MoveAsync(int experimentId, QueueMove move, CancellationToken cancellationToken)
    {
        List<int> order;
        // Two moves at once would each count from the same order.
        await _moving.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var all = await InOwnOrder(db).Select(e => new { e.Id, e.QueueOrder, e.UserId }).ToListAsync(cancellationToken);
            var waiting = all.Where(e => e.UserId == all.FirstOrDefault(a => a.Id == experimentId)?.UserId).ToList();
            order = [.. waiting.Select(e => e.Id)];
            var from = order.IndexOf(experimentId);
            if (from < 0) return "It does not wait in the queue.";
            var to = move switch { QueueMove.Front => 0, QueueMove.Up => from - 1, _ => from + 1 };
            if (to == from || to < 0) return all.Count > waiting.Count ? "It is the first of its person in the queue already; people take turns." : "It is the first in the queue already.";
            if (to == order.Count) return all.Count > waiting.Count ? "It is the last of its person in the queue already; people take turns." : "It is the last in the queue already.";
            order.RemoveAt(from);
            order.Insert(to, experimentId);
            // The same numbers in another order, one apart where several were put in at the same moment.
            var number = long.MinValue;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            for (var i = 0; i < order.Count; i++)
            {
                var id = order[i];
                number = Math.Max(waiting[i].QueueOrder ?? 0, number + 1);
                await db.Experiments.Where(e => e.Id == id && e.Status == ExperimentStatus.Queued).ExecuteUpdateAsync(set => set.SetProperty(e => e.QueueOrder, number), cancellationToken);
            }
            await transaction.CommitAsync(cancellationToken);
        }
        finally
        {
            _moving.Release();
        }
        foreach (var id in order) monitor.Report(id, null);
        return null;
    }

    /// <summary>When something of each person began last, by number, 0 for nobody: what runs now has just had its turn.</summary>
    private static async Task<Dictionary<int, DateTimeOffset?>> LastTurnsAsync(AppDb db, IEnumerable<int?> persons, CancellationToken cancellationToken)
    {
        Dictionary<int, DateTimeOffset?> turns = [];
        foreach (var person in persons.Distinct().ToList())
            turns[person ?? 0] = await db.Experiments.AnyAsync(e => e.UserId == person && e.Status == ExperimentStatus.Running, cancellationToken) ? DateTimeOffset.MaxValue
                : await db.Experiments.Where(e => e.UserId == person && e.StartedAt != null).OrderByDescending(e => e.StartedAt).Select(e => e.StartedAt).FirstOrDefaultAsync(cancellationToken);
        return turns;
    }

    private static IQueryable<ExperimentRow> InOwnOrder(AppDb db) => db.Experiments.Where(e => e.Status == ExperimentStatus.Queued).OrderBy(e => e.QueueOrder).ThenBy(e => e.Id);
}
