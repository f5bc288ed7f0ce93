using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Monitoring;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What is written down of requests, what came true, and whether the rows have changed. Trial 1 is a linear model of penguins, trial 2 the baseline.</summary>
public sealed class MonitoringTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Http => models.App.Api.Http;

    private async Task<(HttpClient Caller, string Path)> StartAsync(string name)
    {
        var published = await models.App.Api.PublishAsync(name, models.ExperimentId, 1);
        return (models.App.Anonymous(published.Key), $"/api/v1/endpoints/{name}");
    }

    private static async Task<string> AskAsync(HttpClient caller, string name, string rows, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await caller.PostAsync($"/api/v1/models/{name}/predict", ApiClient.Json($$"""{"features": [{{rows}}]}"""), Cancel);
        Assert.Equal(expected, answer.StatusCode);
        return answer.Headers.TryGetValues("X-Request-Id", out var ids) ? ids.Single() : "";
    }

    private const string Adelie = """["Torgersen", 39.1, 18.7, 181, 3750, "male"]""";
    private const string Gentoo = """["Biscoe", 47.5, 14.2, 218, 4950, null]""";

    [Fact]
    public async Task Rows_are_written_down_found_again_and_joined_with_what_came_true()
    {
        var (caller, path) = await StartAsync("logged");
        var id = await AskAsync(caller, "logged", $"{Adelie}, {Gentoo}");
        await AskAsync(caller, "logged", """["Torgersen", "wide", 18.7, 181, 3750, "male"]""", HttpStatusCode.BadRequest);

        var log = await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log");
        Assert.Equal(3, log.Length);
        Assert.Contains("wide", log[0].Problem);
        Assert.Null(log[0].Values);
        Assert.Equal([(id, 1, "Gentoo"), (id, 0, "Adelie")], log[1..].Select(r => (r.RequestId, r.Row, r.Answer)));
        Assert.Equal(JsonValueKind.Null, log[1].Values!.Value.GetProperty("sex").ValueKind);
        Assert.Equal(181, log[2].Values!.Value.GetProperty("flipper_length_mm").GetDouble());
        Assert.InRange(log[2].Probability!.Value, 0.5, 1);
        Assert.True(log[2].Microseconds > 0);

        Assert.Single(await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log?search=torgersen&refused=false&most=1&before={log[1].Id}"));
        Assert.Single(await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log?refused=true"));
        // What SQL's LIKE would take for a wildcard is a character like any other.
        Assert.Empty(await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log?search=T%25n"));

        var feedback = "/api/v1/models/logged/feedback";
        var joined = await ApiClient.ReadAsync<FeedbackApi.FeedbackAnswer>(await caller.PostAsJsonAsync(feedback, new { items = new object[] { new { requestId = id, row = 0, truth = "Adelie" }, new { requestId = id, row = 1, truth = "chinstrap" }, new { requestId = id, row = 7, truth = "Adelie" } } }, Cancel), HttpStatusCode.OK);
        Assert.Equal((1 + 1, 2), (joined.Joined, joined.NotLogged.Single()));
        var traffic = await models.App.Api.GetAsync<MonitoringApi.TrafficAnswer>($"{path}/traffic?hours=1");
        Assert.Equal((2, 1, 1, 2), (traffic.Total.Requests, traffic.Total.Answered, traffic.Total.Invalid, traffic.Total.Rows));
        Assert.True(traffic.Total.P50Microseconds > 0);
        Assert.Equal(traffic.Total.Requests, traffic.Points.Sum(p => p.Counts.Requests));
        Assert.Equal(2, Assert.Single(traffic.Parts).Counts.Requests);
        var quality = Assert.Single(traffic.Quality);
        Assert.Equal(("accuracy-score", 2, 0.5), (quality.Metric, quality.RowCount, quality.Value));
        // Wilson's interval of 1 of 2, by scipy's binomtest(1, 2).proportion_ci(method='wilson').
        Assert.Equal(0.0945312057, quality.Low!.Value, 1e-6);
        Assert.Equal(0.9054687943, quality.High!.Value, 1e-6);
        Assert.InRange(quality.InTraining!.Value, 0.9, 1);

        // Said again, the later truth counts.
        await ApiClient.ReadAsync<FeedbackApi.FeedbackAnswer>(await caller.PostAsJsonAsync(feedback, new { requestId = id, row = 1, truth = "Gentoo" }, Cancel), HttpStatusCode.OK);
        Assert.Equal(1, (await models.App.Api.GetAsync<MonitoringApi.TrafficAnswer>($"{path}/traffic?hours=1")).Quality.Single().Value);

        // Nothing is true of what nobody can find, and an unknown class is none.
        var unknown = await ApiClient.ReadProblemAsync(await caller.PostAsJsonAsync(feedback, new { requestId = "nobody", truth = "Adelie" }, Cancel), HttpStatusCode.NotFound);
        Assert.Contains("nobody", unknown.Detail);
        var wrong = await ApiClient.ReadProblemAsync(await caller.PostAsJsonAsync(feedback, new { requestId = id, truth = "Emperor" }, Cancel), HttpStatusCode.BadRequest);
        Assert.Contains("Emperor", wrong.Detail);
        Assert.Contains("Adelie, Chinstrap, Gentoo", wrong.Detail);
        foreach (var body in new[] { "[]", "{", "{}", """{"requestId": "x"}""", """{"items": [{"truth": 1}]}""", """{"items": [{"requestId": "x", "truth": []}]}""", "null" })
            await ApiClient.ReadProblemAsync(await caller.PostAsync(feedback, ApiClient.Json(body), Cancel), HttpStatusCode.BadRequest);
        await ApiClient.ReadProblemAsync(await models.App.Anonymous().PostAsJsonAsync(feedback, new { requestId = id, truth = "Adelie" }, Cancel), HttpStatusCode.Unauthorized);
        var predictOnly = (await ApiClient.ReadAsync<EndpointApi.NewKeyAnswer>(await Http.PostAsJsonAsync($"{path}/keys", new { name = "asks", scopes = "predict" }, Cancel), HttpStatusCode.OK)).Key;
        await ApiClient.ReadProblemAsync(await models.App.Anonymous(predictOnly).PostAsJsonAsync(feedback, new { requestId = id, truth = "Adelie" }, Cancel), HttpStatusCode.Forbidden);

        // Figures for Prometheus
        var metrics = (await Http.GetStringAsync("/metrics", Cancel)).Split('\n').Where(l => l.Contains("model=\"logged\"", StringComparison.Ordinal)).ToArray();
        Assert.Contains(metrics, l => l.StartsWith("mw_feedback_joined_total", StringComparison.Ordinal) && System.Text.RegularExpressions.Regex.IsMatch(l, @"\} 3(\s|$)"));
        Assert.Contains(metrics, l => l.StartsWith("mw_inference_missing_values_total", StringComparison.Ordinal) && l.Contains("column=\"sex\"", StringComparison.Ordinal) && System.Text.RegularExpressions.Regex.IsMatch(l, @"\} 1(\s|$)"));

        // The rows as a dataset, ready to be trained on.
        var made = await ApiClient.ReadAsync<LogDataset.Made>(await Http.PostAsync($"{path}/log/dataset", null, Cancel), HttpStatusCode.Created);
        Assert.Equal(("species", 2, 2, true), (made.Target, made.RowCount, made.TruthCount, made.HasRecipe));
        var rows = await models.App.Api.GetAsync<RowsApi.RowsAnswer>($"/api/v1/datasets/{made.DatasetId}/rows?limit=5");
        Assert.Equal(["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "species"], rows.Columns);
        Assert.Equal([["Torgersen", "39.1", "18.7", "181", "3750", "male", "Adelie"], ["Biscoe", "47.5", "14.2", "218", "4950", null, "Gentoo"]], rows.Rows.Select(r => r.ToArray()));

        Assert.Equal(3, (await ApiClient.ReadAsync<MonitoringApi.ClearedAnswer>(await Http.DeleteAsync($"{path}/log", Cancel), HttpStatusCode.OK)).Rows);
        Assert.Empty(await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log"));
        Assert.Equal(2, (await models.App.Api.GetAsync<MonitoringApi.TrafficAnswer>($"{path}/traffic")).Total.Requests);
        await ApiClient.ReadProblemAsync(await Http.PostAsync($"{path}/log/dataset", null, Cancel), HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_masked_column_is_never_written_down_and_of_many_rows_an_even_share()
    {
        var (caller, path) = await StartAsync("masked");
        var settings = new EndpointSettings { Log = new LogSettings(RowsPerSecond: 10, Masked: ["body_mass_g", "island"]) };
        await ApiClient.ReadAsync<JsonElement>(await Http.PutAsJsonAsync($"{path}/settings", settings, Cancel), HttpStatusCode.OK);
        await AskAsync(caller, "masked", string.Join(", ", Enumerable.Range(0, 100).Select(i => $"[\"Torgersen\", {30 + i / 10.0:0.0}, 18.7, 181, 3751, \"male\"]")));
        var log = await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log");
        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => i * 10)], log.Select(r => r.Row).Order());
        Assert.All(log, row => Assert.DoesNotContain("3751", row.Values!.Value.GetRawText()));
        Assert.All(log, row => Assert.False(row.Values!.Value.TryGetProperty("island", out _)));
        await Task.Delay(1_100, Cancel);
        await AskAsync(caller, "masked", """["Torgersen", 39.1, 18.7, 181, "4711 g", "male"]""", HttpStatusCode.BadRequest);
        Assert.DoesNotContain("4711", (await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log?refused=true")).Single().Problem);
        var drift = await models.App.Api.GetAsync<DriftReport>($"{path}/drift");
        Assert.Equal(["body_mass_g", "island"], drift.LeftOut.Order());

        var refusal = await ApiClient.ReadProblemAsync(await Http.PutAsJsonAsync($"{path}/settings", settings with { Log = new LogSettings(RowsPerSecond: -1, KeepDays: 0) }, Cancel), HttpStatusCode.BadRequest);
        Assert.Contains("log.rowsPerSecond is -1", refusal.Detail);
        Assert.Contains("log.keepDays is 0", refusal.Detail);
        var slip = await ApiClient.ReadProblemAsync(await Http.PutAsJsonAsync($"{path}/settings", settings with { Log = new LogSettings(Masked: ["body_mass"]) }, Cancel), HttpStatusCode.BadRequest);
        Assert.Contains("'body_mass'; expected columns of the model: island, bill_length_mm", slip.Detail);

        // What callers sent goes with the endpoint; another one of the same name begins at nothing.
        await models.App.Api.DeleteAsync(path);
        await models.App.Api.PublishAsync("masked", models.ExperimentId, 1);
        Assert.Empty(await models.App.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>($"{path}/log"));
    }

    [Fact]
    public async Task A_request_may_be_named_by_anything_and_feedback_finds_it()
    {
        var (caller, _) = await StartAsync("named");
        foreach (var id in new[] { "order 4711", "Bestellung für Zoë", "two\\nlines", new string('x', 5_000) })
        {
            using var answer = await caller.PostAsync("/api/v1/models/named/predict", ApiClient.Json($$"""{"features": [{{Adelie}}], "requestId": "{{id}}"}"""), Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var name = JsonSerializer.Deserialize<string>($"\"{id}\"")!;
            Assert.Equal(name, (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("requestId").GetString());
            Assert.Equal(id == "order 4711", answer.Headers.Contains("X-Request-Id"));
            Assert.Equal(1, (await ApiClient.ReadAsync<FeedbackApi.FeedbackAnswer>(await caller.PostAsJsonAsync("/api/v1/models/named/feedback", new { requestId = name, truth = "Adelie" }, Cancel), HttpStatusCode.OK)).Joined);
        }
    }

    [Fact]
    public async Task Rows_like_those_of_the_training_are_stable_and_others_a_strong_change()
    {
        var (caller, path) = await StartAsync("drifting");
        await ApiClient.ReadAsync<JsonElement>(await Http.PutAsJsonAsync($"{path}/settings", new EndpointSettings { Log = new LogSettings(RowsPerSecond: 1_000) }, Cancel), HttpStatusCode.OK);
        var penguins = (await File.ReadAllLinesAsync(TestFiles.Sample("penguins.csv"), Cancel)).Skip(1).ToArray();
        foreach (var rows in penguins.Chunk(50))
        {
            using var csv = new StringContent("island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex\n" + string.Join('\n', rows.Select(p => p[(p.IndexOf(',') + 1)..])), null, "text/csv");
            Assert.Equal(HttpStatusCode.OK, (await caller.PostAsync("/api/v1/models/drifting/predict", csv, Cancel)).StatusCode);
        }
        await models.App.Services.GetRequiredService<RequestLog>().FlushAsync(Cancel);
        var same = await models.App.Api.GetAsync<DriftReport>($"{path}/drift?hours=1");
        Assert.Equal(344, same.RowCount);
        Assert.Equal(6, same.Columns.Count);
        // The model was trained on a part of these very rows.
        Assert.All(same.Columns, c => Assert.True(c.Level == DriftLevel.Stable, $"{c}"));
        Assert.Equal(DriftLevel.Stable, same.Answers!.Level);

        await Http.DeleteAsync($"{path}/log", Cancel);
        await Task.Delay(1_100, Cancel);
        for (var part = 0; part < 4; part++)
            await AskAsync(caller, "drifting", string.Join(", ", Enumerable.Range(50 * part, 50).Select(i => $"[\"Atlantis\", {40 + i % 20}, 18.7, {180 + i % 50}, 37500, \"male\"]")));
        await models.App.Services.GetRequiredService<RequestLog>().FlushAsync(Cancel);
        var other = (await models.App.Api.GetAsync<DriftReport>($"{path}/drift?hours=1")).Columns.ToDictionary(c => c.Name);
        Assert.Equal((DriftLevel.Strong, 1.0), (other["body_mass_g"].Level, other["body_mass_g"].OutsideShare));
        Assert.Equal((DriftLevel.Strong, 1.0, 0.0), (other["island"].Level, other["island"].UnseenShare, other["island"].MissingShare));
        Assert.Equal(DriftLevel.Strong, other["sex"].Level);
        await ApiClient.ReadProblemAsync(await Http.GetAsync($"{path}/drift?version=9", Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Http.GetAsync($"{path}/drift?hours=0", Cancel), HttpStatusCode.BadRequest);
        await ApiClient.ReadProblemAsync(await Http.GetAsync("/api/v1/endpoints/nobody/traffic", Cancel), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Figures_and_log_outlive_a_restart_and_old_ones_are_joined_by_the_hour()
    {
        using var folder = new TemporaryFolder();
        int experiment;
        string key;
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            experiment = (await app.Api.RunAsync(new ExperimentApi.StartBody((await app.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id, "species", Trainers: ["baseline"]))).Id;
            key = (await app.Api.PublishAsync("kept", experiment, 1)).Key!;
            using var caller = app.Anonymous(key);
            for (var i = 0; i < 5; i++) await AskAsync(caller, "kept", Adelie);
            await app.StopAsync();
        }
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            Assert.Equal(5, (await app.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>("/api/v1/endpoints/kept/log")).Length);
            using var caller = app.Anonymous(key);
            await AskAsync(caller, "kept", Adelie);
            Assert.Equal(6, (await app.Api.GetAsync<MonitoringApi.TrafficAnswer>("/api/v1/endpoints/kept/traffic")).Total.Requests);

            // Two minutes of an hour three days ago.
            var hour = new DateTimeOffset(TimeProvider.System.GetUtcNow().AddDays(-3).Date, TimeSpan.Zero);
            var databases = app.Services.GetRequiredService<Microsoft.EntityFrameworkCore.IDbContextFactory<AppDb>>();
            await using (var db = await databases.CreateDbContextAsync(Cancel))
            {
                foreach (var minute in new[] { 3, 40 })
                    db.ServingPeriods.Add(new ServingPeriodRow { EndpointName = "kept", At = hour.AddMinutes(minute), Version = 1, Dialect = "native", Answered = minute, Rows = minute, Latencies = new Dictionary<int, int> { [50] = minute - 1, [60] = 1 } });
                await db.SaveChangesAsync(Cancel);
            }
            await app.Services.GetRequiredService<ServingHistory>().RollUpAsync(Cancel);
            await using (var db = await databases.CreateDbContextAsync(Cancel))
            {
                var joined = Assert.Single(db.ServingPeriods, p => p.Minutes == 60);
                Assert.Equal((hour, 43, 43), (joined.At, joined.Answered, joined.Rows));
                Assert.Equal([(50, 41), (60, 2)], joined.Latencies.OrderBy(l => l.Key).Select(l => (l.Key, l.Value)));
            }
            Assert.Equal(49, (await app.Api.GetAsync<MonitoringApi.TrafficAnswer>("/api/v1/endpoints/kept/traffic?hours=168")).Total.Requests);

            // What is more than is kept goes, the oldest first.
            await ApiClient.ReadAsync<JsonElement>(await app.Api.Http.PutAsJsonAsync("/api/v1/endpoints/kept/settings", new EndpointSettings { Log = new LogSettings(KeepRows: 2) }, Cancel), HttpStatusCode.OK);
            var log = app.Services.GetRequiredService<RequestLog>();
            await log.FlushAsync(Cancel);
            await log.CleanAsync(Cancel);
            Assert.Equal(2, (await app.Api.GetAsync<MonitoringApi.LoggedRowAnswer[]>("/api/v1/endpoints/kept/log")).Length);
            await app.StopAsync();
        }
    }
}
