using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Counts and latencies of requests; latencies in microseconds, NaN where nothing was answered.</summary>
public sealed record TrafficCounts(long Answered, long Invalid, long Refused, long Failed, long Rows, double P50, double P95, double P99)
{
    public long Requests => Answered + Invalid + Refused + Failed;

    internal static TrafficCounts Of(IEnumerable<ServingPeriodRow> periods)
    {
        var latencies = new int[LatencyHistogram.BinCount];
        long answered = 0, invalid = 0, refused = 0, failed = 0, rows = 0;
        foreach (var period in periods)
        {
            answered += period.Answered;
            invalid += period.Invalid;
            refused += period.Refused;
            failed += period.Failed;
            rows += period.Rows;
            foreach (var (bin, count) in period.Latencies)
                if (bin >= 0 && bin < latencies.Length) latencies[bin] += count;
        }
        return new TrafficCounts(answered, invalid, refused, failed, rows, LatencyHistogram.Quantile(latencies, 0.5), LatencyHistogram.Quantile(latencies, 0.95), LatencyHistogram.Quantile(latencies, 0.99));
    }
}

/// <param name="At">When the period began; it lasts <see cref="TrafficReport.StepMinutes"/>.</param>
public sealed record TrafficPoint(DateTimeOffset At, TrafficCounts Counts);

public sealed record TrafficPart(int Version, string Key, string Dialect, TrafficCounts Counts);

/// <param name="From">Until now.</param>
/// <param name="StepMinutes">Length of a period of <paramref name="Points"/>.</param>
/// <param name="Total">Of all periods together.</param>
/// <param name="Points">By time, also those without a request.</param>
/// <param name="Parts">By version, key and dialect, the busiest first.</param>
public sealed record TrafficReport(DateTimeOffset From, int StepMinutes, TrafficCounts Total, IReadOnlyList<TrafficPoint> Points, IReadOnlyList<TrafficPart> Parts);

/// <summary>How a version did on rows whose truth is known, beside what its training promised.</summary>
/// <param name="RowCount">Rows with truth.</param>
/// <param name="Metric">Accuracy for classes, mean absolute error for numbers.</param>
/// <param name="Low">End of the 95 % interval: Wilson's for a share; for an error the mean ± 1.96 standard errors.</param>
/// <param name="High">The other end.</param>
/// <param name="InTraining">The same metric on rows that the trial had not seen; null where the experiment is gone.</param>
public sealed record LiveQuality(int Version, int RowCount, Metric Metric, double Value, double Low, double High, double? InTraining);

/// <param name="Version">Whose requests these are.</param>
/// <param name="RowCount">Logged rows that were looked at.</param>
/// <param name="Columns">The most changed first.</param>
/// <param name="LeftOut">Columns whose training values are not known, or that are masked.</param>
public sealed record DriftReport(int Version, int RowCount, ColumnDrift? Answers, IReadOnlyList<ColumnDrift> Columns, IReadOnlyList<string> LeftOut);

/// <summary>Reads what serving wrote down, and judges it.</summary>
public sealed class MonitoringStore(IDbContextFactory<AppDb> databases, ServingHistory history, RequestLog log, LiveModels models, TimeProvider time)
{
    /// <summary>Of more rows the newest are judged.</summary>
    public const int MostJudgedRows = 20_000;

    public const int MostListedRows = 500;

    /// <param name="hours">Back from now.</param>
    public async Task<TrafficReport> TrafficAsync(string endpoint, int hours, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var step = hours switch { <= 1 => 1, <= 6 => 5, <= 48 => 30, <= 24 * 14 => 60 * 4, _ => 60 * 24 };
        var from = Floor(now.AddHours(-hours), step);
        var periods = await history.ReadAsync(endpoint, from, cancellationToken);
        var byStep = periods.ToLookup(p => Floor(p.At, step));
        List<TrafficPoint> points = [];
        for (var at = from; at <= now; at = at.AddMinutes(step)) points.Add(new TrafficPoint(at, TrafficCounts.Of(byStep[at])));
        return new TrafficReport(from, step, TrafficCounts.Of(periods), points,
            [.. periods.GroupBy(p => (p.Version, p.Key, p.Dialect)).Select(g => new TrafficPart(g.Key.Version, g.Key.Key, g.Key.Dialect, TrafficCounts.Of(g))).OrderByDescending(p => p.Counts.Requests)]);
    }

    private static DateTimeOffset Floor(DateTimeOffset at, int minutes) => new(at.UtcTicks - at.UtcTicks % (minutes * TimeSpan.TicksPerMinute), TimeSpan.Zero);

    /// <summary>Logged rows, the newest first.</summary>
    /// <param name="search">Found in a value, an answer, a truth or a request's id, in any case; null for all.</param>
    /// <param name="refused">Whether refused requests alone are meant.</param>
    /// <param name="before">Rows with a smaller id alone; for the next page.</param>
    public async Task<IReadOnlyList<LoggedRow>> LogAsync(string endpoint, string? search, bool refused, long? before, int most, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = db.LoggedRows.AsNoTracking().Where(r => r.EndpointName == endpoint);
        if (refused) rows = rows.Where(r => r.Problem != null);
        if (before is { } id) rows = rows.Where(r => r.Id < id);
        if (!string.IsNullOrWhiteSpace(search))
        {
            var pattern = "%" + search.Trim().Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_") + "%";
            rows = rows.Where(r => EF.Functions.Like(r.Values, pattern, "\\") || EF.Functions.Like(r.RequestId, pattern, "\\") || EF.Functions.Like(r.Answer!, pattern, "\\") || EF.Functions.Like(r.Truth!, pattern, "\\") || EF.Functions.Like(r.Problem!, pattern, "\\"));
        }
        return await rows.OrderByDescending(r => r.Id).Take(Math.Clamp(most, 1, MostListedRows)).ToListAsync(cancellationToken);
    }

