using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Who asks, and what that person may do where, at this moment.</summary>
/// <param name="UserId">The person, also where a token asks for it.</param>
/// <param name="Name">What is written into histories: the person, and the token where one asks.</param>
/// <param name="IsAdministrator">May do in every workspace what its owners may.</param>
/// <param name="WorkspaceId">Whose lists are meant, and where new things are made; 0 for a person without a workspace.</param>
/// <param name="Roles">By workspace.</param>
public sealed record Caller(int UserId, string Name, bool IsAdministrator, int WorkspaceId, IReadOnlyDictionary<int, WorkspaceRole> Roles)
{
    /// <summary>Null where the caller must not even know of it.</summary>
    public WorkspaceRole? RoleIn(int workspaceId) => IsAdministrator ? WorkspaceRole.Owner : Roles.TryGetValue(workspaceId, out var role) ? role : null;

    public bool May(WorkspaceRole least, int workspaceId) => RoleIn(workspaceId) is { } role && role >= least;

    /// <summary>Lets handlers of the management API take their caller as a parameter; the check before them has put it there.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.Features.Get<Caller>() ?? throw new InvalidOperationException($"{context.Request.Path} is not checked for who may ask."));
}
