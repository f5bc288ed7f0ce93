using ModelWorkbench.Workbench.Audit;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Writes down once a minute, and at the end, when keys were used last and which have used up their quota of the day.</summary>
public sealed class KeyUses(LiveModels models, CallerLimits limits, AuditLog audit, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteAsync();
        }
        catch (OperationCanceledException)
        {
            await WriteAsync();
        }
    }

    /// <summary>Writes what came up since the last time.</summary>
    public async Task WriteAsync()
    {
        try
        {
            await models.WriteLastUsesAsync(CancellationToken.None);
            foreach (var spent in limits.TakeSpent())
                await audit.RecordAsync("endpoint.quota", $"endpoint {spent.Endpoint}", new { Key = spent.Key.Length > 0 ? spent.Key : "without a key", spent.RequestsPerDay }, AuditResult.Refused);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Nothing hangs on it; the next minute tries again.
            logger.LogWarning(e, "The last uses and spent quotas of keys could not be written");
        }
    }
}
