using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Who gets in: browsers by a one-time link, a password, a passkey or a provider of single sign-on and then a cookie, scripts by a bearer token, and nobody else.</summary>
public static class AccessSetup
{
    private const string EitherScheme = "CookieOrBearer";

    // What OWASP names for PBKDF2 with SHA-512; the framework's default is less than half.
    private const int PasswordIterations = 220_000;

    private static readonly TimeSpan SessionLifetime = TimeSpan.FromDays(7);

    public static void AddAccess(this WebApplicationBuilder builder, string dataFolder, WorkbenchOptions settings)
    {
        // Browsers keep a cookie with this prefix to TLS and to this host, and let no page of a neighbouring host set it.
        var cookieName = settings.HasTls ? "__Host-workbench" : "workbench";
        builder.Services.AddAccounts();
        builder.Services.AddSingleton<LinkTickets>();
        builder.Services.AddDataProtection().SetApplicationName("ModelWorkbench").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(dataFolder, "keys")));
        builder.Services.AddAntiforgery(antiforgery => antiforgery.Cookie.SecurePolicy = settings.HasTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest);
        builder.Services.AddCascadingAuthenticationState();
        builder.Services
            .AddAuthentication(EitherScheme)
            .AddPolicyScheme(EitherScheme, null, scheme => scheme.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.Count > 0 || IsApi(context) && !context.Request.Cookies.ContainsKey(cookieName)
                    ? BearerHandler.SchemeName : IdentityConstants.ApplicationScheme)
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.SchemeName, null)
            .AddCookie(IdentityConstants.ApplicationScheme, cookie =>
            {
                cookie.Cookie.Name = cookieName;
                cookie.Cookie.SecurePolicy = settings.HasTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.ExpireTimeSpan = SessionLifetime;
                cookie.SlidingExpiration = true;
                cookie.LoginPath = "/sign-in";
                cookie.ReturnUrlParameter = "returnUrl";
                cookie.Events.OnValidatePrincipal = SecurityStampValidator.ValidatePrincipalAsync;
                cookie.Events.OnRedirectToLogin = context =>
                {
                    if (IsApi(context.HttpContext)) context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    else context.Response.Redirect(context.RedirectUri);
                    return Task.CompletedTask;
                };
            })
            // Passkeys keep what they asked the browser in it, between question and answer.
            .AddCookie(IdentityConstants.TwoFactorUserIdScheme, cookie =>
            {
                cookie.Cookie.Name = $"{cookieName}-passkey";
                cookie.Cookie.SecurePolicy = settings.HasTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
                cookie.ExpireTimeSpan = TimeSpan.FromMinutes(5);
            })
            .AddOpenId(settings.OpenId, settings.HasTls);
        builder.Services.Configure<SecurityStampValidatorOptions>(stamps => stamps.ValidationInterval = TimeSpan.FromMinutes(1));
        // Everything asks for a signed-in person unless it says otherwise, the circuit's hub included.
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    /// <summary>What accounts need, with or without a web server.</summary>
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<Workspaces>();
        services.AddScoped<Accounts>();
        services.AddScoped<ProviderAccounts>();
        services.AddIdentityCore<UserRow>(identity =>
            {
                identity.Password.RequiredLength = Accounts.LeastPasswordLength;
                identity.Password.RequireDigit = identity.Password.RequireLowercase = identity.Password.RequireUppercase = identity.Password.RequireNonAlphanumeric = false;
                identity.Password.RequiredUniqueChars = 5;
                identity.Lockout.MaxFailedAccessAttempts = 5;
                identity.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
                // Names are what colleagues know one another by.
                identity.User.AllowedUserNameCharacters = "";
                identity.SignIn.RequireConfirmedAccount = true;
            })
            .AddEntityFrameworkStores<AppDb>().AddSignInManager().AddDefaultTokenProviders().AddPasswordValidator<PasswordRules>();
        services.AddScoped<IUserConfirmation<UserRow>, EnabledAccount>();
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = PasswordIterations);
    }

    /// <summary>A disabled account does not get in, whatever it shows.</summary>
    private sealed class EnabledAccount : IUserConfirmation<UserRow>
    {
        public Task<bool> IsConfirmedAsync(UserManager<UserRow> manager, UserRow user) => Task.FromResult(!user.IsDisabled);
    }

    /// <summary>A page of another site can make a browser send our cookie along; it cannot fake the Origin header.</summary>
    public static void UseOriginCheck(this WebApplication app) => app.Use(async (context, next) =>
    {
        var request = context.Request;
        var changes = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method);
        var origin = request.Headers.Origin.ToString();
        // By the header: what knows of WebSockets comes later, at the hub. It is refused with and without a cookie, as no other page has anything to seek there.
        var isCircuit = request.Headers.Upgrade.Count > 0 || request.Path.StartsWithSegments("/_blazor");
        if ((changes && request.Headers.Cookie.Count > 0 || isCircuit) && origin.Length > 0
            && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
        {
            await Results.Problem(statusCode: StatusCodes.Status403Forbidden, title: "Foreign origin", detail: $"The request comes from '{origin}', expected '{request.Scheme}://{request.Host}'.").ExecuteAsync(context);
            return;
        }
        await next();
    });

    private static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/api");
}
