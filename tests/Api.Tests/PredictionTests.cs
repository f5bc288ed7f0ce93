using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Two published models: <c>penguins</c> (species from numbers and categories, with missing values) and <c>homes</c> (a price).</summary>
public sealed class PublishedModels : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public WorkbenchApp App { get; private set; } = null!;
    public int ExperimentId { get; private set; }
    public string Key { get; private set; } = "";
    public string HomesKey { get; private set; } = "";
    public ModelClient Penguins => new(App.Anonymous(), "penguins", Key);
    public ModelClient Homes => new(App.Anonymous(), "homes", HomesKey);

    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        (ExperimentId, Key) = await PublishAsync("penguins.csv", "species", "logistic", "penguins");
        (_, HomesKey) = await PublishAsync("sacramento_homes.csv", "price", Families.Boosted, "homes");

        async Task<(int, string)> PublishAsync(string sample, string target, string family, string name)
        {
            var dataset = await App.Api.UploadAsync(TestFiles.Sample(sample));
            var families = family == "logistic" ? new[] { "linear-lbfgs", "baseline" } : [family];
            var experiment = await App.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, target, Trainers: families, Split: new SplitPlan(Folds: 1, Stratified: family == "logistic"), BudgetSeconds: 60));
            Assert.Equal(ExperimentStatus.Completed, experiment.Status);
            return (experiment.Id, (await App.Api.PublishAsync(name, experiment.Id, 1)).Key!);
        }
    }

    /// <summary>A new app on the same data folder.</summary>
    public async Task RestartAsync()
    {
        await App.StopAsync();
        await StartAsync();
    }

    public async Task StopAsync() => await App.StopAsync();

    public async Task StartAsync() => App = await WorkbenchApp.StartAsync(_folder.Path, ("MaxPredictionRows", "100"), ("MaxPredictionMegabytes", "1"));

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        _folder.Dispose();
    }
}

