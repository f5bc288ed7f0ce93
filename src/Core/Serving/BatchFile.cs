using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Serving;

/// <summary>How a CSV file is written that a model is to score, and where the model's inputs stand in it.</summary>
public sealed class BatchFile
{
    private const int HeadBytes = 1 << 20;
    private const int MostSampledRecords = 10_000;
    private const int MostNamedColumns = 20;
    private static readonly string[] CommonDelimiters = [",", ";", "\t", "|"];

    private BatchFile(string path, CsvOptions options, Signature signature, string[] names, CsvFieldText fields, string lineEnd, bool hasByteOrderMark)
    {
        (Path, Options, Signature, Names, Fields, LineEnd, HasByteOrderMark) = (path, options, signature, names, fields, lineEnd, hasByteOrderMark);
        Inputs = [.. Names.Index().Where(n => signature.Index.TryGetValue(n.Item, out var input) && signature.Inputs[input].Used).Select(n => (n.Index, signature.Index[n.Item]))];
        DateOrders = new DateOrder?[signature.Inputs.Count];
    }

    public string Path { get; }

    public CsvOptions Options { get; }

    public Signature Signature { get; }

    /// <summary>The columns of the file, as an import names them.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Which field of a record is which input that the model uses.</summary>
    internal IReadOnlyList<(int Field, int Input)> Inputs { get; }

    /// <summary>One an input: how its dates are written; null where it is none, or nothing tells day from month: only ISO 8601 is read then.</summary>
    internal DateOrder?[] DateOrders { get; }

    /// <summary>Writes texts of our own as this file writes its fields.</summary>
    internal CsvFieldText Fields { get; }

    internal string LineEnd { get; }

    internal bool HasByteOrderMark { get; }

