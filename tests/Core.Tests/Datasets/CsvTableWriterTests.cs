using ModelWorkbench.Core.Datasets;
using Parquet;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>What is written is read back cell by cell; what a spreadsheet would run is made harmless where that is asked for.</summary>
public sealed class CsvTableWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("csv-writer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Table Awkward() => new(
    [
        new NumericColumn("amount, total", [1.5, -2, double.NaN, 1e300, 0.1, 123456789.125]),
        DictionaryColumn.FromTexts("say \"so\"", ColumnKind.Category, ["a,b", "c;d", "line\r\nbreak", null, "inner  blanks", "quote\"d"]),
        DictionaryColumn.FromTexts("note", ColumnKind.Text, ["=1+1", "+49 30", "-5", "@cmd", " 日本 ≠ é ", "tab\there"]),
        new DateTimeColumn("day", [new DateTime(2024, 5, 31).Ticks, DateTimeColumn.MissingTicks, new DateTime(1999, 12, 31, 23, 59, 58).Ticks, new DateTime(2000, 1, 1).Ticks, new DateTime(2000, 1, 2).Ticks, new DateTime(2000, 1, 3).Ticks]),
        DictionaryColumn.FromTexts("sure", ColumnKind.Boolean, ["yes", "no", "yes", null, "no", "yes"]),
    ]);

    [Theory]
    [InlineData(',', '.')]
    [InlineData(';', ',')]
    [InlineData('\t', '.')]
    [InlineData('|', ',')]
    public void A_table_reads_back_with_the_same_cells(char delimiter, char mark)
    {
        var table = Awkward();
        var read = Read(Write(table, new CsvWriteOptions(delimiter, mark)), table, delimiter, mark);
        Assert.Empty(read.Problems);
        Assert.Equal(table.Columns.Select(c => c.Name), read.Table.Columns.Select(c => c.Name));
        foreach (var column in table.Columns)
            Assert.Equal(Texts(column), Texts(read.Table[column.Name]));
    }

    [Fact]
    public void A_column_alone_keeps_its_rows_without_a_value()
    {
        var table = new Table([new NumericColumn("x", [1, double.NaN, 3])]);
        Assert.Equal("x\r\n1\r\n\"\"\r\n3\r\n", Write(table, new CsvWriteOptions()));
        Assert.Equal(3, Read(Write(table, new CsvWriteOptions()), table, ',', '.').Table.RowCount);
    }

    /// <summary>The signs are those of OWASP's page on CSV injection.</summary>
    [Fact]
    public void Formulas_become_text_and_negative_numbers_stay()
    {
        var table = new Table(
        [
            new NumericColumn("=cost", [-1, 2, 3, 4, 5, 6]),
            DictionaryColumn.FromTexts("text", ColumnKind.Text, ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\tx", "a=b"]),
        ]);
        Assert.Equal(
            "'=cost,text\r\n-1,\"'=HYPERLINK(\"\"http://x\"\")\"\r\n2,'+1\r\n3,'-1\r\n4,'@SUM(A1)\r\n5,'\tx\r\n6,a=b\r\n",
            Write(table, new CsvWriteOptions(HarmlessFormulas: true)));
    }

    [Theory]
    [InlineData(',', ',', "both ','")]
    [InlineData('"', '.', "delimiter is '\"'")]
    [InlineData('5', '.', "delimiter is '5'")]
    [InlineData(';', ';', "decimal mark is ';'")]
    public void Options_that_contradict_themselves_are_refused(char delimiter, char mark, string why) =>
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => new CsvTableWriter(TextWriter.Null, new CsvWriteOptions(delimiter, mark))).Message);

    [Fact]
    public async Task A_parquet_file_in_two_pieces_reads_back_with_the_same_cells()
    {
        var table = Awkward();
        var path = Path.Combine(_folder, "table.parquet");
        await ParquetTableWriter.WriteAsync([table.Take([0, 1, 2]), table.Take([3, 4, 5])], path, TestContext.Current.CancellationToken);
        await using var file = File.OpenRead(path);
        await using var reader = await ParquetReader.CreateAsync(file, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(table.Columns.Select(c => c.Name), reader.Schema.DataFields.Select(f => f.Name));
        Assert.Equal(2, reader.RowGroupCount);
        for (var g = 0; g < 2; g++)
        {
            using var group = reader.OpenRowGroupReader(g);
            var (numbers, texts, moments) = (new double?[3], new string?[3], new DateTime?[3]);
            await group.ReadAsync<double>(reader.Schema.DataFields[0], numbers.AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
            await group.ReadAsync(reader.Schema.DataFields[1], texts.AsMemory()!, cancellationToken: TestContext.Current.CancellationToken);
            await group.ReadAsync<DateTime>(reader.Schema.DataFields[3], moments.AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
            for (var i = 0; i < 3; i++)
            {
                var row = g * 3 + i;
                Assert.Equal(((NumericColumn)table.Columns[0]).Values[row], numbers[i] ?? double.NaN);
                Assert.Equal(table.Columns[1].GetText(row), texts[i]);
                Assert.Equal(table.Columns[3].IsMissing(row) ? null : ((DateTimeColumn)table.Columns[3]).Ticks[row], moments[i]?.Ticks);
            }
        }
    }

    private static string Write(Table table, CsvWriteOptions options)
    {
        using var text = new StringWriter();
        var writer = new CsvTableWriter(text, options);
        writer.WriteHeader([.. table.Columns.Select(c => c.Name)]);
        // In two pieces, as large tables come.
        var half = table.RowCount / 2;
        writer.WriteRows(table.Take([.. Enumerable.Range(0, half)]), CancellationToken.None);
        writer.WriteRows(table.Take([.. Enumerable.Range(half, table.RowCount - half)]), CancellationToken.None);
        return text.ToString();
    }

    private CsvReadResult Read(string text, Table like, char delimiter, char mark)
    {
        var path = Path.Combine(_folder, "table.csv");
        File.WriteAllText(path, text, CsvTableWriter.Encoding);
        var options = CsvDetector.Detect(path, CancellationToken.None) with { Delimiter = delimiter.ToString(), DecimalMark = mark, MissingMarks = [], Kinds = like.Columns.ToDictionary(c => c.Name, c => c.Kind) };
        return CsvTableReader.Read(path, options, null, CancellationToken.None);
    }

    private static IEnumerable<string?> Texts(Column column) => Enumerable.Range(0, column.Length).Select(column.GetText);
}
