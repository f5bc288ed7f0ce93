using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>What a management token may do at most.</summary>
/// <param name="WorkspaceId">The only workspace.</param>
/// <param name="Role">What its holder may do there, if the person may.</param>
public sealed record TokenBounds(int WorkspaceId, WorkspaceRole Role);

/// <summary>An invitation that can be followed.</summary>
/// <param name="InvitedBy">Name of the person; null where the account is gone.</param>
/// <param name="Email">Whoever proves by single sign-on to have it needs no link; null for the link alone.</param>
public sealed record Invitation(int Id, int WorkspaceId, string WorkspaceName, WorkspaceRole Role, string? InvitedBy, DateTimeOffset ExpiresAt, string? Email = null);

/// <summary>One-time sign-in links and invitations for browsers, and bearer tokens for the management API.</summary>
public sealed class AccessTokens(IDbContextFactory<AppDb> databases, AuditLog audit, TimeProvider time)
{
    private static readonly TimeSpan SignInLifetime = TimeSpan.FromHours(12);
    private static readonly TimeSpan InvitationLifetime = TimeSpan.FromDays(7);

    /// <summary>A token that nobody set an end to ends after so many days.</summary>
    public const int DefaultDays = 365;

    /// <summary>Makes the person's only valid sign-in token; earlier unused ones stop working.</summary>
    public async Task<string> CreateSignInAsync(int userId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.AccessTokens.Where(t => t.Kind == AccessTokenKind.SignIn && t.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        return await AddAsync(db, AccessTokenKind.SignIn, "sign-in link", SignInLifetime, row => row.UserId = userId, cancellationToken);
    }

    /// <param name="bounds">Null lets it do all that the person may.</param>
    public async Task<string> CreateManagementAsync(string name, int userId, TokenBounds? bounds, int days, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await AddAsync(db, AccessTokenKind.Management, name, TimeSpan.FromDays(days), row => (row.UserId, row.WorkspaceId, row.Role) = (userId, bounds?.WorkspaceId, bounds?.Role), cancellationToken);
    }

    /// <param name="email">Whoever proves by single sign-on to have it needs no link; null for the link alone.</param>
    /// <exception cref="AccessException">It is no address that can be compared.</exception>
    public async Task<string> CreateInvitationAsync(int workspaceId, WorkspaceRole role, int invitedBy, string? email, CancellationToken cancellationToken)
    {
        var address = ProviderAccounts.Address(email);
        if (address is null && !string.IsNullOrWhiteSpace(email)) throw new AccessException($"'{email}' is no e-mail address that can be used; expected one such as ann@example.org, in plain letters.");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await AddAsync(db, AccessTokenKind.Invitation, "invitation", InvitationLifetime, row => (row.UserId, row.WorkspaceId, row.Role, row.Email) = (invitedBy, workspaceId, role, address?.ToLowerInvariant()), cancellationToken);
    }

    /// <summary>The newest open invitation to an address; null where there is none.</summary>
    public async Task<Invitation?> FindInvitationToAsync(string email, CancellationToken cancellationToken)
    {
        var address = email.ToLowerInvariant();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Open(db, db.AccessTokens.Where(t => t.Email == address).OrderByDescending(t => t.Id)).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Whom this sign-in token signs in, or null where it is not valid; it is used up by asking.</summary>
    public async Task<int?> UseSignInAsync(string text, CancellationToken cancellationToken)
    {
        if (await FindAsync(text, AccessTokenKind.SignIn, cancellationToken) is not { UsedAt: null } token) return null;
        return await UseAsync(token.Id, cancellationToken) ? token.UserId : null;
    }

    /// <summary>What an invitation offers; null where it is not valid (any more).</summary>
    public async Task<Invitation?> FindInvitationAsync(string text, CancellationToken cancellationToken)
    {
        if (await FindAsync(text, AccessTokenKind.Invitation, cancellationToken) is not { UsedAt: null } token) return null;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Open(db, db.AccessTokens.Where(t => t.Id == token.Id)).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Uses an invitation up.</summary>
    /// <returns>Whether it was still open.</returns>
    public async Task<bool> UseAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        // The condition in the update decides between two browsers that come at the same moment.
        return await db.AccessTokens.Where(t => t.Id == id && t.UsedAt == null && t.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(t => t.UsedAt, now), cancellationToken) == 1;
    }

    /// <summary>Invitations to a workspace that nobody has followed yet, newest first.</summary>
    public async Task<IReadOnlyList<Invitation>> ListInvitationsAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Open(db, db.AccessTokens.Where(t => t.WorkspaceId == workspaceId).OrderByDescending(t => t.Id)).ToListAsync(cancellationToken);
    }

    private IQueryable<Invitation> Open(AppDb db, IQueryable<AccessTokenRow> among)
    {
        var now = time.GetUtcNow();
        return from t in among
               where t.Kind == AccessTokenKind.Invitation && t.UsedAt == null && t.RevokedAt == null && t.ExpiresAt > now
               join w in db.Workspaces on t.WorkspaceId equals w.Id
               select new Invitation(t.Id, w.Id, w.Name, t.Role!.Value, db.Users.Where(u => u.Id == t.UserId).Select(u => u.UserName).FirstOrDefault(), t.ExpiresAt, t.Email);
    }

    public Task<AccessTokenRow?> FindManagementAsync(string text, CancellationToken cancellationToken) => FindAsync(text, AccessTokenKind.Management, cancellationToken);

    /// <summary>The account that was there first and administers; whoever can run a command beside the data folder may act for it.</summary>
    /// <exception cref="InvalidDataException">Every administrator is gone or disabled.</exception>
    public async Task<int> FirstAdministratorAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Users.Where(u => u.IsAdministrator && !u.IsDisabled).OrderBy(u => u.Id).Select(u => (int?)u.Id).FirstOrDefaultAsync(cancellationToken)
            ?? throw new InvalidDataException("There is no account of an administrator; expected at least one.");
    }

