using System.Globalization;
using System.IO.Compression;
using System.Text;
using CsCheck;
using DuckDB.NET.Data;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

public sealed class DatasetImporterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("import-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string TablePath => Path.Combine(_folder, "table.parquet");

    private string Keep(byte[] content, string name = "source")
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Keep(string content) => Keep(Encoding.UTF8.GetBytes(content));

    private ImportedTable Import(string path, CsvOptions? options = null, Action<Table>? eachChunk = null) =>
        DatasetImporter.Import(path, options, TablePath, eachChunk, null, TestContext.Current.CancellationToken);

    private static byte[] Gzip(byte[] content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(content);
        return packed.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, content) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        return packed.ToArray();
    }

    private void AssertRefused(byte[] content, params string[] words)
    {
        var path = Keep(content);
        var message = Assert.Throws<CsvFormatException>(() => Import(path)).Message;
        foreach (var word in words) Assert.Contains(word, message);
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("penguins.csv")]
    [InlineData("diamonds.csv")]
    [InlineData("sacramento_homes.csv")]
    public void Text_gzip_zip_and_own_parquet_give_the_table_that_is_read_in_memory(string sample)
    {
        var path = TestFiles.Sample(sample);
        var expected = CsvTableReader.Read(path, CsvDetector.Detect(path, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken);
        var bytes = File.ReadAllBytes(path);
        var own = Path.Combine(_folder, "own");
        TableFile.Write(expected.Table, own, TestContext.Current.CancellationToken);
        foreach (var content in new[] { bytes, Gzip(bytes), Zip(("data/" + sample, bytes)), Zip(("__MACOSX/._x", [1]), ("readme.md", [65]), (sample, bytes)), File.ReadAllBytes(own) })
        {
            var imported = Import(Keep(content));
            Assert.Equal(expected.Table.RowCount, imported.RowCount);
            Assert.Equal(expected.Table.Columns.Select(column => new ColumnHeader(column.Name, column.Kind)), imported.Columns);
            TableFileTests.AssertSame(expected.Table, TableFile.Read(TablePath, TestContext.Current.CancellationToken));
            if (imported.Options is { } options) Assert.Equal(expected.Options.Kinds, options.Kinds);
            else Assert.Equal("PAR1", Encoding.ASCII.GetString(content, 0, 4));
            Assert.DoesNotContain(Directory.GetFiles(_folder), file => file.Contains("unpacked"));
        }
    }

    [Fact]
    public void Parquet_of_another_program_keeps_numbers_texts_dates_and_booleans()
    {
        var path = Path.Combine(_folder, "duck.parquet");
        using (var connection = new DuckDBConnection("Data Source=:memory:"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"""
                COPY (SELECT * FROM (VALUES
                    (1::TINYINT, 70000::INTEGER, 9007199254740993::BIGINT, 0.1::DOUBLE, 1.5::FLOAT, 12.34::DECIMAL(9, 2), true, 'red', 'a long text', DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.5', [1, 2], '7'),
                    (NULL, NULL, NULL, 'nan'::DOUBLE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                    (-3::TINYINT, -5::INTEGER, 12::BIGINT, 2.5::DOUBLE, -0.25::FLOAT, -0.05::DECIMAL(9, 2), false, 'blue', '  kept  ', DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59', [3], '8'))
                    t(small, whole, big, real, single, money, flag, colour, note, day, moment, list, code)) TO '{path}' (FORMAT parquet)
                """;
            command.ExecuteNonQuery();
        }
        var imported = Import(path);
        Assert.Null(imported.Options);
        Assert.Equal([("list", "a column of lists"), ("big", "whole numbers beyond 9,007,199,254,740,992")], imported.Problems.Select(problem => (problem.Column, problem.Found)));
        Assert.Equal(
            [("small", ColumnKind.Numeric), ("whole", ColumnKind.Numeric), ("big", ColumnKind.Numeric), ("real", ColumnKind.Numeric), ("single", ColumnKind.Numeric), ("money", ColumnKind.Numeric),
             ("flag", ColumnKind.Boolean), ("colour", ColumnKind.Category), ("note", ColumnKind.Category), ("day", ColumnKind.DateTime), ("moment", ColumnKind.DateTime), ("code", ColumnKind.Category)],
            imported.Columns.Select(column => (column.Name, column.Kind)));
        var table = TableFile.Read(TablePath, TestContext.Current.CancellationToken);
        string?[] Row(int row) => [.. table.Columns.Select(column => column.GetText(row))];
        Assert.Equal(["1", "70000", "9007199254740992", "0.1", "1.5", "12.34", "true", "red", "a long text", "2024-02-29", "2024-02-29T12:34:56.5", "7"], Row(0));
        Assert.All(Row(1), Assert.Null);
        Assert.Equal(["-3", "-5", "12", "2.5", "-0.25", "-0.05", "false", "blue", "kept", "1969-12-31", "1969-12-31T23:59:59", "8"], Row(2));
        Assert.Equal(2, imported.ProblemCount);
        Assert.Equal(["list", "big"], imported.Problems.Select(problem => problem.Column));
    }

    [Fact]
    public void Archives_that_do_not_hold_one_data_file_are_refused_by_name()
    {
        var csv = "a,b\n1,2\n"u8.ToArray();
        AssertRefused(Zip(), "ZIP archive", "empty");
        AssertRefused(Zip(("folder/", [])), "holds no file");
        AssertRefused(Zip(("one.csv", csv), ("two.csv", csv)), "2 files", "'one.csv'", "'two.csv'");
        AssertRefused(Zip(("[Content_Types].xml", csv), ("xl/workbook.xml", csv)), "Excel");
        AssertRefused(Zip(("inner.csv", Gzip(csv))), "gzip archive");
    }

    [Fact]
    public void Damaged_archives_are_refused_and_leave_nothing()
    {
        var csv = Encoding.UTF8.GetBytes("a,b\n" + string.Join('\n', Enumerable.Range(0, 50_000).Select(i => $"{i},{i * 31 % 977}")));
        var gzip = Gzip(csv);
        AssertRefused(gzip[..(gzip.Length / 2)], "gzip", "cut off");
        AssertRefused(gzip[..^4], "gzip", "cut off");
        var zip = Zip(("a.csv", csv));
        AssertRefused(zip[..(zip.Length / 2)], "ZIP", "cut off");
        AssertRefused([.. "PAR1"u8, .. csv], "Parquet");
        // Bit 0 of the flags, at offset 6 of the local and 8 of the central header, says that the entry is encrypted.
        zip[6] |= 1;
        zip[zip.AsSpan().LastIndexOf("PK\x01\x02"u8) + 8] |= 1;
        AssertRefused(zip, "'a.csv'", "encrypted");
    }

    [Fact]
    public void A_decompression_bomb_is_refused_before_it_fills_the_disk()
    {
        var zeros = Gzip(new byte[80 << 20]);
        Assert.InRange(zeros.Length, 1, 1 << 20);
        AssertRefused(zeros, "gzip", "300 times");
        AssertRefused(Zip(("bomb.csv", new byte[80 << 20])), "ZIP", "300 times");
    }

    [Fact]
    public void A_preview_unpacks_only_the_start()
    {
        var path = Keep(Gzip(Encoding.UTF8.GetBytes("a,b\n" + string.Concat(Enumerable.Repeat("1,2\n", 100_000)))));
        string unpacked;
        using (var source = SourceFile.Open(path, _folder, TestContext.Current.CancellationToken, maxLength: 1000))
        {
            unpacked = source.Path;
            Assert.Equal(1000, new FileInfo(unpacked).Length);
            Assert.Equal(SourceFormat.Text, source.Format);
        }
        Assert.False(File.Exists(unpacked));
    }

    [Fact]
    public void A_file_of_any_length_is_never_held_as_a_whole()
    {
        const int rows = 500_000;
        var path = Keep("n,c,t\n" + string.Concat(Enumerable.Range(0, rows).Select(i => $"{i},{(i % 2 == 0 ? "even" : "odd")},text {i}\n")));
        var chunks = new List<WeakReference>();
        var most = 0;
        var at = 0;
        var imported = Import(path, null, chunk =>
        {
            Assert.InRange(chunk.RowCount, 1, 100_000);
            Assert.Equal(at, ((NumericColumn)chunk["n"]).Values[0]);
            // The same codes from the first chunk to the last.
            Assert.Equal(["even", "odd"], ((DictionaryColumn)chunk["c"]).Values);
            at += chunk.RowCount;
            chunks.Add(new WeakReference(chunk));
            GC.Collect();
            most = Math.Max(most, chunks.Count(reference => reference.IsAlive));
        });
        Assert.Equal(rows, at);
        Assert.Equal(rows, imported.RowCount);
        Assert.True(chunks.Count >= 7, $"{chunks.Count} chunks");
        // The one at hand, and those waiting for the writer: queues are one long.
        Assert.InRange(most, 1, 4);
    }

    [Fact]
    public void Cancelling_leaves_nothing()
    {
        var path = Keep(Gzip(Encoding.UTF8.GetBytes("n\n" + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i}\n")))));
        using var cancel = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => DatasetImporter.Import(path, null, TablePath, _ => cancel.Cancel(), null, cancel.Token));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_failure_of_the_one_who_takes_the_chunks_comes_through_and_leaves_nothing()
    {
        var path = Keep("n\n" + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i}\n")));
        Assert.Throws<TimeZoneNotFoundException>(() => Import(path, null, _ => throw new TimeZoneNotFoundException()));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_full_disk_is_said_to_be_full()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        var path = Keep("n\n" + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i}\n")));
        File.CreateSymbolicLink(TablePath, "/dev/full");
        Assert.Contains("disk is full", Assert.Throws<IOException>(() => Import(path)).Message);
        Assert.Equal([path], Directory.GetFiles(_folder));
        Assert.True(File.Exists("/dev/full"));
    }

    [Fact]
    public void Progress_never_goes_back_and_ends_at_one()
    {
        var seen = new List<ImportProgress>();
        var path = Keep(Gzip(Encoding.UTF8.GetBytes("n\n" + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i}\n")))));
        DatasetImporter.Import(path, null, TablePath, null, new Listener(seen.Add), TestContext.Current.CancellationToken);
        Assert.Equal(seen.Select(progress => progress.Fraction).Order(), seen.Select(progress => progress.Fraction));
        Assert.Equal(new ImportProgress(1, "Done", 300_000), seen[^1]);
        Assert.InRange(seen[0].Fraction, 0, 0.9);
    }

    private sealed class Listener(Action<ImportProgress> listen) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => listen(value);
    }

    [Fact]
    public void Lines_that_do_not_fit_are_repaired_skipped_or_stop_the_import_as_chosen()
    {
        var path = Keep("a,b\n1,2\n3\n4,5,6\n7,8\n");
        var repaired = Import(path, new CsvOptions());
        Assert.Equal((4, 2, 0), (repaired.RowCount, repaired.ProblemCount, repaired.SkippedCount));
        Assert.Null(TableFile.Read(TablePath, TestContext.Current.CancellationToken)["b"].GetText(1));

        var skipped = Import(path, new CsvOptions { BadLines = BadLineAction.Skip });
        Assert.Equal((2, 2, 2), (skipped.RowCount, skipped.ProblemCount, skipped.SkippedCount));
        Assert.Equal([3, 4], skipped.Problems.Select(problem => problem.Line));
        Assert.Equal([2, 5], TableFile.Read(TablePath, TestContext.Current.CancellationToken).LineNumbers.ToArray());

        Assert.Contains("Line 3", Assert.Throws<CsvFormatException>(() => Import(path, new CsvOptions { BadLines = BadLineAction.Stop })).Message);
    }

    [Fact]
    public void Missing_marks_of_a_column_are_its_own()
    {
        var path = Keep("a,b\n-999,-999\n1,2\n");
        Import(path, new CsvOptions { ColumnMissingMarks = new Dictionary<string, IReadOnlyList<string>> { ["a"] = ["-999"] } });
        var table = TableFile.Read(TablePath, TestContext.Current.CancellationToken);
        Assert.Equal((null, "-999"), (table["a"].GetText(0), table["b"].GetText(0)));
    }

    [Fact]
    public void Problems_of_many_chunks_stand_in_file_order_and_are_all_counted()
    {
        var path = Keep("n,m\n" + string.Concat(Enumerable.Range(0, 200_000).Select(i => i % 1000 == 999 ? "x,y,z\n" : $"{i},{i}\n")));
        var imported = Import(path, new CsvOptions { Kinds = new Dictionary<string, ColumnKind> { ["n"] = ColumnKind.Numeric, ["m"] = ColumnKind.Numeric } });
        Assert.Equal(600, imported.ProblemCount);
        Assert.Equal(100, imported.Problems.Count);
        Assert.Equal([(1001, null), (1001, "n"), (1001, "m"), (2001, null)], imported.Problems.Take(4).Select(problem => (problem.Line, problem.Column)));
    }

    [Fact]
    public void Random_numbers_are_read_as_the_framework_reads_them()
    {
        var number = Gen.OneOf(
            Gen.Double.Where(double.IsFinite).Select(value => value.ToString("R", CultureInfo.InvariantCulture)),
            Gen.Long.Select(value => value.ToString(CultureInfo.InvariantCulture)),
            Gen.Select(Gen.Long[-99_999_999_999_999, 99_999_999_999_999], Gen.Int[0, 12], (value, decimals) => ((decimal)value / (decimal)Math.Pow(10, decimals)).ToString(CultureInfo.InvariantCulture)),
            Gen.Select(Gen.Bool, Gen.String[Gen.Char['0', '9'], 1, 21], Gen.String[Gen.Char['0', '9'], 0, 21], (negative, whole, decimals) => $"{(negative ? "-" : "")}{whole}.{decimals}"));
        number.Array[200, 400].Sample(
            texts =>
            {
                using var file = new TemporaryFile("n\n" + string.Join('\n', texts));
                var column = (NumericColumn)CsvTableReader.Read(file.Path, new CsvOptions(), null, CancellationToken.None).Table["n"];
                for (var row = 0; row < texts.Length; row++)
                    Assert.Equal((texts[row], BitConverter.DoubleToInt64Bits(double.Parse(texts[row], CultureInfo.InvariantCulture))), (texts[row], BitConverter.DoubleToInt64Bits(column.Values[row])));
            }, iter: 50, threads: 1);
    }

    /// <summary>How a random table is written: delimiter, quote, line end, whether every field is quoted, encoding.</summary>
    private static readonly Gen<(char Delimiter, char Quote, string LineEnd, bool QuoteAll, string Encoding)> Dialect = Gen.Select(
        OneOf(',', ';', '\t', '|'), OneOf('"', '\''), OneOf("\n", "\r\n", "\r"), Gen.Bool, OneOf("utf-8", "utf-16"),
        (delimiter, quote, lineEnd, quoteAll, encoding) => (delimiter, quote, lineEnd, quoteAll, encoding));

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<string> Cell = Gen.OneOf(
        Gen.Int.Select(value => value.ToString(CultureInfo.InvariantCulture)),
        OneOf("", "NA", "red", "blue", "2024-02-29", "true", "1.5", "x,y", "a;b", "he said \"no\"", "it's", "two\nlines", "two\r\nlines", "tab\there", "a|b", "日本", "é"),
        Gen.String[Gen.Char['a', 'z'], 0, 8]);

    [Fact]
    public void A_random_table_in_a_random_dialect_comes_back_cell_by_cell()
    {
        Gen.Select(Dialect, Gen.Int[1, 6].SelectMany(columns => Cell.Array[columns].Array[0, 40])).Sample(
            (dialect, rows) =>
            {
                var columnCount = rows.Length == 0 ? 2 : rows[0].Length;
                var names = Enumerable.Range(1, columnCount).Select(number => $"name {number}").ToArray();
                var text = new StringBuilder();
                foreach (var row in rows.Prepend(names))
                    text.AppendJoin(dialect.Delimiter, row.Select(Write)).Append(dialect.LineEnd);
                using var source = new TemporaryFile(text.ToString(), dialect.Encoding);
                using var target = new TemporaryFile();
                // As text, so that a cell comes back as it was written.
                var options = new CsvOptions
                {
                    Delimiter = dialect.Delimiter.ToString(),
                    Quote = dialect.Quote,
                    Encoding = dialect.Encoding,
                    MissingMarks = ["NA"],
                    Kinds = names.ToDictionary(name => name, _ => ColumnKind.Text),
                };
                DatasetImporter.Import(source.Path, options, target.Path, null, null, CancellationToken.None);
                var table = TableFile.Read(target.Path, CancellationToken.None);
                Assert.Equal(names, table.Columns.Select(column => column.Name));
                // Blank lines are no rows: a table of one empty column is written as such.
                var expected = rows.Where(row => dialect.QuoteAll || row.Length > 1 || row[0].Length > 0).ToArray();
                Assert.Equal(expected.Length, table.RowCount);
                for (var row = 0; row < expected.Length; row++)
                    for (var c = 0; c < columnCount; c++)
                        Assert.Equal(expected[row][c] is "" or "NA" ? null : expected[row][c], table.Columns[c].GetText(row));

                string Write(string cell)
                {
                    var needsQuotes = dialect.QuoteAll || cell.IndexOfAny([dialect.Delimiter, dialect.Quote, '\r', '\n']) >= 0;
                    return needsQuotes ? $"{dialect.Quote}{cell.Replace($"{dialect.Quote}", $"{dialect.Quote}{dialect.Quote}")}{dialect.Quote}" : cell;
                }
            }, iter: 300, threads: 1);
    }
}
