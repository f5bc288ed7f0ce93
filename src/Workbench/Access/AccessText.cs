using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Roles in words.</summary>
public static class AccessText
{
    /// <summary>What a role may do.</summary>
    public static string Of(WorkspaceRole role) => role switch
    {
        WorkspaceRole.Viewer => "look at everything and try models",
        WorkspaceRole.Editor => "that, and upload, clean, compare, explain and optimise",
        WorkspaceRole.Publisher => "all that, and publish, route traffic and make keys",
        WorkspaceRole.Owner => "all that, and invite people and choose their roles",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Expected a role."),
    };
}
