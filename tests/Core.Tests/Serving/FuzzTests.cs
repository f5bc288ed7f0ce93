using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using Xunit;

namespace ModelWorkbench.Core.Tests.Serving;

/// <summary>Requests by chance: well-formed ones must get the answer that a table of the same values gets, all others a refusal, and none may throw. WORKBENCH_FUZZ sets how many.</summary>
public sealed class FuzzTests
{
    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("WORKBENCH_FUZZ"), CultureInfo.InvariantCulture, out var count) ? count : 20_000;
    private static readonly Dialect[] Dialects = [Dialect.Native, Dialect.MlflowScoring, Dialect.TensorFlowServing, Dialect.OpenInference];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly Lazy<ModelPackage> Package = new(() =>
    {
        var random = new Random(1);
        var table = new Table(
        [
            new NumericColumn("a", [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble() * 10)]),
            new NumericColumn("b \"quoted\"", [.. Enumerable.Range(0, 200).Select(i => i % 7 == 0 ? double.NaN : random.Next(100))]),
            DictionaryColumn.FromTexts("stadt", ColumnKind.Category, [.. Enumerable.Range(0, 200).Select(i => i % 9 == 0 ? null : new[] { "Köln", "東京", "a\\b", "x" }[random.Next(4)])]),
            DictionaryColumn.FromTexts("ok", ColumnKind.Boolean, [.. Enumerable.Range(0, 200).Select(_ => random.Next(2) == 0 ? "yes" : "no")]),
            new DateTimeColumn("day", [.. Enumerable.Range(0, 200).Select(_ => new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(500)).Ticks)]),
            DictionaryColumn.FromTexts("class", ColumnKind.Category, [.. Enumerable.Range(0, 200).Select(_ => random.Next(3).ToString(CultureInfo.InvariantCulture))]),
        ]);
        return ServingModels.Train(table, "class", new Recipe([new FillMissingStep(["b \"quoted\""], FillMethod.Median)]), "random-forest", Cancel);
    });

    [Fact]
    public void Well_formed_requests_get_the_answer_of_the_same_values_in_a_table()
    {
        var predictor = new Predictor(Package.Value);
        var random = new Random(11);
        for (var i = 0; i < Count; i++)
        {
            var rows = Draw(predictor.Signature, random, 1 + random.Next(3));
            var dialect = Dialects[random.Next(Dialects.Length)];
            var body = Write(dialect, predictor.Signature, rows, random);
            using var prediction = predictor.Begin();
            var refusal = dialect.ReadJson(Encoding.UTF8.GetBytes(body), prediction, 100);
            Assert.True(refusal is null, $"{i}: {refusal?.Message}\n{body}");
            prediction.Score(Cancel);
            var expected = Package.Value.Pipeline.Predict(TextRows.ToTable(predictor.Signature.Inputs, rows));
            Assert.Equal(expected, Enumerable.Range(0, rows.Count).SelectMany(row => prediction.Outputs(row).ToArray()));
        }
    }

    [Fact]
    public void Damaged_requests_are_answered_or_refused_in_words_and_never_throw()
    {
        var predictor = new Predictor(Package.Value);
        var random = new Random(12);
        var output = new ArrayBufferWriter<byte>();
        var (answered, refused) = (0, 0);
        for (var i = 0; i < Count; i++)
        {
            var dialect = Dialects[random.Next(Dialects.Length)];
            // Sometimes in the words of another dialect.
            var bytes = Damage(Encoding.UTF8.GetBytes(Write(random.Next(8) == 0 ? Dialects[random.Next(Dialects.Length)] : dialect, predictor.Signature, Draw(predictor.Signature, random, 1 + random.Next(3)), random)), random);
            using var prediction = predictor.Begin();
            var isCsv = random.Next(10) == 0;
            if ((isCsv ? dialect.ReadCsv(bytes, prediction, 100) : dialect.ReadJson(bytes, prediction, 100)) is { } refusal)
            {
                refused++;
                Assert.False(string.IsNullOrWhiteSpace(refusal.Message));
                continue;
            }
            answered++;
            prediction.Score(Cancel);
            output.ResetWrittenCount();
            dialect.Write(prediction, "fuzz", 1, output);
            using var answer = JsonDocument.Parse(output.WrittenMemory);
            // Whatever was understood, it is answered as the table that was understood.
            var table = prediction.Rows.ToTable();
            Assert.Equal(Package.Value.Pipeline.Predict(table), Enumerable.Range(0, table.RowCount).SelectMany(row => prediction.Outputs(row).ToArray()));
        }
        Assert.True(answered > Count / 100 && refused > Count / 4, $"{answered} answered, {refused} refused: the fuzzer does not reach both.");
    }

    /// <summary>The same requests against a handler that takes them at their word: the tests would see what they look for.</summary>
    [Fact]
    public void A_handler_that_takes_requests_at_their_word_is_caught()
    {
        var signature = new Predictor(Package.Value).Signature;
        var random = new Random(12);
        var (thrown, wrong) = (0, 0);
        for (var i = 0; i < 2_000; i++)
        {
            var rows = Draw(signature, random, 1);
            var body = Encoding.UTF8.GetBytes(Write(Dialect.Native, signature, rows, random));
            try
            {
                using var document = JsonDocument.Parse(i % 2 == 0 ? body : Damage(body, random));
                // By position, whatever the columns are called; null is nought.
                var row = document.RootElement.GetProperty("features")[0];
                var first = row[0].ValueKind == JsonValueKind.Null ? 0 : row[0].GetDouble();
                if (i % 2 == 0 && (rows[0][0] is null || first != double.Parse(rows[0][0]!, CultureInfo.InvariantCulture))) wrong++;
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
            {
                thrown++;
            }
        }
        Assert.True(thrown > 0 && wrong > 0, $"{thrown} requests were too much for it, and {wrong} misunderstood.");
    }

    private static IReadOnlyList<IReadOnlyList<string?>> Draw(Signature signature, Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<string?>)[.. signature.Inputs.Select(input => random.Next(6) == 0 ? null : input.Kind switch
        {
            ColumnKind.Numeric => (random.Next(5) switch { 0 => 0, 1 => -1e300, 2 => 5e-324, 3 => random.Next(-1000, 1000), _ => random.NextDouble() * 100 }).ToString("R", CultureInfo.InvariantCulture),
            ColumnKind.DateTime => new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(3000)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            _ => input.Choices![random.Next(input.Choices.Count)],
        })])];

    private static string Write(Dialect dialect, Signature signature, IReadOnlyList<IReadOnlyList<string?>> rows, Random random)
    {
        string Value(int row, int column) => rows[row][column] is not { } text ? random.Next(3) == 0 && signature.Inputs[column].Kind == ColumnKind.Numeric && dialect != Dialect.OpenInference ? "NaN" : "null"
            : signature.Inputs[column].Kind == ColumnKind.Numeric ? random.Next(8) == 0 && dialect != Dialect.OpenInference ? $"\" {text} \"" : text : JsonSerializer.Serialize(text);
        string Name(int column) => JsonSerializer.Serialize(signature.Inputs[column].Name);
        string Space() => random.Next(5) == 0 ? " \n\t"[..random.Next(4)] : "";
        int[] columns = [.. Enumerable.Range(0, signature.Inputs.Count)];
        var shuffled = columns.ToArray();
        random.Shuffle(shuffled);
        string Array(int row, int[] order) => $"[{string.Join($"{Space()},", order.Select(c => Value(row, c)))}]";
        string Record(int row) => $"{{{string.Join(",", shuffled.Select(c => $"{Name(c)}{Space()}:{Value(row, c)}"))}{(random.Next(9) == 0 ? ",\"more\":[{\"x\":[]}]" : "")}}}";
        var arrays = $"[{string.Join(",", rows.Select((_, row) => Array(row, columns)))}]";
        var mixed = $"[{string.Join(",", rows.Select((_, row) => Array(row, shuffled)))}]";
        var records = $"[{string.Join(",", rows.Select((_, row) => Record(row)))}]";
        var names = $"[{string.Join(",", shuffled.Select(Name))}]";
        var byColumn = $"{{{string.Join(",", shuffled.Select(c => $"{Name(c)}:[{string.Join(",", rows.Select((_, row) => Value(row, c)))}]"))}}}";
        if (dialect == Dialect.Native)
            return random.Next(3) switch { 0 => $"{Space()}{{\"features\":{arrays}}}", 1 => $"{{\"records\":{records}}}{Space()}", _ => random.Next(2) == 0 ? $"{{\"columns\":{names},\"features\":{mixed}}}" : $"{{\"features\":{mixed},\"columns\":{names}}}" };
        if (dialect == Dialect.MlflowScoring)
            return random.Next(4) switch { 0 => $"{{\"dataframe_split\":{{\"columns\":{names},\"data\":{mixed}}}}}", 1 => $"{{\"dataframe_records\":{records},\"params\":{{\"a\":1}}}}", 2 => $"{{\"instances\":{(random.Next(2) == 0 ? arrays : records)}}}", _ => $"{{\"inputs\":{byColumn}}}" };
        if (dialect == Dialect.TensorFlowServing)
            return random.Next(3) switch { 0 => $"{{\"instances\":{arrays}}}", 1 => $"{{\"signature_name\":\"serving_default\",\"instances\":{records}}}", _ => $"{{\"inputs\":{byColumn}}}" };
        return $"{{\"id\":\"{random.Next()}\",\"inputs\":[{string.Join(",", shuffled.Select(c =>
        {
            string[] parts = [$"\"name\":{Name(c)}", $"\"shape\":[{rows.Count}{(random.Next(2) == 0 ? ",1" : "")}]", $"\"datatype\":\"{(signature.Inputs[c].Kind == ColumnKind.Numeric ? "FP64" : "BYTES")}\"", $"\"data\":[{string.Join(",", rows.Select((_, row) => Value(row, c)))}]"];
            random.Shuffle(parts);
            return $"{{{string.Join(",", parts)}}}";
        }))}]}}";
    }

    /// <summary>Bytes changed, cut, doubled or put in; sometimes nothing but noise.</summary>
    private static byte[] Damage(byte[] bytes, Random random)
    {
        if (random.Next(20) == 0)
        {
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            return noise;
        }
        string[] tokens = ["null", "true", "-", "1e999", "\"\"", "[", "]", "{", "}", ",", ":", "\\u0000", "\"\\ud800\"", "NaN", "99999999999999999999", "[[[[[[[[", "\"features\":", "\"shape\":[-1,9223372036854775807]", "\u00ff"];
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
