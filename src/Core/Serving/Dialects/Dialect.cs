using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>Why a request is not answered.</summary>
public enum RefusalKind
{
    /// <summary>The body is not JSON, CSV or UTF-8.</summary>
    Unreadable,

    /// <summary>It can be read, but does not fit the model.</summary>
    Invalid,

    /// <summary>There are more rows than are allowed.</summary>
    TooManyRows,
}

/// <param name="Kind">What is wrong.</param>
/// <param name="Message">For people: place, found, expected.</param>
public sealed record Refusal(RefusalKind Kind, string Message);

/// <summary>A way in which clients write rows and read answers. All share one reader of values, so that a value means the same in each.</summary>
public abstract class Dialect
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 64 };

    // Quotes and letters as they are: an answer is read as JSON, never as HTML.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>As it stands in figures: <c>native</c>, <c>oip-v2</c>, <c>mlflow</c>, <c>v1</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Its place in <see cref="All"/>.</summary>
    public int Index { get; private init; }

    public static Dialect Native { get; } = new NativeDialect { Index = 0 };
    public static OpenInferenceDialect OpenInference { get; } = new() { Index = 1 };
    public static Dialect MlflowScoring { get; } = new MlflowDialect { Index = 2 };
    public static Dialect TensorFlowServing { get; } = new TensorFlowDialect { Index = 3 };

    public static IReadOnlyList<Dialect> All { get; } = [Native, OpenInference, MlflowScoring, TensorFlowServing];

    /// <summary>Reads a body into the rows of a prediction.</summary>
    /// <returns>Null where the rows can be scored.</returns>
    public Refusal? ReadJson(ReadOnlySpan<byte> body, Prediction prediction, int mostRows) => ReadJson(body, [], prediction, mostRows);

    /// <summary>As the other, of a body whose values stand in part after the JSON, as bytes.</summary>
    protected Refusal? ReadJson(ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows)
    {
        try
        {
            // Some editors begin a file with the mark of UTF-8.
            if (body.StartsWith("\uFEFF"u8)) body = body[3..];
            try
            {
                ReadWhole(body, tail, prediction, mostRows);
            }
            catch (JsonException) when (BareNumbers.Find(body))
            {
                // Python and others write NaN and Infinity, which JSON does not know.
                prediction.Clear();
                var mended = BareNumbers.Quote(body);
                ReadWhole(mended, tail, prediction, mostRows);
            }
        }
        catch (JsonException e)
        {
            return new Refusal(RefusalKind.Unreadable, $"Line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message.Split(" LineNumber:")[0]}");
        }
        catch (InvalidOperationException e) when (e.InnerException is DecoderFallbackException || e.Source == "System.Text.Json.Rethrowable")
        {
            return new Refusal(RefusalKind.Unreadable, "A text of the body is not valid UTF-8.");
        }
        return Judge(prediction);
    }

    /// <summary>Reads a body of comma-separated values with a header.</summary>
    public Refusal? ReadCsv(ReadOnlySpan<byte> body, Prediction prediction, int mostRows)
    {
        if (CsvRows.Read(body, prediction.Rows, mostRows) is { } message) return new Refusal(RefusalKind.Unreadable, message);
        return Judge(prediction);
    }

    /// <summary>Writes the answer to scored rows.</summary>
    /// <returns>Bytes of JSON where others follow it; 0 where all is JSON.</returns>
    public int Write(Prediction prediction, string model, int version, IBufferWriter<byte> output)
    {
        var writer = _writer ??= new Utf8JsonWriter(output, WriterOptions);
        writer.Reset(output);
        Write(prediction, model, version, writer);
        writer.Flush();
        var length = WriteTail(prediction, output) ? (int)writer.BytesCommitted : 0;
        // The writer of a thread must not keep the answer of a request alive.
        writer.Reset(Stream.Null);
        return length;
    }

    /// <summary>Writes what follows the JSON.</summary>
    /// <returns>Whether anything can follow.</returns>
    protected virtual bool WriteTail(Prediction prediction, IBufferWriter<byte> output) => false;

    /// <param name="reader">On the first token of the body.</param>
    /// <param name="body">JSON.</param>
    /// <param name="tail">What follows it, for the dialects that know such; empty else.</param>
    /// <param name="prediction">Takes the rows.</param>
    /// <param name="mostRows">That are allowed.</param>
    protected abstract void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows);

    protected abstract void Write(Prediction prediction, string model, int version, Utf8JsonWriter writer);

    private void ReadWhole(ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows)
    {
        var reader = NewReader(body);
        reader.Read();
        Read(ref reader, body, tail, prediction, mostRows);
        if (prediction.WantsExplanation && prediction.Rows.RowCount > Prediction.MostExplainedRows)
            prediction.Rows.Problem(null, null, $"{prediction.Rows.RowCount} rows to explain", $"at most {Prediction.MostExplainedRows} where \"explain\" is true");
        if (prediction.WantsExplanation && prediction.Disclosure.WhyNoExplanation is { } why) prediction.Rows.Problem(null, null, "\"explain\": true", why);
        // What follows the document is an error of its own.
        while (reader.Read()) reader.Skip();
    }

    internal static Utf8JsonReader NewReader(ReadOnlySpan<byte> body) => new(body, ReaderOptions);

    private static Refusal? Judge(Prediction prediction)
    {
        var rows = prediction.Rows;
        if (rows.Problems.Count == 0) return null;
        var kind = rows.ExcessiveRowCount is null ? RefusalKind.Invalid : RefusalKind.TooManyRows;
        return new Refusal(kind, Explain(rows));
    }

    /// <summary>The first problems in words, and the columns that look like a misspelt one.</summary>
    private static string Explain(RowBatch rows)
    {
        const int mostTold = 5;
        var told = string.Join(" ", rows.Problems.Take(mostTold));
        if (rows.Problems.Count > mostTold) told += $" And {rows.Problems.Count - mostTold} more.";
        if (rows.UnknownColumns.Count > 0) told += $" Note that the model has no {(rows.UnknownColumns.Count == 1 ? "column" : "columns")} {string.Join(", ", rows.UnknownColumns.Take(mostTold).Select(c => $"'{RowBatch.Shorten(c)}'"))}.";
        return told;
    }

    /// <summary>Writes the likeliest class, or the number; null where the model has no finite answer.</summary>
    protected static void WriteAnswer(Prediction prediction, int row, Utf8JsonWriter writer)
    {
        if (prediction.Predictor.ClassNames is { } names) writer.WriteStringValue(names[prediction.AnsweredClass(row)]);
        else WriteNumber(prediction.Disclosure.Tell(prediction.Outputs(row)[0]), writer);
    }

    protected static void WriteAnswers(Prediction prediction, Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        for (var row = 0; row < prediction.Rows.RowCount; row++) WriteAnswer(prediction, row, writer);
        writer.WriteEndArray();
    }

    protected static void WriteNumber(double number, Utf8JsonWriter writer)
    {
        if (double.IsFinite(number)) writer.WriteNumberValue(number);
        else writer.WriteNullValue();
    }

    /// <summary>Reads an object of what is asked for beside the rows: <c>explain</c> and <c>interval</c>. Others are not ours, and ignored.</summary>
    protected static void ReadOptions(ref Utf8JsonReader reader, Prediction prediction)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isExplain, isInterval) = (reader.ValueTextEquals("explain"u8), reader.ValueTextEquals("interval"u8));
                reader.Read();
                if (isExplain) ReadExplain(ref reader, prediction);
                else if (isInterval) ReadInterval(ref reader, prediction);
                else reader.Skip();
            }
        }
        else reader.Skip();
    }

    /// <summary>Whether the answers are to be explained.</summary>
    protected static void ReadExplain(ref Utf8JsonReader reader, Prediction prediction)
    {
        prediction.WantsExplanation = reader.TokenType == JsonTokenType.True;
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)) prediction.Rows.Problem(null, null, $"\"explain\": {Describe(ref reader)}", "true or false");
        reader.Skip();
    }

    /// <summary>The level of the interval around each number.</summary>
    protected static void ReadInterval(ref Utf8JsonReader reader, Prediction prediction)
    {
        var manifest = prediction.Predictor.Package.Manifest;
        if (reader.TokenType != JsonTokenType.Null)
        {
            var level = reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : double.NaN;
            prediction.Interval = manifest.Intervals?.FirstOrDefault(i => i.Level == level);
            if (prediction.Interval is null)
                prediction.Rows.Problem(null, null, $"\"interval\": {Describe(ref reader)}", prediction.Predictor.ClassNames is not null ? "none: the model predicts a class, and its probabilities say how sure it is"
                    : manifest.Intervals is { Count: > 0 } known ? string.Join(" or ", known.Select(i => i.Level.ToString(CultureInfo.InvariantCulture))) : "none: no interval was measured for this model");
        }
        reader.Skip();
    }

    /// <summary>Writes <c>intervals</c>, one a row, with their level and coverage, where they are wanted.</summary>
    protected static void WriteInterval(Prediction prediction, Utf8JsonWriter writer)
    {
        if (prediction.Interval is not { } interval) return;
        writer.WriteStartArray("intervals"u8);
        for (var row = 0; row < prediction.Rows.RowCount; row++)
        {
            var (low, high) = interval.Around(prediction.Disclosure.Tell(prediction.Outputs(row)[0]));
            writer.WriteStartArray();
            WriteNumber(low, writer);
            WriteNumber(high, writer);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteNumber("intervalLevel"u8, interval.Level);
        writer.WriteNumber("intervalCoverage"u8, interval.Coverage);
    }

    /// <summary>Which sums an explanation tells: a number's, the second of two classes', or each class's.</summary>
    protected static IEnumerable<string> ExplainedOf(Predictor predictor) =>
        predictor.Target.Classes.Count == 0 ? [predictor.Target.Column] : predictor.Target.Classes.Skip(predictor.Target.Classes.Count - predictor.Explainer.Base.Count);

    /// <summary>Writes <c>explanation</c> where it is wanted.</summary>
    protected static void WriteExplanation(Prediction prediction, Utf8JsonWriter writer)
    {
        if (prediction.Contributions is not { } contributions) return;
        var explainer = prediction.Predictor.Explainer;
        writer.WriteStartObject("explanation"u8);
        writer.WriteString("scale"u8, ContributionScales.IdOf(explainer.Scale));
        writer.WriteStartArray("of"u8);
        foreach (var name in ExplainedOf(prediction.Predictor)) writer.WriteStringValue(name);
        writer.WriteEndArray();
        WriteNumbers("base"u8, [.. explainer.Base], writer);
        writer.WriteStartArray("columns"u8);
        foreach (var column in explainer.Columns) writer.WriteStringValue(column);
        writer.WriteEndArray();
        WriteRows("contributions"u8, row => row.Values);
        if (!explainer.IsExact) WriteRows("standardErrors"u8, row => row.StandardErrors!);
        writer.WriteEndObject();

        void WriteRows(ReadOnlySpan<byte> name, Func<RowContributions, double[]> numbers)
        {
            writer.WriteStartArray(name);
            foreach (var row in contributions)
            {
                writer.WriteStartArray();
                for (var sum = 0; sum < explainer.Base.Count; sum++) WriteNumbers(null, numbers(row).AsSpan(sum * explainer.Columns.Count, explainer.Columns.Count), writer);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
        }
    }

    private static void WriteNumbers(ReadOnlySpan<byte> name, ReadOnlySpan<double> numbers, Utf8JsonWriter writer)
    {
        if (name.IsEmpty) writer.WriteStartArray();
        else writer.WriteStartArray(name);
        foreach (var number in numbers) WriteNumber(number, writer);
        writer.WriteEndArray();
    }

    protected static string Describe(ref Utf8JsonReader reader) => JsonRows.Describe(ref reader);
}
