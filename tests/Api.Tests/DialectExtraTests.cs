using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Explanations, intervals and tensors as bytes over HTTP: what one dialect says, the others say too.</summary>
public sealed class DialectExtraTests(CaseModels models) : IClassFixture<CaseModels>
{
    private const string Titanic = """[3, "male", 22, 1, 0, 7.25, "S"]""";
    private const string Tips = """[20.5, 2, "Sat", "Dinner"]""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<JsonElement> AskAsync(string model, string path, string body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var http = models.App.Anonymous(models.KeyOf(model));
        using var answer = await http.PostAsync(path, ApiClient.Json(body), Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == expected, $"{path}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static string Tensors(string model) => model == "tips"
        ? """[{"name":"total_bill","shape":[1],"datatype":"FP64","data":[20.5]},{"name":"size","shape":[1],"datatype":"INT32","data":[2]},{"name":"day","shape":[1],"datatype":"BYTES","data":["Sat"]},{"name":"time","shape":[1],"datatype":"BYTES","data":["Dinner"]}]"""
        : """[{"name":"pclass","shape":[1],"datatype":"INT32","data":[3]},{"name":"sex","shape":[1],"datatype":"BYTES","data":["male"]},{"name":"age","shape":[1],"datatype":"FP64","data":[22]},{"name":"sibsp","shape":[1],"datatype":"INT32","data":[1]},{"name":"parch","shape":[1],"datatype":"INT32","data":[0]},{"name":"fare","shape":[1],"datatype":"FP64","data":[7.25]},{"name":"embarked","shape":[1],"datatype":"BYTES","data":["S"]}]""";

    private static double[] Flat(JsonElement element) => element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().SelectMany(Flat)] : [element.GetDouble()];

    [Theory]
    [InlineData("titanic")]
    [InlineData("tips")]
    public async Task Every_dialect_explains_as_the_native_one(string model)
    {
        var row = model == "tips" ? Tips : Titanic;
        var native = await AskAsync(model, $"/api/v1/models/{model}/predict", $$"""{"features": [{{row}}], "explain": true}""");
        var expected = native.GetProperty("explanation");
        var (numbers, baseline) = (Flat(expected.GetProperty("contributions")), Flat(expected.GetProperty("base")));
        if (model == "tips") Assert.Equal(native.GetProperty("predictions")[0].GetDouble(), baseline[0] + numbers.Sum(), 1e-6);

        foreach (var (path, body) in new[] { ($"/mlflow/{model}/invocations", $$"""{"instances": [{{row}}], "params": {"explain": true, "other": 1} }"""), ($"/v1/models/{model}:predict", $$"""{"parameters": {"explain": true}, "instances": [{{row}}]}""") })
        {
            var answer = await AskAsync(model, path, body);
            Assert.Equal(expected.GetRawText(), answer.GetProperty("explanation").GetRawText());
            Assert.Equal(native.GetProperty("predictions").GetRawText(), answer.GetProperty("predictions").GetRawText());
        }

        var inferred = (await AskAsync(model, $"/v2/models/{model}/infer", $$"""{"parameters": {"explain": true}, "inputs": {{Tensors(model)}}, "outputs": [{"name": "predict"}]}""")).GetProperty("outputs").EnumerateArray().ToDictionary(o => o.GetProperty("name").GetString()!);
        Assert.Equal(numbers, Flat(inferred["explanation"].GetProperty("data")));
        Assert.Equal(baseline, Flat(inferred["explanation_base"].GetProperty("data")));
        Assert.Equal([1, baseline.Length, expected.GetProperty("columns").GetArrayLength()], Flat(inferred["explanation"].GetProperty("shape")).Select(s => (int)s));
        Assert.Equal(expected.GetProperty("scale").GetString(), inferred["explanation"].GetProperty("parameters").GetProperty("scale").GetString());
        Assert.Equal(expected.GetProperty("columns").GetRawText(), inferred["explanation_columns"].GetProperty("data").GetRawText());
        Assert.Equal(expected.GetProperty("of").GetRawText(), inferred["explanation_of"].GetProperty("data").GetRawText());

        // Not asked for, not there; and of a known name the type counts.
        Assert.False((await AskAsync(model, $"/mlflow/{model}/invocations", $$"""{"instances": [{{row}}], "params": {"explain": false} }""")).TryGetProperty("explanation", out _));
        var refusal = await AskAsync(model, $"/mlflow/{model}/invocations", $$"""{"instances": [{{row}}], "params": {"explain": "yes"} }""", HttpStatusCode.BadRequest);
        Assert.Contains("true or false", refusal.GetProperty("message").GetString());
        await AskAsync(model, $"/v2/models/{model}/infer", $$"""{"parameters": {"explain": 1}, "inputs": {{Tensors(model)}} }""", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Tensors_as_bytes_go_in_and_come_out_over_HTTP()
    {
        using var http = models.App.Anonymous(models.KeyOf("iris"));
        var about = await http.GetStringAsync("/v2", Cancel);
        Assert.Contains("binary_tensor_data", about);
        double[] flowers = [5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3];
        var plain = await AskAsync("iris", "/v2/models/iris/infer", $$"""{"inputs": [{"name": "input-0", "shape": [2, 4], "datatype": "FP64", "data": [{{string.Join(",", flowers.Select(f => f.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}}]}]}""");

        var head = Encoding.UTF8.GetBytes("""{"inputs":[{"name":"input-0","shape":[2,4],"datatype":"FP64","parameters":{"binary_data_size":64}}],"parameters":{"binary_data_output":true}}""");
        foreach (var type in new[] { "application/octet-stream", "application/json", null })
        {
            using var content = new ByteArrayContent([.. head, .. flowers.SelectMany(BitConverter.GetBytes)]);
            if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
            content.Headers.TryAddWithoutValidation("Inference-Header-Content-Length", $"{head.Length}");
            using var answer = await http.PostAsync("/v2/models/iris/infer", content, Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType!.MediaType);
            var length = int.Parse(answer.Headers.TryGetValues("Inference-Header-Content-Length", out var values) ? values.Single() : "0", System.Globalization.CultureInfo.InvariantCulture);
            var bytes = await answer.Content.ReadAsByteArrayAsync(Cancel);
            using var json = JsonDocument.Parse(bytes.AsMemory(0, length));
            var outputs = json.RootElement.GetProperty("outputs");
            var first = outputs[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32();
            Assert.Equal(bytes.Length - length, first + outputs[1].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
            Assert.Equal(Flat(plain.GetProperty("outputs")[1].GetProperty("data")), Enumerable.Range(0, 6).Select(i => BitConverter.ToDouble(bytes, length + first + 8 * i)));
            var (said, at) = (new List<string>(), length);
            while (at < length + first)
            {
                var size = BitConverter.ToInt32(bytes, at);
                said.Add(Encoding.UTF8.GetString(bytes, at + 4, size));
                at += 4 + size;
            }
            Assert.Equal(plain.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(v => v.GetString()), said);
        }

        foreach (var header in new[] { "-1", "abc", "99999999999", "1000000" })
        {
            using var content = new ByteArrayContent(head);
            content.Headers.TryAddWithoutValidation("Inference-Header-Content-Length", header);
            using var refused = await http.PostAsync("/v2/models/iris/infer", content, Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("Inference-Header-Content-Length", JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("error").GetString());
        }
    }
}

/// <summary>Intervals in all dialects; the homes' model has some that were measured.</summary>
public sealed class DialectIntervalTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private const string Home = """{"city": "SACRAMENTO", "zip": "z95838", "beds": 2, "baths": 1, "sqft": 836, "type": "Residential", "latitude": 38.631913, "longitude": -121.434879}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<JsonElement> AskAsync(string path, string body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var http = models.App.Anonymous(models.HomesKey);
        using var answer = await http.PostAsync(path, ApiClient.Json(body), Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == expected, $"{path}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    [Fact]
    public async Task Every_dialect_gives_the_interval_of_the_native_one()
    {
        var native = await AskAsync("/api/v1/models/homes/predict", $$"""{"records": [{{Home}}], "interval": 0.9}""");
        foreach (var (path, body) in new[] { ("/mlflow/homes/invocations", $$"""{"params": {"interval": 0.9}, "dataframe_records": [{{Home}}]}"""), ("/v1/models/homes:predict", $$"""{"instances": [{{Home}}], "parameters": {"interval": 0.9} }""") })
        {
            var answer = await AskAsync(path, body);
            foreach (var part in new[] { "intervals", "intervalLevel", "intervalCoverage" }) Assert.Equal(native.GetProperty(part).GetRawText(), answer.GetProperty(part).GetRawText());
        }
        var tensors = string.Join(",", JsonDocument.Parse(Home).RootElement.EnumerateObject().Select(v => $"{{\"name\":\"{v.Name}\",\"shape\":[1],\"datatype\":\"{(v.Value.ValueKind == JsonValueKind.Number ? "FP64" : "BYTES")}\",\"data\":[{v.Value.GetRawText()}]}}"));
        var inferred = await AskAsync("/v2/models/homes/infer", $$"""{"parameters": {"interval": 0.9}, "inputs": [{{tensors}}]}""");
        var interval = inferred.GetProperty("outputs").EnumerateArray().Single(o => o.GetProperty("name").GetString() == "interval");
        Assert.Equal(native.GetProperty("intervals")[0].GetRawText(), interval.GetProperty("data").GetRawText());
        Assert.Equal(native.GetProperty("intervalCoverage").GetDouble(), interval.GetProperty("parameters").GetProperty("coverage").GetDouble());
        await AskAsync("/v1/models/homes:predict", $$"""{"instances": [{{Home}}], "parameters": {"interval": 0.5} }""", HttpStatusCode.BadRequest);
    }
}
