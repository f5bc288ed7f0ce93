using Microsoft.AspNetCore.Identity;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>A person who may sign in.</summary>
public sealed class UserRow : IdentityUser<int>
{
    /// <summary>May make accounts and workspaces, and do in every workspace what its owners may.</summary>
    public bool IsAdministrator { get; set; }

    /// <summary>Can no longer sign in; what the person made stays.</summary>
    public bool IsDisabled { get; set; }

    /// <summary>The workspace whose lists the person sees, and in which new things are made.</summary>
    public int WorkspaceId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When the person last signed in; null for never.</summary>
    public DateTimeOffset? SignedInAt { get; set; }
}

/// <summary>What people make belongs to one of these.</summary>
public sealed class WorkspaceRow
{
    /// <summary>The one that is there from the beginning.</summary>
    public const int FirstId = 1;

    public int Id { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>What a person may do in a workspace.</summary>
public sealed class MemberRow
{
    public int WorkspaceId { get; set; }
    public int UserId { get; set; }
    public WorkspaceRole Role { get; set; }
}

/// <summary>What somebody may do in a workspace; each may what those before it may.</summary>
public enum WorkspaceRole
{
    /// <summary>Look at everything, try models from their form.</summary>
    Viewer = 1,

    /// <summary>Upload, clean, compare, explain, optimise, delete data and experiments.</summary>
    Editor = 2,

    /// <summary>Publish, route traffic, make keys, delete endpoints.</summary>
    Publisher = 3,

    /// <summary>Invite people and choose their roles.</summary>
    Owner = 4,
}
