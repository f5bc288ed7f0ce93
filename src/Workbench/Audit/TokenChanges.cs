using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Audit;

/// <summary>Tells the audit log of access tokens that are made and revoked, seen where they are written: whichever page or command does so.</summary>
public sealed class TokenChanges(IServiceProvider services) : SaveChangesInterceptor, IDbCommandInterceptor
{
    private readonly ConditionalWeakTable<DbContext, List<(string Action, AccessTokenRow Token)>> _seen = [];

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is { } db)
        {
            List<(string, AccessTokenRow)> changes = [];
            foreach (var entry in db.ChangeTracker.Entries<AccessTokenRow>())
            {
                if (entry.State == EntityState.Added) changes.Add((entry.Entity.Kind switch { AccessTokenKind.SignIn => "sign-in-link.make", AccessTokenKind.Invitation => "invitation.make", _ => "token.make" }, entry.Entity));
                else if (entry.State == EntityState.Deleted || entry.State == EntityState.Modified && entry.Property(t => t.RevokedAt) is { IsModified: true, CurrentValue: not null }) changes.Add(("token.revoke", entry.Entity));
            }
            if (changes.Count > 0) _seen.AddOrUpdate(db, changes);
        }
        return ValueTask.FromResult(result);
    }

    public override async ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is not AppDb db || !_seen.TryGetValue(db, out var changes)) return result;
        _seen.Remove(db);
        foreach (var (action, token) in changes) await RecordAsync(db, action, $"token {token.Prefix}", new { name = token.Name, expires = token.ExpiresAt, user = token.UserId, workspace = token.WorkspaceId, role = token.Role });
        return result;
    }

    /// <remarks>Revoking is one update that passes the change tracker by.</remarks>
    public async ValueTask<int> NonQueryExecutedAsync(DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (result > 0 && eventData is { CommandSource: CommandSource.ExecuteUpdate, Context: AppDb db } && command.CommandText.Contains("\"AccessTokens\"", StringComparison.Ordinal) && command.CommandText.Contains("\"RevokedAt\" = @", StringComparison.Ordinal))
        {
            // Which one it was stands in the condition.
            var id = command.Parameters.Cast<DbParameter>().FirstOrDefault(p => p.ParameterName.TrimStart('@') == "id")?.Value;
            var token = id is null ? null : await db.AccessTokens.AsNoTracking().FirstOrDefaultAsync(t => t.Id == Convert.ToInt32(id, System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
            await RecordAsync(db, "token.revoke", token is null ? "token" : $"token {token.Prefix}", token is null ? new { count = result } : new { name = token.Name });
        }
        return result;
    }

    private async Task RecordAsync(AppDb db, string action, string subject, object details)
    {
        var audit = services.GetRequiredService<AuditLog>();
        // What was asked for is done; that the one who asked has gone meanwhile does not undo it.
        if (db.Database.CurrentTransaction is not null) await audit.AppendAsync(db, action, subject, details, cancellationToken: CancellationToken.None);
        else await audit.RecordAsync(action, subject, details, cancellationToken: CancellationToken.None);
    }
}
