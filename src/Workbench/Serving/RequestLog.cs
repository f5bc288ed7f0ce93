using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Writes rows of requests down, beside their answers. A request waits for nothing: where the line is full, or an endpoint's rows a second are used up, rows are left out.</summary>
public sealed class RequestLog(IDbContextFactory<AppDb> databases, LiveModels models, ServingFigures figures, TimeProvider time, ILogger<RequestLog> logger) : BackgroundService
{
    private const int Waiting = 10_000;
    private const int MostAtOnce = 1_000;
    private const int MostIdCharacters = 256;

    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Cleaning = TimeSpan.FromMinutes(10);
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Channel<Entry> _entries = Channel.CreateBounded<Entry>(new BoundedChannelOptions(Waiting) { SingleReader = true });
    private readonly ConcurrentDictionary<string, Allowance> _allowances = new(StringComparer.Ordinal);

    private readonly record struct Entry(LoggedRow? Row, TaskCompletionSource? Written);

    /// <summary>Rows of the current second. Two threads that begin a second at once may let a few more through.</summary>
    private sealed class Allowance
    {
        private long _second;
        private int _taken;

        /// <returns>How many of the rows may be written.</returns>
        public int Take(int rows, int perSecond)
        {
            var second = Environment.TickCount64 / 1_000;
            if (Interlocked.Exchange(ref _second, second) != second) Volatile.Write(ref _taken, 0);
            if (Volatile.Read(ref _taken) >= perSecond) return 0;
            var before = Interlocked.Add(ref _taken, rows) - rows;
            return Math.Clamp(perSecond - before, 0, rows);
        }
    }

    /// <summary>Takes an answered request.</summary>
    public void Offer(LiveEndpoint endpoint, in ServedRequest served, Prediction prediction)
    {
        var count = prediction.Rows.RowCount;
        if (Allowed(endpoint, count) is not (> 0 and var wanted)) return;
        var microseconds = Stopwatch.GetElapsedTime(served.Began).TotalMicroseconds;
        for (var i = 0; i < wanted; i++)
        {
            // Of many rows an even share.
            var row = (int)((long)i * count / wanted);
            var log = RowOf(served, served.Id!, microseconds);
            log.RowIndex = row;
            log.Values = ValuesOf(prediction.Rows, row, endpoint.Settings.Log.Masked);
            if (prediction.Predictor.ClassNames is null)
            {
                var number = prediction.Outputs(row)[0];
                log.Answer = double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : null;
            }
            else
            {
                var likeliest = prediction.AnsweredClass(row);
                log.Answer = prediction.Predictor.Target.Classes[likeliest];
                log.Probability = double.IsFinite(prediction.Outputs(row)[likeliest]) ? prediction.Outputs(row)[likeliest] : null;
            }
            Enter(log);
        }
    }

    private void Enter(LoggedRow row)
    {
        if (!_entries.Writer.TryWrite(new Entry(row, null))) figures.CountUnlogged(row.EndpointName, 1);
    }

    /// <summary>Takes a request that was refused for what it says.</summary>
    /// <param name="id">What the caller calls it; null for a made name.</param>
    public void OfferRefused(LiveEndpoint endpoint, in ServedRequest served, string? id, string why)
    {
        if (Allowed(endpoint, 1) == 0) return;
        var log = RowOf(served, id ?? RequestIds.Next(time.GetUtcNow()).ToString(), Stopwatch.GetElapsedTime(served.Began).TotalMicroseconds);
        // What was found may be a value of a masked column.
        log.Problem = endpoint.Settings.Log.Masked.Count > 0 ? "The rows do not fit the model; what was found is not written down, as columns are masked." : why.Length > 500 ? why[..500] : why;
        Enter(log);
    }

    /// <summary>A request's name as it is written down: callers choose it, and could make it as long as a body.</summary>
    public static string IdOf(string id) => id.Length <= MostIdCharacters ? id : id[..MostIdCharacters];

