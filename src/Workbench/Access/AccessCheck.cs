using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>On a page or a route: the role that it takes at least, in the workspace of the thing that the address names, or in the caller's own where it names none.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LeastRoleAttribute(WorkspaceRole role) : Attribute
{
    public WorkspaceRole Role { get; } = role;
}

/// <summary>On a page or a route: for administrators alone.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AdministratorsOnlyAttribute : Attribute;

/// <summary>Checks every request of the management API at the thing that its address names, before anything of it is read.</summary>
public static class AccessCheck
{
    private sealed class Checked;

    /// <summary>Reading takes a viewer, everything else an editor, unless the route says otherwise.</summary>
    public static TBuilder CheckAccess<TBuilder>(this TBuilder routes) where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new Checked());

    public static TBuilder RequireRole<TBuilder>(this TBuilder routes, WorkspaceRole role) where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new LeastRoleAttribute(role));

    public static TBuilder ForAdministrators<TBuilder>(this TBuilder routes) where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new AdministratorsOnlyAttribute());

    /// <summary>Whether a route is checked here.</summary>
    public static bool IsChecked(Endpoint endpoint) => endpoint.Metadata.GetMetadata<Checked>() is not null;

    /// <summary>The role that a route takes for a method.</summary>
    public static WorkspaceRole LeastRole(Endpoint endpoint, string method)
    {
        var least = endpoint.Metadata.GetMetadata<LeastRoleAttribute>()?.Role;
        return HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? WorkspaceRole.Viewer : least ?? WorkspaceRole.Editor;
    }

    public static void UseAccessCheck(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint || !IsChecked(endpoint))
        {
            await next();
            return;
        }
        var workspaces = context.RequestServices.GetRequiredService<Workspaces>();
        if (await workspaces.CallerAsync(context.User, context.RequestAborted) is not { } caller)
        {
            await Results.Problem(statusCode: 401, title: "Not signed in", detail: "The account that asks is gone or disabled.").ExecuteAsync(context);
            return;
        }
        context.Features.Set(caller);
        if (await WhyNotAsync(context, endpoint, caller, workspaces) is { } refusal) await refusal.ExecuteAsync(context);
        else await next();
    });

    private static async Task<IResult?> WhyNotAsync(HttpContext context, RouteEndpoint endpoint, Caller caller, Workspaces workspaces)
    {
        if (endpoint.Metadata.GetMetadata<AdministratorsOnlyAttribute>() is not null)
            return caller.IsAdministrator ? null : Results.Problem(statusCode: 403, title: "For administrators", detail: "Only administrators of this workbench may do this.");
        var least = LeastRole(endpoint, context.Request.Method);
        if (OwnedObject.Of(endpoint.RoutePattern, context.Request.RouteValues) is { } owned) return await workspaces.WhyNotAsync(caller, owned, least, context.RequestAborted);
        if (caller.WorkspaceId == 0) return Results.Problem(statusCode: 403, title: "No workspace", detail: "The account belongs to no workspace. Ask an owner of one for an invitation.");
        return caller.May(least, caller.WorkspaceId) ? null : Refusal(caller.RoleIn(caller.WorkspaceId), least);
    }

    /// <summary>Null, or the answer for a caller that may not do what takes this role with a thing: the same for what is not there and for what the caller must not know of.</summary>
    public static async Task<IResult?> WhyNotAsync(this Workspaces workspaces, Caller caller, OwnedObject owned, WorkspaceRole least, CancellationToken cancellationToken) =>
        await workspaces.RoleAtAsync(caller, owned, cancellationToken) is not { } role ? Results.Problem(statusCode: 404, title: $"Unknown {owned.Name}", detail: owned.Missing)
        : role >= least ? null
        : Refusal(role, least);

    private static IResult Refusal(WorkspaceRole? role, WorkspaceRole least) => Results.Problem(
        statusCode: 403, title: "Not your role", detail: $"The role in the workspace is {role?.ToString().ToLowerInvariant() ?? "none"}; expected {least.ToString().ToLowerInvariant()} or more. Owners of the workspace can change it.");
}
