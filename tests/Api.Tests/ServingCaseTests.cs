using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The three models that the cases ask: <c>iris</c> (four numbers), <c>titanic</c> (numbers and categories with missing values) and <c>tips</c> (a number to predict).</summary>
public sealed class CaseModels : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _keys = [];

    public WorkbenchApp App { get; private set; } = null!;
    public HttpClient Http { get; private set; } = null!;

    public string KeyOf(string model) => _keys[model];

    /// <summary>Another key of iris.</summary>
    public string CrowdedKey { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // Of the servers in the cases, /metrics answers anybody.
        App = await WorkbenchApp.StartAsync(Path.Combine(_folder.Path, "data"), ("OpenMetrics", "true"));
        Http = App.Anonymous();
        var random = new Random(3);
        await PublishAsync("iris", TestFiles.Sample("iris.csv"), "species", "linear-lbfgs");
        CrowdedKey = (await ApiClient.ReadAsync<EndpointApi.NewKeyAnswer>(await App.Api.Http.PostAsync("/api/v1/endpoints/iris/keys", null, TestContext.Current.CancellationToken), HttpStatusCode.OK)).Key;
        await PublishAsync("titanic", Write("titanic.csv", "pclass,sex,age,sibsp,parch,fare,embarked,survived", 300, () =>
        {
            var sex = random.NextDouble() < 0.6 ? "male" : "female";
            var survived = random.NextDouble() < (sex == "female" ? 0.75 : 0.2) ? "yes" : "no";
            var age = random.NextDouble() < 0.2 ? "" : Text(1 + 70 * random.NextDouble());
            return $"{random.Next(1, 4)},{sex},{age},{random.Next(0, 4)},{random.Next(0, 3)},{Text(5 + 90 * random.NextDouble())},{"SCQ"[random.Next(3)]},{survived}";
        }), "survived", "linear-lbfgs");
        await PublishAsync("tips", Write("tips.csv", "total_bill,size,day,time,tip", 200, () =>
        {
            var bill = 5 + 40 * random.NextDouble();
            return $"{Text(bill)},{random.Next(1, 7)},{new[] { "Thur", "Fri", "Sat", "Sun" }[random.Next(4)]},{new[] { "Lunch", "Dinner" }[random.Next(2)]},{Text(0.15 * bill + random.NextDouble())}";
        }), "tip", "linear-lbfgs");
    }

    private static string Text(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private string Write(string name, string header, int rows, Func<string> row) =>
        _folder.Write(name, string.Join('\n', Enumerable.Range(0, rows).Select(_ => row()).Prepend(header)) + "\n");

    private async Task PublishAsync(string name, string file, string target, string family)
    {
        var dataset = await App.Api.UploadAsync(file);
        var experiment = await App.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, target, Trainers: [family], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        _keys[name] = (await App.Api.PublishAsync(name, experiment.Id, 1)).Key!;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.StopAsync();
        _folder.Dispose();
    }
}

/// <summary>What the clients of four protocols send and expect, collected from the tests of MLServer, KServe, Triton, TensorFlow Serving and MLflow; each case names its source.</summary>
public sealed class ServingCaseTests(CaseModels models) : IClassFixture<CaseModels>
{
    private static readonly IReadOnlyDictionary<string, JsonElement> Cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Cases", "serving-cases.json")))
        .RootElement.EnumerateArray().ToDictionary(c => c.GetProperty("id").GetString()!, c => c.Clone());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Ids => [.. Cases.Keys];

