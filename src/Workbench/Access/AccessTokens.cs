using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>One-time sign-in links for browsers and bearer tokens for the management API.</summary>
public sealed class AccessTokens(IDbContextFactory<AppDb> databases, TimeProvider time)
{
    private static readonly TimeSpan SignInLifetime = TimeSpan.FromHours(12);
    private static readonly TimeSpan ManagementLifetime = TimeSpan.FromDays(365);

    /// <summary>Makes the only valid sign-in token; earlier unused ones stop working.</summary>
    public async Task<string> CreateSignInAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.AccessTokens.Where(t => t.Kind == AccessTokenKind.SignIn).ExecuteDeleteAsync(cancellationToken);
        return await AddAsync(db, AccessTokenKind.SignIn, "sign-in link", SignInLifetime, cancellationToken);
    }

    public async Task<string> CreateManagementAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await AddAsync(db, AccessTokenKind.Management, name, ManagementLifetime, cancellationToken);
    }

    /// <summary>Whether this sign-in token is valid; it is used up by asking.</summary>
    public async Task<bool> UseSignInAsync(string text, CancellationToken cancellationToken)
    {
        if (await FindAsync(text, AccessTokenKind.SignIn, cancellationToken) is not { UsedAt: null } token) return false;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        // The condition in the update decides between two browsers that come at the same moment.
        return await db.AccessTokens.Where(t => t.Id == token.Id && t.UsedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.UsedAt, now), cancellationToken) == 1;
    }

    public async Task<AccessTokenRow?> FindManagementAsync(string text, CancellationToken cancellationToken) =>
        await FindAsync(text, AccessTokenKind.Management, cancellationToken);

    public async Task<IReadOnlyList<AccessTokenRow>> ListManagementAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.AccessTokens.AsNoTracking().Where(t => t.Kind == AccessTokenKind.Management).OrderByDescending(t => t.CreatedAt).ToListAsync(cancellationToken);
    }

    public async Task RevokeAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.AccessTokens.Where(t => t.Id == id && t.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(t => t.RevokedAt, now), cancellationToken);
    }

    private async Task<AccessTokenRow?> FindAsync(string text, AccessTokenKind kind, CancellationToken cancellationToken)
    {
        if (Secret.PrefixOf(text) is not { } prefix) return null;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = await db.AccessTokens.AsNoTracking().SingleOrDefaultAsync(t => t.Prefix == prefix && t.Kind == kind && t.RevokedAt == null, cancellationToken);
        return row is not null && row.ExpiresAt > time.GetUtcNow() && Secret.Matches(text, row.Hash) ? row : null;
    }

    private async Task<string> AddAsync(AppDb db, AccessTokenKind kind, string name, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var secret = Secret.Create(kind == AccessTokenKind.SignIn ? "mws" : "mwt");
        var now = time.GetUtcNow();
        db.AccessTokens.Add(new AccessTokenRow { Kind = kind, Name = name, Prefix = secret.Prefix, Hash = secret.Hash, CreatedAt = now, ExpiresAt = now + lifetime });
        await db.SaveChangesAsync(cancellationToken);
        return secret.Text;
    }
}
