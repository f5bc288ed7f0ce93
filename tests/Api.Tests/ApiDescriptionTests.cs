using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The description of the API against the routes of the running app, and who gets in.</summary>
public sealed partial class ApiDescriptionTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private static readonly string[] Methods = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Constraints of route parameters: <c>{id:int}</c>.</summary>
    [GeneratedRegex(@":[^{}]+(?=\})")]
    private static partial Regex Constraints();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Parameters();

    private IEnumerable<RouteEndpoint> Endpoints => workbench.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods ? methods : ["GET", "POST"];

    [Fact]
    public async Task OpenAPI_lists_every_route_of_the_API_with_a_summary()
    {
        var document = await workbench.App.Api.GetAsync<JsonElement>("/openapi/v1.json");
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(o => Methods.Contains(o.Name.ToUpperInvariant())).Select(o => (Route: $"{o.Name.ToUpperInvariant()} {path.Name.TrimEnd('/')}", Operation: o.Value)))
            .ToList();
        var mapped = Endpoints.Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(e => MethodsOf(e).Select(method => $"{method} {Constraints().Replace(e.RoutePattern.RawText!, "").TrimEnd('/')}"));
        Assert.Equal(mapped.Order(), described.Select(d => d.Route).Order());
        Assert.True(described.Count > 20);
        Assert.All(described, d => Assert.True(d.Operation.TryGetProperty("summary", out var summary) && summary.GetString()!.Length > 5, $"{d.Route} has no summary."));
        Assert.All(described, d => Assert.True(d.Operation.TryGetProperty("operationId", out _), $"{d.Route} has no operationId."));
        var predict = described.Single(d => d.Route == "POST /api/v1/models/{name}/predict").Operation;
        Assert.Equal(["application/json", "text/csv"], predict.GetProperty("requestBody").GetProperty("content").EnumerateObject().Select(c => c.Name));
    }

    [Fact]
    public async Task Without_signing_in_nothing_answers_but_signing_in_static_files_and_predictions()
    {
        using var http = workbench.App.Anonymous();
        List<string> open = [];
        foreach (var endpoint in Endpoints)
        {
            var address = "/" + Parameters().Replace(endpoint.RoutePattern.RawText!, "1").TrimStart('/');
            foreach (var method in MethodsOf(endpoint))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), address);
                using var answer = await http.SendAsync(request, Cancel);
                var toSignIn = answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location!.OriginalString.Contains("/sign-in?returnUrl=", StringComparison.Ordinal);
                if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.MethodNotAllowed) && !toSignIn) open.Add(address);
            }
        }
        // A prediction without a key answers 401 by its own check; static files have a dot in their names. Of the protocols of predictions those addresses are open that tell of the server alone;
        // lists of models hold those that the caller's key opens, here none.
        Assert.Equal(["/csp-report", "/healthz", "/join/1", "/mlflow/1/version", "/mlflow/1/versions/1/version", "/readyz", "/sign-in", "/sign-in/1", "/sign-in/passkey", "/v1/models", "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models"], open.Where(a => !a.Contains('.')).Distinct().Order());
        Assert.All(open.Where(a => a.Contains('.')), a => Assert.Matches(@"\.(css|js|svg|png|ico|woff2?|gz|br|map|json|txt|mjs)$", a));
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/datasets")]
    [InlineData("GET", "/docs")]
    [InlineData("GET", "/openapi/v1.json")]
    [InlineData("GET", "/nowhere")]
    [InlineData("GET", "/api/v1/nowhere")]
    [InlineData("POST", "/_blazor/negotiate?negotiateVersion=1")]
    [InlineData("GET", "/_blazor")]
    public async Task An_anonymous_caller_is_sent_to_sign_in_or_refused(string method, string address)
    {
        using var answer = await workbench.App.Anonymous().SendAsync(new HttpRequestMessage(new HttpMethod(method), address), Cancel);
        Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Redirect, $"{method} {address} answered {(int)answer.StatusCode}.");
    }

    [Fact]
    public async Task A_wrong_or_revoked_access_token_is_refused()
    {
        var tokens = workbench.App.Services.GetRequiredService<AccessTokens>();
        var token = await workbench.App.NewTokenAsync("to be revoked");
        using (var before = await workbench.App.Anonymous(token).GetAsync("/api/v1/datasets", Cancel)) Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        await tokens.RevokeAsync((await tokens.ListManagementAsync(await workbench.App.FirstUserAsync(), Cancel)).Single(t => t.Name == "to be revoked").Id, Cancel);
        foreach (var wrong in new[] { token, token + "x", "mwt_1_2", "x" })
        {
            using var answer = await workbench.App.Anonymous(wrong).GetAsync("/api/v1/datasets", Cancel);
            Assert.Contains("access token", (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.Unauthorized)).Detail);
        }
    }

    [Fact]
    public async Task A_sign_in_link_works_once_and_its_cookie_opens_the_API_but_not_to_another_site()
    {
        var token = await workbench.App.Services.GetRequiredService<AccessTokens>().CreateSignInAsync(await workbench.App.FirstUserAsync(), Cancel);
        using var http = workbench.App.Anonymous();
        using var signedIn = await http.GetAsync($"/sign-in/{token}?returnUrl=//evil.example", Cancel);
        Assert.Equal((HttpStatusCode.Redirect, "/"), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("workbench=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie);
        using (var again = await http.GetAsync($"/sign-in/{token}", Cancel)) Assert.Equal("/sign-in?error=token", again.Headers.Location!.OriginalString);

        Assert.Equal(HttpStatusCode.OK, await SendAsync(HttpMethod.Get, "/api/v1/datasets", null));
        Assert.Equal(HttpStatusCode.NotFound, await SendAsync(HttpMethod.Delete, "/api/v1/datasets/999", null));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Delete, "/api/v1/datasets/999", "http://evil.example"));

        async Task<HttpStatusCode> SendAsync(HttpMethod method, string address, string? origin)
        {
            using var request = new HttpRequestMessage(method, address);
            request.Headers.Add("Cookie", cookie.Split(';')[0]);
            if (origin is not null) request.Headers.Add("Origin", origin);
            using var answer = await http.SendAsync(request, Cancel);
            return answer.StatusCode;
        }
    }
}
