using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What a provider can do wrong, or somebody who pretends to be it.</summary>
public enum ProviderFault { None, WrongNonce, NoNonce, WrongAudience, WrongIssuer, WrongSignature, SecretAsKey, Unsigned, Expired, NoToken, ErrorPage }

/// <summary>Whom the provider has in its session.</summary>
/// <param name="IsVerified">Null where it does not say so.</param>
/// <param name="More">Further claims.</param>
public sealed record ProviderUser(string Subject, string? Email = null, bool? IsVerified = true, string? Name = null, params (string Name, object Value)[] More);

/// <summary>A provider of OpenID Connect on this machine: authorization code with PKCE (RFC 7636), tokens signed with a key of its own. It checks what a provider has to check, and knows nothing of the library on the other side.</summary>
public sealed class OpenIdProvider : IAsyncDisposable
{
    public const string ClientId = "workbench-tests";
    public const string ClientSecret = "provider-secret-9d1f03aa77";

    private sealed record Grant(string RedirectUri, string Challenge, string? Nonce, ProviderUser User);

    private readonly RSA _key = RSA.Create(2048);
    private readonly RSA _other = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, Grant> _codes = [];
    private readonly ConcurrentDictionary<string, ProviderUser> _access = [];
    private readonly WebApplication _app;

    private OpenIdProvider(WebApplication app) => _app = app;

    public string Authority { get; private set; } = "";

    /// <summary>Who is signed in there; nobody agrees where it is null.</summary>
    public ProviderUser? User { get; set; }

    public ProviderFault Fault { get; set; }

    /// <summary>Whether e-mail addresses are told by the user information alone, not by the token.</summary>
    public bool TellsByUserInformation { get; set; }

    /// <summary>What was asked at the address of authorization, the newest last.</summary>
    public List<Dictionary<string, string>> Asked { get; } = [];

    public static async Task<OpenIdProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new OpenIdProvider(app);
        app.MapGet("/.well-known/openid-configuration", provider.Describe);
        app.MapGet("/keys", provider.Keys);
        app.MapGet("/authorize", provider.Authorize);
        app.MapPost("/token", provider.TokenAsync);
        app.MapGet("/user", provider.UserInformation);
        await app.StartAsync(TestContext.Current.CancellationToken);
        provider.Authority = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
        _other.Dispose();
    }

    private IResult Describe() => Results.Json(new Dictionary<string, object>
    {
        ["issuer"] = Authority,
        ["authorization_endpoint"] = $"{Authority}/authorize",
        ["token_endpoint"] = $"{Authority}/token",
        ["userinfo_endpoint"] = $"{Authority}/user",
        ["jwks_uri"] = $"{Authority}/keys",
        ["response_types_supported"] = (string[])["code"],
        ["subject_types_supported"] = (string[])["public"],
        ["id_token_signing_alg_values_supported"] = (string[])["RS256"],
        ["code_challenge_methods_supported"] = (string[])["S256"],
    });

    private IResult Keys()
    {
        var parameters = _key.ExportParameters(false);
        return Results.Json(new { keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = "one", n = Base64Url.EncodeToString(parameters.Modulus), e = Base64Url.EncodeToString(parameters.Exponent) } } });
    }

    private IResult Authorize(HttpRequest request)
    {
        var asked = request.Query.ToDictionary(q => q.Key, q => q.Value.ToString());
        Asked.Add(asked);
        if (asked.GetValueOrDefault("client_id") != ClientId || asked.GetValueOrDefault("response_type") != "code" || asked.GetValueOrDefault("code_challenge_method") != "S256" || !asked.ContainsKey("code_challenge")
            || !asked.ContainsKey("nonce") || !asked.ContainsKey("state") || !asked["scope"].Split(' ').Contains("openid")) return Results.BadRequest("Not what a client should ask.");
        var back = $"{asked["redirect_uri"]}?state={Uri.EscapeDataString(asked["state"])}";
        if (User is null) return Results.Redirect($"{back}&error=access_denied");
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        _codes[code] = new Grant(asked["redirect_uri"], asked["code_challenge"], asked["nonce"], User);
        return Results.Redirect($"{back}&code={code}");
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (Fault == ProviderFault.ErrorPage) return Results.Text("<h1>Bad gateway</h1>", "text/html", statusCode: 502);
        // Each code is good once.
        if (form["client_id"] != ClientId || form["client_secret"] != ClientSecret || form["grant_type"] != "authorization_code" || !_codes.TryRemove(form["code"].ToString(), out var grant)
            || form["redirect_uri"] != grant.RedirectUri || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != grant.Challenge)
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        var access = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        _access[access] = grant.User;
        Dictionary<string, object> answer = new() { ["access_token"] = access, ["token_type"] = "Bearer", ["expires_in"] = 300 };
        if (Fault != ProviderFault.NoToken) answer["id_token"] = IdToken(grant);
        return Results.Json(answer);
    }

    private IResult UserInformation(HttpRequest request) =>
        _access.TryGetValue(request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal), out var user) ? Results.Json(ClaimsOf(user)) : Results.Unauthorized();

    private static Dictionary<string, object> ClaimsOf(ProviderUser user)
    {
        Dictionary<string, object> claims = new() { ["sub"] = user.Subject };
        if (user.Email is not null) claims["email"] = user.Email;
        if (user.IsVerified is { } verified) claims["email_verified"] = verified;
        if (user.Name is not null) claims["name"] = user.Name;
        foreach (var (name, value) in user.More) claims[name] = value;
        return claims;
    }

    private string IdToken(Grant grant)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (Fault == ProviderFault.Expired) now -= TimeSpan.FromHours(2);
        var claims = TellsByUserInformation ? new() { ["sub"] = grant.User.Subject } : ClaimsOf(grant.User);
        claims["iss"] = Fault == ProviderFault.WrongIssuer ? "https://evil.example" : Authority;
        claims["aud"] = Fault == ProviderFault.WrongAudience ? "another-client" : ClientId;
        (claims["iat"], claims["exp"]) = (now.ToUnixTimeSeconds(), now.AddMinutes(5).ToUnixTimeSeconds());
        if (Fault != ProviderFault.NoNonce) claims["nonce"] = Fault == ProviderFault.WrongNonce ? grant.Nonce + "x" : grant.Nonce!;
        var algorithm = Fault switch { ProviderFault.SecretAsKey => "HS256", ProviderFault.Unsigned => "none", _ => "RS256" };
        var text = $"{Part(new Dictionary<string, object> { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = "one" })}.{Part(claims)}";
        var bytes = Encoding.ASCII.GetBytes(text);
        var signature = Fault switch
        {
            ProviderFault.Unsigned => [],
            ProviderFault.SecretAsKey => HMACSHA256.HashData(Encoding.UTF8.GetBytes(ClientSecret.PadRight(32, '0')), bytes),
            ProviderFault.WrongSignature => _other.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => _key.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{text}.{Base64Url.EncodeToString(signature)}";

        static string Part(Dictionary<string, object> values) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(values));
    }
}