    /// <summary>Looks at a file of text.</summary>
    /// <param name="path">Unpacked.</param>
    /// <param name="options">How it is written; null to detect it as a dataset's file is detected.</param>
    /// <param name="signature">What the model expects.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <exception cref="CsvFormatException">It is no text, has no record, or lacks columns that the model needs; the message names them.</exception>
    public static BatchFile Open(string path, CsvOptions? options, Signature signature, CancellationToken ct)
    {
        options ??= Detect(path, signature, ct);
        string[] names;
        string lineEnd;
        using (var records = Records(path, options))
        {
            if (!records.Read()) throw new CsvFormatException("The file has no records, only blank lines. Expected a line with the names of the columns, and then one line a row.");
            lineEnd = records.Raw is [.., '\r', '\n'] ? "\r\n" : records.Raw is [.., '\r'] ? "\r" : "\n";
            names = NamesOf(records, options);
        }
        if (Missing(names, signature) is { Count: > 0 } missing)
            throw new CsvFormatException($"The file has no column {Quoted(missing)}, which the model needs. Found the columns {Quoted(names)}; expected {Quoted([.. signature.Used.Select(i => i.Name)])}, in any order.");
        using var bytes = CsvText.OpenBytes(path);
        var start = new byte[3];
        var found = start.AsSpan(0, bytes.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        var hasMark = found.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) || found.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || found.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]);
        var file = new BatchFile(path, options, signature, names, new CsvFieldText(options), lineEnd, hasMark);
        file.FindDateOrders(ct);
        return file;
    }

    /// <summary>Whether a file that was uploaded, packed or not, can be scored, as far as its beginning tells; quick, whatever its size.</summary>
    /// <exception cref="CsvFormatException">It cannot; the message says why.</exception>
    public static void CheckHead(string sourcePath, CsvOptions? options, Signature signature, string temporaryFolder, CancellationToken ct)
    {
        using var source = OpenSource(sourcePath, temporaryFolder, ct, null, HeadBytes);
        if (source.Path != sourcePath || new FileInfo(sourcePath).Length <= HeadBytes)
        {
            Open(source.Path, options, signature, ct);
            return;
        }
        var head = System.IO.Path.Combine(temporaryFolder, Guid.NewGuid().ToString("N"));
        try
        {
            using (var bytes = CsvText.OpenBytes(sourcePath))
            {
                var content = new byte[HeadBytes];
                var length = bytes.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
                // In UTF-16 a line end has two bytes, and a cut between them would be worse than half a line.
                if (!content.AsSpan(0, length).Contains((byte)0) && content.AsSpan(0, length).LastIndexOf((byte)'\n') is > 0 and var last) length = last + 1;
                File.WriteAllBytes(head, content[..length]);
            }
            Open(head, options, signature, ct);
        }
        finally
        {
            File.Delete(head);
        }
    }

    /// <summary>Opens what was uploaded: text as it is, gzip and ZIP unpacked beside it.</summary>
    /// <exception cref="CsvFormatException">It is damaged, or no text.</exception>
    public static SourceFile OpenSource(string sourcePath, string temporaryFolder, CancellationToken ct, Action<double>? unpacked = null, long? maxLength = null)
    {
        var source = SourceFile.Open(sourcePath, temporaryFolder, ct, unpacked, maxLength);
        if (source.Format == SourceFormat.Text) return source;
        source.Dispose();
        throw new CsvFormatException("The file is Parquet. Expected CSV, plain or packed with gzip or ZIP.");
    }

    internal static CsvRecords Records(string path, CsvOptions options) => new(CsvText.OpenText(CsvText.OpenBytes(path), options.Encoding), options, OpenQuote.ReadAsText);

    private static CsvOptions Detect(string path, Signature signature, CancellationToken ct)
    {
        var options = CsvDetector.Detect(path, ct);
        if (MissingIn(path, options, signature) == 0) return options;
        // A first line that holds the names is a header, whatever it looks like; and of a file of a few lines the names tell the delimiter better than its rows.
        foreach (var delimiter in CommonDelimiters.Prepend(options.Delimiter))
        {
            var settled = CsvDetector.Detect(path, ct, o => o with { Delimiter = delimiter, HasHeader = true });
            if (MissingIn(path, settled, signature) == 0) return settled;
        }
        return options;
    }

    private static int MissingIn(string path, CsvOptions options, Signature signature)
    {
        using var records = Records(path, options);
        return records.Read() ? Missing(NamesOf(records, options), signature).Count : signature.Used.Count;
    }

    private static List<string> Missing(string[] names, Signature signature) => [.. signature.Used.Select(i => i.Name).Except(names, StringComparer.Ordinal)];

    private static string Quoted(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostNamedColumns).Select(name => $"'{RowBatch.Shorten(name)}'")) + (names.Count > MostNamedColumns ? $" and {names.Count - MostNamedColumns} more" : "");

    /// <summary>The names that an import would give the columns.</summary>
    /// <param name="records">On the first record; afterwards some records further where the longest record says how many columns there are.</param>
    private static string[] NamesOf(CsvRecords records, CsvOptions options)
    {
        var given = options.ColumnNames;
        List<string> header = [];
        if (options.HasHeader)
            for (var i = 0; i < records.FieldCount; i++) header.Add(records.Field(i).Trim().ToString());
        var width = records.FieldCount;
        if (given.Count > 0) width = given.Count;
        else if (options.BadLines == BadLineAction.Widen)
            for (var seen = 0; seen < MostSampledRecords && records.Read(); seen++) width = Math.Max(width, records.FieldCount);
        return ColumnNames.MakeDistinct([.. Enumerable.Range(0, width).Select(c => c < given.Count && !string.IsNullOrWhiteSpace(given[c]) ? given[c].Trim() : c < header.Count ? header[c] : "")]);
    }

    /// <summary>Tells how dates are written from the first records, as an import does from all of them.</summary>
    private void FindDateOrders(CancellationToken ct)
    {
        var dates = Inputs.Where(i => Signature.Inputs[i.Input].Kind == ColumnKind.DateTime).ToList();
        if (dates.Count == 0) return;
        var evidence = dates.ConvertAll(_ => new ColumnEvidence(new NumberParser(Options.DecimalMark), ColumnKind.DateTime));
        var marks = dates.ConvertAll(date => MarksOf(date.Field));
        using var records = Records(Path, Options);
        if (Options.HasHeader) records.Read();
        for (var seen = 0; seen < MostSampledRecords && records.Read(); seen++)
        {
            if (seen % 1024 == 0) ct.ThrowIfCancellationRequested();
            for (var i = 0; i < dates.Count; i++)
                if (dates[i].Field < records.FieldCount && records.Field(dates[i].Field).Trim() is var text && !marks[i].Contains(text)) evidence[i].Add(text);
        }
        for (var i = 0; i < dates.Count; i++) DateOrders[dates[i].Input] = evidence[i].DateIsAmbiguous ? null : evidence[i].DateOrder;
    }

    /// <summary>What stands for a missing value in a column.</summary>
    internal MissingMarks MarksOf(int field) => new(Options.ColumnMissingMarks.TryGetValue(Names[field], out var own) ? own : Options.MissingMarks);
}