    private sealed record Answer(int Status, string Text)
    {
        public JsonElement Json => JsonDocument.Parse(Text).RootElement;
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task A_client_of_another_server_gets_what_it_expects(string id)
    {
        var answer = await AskAsync(Cases[id]);
        var expect = Cases[id].GetProperty("expect");
        var expected = expect.GetProperty("status") is { ValueKind: JsonValueKind.Array } several ? several.EnumerateArray().Select(s => s.GetInt32()).ToArray() : [expect.GetProperty("status").GetInt32()];
        Assert.True(expected.Contains(answer.Status), $"{id}: {answer.Status}, expected {string.Join(" or ", expected)}: {answer.Text}");
        foreach (var check in expect.GetProperty("checks").EnumerateArray()) await CheckAsync(id, answer, check[0].GetString()!, check[1].GetString()!, check[2]);

        // Whatever was sent, the server goes on.
        using var health = await models.Http.GetAsync("/v2/health/live", Cancel);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    private async Task<Answer> AskAsync(JsonElement @case)
    {
        var concurrency = @case.GetProperty("request").TryGetProperty("concurrency", out var several) ? several.GetInt32() : 1;
        // More at once than a key may send: the answer that is asked about is the one that was not let in.
        var answers = await Task.WhenAll(Enumerable.Range(0, concurrency == 1 ? 1 : 100 * concurrency).Select(_ => AskOnceAsync(@case)));
        return answers.MaxBy(a => a.Status)!;
    }

    private async Task<Answer> AskOnceAsync(JsonElement @case)
    {
        var request = @case.GetProperty("request");
        using var message = new HttpRequestMessage(new HttpMethod(request.GetProperty("method").GetString()!), request.GetProperty("path").GetString());
        if (BodyOf(request) is { } body) message.Content = new ByteArrayContent(body);
        var hasKey = true;
        foreach (var header in request.GetProperty("headers").EnumerateObject())
        {
            if (header.Name == "X-Test-NoKey") hasKey = false;
            else if (header.Name == "Content-Type") message.Content!.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
            else if (header.Name == "Content-Encoding") message.Content!.Headers.ContentEncoding.Add(header.Value.GetString()!);
            else message.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
        }
        // What a case spends of a key's rate must not be missing to the others.
        var isMany = request.TryGetProperty("concurrency", out _);
        if (hasKey) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", isMany ? models.CrowdedKey : models.KeyOf(@case.GetProperty("fixture").GetString()!));
        using var answer = await models.Http.SendAsync(message, Cancel);
        return new Answer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }

    private static byte[]? BodyOf(JsonElement request)
    {
        if (request.TryGetProperty("body_generator", out var generator)) return Encoding.UTF8.GetBytes(Generate(generator.GetString()!));
        if (request.GetProperty("body").GetString() is not { } text) return null;
        switch (request.TryGetProperty("body_encoding", out var encoding) ? encoding.GetString() : null)
        {
            case "base64":
                return Convert.FromBase64String(text);
            case "gzip":
                using (var packed = new MemoryStream())
                {
                    using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(text));
                    return packed.ToArray();
                }
            default:
                return Encoding.UTF8.GetBytes(text);
        }
    }

    private static string Generate(string generator)
    {
        const string row = "5.1,3.5,1.4,0.2";
        switch (generator)
        {
            case "deep_array:250000":
                return "{\"ready\":" + new string('[', 250_000) + "true" + new string(']', 250_000) + "}";
            case "native_rows:MaxRows+1":
                return $$"""{"features":[{{string.Join(',', Enumerable.Repeat($"[{row}]", 10_001))}}]}""";
            case "oip_fp32_rows:limit+1KiB":
                var count = (16 * 1024 * 1024 + 1024) / (row.Length + 1);
                return $$"""{"inputs":[{"name":"input-0","shape":[{{count}},4],"datatype":"FP32","data":[{{string.Join(',', Enumerable.Repeat(row, count))}}]}]}""" + new string(' ', row.Length);
            default:
                throw new ArgumentOutOfRangeException(nameof(generator), generator, "Unknown generator.");
        }
    }

    private async Task CheckAsync(string id, Answer answer, string pointer, string operation, JsonElement wanted)
    {
        var found = Find(answer.Json, pointer);
        var told = $"{id}: {pointer} {operation} {wanted}: {answer.Text}";
        switch (operation)
        {
            case "exists":
                Assert.True(found is not null, told);
                break;
            case "type":
                Assert.True(found is { } value && TypeOf(value) == wanted.GetString(), told);
                break;
            case "eq":
                Assert.True(found is { } equal && JsonElement.DeepEquals(equal, wanted), told);
                break;
            case "in":
                Assert.True(found is { } one && wanted.EnumerateArray().Any(w => JsonElement.DeepEquals(w, one)), told);
                break;
            case "len":
                Assert.True(found is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == wanted.GetInt32(), told);
                break;
            case "contains":
                Assert.True(found is { } holder && (holder.ValueKind == JsonValueKind.Array ? holder.EnumerateArray().Any(e => JsonElement.DeepEquals(e, wanted)) : holder.GetString()!.Contains(wanted.GetString()!, StringComparison.Ordinal)), told);
                break;
            case "regex":
                Assert.Matches(wanted.GetString()!, found!.Value.GetString()!);
                break;
            case "same_as":
                Assert.True(found is { } same && JsonElement.DeepEquals(same, Find((await AskAsync(Cases[wanted.GetString()!])).Json, pointer)!.Value), told);
                break;
            case "same_outputs_as":
                Assert.True(JsonElement.DeepEquals(answer.Json.GetProperty("outputs"), (await AskAsync(Cases[wanted.GetString()!])).Json.GetProperty("outputs")), told);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation, $"{id} asks for an unknown check.");
        }
    }

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static JsonElement? Find(JsonElement root, string pointer)
    {
        foreach (var part in pointer.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (root.ValueKind == JsonValueKind.Array && int.TryParse(part, CultureInfo.InvariantCulture, out var index) && index < root.GetArrayLength()) root = root[index];
            else if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(part, out var member)) root = member;
            else return null;
        }
        return root;
    }
}
