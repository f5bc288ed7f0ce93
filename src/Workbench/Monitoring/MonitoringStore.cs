using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <param name="Version">Whose requests these are.</param>
/// <param name="RowCount">Logged rows that were looked at.</param>
/// <param name="Columns">The most changed first.</param>
/// <param name="LeftOut">Columns whose training values are not known, or that are masked.</param>
public sealed record DriftReport(int Version, int RowCount, ColumnDrift? Answers, IReadOnlyList<ColumnDrift> Columns, IReadOnlyList<string> LeftOut);

/// <summary>Reads what serving wrote down, and judges it.</summary>
public sealed class MonitoringStore(IDbContextFactory<AppDb> databases, ServingHistory history, RequestLog log, LiveModels models, EndpointStore endpoints, ExperimentStore experiments, AuditLog audit, TimeProvider time)
{
    /// <summary>Of more rows the newest are judged.</summary>
    public const int MostJudgedRows = 20_000;

    public const int MostListedRows = 500;

    /// <param name="hours">Back from now.</param>
    public async Task<TrafficReport> TrafficAsync(string endpoint, int hours, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var step = hours switch { <= 1 => 1, <= 6 => 5, <= 48 => 30, <= 24 * 14 => 60 * 4, _ => 60 * 24 };
        var from = ServingHistory.Floor(now.AddHours(-hours), step);
        var periods = await history.ReadAsync(endpoint, from, cancellationToken);
        var byStep = periods.ToLookup(p => ServingHistory.Floor(p.At, step));
        List<TrafficPoint> points = [];
        for (var at = from; at <= now; at = at.AddMinutes(step)) points.Add(new TrafficPoint(at, Sum(byStep[at])));
        return new TrafficReport(from, step, Sum(periods), points,
            [.. periods.GroupBy(p => (p.Version, p.Key, p.Dialect)).Select(g => new TrafficPart(g.Key.Version, g.Key.Key, g.Key.Dialect, Sum(g))).OrderByDescending(p => p.Counts.Requests)]);
    }

    /// <summary>What was asked in the last minutes, all versions together.</summary>
    public async Task<TrafficCounts> CountsAsync(string endpoint, int minutes, CancellationToken cancellationToken) =>
        Sum(await history.ReadAsync(endpoint, ServingHistory.Floor(time.GetUtcNow().AddMinutes(-minutes), 1), cancellationToken));

    private static TrafficCounts Sum(IEnumerable<ServingPeriodRow> periods)
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
        return new TrafficCounts(answered, invalid, refused, failed, rows, Quantile(0.5), Quantile(0.95), Quantile(0.99));

        double? Quantile(double share) => LatencyHistogram.Quantile(latencies, share) is var value && double.IsNaN(value) ? null : value;
    }

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
        if (AnyCase.Contains(search) is { } pattern)
        {
            rows = rows.Where(r => EF.Functions.Like(r.Values.ToLower(), pattern, AnyCase.Escape) || EF.Functions.Like(r.RequestId.ToLower(), pattern, AnyCase.Escape) || EF.Functions.Like(r.Answer!.ToLower(), pattern, AnyCase.Escape) || EF.Functions.Like(r.Truth!.ToLower(), pattern, AnyCase.Escape) || EF.Functions.Like(r.Problem!.ToLower(), pattern, AnyCase.Escape));
        }
        return await rows.OrderByDescending(r => r.Id).Take(Math.Clamp(most, 1, MostListedRows)).ToListAsync(cancellationToken);
    }

    /// <summary>Forgets the rows of an endpoint; the counts stay.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> ClearLogAsync(string endpoint, CancellationToken cancellationToken)
    {
        await log.FlushAsync(cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var count = await db.LoggedRows.Where(r => r.EndpointName == endpoint).ExecuteDeleteAsync(cancellationToken);
        await audit.AppendAsync(db, "endpoint.log.clear", $"endpoint {endpoint}", new { rows = count }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return count;
    }

    /// <summary>By version, the newest first; versions without a known truth are left out.</summary>
    /// <param name="endpoint">Its name.</param>
    /// <param name="hours">Back from now.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="only">Null for all versions.</param>
    public async Task<IReadOnlyList<LiveQuality>> QualityAsync(string endpoint, int hours, CancellationToken cancellationToken, int? only = null)
    {
        var from = time.GetUtcNow().AddHours(-hours);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.LoggedRows.AsNoTracking().Where(r => r.EndpointName == endpoint && r.At >= from && r.Truth != null && r.Answer != null && (only == null || r.Version == only))
            .OrderByDescending(r => r.Id).Take(MostJudgedRows).Select(r => new { r.Version, r.Answer, r.Truth }).ToListAsync(cancellationToken);
        var versions = (await endpoints.FindAsync(endpoint, cancellationToken))?.Versions ?? [];
        List<LiveQuality> qualities = [];
        foreach (var version in rows.GroupBy(r => r.Version).OrderByDescending(g => g.Key))
        {
            if (await ModelAsync(endpoint, version.Key, cancellationToken) is not { } model) continue;
            var published = versions.SingleOrDefault(v => v.Number == version.Key);
            var trial = published?.ExperimentId is null ? null : await db.Trials.AsNoTracking().SingleOrDefaultAsync(t => t.ExperimentId == published.ExperimentId && t.Number == published.TrialNumber, cancellationToken);
            if (LiveQuality.Judge(version.Key, model.Package.Manifest.Target.Task, version.Select(r => (r.Answer!, r.Truth!)), await PromisedAsync(trial, model.Package.Manifest.Target.Threshold, cancellationToken)) is { } quality) qualities.Add(quality);
        }
        return qualities;
    }

    /// <summary>The metrics of a trial as its version decides; null where they are gone.</summary>
    private async Task<IReadOnlyDictionary<string, double?>?> PromisedAsync(TrialRow? trial, double? threshold, CancellationToken cancellationToken)
    {
        if (trial is null || threshold is null) return trial?.Result?.Metrics;
        try
        {
            return await experiments.ReportAsync(trial, cancellationToken) is { } report ? ThresholdExplorer.Report(report.Validation, threshold).Metrics : null;
        }
        catch (InvalidDataException)
        {
            // The figures of the likelier class would promise something else.
            return null;
        }
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
