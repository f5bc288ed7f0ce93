namespace ModelWorkbench.Workbench.Serving;

/// <summary>Writes down once a minute, and at the end, when keys were used last.</summary>
public sealed class KeyUses(LiveModels models, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
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

    private async Task WriteAsync()
    {
        try
        {
            await models.WriteLastUsesAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Nothing hangs on it; the next minute tries again.
            logger.LogWarning(e, "The last uses of keys could not be written");
        }
    }
}