public sealed class PredictionTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    // island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, sex
    private const string Adelie = """["Torgersen", 39.1, 18.7, 181, 3750, "male"]""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_carries_version_classes_and_probabilities_that_sum_to_one()
    {
        using var answer = await models.Penguins.SendAsync($$"""{"features": [{{Adelie}}]}""");
        var body = await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
        Assert.Equal("penguins", body.GetProperty("model").GetString());
        Assert.Equal(answer.Headers.GetValues("X-Model-Version").Single(), body.GetProperty("version").GetInt32().ToString(CultureInfo.InvariantCulture));
        Assert.Equal("Adelie", body.GetProperty("predictions")[0].GetString());
        Assert.Equal(["Adelie", "Chinstrap", "Gentoo"], body.GetProperty("classes").EnumerateArray().Select(c => c.GetString()));
        var probabilities = body.GetProperty("probabilities")[0].EnumerateArray().Select(p => p.GetDouble()).ToArray();
        Assert.Equal(1, probabilities.Sum(), 1e-9);
        Assert.Equal(0, Array.IndexOf(probabilities, probabilities.Max()));
        Assert.False(body.TryGetProperty("warnings", out _));
    }

    [Fact]
    public async Task A_regression_answers_with_numbers_alone()
    {
        using var answer = await models.Homes.SendAsync("""{"records": [{"city": "SACRAMENTO", "zip": "z95838", "beds": 2, "baths": 1, "sqft": 836, "type": "Residential", "latitude": 38.631913, "longitude": -121.434879}]}""");
        var body = await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
        Assert.InRange(body.GetProperty("predictions")[0].GetDouble(), 30_000, 200_000);
        Assert.False(body.TryGetProperty("classes", out _));
        Assert.False(body.TryGetProperty("probabilities", out _));
    }

    [Fact]
    public async Task Without_a_valid_key_of_this_endpoint_the_answer_is_401()
    {
        var revoked = await ApiClient.ReadAsync<JsonElement>(await models.App.Api.Http.PostAsync("/api/v1/endpoints/penguins/keys", null, Cancel), HttpStatusCode.OK);
        var key = revoked.GetProperty("key").GetString()!;
        using (var before = await models.Penguins.WithKey(key).SendAsync($$"""{"features": [{{Adelie}}]}"""))
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        await models.App.Api.DeleteAsync($"/api/v1/endpoints/penguins/keys/{string.Join('_', key.Split('_').Take(2))}");

        foreach (var wrong in new[] { null, "", "mwk_", models.Key + "x", models.Key[..^1], models.HomesKey, key, "mwk_00000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })
        {
            using var answer = await models.Penguins.WithKey(wrong).SendAsync($$"""{"features": [{{Adelie}}]}""");
            var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.Unauthorized);
            Assert.Contains("X-Api-Key", problem.Detail);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task An_access_token_of_the_management_API_is_no_key()
    {
        using var answer = await models.App.Api.Http.PostAsync("/api/v1/models/penguins/predict", ApiClient.Json($$"""{"features": [{{Adelie}}]}"""), Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_key_in_the_address_is_refused_as_addresses_are_written_into_logs()
    {
        using var answer = await models.App.Anonymous().PostAsync($"/api/v1/models/penguins/predict?key={models.Key}", ApiClient.Json($$"""{"features": [{{Adelie}}]}"""), Cancel);
        var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest);
        Assert.Contains("Rotate it", problem.Detail);
        Assert.DoesNotContain(models.Key, problem.Detail);
    }

    [Fact]
    public async Task A_key_is_taken_as_bearer_too()
    {
        using var answer = await models.App.Anonymous(models.Key).PostAsync("/api/v1/models/penguins/predict", ApiClient.Json($$"""{"features": [{{Adelie}}]}"""), Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task An_unknown_model_answers_404_to_a_key_and_401_without()
    {
        var problem = await new ModelClient(models.App.Anonymous(), "nothing", models.Key).RefusalAsync("{}", HttpStatusCode.NotFound);
        Assert.Contains("'nothing'", problem.Detail);
        await new ModelClient(models.App.Anonymous(), "nothing", null).RefusalAsync("{}", HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("""{"features": [["Torgersen", "long", 18.7, 181, 3750, "male"]]}""", 0, "bill_length_mm", "\"long\"", "a number")]
    [InlineData("""{"features": [["Biscoe", 39.1, 18.7, 181, 3750, "male"], ["Torgersen", 39.1, true, 181, 3750, "male"]]}""", 1, "bill_depth_mm", "true", "a number")]
    [InlineData("""{"features": [[["Torgersen"], 39.1, 18.7, 181, 3750, "male"]]}""", 0, "island", "array", "a text (")]
    [InlineData("""{"features": [["Torgersen", 39.1, 18.7, 181, 3750]]}""", 0, null, "5 values", "6: island")]
    [InlineData("""{"features": [5]}""", 0, null, "1 value", "6: island")]
    [InlineData("""{"records": [{"island": "Biscoe", "bill_length_mm": 39.1, "bill_depth_mm": 18.7, "flipper_length_mm": 181, "sex": "male"}]}""", 0, "body_mass_g", "no such column", "a value, or null")]
    [InlineData("""{"records": [["Torgersen"]]}""", 0, null, "array", "an object")]
    [InlineData("""{"records": {}}""", null, null, "\"records\": object", "an array of objects")]
    [InlineData("""{}""", null, null, "neither \"features\" nor \"records\"", "exactly one of them")]
    [InlineData("""{"features": [], "records": []}""", null, null, "both \"features\" and \"records\"", "exactly one of them")]
    [InlineData("""[[1, 2]]""", null, null, "array", "an object")]
    [InlineData("""{"features": [["Torgersen", 1e999, 18.7, 181, 3750, "male"]]}""", 0, "bill_length_mm", "1e999", "a number")]
    public async Task A_row_that_does_not_fit_is_refused_with_row_column_found_and_expected(string body, int? row, string? column, string found, string expected)
    {
        var problem = await models.Penguins.RefusalAsync(body, HttpStatusCode.BadRequest);
        var error = Assert.Single(problem.Errors);
        Assert.Equal(row, error.GetProperty("row").ValueKind == JsonValueKind.Null ? null : error.GetProperty("row").GetInt32());
        Assert.Equal(column, error.GetProperty("column").GetString());
        Assert.Contains(found, error.GetProperty("found").GetString());
        Assert.Contains(expected, error.GetProperty("expected").GetString());
        Assert.Contains(found, problem.Detail);
        if (column is not null) Assert.Contains($"'{column}'", problem.Detail);
    }

    [Fact]
    public async Task Every_fault_of_a_request_is_named_not_only_the_first()
    {
        var problem = await models.Penguins.RefusalAsync("""{"features": [["Biscoe", "a", "b", 181, 3750, "male"], ["Biscoe", 1], ["Biscoe", 39, 18, "c", 3750, "male"]]}""", HttpStatusCode.BadRequest);
        Assert.Equal([(0, "bill_length_mm"), (0, "bill_depth_mm"), (1, null), (2, "flipper_length_mm")],
            problem.Errors.Select(e => (e.GetProperty("row").GetInt32(), e.GetProperty("column").GetString())));
    }

    [Theory]
    [InlineData("{\"features\": [[1, 2}", "Line 1")]
    [InlineData("{\"features\":\n [[NAN]]}", "Line 2")]
    [InlineData("", "Line 1")]
    public async Task What_is_not_JSON_is_refused_with_the_place(string body, string place)
    {
        var problem = await models.Penguins.RefusalAsync(body, HttpStatusCode.BadRequest);
        Assert.Equal("Unreadable body", problem.Title);
        Assert.StartsWith(place, problem.Detail);
    }

    [Fact]
    public async Task Too_many_rows_are_refused_naming_the_limit()
    {
        var problem = await models.Penguins.RefusalAsync($$"""{"features": [{{string.Join(',', Enumerable.Repeat(Adelie, 101))}}]}""", HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains("101 rows", problem.Detail);
        Assert.Contains("at most 100 rows", problem.Detail);
        Assert.Contains("MaxPredictionRows", problem.Detail);
    }

    [Fact]
    public async Task Too_large_a_body_is_refused_naming_the_limit_with_and_without_its_length()
    {
        var large = "{\"features\": [" + new string(' ', 1_100_000) + "]}";
        var problem = await models.Penguins.RefusalAsync(large, HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains("1 MB (MaxPredictionMegabytes)", problem.Detail);
        var chunked = new StreamContent(new UnseekableStream(Encoding.UTF8.GetBytes(large)));
        chunked.Headers.ContentType = new("application/json");
        using var answer = await models.Penguins.SendAsync(chunked);
        await ApiClient.ReadProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_bare_NaN_as_Python_writes_it_is_a_missing_value_but_not_inside_a_text()
    {
        using var bare = await models.Penguins.SendAsync("""{"features": [["Torgersen", NaN, -Infinity, 181, 3750, "male"]]}""");
        var missing = await models.Penguins.PredictRowsAsync(["Torgersen", null, null, 181, 3750, "male"]);
        Assert.Equal(missing.GetProperty("probabilities").GetRawText(), (await ApiClient.ReadAsync<JsonElement>(bare, HttpStatusCode.OK)).GetProperty("probabilities").GetRawText());
        using var text = await models.Penguins.SendAsync("""{"features": [["NaN \" NaN", NaN, 18.7, 181, 3750, "male"]]}""");
        Assert.Contains("NaN \\\" NaN", (await ApiClient.ReadAsync<JsonElement>(text, HttpStatusCode.OK)).GetProperty("warnings").GetRawText().Replace("\\u0022", "\\\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CSV_in_gives_JSON_or_CSV_out_as_the_rows_in_JSON_do()
    {
        const string csv = "island;bill_length_mm;bill_depth_mm;flipper_length_mm;body_mass_g;sex\nTorgersen;39.1;18.7;181;3750;male\nBiscoe;;NA;218;4950;\n";
        using var json = await models.Penguins.SendAsync(new StringContent(csv, Encoding.UTF8, "text/csv"));
        var answer = await ApiClient.ReadAsync<JsonElement>(json, HttpStatusCode.OK);
        var rows = await models.Penguins.PredictRowsAsync(["Torgersen", 39.1, 18.7, 181, 3750, "male"], ["Biscoe", null, null, 218, 4950, null]);
        Assert.Equal(rows.GetProperty("probabilities").GetRawText(), answer.GetProperty("probabilities").GetRawText());

        using var request = new HttpRequestMessage(HttpMethod.Post, models.Penguins.Address) { Content = new StringContent(csv, Encoding.UTF8, "text/csv"), Headers = { Accept = { new("text/csv") } } };
        request.Headers.Add("X-Api-Key", models.Key);
        using var http = models.App.Anonymous();
        using var table = await http.SendAsync(request, Cancel);
        var lines = (await table.Content.ReadAsStringAsync(Cancel)).TrimEnd().Split('\n');
        Assert.Equal("prediction,probability Adelie,probability Chinstrap,probability Gentoo", lines[0]);
        Assert.Equal(["Adelie", "Gentoo"], lines[1..].Select(l => l.Split(',')[0]));
    }

    [Fact]
    public async Task Columns_may_be_named_in_another_order_before_or_after_the_rows()
    {
        var expected = (await models.Penguins.PredictRowsAsync(["Torgersen", 39.1, 18.7, 181, 3750, "male"])).GetProperty("probabilities").GetRawText();
        const string columns = "\"columns\": [\"sex\", \"island\", \"body_mass_g\", \"flipper_length_mm\", \"bill_depth_mm\", \"bill_length_mm\"]";
        const string features = "\"features\": [[\"male\", \"Torgersen\", 3750, 181, 18.7, 39.1]]";
        foreach (var body in new[] { $"{{{columns}, {features}}}", $"{{{features}, {columns}}}" })
        {
            using var answer = await models.Penguins.SendAsync(body);
            Assert.Equal(expected, (await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK)).GetProperty("probabilities").GetRawText());
        }
        var problem = await models.Penguins.RefusalAsync("{\"columns\": [\"sex\", \"Island\"], \"features\": [[\"male\", \"Torgersen\"]]}", HttpStatusCode.BadRequest);
        Assert.Contains("'island'", problem.Detail);
        Assert.Contains("'Island'", problem.Detail);
    }

    [Fact]
    public async Task Answers_come_with_what_each_column_adds_to_them()
    {
        using var answer = await models.Penguins.SendAsync($$"""{"features": [{{Adelie}}, {{Adelie}}], "explain": true}""");
        var body = await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
        var explanation = body.GetProperty("explanation");
        Assert.Equal(["Adelie", "Chinstrap", "Gentoo"], explanation.GetProperty("of").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal(6, explanation.GetProperty("columns").GetArrayLength());
        Assert.Equal(2, explanation.GetProperty("contributions").GetArrayLength());
        Assert.Equal("centredLogProbability", explanation.GetProperty("scale").GetString());
        double[] logarithms = [.. body.GetProperty("probabilities")[0].EnumerateArray().Select(p => Math.Log(p.GetDouble()))];
        for (var k = 0; k < 3; k++)
        {
            var sum = explanation.GetProperty("base")[k].GetDouble() + explanation.GetProperty("contributions")[0][k].EnumerateArray().Sum(v => v.GetDouble());
            Assert.Equal(logarithms[k] - logarithms.Average(), sum, 1e-6);
        }

        using var plain = await models.Penguins.SendAsync($$"""{"features": [{{Adelie}}], "explain": false}""");
        Assert.False((await ApiClient.ReadAsync<JsonElement>(plain, HttpStatusCode.OK)).TryGetProperty("explanation", out _));
        Assert.Contains("true or false", (await models.Penguins.RefusalAsync($$"""{"features": [{{Adelie}}], "explain": 1}""", HttpStatusCode.BadRequest)).Detail);
    }

    [Fact]
    public async Task A_number_comes_with_an_interval_whose_coverage_was_measured()
    {
        const string home = """{"city": "SACRAMENTO", "zip": "z95838", "beds": 2, "baths": 1, "sqft": 836, "type": "Residential", "latitude": 38.631913, "longitude": -121.434879}""";
        double[]? narrower = null;
        foreach (var level in new[] { 0.8, 0.9, 0.95 })
        {
            using var answer = await models.Homes.SendAsync($$"""{"records": [{{home}}], "interval": {{level.ToString(CultureInfo.InvariantCulture)}}}""");
            var body = await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
            var interval = body.GetProperty("intervals")[0].EnumerateArray().Select(v => v.GetDouble()).ToArray();
            Assert.InRange(body.GetProperty("predictions")[0].GetDouble(), interval[0], interval[1]);
            Assert.Equal(level, body.GetProperty("intervalLevel").GetDouble());
            // 186 validation rows: three deviations of a share of 0.8 are 0.09.
            Assert.InRange(body.GetProperty("intervalCoverage").GetDouble(), level - 0.09, level + 0.09);
            if (narrower is not null) Assert.True(interval[0] <= narrower[0] && interval[1] >= narrower[1]);
            narrower = interval;
        }
        Assert.Contains("0.8 or 0.9 or 0.95", (await models.Homes.RefusalAsync($$"""{"interval": 0.7, "records": [{{home}}]}""", HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("predicts a class", (await models.Penguins.RefusalAsync($$"""{"interval": 0.9, "features": [{{Adelie}}]}""", HttpStatusCode.BadRequest)).Detail);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task Another_content_type_is_refused(string? type)
    {
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"features": [{{Adelie}}]}"""));
        if (type is not null) body.Headers.ContentType = new(type);
        using var answer = await models.Penguins.SendAsync(body);
        var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.UnsupportedMediaType);
        Assert.Contains($"'{type}'; expected application/json or text/csv", problem.Detail);
    }

    [Fact]
    public async Task A_missing_value_is_answered()
    {
        var answer = await models.Penguins.PredictRowsAsync(["Torgersen", null, null, null, null, null], ["Torgersen", "", 18.7, 181, 3750, ""]);
        Assert.Equal(2, answer.GetProperty("predictions").GetArrayLength());
        Assert.All(answer.GetProperty("probabilities").EnumerateArray(), row => Assert.Equal(1, row.EnumerateArray().Sum(p => p.GetDouble()), 1e-9));
        Assert.False(answer.TryGetProperty("warnings", out _));
    }

    [Fact]
    public async Task An_unseen_category_counts_as_missing_and_is_named()
    {
        var unseen = await models.Penguins.PredictRowsAsync(["Atlantis", 39.1, 18.7, 181, 3750, "male"]);
        var missing = await models.Penguins.PredictRowsAsync([null, 39.1, 18.7, 181, 3750, "male"]);
        Assert.Equal(missing.GetProperty("probabilities").GetRawText(), unseen.GetProperty("probabilities").GetRawText());
        var warning = Assert.Single(unseen.GetProperty("warnings").EnumerateArray());
        Assert.Equal((0, "island"), (warning.GetProperty("row").GetInt32(), warning.GetProperty("column").GetString()));
        Assert.Contains("'Atlantis' was not seen in training", warning.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_number_outside_the_training_range_and_an_unknown_column_are_named()
    {
        var answer = await models.Penguins.PredictRecordsAsync(new Dictionary<string, object?>
        {
            ["island"] = "Biscoe",
            ["bill_length_mm"] = 39.1,
            ["bill_depth_mm"] = 18.7,
            ["flipper_length_mm"] = 181,
            ["body_mass_g"] = 90000,
            ["sex"] = "male",
            ["colour"] = "blue",
        });
        Assert.Equal(["body_mass_g", "colour"], answer.GetProperty("warnings").EnumerateArray().Select(w => w.GetProperty("column").GetString()));
    }

    [Fact]
    public async Task A_batch_is_answered_as_its_rows_one_by_one()
    {
        object?[][] rows = [["Torgersen", 39.1, 18.7, 181, 3750, "male"], ["Biscoe", 47.5, null, 218, 4950, "female"], ["Dream", 46.5, 17.9, 192, 3500, "female"]];
        var batch = await models.Penguins.PredictRowsAsync(rows);
        for (var i = 0; i < rows.Length; i++)
        {
            var single = await models.Penguins.PredictRowsAsync(rows[i]);
            Assert.Equal(single.GetProperty("predictions")[0].GetRawText(), batch.GetProperty("predictions")[i].GetRawText());
            Assert.Equal(single.GetProperty("probabilities")[0].GetRawText(), batch.GetProperty("probabilities")[i].GetRawText());
        }
        Assert.Equal(0, (await models.Penguins.PredictRowsAsync()).GetProperty("predictions").GetArrayLength());
    }

    [Theory]
    [InlineData("Penguins")]
    [InlineData("a b")]
    [InlineData("../penguins")]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("churn\n")]
    public async Task A_name_that_is_no_name_is_not_published(string name)
    {
        using var answer = await models.App.Api.Http.PostAsJsonAsync("/api/v1/endpoints", new { name, experimentId = models.ExperimentId, trialNumber = 1 }, Cancel);
        var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest);
        Assert.Contains($"'{name}'", problem.Detail);
        Assert.Contains("lower-case", problem.Detail);
    }

    [Fact]
    public async Task Publishing_many_times_at_once_gives_one_key_and_a_version_each()
    {
        var published = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => models.App.Api.PublishAsync("crowded", models.ExperimentId, 1)));
        Assert.Equal([1, 2, 3, 4, 5, 6], published.Select(p => p.Version).Order());
        var key = Assert.Single(published, p => p.Key is not null).Key;
        using var answer = await new ModelClient(models.App.Anonymous(), "crowded", key).SendAsync($$"""{"features": [{{Adelie}}]}""");
        Assert.Equal(6, (await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK)).GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task A_name_deleted_and_published_again_answers_with_the_new_model()
    {
        using var first = models.App.Anonymous();
        const string body = $$"""{"features": [{{Adelie}}, ["Biscoe", 47.5, null, 218, 4950, null]]}""";
        var old = await models.App.Api.PublishAsync("again", models.ExperimentId, 1);
        await models.App.Api.DeleteAsync("/api/v1/endpoints/again");
        var made = await models.App.Api.PublishAsync("again", models.ExperimentId, 2);
        Assert.Equal(1, made.Version);
        using (var answer = await new ModelClient(first, "again", old.Key).SendAsync(body)) Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        using var current = await new ModelClient(first, "again", made.Key).SendAsync(body);
        // Trial 2 is the baseline: every row gets the class shares.
        var rows = (await ApiClient.ReadAsync<JsonElement>(current, HttpStatusCode.OK)).GetProperty("probabilities");
        Assert.Equal(rows[0].GetRawText(), rows[1].GetRawText());
    }

    [Fact]
    public async Task A_trial_that_does_not_exist_is_not_published()
    {
        using var answer = await models.App.Api.Http.PostAsJsonAsync("/api/v1/endpoints", new { name = "other", experimentId = models.ExperimentId, trialNumber = 7 }, Cancel);
        Assert.EndsWith("no trial 7; expected 1 to 2.", (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest)).Detail);
    }

    private sealed class UnseekableStream(byte[] content) : MemoryStream(content, writable: false)
    {
        public override bool CanSeek => false;
    }
}

