using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Something about accounts or workspaces cannot be done; the message is for the person.</summary>
public sealed class AccessException(string message) : Exception(message);

/// <summary>A workspace as one person sees it.</summary>
public sealed record WorkspaceSummary(int Id, string Name, WorkspaceRole Role, int MemberCount);

/// <summary>A person in a workspace.</summary>
public sealed record Member(int UserId, string Name, WorkspaceRole Role, bool IsDisabled);

/// <summary>Workspaces, who belongs to them with which role, and what belongs to them.</summary>
public sealed class Workspaces(IDbContextFactory<AppDb> databases, UploadStore uploads, AuditLog audit, TimeProvider time)
{
    public const int MaxNameLength = 60;

    /// <summary>The claims that bound what a token may do.</summary>
    public const string WorkspaceClaim = "workspace", RoleClaim = "role";

    private static readonly string StampClaim = new ClaimsIdentityOptions().SecurityStampClaimType;

    /// <summary>What a signed-in person, or the token of one, may do now; null where the account is gone or disabled.</summary>
    public async Task<Caller?> CallerAsync(ClaimsPrincipal principal, CancellationToken cancellationToken)
    {
        if (!int.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), NumberStyles.None, CultureInfo.InvariantCulture, out var userId)) return null;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.Id == userId && !u.IsDisabled, cancellationToken) is not { } user) return null;
        // Cookies that were handed out before the person signed out everywhere, or got another password.
        if (principal.FindFirstValue(StampClaim) is { } stamp && stamp != user.SecurityStamp) return null;
        var roles = await db.Members.Where(m => m.UserId == userId).ToDictionaryAsync(m => m.WorkspaceId, m => m.Role, cancellationToken);
        var name = principal.FindFirstValue(ClaimTypes.Name) ?? user.UserName!;
        if (int.TryParse(principal.FindFirstValue(WorkspaceClaim), NumberStyles.None, CultureInfo.InvariantCulture, out var only))
        {
            WorkspaceRole? role = user.IsAdministrator ? WorkspaceRole.Owner : roles.TryGetValue(only, out var held) ? held : null;
            var most = Enum.Parse<WorkspaceRole>(principal.FindFirstValue(RoleClaim)!);
            return new Caller(userId, name, false, only, role is { } own ? new Dictionary<int, WorkspaceRole> { [only] = own < most ? own : most } : []);
        }
        // Taken out of the workspace that was looked at last.
        var current = roles.ContainsKey(user.WorkspaceId) || (user.IsAdministrator && user.WorkspaceId != 0) ? user.WorkspaceId : roles.Keys.Order().FirstOrDefault(user.IsAdministrator ? WorkspaceRow.FirstId : 0);
        return new Caller(userId, name, user.IsAdministrator, current, roles);
    }

    /// <summary>The workspace that a thing belongs to; null where there is no such thing.</summary>
    public async Task<int?> OfAsync(OwnedObject owned, CancellationToken cancellationToken)
    {
        if (owned.Kind == OwnedKind.Upload) return (await uploads.FindAsync(owned.Key, cancellationToken))?.Upload.WorkspaceId;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (owned.Kind == OwnedKind.Endpoint)
            return await db.Endpoints.Where(e => e.Name == owned.Key).Select(e => (int?)e.WorkspaceId).SingleOrDefaultAsync(cancellationToken)
                // The history of one that was deleted.
                ?? await db.EndpointEvents.Where(e => e.EndpointName == owned.Key).OrderByDescending(e => e.Id).Select(e => (int?)e.WorkspaceId).FirstOrDefaultAsync(cancellationToken);
        if (!int.TryParse(owned.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return null;
        return owned.Kind switch
        {
            OwnedKind.Dataset => await db.Datasets.Where(d => d.Id == id).Select(d => (int?)d.WorkspaceId).SingleOrDefaultAsync(cancellationToken),
            OwnedKind.Import => await db.Imports.Where(i => i.Id == id).Select(i => (int?)i.WorkspaceId).SingleOrDefaultAsync(cancellationToken),
            OwnedKind.Experiment => await db.Experiments.Where(e => e.Id == id).Select(e => (int?)e.WorkspaceId).SingleOrDefaultAsync(cancellationToken),
            OwnedKind.Batch => await db.BatchJobs.Where(b => b.Id == id).Select(b => (int?)b.WorkspaceId).SingleOrDefaultAsync(cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(owned), owned.Kind, "Expected a thing that belongs to a workspace."),
        };
    }

    /// <summary>The role of the caller where a thing is; null where there is no such thing, or none that the caller may know of.</summary>
    public async Task<WorkspaceRole?> RoleAtAsync(Caller caller, OwnedObject owned, CancellationToken cancellationToken) =>
        await OfAsync(owned, cancellationToken) is { } workspace ? caller.RoleIn(workspace) : null;

    /// <summary>Those that the caller may look into, by name.</summary>
    public async Task<IReadOnlyList<WorkspaceSummary>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = await db.Workspaces.AsNoTracking().OrderBy(w => w.Name).Select(w => new { w.Id, w.Name, Members = db.Members.Count(m => m.WorkspaceId == w.Id) }).ToListAsync(cancellationToken);
        return [.. all.Where(w => caller.RoleIn(w.Id) is not null).Select(w => new WorkspaceSummary(w.Id, w.Name, caller.RoleIn(w.Id)!.Value, w.Members))];
    }

    /// <summary>Makes a workspace that its maker owns, and in which the maker works from then on.</summary>
    /// <exception cref="AccessException">The name is blank, too long, or taken.</exception>
    public async Task<int> CreateAsync(string name, int ownerId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = new WorkspaceRow { Name = await FreeNameAsync(db, name, 0, cancellationToken), CreatedAt = time.GetUtcNow() };
        db.Workspaces.Add(row);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        db.Members.Add(new MemberRow { WorkspaceId = row.Id, UserId = ownerId, Role = WorkspaceRole.Owner });
        await db.SaveChangesAsync(cancellationToken);
        await SwitchAsync(db, ownerId, row.Id, cancellationToken);
        await audit.AppendAsync(db, "workspace.make", $"workspace {row.Id} ({row.Name})", new { owner = ownerId }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.Id;
    }

    /// <exception cref="AccessException">The name is blank, too long, or taken.</exception>
    public async Task RenameAsync(int workspaceId, string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var free = await FreeNameAsync(db, name, workspaceId, cancellationToken);
        await db.Workspaces.Where(w => w.Id == workspaceId).ExecuteUpdateAsync(set => set.SetProperty(w => w.Name, free), cancellationToken);
        await audit.AppendAsync(db, "workspace.rename", $"workspace {workspaceId} ({free})", cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<string> FreeNameAsync(AppDb db, string name, int ownId, CancellationToken cancellationToken)
    {
        var clean = string.Join(' ', name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (clean.Length is 0 or > MaxNameLength) throw new AccessException($"The name has {clean.Length} characters; expected 1 to {MaxNameLength}.");
        if (await db.Workspaces.AnyAsync(w => w.Name == clean && w.Id != ownId, cancellationToken)) throw new AccessException($"There is another workspace named '{clean}'; expected a name of its own.");
        return clean;
    }

    /// <summary>From now on the person's lists are of this workspace.</summary>
    public async Task SwitchAsync(int userId, int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await SwitchAsync(db, userId, workspaceId, cancellationToken);
    }

    private static Task<int> SwitchAsync(AppDb db, int userId, int workspaceId, CancellationToken cancellationToken) =>
        db.Users.Where(u => u.Id == userId).ExecuteUpdateAsync(set => set.SetProperty(u => u.WorkspaceId, workspaceId), cancellationToken);

    /// <summary>By name.</summary>
    public async Task<IReadOnlyList<Member>> MembersAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Members.Where(m => m.WorkspaceId == workspaceId).Join(db.Users, m => m.UserId, u => u.Id, (m, u) => new { m, u }).OrderBy(x => x.u.UserName)
            .Select(x => new Member(x.u.Id, x.u.UserName!, x.m.Role, x.u.IsDisabled)).ToListAsync(cancellationToken);
    }

    /// <summary>Gives a person a role in a workspace, whether a member already or not.</summary>
    /// <exception cref="AccessException">The workspace would be left without an owner.</exception>
    public Task SetRoleAsync(int workspaceId, int userId, WorkspaceRole role, CancellationToken cancellationToken) => ChangeAsync(workspaceId, userId, role, cancellationToken);

    /// <exception cref="AccessException">The workspace would be left without an owner.</exception>
    public Task RemoveAsync(int workspaceId, int userId, CancellationToken cancellationToken) => ChangeAsync(workspaceId, userId, null, cancellationToken);

    private async Task ChangeAsync(int workspaceId, int userId, WorkspaceRole? role, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // Two owners who put one another down at the same moment: the second waits for the first.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = await db.Members.SingleOrDefaultAsync(m => m.WorkspaceId == workspaceId && m.UserId == userId, cancellationToken);
        var before = row?.Role;
        if (row is null && role is { } first) db.Members.Add(new MemberRow { WorkspaceId = workspaceId, UserId = userId, Role = first });
        else if (row is not null && role is { } other) row.Role = other;
        else if (row is not null) db.Members.Remove(row);
        await db.SaveChangesAsync(cancellationToken);
        if (row is not null && role != WorkspaceRole.Owner && !await db.Members.AnyAsync(m => m.WorkspaceId == workspaceId && m.Role == WorkspaceRole.Owner, cancellationToken))
            throw new AccessException("The workspace would be left without an owner. Make somebody else an owner first.");
        var name = await db.Users.Where(u => u.Id == userId).Select(u => u.UserName).SingleOrDefaultAsync(cancellationToken);
        if (before != role) await audit.AppendAsync(db, role is null ? "member.remove" : "member.role", $"account {userId} ({name})", new { workspace = workspaceId, before, after = role }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
