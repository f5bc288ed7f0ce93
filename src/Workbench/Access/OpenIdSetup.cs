using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Identity;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Speaks OpenID Connect with the provider: authorization code with PKCE, state and nonce. Who may come in then is decided by <see cref="ProviderAccounts"/>.</summary>
public static class OpenIdSetup
{
    public const string SchemeName = "OpenId";

    /// <summary>Where the provider sends browsers back to; it has to know this address.</summary>
    public const string CallbackPath = "/sign-in/openid/callback";

    private const string VerifiedClaim = "email_verified";
    private const string PurposeItem = "purpose";

    // A provider that takes longer is not there for somebody who waits.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void AddOpenId(this AuthenticationBuilder authentication, OpenIdOptions settings, bool hasTls)
    {
        if (!settings.IsOn) return;
        authentication.AddOpenIdConnect(SchemeName, settings.Name, openId =>
        {
            (openId.Authority, openId.ClientId, openId.ClientSecret) = (settings.Authority, settings.ClientId, settings.ClientSecret);
            openId.RequireHttpsMetadata = new Uri(settings.Authority).Scheme == Uri.UriSchemeHttps;
            openId.ResponseType = OpenIdConnectResponseType.Code;
            // A form that another site sends would come without our cookies, and past no check of its origin.
            openId.ResponseMode = OpenIdConnectResponseMode.Query;
            openId.UsePkce = true;
            openId.CallbackPath = CallbackPath;
            // Nobody is signed in by what the provider says alone: there is no such scheme, and the decision below always answers itself.
            openId.SignInScheme = IdentityConstants.ExternalScheme;
            openId.Scope.Clear();
            foreach (var scope in settings.ScopeNames) openId.Scope.Add(scope);
            openId.MapInboundClaims = false;
            openId.ClaimActions.Clear();
            openId.GetClaimsFromUserInfoEndpoint = true;
            openId.SaveTokens = false;
            openId.BackchannelTimeout = Patience;
            openId.TokenValidationParameters.ClockSkew = TimeSpan.FromMinutes(1);
            // Keys that the provider publishes: neither none, nor ones made of the client's secret.
            openId.TokenValidationParameters.ValidAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
            openId.CorrelationCookie.SameSite = openId.NonceCookie.SameSite = SameSiteMode.Lax;
            openId.CorrelationCookie.SecurePolicy = openId.NonceCookie.SecurePolicy = hasTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            openId.Events = new OpenIdConnectEvents
            {
                OnRedirectToIdentityProvider = CheckAddressesAsync,
                OnUserInformationReceived = context =>
                {
                    AddUserInformation((ClaimsIdentity)context.Principal!.Identity!, context.User.RootElement, settings.EmailClaim);
                    return Task.CompletedTask;
                },
                OnTokenValidated = context =>
                {
                    // The handler takes an unsigned token where it came straight from the provider, as the specification allows; a signed one costs nothing.
                    return context.SecurityToken.RawSignature.Length > 0 ? Task.CompletedTask : throw new SecurityTokenInvalidSignatureException("The token is not signed.");
                },
                OnTicketReceived = context => DecideAsync(context, settings),
                OnAccessDenied = context => RefuseAsync(context.HttpContext, context.Properties, ProviderRefusal.Cancelled, () => context.HandleResponse()),
                OnRemoteFailure = FailAsync,
            };
        });
    }

    /// <summary>Sends the browser to the provider.</summary>
    /// <param name="purpose">What for.</param>
    /// <param name="returnUrl">A page of this program to come back to.</param>
    public static async Task<IResult> ChallengeAsync(HttpContext context, ProviderPurpose purpose, string? returnUrl)
    {
        var properties = new AuthenticationProperties { RedirectUri = AccessRoutes.Local(returnUrl) };
        properties.Items[PurposeItem] = JsonSerializer.Serialize(purpose);
        try
        {
            await context.ChallengeAsync(SchemeName, properties);
            return Results.Empty;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException or TaskCanceledException && !context.RequestAborted.IsCancellationRequested)
        {
            LogOf(context).LogWarning("The provider of single sign-on cannot be reached, or says what cannot be used: {Reason}", e.GetBaseException().Message);
            return Results.LocalRedirect(AddressOf(ProviderRefusal.Unreachable, properties));
        }
    }

