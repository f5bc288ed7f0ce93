using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Looks at every endpoint again and again, and raises and clears its alerts: at requests every minute, at rows and truths every five where some have come.</summary>
public sealed class AlertWatch(LiveModels models, MonitoringStore monitoring, ServingHistory history, RequestLog log, AlertStore alerts, IDbContextFactory<AppDb> databases, TimeProvider time, ILogger<AlertWatch> logger) : BackgroundService
{
    private const int MinutesBetweenRows = 5;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private static readonly AlertKind[] OfRequests = [AlertKind.ErrorShare, AlertKind.InvalidShare, AlertKind.Latency, AlertKind.Silence];
    private static readonly AlertKind[] OfRows = [AlertKind.MissingRise, AlertKind.UnseenShare, AlertKind.ColumnDrift, AlertKind.AnswerDrift];
    private static readonly AlertKind[] OfTruths = [AlertKind.QualityLoss];

    // What was looked at last: the newest row, the version and the rules.
    private readonly ConcurrentDictionary<string, (long Row, int Version, AlertRules Rules)> _seen = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        for (var minute = 0; await timer.WaitForNextTickAsync(stoppingToken); minute++)
        {
            foreach (var endpoint in models.Endpoints.ToArray())
            {
                try
                {
                    await LookAsync(endpoint, minute % MinutesBetweenRows == 0, stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    logger.LogError(e, "Endpoint {Name} could not be watched", endpoint.Name);
                }
            }
            if (minute % (24 * 60) == 0) await alerts.CleanAsync(stoppingToken);
        }
    }

    /// <summary>Looks at one endpoint.</summary>
    /// <param name="endpoint">As it is now.</param>
    /// <param name="withRows">Whether rows and truths are looked at too.</param>
    /// <param name="cancellationToken">Ends the look; what was not taken over is looked at again.</param>
    public async Task LookAsync(LiveEndpoint endpoint, bool withRows, CancellationToken cancellationToken)
    {
        var rules = endpoint.Settings.Alerts;
        var last = rules.MostSilentMinutes is null ? null : await history.LastRequestAsync(endpoint.Name, cancellationToken);
        var since = last > endpoint.CreatedAt ? last.Value : endpoint.CreatedAt;
        await alerts.TakeAsync(endpoint, rules.Read(await monitoring.CountsAsync(endpoint.Name, rules.WindowMinutes, cancellationToken), (time.GetUtcNow() - since).TotalMinutes), OfRequests, cancellationToken);
        if (!withRows) return;
        await log.FlushAsync(cancellationToken);
        var version = endpoint.Champion.Number;
        if (await NewestRowAsync(endpoint.Name, version, rules.DriftHours, cancellationToken) is { } row)
        {
            // Nobody asks a model for its training values whose endpoint rests.
            if ((row, version, rules) is var now && (!_seen.TryGetValue(endpoint.Name, out var seen) || seen != now) && await monitoring.DriftAsync(endpoint.Name, version, rules.DriftHours, cancellationToken) is { } drift)
            {
                await alerts.TakeAsync(endpoint, rules.Read(drift.Answers, drift.Columns), OfRows, cancellationToken);
                _seen[endpoint.Name] = now;
            }
        }
        else
        {
            await alerts.TakeAsync(endpoint, null, OfRows, cancellationToken);
        }
        var quality = rules.MostQualityLoss is null ? [] : await monitoring.QualityAsync(endpoint.Name, rules.DriftHours, cancellationToken, version);
        await alerts.TakeAsync(endpoint, rules.Read(quality.Count == 0 ? null : quality[0]), OfTruths, cancellationToken);
    }

    private async Task<long?> NewestRowAsync(string endpoint, int version, int hours, CancellationToken cancellationToken)
    {
        var from = time.GetUtcNow().AddHours(-hours);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.LoggedRows.Where(r => r.EndpointName == endpoint && r.At >= from && r.Version == version && r.Problem == null).OrderByDescending(r => r.Id).Select(r => (long?)r.Id).FirstOrDefaultAsync(cancellationToken);
    }
}