    /// <summary>A person's own tokens, newest first.</summary>
    public async Task<IReadOnlyList<AccessTokenRow>> ListManagementAsync(int userId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.AccessTokens.AsNoTracking().Where(t => t.Kind == AccessTokenKind.Management && t.UserId == userId).OrderByDescending(t => t.CreatedAt).ToListAsync(cancellationToken);
    }

    public async Task RevokeAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.AccessTokens.SingleOrDefaultAsync(t => t.Id == id && t.RevokedAt == null, cancellationToken) is not { } row) return;
        row.RevokedAt = time.GetUtcNow();
        await db.SaveChangesAsync(cancellationToken);
        await audit.AppendAsync(db, "token.revoke", $"token {row.Prefix}", new { name = row.Name }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<AccessTokenRow?> FindAsync(string text, AccessTokenKind kind, CancellationToken cancellationToken)
    {
        if (Secret.PrefixOf(text) is not { } prefix) return null;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = await db.AccessTokens.AsNoTracking().SingleOrDefaultAsync(t => t.Prefix == prefix && t.Kind == kind && t.RevokedAt == null, cancellationToken);
        return row is not null && row.ExpiresAt > time.GetUtcNow() && Secret.Matches(text, row.Hash) ? row : null;
    }

    private async Task<string> AddAsync(AppDb db, AccessTokenKind kind, string name, TimeSpan lifetime, Action<AccessTokenRow> bind, CancellationToken cancellationToken)
    {
        var (prefix, action) = kind switch { AccessTokenKind.SignIn => ("mws", "sign-in-link.make"), AccessTokenKind.Invitation => ("mwi", "invitation.make"), _ => ("mwt", "token.make") };
        var secret = Secret.Create(prefix);
        var now = time.GetUtcNow();
        var row = new AccessTokenRow { Kind = kind, Name = name, Prefix = secret.Prefix, Hash = secret.Hash, CreatedAt = now, ExpiresAt = now + lifetime };
        bind(row);
        db.AccessTokens.Add(row);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await audit.AppendAsync(db, action, $"token {row.Prefix}", new { name = row.Name, expires = row.ExpiresAt, user = row.UserId, workspace = row.WorkspaceId, role = row.Role, email = row.Email }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return secret.Text;
    }
}
