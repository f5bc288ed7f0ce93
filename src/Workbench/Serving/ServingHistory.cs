using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>What endpoints answered, minute by minute, by version, key and dialect; kept in the database, after two days by the hour, for a year.</summary>
public sealed class ServingHistory(IDbContextFactory<AppDb> databases, TimeProvider time, ILogger<ServingHistory> logger) : BackgroundService
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan KeptByMinute = TimeSpan.FromDays(2);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(366);

    // A request that took hold of the old counts just before they were exchanged has counted by then.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _writing = new(1);
    private ConcurrentDictionary<Place, Counts> _current = new();

    private readonly record struct Place(string Endpoint, int Version, string Key, string Dialect);

    private sealed class Counts
    {
        private readonly int[] _outcomes = new int[4];
        private readonly int[] _latencies = new int[LatencyHistogram.BinCount];
        private int _rows;

        public void Add(in ServedRequest request)
        {
            Interlocked.Increment(ref _outcomes[(int)request.Outcome]);
            if (request.Outcome != RequestOutcome.Answered) return;
            Interlocked.Add(ref _rows, request.Rows);
            Interlocked.Increment(ref _latencies[LatencyHistogram.BinOf(System.Diagnostics.Stopwatch.GetElapsedTime(request.Began, request.Ended).TotalMicroseconds)]);
        }

        public ServingPeriodRow ToRow(Place place, DateTimeOffset at) => new()
        {
            EndpointName = place.Endpoint,
            At = at,
            Version = place.Version,
            Key = place.Key,
            Dialect = place.Dialect,
            Answered = _outcomes[(int)RequestOutcome.Answered],
            Invalid = _outcomes[(int)RequestOutcome.Invalid],
            Refused = _outcomes[(int)RequestOutcome.Refused],
            Failed = _outcomes[(int)RequestOutcome.Failed],
            Rows = _rows,
            Latencies = _latencies.Index().Where(l => l.Item > 0).ToDictionary(l => l.Index, l => l.Item),
        };
    }

    public void Count(in ServedRequest request) =>
        _current.GetOrAdd(new Place(request.Endpoint, request.Version, request.Key, request.Dialect.Name), static _ => new Counts()).Add(request);

    /// <summary>The periods of an endpoint from a time on, the current minute included; in no order.</summary>
    public async Task<IReadOnlyList<ServingPeriodRow>> ReadAsync(string endpoint, DateTimeOffset from, CancellationToken cancellationToken)
    {
        // While a minute is written it is in neither place, or in both.
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var rows = await db.ServingPeriods.AsNoTracking().Where(p => p.EndpointName == endpoint && p.At >= from).ToListAsync(cancellationToken);
            var now = Floor(time.GetUtcNow(), 1);
            rows.AddRange(_current.Where(c => c.Key.Endpoint == endpoint).Select(c => c.Value.ToRow(c.Key, now)));
            return rows;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>The minute, of what is long past the hour, in which the last request came; null where none ever did.</summary>
    public async Task<DateTimeOffset?> LastRequestAsync(string endpoint, CancellationToken cancellationToken)
    {
        if (_current.Keys.Any(p => p.Endpoint == endpoint)) return Floor(time.GetUtcNow(), 1);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.ServingPeriods.Where(p => p.EndpointName == endpoint).OrderByDescending(p => p.At).Select(p => (DateTimeOffset?)p.At).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Writes the counts since the last time down.</summary>
    public async Task WriteAsync()
    {
        await _writing.WaitAsync();
        try
        {
            if (_current.IsEmpty) return;
            var at = Floor(time.GetUtcNow(), 1);
            var counts = Interlocked.Exchange(ref _current, new ConcurrentDictionary<Place, Counts>());
            await Task.Delay(Settling);
            await using var db = await databases.CreateDbContextAsync();
            db.ServingPeriods.AddRange(counts.Select(c => c.Value.ToRow(c.Key, at)));
            await db.SaveChangesAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Joins the minutes of hours that are older than two days, and deletes what is older than a year.</summary>
    public async Task RollUpAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var before = Floor(now - KeptByMinute, 60);
        var minutes = await db.ServingPeriods.Where(p => p.Minutes == 1 && p.At < before).ToListAsync(cancellationToken);
        foreach (var hour in minutes.GroupBy(p => (p.EndpointName, Hour: Floor(p.At, 60), p.Version, p.Key, p.Dialect)))
        {
            db.ServingPeriods.Add(new ServingPeriodRow
            {
                EndpointName = hour.Key.EndpointName,
                At = hour.Key.Hour,
                Minutes = 60,
                Version = hour.Key.Version,
                Key = hour.Key.Key,
                Dialect = hour.Key.Dialect,
                Answered = hour.Sum(p => p.Answered),
                Invalid = hour.Sum(p => p.Invalid),
                Refused = hour.Sum(p => p.Refused),
                Failed = hour.Sum(p => p.Failed),
                Rows = hour.Sum(p => p.Rows),
                Latencies = hour.SelectMany(p => p.Latencies).GroupBy(l => l.Key).ToDictionary(l => l.Key, l => l.Sum(x => x.Value)),
            });
        }
        db.ServingPeriods.RemoveRange(minutes);
        // In one transaction: an end in between neither loses nor doubles an hour.
        await db.SaveChangesAsync(cancellationToken);
        var oldest = now - Kept;
        await db.ServingPeriods.Where(p => p.At < oldest).ExecuteDeleteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Minute, time);
        var hour = DateTimeOffset.MinValue;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryAsync(WriteAsync);
                if (Floor(time.GetUtcNow(), 60) is var now && now == hour) continue;
                hour = now;
                await TryAsync(() => RollUpAsync(stoppingToken));
            }
        }
        catch (OperationCanceledException)
        {
            await TryAsync(WriteAsync);
        }
    }

    private async Task TryAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception e) when (e is DbUpdateException or System.Data.Common.DbException)
        {
            logger.LogError(e, "The figures of serving could not be written");
        }
    }

    /// <summary>When the period of so many minutes began that a moment lies in, in UTC.</summary>
    public static DateTimeOffset Floor(DateTimeOffset at, int minutes) => new(at.UtcTicks - at.UtcTicks % (minutes * TimeSpan.TicksPerMinute), TimeSpan.Zero);
}
