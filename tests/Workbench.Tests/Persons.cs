using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Tests;

/// <summary>Who stands before the pages of a test.</summary>
internal static class Persons
{
    /// <summary>A member of the first workspace, no administrator; to be called before anything is rendered.</summary>
    public static void ActAs(this BunitContext context, WorkspaceRole role) => context.RenderTree.Add<CascadingValue<PageAccess>>(access => access.Add(a => a.Value, Of(role)));

    public static PageAccess Of(WorkspaceRole role) => new(new Caller(1, "owner", false, WorkspaceRow.FirstId, new Dictionary<int, WorkspaceRole> { [WorkspaceRow.FirstId] = role }), WorkspaceRow.FirstId, role);
}
