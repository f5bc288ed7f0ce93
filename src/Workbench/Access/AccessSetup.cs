using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Who gets in: browsers by a one-time link and a cookie, scripts by a bearer token, and nobody else.</summary>
public static class AccessSetup
{
    private const string EitherScheme = "CookieOrBearer";

    public static void AddAccess(this WebApplicationBuilder builder, string dataFolder)
    {
        builder.Services.AddSingleton<AccessTokens>();
        builder.Services.AddDataProtection().SetApplicationName("ModelWorkbench").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(dataFolder, "keys")));
        builder.Services.AddCascadingAuthenticationState();
        builder.Services
            .AddAuthentication(EitherScheme)
            .AddPolicyScheme(EitherScheme, null, scheme => scheme.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.Count > 0 || IsApi(context) && !context.Request.Cookies.ContainsKey("workbench")
                    ? BearerHandler.SchemeName : CookieAuthenticationDefaults.AuthenticationScheme)
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.SchemeName, null)
            .AddCookie(cookie =>
            {
                cookie.Cookie.Name = "workbench";
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.ExpireTimeSpan = TimeSpan.FromDays(7);
                cookie.SlidingExpiration = true;
                cookie.LoginPath = "/sign-in";
                cookie.ReturnUrlParameter = "returnUrl";
                cookie.Events.OnRedirectToLogin = context =>
                {
                    if (IsApi(context.HttpContext)) context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    else context.Response.Redirect(context.RedirectUri);
                    return Task.CompletedTask;
                };
            });
        // Everything asks for a signed-in person unless it says otherwise, the circuit's hub included.
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    /// <summary>A page of another site can make a browser send our cookie along; it cannot fake the Origin header.</summary>
    public static void UseOriginCheck(this WebApplication app) => app.Use(async (context, next) =>
    {
        var request = context.Request;
        var changes = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method);
        var origin = request.Headers.Origin.ToString();
        if ((changes || context.WebSockets.IsWebSocketRequest) && origin.Length > 0 && request.Headers.Cookie.Count > 0
            && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
        {
            await Results.Problem(statusCode: StatusCodes.Status403Forbidden, title: "Foreign origin", detail: $"The request comes from '{origin}', expected '{request.Scheme}://{request.Host}'.").ExecuteAsync(context);
            return;
        }
        await next();
    });

    public static void MapAccess(this WebApplication app)
    {
        app.MapGet("/sign-in/{token}", async (string token, HttpContext context, AccessTokens tokens, string? returnUrl) =>
            await SignInAsync(token, returnUrl, context, tokens)).AllowAnonymous().ExcludeFromDescription();

        app.MapPost("/sign-in", async ([FromForm] string? token, [FromForm] string? returnUrl, HttpContext context, AccessTokens tokens) =>
        {
            // People paste the whole link as often as the token alone.
            var text = (token ?? "").Trim();
            return await SignInAsync(text[(text.LastIndexOf('/') + 1)..], returnUrl, context, tokens);
        }).AllowAnonymous().ExcludeFromDescription();

        app.MapPost("/sign-out", async (HttpContext context, IAntiforgery antiforgery) =>
        {
            await antiforgery.ValidateRequestAsync(context);
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return Results.LocalRedirect("/sign-in");
        }).ExcludeFromDescription();
    }

    private static async Task<IResult> SignInAsync(string token, string? returnUrl, HttpContext context, AccessTokens tokens)
    {
        if (!await tokens.UseSignInAsync(token, context.RequestAborted)) return Results.LocalRedirect($"/sign-in?error=token{(string.IsNullOrEmpty(returnUrl) ? "" : $"&returnUrl={Uri.EscapeDataString(returnUrl)}")}");
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, "owner")], CookieAuthenticationDefaults.AuthenticationScheme);
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true });
        var isLocal = returnUrl is ['/', not ('/' or '\\'), ..] && !returnUrl.Any(char.IsControl);
        return Results.LocalRedirect(isLocal ? returnUrl! : "/");
    }

    private static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/api");
}
