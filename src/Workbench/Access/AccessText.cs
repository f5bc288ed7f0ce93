using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Roles in words.</summary>
public static class AccessText
{
    /// <summary>What a role may do.</summary>
    public static string Of(WorkspaceRole role) => role switch
    {
        WorkspaceRole.Viewer => "look at everything and try models",
        WorkspaceRole.Editor => "also upload, clean, compare, explain and optimise",
        WorkspaceRole.Publisher => "also publish, route traffic and make keys",
        WorkspaceRole.Owner => "also invite people and choose their roles",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Expected a role."),
    };
}
