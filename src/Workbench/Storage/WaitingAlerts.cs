using Microsoft.EntityFrameworkCore;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Alerts that are up and that nobody has acknowledged or muted: what every page says that somebody should look at.</summary>
public sealed class WaitingAlerts(IDbContextFactory<AppDb> databases, TimeProvider time)
{
    /// <summary>An alert was raised, cleared, acknowledged or muted.</summary>
    public event Action? Changed;

    public void NoteChange() => Changed?.Invoke();

    /// <summary>Those of a workspace, the newest first.</summary>
    public async Task<IReadOnlyList<AlertRow>> ListAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.Alerts.AsNoTracking().Where(a => a.WorkspaceId == workspaceId && a.ClearedAt == null && a.AcknowledgedAt == null).OrderByDescending(a => a.Id).ToListAsync(cancellationToken);
        if (rows.Count == 0) return rows;
        var names = rows.Select(r => r.EndpointName).Distinct().ToArray();
        var settings = await db.Endpoints.AsNoTracking().Where(e => names.Contains(e.Name)).ToDictionaryAsync(e => e.Name, e => e.Settings, cancellationToken);
        return [.. rows.Where(r => settings.TryGetValue(r.EndpointName, out var known) && !known.Alerts.IsMuted(time.GetUtcNow()))];
    }
}
