using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Exports.Sources;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Tests.Serving;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports.Sources;

/// <summary>Builds and runs the exported project as somebody who downloaded it does, and asks it over HTTP.</summary>
public sealed class ServerExporterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("server-export").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly (string Name, string File, string Target, string Trainer, RecipeStep[] Steps)[] Models =
    [
        ("penguins", "penguins.csv", "species", "random-forest", [new FillMissingStep(["bill_length_mm"], FillMethod.Median)]),
        ("telco-churn", "telco_churn.csv", "churn", "linear-lbfgs", [new OneHotStep(["contract"]), new DerivedColumnStep("per month", "total_charges / (tenure + 1)")]),
        ("homes", "sacramento_homes.csv", "price", "lightgbm", [new TargetEncodeStep(["city"])]),
    ];

    [Fact]
    public async Task The_project_answers_in_every_protocol_as_the_workbench_does()
    {
        using var client = new HttpClient();
        foreach (var (name, file, target, trainer, steps) in Models)
        {
            var package = ServingModels.Train(Samples.Read(file), target, new Recipe(steps), trainer, Cancel);
            var source = new ExportSource(package, "", name);
            var zip = Path.Combine(_folder, name + ".zip");
            using (var stream = File.Create(zip)) new ServerExporter().Write(source, stream, Cancel);
            // The first one is built from nothing; the others differ in the model alone.
            ZipFile.ExtractToDirectory(zip, Path.Combine(_folder, "project"), overwriteFiles: true);
            foreach (var other in Directory.GetFiles(Path.Combine(_folder, "project"), "*.csproj").Where(f => Path.GetFileName(f) != name + ".csproj")) File.Delete(other);
            await Run("dotnet", ["build", "-c", "Release", "-v", "q", "--nologo", "-o", Path.Combine(_folder, name)], Path.Combine(_folder, "project"));
            await using var server = await Server.StartAsync(Path.Combine(_folder, name, name + ".dll"), key: name == "homes" ? "a secret" : null);
            if (name == "homes") await RequireKeyIsAskedFor(client, server, package);
            await RequireSameAnswers(client, server, package, name);
        }
    }

    private static async Task RequireKeyIsAskedFor(HttpClient client, Server server, ModelPackage package)
    {
        using var refused = await client.PostAsync($"{server.Address}/invocations", Json("{}"), Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("UNAUTHENTICATED", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync(Cancel))!["error_code"]);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"{server.Address}/ping", Cancel)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "a secret");
    }

    private static async Task RequireSameAnswers(HttpClient client, Server server, ModelPackage package, string name)
    {
        var predictor = new Predictor(package);
        var inputs = package.Manifest.Signature.Used;
        var rows = SourceModels.Ask(package, 12, 5).Rows.Concat(ExportSample.Of(package).Rows.Take(8)).ToArray();
        JsonNode? Value(int row, int column) => rows[row][column] is not { } text ? null : inputs[column].Kind == ColumnKind.Numeric ? double.Parse(text, CultureInfo.InvariantCulture) : text;
        var records = new JsonArray([.. rows.Select((_, row) => (JsonNode)new JsonObject(inputs.Select((input, c) => KeyValuePair.Create(input.Name, Value(row, c)))))]);
        var arrays = new JsonArray([.. rows.Select((_, row) => (JsonNode)new JsonArray([.. inputs.Select((_, c) => Value(row, c))]))]);
        var tensors = new JsonArray([.. inputs.Select((input, c) => (JsonNode)new JsonObject
        {
            ["name"] = input.Name, ["shape"] = new JsonArray(rows.Length, 1), ["datatype"] = input.Kind == ColumnKind.Numeric ? "FP64" : "BYTES", ["data"] = new JsonArray([.. rows.Select((_, row) => Value(row, c))]),
        })]);
        var broken = new JsonObject { ["records"] = new JsonArray(new JsonObject { [inputs[0].Name] = new JsonArray() }) };
        foreach (var (path, dialect, body) in ((string, Dialect, JsonNode)[])
        [
            ($"/api/v1/models/{name}/predict", Dialect.Native, new JsonObject { ["records"] = records.DeepClone(), ["requestId"] = "r1" }), ("/predict", Dialect.Native, new JsonObject { ["features"] = arrays.DeepClone() }),
            ($"/v2/models/{name}/infer", Dialect.OpenInference, new JsonObject { ["id"] = "42", ["inputs"] = tensors }),
            ($"/mlflow/{name}/invocations", Dialect.MlflowScoring, new JsonObject { ["dataframe_records"] = records.DeepClone() }), ("/invocations", Dialect.MlflowScoring, new JsonObject { ["instances"] = arrays.DeepClone() }),
            ($"/v1/models/{name}:predict", Dialect.TensorFlowServing, new JsonObject { ["instances"] = records.DeepClone() }),
            ("/predict", Dialect.Native, broken), ("/invocations", Dialect.MlflowScoring, new JsonObject { ["nothing"] = 1 }), ($"/v1/models/{name}:predict", Dialect.TensorFlowServing, new JsonObject()), ($"/v2/models/{name}/infer", Dialect.OpenInference, new JsonObject { ["inputs"] = new JsonArray() }),
        ])
        {
            var sent = Encoding.UTF8.GetBytes(body.ToJsonString());
            using var prediction = predictor.Begin();
            var refusal = dialect.ReadJson(sent, prediction, 10_000);
            using var response = await client.PostAsync(server.Address + path, Json(body.ToJsonString()), Cancel);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!;
            if (refusal is not null)
            {
                Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
                Assert.Equal(refusal.Message, (string?)(answer["detail"] ?? answer["message"] ?? answer["error"]));
                continue;
            }
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            prediction.Score(Cancel);
            var expected = new ArrayBufferWriter<byte>();
            dialect.Write(prediction, name, 1, expected);
            RequireSame(JsonNode.Parse(expected.WrittenSpan), answer, $"{name} {path}");
        }
        await RequireSameCsv(client, server, predictor, rows);
        await RequireSameBytes(client, $"{server.Address}/v2/models/{name}/infer", name, predictor, new JsonObject { ["id"] = "43", ["inputs"] = tensors.DeepClone(), ["parameters"] = new JsonObject { ["binary_data_output"] = true } });
        Assert.Equal("3.0.0", await client.GetStringAsync($"{server.Address}/version", Cancel));
        Assert.Equal(inputs.Select(i => i.Name), JsonNode.Parse(await client.GetStringAsync($"{server.Address}/v2/models/{name}", Cancel))!["inputs"]!.AsArray().Select(i => (string)i!["name"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync($"{server.Address}/v2/models/other/infer", Json("{}"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await client.PostAsync($"{server.Address}/predict", new StringContent("a", Encoding.UTF8, "text/plain"), Cancel)).StatusCode);
    }

    /// <summary>Answers as bytes behind the JSON, to a request that says where its JSON ends.</summary>
    private static async Task RequireSameBytes(HttpClient client, string address, string name, Predictor predictor, JsonObject body)
    {
        const string jsonLength = "Inference-Header-Content-Length";
        var sent = Encoding.UTF8.GetBytes(body.ToJsonString());
        using var prediction = predictor.Begin();
        Assert.Null(Dialect.OpenInference.ReadParts(sent, $"{sent.Length}", prediction, 10_000));
        prediction.Score(Cancel);
        var expected = new ArrayBufferWriter<byte>();
        var length = Dialect.OpenInference.Write(prediction, name, 1, expected);
        Assert.True(length > 0 && length < expected.WrittenCount);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(sent) };
        request.Headers.Add(jsonLength, $"{sent.Length}");
        using var response = await client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"{length}", response.Headers.GetValues(jsonLength).Single());
        Assert.Equal(expected.WrittenSpan.ToArray(), await response.Content.ReadAsByteArrayAsync(Cancel));
    }

    private static async Task RequireSameCsv(HttpClient client, Server server, Predictor predictor, IReadOnlyList<string?>[] rows)
    {
        static string Field(string? text) => CsvAnswers.Quote(text ?? "");
        var csv = string.Join("\r\n", [string.Join(';', predictor.Signature.Used.Select(i => Field(i.Name))), .. rows.Select(row => string.Join(';', row.Select(Field)))]);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Address}/predict") { Content = new StringContent(csv, Encoding.UTF8, "text/csv") };
        request.Headers.Accept.ParseAdd("text/csv");
        using var response = await client.SendAsync(request, Cancel);
        using var prediction = predictor.Begin();
        Assert.Null(Dialect.Native.ReadCsv(Encoding.UTF8.GetBytes(csv), prediction, 10_000));
        prediction.Score(Cancel);
        var expected = new ArrayBufferWriter<byte>();
        CsvAnswers.Write(prediction, expected);
        var (wanted, found) = (Encoding.UTF8.GetString(expected.WrittenSpan).Split('\n'), (await response.Content.ReadAsStringAsync(Cancel)).Split('\n'));
        Assert.Equal(wanted.Length, found.Length);
        Assert.Equal(wanted.Select(line => line.Split(',')[0][..Math.Min(8, line.Split(',')[0].Length)]), found.Select(line => line.Split(',')[0][..Math.Min(8, line.Split(',')[0].Length)]));
    }

    /// <summary>The same JSON, numbers but for the last digits and names of requests that were made.</summary>
    private static void RequireSame(JsonNode? expected, JsonNode? found, string where)
    {
        switch (expected)
        {
            case JsonObject properties:
                Assert.Equal(properties.Select(p => p.Key), found!.AsObject().Where(p => p.Key != "id" || properties.ContainsKey("id")).Select(p => p.Key));
                foreach (var (key, value) in properties) RequireSame(value, found[key], $"{where}.{key}");
                break;
            case JsonArray items:
                Assert.Equal(items.Count, found!.AsArray().Count);
                for (var i = 0; i < items.Count; i++) RequireSame(items[i], found[i], $"{where}[{i}]");
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number:
                Assert.True(Math.Abs((double)value - (double)found!) <= 1e-9 * Math.Max(1, Math.Abs((double)value)), $"{where}: expected {value}, found {found}");
                break;
            default:
                Assert.True(expected?.ToJsonString() == found?.ToJsonString(), $"{where}: expected {expected}, found {found}");
                break;
        }
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task Run(string program, string[] arguments, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (printed, errors) = (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, await printed + await errors);
    }

    private sealed class Server(Process process, string address) : IAsyncDisposable
    {
        public string Address => address;

        public static async Task<Server> StartAsync(string program, string? key)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
            probe.Stop();
            var start = new ProcessStartInfo("dotnet", [program]) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["ASPNETCORE_URLS"] = address, ["MODEL_API_KEY"] = key ?? "" } };
            var process = Process.Start(start)!;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            using var client = new HttpClient();
            for (var tried = 0; ; tried++)
            {
                try
                {
                    if ((await client.GetAsync(address + "/health", Cancel)).IsSuccessStatusCode) return new Server(process, address);
                }
                catch (HttpRequestException) when (tried < 600 && !process.HasExited) { }
                Assert.False(process.HasExited, "The server ended.");
                await Task.Delay(100, Cancel);
            }
        }

        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }
}
