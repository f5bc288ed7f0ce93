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

    internal static void AssertSame(Table expected, Table found)
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

    private static Table ManyRows(int rows) => new(
        [
            new NumericColumn("n", [.. Enumerable.Range(0, rows).Select(i => i % 7 == 0 ? double.NaN : i)]),
            DictionaryColumn.FromTexts("t", ColumnKind.Text, [.. Enumerable.Range(0, rows).Select(i => $"text {i}")]),
            new DictionaryColumn("c", ColumnKind.Category, [.. Enumerable.Range(0, rows).Select(i => i % 3 - 1)], ["late", "early"]),
            new DateTimeColumn("d", [.. Enumerable.Range(0, rows).Select(i => i * 1_000_003L)]),
        ],
        [.. Enumerable.Range(0, rows).Select(i => i + 2)]);

    [Fact]
    public void A_window_holds_the_rows_asked_for_wherever_it_lies()
    {
        const int rows = 150_000;
        var table = ManyRows(rows);
        using var file = new TemporaryFile();
        TableFile.Write(table, file.Path, TestContext.Current.CancellationToken);
        foreach (var (start, count) in new[] { (0, 100), (65_500, 100), (65_536, 1), (40_000, 100_000), (rows - 10, 100), (rows, 5), (rows + 7, 5), (500, 0) })
        {
            var rowsExpected = Enumerable.Range(start, Math.Max(0, Math.Min(count, rows - start))).ToArray();
            AssertSame(table.Take(rowsExpected), TableFile.ReadRows(file.Path, start, count, null, TestContext.Current.CancellationToken));
        }
        var some = TableFile.ReadRows(file.Path, 70_001, 3, ["d", "n"], TestContext.Current.CancellationToken);
        Assert.Equal(["d", "n"], some.Columns.Select(column => column.Name));
        Assert.Equal([70_001, 70_002, 70_003], ((NumericColumn)some["n"]).Values.ToArray());
        Assert.Throws<KeyNotFoundException>(() => TableFile.ReadRows(file.Path, 0, 1, ["nowhere"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_header_tells_columns_and_rows()
    {
        using var file = new TemporaryFile();
        TableFile.Write(ManyRows(10), file.Path, TestContext.Current.CancellationToken);
        var header = TableFile.ReadHeader(file.Path);
        Assert.Equal(10, header.RowCount);
        Assert.Equal([new("n", ColumnKind.Numeric), new("t", ColumnKind.Text), new("c", ColumnKind.Category), new("d", ColumnKind.DateTime)], header.Columns);
    }

    [Fact]
    public void A_sample_holds_different_rows_in_file_order_drawn_evenly_and_the_same_for_the_same_seed()
    {
        const int rows = 150_000;
        using var file = new TemporaryFile();
        TableFile.Write(ManyRows(rows), file.Path, TestContext.Current.CancellationToken);
        var sample = TableFile.ReadSample(file.Path, 15_000, 3, TestContext.Current.CancellationToken);
        Assert.Equal(15_000, sample.RowCount);
        var lines = sample.LineNumbers.ToArray();
        Assert.Equal(lines.Distinct().Order(), lines);
        for (var row = 0; row < sample.RowCount; row += 997) Assert.Equal($"text {lines[row] - 2}", sample["t"].GetText(row));
        // A tenth of each tenth; 1,500 with a standard deviation of about 37.
        foreach (var tenth in lines.GroupBy(line => (line - 2) / 15_000)) Assert.InRange(tenth.Count(), 1350, 1650);
        AssertSame(sample, TableFile.ReadSample(file.Path, 15_000, 3, TestContext.Current.CancellationToken));
        Assert.NotEqual(lines, TableFile.ReadSample(file.Path, 15_000, 4, TestContext.Current.CancellationToken).LineNumbers.ToArray());
        Assert.Equal(rows, TableFile.ReadSample(file.Path, 1_000_000, 3, TestContext.Current.CancellationToken).RowCount);
    }

    [Fact]
    public void Single_rows_are_read_wherever_they_lie_and_of_the_columns_asked_for()
    {
        var table = ManyRows(150_000);
        using var file = new TemporaryFile();
        TableFile.Write(table, file.Path, TestContext.Current.CancellationToken);
        int[] rows = [0, 7, 70_000, 149_999];
        AssertSame(table.Take(rows), TableFile.ReadPicks(file.Path, rows, null, TestContext.Current.CancellationToken));
        var one = TableFile.ReadPicks(file.Path, rows, ["t"], TestContext.Current.CancellationToken);
        Assert.Equal(("t", 4, "text 149999"), (Assert.Single(one.Columns).Name, one.RowCount, one["t"].GetText(3)));
        Assert.Equal(0, TableFile.ReadPicks(file.Path, [], ["t"], TestContext.Current.CancellationToken).RowCount);
        Assert.Contains("150000", Assert.Throws<ArgumentException>(() => TableFile.ReadPicks(file.Path, [150_000], null, TestContext.Current.CancellationToken)).Message);
        Assert.Throws<ArgumentException>(() => TableFile.ReadPicks(file.Path, [7, 7], null, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => TableFile.ReadPicks(file.Path, [-1], null, TestContext.Current.CancellationToken));
        Assert.Throws<KeyNotFoundException>(() => TableFile.ReadPicks(file.Path, rows, ["gone"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Chunks_make_up_the_table_and_their_category_codes_agree()
    {
        var table = ManyRows(150_000);
        using var file = new TemporaryFile();
        TableFile.Write(table, file.Path, TestContext.Current.CancellationToken);
        var at = 0;
        foreach (var chunk in TableFile.ReadChunks(file.Path, TestContext.Current.CancellationToken))
        {
            AssertSame(table.Take([.. Enumerable.Range(at, chunk.RowCount)]), chunk);
            at += chunk.RowCount;
        }
        Assert.Equal(150_000, at);
    }

    [Fact]
    public void Chunks_whose_dictionaries_differ_are_joined()
    {
        using var file = new TemporaryFile();
        using (var writer = TableFile.OpenWriter(file.Path))
        {
            writer.Append(new Table([DictionaryColumn.FromTexts("c", ColumnKind.Category, ["red", "blue"])]), TestContext.Current.CancellationToken);
            writer.Append(new Table([DictionaryColumn.FromTexts("c", ColumnKind.Category, ["blue", null, "green"])]), TestContext.Current.CancellationToken);
            Assert.Throws<ArgumentException>(() => writer.Append(new Table([DictionaryColumn.FromTexts("d", ColumnKind.Category, ["red"])]), TestContext.Current.CancellationToken));
            writer.Complete();
        }
        var column = (DictionaryColumn)TableFile.Read(file.Path, TestContext.Current.CancellationToken)["c"];
        Assert.Equal(["red", "blue", "green"], column.Values);
        Assert.Equal([0, 1, 1, -1, 2], column.Codes.ToArray());
    }

    [Fact]
    public void A_category_of_many_values_comes_back_without_a_dictionary_in_the_metadata()
    {
        var table = new Table([DictionaryColumn.FromTexts("c", ColumnKind.Category, [.. Enumerable.Range(0, 150_000).Select(i => $"value {i % 10_000}")])]);
        AssertSame(table, RoundTrip(table));
        var jumbled = new Table([new DictionaryColumn("c", ColumnKind.Category, [.. Enumerable.Range(0, 10_000).Select(i => 9_999 - i)], [.. Enumerable.Range(0, 10_000).Select(i => $"value {i}")])]);
        AssertSame(jumbled, RoundTrip(jumbled));
    }

    [Fact]
    public void A_file_that_is_not_completed_is_removed()
    {
        using var file = new TemporaryFile();
        using (var writer = TableFile.OpenWriter(file.Path)) writer.Append(ManyRows(10), TestContext.Current.CancellationToken);
        Assert.False(File.Exists(file.Path));
    }

    [Fact]
    public void A_sample_can_be_drawn_while_the_chunks_pass()
    {
        var table = ManyRows(60_000);
        Table Draw(int count, int seed)
        {
            var sampler = new TableSampler(count, seed);
            for (var start = 0; start < table.RowCount; start += 7_000) sampler.Add(table.Take([.. Enumerable.Range(start, Math.Min(7_000, table.RowCount - start))]));
            return sampler.Build();
        }
        var sample = Draw(6_000, 1);
        Assert.Equal(6_000, sample.RowCount);
        var lines = sample.LineNumbers.ToArray();
        Assert.Equal(lines.Distinct().Order(), lines);
        AssertSame(table.Take([.. lines.Select(line => line - 2)]), sample);
        // A tenth of each tenth; 600 with a standard deviation of about 23.
        foreach (var tenth in lines.GroupBy(line => (line - 2) / 6_000)) Assert.InRange(tenth.Count(), 500, 700);
        Assert.Equal(lines, Draw(6_000, 1).LineNumbers.ToArray());
        Assert.NotEqual(lines, Draw(6_000, 2).LineNumbers.ToArray());
        AssertSame(table, Draw(60_000, 1));
        Assert.Equal(0, Draw(0, 1).RowCount);
        Assert.Equal(4, Draw(0, 1).ColumnCount);
    }
}
