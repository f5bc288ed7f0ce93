namespace ModelWorkbench.Workbench.Serving;

/// <summary>Reads models after the start, one after the other and those whose keys were used last first, so that few callers wait for theirs. When the budget is reached the others are proved and not kept.</summary>
public sealed class ModelWarming(LiveModels models, ModelMemory memory) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The addresses are opened first.
        await Task.Yield();
        foreach (var endpoint in models.Endpoints.OrderByDescending(e => e.KeysByPrefix.Values.Select(k => k.LastUsedTicks).DefaultIfEmpty(0).Max()).ThenBy(e => e.Name, StringComparer.Ordinal).ToArray())
        {
            foreach (var number in endpoint.Routing.InUse.Prepend(endpoint.Champion.Number))
            {
                stoppingToken.ThrowIfCancellationRequested();
                if (endpoint.Versions.GetValueOrDefault(number) is not { Model: null } version) continue;
                if (memory.HasRoom) await models.LoadAsync(endpoint.Name, version, stoppingToken);
                else await models.ProveAsync(endpoint.Name, version);
            }
        }
    }
}
