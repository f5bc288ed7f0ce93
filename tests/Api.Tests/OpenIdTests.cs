using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Sign-in by a provider of OpenID Connect, which is a real one on this machine, through all redirects.</summary>
public sealed class OpenIdTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private OpenIdProvider _provider = null!;
    private WorkbenchApp _app = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _provider = await OpenIdProvider.StartAsync();
        _app = await StartAsync(_folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _provider.DisposeAsync();
        _folder.Dispose();
    }

    private Task<WorkbenchApp> StartAsync(TemporaryFolder folder, params (string, string)[] more) => WorkbenchApp.StartAsync(folder.Path,
        [("OpenId:Authority", _provider.Authority), ("OpenId:ClientId", OpenIdProvider.ClientId), ("OpenId:ClientSecret", OpenIdProvider.ClientSecret), ("OpenId:Name", "Example ID"), .. more]);

    [Fact]
    public async Task Whoever_is_invited_comes_in_by_the_proved_address_stays_the_same_account_and_keeps_the_way()
    {
        await InviteAsync("Ann@Example.org", WorkspaceRole.Editor);
        _provider.User = new ProviderUser("s-ann", "ann@example.org", Name: "Ann  Author");
        using var browser = new Browser(_app);
        Assert.Contains("Sign in with Example ID", await browser.ReadAsync("/sign-in?returnUrl=%2Fdatasets"));
        Assert.Equal("/datasets", await browser.GoAsync("/sign-in/openid?returnUrl=%2Fdatasets"));
        Assert.Contains("Ann Author", await browser.ReadAsync("/account"));
        var asked = _provider.Asked[^1];
        Assert.Equal(("code", "S256", "openid profile email"), (asked["response_type"], asked["code_challenge_method"], asked["scope"]));
        Assert.False(asked.ContainsKey("response_mode") && asked["response_mode"] != "query");

        // Another address at the provider, and the same person; the name stays what it is here.
        _provider.User = new ProviderUser("s-ann", "ann.married@example.org", IsVerified: false, Name: "Another");
        using var second = new Browser(_app);
        Assert.Equal("/", await second.GoAsync("/sign-in/openid"));
        Assert.Contains("Ann Author", await second.ReadAsync("/account"));
        var ann = Assert.Single(await AccountsAsync(), a => a.IsLinked);
        Assert.Equal(("Ann Author", "ann@example.org", false), (ann.Name, ann.Email, ann.HasPassword));
        Assert.Equal(WorkspaceRole.Editor, Assert.Single(await _app.Services.GetRequiredService<Workspaces>().MembersAsync(WorkspaceRow.FirstId, Cancel), m => m.UserId == ann.Id).Role);

        var entries = await EntriesAsync();
        Assert.Equal(2, entries.Count(e => e is { Action: "sign-in", Result: AuditResult.Ok, Actor: "Ann Author" } && e.Details!.Contains("Example ID", StringComparison.Ordinal)));
        Assert.Contains("s-ann", Assert.Single(entries, e => e.Action == "account.link").Details);
        await browser.PostAsync("/sign-out", "/account");
        Assert.StartsWith("/sign-in", await browser.GoAsync("/datasets"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_unknown_unproved_or_disabled_stays_out_and_is_told_why()
    {
        var ben = await MakeAsync("Ben", "ben@example.org");
        await InviteAsync("cleo@example.org", WorkspaceRole.Viewer);
        _provider.User = new ProviderUser("s-eve", "eve@example.org");
        await RefusedAsync("Nobody has invited you yet", ProviderRefusal.Unknown);
        _provider.User = new ProviderUser("s-nobody", null, null);
        await RefusedAsync("Nobody has invited you yet", ProviderRefusal.Unknown);
        // An address that anybody may write down opens neither an account nor an invitation.
        foreach (var email in (string[])["ben@example.org", "cleo@example.org"])
            foreach (bool? verified in (bool?[])[false, null])
            {
                _provider.User = new ProviderUser("s-eve", email, verified);
                await RefusedAsync("has not proved your e-mail address", ProviderRefusal.Unverified);
            }
        // Letters of other alphabets that become those of the address in capitals.
        _provider.User = new ProviderUser("s-eve", "ben@example.org".Replace('n', '\u0578'));
        await RefusedAsync("Nobody has invited you yet", ProviderRefusal.Unknown);

        _provider.User = new ProviderUser("s-ben", "BEN@example.org");
        using (var browser = new Browser(_app)) Assert.Equal("/", await browser.GoAsync("/sign-in/openid"));
        // The address was given to somebody else at the provider.
        _provider.User = new ProviderUser("s-ben-the-second", "ben@example.org");
        await RefusedAsync("linked with somebody else", ProviderRefusal.LinkedToOther);

        _provider.User = new ProviderUser("s-ben", "ben@example.org");
        await using (var scope = _app.Services.CreateAsyncScope()) await scope.ServiceProvider.GetRequiredService<Accounts>().SetDisabledAsync(ben, true, Cancel);
        await RefusedAsync("Your account here is disabled", ProviderRefusal.Disabled);
        _provider.User = null;
        await RefusedAsync("The sign-in was cancelled", ProviderRefusal.Cancelled);
        Assert.Equal(["Ben", "owner"], (await AccountsAsync()).Select(a => a.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_the_provider_did_not_sign_for_this_sign_in_is_refused()
    {
        await MakeAsync("Dora", "dora@example.org");
        _provider.User = new ProviderUser("s-dora", "dora@example.org");
        foreach (var fault in Enum.GetValues<ProviderFault>().Where(f => f != ProviderFault.None))
        {
            _provider.Fault = fault;
            await RefusedAsync("could not be accepted", ProviderRefusal.NotAccepted);
        }
        _provider.Fault = ProviderFault.None;

        // The address to come back to, again, by the same browser, by another, and with what was made up.
        using var browser = new Browser(_app);
        Assert.Equal("/", await browser.GoAsync("/sign-in/openid"));
        var callback = browser.Visited.Single(v => v.Contains("/sign-in/openid/callback", StringComparison.Ordinal));
        using var other = new Browser(_app);
        foreach (var (address, by) in new[] { (callback, other), (callback.Replace("state=", "state=A", StringComparison.Ordinal), other), ("/sign-in/openid/callback?code=a&state=b", other), ("/sign-in/openid/callback", other) })
        {
            Assert.StartsWith("/sign-in?error=NotAccepted", await by.GoAsync(address), StringComparison.Ordinal);
            Assert.False(by.IsSignedIn);
        }
        await browser.PostAsync("/sign-out", "/account");
        Assert.StartsWith("/sign-in?error=NotAccepted", await browser.GoAsync(callback), StringComparison.Ordinal);
        Assert.False(browser.IsSignedIn);
        // A code that was spent, in a sign-in that begins anew and stops before the provider's own.
        using var begun = new Browser(_app);
        var state = Regex.Match((await begun.StepAsync("/sign-in/openid")).Location, "state=([^&]+)").Groups[1].Value;
        Assert.StartsWith("/sign-in?error=NotAccepted", await begun.GoAsync($"/sign-in/openid/callback?code={Regex.Match(callback, "code=([^&]+)").Groups[1].Value}&state={state}"), StringComparison.Ordinal);
        Assert.False(begun.IsSignedIn);
    }

    [Fact]
    public async Task An_invitations_link_and_the_own_account_lead_to_the_provider_too()
    {
        // By the link, no address is needed.
        var link = await InviteAsync(null, WorkspaceRole.Publisher);
        _provider.User = new ProviderUser("s-fay", "fay@example.org", IsVerified: null, Name: "Fay");
        using (var browser = new Browser(_app))
        {
            Assert.Contains($"/join/{link}/openid", await browser.ReadAsync($"/join/{link}"));
            Assert.Equal("/", await browser.GoAsync($"/join/{link}/openid"));
        }
        Assert.Equal(("Fay", null), (await AccountsAsync()).Where(a => a.IsLinked).Select(a => (a.Name, a.Email)).Single());
        using (var late = new Browser(_app)) Assert.StartsWith($"/join/{link}", await late.GoAsync($"/join/{link}/openid"), StringComparison.Ordinal);

        using var owner = new Browser(_app);
        await owner.GoAsync($"/sign-in/{await _app.Services.GetRequiredService<AccessTokens>().CreateSignInAsync(await _app.FirstUserAsync(), Cancel)}");
        var account = await owner.ReadAsync("/account");
        var way = WebUtility.HtmlDecode(Regex.Match(account, "href=\"(/account/openid[^\"]+)\"").Groups[1].Value);
        // Another person's, and one without the ticket of the page.
        Assert.StartsWith("/account?error=You%20are%20linked%20with%20another", await owner.GoAsync(way), StringComparison.Ordinal);
        Assert.StartsWith("/account?error=The%20link%20of%20this%20page", await owner.GoAsync("/account/openid"), StringComparison.Ordinal);
        _provider.User = new ProviderUser("s-owner", "owner@example.org");
        Assert.Equal("/account?done=linked", await owner.GoAsync(way));
        using var again = new Browser(_app);
        Assert.Equal("/", await again.GoAsync("/sign-in/openid"));
        Assert.Contains(">owner<", await again.ReadAsync("/account"));
        // Without another way in, it stays.
        Assert.StartsWith("/account?error=There%20is%20no%20other%20way", await again.PostAsync("/account/unlink", "/account"), StringComparison.Ordinal);

        using var stranger = new Browser(_app);
        Assert.StartsWith("/sign-in", await stranger.GoAsync("/account/openid?ticket=" + way.Split("ticket=")[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_links_stay_within_the_program()
    {
        await MakeAsync("Gus", "gus@example.org");
        _provider.User = new ProviderUser("s-gus", "gus@example.org");
        using (var browser = new Browser(_app))
        {
            // As somebody comes who opens a page signed out.
            var asked = await browser.GoAsync("/datasets/1?tab=rows");
            Assert.StartsWith("/sign-in?returnUrl=", asked, StringComparison.Ordinal);
            var way = WebUtility.HtmlDecode(Regex.Match(await browser.ReadAsync(asked), "href=\"(/sign-in/openid[^\"]*)\"").Groups[1].Value);
            Assert.Equal("/datasets/1?tab=rows", await browser.GoAsync(way));
        }
        foreach (var elsewhere in (string[])["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/\r\nSet-Cookie: a=b", ""])
        {
            using var browser = new Browser(_app);
            Assert.Equal("/", await browser.GoAsync($"/sign-in/openid?returnUrl={Uri.EscapeDataString(elsewhere)}"));
        }
        // Kept over a refusal.
        _provider.User = null;
        using var refused = new Browser(_app);
        Assert.Equal("/sign-in?error=Cancelled&returnUrl=%2Fexperiments", await refused.GoAsync("/sign-in/openid?returnUrl=%2Fexperiments"));
    }

    [Fact]
    public async Task Where_it_is_set_anybody_of_a_domain_and_a_group_gets_an_account()
    {
        using var folder = new TemporaryFolder();
        var before = _app;
        _app = await StartAsync(folder, ("OpenId:LetUnknownIn", "true"), ("OpenId:EmailDomains", "example.org; example.com"), ("OpenId:RequiredClaim", "groups=models"), ("OpenId:DefaultRole", "editor"));
        try
        {
            (string, object) groups = ("groups", new[] { "all", "models" });
            _provider.User = new ProviderUser("s-1", "hal@elsewhere.org", true, "Hal", groups);
            await RefusedAsync("People with your e-mail address are not let in", ProviderRefusal.WrongDomain);
            _provider.User = new ProviderUser("s-1", "hal@example.org", false, "Hal", groups);
            await RefusedAsync("has not proved", ProviderRefusal.Unverified);
            _provider.User = new ProviderUser("s-1", "hal@example.org", true, "Hal", ("groups", new[] { "all" }));
            await RefusedAsync("such as a group", ProviderRefusal.MissingClaim);
            // Told beside the token, of one source.
            _provider.TellsByUserInformation = true;
            _provider.User = new ProviderUser("s-1", "hal@example.org", true, "owner", groups);
            using var browser = new Browser(_app);
            Assert.Equal("/", await browser.GoAsync("/sign-in/openid"));
            var hal = Assert.Single(await AccountsAsync(), a => a.IsLinked);
            Assert.Equal("owner 2", hal.Name);
            Assert.False(hal.IsAdministrator);
            Assert.Equal(WorkspaceRole.Editor, Assert.Single(await _app.Services.GetRequiredService<Workspaces>().MembersAsync(WorkspaceRow.FirstId, Cancel), m => m.UserId == hal.Id).Role);
            // Out of the group: out, though linked.
            _provider.User = new ProviderUser("s-1", "hal@example.org", true, "Hal", ("groups", "all"));
            await RefusedAsync("such as a group", ProviderRefusal.MissingClaim);
        }
        finally
        {
            await _app.StopAsync();
            _app = before;
        }
    }

    [Fact]
    public async Task A_provider_that_is_away_costs_nobody_the_password()
    {
        await using (var scope = _app.Services.CreateAsyncScope()) await scope.ServiceProvider.GetRequiredService<Accounts>().CreateAsync("Ida", "staple horse battery lamp", isAdministrator: false);
        await _provider.DisposeAsync();
        using var browser = new Browser(_app);
        var at = await browser.GoAsync("/sign-in/openid?returnUrl=%2Fexperiments");
        Assert.Equal("/sign-in?error=Unreachable&returnUrl=%2Fexperiments", at);
        Assert.Contains("does not answer. Try again in a moment, or sign in another way", await browser.ReadAsync(at));
        Assert.Equal("/experiments", await browser.PostAsync("/sign-in", at, ("name", "Ida"), ("password", "staple horse battery lamp"), ("returnUrl", "/experiments")));
        Assert.True(browser.IsSignedIn);
        _provider = await OpenIdProvider.StartAsync();
    }

    private async Task RefusedAsync(string told, ProviderRefusal why)
    {
        using var browser = new Browser(_app);
        var at = await browser.GoAsync("/sign-in/openid?returnUrl=%2Fdatasets");
        Assert.Equal($"/sign-in?error={why}&returnUrl=%2Fdatasets", at);
        Assert.Contains(told, WebUtility.HtmlDecode(await browser.ReadAsync(at)));
        Assert.False(browser.IsSignedIn);
        Assert.StartsWith("/sign-in?returnUrl", await browser.GoAsync("/datasets"), StringComparison.Ordinal);
        var entry = (await EntriesAsync())[0];
        Assert.Equal(("sign-in", AuditResult.Refused, "anonymous"), (entry.Action, entry.Result, entry.Actor));
        Assert.Contains($"\"{char.ToLowerInvariant(why.ToString()[0])}{why.ToString()[1..]}\"", entry.Details);
        Assert.NotNull(entry.Address);
    }

    private async Task<IReadOnlyList<AuditEntryRow>> EntriesAsync() => await _app.Services.GetRequiredService<AuditLog>().ListAsync(new AuditFilter(), null, 100, Cancel);

    private async Task<string> InviteAsync(string? email, WorkspaceRole role) => await _app.Services.GetRequiredService<AccessTokens>().CreateInvitationAsync(WorkspaceRow.FirstId, role, await _app.FirstUserAsync(), email, Cancel);

    private async Task<IReadOnlyList<AccountSummary>> AccountsAsync()
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<Accounts>().ListAsync(Cancel);
    }

    private async Task<int> MakeAsync(string name, string email)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var user = await accounts.CreateAsync(name, null, isAdministrator: false);
        await accounts.SetEmailAsync(user, email);
        await _app.Services.GetRequiredService<Workspaces>().SetRoleAsync(WorkspaceRow.FirstId, user.Id, WorkspaceRole.Viewer, Cancel);
        return user.Id;
    }

    /// <summary>Cookies, redirects and forms as browsers have them, and no script.</summary>
    private sealed class Browser(WorkbenchApp app) : IDisposable
    {
        private readonly CookieContainer _cookies = new();
        private HttpClient? _http;

        /// <summary>All addresses of this program that it was led to.</summary>
        public List<string> Visited { get; } = [];

        public bool IsSignedIn => _cookies.GetCookies(app.ClientOptions.BaseAddress).Any(c => c.Name == "workbench" && c.Value.Length > 0);

        private HttpClient Http => _http ??= new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = _cookies }) { BaseAddress = app.ClientOptions.BaseAddress };

        public void Dispose() => _http?.Dispose();

        /// <summary>One answer, and where it leads.</summary>
        public async Task<(HttpStatusCode Status, string Location)> StepAsync(string address)
        {
            using var answer = await Http.GetAsync(address, Cancel);
            return (answer.StatusCode, answer.Headers.Location?.OriginalString ?? "");
        }

        /// <summary>Follows redirects to the page where they end; a page that is asked for by GET only.</summary>
        /// <returns>Where it ends, within this program.</returns>
        public async Task<string> GoAsync(string address)
        {
            for (var i = 0; i < 10; i++)
            {
                var (status, location) = await StepAsync(address);
                if (status != HttpStatusCode.Redirect)
                {
                    Assert.True((int)status < 500, $"{address} answered {status}.");
                    return Local(address);
                }
                // The page itself is another question.
                if (Local(location) is var next && next.StartsWith('/') && !next.StartsWith("/sign-in/openid", StringComparison.Ordinal) && !location.Contains("/authorize", StringComparison.Ordinal)) return next;
                if (next.StartsWith('/')) Visited.Add(next);
                address = location;
            }
            throw new InvalidOperationException("Led in a circle.");
        }

        public async Task<string> ReadAsync(string page) => await Http.GetStringAsync(page, Cancel);

        /// <summary>Sends a form with the token of a page that has one.</summary>
        public async Task<string> PostAsync(string address, string page, params (string Name, string Value)[] fields)
        {
            var token = Regex.Match(await ReadAsync(page), "name=\"__RequestVerificationToken\" value=\"([^\"]+)\"").Groups[1].Value;
            using var form = new FormUrlEncodedContent([.. fields.Select(f => KeyValuePair.Create(f.Name, f.Value)), KeyValuePair.Create("__RequestVerificationToken", token)]);
            using var answer = await Http.PostAsync(address, form, Cancel);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            return answer.Headers.Location!.OriginalString;
        }

        private string Local(string address) => address.StartsWith(app.ClientOptions.BaseAddress.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal) ? new Uri(address).PathAndQuery : address;
    }
}