/// <summary>Tests that publish again, restart and damage files, on models of their own.</summary>
public sealed class EndpointLifeTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private const string Body = """{"features": [["Torgersen", 39.1, 18.7, 181, 3750, "male"], ["Biscoe", 47.5, null, 218, 4950, null]]}""";

    [Fact]
    public async Task Publishing_restarting_and_a_damaged_model_file()
    {
        // Publishing again: version 2, no new key, the old key stays valid.
        var first = await AnswerAsync();
        Assert.Equal(1, first.GetProperty("version").GetInt32());
        var again = await models.App.Api.PublishAsync("penguins", models.ExperimentId, 2);
        Assert.Equal((2, null), (again.Version, again.Key));
        Assert.Equal(2, (await AnswerAsync()).GetProperty("version").GetInt32());
        Assert.Equal(3, (await models.App.Api.PublishAsync("penguins", models.ExperimentId, 1)).Version);
        var before = await AnswerAsync();
        Assert.Equal(first.GetProperty("probabilities").GetRawText(), before.GetProperty("probabilities").GetRawText());

        await models.RestartAsync();
        Assert.Equal(before.GetProperty("probabilities").GetRawText(), (await AnswerAsync()).GetProperty("probabilities").GetRawText());

        // One byte of the model file flipped while the app is down.
        await models.StopAsync();
        var damaged = Directory.EnumerateFiles(Path.Combine(models.App.DataFolder, "artefacts"), "*", SearchOption.AllDirectories)
            .Single(file => IsModelOf(file, "linear-lbfgs"));
        var content = File.ReadAllBytes(damaged);
        content[^9] ^= 1;
        File.WriteAllBytes(damaged, content);
        await models.StartAsync();
        var problem = await models.Penguins.RefusalAsync(Body, HttpStatusCode.ServiceUnavailable);
        Assert.Contains(Path.GetFileName(damaged), problem.Detail);
        Assert.Contains("damaged", problem.Detail);
        var entry = Assert.Single((await models.App.Api.GetAsync<ModelWorkbench.Workbench.Audit.AuditApi.PageAnswer>("/api/v1/audit?action=endpoint.damaged")).Entries);
        Assert.Equal(("workbench", "endpoint penguins", "failed", 3), (entry.Actor, entry.Subject, entry.Result, entry.Details!.Value.GetProperty("version").GetInt32()));
        using (var other = await models.Homes.SendAsync("""{"features": []}""")) Assert.Equal(HttpStatusCode.OK, other.StatusCode);

        // Another version makes it answer again.
        await models.App.Api.PublishAsync("penguins", models.ExperimentId, 2);
        Assert.Equal(4, (await AnswerAsync()).GetProperty("version").GetInt32());
    }

    private async Task<JsonElement> AnswerAsync()
    {
        using var answer = await models.Penguins.SendAsync(Body);
        return await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
    }

    private static bool IsModelOf(string file, string trainerId)
    {
        using var stream = File.OpenRead(file);
        var start = new byte[Math.Min(200, stream.Length)];
        stream.ReadExactly(start);
        var text = Encoding.UTF8.GetString(start);
        return text.StartsWith("MWM2", StringComparison.Ordinal) && text.Contains(trainerId, StringComparison.Ordinal);
    }
}