    private int Allowed(LiveEndpoint endpoint, int rows)
    {
        var perSecond = endpoint.Settings.Log.RowsPerSecond;
        return perSecond == 0 || rows == 0 ? 0 : _allowances.GetOrAdd(endpoint.Name, _ => new Allowance()).Take(rows, perSecond);
    }

    private LoggedRow RowOf(in ServedRequest served, string id, double microseconds) => new()
    {
        EndpointName = served.Endpoint,
        At = time.GetUtcNow(),
        RequestId = IdOf(id),
        Version = served.Version,
        Key = served.Key,
        Dialect = served.Dialect.Name,
        Microseconds = microseconds,
    };

    private static string ValuesOf(RowBatch rows, int row, IReadOnlyList<string> masked)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            writer.WriteStartObject();
            for (var column = 0; column < rows.Signature.Inputs.Count; column++)
            {
                var input = rows.Signature.Inputs[column];
                if (!input.Used || masked.Contains(input.Name)) continue;
                if (input.Kind == ColumnKind.Numeric && !double.IsNaN(rows.Number(row, column))) writer.WriteNumber(input.Name, rows.Number(row, column));
                else writer.WriteString(input.Name, rows.GetText(row, column));
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Until everything that was offered before is written.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _entries.Writer.WriteAsync(new Entry(null, written), cancellationToken);
        await written.Task.WaitAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(WriteAsTheyComeAsync(stoppingToken), CleanNowAndThenAsync(stoppingToken));

    private async Task WriteAsTheyComeAsync(CancellationToken stoppingToken)
    {
        List<Entry> entries = [];
        try
        {
            while (await _entries.Reader.WaitToReadAsync(stoppingToken))
            {
                // One write for many rows; somebody who waits for it does not wait for more of them.
                if (!_entries.Reader.TryPeek(out var first) || first.Written is null) await Task.Delay(Gathering, stoppingToken);
                await WriteAsync(entries);
            }
        }
        catch (OperationCanceledException)
        {
            // The last ones.
            while (_entries.Reader.Count > 0) await WriteAsync(entries);
        }
    }

    // Rows grow old also while nobody asks.
    private async Task CleanNowAndThenAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Cleaning, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CleanAsync(stoppingToken);
            }
            catch (System.Data.Common.DbException e)
            {
                logger.LogError(e, "Old rows of requests could not be deleted; the next time they are");
            }
        }
    }

    private async Task WriteAsync(List<Entry> entries)
    {
        entries.Clear();
        while (entries.Count < MostAtOnce && _entries.Reader.TryRead(out var entry)) entries.Add(entry);
        try
        {
            await using var db = await databases.CreateDbContextAsync();
            db.LoggedRows.AddRange(entries.Where(e => e.Row is not null).Select(e => e.Row!));
            await db.SaveChangesAsync();
        }
        catch (Exception e) when (e is DbUpdateException or System.Data.Common.DbException)
        {
            foreach (var lost in entries.Where(x => x.Row is not null).CountBy(x => x.Row!.EndpointName)) figures.CountUnlogged(lost.Key, lost.Value);
            logger.LogError(e, "{Count} rows of requests could not be written down", entries.Count);
        }
        foreach (var entry in entries) entry.Written?.TrySetResult();
    }

    /// <summary>Deletes what is older, or more, than each endpoint keeps; of endpoints that are gone, what is older than 30 days.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var name in await db.LoggedRows.Select(r => r.EndpointName).Distinct().ToListAsync(cancellationToken))
        {
            var settings = models.FindEndpoint(name)?.Settings.Log ?? new LogSettings();
            var from = time.GetUtcNow().AddDays(-settings.KeepDays);
            await db.LoggedRows.Where(r => r.EndpointName == name && r.At < from).ExecuteDeleteAsync(cancellationToken);
            var last = await db.LoggedRows.Where(r => r.EndpointName == name).OrderByDescending(r => r.Id).Skip(settings.KeepRows).Select(r => (long?)r.Id).FirstOrDefaultAsync(cancellationToken);
            if (last is { } id) await db.LoggedRows.Where(r => r.EndpointName == name && r.Id <= id).ExecuteDeleteAsync(cancellationToken);
        }
    }
}
