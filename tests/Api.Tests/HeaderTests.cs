using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.Extensions.Logging;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Plots;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What browsers are told about every answer, and from where they may ask.</summary>
public sealed class HeaderTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/datasets", 200, true)]
    [InlineData("/sign-in", 200, true)]
    [InlineData("/docs/", 200, true)]
    [InlineData("/nowhere", 404, true)]
    [InlineData("/api/v1/datasets", 200, false)]
    [InlineData("/api/v1/datasets/999", 404, false)]
    [InlineData("/api/v1/nowhere", 404, false)]
    [InlineData("/openapi/v1.json", 200, false)]
    [InlineData("/api/v1/audit/csv", 200, false)]
    [InlineData("/healthz", 200, false)]
    [InlineData("/metrics", 200, false)]
    [InlineData("/v2/models", 200, false)]
    [InlineData("/js/theme.js", 200, false)]
    [InlineData("/css/app.css", 200, false)]
    [InlineData("/favicon.svg", 200, false)]
    public async Task Every_answer_has_one_policy_and_the_other_headers(string path, int status, bool isPage)
    {
        using var answer = await workbench.App.Api.Http.GetAsync(path, Cancel);
        Assert.Equal(status, (int)answer.StatusCode);
        AssertHeaders(answer, isPage);
        var isStatic = path.Contains(".js", StringComparison.Ordinal) && !path.StartsWith("/openapi", StringComparison.Ordinal) || path.EndsWith("css", StringComparison.Ordinal) || path.EndsWith("svg", StringComparison.Ordinal);
        Assert.Equal(!isStatic, answer.Headers.CacheControl?.NoStore == true);
    }

    [Theory]
    [InlineData("/datasets", HttpStatusCode.Redirect)]
    [InlineData("/api/v1/datasets", HttpStatusCode.Unauthorized)]
    [InlineData("/_blazor", HttpStatusCode.Redirect)]
    public async Task So_do_answers_to_those_who_are_not_signed_in(string path, HttpStatusCode status)
    {
        using var answer = await workbench.App.Anonymous().GetAsync(path, Cancel);
        Assert.Equal(status, answer.StatusCode);
        AssertHeaders(answer, isPage: false);
    }

    [Fact]
    public async Task Answers_of_models_have_those_that_matter_to_programs_and_no_more()
    {
        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        using var answer = await workbench.App.Anonymous().PostAsync("/v2/models/nobody/infer", body, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(SecurityHeaders.NoPage, Policy(answer));
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.DoesNotContain(answer.Headers, h => h.Key is "Permissions-Policy" or "Cross-Origin-Opener-Policy");
    }

    [Fact]
    public async Task So_do_faults_of_the_program_which_say_no_more_than_that_they_are()
    {
        using var folder = new TemporaryFolder();
        var app = await WorkbenchApp.StartAsync(folder.Path);
        TestDatabase.Execute(folder.Path, "ALTER TABLE \"Experiments\" RENAME TO \"Lost\"");
        foreach (var (path, accept, type) in new[] { ("/api/v1/experiments", "*/*", "application/problem+json"), ("/experiments/1/trials/1/card", "text/html", "text/html"), ("/experiments/1/trials/1/card", "*/*", "application/problem+json") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using var answer = await app.Api.Http.SendAsync(request, Cancel);
            Assert.Equal((HttpStatusCode.InternalServerError, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            AssertHeaders(answer, isPage: type == "text/html");
            var text = await answer.Content.ReadAsStringAsync(Cancel);
            Assert.DoesNotContain("Experiments", text);
            Assert.DoesNotContain("Sqlite", text);
            Assert.DoesNotContain("Npgsql", text);
        }
        await app.StopAsync();
    }

    [Fact]
    public async Task A_page_may_run_the_files_of_this_program_and_no_script_in_it()
    {
        using var page = await workbench.App.Api.Http.GetAsync("/datasets", Cancel);
        Assert.Contains("script-src 'self';", Policy(page));
        // Only that of the API has lines of script in it, under a number drawn for the answer.
        List<string> numbers = [];
        for (var i = 0; i < 2; i++)
        {
            using var docs = await workbench.App.Api.Http.GetAsync("/docs/", Cancel);
            var policy = Policy(docs);
            var number = policy[(policy.IndexOf("'nonce-", StringComparison.Ordinal) + 7)..].Split('\'')[0];
            Assert.Contains($"nonce=\"{number}\"", await docs.Content.ReadAsStringAsync(Cancel));
            numbers.Add(number);
        }
        Assert.NotEqual(numbers[0], numbers[1]);
        Assert.All(numbers, n => Assert.True(n.Length >= 20, n));
    }

    [Fact]
    public async Task What_the_plot_component_loads_is_the_build_without_eval()
    {
        var own = await workbench.App.Api.Http.GetStringAsync("/" + PlotScript.File, Cancel);
        Assert.Contains("plotly.js (strict - minified) v3.7.0", own[..200]);
        Assert.Equal(own, await workbench.App.Api.Http.GetStringAsync("/_content/Plotly.Blazor/plotly-3.7.0.min.js", Cancel));
        Assert.True(PlotScript.IsOfPackage("/_content/Plotly.Blazor/plotly-9.1.0.min.js"));
        Assert.False(PlotScript.IsOfPackage("/_content/Plotly.Blazor/plotly-interop-7.2.0.js"));
        Assert.Contains("Plotly", await workbench.App.Api.Http.GetStringAsync($"/{PlotScript.File[..PlotScript.File.LastIndexOf('/')]}/LICENSE.txt", Cancel));
    }

    [Fact]
    public async Task Reports_of_browsers_are_taken_from_everybody_within_limits()
    {
        const string report = """{"csp-report":{"document-uri":"http://127.0.0.1/experiments","effective-directive":"script-src-elem","blocked-uri":"inline"}}""";
        Assert.Equal(HttpStatusCode.NoContent, await SendAsync(report));
        foreach (var wrong in new[] { "", "{", "[]", "{}", """{"csp-report":1}""" }) Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(wrong));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await SendAsync(report + new string(' ', PolicyReports.MostBytes)));

        async Task<HttpStatusCode> SendAsync(string body)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/csp-report");
            using var answer = await workbench.App.Anonymous().PostAsync(PolicyReports.Address, content, Cancel);
            AssertHeaders(answer, isPage: false);
            return answer.StatusCode;
        }
    }

    [Fact]
    public void Of_reports_so_many_lines_a_minute_are_written_and_no_secret_of_an_address()
    {
        var (time, log) = (new Clock(), new Lines());
        var reports = new PolicyReports(time, log);
        var body = Encoding.UTF8.GetBytes("""{"csp-report":{"document-uri":"http://127.0.0.1:5080/join/mwi_0123456789_abcdefghijklmnopqrstuvwxyz?a=secret","effective-directive":"img-src","blocked-uri":"https://evil.example/a?b=secret","source-file":5,"line-number":"7"}}""");
        for (var i = 0; i < PolicyReports.MostLines + 7; i++) Assert.True(reports.Take(body));
        Assert.Equal(PolicyReports.MostLines, log.Texts.Count);
        Assert.All(log.Texts, t => Assert.StartsWith("A page's policy stopped something: page http://127.0.0.1:5080/join/…, rule img-src, stopped https://evil.example/a,", t));
        time.Now += TimeSpan.FromMinutes(1);
        Assert.True(reports.Take(body));
        Assert.Contains(log.Texts, t => t.StartsWith("7 more reports", StringComparison.Ordinal));
        Assert.Equal(PolicyReports.MostLines + 2, log.Texts.Count);
    }

    [Fact]
    public async Task A_circuit_is_opened_from_pages_of_this_address_alone()
    {
        var app = workbench.App;
        var cookie = await app.SignInAsync();
        var own = app.ClientOptions.BaseAddress.GetLeftPart(UriPartial.Authority);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await OpenAsync(own, cookie));
        string[] foreign = ["http://evil.example", own.Replace("http:", "https:", StringComparison.Ordinal), $"http://{app.ClientOptions.BaseAddress.Host}:1", $"http://{app.ClientOptions.BaseAddress.Host}", "null"];
        foreach (var origin in foreign)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await OpenAsync(origin, cookie));
            Assert.Equal(HttpStatusCode.Forbidden, await OpenAsync(origin, null));
            Assert.Equal(HttpStatusCode.Forbidden, await NegotiateAsync(origin));
        }
        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, await OpenAsync(own, null));

        async Task<HttpStatusCode> OpenAsync(string origin, string? withCookie)
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.SetRequestHeader("Origin", origin);
            if (withCookie is not null) socket.Options.SetRequestHeader("Cookie", withCookie);
            try
            {
                await socket.ConnectAsync(new Uri(own.Replace("http", "ws", StringComparison.Ordinal) + "/_blazor"), Cancel);
            }
            catch (WebSocketException)
            {
                // The answer is what counts.
            }
            return socket.HttpStatusCode;
        }

        async Task<HttpStatusCode> NegotiateAsync(string origin)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1");
            request.Headers.Add("Origin", origin);
            request.Headers.Add("Cookie", cookie);
            using var answer = await app.Anonymous().SendAsync(request, Cancel);
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:80")]
    [InlineData("127.0.0.1.evil.example")]
    public async Task A_name_that_somebody_else_gave_this_address_opens_nothing(string host)
    {
        foreach (var path in (string[])["/", "/sign-in", "/api/v1/datasets", "/_blazor", "/js/theme.js", "/healthz"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Host = host;
            using var answer = await workbench.App.Api.Http.SendAsync(request, Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
    }

    private static string Policy(HttpResponseMessage answer) => Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));

    private static void AssertHeaders(HttpResponseMessage answer, bool isPage)
    {
        var policy = Policy(answer);
        Assert.StartsWith("default-src 'none'; ", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe-eval", policy);
        Assert.DoesNotContain("*", policy);
        Assert.Equal(isPage, policy.Contains("style-src 'self' 'unsafe-inline'", StringComparison.Ordinal));
        Assert.Equal(isPage ? 1 : 0, policy.Split("'unsafe-inline'").Length - 1);
        Assert.Equal(isPage, policy.Contains("report-uri /csp-report", StringComparison.Ordinal));
        foreach (var (name, value) in new[] { ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin") })
            Assert.Equal(value, Assert.Single(answer.Headers.GetValues(name)));
        Assert.Contains("camera=()", Assert.Single(answer.Headers.GetValues("Permissions-Policy")));
        Assert.False(answer.Headers.Contains("Server"));
        // Without TLS it would mean nothing, and with it once it would hold for a year.
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class Lines : ILogger<PolicyReports>
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Texts.Add(formatter(state, exception));
    }
}
