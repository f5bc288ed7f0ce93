using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Signs in callers of the management API by <c>Authorization: Bearer mwt_…</c>.</summary>
public sealed class BearerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, AccessTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ReadBearer(Request) is not { } text) return AuthenticateResult.NoResult();
        if (await tokens.FindManagementAsync(text, Context.RequestAborted) is not { } token) return AuthenticateResult.Fail("Unknown, expired or revoked access token.");
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, token.Name), new Claim(ClaimTypes.NameIdentifier, token.UserId!.Value.ToString(CultureInfo.InvariantCulture))], SchemeName);
        if (token is { WorkspaceId: { } workspace, Role: { } role })
            identity.AddClaims([new Claim(Workspaces.WorkspaceClaim, workspace.ToString(CultureInfo.InvariantCulture)), new Claim(Workspaces.RoleClaim, role.ToString())]);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = SchemeName;
        return Results.Problem(
            statusCode: StatusCodes.Status401Unauthorized, title: "Not signed in",
            detail: "Expected the header 'Authorization: Bearer <access token>'. Access tokens are made on the page /access-tokens, or by the command 'token'.").ExecuteAsync(Context);
    }

    public static string? ReadBearer(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : null;
    }
}
