using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Serving;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Requests by chance over HTTP: a grammar over the endpoints' own columns in all dialects, damaged in part, and plain noise. WORKBENCH_FUZZ sets how many; request i depends on the seed and i alone.</summary>
public sealed class EndpointFuzzTests(CaseModels models) : IClassFixture<CaseModels>
{
    private const int Seed = 2_026;

    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("WORKBENCH_FUZZ"), CultureInfo.InvariantCulture, out var count) ? count : 4_000;
    private static readonly string[] Names = ["iris", "titanic", "tips"];
    private static readonly Dialect[] Dialects = [Dialect.Native, Dialect.MlflowScoring, Dialect.TensorFlowServing, Dialect.OpenInference];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private sealed record Drawn(string Name, Dialect Dialect, string Path, byte[] Body, string? ContentType, string? JsonLength, bool IsZipped, bool IsCsv, IReadOnlyList<IReadOnlyList<string?>>? Rows);

    [Fact]
    public async Task Requests_by_chance_are_answered_rightly_or_refused_and_the_server_stays_healthy()
    {
        var live = new Dictionary<string, LiveModel>();
        foreach (var name in Names)
        {
            live[name] = (await models.App.Services.GetRequiredService<LiveModels>().FindAsync(name, Cancel))!;
            var settings = new Workbench.Storage.EndpointSettings { RequestsPerSecond = 1_000_000, Burst = 1_000_000, Log = new Workbench.Storage.LogSettings(RowsPerSecond: 5) };
            await ApiClient.ReadAsync<JsonElement>(await System.Net.Http.Json.HttpClientJsonExtensions.PutAsJsonAsync(models.App.Api.Http, $"/api/v1/endpoints/{name}/settings", settings, Cancel), HttpStatusCode.OK);
        }
        var clients = Names.ToDictionary(n => n, n => models.App.Anonymous(models.KeyOf(n)));
        var wrong = new ConcurrentQueue<string>();
        var statuses = new ConcurrentDictionary<int, int>();
        int right = 0, wellFormed = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancel }, async (i, ct) =>
        {
            if (!wrong.IsEmpty) return;
            var random = new Random(unchecked(Seed * 1_000_003 + i));
            var name = Names[random.Next(Names.Length)];
            var drawn = Draw(random, name, live[name]);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(Patience);
            try
            {
                using var request = Request(drawn);
                using var answer = await clients[name].SendAsync(request, limit.Token);
                var bytes = await answer.Content.ReadAsByteArrayAsync(limit.Token);
                statuses.AddOrUpdate((int)answer.StatusCode, 1, (_, n) => n + 1);
                if (drawn.Rows is not null) Interlocked.Increment(ref wellFormed);
                if (Judge(drawn, live[name], answer, bytes) is { } why) wrong.Enqueue($"request {i} of seed {Seed}: {why}\n{(int)answer.StatusCode} {Shown(bytes)}\n{drawn.Path} {drawn.ContentType} {Shown(drawn.Body)}");
                else if (answer.StatusCode == HttpStatusCode.OK) Interlocked.Increment(ref right);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                wrong.Enqueue($"request {i} of seed {Seed} was not answered within {Patience.TotalSeconds} s: {Shown(drawn.Body)}");
            }
            catch (HttpRequestException e)
            {
                wrong.Enqueue($"request {i} of seed {Seed}: {e.Message}: {Shown(drawn.Body)}");
            }
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{Count:N0} requests of seed {Seed}: {string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value:N0}"))}; {right:N0} answers checked, {wellFormed:N0} of them to well-formed requests");
        Assert.True(wrong.IsEmpty, string.Join("\n\n", wrong.Take(5)));
        Assert.True(right > Count / 4 && statuses.GetValueOrDefault(400) > Count / 10, $"{right} answered, {statuses.GetValueOrDefault(400)} refused: the fuzzer does not reach both.");

        // Afterwards everything is as before.
        using var health = await models.Http.GetAsync("/readyz", Cancel);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        var clock = Stopwatch.StartNew();
        using var last = await clients["iris"].PostAsync("/api/v1/models/iris/predict", ApiClient.Json("""{"features": [[5.1, 3.5, 1.4, 0.2]]}"""), Cancel);
        Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
        foreach (var client in clients.Values) client.Dispose();
    }

    private static string Shown(byte[] bytes) => Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 1_500)));

    private static HttpRequestMessage Request(Drawn drawn)
    {
        var body = drawn.Body;
        if (drawn.IsZipped)
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(body);
            body = packed.ToArray();
        }
        var request = new HttpRequestMessage(HttpMethod.Post, drawn.Path) { Content = new ByteArrayContent(body) };
        if (drawn.ContentType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", drawn.ContentType);
        if (drawn.IsZipped) request.Content.Headers.ContentEncoding.Add("gzip");
        if (drawn.JsonLength is not null) request.Headers.TryAddWithoutValidation("Inference-Header-Content-Length", drawn.JsonLength);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return request;
    }

    /// <returns>What is wrong; null for nothing.</returns>
    private static string? Judge(Drawn drawn, LiveModel model, HttpResponseMessage answer, byte[] bytes)
    {
        var status = (int)answer.StatusCode;
        if (status >= 500) return "a fault of ours";
        if (status is not (200 or 400 or 413 or 415)) return $"status {status}";
        if (status != 200) return drawn.Rows is null ? bytes.Length == 0 ? "a refusal without words" : null : "a well-formed request was refused";
        if (answer.Headers.GetValues("X-Model-Version").Single() != "1") return "another version";
        double[] expected;
        int rowCount;
        if (drawn.Rows is { } rows)
        {
            (expected, rowCount) = (model.Package.Pipeline.Predict(TextRows.ToTable(model.Package.Manifest.Signature.Inputs, rows)), rows.Count);
        }
        else
        {
            // Whatever was understood, it is answered as the table that was understood.
            using var prediction = model.Predictor.Begin();
            var refusal = drawn.IsCsv ? drawn.Dialect.ReadCsv(drawn.Body, prediction, 10_000)
                : drawn.JsonLength is { } length ? Dialect.OpenInference.ReadParts(drawn.Body, length, prediction, 10_000) : drawn.Dialect.ReadJson(drawn.Body, prediction, 10_000);
            if (refusal is not null) return $"answered what Core refuses: {refusal.Message}";
            rowCount = prediction.Rows.RowCount;
            expected = rowCount == 0 ? [] : model.Package.Pipeline.Predict(prediction.Rows.ToTable());
        }
        using var document = JsonDocument.Parse(answer.Headers.TryGetValues("Inference-Header-Content-Length", out var head) ? bytes.AsMemory(0, int.Parse(head.Single(), CultureInfo.InvariantCulture)) : bytes);
        var classes = model.Predictor.Target.Classes;
        var width = Math.Max(1, classes.Count);
        var root = document.RootElement;
        var outputs = drawn.Dialect == Dialect.OpenInference ? root.GetProperty("outputs").EnumerateArray().ToDictionary(o => o.GetProperty("name").GetString()!) : [];
        JsonElement? said = drawn.Dialect == Dialect.OpenInference ? outputs.TryGetValue("predict", out var predict) && predict.TryGetProperty("data", out var data) ? data : null
            : root.TryGetProperty("predictions", out var predictions) ? predictions : root.GetProperty("outputs");
        if (said is { } answers)
        {
            if (answers.GetArrayLength() != rowCount) return $"{answers.GetArrayLength()} answers to {rowCount} rows";
            for (var row = 0; row < rowCount; row++)
            {
                var isRight = classes.Count > 0 ? answers[row].GetString() == classes[Target.Likeliest(expected.AsSpan(row * width, width))]
                    : answers[row].ValueKind == JsonValueKind.Null ? !double.IsFinite(expected[row]) : answers[row].GetDouble().Equals(expected[row]);
                if (!isRight) return $"row {row}: {answers[row]}, expected {string.Join(", ", expected.Skip(row * width).Take(width))}";
            }
        }
        JsonElement? probabilities = root.TryGetProperty("probabilities", out var native) ? native : outputs.TryGetValue("predict_proba", out var proba) && proba.TryGetProperty("data", out var numbers) ? numbers : null;
        if (probabilities is { } shares)
        {
            double[] found = [.. shares.EnumerateArray().SelectMany(s => s.ValueKind == JsonValueKind.Array ? s.EnumerateArray().ToArray() : [s]).Select(s => s.ValueKind == JsonValueKind.Null ? double.NaN : s.GetDouble())];
            if (!found.SequenceEqual(expected.Select(e => double.IsFinite(e) ? e : double.NaN))) return $"probabilities {string.Join(", ", found)}, expected {string.Join(", ", expected)}";
        }
        return null;
    }

    private static Drawn Draw(Random random, string name, LiveModel model)
    {
        var dialect = Dialects[random.Next(Dialects.Length)];
        var path = dialect == Dialect.Native ? $"/api/v1/models/{name}{(random.Next(3) switch { 0 => "/versions/1", 1 => "/aliases/champion", _ => "" })}/predict"
            : dialect == Dialect.MlflowScoring ? $"/mlflow/{name}{(random.Next(3) == 0 ? "/versions/1" : "")}/invocations"
            : dialect == Dialect.TensorFlowServing ? $"/v1/models/{name}{(random.Next(3) switch { 0 => "/versions/1", 1 => "/labels/champion", _ => "" })}:predict"
            : $"/v2/models/{name}{(random.Next(3) == 0 ? "/versions/1" : "")}/infer";
        var signature = model.Package.Manifest.Signature;
        var rows = Rows(signature, random);
        var isCsv = random.Next(8) == 0 && (dialect == Dialect.Native || dialect == Dialect.MlflowScoring);
        var isBinary = dialect == Dialect.OpenInference && random.Next(3) == 0;
        string? jsonLength = null;
        byte[] body;
        if (isBinary) (body, jsonLength) = Tensors(signature, rows, random);
        else body = Encoding.UTF8.GetBytes(isCsv ? Csv(signature, rows) : Write(dialect, signature, rows, random));
        var contentType = isCsv ? "text/csv" : isBinary ? random.Next(2) == 0 ? "application/octet-stream" : null : random.Next(3) == 0 ? "application/json; charset=utf-8" : "application/json";
        var isZipped = random.Next(10) == 0;
        if (random.Next(2) == 0) return new Drawn(name, dialect, path, body, contentType, jsonLength, isZipped, isCsv, rows);

        // Otherwise damaged, in the words of another dialect, or noise.
        if (random.Next(8) == 0 && !isCsv && !isBinary) body = Encoding.UTF8.GetBytes(Write(Dialects[random.Next(Dialects.Length)], signature, rows, random));
        if (random.Next(12) == 0) contentType = new[] { "text/plain", "application/xml", "application/json; charset=latin1", "", "multipart/form-data; boundary=x", null }[random.Next(6)];
        if (isBinary && random.Next(3) == 0) jsonLength = new[] { "0", "-1", "1", $"{body.Length}", $"{body.Length + 1}", "x", "99999999999999999999" }[random.Next(7)];
        return new Drawn(name, dialect, path, Damage(body, random), contentType, jsonLength, isZipped, isCsv, null);
    }

    private static IReadOnlyList<IReadOnlyList<string?>> Rows(Signature signature, Random random) =>
        [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => (IReadOnlyList<string?>)[.. signature.Inputs.Select(input => random.Next(7) == 0 ? null : input.Kind switch
        {
            ColumnKind.Numeric => (random.Next(6) switch { 0 => 0, 1 => -1e300, 2 => 5e-324, 3 => random.Next(-1000, 1000), _ => (input.Minimum ?? 0) + random.NextDouble() * ((input.Maximum ?? 1) - (input.Minimum ?? 0)) }).ToString("R", CultureInfo.InvariantCulture),
            _ => input.Choices is { Count: > 0 } choices ? choices[random.Next(choices.Count)] : "text",
        })])];

    private static string Csv(Signature signature, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        static string Quote(string? text) => text is null ? "" : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        return string.Join('\n', rows.Select(r => string.Join(',', r.Select(Quote))).Prepend(string.Join(',', signature.Inputs.Select(i => Quote(i.Name))))) + "\n";
    }

    private static string Write(Dialect dialect, Signature signature, IReadOnlyList<IReadOnlyList<string?>> rows, Random random)
    {
        var hasBare = dialect != Dialect.OpenInference;
        string Value(int row, int column) => rows[row][column] is not { } text ? hasBare && random.Next(3) == 0 && signature.Inputs[column].Kind == ColumnKind.Numeric ? "NaN" : "null"
            : signature.Inputs[column].Kind == ColumnKind.Numeric ? hasBare && random.Next(8) == 0 ? $"\"{text}\"" : text : JsonSerializer.Serialize(text);
        string Name(int column) => JsonSerializer.Serialize(signature.Inputs[column].Name);
        string Space() => " \n\t"[..random.Next(4)];
        int[] columns = [.. Enumerable.Range(0, signature.Inputs.Count)];
        // Positional rows hold the used columns alone.
        int[] used = [.. signature.Inputs.Index().Where(i => i.Item.Used).Select(i => i.Index)];
        var shuffled = columns.ToArray();
        random.Shuffle(shuffled);
        string Array(int row, int[] order) => $"[{string.Join($"{Space()},", order.Select(c => Value(row, c)))}]";
        string Record(int row) => $"{{{string.Join(",", shuffled.Select(c => $"{Name(c)}{Space()}:{Value(row, c)}"))}{(random.Next(9) == 0 ? ",\"more\":[{\"x\":[]}]" : "")}}}";
        var arrays = $"[{string.Join(",", rows.Select((_, row) => Array(row, used)))}]";
        var mixed = $"[{string.Join(",", rows.Select((_, row) => Array(row, shuffled)))}]";
        var records = $"[{string.Join(",", rows.Select((_, row) => Record(row)))}]";
        var names = $"[{string.Join(",", shuffled.Select(Name))}]";
        var byColumn = $"{{{string.Join(",", shuffled.Select(c => $"{Name(c)}:[{string.Join(",", rows.Select((_, row) => Value(row, c)))}]"))}}}";
        var explains = random.Next(25) == 0;
        if (dialect == Dialect.Native)
            return random.Next(3) switch { 0 => $"{{{(explains ? "\"explain\":true," : "")}\"features\":{arrays}}}", 1 => $"{{\"records\":{records}}}", _ => random.Next(2) == 0 ? $"{{\"columns\":{names},\"features\":{mixed}}}" : $"{{\"features\":{mixed},\"columns\":{names}}}" };
        if (dialect == Dialect.MlflowScoring)
            return random.Next(4) switch { 0 => $"{{\"dataframe_split\":{{\"columns\":{names},\"data\":{mixed}}}}}", 1 => $"{{\"dataframe_records\":{records},\"params\":{{\"a\":1{(explains ? ",\"explain\":true" : "")}}}}}", 2 => $"{{\"instances\":{(random.Next(2) == 0 ? arrays : records)}}}", _ => $"{{\"inputs\":{byColumn}}}" };
        if (dialect == Dialect.TensorFlowServing)
            return random.Next(3) switch { 0 => $"{{{(explains ? "\"parameters\":{\"explain\":true}," : "")}\"instances\":{arrays}}}", 1 => $"{{\"signature_name\":\"serving_default\",\"instances\":{records}}}", _ => $"{{\"inputs\":{byColumn}}}" };
        return $"{{\"id\":\"{random.Next()}\",{(explains ? "\"parameters\":{\"explain\":true}," : "")}\"inputs\":[{string.Join(",", shuffled.Select(c =>
        {
            string[] parts = [$"\"name\":{Name(c)}", $"\"shape\":[{rows.Count}{(random.Next(2) == 0 ? ",1" : "")}]", $"\"datatype\":\"{(signature.Inputs[c].Kind == ColumnKind.Numeric ? "FP64" : "BYTES")}\"", $"\"data\":[{string.Join(",", rows.Select((_, row) => Value(row, c)))}]"];
            random.Shuffle(parts);
            return $"{{{string.Join(",", parts)}}}";
        }))}]}}";
    }

    /// <summary>The columns as bytes after the JSON, some of them in the JSON all the same.</summary>
    private static (byte[] Body, string JsonLength) Tensors(Signature signature, IReadOnlyList<IReadOnlyList<string?>> rows, Random random)
    {
        var (tensors, tail) = (new List<string>(), new List<byte>());
        foreach (var column in Enumerable.Range(0, signature.Inputs.Count))
        {
            var (input, isNumber) = (signature.Inputs[column], signature.Inputs[column].Kind == ColumnKind.Numeric);
            var start = tail.Count;
            foreach (var row in rows)
            {
                if (isNumber) tail.AddRange(BitConverter.GetBytes(row[column] is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : double.NaN));
                else
                {
                    var bytes = Encoding.UTF8.GetBytes(row[column] ?? "");
                    tail.AddRange(BitConverter.GetBytes(bytes.Length));
                    tail.AddRange(bytes);
                }
            }
            tensors.Add($"{{\"name\":{JsonSerializer.Serialize(input.Name)},\"shape\":[{rows.Count}],\"datatype\":\"{(isNumber ? "FP64" : "BYTES")}\",\"parameters\":{{\"binary_data_size\":{tail.Count - start}}}}}");
        }
        var head = Encoding.UTF8.GetBytes($"{{{(random.Next(2) == 0 ? "\"parameters\":{\"binary_data_output\":true}," : "")}\"inputs\":[{string.Join(",", tensors)}]}}");
        return ([.. head, .. tail], $"{head.Length}");
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        if (random.Next(20) == 0)
        {
            var noise = new byte[random.Next(400)];
            random.NextBytes(noise);
            return noise;
        }
        string[] tokens = ["null", "true", "-", "1e999", "\"\"", "[", "]", "{", "}", ",", ":", "\\u0000", "\"\\ud800\"", "NaN", "99999999999999999999", "[[[[[[[[", "\"features\":", "\"shape\":[-1,9223372036854775807]", "\"binary_data_size\":9223372036854775807", "\u00ff", "\"interval\":0.9", new string('9', 400)];
        for (var times = 1 + random.Next(3); times > 0; times--)
        {
            var at = random.Next(bytes.Length + 1);
            bytes = random.Next(4) switch
            {
                0 => [.. bytes[..at], .. Encoding.Latin1.GetBytes(tokens[random.Next(tokens.Length)]), .. bytes[at..]],
                1 => bytes[..at],
                2 => [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + 1 + random.Next(8))..]],
                _ => Flip(bytes, at, random),
            };
        }
        return bytes;
    }

    private static byte[] Flip(byte[] bytes, int at, Random random)
    {
        if (at < bytes.Length) bytes[at] ^= (byte)(1 << random.Next(8));
        return bytes;
    }
}
