using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Versions, aliases, traffic, keys, limits and history of an endpoint, over HTTP. Trial 1 is a linear model, trial 2 the baseline, which gives every row the class shares.</summary>
public sealed class VersionTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private const string Adelie = """{"features": [["Torgersen", 39.1, 18.7, 181, 3750, "male"]]}""";
    private const string Gentoo = """{"features": [["Biscoe", 47.5, 14.2, 218, 4950, "male"]]}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Http => models.App.Api.Http;

    private async Task<(string Name, string Key)> StartAsync(string name, int trial = 1) => (name, (await models.App.Api.PublishAsync(name, models.ExperimentId, trial)).Key!);

    private async Task<EndpointApi.PublishAnswer> PublishAsync(string name, int trial, bool goLive = true, string? why = null) =>
        await ApiClient.ReadAsync<EndpointApi.PublishAnswer>(await Http.PostAsJsonAsync("/api/v1/endpoints", new { name, experimentId = models.ExperimentId, trialNumber = trial, goLive, why }, Cancel), HttpStatusCode.Created);

    private async Task<EndpointApi.EndpointAnswer> ChangeAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/endpoints/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        return await ApiClient.ReadAsync<EndpointApi.EndpointAnswer>(await Http.SendAsync(request, Cancel), HttpStatusCode.OK);
    }

    private async Task<string> RefusalAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/endpoints/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        return (await ApiClient.ReadProblemAsync(await Http.SendAsync(request, Cancel), HttpStatusCode.BadRequest)).Detail;
    }

    private async Task<(HttpStatusCode Status, int Version, double First)> AskAsync(string address, string? key, string body = Adelie, string? session = null)
    {
        using var http = models.App.Anonymous(key);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = ApiClient.Json(body) };
        if (session is not null) request.Headers.Add("X-Session-Id", session);
        using var answer = await http.SendAsync(request, Cancel);
        if (answer.StatusCode != HttpStatusCode.OK) return (answer.StatusCode, 0, 0);
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        return (answer.StatusCode, json.GetProperty("version").GetInt32(), json.GetProperty("probabilities")[0][0].GetDouble());
    }

    [Fact]
    public async Task A_challenger_answers_where_it_is_named_until_it_is_promoted_and_a_rollback_brings_the_other_back()
    {
        var (name, key) = await StartAsync("steps");
        var live = $"/api/v1/models/{name}/predict";
        var challenger = await PublishAsync(name, 2, goLive: false, why: "is simpler");
        Assert.Equal((2, false, null), (challenger.Version, challenger.IsLive, challenger.Key));
        var comparison = challenger.Comparison!;
        Assert.Equal((1, 344, "accuracy-score"), (comparison.Against, comparison.RowCount, comparison.MetricId));
        // The baseline knows the largest class, Adelie: 152 of 344.
        Assert.Equal(152 / 344.0, comparison.Metric!.Value, 1e-9);
        Assert.InRange(comparison.MetricBefore!.Value, 0.95, 1);
        Assert.InRange(comparison.ChangedShare, 0.5, 0.6);
        Assert.True(comparison.Microseconds > 0 && comparison.MicrosecondsBefore > 0);

        Assert.Equal(1, (await AskAsync(live, key)).Version);
        Assert.Equal(2, (await AskAsync($"/api/v1/models/{name}/aliases/challenger/predict", key)).Version);
        Assert.Equal(2, (await AskAsync($"/api/v1/models/{name}/versions/2/predict", key)).Version);

        var before = TimeProvider.System.GetUtcNow();
        await Task.Delay(20, Cancel);
        Assert.Equal(2, (await ChangeAsync(HttpMethod.Post, $"{name}/promote", new { version = 2, why = "good enough" })).LiveVersion);
        Assert.Equal(2, (await AskAsync(live, key)).Version);
        await PublishAsync(name, 1);
        Assert.Equal(3, (await AskAsync(live, key)).Version);
        Assert.Equal(2, (await ChangeAsync(HttpMethod.Post, $"{name}/rollback", new { why = "too slow" })).LiveVersion);
        Assert.Equal(1, (await ChangeAsync(HttpMethod.Post, $"{name}/rollback", new { })).LiveVersion);
        Assert.Equal(1, (await AskAsync(live, key)).Version);
        Assert.Contains("the only one", await RefusalAsync(HttpMethod.Post, $"{name}/rollback", new { }));

        var history = await models.App.Api.GetAsync<EndpointApi.EventAnswer[]>($"/api/v1/endpoints/{name}/history");
        Assert.Equal(
            [("RolledBack", "2", "1", null), ("RolledBack", "3", "2", "too slow"), ("Published", "2", "3", null), ("Promoted", "1", "2", "good enough"), ("Published", "1", "2, challenger", "is simpler"), ("Published", null, "1", null)],
            history.Select(h => (h.Kind.ToString(), h.From, h.To, h.Why)));
        Assert.All(history, h => Assert.Equal("tests", h.Who));
        // Which version answered then?
        Assert.Equal(1, (await models.App.Api.GetAsync<EndpointApi.EventAnswer>($"/api/v1/endpoints/{name}/history/at?time={Uri.EscapeDataString(before.ToString("O"))}")).LiveVersion);
        using var earlier = await Http.GetAsync($"/api/v1/endpoints/{name}/history/at?time=2020-01-01T00:00:00Z", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, earlier.StatusCode);
    }

    [Fact]
    public async Task Aliases_name_versions_and_a_retired_version_is_gone()
    {
        var (name, key) = await StartAsync("names");
        await PublishAsync(name, 2, goLive: false);
        await ChangeAsync(HttpMethod.Put, $"{name}/aliases/night", new { version = 2 });
        Assert.Equal(2, (await AskAsync($"/api/v1/models/{name}/aliases/night/predict", key)).Version);
        using (var http = models.App.Anonymous(key))
        using (var answer = await http.PostAsync($"/v1/models/{name}/labels/night:predict", ApiClient.Json("""{"instances": [["Torgersen", 39.1, 18.7, 181, 3750, "male"]]}"""), Cancel))
            Assert.Equal("2", answer.Headers.GetValues("X-Model-Version").Single());
        Assert.Contains("'Night time'", await RefusalAsync(HttpMethod.Put, $"{name}/aliases/Night%20time", new { version = 2 }));
        Assert.Contains("expected one of 1, 2", await RefusalAsync(HttpMethod.Put, $"{name}/aliases/night", new { version = 9 }));
        Assert.Contains("is live", await RefusalAsync(HttpMethod.Post, $"{name}/versions/1/retire", new { }));

        var after = await ChangeAsync(HttpMethod.Post, $"{name}/versions/2/retire", new { why = "old" });
        Assert.Empty(after.Routing.Aliases);
        Assert.NotNull(after.Versions.Single(v => v.Number == 2).RetiredAt);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync($"/api/v1/models/{name}/versions/2/predict", key)).Status);
        Assert.Contains("was retired", await RefusalAsync(HttpMethod.Post, $"{name}/promote", new { version = 2 }));
    }

    [Fact]
    public async Task Traffic_is_split_by_weight_and_a_session_stays_with_its_version()
    {
        var (name, key) = await StartAsync("split");
        await PublishAsync(name, 2, goLive: false);
        Assert.Contains("sum to 90 %", await RefusalAsync(HttpMethod.Put, $"{name}/traffic", new { shares = new[] { new TrafficShare(1, 60), new TrafficShare(2, 30) } }));
        await ChangeAsync(HttpMethod.Put, $"{name}/traffic", new { shares = new[] { new TrafficShare(1, 80), new TrafficShare(2, 20) } });
        Assert.Contains("gets traffic", await RefusalAsync(HttpMethod.Post, $"{name}/versions/2/retire", new { }));

        var live = $"/api/v1/models/{name}/predict";
        using var http = models.App.Anonymous(key);
        var bySession = new Dictionary<string, HashSet<string>>();
        for (var i = 0; i < 3 * 150; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, live) { Content = ApiClient.Json(Adelie) };
            var session = $"user-{i % 150}";
            request.Headers.Add("X-Session-Id", session);
            using var answer = await SendPatientlyAsync(http, request);
            (bySession.TryGetValue(session, out var seen) ? seen : bySession[session] = []).Add(answer.Headers.GetValues("X-Model-Version").Single());
        }
        Assert.All(bySession.Values, versions => Assert.Single(versions));
        // 150 draws of 20 %: 30 on average, 15 to 45 is beyond three deviations.
        Assert.InRange(bySession.Values.Count(v => v.Contains("2")), 15, 45);

        // Without a session the shares are kept exactly.
        var second = 0;
        for (var i = 0; i < 100; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, live) { Content = ApiClient.Json(Adelie) };
            using var answer = await SendPatientlyAsync(http, request);
            if (answer.Headers.GetValues("X-Model-Version").Single() == "2") second++;
        }
        Assert.InRange(second, 15, 25);

        // Promoting ends the split.
        Assert.Empty((await ChangeAsync(HttpMethod.Post, $"{name}/promote", new { version = 2 })).Routing.Traffic);
    }

    private static async Task<HttpResponseMessage> SendPatientlyAsync(HttpClient http, HttpRequestMessage request)
    {
        var answer = await http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        // The rate of a key is 100 a second.
        await Task.Delay(5, Cancel);
        return answer;
    }

    [Fact]
    public async Task A_shadow_answers_copies_and_its_agreement_is_counted()
    {
        var (name, key) = await StartAsync("shadowed");
        await PublishAsync(name, 2, goLive: false);
        await ChangeAsync(HttpMethod.Put, $"{name}/shadow", new { version = 2, percent = 100 });
        for (var i = 0; i < 10; i++)
        {
            var (status, version, _) = await AskAsync($"/api/v1/models/{name}/predict", key, i < 6 ? Adelie : Gentoo);
            Assert.Equal((HttpStatusCode.OK, 1), (status, version));
        }
        // The baseline says Adelie to all.
        var figures = models.App.Services.GetService(typeof(ModelWorkbench.Workbench.Serving.ShadowRequests)) as ModelWorkbench.Workbench.Serving.ShadowRequests;
        await Poll.UntilAsync(() => Task.FromResult(figures!.FiguresOf(name, 2).Rows == 10), TimeSpan.FromSeconds(10), "all copies are answered");
        Assert.Equal((6, 0), (figures!.FiguresOf(name, 2).Agreeing, figures.FiguresOf(name, 2).Dropped));
        Assert.Null((await ChangeAsync(HttpMethod.Delete, $"{name}/shadow")).Routing.Shadow);
    }

    [Fact]
    public async Task Keys_have_scopes_and_an_end_and_tell_when_they_were_used()
    {
        var (name, first) = await StartAsync("keys");
        var live = $"/api/v1/models/{name}/predict";
        async Task<string> AddAsync(object body) => (await ApiClient.ReadAsync<EndpointApi.NewKeyAnswer>(await Http.PostAsJsonAsync($"/api/v1/endpoints/{name}/keys", body, Cancel), HttpStatusCode.OK)).Key;
        var reader = await AddAsync(new { name = "dashboard", scopes = "Metadata" });
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(live, reader)).Status);
        using (var http = models.App.Anonymous(reader))
        using (var metadata = await http.GetAsync($"/v2/models/{name}", Cancel)) Assert.Equal(HttpStatusCode.OK, metadata.StatusCode);

        var brief = await AddAsync(new { name = "for a moment", expiresAt = TimeProvider.System.GetUtcNow().AddSeconds(1) });
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(live, brief)).Status);
        await Poll.UntilAsync(async () => (await AskAsync(live, brief)).Status == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(20), "the key has expired");
        // Two keys at once: the first goes on while callers take over the second.
        var second = await AddAsync(new { });
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(live, first)).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(live, second)).Status);

        await ((ModelWorkbench.Workbench.Serving.LiveModels)models.App.Services.GetService(typeof(ModelWorkbench.Workbench.Serving.LiveModels))!).WriteLastUsesAsync(Cancel);
        var keys = (await models.App.Api.GetAsync<EndpointApi.EndpointAnswer>($"/api/v1/endpoints/{name}")).Keys;
        Assert.All(keys, k => Assert.NotNull(k.LastUsedAt));
        Assert.Contains(keys, k => k is { Name: "dashboard", Scopes: EndpointScopes.Metadata });
        using var wrong = await Http.PostAsJsonAsync($"/api/v1/endpoints/{name}/keys", new { expiresAt = "2020-01-01T00:00:00Z" }, Cancel);
        Assert.Contains("time to come", (await ApiClient.ReadProblemAsync(wrong, HttpStatusCode.BadRequest)).Detail);
    }

    [Fact]
    public async Task Limits_of_an_endpoint_are_kept_and_named_and_it_can_be_opened_to_anybody()
    {
        var (name, key) = await StartAsync("limits");
        var live = $"/api/v1/models/{name}/predict";
        Assert.Equal("maxRows is 5,000; expected 1 to 100. timeoutSeconds is 0; expected 1 to 600.", await RefusalAsync(HttpMethod.Put, $"{name}/settings", new { maxRows = 5000, timeoutSeconds = 0 }));
        await ChangeAsync(HttpMethod.Put, $"{name}/settings", new EndpointSettings { MaxRows = 1, RequestsPerSecond = 1, Burst = 3, IsOpen = true });
        var two = """{"features": [["Torgersen", 39.1, 18.7, 181, 3750, "male"], ["Torgersen", 39.1, 18.7, 181, 3750, "male"]]}""";
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await AskAsync(live, key, two)).Status);
        // One of three was spent.
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], [(await AskAsync(live, key)).Status, (await AskAsync(live, key)).Status, (await AskAsync(live, key)).Status]);
        using (var http = models.App.Anonymous(key))
        using (var refused = await http.PostAsync(live, ApiClient.Json(Adelie), Cancel))
        {
            Assert.Equal("1", refused.Headers.RetryAfter!.ToString());
            Assert.Contains("1 requests a second, 3 at once", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.TooManyRequests)).Detail);
        }
        // Anybody may ask, and has a limit too.
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(live, null)).Status);
        await ChangeAsync(HttpMethod.Put, $"{name}/settings", new EndpointSettings { RequestsPerDay = 2 });
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(live, null)).Status);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], [(await AskAsync(live, key)).Status, (await AskAsync(live, key)).Status, (await AskAsync(live, key)).Status]);
        Assert.Contains(await models.App.Api.GetAsync<EndpointApi.EventAnswer[]>($"/api/v1/endpoints/{name}/history"), h => h.To == "opened to anybody");

        // Who uses a day's quota up is in the audit log, once, and among the figures.
        Assert.Equal(HttpStatusCode.TooManyRequests, (await AskAsync(live, key)).Status);
        await models.App.Services.GetServices<IHostedService>().OfType<ModelWorkbench.Workbench.Serving.KeyUses>().Single().WriteAsync();
        var entry = Assert.Single(await models.App.Services.GetRequiredService<AuditLog>().ListAsync(new AuditFilter(Action: "endpoint.quota"), null, 10, Cancel));
        Assert.Equal($"endpoint {name}", entry.Subject);
        Assert.Contains("\"requestsPerDay\":2", entry.Details);
    }

    [Fact]
    public async Task Callers_are_told_classes_alone_or_rounded_scores_where_the_endpoint_says_so()
    {
        var (name, key) = await StartAsync("reticent");
        using var http = models.App.Anonymous(key);
        var live = $"/api/v1/models/{name}/predict";
        async Task<string> AnswerAsync(string address, string body, HttpStatusCode expected = HttpStatusCode.OK, string? accept = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = ApiClient.Json(body) };
            if (accept is not null) request.Headers.Add("Accept", accept);
            using var answer = await http.SendAsync(request, Cancel);
            Assert.Equal(expected, answer.StatusCode);
            return await answer.Content.ReadAsStringAsync(Cancel);
        }
        async Task<string> GetAsync(string address) => await http.GetStringAsync(address, Cancel);
        var explained = Adelie.Insert(1, "\"explain\": true, ");
        const string Infer = """{"inputs": [{"name": "rows", "shape": [1, 6], "datatype": "BYTES", "data": ["Torgersen", "39.1", "18.7", "181", "3750", "male"]}], "outputs": [{"name": "predict_proba"}]}""";
        Assert.Equal("scoreDecimals is 16; expected 0 to 15.", await RefusalAsync(HttpMethod.Put, $"{name}/settings", new { scoreDecimals = 16 }));
        var full = JsonDocument.Parse(await AnswerAsync(live, Adelie)).RootElement;
        Assert.Contains("explanation", await AnswerAsync(live, explained));
        Assert.Contains("predict_proba", await AnswerAsync($"/v2/models/{name}/infer", Infer));
        Assert.Contains("predict_proba", await GetAsync($"/v2/models/{name}"));

        // Rounded: the same class, decided before.
        await ChangeAsync(HttpMethod.Put, $"{name}/settings", new EndpointSettings { ScoreDecimals = 2 });
        var rounded = JsonDocument.Parse(await AnswerAsync(live, Adelie)).RootElement;
        Assert.Equal(full.GetProperty("predictions")[0].GetString(), rounded.GetProperty("predictions")[0].GetString());
        Assert.Equal(full.GetProperty("probabilities")[0].EnumerateArray().Select(p => Math.Round(p.GetDouble(), 2)), rounded.GetProperty("probabilities")[0].EnumerateArray().Select(p => p.GetDouble()));
        Assert.NotEqual(full.GetProperty("probabilities")[0].ToString(), rounded.GetProperty("probabilities")[0].ToString());
        string Rounded(JsonElement number) => Math.Round(number.GetDouble(), 2).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal($"{full.GetProperty("predictions")[0]},{string.Join(',', full.GetProperty("probabilities")[0].EnumerateArray().Select(Rounded))}", (await AnswerAsync(live, Adelie, accept: "text/csv")).Split('\n')[1]);
        Assert.Equal(full.GetProperty("probabilities")[0].EnumerateArray().Select(Rounded), JsonDocument.Parse(await AnswerAsync($"/v2/models/{name}/infer", Infer)).RootElement.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(p => p.GetRawText()));
        Assert.Contains("rounded scores", await AnswerAsync(live, explained, HttpStatusCode.BadRequest));
        Assert.Contains("rounded to 2 digits", await GetAsync($"/api/v1/models/{name}/openapi.json"));

        // Classes alone, in every form.
        await ChangeAsync(HttpMethod.Put, $"{name}/settings", new EndpointSettings { LabelsOnly = true });
        Assert.Equal(["model", "version", "predictions", "classes"], JsonDocument.Parse(await AnswerAsync(live, Adelie)).RootElement.EnumerateObject().Select(p => p.Name));
        // Also where the body is read a second time, as JSON does not know NaN.
        Assert.DoesNotContain("probabilities", await AnswerAsync(live, Adelie.Replace("39.1", "NaN", StringComparison.Ordinal)));
        Assert.Equal("prediction\nAdelie\n", await AnswerAsync(live, Adelie, accept: "text/csv"));
        Assert.Contains("labels alone", await AnswerAsync(live, explained, HttpStatusCode.BadRequest));
        Assert.Contains("this endpoint tells labels alone", await AnswerAsync($"/v2/models/{name}/infer", Infer, HttpStatusCode.BadRequest));
        Assert.Equal("predict", JsonDocument.Parse(await AnswerAsync($"/v2/models/{name}/infer", Infer.Replace(", \"outputs\": [{\"name\": \"predict_proba\"}]", "", StringComparison.Ordinal))).RootElement.GetProperty("outputs").EnumerateArray().Single().GetProperty("name").GetString());
        Assert.DoesNotContain("predict_proba", await GetAsync($"/v2/models/{name}"));
        Assert.DoesNotContain("probabilities", await GetAsync($"/api/v1/models/{name}/openapi.json"));
    }

    [Theory]
    [InlineData("shift")]
    [InlineData("missing")]
    [InlineData(null)]
    public async Task The_guard_rolls_a_version_back_that_does_badly_and_says_why(string? fault)
    {
        var (name, key) = await StartAsync($"guarded-{fault ?? "well"}");
        await ChangeAsync(HttpMethod.Put, $"{name}/settings", new EndpointSettings { RequestsPerSecond = 100_000, Burst = 100_000, Guard = new GuardSettings(MinimumRequests: 20, MostLatencyFactor: 1000) });
        var live = $"/api/v1/models/{name}/predict";
        async Task AskManyAsync(string other)
        {
            for (var i = 0; i < 24; i++) Assert.Equal(HttpStatusCode.OK, (await AskAsync(live, key, i % 2 == 0 ? Adelie : other)).Status);
        }
        await AskManyAsync(Gentoo);
        // The baseline says Adelie to all; the same linear model again does as before, unless callers stop sending values.
        await PublishAsync(name, fault == "shift" ? 2 : 1);
        await AskManyAsync(fault == "missing" ? """{"features": [["Biscoe", null, null, 218, null, null]]}""" : Gentoo);

        var guard = (ModelWorkbench.Workbench.Serving.VersionGuard)models.App.Services.GetService(typeof(ModelWorkbench.Workbench.Serving.VersionGuard))!;
        var endpoints = (ModelWorkbench.Workbench.Serving.LiveModels)models.App.Services.GetService(typeof(ModelWorkbench.Workbench.Serving.LiveModels))!;
        await guard.LookAsync(endpoints.FindEndpoint(name)!, Cancel);
        var answer = await models.App.Api.GetAsync<EndpointApi.EndpointAnswer>($"/api/v1/endpoints/{name}");
        var last = (await models.App.Api.GetAsync<EndpointApi.EventAnswer[]>($"/api/v1/endpoints/{name}/history"))[0];
        Assert.Equal(fault is null ? 2 : 1, answer.LiveVersion);
        if (fault is null) return;
        Assert.Equal(("guard", EndpointEventKind.RolledBack, "2", "1"), (last.Who, last.Kind, last.From, last.To));
        Assert.StartsWith(fault == "shift" ? "The answers have shifted" : "33.3 % of the values were missing or unseen, before 0.0 %", last.Why);
        // The version that a rollback brought back is trusted, whatever it does.
        Assert.Null(await guard.LookAsync(endpoints.FindEndpoint(name)!, Cancel));
    }

    [Fact]
    public async Task Under_load_fifty_swaps_drop_nothing_mix_nothing_and_leave_nothing_stale()
    {
        var (name, key) = await StartAsync("swapped");
        await ChangeAsync(HttpMethod.Put, $"{name}/settings", new EndpointSettings { RequestsPerSecond = 100_000, Burst = 100_000 });
        // What each kind of model says, to tell which one answered. Odd versions are the linear model, even ones the baseline.
        var linear = (await AskAsync($"/api/v1/models/{name}/predict", key)).First;
        await PublishAsync(name, 2);
        var baseline = (await AskAsync($"/api/v1/models/{name}/predict", key)).First;
        Assert.NotEqual(linear, baseline);

        var wrong = new ConcurrentBag<string>();
        var acknowledged = 2;
        var asked = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            using var http = models.App.Anonymous(key);
            while (!stop.IsCancellationRequested)
            {
                var atLeast = Volatile.Read(ref acknowledged);
                using var answer = await http.PostAsync($"/api/v1/models/{name}/predict", ApiClient.Json(Adelie), Cancel);
                Interlocked.Increment(ref asked);
                if (answer.StatusCode != HttpStatusCode.OK) { wrong.Add($"status {answer.StatusCode}"); continue; }
                var json = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
                var version = json.GetProperty("version").GetInt32();
                if (json.GetProperty("probabilities")[0][0].GetDouble() != (version % 2 == 1 ? linear : baseline)) wrong.Add($"version {version} gave the other model's answer");
                if (answer.Headers.GetValues("X-Model-Version").Single() != version.ToString(System.Globalization.CultureInfo.InvariantCulture)) wrong.Add("header and body name two versions");
                // Only new versions are published here, so an earlier one than was acknowledged before the question is stale.
                if (version < atLeast) wrong.Add($"version {version} answered after {atLeast} was acknowledged");
            }
        }, Cancel)).ToArray();
        for (var i = 0; i < 25; i++)
        {
            var published = await PublishAsync(name, i % 2 == 0 ? 1 : 2);
            Volatile.Write(ref acknowledged, published.Version);
        }
        // To and fro by rollback, too: then any of the two may have been asked for, but never be mixed.
        Volatile.Write(ref acknowledged, 0);
        for (var i = 0; i < 25; i++) await ChangeAsync(HttpMethod.Post, $"{name}/promote", new { version = i % 2 == 0 ? 26 : 27 });
        await stop.CancelAsync();
        await Task.WhenAll(callers);
        Assert.Empty(wrong.Distinct());
        Assert.True(asked > 200, $"Only {asked} questions were asked.");
    }
}
