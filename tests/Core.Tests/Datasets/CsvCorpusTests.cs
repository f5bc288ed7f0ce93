using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>Cell texts against the expectations of public CSV corpora: csv-spectrum, csv-test-data, Papa Parse.</summary>
public class CsvCorpusTests
{
    /// <summary>Every case where another reader gives other cells, with the reason: a new difference fails, one that is gone too.</summary>
    private static readonly string Listed = Path.Combine(TestFiles.RepositoryRoot, "tests/Core.Tests/Datasets/corpus-differences.csv");

    /// <summary>How many expectations of each corpus are met: what changes here is said in a commit.</summary>
    private static readonly string Figures = Path.Combine(TestFiles.RepositoryRoot, "tests/Core.Tests/Datasets/corpus-figures.csv");

    [Theory]
    [InlineData("csv-spectrum")]
    [InlineData("csv-test-data")]
    [InlineData("papaparse")]
    [InlineData("csvlint")]
    [InlineData("duckdb")]
    public void Cells_are_those_of_the_corpus_but_for_the_listed_differences(string corpus)
    {
        var ct = TestContext.Current.CancellationToken;
        var folder = TestFiles.Shared("csv-corpus");
        var cases = corpus switch
        {
            "papaparse" => CsvCorpusCases.OfPapaParse(folder),
            "csvlint" => CsvCorpusCases.OfCsvLint(folder),
            "duckdb" => CsvCorpusCases.OfDuckDb(folder),
            "csv-test-data" => CsvCorpusCases.OfRows(folder, corpus).Concat(CsvCorpusCases.OfMalformed(folder)),
            _ => CsvCorpusCases.OfRows(folder, corpus),
        };
        var listed = ReadListed(corpus, ct);
        var found = new List<(CsvCorpusCase Case, CsvCorpusDifference Difference)>();
        int all = 0, compared = 0;
        foreach (var one in cases)
        {
            all++;
            var difference = one.Compare(ct);
            if (difference is { IsComparable: false }) continue;
            compared++;
            if (difference is not null) found.Add((one, difference));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{corpus}: {all} expectations, {compared} compared, {compared - found.Count} equal, {found.Count} listed, {all - compared} of an unrecorded query");
        if (Environment.GetEnvironmentVariable("CORPUS_DIFFERENCES") is { } to) File.WriteAllText(Path.Combine(to, corpus + ".json"), JsonSerializer.Serialize(found.Select(one => new[] { corpus, one.Case.File, one.Case.Settings, one.Difference.Ours, one.Difference.Theirs })));
        var fresh = found.Where(one => !listed.Contains((one.Case.File, one.Case.Settings))).Select(one => $"new: {one.Case.File} ({one.Case.Settings}): ours {one.Difference.Ours}, theirs {one.Difference.Theirs}");
        var gone = listed.Except(found.Select(one => (one.Case.File, one.Case.Settings))).Select(one => $"gone: {one.File} ({one.Settings})");
        Assert.Empty(fresh.Concat(gone));
        Assert.Equal((all, compared, compared - found.Count), FigureOf(corpus, "expectations", "compared", "equal", ct));
    }

    private static (int, int, int) FigureOf(string corpus, string first, string second, string third, CancellationToken ct)
    {
        var table = CsvTableReader.Read(Figures, new CsvOptions(), null, ct).Table;
        var row = Assert.Single(Enumerable.Range(0, table.RowCount), row => table["corpus"].GetText(row) == corpus);
        return (Number(first), Number(second), Number(third));

        int Number(string column) => (int)((NumericColumn)table[column]).Values[row];
    }

    private static HashSet<(string File, string Settings)> ReadListed(string corpus, CancellationToken ct)
    {
        var options = new CsvOptions { MissingMarks = [] };
        options = options with { Kinds = new[] { "corpus", "file", "options", "ours", "theirs", "why" }.ToDictionary(name => name, _ => ColumnKind.Text) };
        var table = CsvTableReader.Read(Listed, options, null, ct).Table;
        var rows = Enumerable.Range(0, table.RowCount).Where(row => table["corpus"].GetText(row) == corpus).ToList();
        Assert.All(rows, row => Assert.False(string.IsNullOrWhiteSpace(table["why"].GetText(row)), $"Row {row + 1} of the list has no reason."));
        return [.. rows.Select(row => (table["file"].GetText(row)!, table["options"].GetText(row) ?? ""))];
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
        Assert.All(counts, count => Assert.Equal((count.Value.Read + count.Value.Refused, count.Value.Read, count.Value.Refused), FigureOf(count.Key, "files", "read", "refused", ct)));
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
    [InlineData("bad-quotes-with-unescaped-quote", "Hey, I missed \" it", "a delimiter or the end of the line after the closing quote (\")")]
    public void Malformed_files_of_the_corpus_are_read_with_a_problem(string name, string found, string expected)
    {
        var path = TestFiles.Shared($"csv-corpus/csv-test-data/{name}.csv");
        var result = CsvTableReader.Read(path, new CsvOptions(), null, TestContext.Current.CancellationToken);
        var problem = Assert.Single(result.Problems);
        Assert.Equal((2, found, expected), (problem.Line, problem.Found, problem.Expected));
    }

    [Fact]
    public void A_file_of_the_corpus_with_an_open_quote_is_refused_where_the_reading_stops_at_problems()
    {
        var path = TestFiles.Shared("csv-corpus/csv-test-data/bad-missing-quote.csv");
        var exception = Assert.Throws<CsvFormatException>(() => CsvTableReader.Read(path, new CsvOptions { BadLines = BadLineAction.Stop }, null, TestContext.Current.CancellationToken));
        Assert.Contains("line 2, field 2", exception.Message, StringComparison.Ordinal);
    }
}
