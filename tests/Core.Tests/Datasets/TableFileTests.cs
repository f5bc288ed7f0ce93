using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

public class TableFileTests
{
    private static Table RoundTrip(Table table)
    {
        using var file = new TemporaryFile();
        TableFile.Write(table, file.Path, TestContext.Current.CancellationToken);
        return TableFile.Read(file.Path, TestContext.Current.CancellationToken);
    }

    private static void AssertSame(Table expected, Table found)
    {
        Assert.Equal(expected.Columns.Select(column => (column.Name, column.Kind)), found.Columns.Select(column => (column.Name, column.Kind)));
        Assert.Equal(expected.RowCount, found.RowCount);
        Assert.Equal(expected.LineNumbers.ToArray(), found.LineNumbers.ToArray());
        foreach (var (one, other) in expected.Columns.Zip(found.Columns))
        {
            switch (one, other)
            {
                case (NumericColumn a, NumericColumn b):
                    Assert.Equal(a.Values.ToArray().Select(BitConverter.DoubleToInt64Bits), b.Values.ToArray().Select(BitConverter.DoubleToInt64Bits));
                    break;
                case (DateTimeColumn a, DateTimeColumn b):
                    Assert.Equal(a.Ticks.ToArray(), b.Ticks.ToArray());
                    break;
                case (DictionaryColumn a, DictionaryColumn b):
                    for (var row = 0; row < a.Length; row++) Assert.Equal(a.GetText(row), b.GetText(row));
                    if (a.Kind == ColumnKind.Text) break;
                    Assert.Equal(a.Values, b.Values);
                    Assert.Equal(a.Codes.ToArray(), b.Codes.ToArray());
                    break;
                default:
                    Assert.Fail($"{one.GetType().Name} became {other.GetType().Name}.");
                    break;
            }
        }
    }

    [Fact]
    public void Every_kind_of_value_comes_back_exactly()
    {
        var table = new Table(
            [
                new NumericColumn("n", [0.1, double.NaN, -0.0, double.MaxValue, double.Epsilon]),
                new DateTimeColumn("when", [0, DateTimeColumn.MissingTicks, 638_000_000_000_000_001, 1, DateTime.MaxValue.Ticks]),
                new DictionaryColumn("c", ColumnKind.Category, [2, -1, 0, 2, 2], ["red", "unused", "blue"]),
                DictionaryColumn.FromTexts("b", ColumnKind.Boolean, ["yes", "no", null, "yes", "no"]),
                DictionaryColumn.FromTexts("t", ColumnKind.Text, ["", "a\r\n\"b\"", null, "日本 €", " x "]),
                DictionaryColumn.FromTexts("empty", ColumnKind.Category, [null, null, null, null, null]),
            ],
            [2, 5, 3, 9, 9]);
        AssertSame(table, RoundTrip(table));
    }

    [Fact]
    public void Column_names_may_be_anything()
    {
        string[] names = ["a.b", "a/b", "a", "A", "__line", "ünï", "x y", "1", "\"q\"", "list.element"];
        var table = new Table([.. names.Select((name, i) => new NumericColumn(name, [i, -i]))]);
        AssertSame(table, RoundTrip(table));
    }

    [Fact]
    public void Tables_without_rows_or_columns_come_back()
    {
        AssertSame(new Table([new NumericColumn("a", []), new DictionaryColumn("c", ColumnKind.Category, [], ["kept"])]), RoundTrip(new Table([new NumericColumn("a", []), new DictionaryColumn("c", ColumnKind.Category, [], ["kept"])])));
        AssertSame(new Table([], [4, 7]), RoundTrip(new Table([], [4, 7])));
    }

    [Fact]
    public void Rows_beyond_one_row_group_come_back()
    {
        const int rows = 250_001;
        var table = new Table(
        [
            new NumericColumn("n", [.. Enumerable.Range(0, rows).Select(i => i % 7 == 0 ? double.NaN : i / 3.0)]),
            new DateTimeColumn("d", [.. Enumerable.Range(0, rows).Select(i => i % 5 == 0 ? DateTimeColumn.MissingTicks : i * 1_000_003L)]),
            DictionaryColumn.FromTexts("t", ColumnKind.Text, [.. Enumerable.Range(0, rows).Select(i => i % 11 == 0 ? null : $"text {i}")]),
            new DictionaryColumn("c", ColumnKind.Category, [.. Enumerable.Range(0, rows).Select(i => i < 200_000 ? 1 : 0)], ["late", "early"]),
        ]);
        AssertSame(table, RoundTrip(table));
    }

    [Fact]
    public void Samples_come_back()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(TestFiles.RepositoryRoot, "samples"), "*.csv"))
        {
            var table = CsvTableReader.Read(path, CsvDetector.Detect(path, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken).Table;
            AssertSame(table, RoundTrip(table));
        }
    }

    [Fact]
    public void A_file_of_another_program_is_refused()
    {
        using var file = new TemporaryFile("PAR1 not really PAR1");
        Assert.Throws<InvalidDataException>(() => TableFile.Read(file.Path, TestContext.Current.CancellationToken));
    }
}
