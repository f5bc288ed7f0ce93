using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>An alert as others see it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Subject">A column; empty where the whole endpoint is meant.</param>
/// <param name="Version">That was live when it was raised.</param>
/// <param name="RaisedFigure">When it was raised, in the unit of the kind.</param>
/// <param name="Figure">As it was read last.</param>
/// <param name="ClearedAt">Null while it is up.</param>
/// <param name="ClearedWhy">Where the figure did not do it.</param>
/// <param name="Text">For people.</param>
public sealed record AlertAnswer(
    int Id, AlertKind Kind, string Subject, int Version, DateTimeOffset RaisedAt, double RaisedFigure, double Figure, double Threshold, DateTimeOffset? ClearedAt, string? ClearedWhy, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy, string Text)
{
    public static AlertAnswer Of(AlertRow row) => new(row.Id, row.Kind, row.Subject, row.Version, row.RaisedAt, row.RaisedFigure, row.Figure, row.Threshold, row.ClearedAt, row.ClearedWhy, row.AcknowledgedAt, row.AcknowledgedBy, AlertText.Of(row));
}

/// <summary>Alerts of endpoints: those that are up, and those that were.</summary>
public sealed class AlertStore(IDbContextFactory<AppDb> databases, EndpointStore endpoints, Webhooks webhooks, WaitingAlerts waiting, AuditLog audit, TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(366);

    /// <summary>Those of an endpoint, the newest first.</summary>
    public async Task<IReadOnlyList<AlertRow>> ListAsync(string endpoint, bool isUp, int most, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Alerts.AsNoTracking().Where(a => a.EndpointName == endpoint && (!isUp || a.ClearedAt == null)).OrderByDescending(a => a.Id).Take(most).ToListAsync(cancellationToken);
    }

    /// <summary>Somebody has seen it; it is not counted any more, and stays up until its figure is well again.</summary>
    /// <returns>Null where there is no such alert.</returns>
    public async Task<AlertRow?> AcknowledgeAsync(string endpoint, int id, string who, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.Alerts.SingleOrDefaultAsync(a => a.Id == id && a.EndpointName == endpoint, cancellationToken) is not { } row) return null;
        if (row.AcknowledgedAt is null)
        {
            (row.AcknowledgedAt, row.AcknowledgedBy) = (time.GetUtcNow(), who);
            await db.SaveChangesAsync(cancellationToken);
            await audit.AppendAsync(db, "endpoint.alert.acknowledge", $"endpoint {endpoint}", new { alert = id, row.Kind, row.Subject }, actor: Actor.Current with { Name = who }, cancellationToken: cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            waiting.NoteChange();
        }
        return row;
    }

    /// <summary>Writes alerts down for a while without telling anybody.</summary>
    /// <param name="endpoint">Its name.</param>
    /// <param name="minutes">From now; 0 ends it.</param>
    /// <param name="who">For the history.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where there is no such endpoint.</returns>
    public async Task<bool> MuteAsync(string endpoint, int minutes, string who, CancellationToken cancellationToken)
    {
        if (await endpoints.FindAsync(endpoint, cancellationToken) is not { } row) return false;
        var until = minutes == 0 ? (DateTimeOffset?)null : time.GetUtcNow().AddMinutes(minutes);
        var done = await endpoints.SetSettingsAsync(endpoint, row.Settings with { Alerts = row.Settings.Alerts with { MutedUntil = until } }, who, cancellationToken);
        waiting.NoteChange();
        return done;
    }

    /// <summary>Takes readings over: raises and clears, writes it down together with what the webhook is to be told.</summary>
    /// <param name="endpoint">As it is now.</param>
    /// <param name="readings">Null where nothing can be said of the live version: then what was said of another one is cleared alone.</param>
    /// <param name="kinds">That were looked at. An alert of such a kind without a reading is not watched any more, and cleared.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task TakeAsync(LiveEndpoint endpoint, IReadOnlyList<AlertReading>? readings, IReadOnlyCollection<AlertKind> kinds, CancellationToken cancellationToken)
    {
        var (now, version) = (time.GetUtcNow(), endpoint.Champion.Number);
        var isMuted = endpoint.Settings.Alerts.IsMuted(now);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var up = (await db.Alerts.Where(a => a.EndpointName == endpoint.Name && a.ClearedAt == null).ToListAsync(cancellationToken)).Where(a => kinds.Contains(a.Kind)).ToDictionary(a => (a.Kind, a.Subject));
        var hasWebhook = await db.Webhooks.AnyAsync(w => w.EndpointName == endpoint.Name, cancellationToken);
        List<AlertRow> raised = [], cleared = [];
        foreach (var reading in readings ?? [])
        {
            var known = up.GetValueOrDefault((reading.Kind, reading.Subject));
            up.Remove((reading.Kind, reading.Subject));
            // What was said of one version is not said of the next.
            if (known is not null && known.Version != version && reading.Kind is not (AlertKind.ErrorShare or AlertKind.InvalidShare or AlertKind.Latency or AlertKind.Silence))
            {
                Clear(known, $"Version {version} is live now.");
                known = null;
            }
            var (course, step) = new AlertCourse(known is not null, known?.CalmLooks ?? 0).Next(reading);
            if (step == AlertStep.Raise)
            {
                var row = new AlertRow { WorkspaceId = endpoint.WorkspaceId, EndpointName = endpoint.Name, Kind = reading.Kind, Subject = reading.Subject, Version = version, RaisedAt = now, RaisedFigure = reading.Figure!.Value, Figure = reading.Figure.Value, Threshold = reading.Threshold, IsTold = hasWebhook && !isMuted };
                db.Alerts.Add(row);
                raised.Add(row);
                continue;
            }
            if (known is null) continue;
            known.CalmLooks = course.CalmLooks;
            if (reading.Figure is { } figure) (known.Figure, known.Threshold) = (figure, reading.Threshold);
            if (step == AlertStep.Clear) Clear(known, null);
        }
        foreach (var row in up.Values)
        {
            if (row.Version != version) Clear(row, $"Version {version} is live now.");
            else if (readings is not null) Clear(row, "It is not watched any more.");
        }
        if (!db.ChangeTracker.HasChanges()) return;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // First, as the number of a new alert stands in what is told.
        await db.SaveChangesAsync(cancellationToken);
        foreach (var row in raised.Where(r => r.IsTold)) Tell(row, "alert.raised");
        foreach (var row in cleared.Where(r => r.IsTold && hasWebhook)) Tell(row, "alert.cleared");
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (raised.Count + cleared.Count == 0) return;
        webhooks.Wake();
        waiting.NoteChange();

        void Clear(AlertRow row, string? why)
        {
            (row.ClearedAt, row.ClearedWhy) = (now, why);
            cleared.Add(row);
        }

        void Tell(AlertRow row, string what) => webhooks.Add(db, row.EndpointName, what, new AlertBody(what, row.EndpointName, version, now, AlertText.Of(row), AlertAnswer.Of(row)));
    }

    /// <summary>Deletes what was cleared more than a year ago.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - Kept;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Alerts.Where(a => a.ClearedAt != null && a.ClearedAt < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
