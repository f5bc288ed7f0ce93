using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using Xunit;

namespace ModelWorkbench.Core.Tests.Serving;

/// <summary>Tensors as bytes after the JSON, byte for byte as Triton's extension for binary data describes them.</summary>
public sealed class TensorBytesTests
{
    private static readonly Lazy<ModelPackage> Package = new(() =>
    {
        var table = new Table(
        [
            new NumericColumn("n", [.. Enumerable.Range(0, 60).Select(i => (double)(i % 20))]),
            DictionaryColumn.FromTexts("word", ColumnKind.Category, [.. Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? "Köln" : i % 3 == 1 ? "7" : "x")]),
            DictionaryColumn.FromTexts("flag", ColumnKind.Boolean, [.. Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? "true" : "false")]),
            DictionaryColumn.FromTexts("class", ColumnKind.Category, [.. Enumerable.Range(0, 60).Select(i => i % 20 < 10 ? "klein" : "größer")]),
        ]);
        return ServingModels.Train(table, "class", new Recipe([]), "linear-lbfgs", TestContext.Current.CancellationToken);
    });

    private static readonly Predictor Model = new(Package.Value);

    private static byte[] Texts(params string[] texts) => [.. texts.SelectMany(t => (byte[])[.. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(t)), .. Encoding.UTF8.GetBytes(t)])];

    private static string Tensor(string name, string type, string shape, int size) => $$"""{"name":"{{name}}","shape":{{shape}},"datatype":"{{type}}","parameters":{"binary_data_size":{{size}} } }""";

    private static Refusal? Read(Prediction prediction, string json, params byte[][] tensors)
    {
        var head = Encoding.UTF8.GetBytes(json);
        byte[] body = [.. head, .. tensors.SelectMany(t => t)];
        return Dialect.OpenInference.ReadParts(body, head.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), prediction, 100);
    }

    public static TheoryData<string, byte[], double?[]> Numbers => new()
    {
        { "UINT8", [7, 255], [7, 255] },
        { "INT8", [0xFF, 0x80], [-1, -128] },
        { "UINT16", [0x01, 0x02, 0xFF, 0xFF], [513, 65535] },
        { "INT16", [0xFE, 0xFF, 0x00, 0x80], [-2, -32768] },
        { "UINT32", [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [1, 4294967295] },
        { "INT32", [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x80], [-1, -2147483648] },
        { "UINT64", [1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [1, 18446744073709551615] },
        { "INT64", [0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 0, 0, 0], [-3, 2] },
        { "FP16", [0x00, 0x3C, 0x00, 0x7E], [1, null] },
        { "FP32", [0x9A, 0x99, 0xD9, 0x40, 0x00, 0x00, 0xC0, 0x7F], [6.800000190734863, null] },
        { "FP64", [0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x1B, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x80], [6.8, 0] },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_number_of_every_type_is_little_endian(string type, byte[] bytes, double?[] expected)
    {
        using var prediction = Model.Begin();
        var refusal = Read(prediction, $$"""{"inputs":[{{Tensor("n", type, "[2]", bytes.Length)}},{{Tensor("word", "BYTES", "[2,1]", 14)}},{{Tensor("flag", "BOOL", "[2]", 2)}}]}""", bytes, Texts("Köln", "7"), [1, 0]);
        Assert.Null(refusal);
        Assert.Equal(expected, Enumerable.Range(0, 2).Select(row => double.IsNaN(prediction.Rows.Number(row, 0)) ? (double?)null : prediction.Rows.Number(row, 0)));
        Assert.Equal(("Köln", "7"), (prediction.Rows.GetText(0, 1), prediction.Rows.GetText(1, 1)));
        Assert.Equal(("true", "false"), (prediction.Rows.GetText(0, 2), prediction.Rows.GetText(1, 2)));
    }

    [Fact]
    public void Bytes_and_JSON_of_the_same_values_get_the_same_answer_and_outputs_come_as_asked()
    {
        using var prediction = Model.Begin();
        const string json = """{"inputs":[{"name":"n","shape":[2],"datatype":"FP64","data":[3,17]},{"name":"word","shape":[2],"datatype":"BYTES","data":["x","Köln"]},{"name":"flag","shape":[2],"datatype":"BOOL","data":[true,false]}]}""";
        Assert.Null(Dialect.OpenInference.ReadJson(Encoding.UTF8.GetBytes(json), prediction, 100));
        prediction.Score(TestContext.Current.CancellationToken);
        double[] expected = [.. prediction.Outputs(0), .. prediction.Outputs(1)];

        using var other = Model.Begin();
        // One tensor in the JSON, two as bytes; of the outputs one in the JSON, one as bytes.
        Assert.Null(Read(other, $$"""{"parameters":{"binary_data_output":true},"outputs":[{"name":"predict_proba","parameters":{"binary_data":false} },{"name":"predict"}],"inputs":[{{Tensor("n", "FP64", "[2]", 16)}},{"name":"flag","shape":[2],"datatype":"BOOL","data":[true,false]},{{Tensor("word", "BYTES", "[2]", 14)}}]}""",
            [.. BitConverter.GetBytes(3.0), .. BitConverter.GetBytes(17.0)], Texts("x", "Köln")));
        other.Score(TestContext.Current.CancellationToken);
        Assert.Equal(expected, other.Outputs(0).ToArray().Concat(other.Outputs(1).ToArray()));
        var output = new ArrayBufferWriter<byte>();
        var length = Dialect.OpenInference.Write(other, "m", 1, output);
        using var answer = JsonDocument.Parse(output.WrittenMemory[..length]);
        var outputs = answer.RootElement.GetProperty("outputs");
        Assert.Equal(expected, outputs[0].GetProperty("data").EnumerateArray().Select(v => v.GetDouble()));
        Assert.False(outputs[1].TryGetProperty("data", out _));
        var classes = Model.Target.Classes;
        var said = Texts(classes[other.AnsweredClass(0)], classes[other.AnsweredClass(1)]);
        Assert.Equal(said, output.WrittenSpan[length..].ToArray());
        Assert.Equal(said.Length, outputs[1].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());

        // All outputs as bytes: the numbers are little-endian doubles, row by row.
        using var all = Model.Begin();
        Assert.Null(Dialect.OpenInference.ReadJson(Encoding.UTF8.GetBytes(json.Replace("{\"inputs\"", "{\"parameters\":{\"binary_data_output\":true},\"inputs\"", StringComparison.Ordinal)), all, 100));
        all.Score(TestContext.Current.CancellationToken);
        output.ResetWrittenCount();
        length = Dialect.OpenInference.Write(all, "m", 1, output);
        var tail = output.WrittenSpan[(length + said.Length)..].ToArray();
        Assert.Equal(expected, Enumerable.Range(0, 4).Select(i => BinaryPrimitives.ReadDoubleLittleEndian(tail.AsSpan(8 * i))));
        Assert.Equal(32, tail.Length);
        // What is asked for once is not asked for by the next request.
        output.ResetWrittenCount();
        using var next = Model.Begin();
        Assert.Null(Dialect.OpenInference.ReadJson(Encoding.UTF8.GetBytes(json), next, 100));
        next.Score(TestContext.Current.CancellationToken);
        Assert.Equal(0, Dialect.OpenInference.Write(next, "m", 1, output));
    }

    [Theory]
    [InlineData("[2]", 15, "15 bytes; expected 16")]
    [InlineData("[2]", 24, "24 bytes; expected 16")]
    [InlineData("[2]", 999999, "999,999")]
    [InlineData("[4611686018427387904]", 16, "at most 100 rows")]
    [InlineData("[-1]", 16, "shape")]
    [InlineData("[9223372036854775807,9223372036854775807]", 16, "values a row")]
    public void Sizes_that_do_not_fit_are_refused_in_words(string shape, int size, string expected)
    {
        using var prediction = Model.Begin();
        var refusal = Read(prediction, $$"""{"inputs":[{{Tensor("n", "FP64", shape, size)}},{{Tensor("word", "BYTES", "[2]", 10)}},{{Tensor("flag", "BOOL", "[2]", 2)}}]}""", new byte[Math.Min(size, 100)], Texts("x", "7"), [1, 0]);
        Assert.Contains(expected, refusal!.Message);
    }

    [Fact]
    public void Hostile_lengths_bytes_and_headers_are_refused_in_words()
    {
        static string Words(string tensor, params byte[] bytes)
        {
            using var prediction = Model.Begin();
            return Read(prediction, $$"""{"inputs":[{{Tensor("n", "UINT8", "[2]", 2)}},{{tensor}},{{Tensor("flag", "BOOL", "[2]", 2)}}]}""", [1, 2], bytes, [1, 0])!.Message;
        }

        Assert.Contains("a text of 4,294,967,295 bytes", Words(Tensor("word", "BYTES", "[2]", 8), 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4));
        Assert.Contains("value 1: 3 bytes; expected four bytes of length", Words(Tensor("word", "BYTES", "[2]", 3), 1, 0, 0));
        Assert.Contains("1 value; expected 2", Words(Tensor("word", "BYTES", "[2]", 5), 1, 0, 0, 0, 65));
        Assert.Contains("bytes after the last value", Words(Tensor("word", "BYTES", "[2]", 15), [.. Texts("a", "b", "c")]));
        Assert.Contains("not UTF-8", Words(Tensor("word", "BYTES", "[2]", 10), 1, 0, 0, 0, 0xFF, 1, 0, 0, 0, 65));
        Assert.Contains("both \"data\" and \"binary_data_size\"", Words("""{"name":"word","shape":[2],"datatype":"BYTES","data":["a","b"],"parameters":{"binary_data_size":10}}""", [.. Texts("a", "b")]));
        Assert.Contains("a whole number of bytes", Words("""{"name":"word","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":-1}}"""));
        Assert.Contains("a whole number of bytes", Words("""{"name":"word","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":1e99}}"""));
        using (var prediction = Model.Begin())
            Assert.Contains("the byte 2; expected 0 or 1", Read(prediction, $$"""{"inputs":[{{Tensor("n", "UINT8", "[1]", 1)}},{{Tensor("word", "BYTES", "[1]", 5)}},{{Tensor("flag", "BOOL", "[1]", 1)}}]}""", [1], Texts("x"), [2])!.Message);
        using (var prediction = Model.Begin())
            Assert.Contains("3 bytes after the last tensor", Read(prediction, $$"""{"inputs":[{{Tensor("n", "UINT8", "[1]", 1)}},{{Tensor("word", "BYTES", "[1]", 5)}},{{Tensor("flag", "BOOL", "[1]", 1)}}]}""", [1], Texts("x"), [1], [0, 0, 0])!.Message);
        foreach (var header in new[] { "", "-1", "1e3", "999999", "99999999999999999999", " 5", "0x10" })
        {
            using var prediction = Model.Begin();
            Assert.Contains("Inference-Header-Content-Length", Dialect.OpenInference.ReadParts("{}"u8, header, prediction, 100)!.Message);
        }
    }

    [Fact]
    public void Bytes_by_chance_are_answered_or_refused_and_never_throw()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var head = Encoding.UTF8.GetBytes($$"""{"inputs":[{{Tensor("n", new[] { "FP64", "UINT8", "INT64", "BYTES", "BOOL", "FP16" }[random.Next(6)], $"[{random.Next(4)}]", random.Next(40))}},{{Tensor("word", "BYTES", "[2]", random.Next(40))}},{{Tensor("flag", random.Next(2) == 0 ? "BOOL" : "BYTES", "[2]", random.Next(12))}}]}""");
            var tail = new byte[random.Next(90)];
            random.NextBytes(tail);
            if (random.Next(2) == 0) tail.AsSpan().Replace((byte)0xFF, (byte)0);
            using var prediction = Model.Begin();
            var refusal = Dialect.OpenInference.ReadParts([.. head, .. tail], $"{Math.Max(0, head.Length + (random.Next(10) == 0 ? random.Next(-5, 5) : 0))}", prediction, 100);
            if (refusal is null) prediction.Score(TestContext.Current.CancellationToken);
            else Assert.False(string.IsNullOrWhiteSpace(refusal.Message));
        }
    }
}
