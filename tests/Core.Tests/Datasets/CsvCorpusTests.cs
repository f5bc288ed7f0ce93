using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>Cell texts against the expectations of public CSV corpora: csv-spectrum, csv-test-data, Papa Parse.</summary>
public class CsvCorpusTests
{
    /// <summary>Files that are read in another way, and why.</summary>
    private static readonly Dictionary<string, string> ReadDifferently = new()
    {
        ["parse-005.csv"] = "blanks between a closing quote and the delimiter stay in text",
        ["parse-006.csv"] = "as parse-005",
        ["parse-007.csv"] = "as parse-005",
        ["parse-090.csv"] = "as parse-005",
        ["parse-091.csv"] = "as parse-005",
        ["parse-009.csv"] = "each line may end in its own way; Papa Parse chooses one for the file",
        ["parse-067.csv"] = "the delimiter is guessed: see CsvDetectorTests",
        ["parse-069.csv"] = "as parse-067",
        ["parse-070.csv"] = "as parse-067",
    };

    [Theory]
    [InlineData("csv-spectrum", 10)]
    [InlineData("csv-test-data", 15)]
    [InlineData("papaparse", 60)]
    public void Cells_are_those_of_the_corpus(string corpus, int atLeast)
    {
        var compared = 0;
        var failures = new List<string>();
        foreach (var json in Directory.EnumerateFiles(TestFiles.Shared("csv-corpus/" + corpus), "*.json").Order(StringComparer.Ordinal))
        {
            var csv = Path.ChangeExtension(json, ".csv");
            if (ReadDifferently.ContainsKey(Path.GetFileName(csv))) continue;
            using var document = JsonDocument.Parse(File.ReadAllText(json));
            if (Expectation.From(document.RootElement) is not { } expectation) continue;
            compared++;
            try
            {
                var options = expectation.Options with { MissingMarks = [], Kinds = TextKinds(csv, expectation) };
                var table = CsvTableReader.Read(csv, options, null, TestContext.Current.CancellationToken).Table;
                var expected = Show(expectation.Rows.Select(row => Enumerable.Range(0, table.ColumnCount).Select(c => row.ElementAtOrDefault(c) ?? "")));
                var found = Show(Enumerable.Range(0, table.RowCount).Select(row => table.Columns.Select(column => column.GetText(row) ?? "")));
                if (expected != found) failures.Add($"{Path.GetFileName(csv)}: expected {expected} found {found}");
            }
            catch (CsvFormatException e)
            {
                if (expectation.Rows.Count > 0) failures.Add($"{Path.GetFileName(csv)}: expected {Show(expectation.Rows)}: {e.Message}");
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{corpus}: {compared - failures.Count} of {compared} compared files have the expected cells");
        Assert.True(failures.Count == 0, string.Join("\n", failures));
        Assert.True(compared >= atLeast, $"Compared {compared} files, expected at least {atLeast}.");
    }

    [Fact]
    public void Every_file_of_the_corpora_is_read_or_refused_with_a_message_and_no_record_is_lost()
    {
        var ct = TestContext.Current.CancellationToken;
        var manifest = CsvTableReader.Read(TestFiles.Shared("csv-corpus/manifest.csv"), new CsvOptions(), null, ct).Table;
        var failures = new List<string>();
        var counts = new SortedDictionary<string, (int Read, int Refused)>(StringComparer.Ordinal);
        foreach (var row in Enumerable.Range(0, manifest.RowCount))
        {
            var (corpus, file) = (manifest["corpus"].GetText(row)!, manifest["file"].GetText(row)!);
            var count = counts.GetValueOrDefault(corpus);
            try
            {
                using var source = SourceFile.Open(TestFiles.Shared("csv-corpus/" + file), Path.GetTempPath(), ct);
                if (source.Format == SourceFormat.Parquet) continue;
                var options = CsvDetector.Detect(source.Path, ct);
                var table = CsvTableReader.Read(source.Path, options, null, ct).Table;
                var records = CountRecords(source.Path, options);
                if (table.RowCount < records) failures.Add($"{file}: {records} records, {table.RowCount} rows. {options}");
                counts[corpus] = count with { Read = count.Read + 1 };
            }
            catch (CsvFormatException e)
            {
                if (e.Message.Length < 20) failures.Add($"{file}: {e.Message}");
                counts[corpus] = count with { Refused = count.Refused + 1 };
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Add($"{file}: {e}");
            }
        }
        foreach (var (corpus, (read, refused)) in counts) TestContext.Current.TestOutputHelper?.WriteLine($"{corpus}: {read} read, {refused} refused");
        Assert.True(failures.Count == 0, string.Join("\n", failures));
        Assert.Equal(manifest.RowCount, counts.Values.Sum(count => count.Read + count.Refused));
    }

    /// <summary>The rows that there are at least, counted line by line, apart from the reader: a record goes on while its quotes are odd in number.</summary>
    private static int CountRecords(string path, CsvOptions options)
    {
        using var text = new StreamReader(path, System.Text.Encoding.GetEncoding(options.Encoding));
        var records = 0;
        var open = false;
        for (var line = 1; text.ReadLine() is { } read; line++)
        {
            if (line <= options.SkipLines) continue;
            if (!open && (read.Trim(' ').Length == 0 || (options.CommentPrefix is { } prefix && read.StartsWith(prefix, StringComparison.Ordinal)))) continue;
            if (!open) records++;
            // A quote that stands inside a field opens nothing; taken for an opening one, it makes the count smaller.
            if (read.Count(character => character == options.Quote) % 2 == 1) open = !open;
        }
        return records - (options.HasHeader ? 1 : 0);
    }

    [Theory]
    [InlineData("bad-header-less-fields", "2 fields", "3 fields")]
    [InlineData("bad-header-more-fields", "4 fields", "3 fields")]
    [InlineData("bad-quotes-with-unescaped-quote", "Hey, I missed  it\"", "a delimiter or the end of the line after the closing quote (\")")]
    public void Malformed_files_of_the_corpus_are_read_with_a_problem(string name, string found, string expected)
    {
        var path = TestFiles.Shared($"csv-corpus/csv-test-data/{name}.csv");
        var result = CsvTableReader.Read(path, new CsvOptions(), null, TestContext.Current.CancellationToken);
        var problem = Assert.Single(result.Problems);
        Assert.Equal((2, found, expected), (problem.Line, problem.Found, problem.Expected));
    }

    [Fact]
    public void A_file_of_the_corpus_with_an_open_quote_is_refused()
    {
        var path = TestFiles.Shared("csv-corpus/csv-test-data/bad-missing-quote.csv");
        var exception = Assert.Throws<CsvFormatException>(() => CsvTableReader.Read(path, new CsvOptions(), null, TestContext.Current.CancellationToken));
        Assert.Contains("line 2, field 2", exception.Message, StringComparison.Ordinal);
    }

    // The line ends of some corpus files were normalised on the way here, those of their expectations not.
    private static string Show(IEnumerable<IEnumerable<string>> rows) => JsonSerializer.Serialize(rows).Replace("\\r\\n", "\\n", StringComparison.Ordinal);

    /// <summary>Everything is text, so that cells can be compared as written.</summary>
    private static Dictionary<string, ColumnKind> TextKinds(string csv, Expectation expectation)
    {
        var names = CsvTableReader.Read(csv, expectation.Options, null, TestContext.Current.CancellationToken).Options.Kinds.Keys;
        return names.ToDictionary(name => name, _ => ColumnKind.Text);
    }

    private sealed record Expectation(CsvOptions Options, IReadOnlyList<IReadOnlyList<string>> Rows)
    {
        /// <summary>Null where the case needs a feature that is left out on purpose: comments, previews, types by function, malformed quotes.</summary>
        public static Expectation? From(JsonElement root)
        {
            if (root.ValueKind == JsonValueKind.Array) return FromRows(root, new CsvOptions { HasHeader = root.EnumerateArray().All(row => row.ValueKind == JsonValueKind.Object) });
            var options = new CsvOptions { HasHeader = false };
            foreach (var setting in root.GetProperty("config").EnumerateObject())
            {
                if (setting is { Name: "delimiter", Value.ValueKind: JsonValueKind.String } && setting.Value.GetString() is [var delimiter and not '\n']) options = options with { Delimiter = delimiter };
                else if (setting is { Name: "quoteChar", Value.ValueKind: JsonValueKind.String } && setting.Value.GetString() is [var quote]) options = options with { Quote = quote };
                else if (setting is { Name: "escapeChar", Value.ValueKind: JsonValueKind.String } && setting.Value.GetString() is [var escape]) options = options with { Escape = escape };
                else if (setting is { Name: "comments", Value.ValueKind: JsonValueKind.String }) options = options with { CommentPrefix = setting.Value.GetString() };
                else if (setting is { Name: "comments", Value.ValueKind: JsonValueKind.True }) options = options with { CommentPrefix = "#" };
                else if (setting is { Name: "skipFirstNLines", Value.ValueKind: JsonValueKind.Number } && setting.Value.GetInt32() >= 0) options = options with { SkipLines = setting.Value.GetInt32() };
                else if (setting is not { Name: "skipEmptyLines", Value.ValueKind: JsonValueKind.True }) return null;
            }
            var expected = root.GetProperty("expected");
            if (expected.TryGetProperty("errors", out var errors) && errors.EnumerateArray().Any(error => error.GetProperty("type").GetString() == "Quotes")) return null;
            if (expected.TryGetProperty("meta", out var meta) && meta.TryGetProperty("delimiter", out var detected) && detected.GetString() is [var found]) options = options with { Delimiter = found };
            return FromRows(expected.GetProperty("data"), options);
        }

        private static Expectation FromRows(JsonElement rows, CsvOptions options) => new(options,
        [
            .. rows.EnumerateArray()
                .Select(row => (IReadOnlyList<string>)(row.ValueKind == JsonValueKind.Object
                    ? [.. row.EnumerateObject().Select(cell => cell.Value.ToString())]
                    : [.. row.EnumerateArray().Select(cell => cell.ToString())]))
                // Blank lines are passed over, as pandas does; some of the corpora keep them as rows of one empty cell.
                .Where(row => row is not [var only] || only.Trim(' ').Length > 0),
        ]);
    }
}
