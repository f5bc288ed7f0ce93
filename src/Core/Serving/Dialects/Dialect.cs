using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

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

    public static Dialect Native { get; } = new NativeDialect();
    public static Dialect OpenInference { get; } = new OpenInferenceDialect();
    public static Dialect MlflowScoring { get; } = new MlflowDialect();
    public static Dialect TensorFlowServing { get; } = new TensorFlowDialect();

    /// <summary>Reads a body into the rows of a prediction.</summary>
    /// <returns>Null where the rows can be scored.</returns>
    public Refusal? ReadJson(ReadOnlySpan<byte> body, Prediction prediction, int mostRows)
    {
        try
        {
            // Some editors begin a file with the mark of UTF-8.
            if (body.StartsWith("\uFEFF"u8)) body = body[3..];
            try
            {
                ReadWhole(body, prediction, mostRows);
            }
            catch (JsonException) when (BareNumbers.Find(body))
            {
                // Python and others write NaN and Infinity, which JSON does not know.
                prediction.Clear();
                var mended = BareNumbers.Quote(body);
                ReadWhole(mended, prediction, mostRows);
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
    public void Write(Prediction prediction, string model, int version, IBufferWriter<byte> output)
    {
        var writer = _writer ??= new Utf8JsonWriter(output, WriterOptions);
        writer.Reset(output);
        Write(prediction, model, version, writer);
        writer.Flush();
        // The writer of a thread must not keep the answer of a request alive.
        writer.Reset(Stream.Null);
    }

    protected abstract void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, Prediction prediction, int mostRows);

    protected abstract void Write(Prediction prediction, string model, int version, Utf8JsonWriter writer);

    private void ReadWhole(ReadOnlySpan<byte> body, Prediction prediction, int mostRows)
    {
        var reader = NewReader(body);
        reader.Read();
        Read(ref reader, body, prediction, mostRows);
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
        else WriteNumber(prediction.Outputs(row)[0], writer);
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

    protected static string Describe(ref Utf8JsonReader reader) => JsonRows.Describe(ref reader);
}
