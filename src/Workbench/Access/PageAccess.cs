using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>What the person before a page may do with what it shows.</summary>
/// <param name="WorkspaceId">Of the thing that the page shows; the person's own where it shows no single one.</param>
/// <param name="Role">There; null for none.</param>
public sealed record PageAccess(Caller Caller, int WorkspaceId, WorkspaceRole? Role)
{
    public bool May(WorkspaceRole least) => Role is { } role && role >= least;
}

/// <summary>On a page that is for everybody who is signed in, whether in a workspace or not.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NoWorkspaceAttribute : Attribute;
