using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Watches versions that went live a while ago, and rolls back those that do worse than the version before.</summary>
public sealed class VersionGuard(LiveModels models, EndpointStore endpoints, IDbContextFactory<AppDb> databases, TimeProvider time, ILogger<VersionGuard> logger) : BackgroundService
{
    /// <summary>Who the history names.</summary>
    public const string Name = "guard";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var endpoint in models.Endpoints.Where(e => e.Settings.Guard is not null).ToArray())
            {
                try
                {
                    await LookAsync(endpoint, stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    logger.LogError(e, "Endpoint {Name} could not be guarded", endpoint.Name);
                }
            }
        }
    }

    /// <summary>Looks at one endpoint, and rolls it back where its settings say so.</summary>
    /// <returns>Why it was rolled back; null where it was not.</returns>
    public async Task<string?> LookAsync(LiveEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (endpoint.Settings.Guard is not { } guard || endpoint.Champion.Figures is not { } now) return null;
        if (await WentLiveAsync(endpoint, cancellationToken) is not { } went || time.GetUtcNow() - went > TimeSpan.FromMinutes(guard.BakeMinutes)) return null;
        if (await endpoints.VersionBeforeAsync(endpoint.Name, cancellationToken) is not { } before) return null;
        if (Judge(guard, now, endpoint.Versions.GetValueOrDefault(before)?.Figures) is not { } why) return null;
        logger.LogWarning("Endpoint {Name}: version {Version} is rolled back to {Before}: {Why}", endpoint.Name, endpoint.Champion.Number, before, why);
        await endpoints.RollBackAsync(endpoint.Name, Name, why, cancellationToken);
        return why;
    }

    /// <summary>When the version that is live became so by publishing or promoting; null where a rollback made it live, which is trusted.</summary>
    private async Task<DateTimeOffset?> WentLiveAsync(LiveEndpoint endpoint, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var changes = await db.EndpointEvents.AsNoTracking().Where(e => e.EndpointName == endpoint.Name).OrderByDescending(e => e.Id).Select(e => new { e.Kind, e.At, e.LiveVersion }).ToListAsync(cancellationToken);
        var since = changes.TakeWhile(c => c.LiveVersion == endpoint.Champion.Number).LastOrDefault();
        return since?.Kind is EndpointEventKind.Published or EndpointEventKind.Imported or EndpointEventKind.Promoted ? since.At : null;
    }

    /// <summary>What speaks against the version that is live; null for nothing, or too little to judge.</summary>
    /// <param name="before">What the version before did; null where nobody knows, as after a restart: then errors alone count.</param>
    public static string? Judge(GuardSettings guard, VersionFigures now, VersionFigures? before)
    {
        if (now.Requests < guard.MinimumRequests) return null;
        var errors = now.Failures / (double)now.Requests;
        if (errors > guard.MostErrorShare) return FormattableString.Invariant($"{errors:P1} of {now.Requests:N0} requests failed; the guard allows {guard.MostErrorShare:P1}.");
        if (before is null || before.Requests < guard.MinimumRequests) return null;
        var (latency, latencyBefore) = (now.Latency(0.99), before.Latency(0.99));
        if (latency > guard.MostLatencyFactor * latencyBefore) return FormattableString.Invariant($"99 % of the answers took up to {latency / 1000:F2} ms, {latency / latencyBefore:F1} times the {latencyBefore / 1000:F2} ms of the version before; the guard allows {guard.MostLatencyFactor:F1} times.");
        if (now.MissingShare - before.MissingShare > guard.MostMissingRise) return FormattableString.Invariant($"{now.MissingShare:P1} of the values were missing or unseen, before {before.MissingShare:P1}; the guard allows {guard.MostMissingRise:P1} more.");
        var shift = VersionFigures.Shift(now, before);
        return shift > guard.MostPredictionShift ? FormattableString.Invariant($"The answers have shifted: population stability index {shift:F2} beside the version before; the guard allows {guard.MostPredictionShift:F2}.") : null;
    }
}