    /// <summary>A provider's description may name other addresses than its own: what goes there must be as safe.</summary>
    private static async Task CheckAddressesAsync(RedirectContext context)
    {
        var known = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        foreach (var address in (string?[])[known.AuthorizationEndpoint, known.TokenEndpoint, known.UserInfoEndpoint, known.JwksUri])
            if (!string.IsNullOrEmpty(address) && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && OpenIdOptions.IsSafe(uri)))
                throw new InvalidOperationException($"The provider names the address '{address}'; expected https.");
    }

    /// <summary>What the provider says of a person beside the signed token; where both say something, the token counts.</summary>
    /// <remarks>That an address is proved is only taken together with the address of the same source: a proof of one must not count for another.</remarks>
    private static void AddUserInformation(ClaimsIdentity identity, JsonElement user, string emailClaim)
    {
        var signed = identity.Claims.Select(c => c.Type).ToHashSet(StringComparer.Ordinal);
        var ownEmail = identity.FindFirst(emailClaim)?.Value;
        var isSameEmail = ownEmail is null || user.TryGetProperty(emailClaim, out var told) && told.ValueKind == JsonValueKind.String && told.GetString() == ownEmail;
        foreach (var property in user.EnumerateObject())
        {
            if (signed.Contains(property.Name) || property.Name == VerifiedClaim && !isSameEmail) continue;
            JsonElement[] values = property.Value.ValueKind == JsonValueKind.Array ? [.. property.Value.EnumerateArray()] : [property.Value];
            foreach (var value in values.Where(v => v.ValueKind is JsonValueKind.String or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number)) identity.AddClaim(new Claim(property.Name, value.ToString()));
        }
    }

    private static async Task DecideAsync(TicketReceivedContext context, OpenIdOptions settings)
    {
        context.HandleResponse();
        // The handler has taken it off, to go there itself.
        context.Properties!.RedirectUri = context.ReturnUri;
        var http = context.HttpContext;
        Actor.Current = AuditSetup.ActorOf(http);
        var token = context.Principal!;
        var isVerified = bool.TryParse(token.FindFirstValue(VerifiedClaim), out var verified) && verified;
        var person = new ProviderPerson(
            token.FindFirst("sub")!.Issuer, token.FindFirstValue("sub")!, ProviderAccounts.Address(token.FindFirstValue(settings.EmailClaim)), isVerified,
            token.FindFirstValue("name") ?? token.FindFirstValue("preferred_username"), [.. token.Claims.Select(c => (c.Type, c.Value))]);
        var purpose = JsonSerializer.Deserialize<ProviderPurpose>(context.Properties.Items[PurposeItem]!)!;
        var signedIn = purpose.LinkUserId is null ? null : (await http.AuthenticateAsync(IdentityConstants.ApplicationScheme)).Principal;
        var refusal = await http.RequestServices.GetRequiredService<ProviderAccounts>().ComeAsync(person, purpose, signedIn, http.RequestAborted);
        http.Response.Redirect(refusal is { } why ? AddressOf(why, context.Properties) : AccessRoutes.Local(context.Properties.RedirectUri));
    }

    private static Task FailAsync(RemoteFailureContext context)
    {
        var isAway = false;
        for (var e = context.Failure; e is not null; e = e.InnerException) isAway |= e is HttpRequestException or TaskCanceledException or IOException;
        LogOf(context.HttpContext).LogWarning("A sign-in by the provider of single sign-on was not accepted: {Reason}", context.Failure?.GetBaseException().Message);
        return RefuseAsync(context.HttpContext, context.Properties, isAway ? ProviderRefusal.Unreachable : ProviderRefusal.NotAccepted, () => context.HandleResponse());
    }

    private static async Task RefuseAsync(HttpContext context, AuthenticationProperties? properties, ProviderRefusal refusal, Action handle)
    {
        handle();
        Actor.Current = AuditSetup.ActorOf(context);
        // Without a state of ours it answers no question of ours, and anybody could fill the log with it.
        if (properties is { Items.Count: > 0 }) await context.RequestServices.GetRequiredService<ProviderAccounts>().RecordRefusalAsync(null, refusal);
        context.Response.Redirect(AddressOf(refusal, properties));
    }

    private static string AddressOf(ProviderRefusal refusal, AuthenticationProperties? properties)
    {
        var purpose = properties is not null && properties.Items.TryGetValue(PurposeItem, out var kept) ? JsonSerializer.Deserialize<ProviderPurpose>(kept!) : null;
        // Whoever came from a page of their own goes back there, signed in as before.
        if (purpose?.LinkUserId is not null) return $"/account?error={Uri.EscapeDataString(ProviderAccounts.Tell(refusal))}";
        if (purpose?.Invitation is { } invitation) return $"/join/{Uri.EscapeDataString(invitation)}?error={Uri.EscapeDataString(ProviderAccounts.Tell(refusal))}";
        var address = $"/sign-in?error={refusal}";
        return AccessRoutes.Local(properties?.RedirectUri) is var back && back == "/" ? address : $"{address}&returnUrl={Uri.EscapeDataString(back)}";
    }

    private static ILogger LogOf(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(OpenIdSetup));
}