    /// <summary>Forgets the rows of an endpoint; the counts stay.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> ClearLogAsync(string endpoint, CancellationToken cancellationToken)
    {
        await log.FlushAsync(cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.LoggedRows.Where(r => r.EndpointName == endpoint).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>By version, the newest first; versions without a known truth are left out.</summary>
    public async Task<IReadOnlyList<LiveQuality>> QualityAsync(string endpoint, int hours, CancellationToken cancellationToken)
    {
        var from = time.GetUtcNow().AddHours(-hours);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.LoggedRows.AsNoTracking().Where(r => r.EndpointName == endpoint && r.At >= from && r.Truth != null && r.Answer != null)
            .OrderByDescending(r => r.Id).Take(MostJudgedRows).Select(r => new { r.Version, r.Answer, r.Truth }).ToListAsync(cancellationToken);
        List<LiveQuality> qualities = [];
        foreach (var version in rows.GroupBy(r => r.Version).OrderByDescending(g => g.Key))
        {
            if (await ModelAsync(endpoint, version.Key, cancellationToken) is not { } model) continue;
            var isNumber = model.Package.Manifest.Target.Task == LearningTask.Regression;
            var metric = isNumber ? Metric.Mae : Metric.Accuracy;
            double[] scores = isNumber
                ? [.. version.Select(r => Math.Abs(Parse(r.Answer!) - Parse(r.Truth!))).Where(double.IsFinite)]
                : [.. version.Select(r => r.Answer == r.Truth ? 1.0 : 0.0)];
            if (scores.Length == 0) continue;
            var (low, high) = isNumber ? MeanInterval(scores) : WilsonInterval(scores.Sum(), scores.Length);
            var trial = await (from v in db.EndpointVersions
                               join e in db.Endpoints on v.EndpointId equals e.Id
                               join t in db.Trials on new { v.ExperimentId, Number = v.TrialNumber } equals new { t.ExperimentId, t.Number }
                               where e.Name == endpoint && v.Number == version.Key
                               select t).AsNoTracking().FirstOrDefaultAsync(cancellationToken);
            qualities.Add(new LiveQuality(version.Key, scores.Length, metric, scores.Average(), low, high, trial?.Result?.Metrics.GetValueOrDefault(metric.Id)));
        }
        return qualities;
    }

    private static double Parse(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    /// <remarks>Wilson (1927), Journal of the American Statistical Association 22.</remarks>
    private static (double Low, double High) WilsonInterval(double right, double count)
    {
        const double z = 1.959964;
        var share = right / count;
        var middle = (share + z * z / (2 * count)) / (1 + z * z / count);
        var half = z / (1 + z * z / count) * Math.Sqrt(share * (1 - share) / count + z * z / (4 * count * count));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    private static (double Low, double High) MeanInterval(double[] values)
    {
        var mean = values.Average();
        var half = values.Length < 2 ? double.NaN : 1.959964 * Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1) / values.Length);
        return (mean - half, mean + half);
    }

    /// <summary>How far the rows that a version was sent are from those it was trained on.</summary>
    /// <param name="version">Null for the live one.</param>
    /// <returns>Null where there is no such version.</returns>
    public async Task<DriftReport?> DriftAsync(string endpoint, int? version, int hours, CancellationToken cancellationToken)
    {
        if ((version ?? models.FindEndpoint(endpoint)?.Champion.Number) is not { } number) return null;
        if (await ModelAsync(endpoint, number, cancellationToken) is not { } model) return null;
        var from = time.GetUtcNow().AddHours(-hours);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.LoggedRows.AsNoTracking().Where(r => r.EndpointName == endpoint && r.Version == number && r.At >= from && r.Problem == null)
            .OrderByDescending(r => r.Id).Take(MostJudgedRows).Select(r => new { r.Values, r.Answer }).ToListAsync(cancellationToken);
        var manifest = model.Package.Manifest;
        var live = manifest.Signature.Used.ToDictionary(i => i.Name, LiveDistribution.Of, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var answers = manifest.Answers is null ? null : new LiveDistribution(manifest.Answers, manifest.Answers.LowerBounds is null ? manifest.Target.Classes : null);
        foreach (var row in rows)
        {
            answers?.Add(row.Answer);
            using var values = JsonDocument.Parse(row.Values);
            foreach (var value in values.RootElement.EnumerateObject())
            {
                if (live.GetValueOrDefault(value.Name) is not { } column) continue;
                seen.Add(value.Name);
                if (value.Value.ValueKind == JsonValueKind.Number) column.Add(value.Value.GetDouble());
                else column.Add(value.Value.GetString());
            }
        }
        return new DriftReport(number, rows.Count, answers is null || rows.Count == 0 ? null : ColumnDrift.Measure(manifest.Target.Column, answers),
            [.. live.Where(l => l.Value is not null && seen.Contains(l.Key)).Select(l => ColumnDrift.Measure(l.Key, l.Value!)).OrderByDescending(c => c.Level).ThenByDescending(c => c.Psi)],
            [.. manifest.Signature.Used.Select(i => i.Name).Where(n => live[n] is null || !seen.Contains(n))]);
    }

    private async ValueTask<LiveModel?> ModelAsync(string endpoint, int version, CancellationToken cancellationToken) =>
        models.FindEndpoint(endpoint)?.Versions.GetValueOrDefault(version) is { } live ? await models.LoadAsync(endpoint, live, cancellationToken) : null;
}
