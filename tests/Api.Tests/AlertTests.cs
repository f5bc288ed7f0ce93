using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Monitoring;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Alerts are raised and cleared once, over a restart too, and told to a real receiver.</summary>
public sealed class AlertTests : IAsyncLifetime
{
    private const string Good = """{"features": [["Torgersen", 39.1, 18.7, 181, 3750, "male"]]}""";
    private const string Bad = """{"features": [["Torgersen", "wide", 18.7, 181, 3750, "male"]]}""";
    private const string Path = "/api/v1/endpoints/watched";
    private const string Secret = "a secret of the tests";

    private readonly TemporaryFolder _folder = new();
    private WorkbenchApp _app = null!;
    private WebhookReceiver _receiver = null!;
    private string _key = "";
    private int _experiment;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Http => _app.Api.Http;

    public async ValueTask InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync();
        await StartAsync(isPrivate: true);
        _experiment = (await _app.Api.RunAsync(new ExperimentApi.StartBody((await _app.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id, "species", Trainers: ["baseline"]))).Id;
        _key = (await _app.Api.PublishAsync("watched", _experiment, 1)).Key!;
    }

    private async Task StartAsync(bool isPrivate) => _app = await WorkbenchApp.StartAsync(_folder.Path, ("PrivateWebhooks", isPrivate ? "true" : "false"));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _receiver.DisposeAsync();
        _folder.Dispose();
    }

    private async Task AskAsync(string body, int times)
    {
        using var caller = _app.Anonymous(_key);
        for (var i = 0; i < times; i++)
        {
            using var answer = await caller.PostAsync("/api/v1/models/watched/predict", ApiClient.Json(body), Cancel);
            Assert.Equal(body == Bad ? HttpStatusCode.BadRequest : HttpStatusCode.OK, answer.StatusCode);
        }
    }

    private async Task LookAsync(bool withRows = false) => await _app.Services.GetRequiredService<AlertWatch>().LookAsync(_app.Services.GetRequiredService<LiveModels>().FindEndpoint("watched")!, withRows, Cancel);

    private Task<AlertAnswer[]> UpAsync() => _app.Api.GetAsync<AlertAnswer[]>($"{Path}/alerts?up=true");

    private async Task SetAsync(AlertRules rules) => await ApiClient.ReadAsync<JsonElement>(await Http.PutAsJsonAsync($"{Path}/settings", new EndpointSettings { Alerts = rules, RequestsPerSecond = 100_000, Burst = 100_000, Log = new LogSettings(RowsPerSecond: 1_000) }, Cancel), HttpStatusCode.OK);

    private async Task SetWebhookAsync(string? secret = Secret) =>
        await ApiClient.ReadAsync<AlertApi.WebhookSetAnswer>(await Http.PutAsJsonAsync($"{Path}/webhook", new { url = _receiver.Address + "/hook?token=in-the-path", secret }, Cancel), HttpStatusCode.OK);

    private async Task<WebhookReceiver.Received> ReceiveAsync(int number)
    {
        await Poll.UntilAsync(() => Task.FromResult(_receiver.Requests.Count >= number), TimeSpan.FromSeconds(30), $"delivery {number} comes");
        return _receiver.Requests.ElementAt(number - 1);
    }

    private static JsonElement CheckSigned(WebhookReceiver.Received received, string secret = Secret)
    {
        var timestamp = received.Headers["X-Workbench-Timestamp"];
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, CultureInfo.InvariantCulture)), TimeProvider.System.GetUtcNow().AddMinutes(-2), TimeProvider.System.GetUtcNow().AddMinutes(1));
        using var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(secret));
        byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp + "."), .. received.Body];
        Assert.Equal("v1=" + Convert.ToHexStringLower(hmac.ComputeHash(signed)), received.Headers["X-Workbench-Signature"]);
        Assert.StartsWith("application/json", received.Headers["Content-Type"], StringComparison.Ordinal);
        return JsonDocument.Parse(received.Body).RootElement;
    }

    [Fact]
    public async Task An_alert_is_raised_once_told_once_kept_over_a_restart_and_cleared_once()
    {
        await SetAsync(new AlertRules(MinimumRequests: 5, MostInvalidShare: 0.5));
        await SetWebhookAsync();
        await AskAsync(Bad, 6);
        for (var i = 0; i < 3; i++) await LookAsync();
        var alert = Assert.Single(await UpAsync());
        Assert.Equal((AlertKind.InvalidShare, "", 1, 1.0, 0.5), (alert.Kind, alert.Subject, alert.Version, alert.Figure, alert.Threshold));
        var raised = CheckSigned(await ReceiveAsync(1));
        Assert.Equal(("alert.raised", "watched", 1), (raised.GetProperty("event").GetString(), raised.GetProperty("endpoint").GetString(), raised.GetProperty("version").GetInt32()));
        Assert.Equal((alert.Id, "invalidShare", 1.0), (raised.GetProperty("alert").GetProperty("id").GetInt32(), raised.GetProperty("alert").GetProperty("kind").GetString(), raised.GetProperty("alert").GetProperty("figure").GetDouble()));
        Assert.Equal("Requests that do not fit: 100 %, threshold 50 %.", raised.GetProperty("text").GetString());
        Assert.Equal("watched", Assert.Single(await _app.Api.GetAsync<AlertApi.WaitingAnswer[]>("/api/v1/alerts")).Endpoint);

        await _app.StopAsync();
        await StartAsync(isPrivate: true);
        await LookAsync();
        Assert.Equal(alert.Id, Assert.Single(await UpAsync()).Id);

        // Seen by somebody, it is up still and waits for nobody.
        var seen = await ApiClient.ReadAsync<AlertAnswer>(await Http.PostAsync($"{Path}/alerts/{alert.Id}/acknowledge", null, Cancel), HttpStatusCode.OK);
        Assert.NotNull(seen.AcknowledgedAt);
        Assert.Single(await UpAsync());
        Assert.Empty(await _app.Api.GetAsync<AlertApi.WaitingAnswer[]>("/api/v1/alerts"));
        await ApiClient.ReadProblemAsync(await Http.PostAsync($"{Path}/alerts/{alert.Id + 1}/acknowledge", null, Cancel), HttpStatusCode.NotFound);

        await AskAsync(Good, 60);
        await LookAsync();
        await LookAsync();
        Assert.Single(await UpAsync());
        await LookAsync();
        await LookAsync();
        Assert.Empty(await UpAsync());
        var cleared = CheckSigned(await ReceiveAsync(2));
        Assert.Equal(("alert.cleared", alert.Id), (cleared.GetProperty("event").GetString(), cleared.GetProperty("alert").GetProperty("id").GetInt32()));
        var past = Assert.Single(await _app.Api.GetAsync<AlertAnswer[]>($"{Path}/alerts"));
        Assert.True(past is { ClearedAt: not null, ClearedWhy: null, RaisedFigure: 1.0, Figure: < 0.2 }, $"{past}");
        await Task.Delay(300, Cancel);
        Assert.Equal(2, _receiver.Requests.Count);
        Assert.Equal(["1", "2"], _receiver.Requests.Select(r => r.Headers["X-Workbench-Delivery"]));
    }

    [Fact]
    public async Task Rows_unlike_those_of_the_training_raise_alerts_of_their_columns_which_another_version_ends()
    {
        await SetAsync(new AlertRules(MostAnswerPsi: null, IgnoredColumns: ["sex"]));
        using (var caller = _app.Anonymous(_key))
            foreach (var part in Enumerable.Range(0, 2))
                Assert.Equal(HttpStatusCode.OK, (await caller.PostAsync("/api/v1/models/watched/predict", ApiClient.Json($$"""{"features": [{{string.Join(", ", Enumerable.Range(0, 60).Select(i => $"[\"{(i % 2 == 0 ? "Atlantis" : "Biscoe")}\", {40 + i % 20}, null, {180 + i % 50}, 37500, \"unknown\"]"))}}]}"""), Cancel)).StatusCode);
        await LookAsync(withRows: true);
        await LookAsync(withRows: true);
        var alerts = (await UpAsync()).Select(a => (a.Kind, a.Subject)).ToHashSet();
        Assert.Contains((AlertKind.UnseenShare, "island"), alerts);
        Assert.Contains((AlertKind.MissingRise, "bill_depth_mm"), alerts);
        Assert.Contains((AlertKind.ColumnDrift, "body_mass_g"), alerts);
        Assert.DoesNotContain(alerts, a => a.Subject == "sex");
        Assert.Equal(alerts.Count, (await UpAsync()).Length);

        // A threshold that is taken away ends its alerts, a version that goes live those of the one before.
        await SetAsync(new AlertRules(MostAnswerPsi: null, MostMissingRise: null, IgnoredColumns: ["sex"]));
        await LookAsync(withRows: true);
        Assert.DoesNotContain(await UpAsync(), a => a.Kind == AlertKind.MissingRise);
        await _app.Api.PublishAsync("watched", _experiment, 1);
        await LookAsync(withRows: true);
        Assert.Empty(await UpAsync());
        Assert.Contains(await _app.Api.GetAsync<AlertAnswer[]>($"{Path}/alerts"), a => a.ClearedWhy == "Version 2 is live now.");
    }

    [Fact]
    public async Task Truths_that_contradict_the_answers_raise_an_alert_and_so_does_silence()
    {
        await SetAsync(new AlertRules(MinimumTruths: 50, MostColumnPsi: null, MostAnswerPsi: null, MostMissingRise: null, MostUnseenShare: null, MostSilentMinutes: 30));
        using var caller = _app.Anonymous(_key);
        using var answer = await caller.PostAsync("/api/v1/models/watched/predict", ApiClient.Json($$"""{"features": [{{string.Join(", ", Enumerable.Repeat("""["Torgersen", 39.1, 18.7, 181, 3750, "male"]""", 80))}}], "requestId": "all wrong"}"""), Cancel);
        var said = (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("predictions")[0].GetString();
        await LookAsync(withRows: true);
        Assert.Empty(await UpAsync());
        var items = Enumerable.Range(0, 80).Select(row => new { requestId = "all wrong", row, truth = said == "Gentoo" ? "Adelie" : "Gentoo" });
        await ApiClient.ReadAsync<JsonElement>(await caller.PostAsJsonAsync("/api/v1/models/watched/feedback", new { items }, Cancel), HttpStatusCode.OK);
        await LookAsync(withRows: true);
        var alert = Assert.Single(await UpAsync());
        Assert.Equal(AlertKind.QualityLoss, alert.Kind);
        Assert.InRange(alert.Figure, 0.3, 0.6);

        // The last request was an hour ago.
        await _app.Services.GetRequiredService<ServingHistory>().WriteAsync();
        await using (var db = await _app.Services.GetRequiredService<IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel))
        {
            var hourAgo = TimeProvider.System.GetUtcNow().AddHours(-1);
            await db.ServingPeriods.ExecuteUpdateAsync(set => set.SetProperty(p => p.At, hourAgo), Cancel);
            await db.Endpoints.ExecuteUpdateAsync(set => set.SetProperty(e => e.CreatedAt, hourAgo.AddHours(-1)), Cancel);
        }
        await _app.Services.GetRequiredService<LiveModels>().LoadAsync("watched", Cancel);
        await LookAsync();
        Assert.InRange((await UpAsync()).Single(a => a.Kind == AlertKind.Silence).Figure, 59, 62);
        await AskAsync(Good, 1);
        await LookAsync();
        Assert.DoesNotContain(await UpAsync(), a => a.Kind == AlertKind.Silence);
    }

    [Fact]
    public async Task Nobody_is_told_while_an_endpoint_is_muted()
    {
        await SetAsync(new AlertRules(MinimumRequests: 5, MostInvalidShare: 0.5));
        await SetWebhookAsync();
        await ApiClient.ReadProblemAsync(await Http.PostAsJsonAsync($"{Path}/alerts/mute", new { minutes = -1 }, Cancel), HttpStatusCode.BadRequest);
        Assert.Equal(HttpStatusCode.NoContent, (await Http.PostAsJsonAsync($"{Path}/alerts/mute", new { minutes = 60 }, Cancel)).StatusCode);
        await AskAsync(Bad, 6);
        await LookAsync();
        Assert.Single(await UpAsync());
        Assert.Empty(await _app.Api.GetAsync<AlertApi.WaitingAnswer[]>("/api/v1/alerts"));
        Assert.Equal(HttpStatusCode.NoContent, (await Http.PostAsJsonAsync($"{Path}/alerts/mute", new { minutes = 0 }, Cancel)).StatusCode);
        Assert.Single(await _app.Api.GetAsync<AlertApi.WaitingAnswer[]>("/api/v1/alerts"));
        await AskAsync(Good, 60);
        for (var i = 0; i < 3; i++) await LookAsync();
        Assert.Empty(await UpAsync());
        await _app.Services.GetRequiredService<Webhooks>().SendDueAsync(Cancel);
        // What nobody heard of is not said to be over.
        Assert.Empty(_receiver.Requests);
    }

    [Fact]
    public async Task What_fails_is_tried_again_within_bounds_and_its_outcome_is_said()
    {
        await SetAsync(new AlertRules(MinimumRequests: 5, MostInvalidShare: 0.5));
        await SetWebhookAsync();
        _receiver.Status = 500;
        await AskAsync(Bad, 6);
        await LookAsync();
        await ReceiveAsync(1);
        for (var attempt = 1; attempt <= Webhooks.MostAttempts; attempt++)
        {
            AlertApi.DeliveryAnswer? tried = null;
            await Poll.UntilAsync(async () => (tried = (await WebhookAsync()).Deliveries.Single()).Attempts == attempt, TimeSpan.FromSeconds(30), $"attempt {attempt} is written down");
            Assert.Equal((500, "Status 500; expected 200 to 299.", false, attempt < Webhooks.MostAttempts), (tried!.StatusCode, tried.Problem, tried.IsDelivered, tried.NextAt is not null));
            // The pauses need not be waited for.
            await using var db = await _app.Services.GetRequiredService<IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel);
            await db.WebhookDeliveries.Where(d => d.NextAt != null).ExecuteUpdateAsync(set => set.SetProperty(d => d.NextAt, DateTimeOffset.UnixEpoch), Cancel);
            _app.Services.GetRequiredService<Webhooks>().Wake();
        }
        await Task.Delay(300, Cancel);
        Assert.Equal(Webhooks.MostAttempts, _receiver.Requests.Count);
        Assert.Single(_receiver.Requests.Select(r => r.Headers["X-Workbench-Delivery"]).Distinct());
        foreach (var received in _receiver.Requests) CheckSigned(received);

        // A redirect is not followed, and what the receiver says is shown nowhere.
        _receiver.Status = 302;
        var test = await ApiClient.ReadAsync<AlertApi.DeliveryAnswer>(await Http.PostAsync($"{Path}/webhook/test", null, Cancel), HttpStatusCode.OK);
        Assert.Equal((302, 1, false, null), (test.StatusCode, test.Attempts, test.IsDelivered, test.NextAt));
        Assert.DoesNotContain(_receiver.Requests, r => r.Path == "/elsewhere");
        Assert.DoesNotContain("own words", await Http.GetStringAsync($"{Path}/webhook", Cancel));
        _receiver.Status = 204;
        Assert.True((await ApiClient.ReadAsync<AlertApi.DeliveryAnswer>(await Http.PostAsync($"{Path}/webhook/test", null, Cancel), HttpStatusCode.OK)).IsDelivered);
        Assert.Equal("test", CheckSigned(_receiver.Requests.Last()).GetProperty("event").GetString());
    }

    private Task<AlertApi.WebhookAnswer> WebhookAsync() => _app.Api.GetAsync<AlertApi.WebhookAnswer>($"{Path}/webhook");

    [Fact]
    public async Task The_secret_is_shown_once_and_stands_nowhere_in_the_clear()
    {
        var made = await ApiClient.ReadAsync<AlertApi.WebhookSetAnswer>(await Http.PutAsJsonAsync($"{Path}/webhook", new { url = _receiver.Address + "/hook?token=in-the-path" }, Cancel), HttpStatusCode.OK);
        Assert.StartsWith("mws_", made.Secret, StringComparison.Ordinal);
        // Another address keeps it.
        Assert.Null((await ApiClient.ReadAsync<AlertApi.WebhookSetAnswer>(await Http.PutAsJsonAsync($"{Path}/webhook", new { url = _receiver.Address + "/other" }, Cancel), HttpStatusCode.OK)).Secret);
        await ApiClient.ReadAsync<AlertApi.DeliveryAnswer>(await Http.PostAsync($"{Path}/webhook/test", null, Cancel), HttpStatusCode.OK);
        CheckSigned(_receiver.Requests.Single(), made.Secret!);
        var shown = await Http.GetStringAsync($"{Path}/webhook", Cancel);
        Assert.DoesNotContain(made.Secret!, shown);
        Assert.DoesNotContain("/other", shown);
        var audit = await Http.GetStringAsync("/api/v1/audit", Cancel);
        Assert.Contains("endpoint.webhook.set", audit);
        Assert.DoesNotContain("in-the-path", audit);
        Assert.DoesNotContain(made.Secret!, audit);
        var kept = (string)TestDatabase.Ask(_folder.Path, "SELECT \"ProtectedSecret\" FROM \"Webhooks\"")!;
        Assert.DoesNotContain(made.Secret!, kept);
        Assert.True(kept.Length > 50);
        Assert.Equal(HttpStatusCode.NoContent, (await Http.DeleteAsync($"{Path}/webhook", Cancel)).StatusCode);
        await ApiClient.ReadProblemAsync(await Http.GetAsync($"{Path}/webhook", Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Http.PostAsync($"{Path}/webhook/test", null, Cancel), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Addresses_of_this_machine_and_of_private_networks_are_refused_at_the_moment_of_connecting()
    {
        await _app.StopAsync();
        await StartAsync(isPrivate: false);
        var port = new Uri(_receiver.Address).Port;
        foreach (var host in new[] { "127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254", "10.1.2.3", "192.168.0.1" })
        {
            await ApiClient.ReadAsync<JsonElement>(await Http.PutAsJsonAsync($"{Path}/webhook", new { url = $"http://{host}:{port}/", secret = Secret }, Cancel), HttpStatusCode.OK);
            var test = await ApiClient.ReadAsync<AlertApi.DeliveryAnswer>(await Http.PostAsync($"{Path}/webhook/test", null, Cancel), HttpStatusCode.OK);
            Assert.True(test is { IsDelivered: false, StatusCode: null } && test.Problem!.Contains("no public address", StringComparison.Ordinal), $"{host}: {test}");
        }
        Assert.Empty(_receiver.Requests);
        foreach (var url in new[] { "file:///etc/passwd", "ftp://example.org/", "gopher://example.org", "//example.org", "example.org", "", "http://user:word@example.org/", "http://" + new string('a', 3_000) })
            await ApiClient.ReadProblemAsync(await Http.PutAsJsonAsync($"{Path}/webhook", new { url, secret = Secret }, Cancel), HttpStatusCode.BadRequest);
        await ApiClient.ReadProblemAsync(await Http.PutAsJsonAsync($"{Path}/webhook", new { url = "https://example.org/", secret = "short" }, Cancel), HttpStatusCode.BadRequest);
    }
}
