using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using Xunit;

namespace ModelWorkbench.Core.Tests.Profiling;

public class ProfilerTests
{
    private static DatasetProfile Profile(params Column[] columns) => Profiler.Profile(new Table(columns), TestContext.Current.CancellationToken);

    /// <summary>Figures by pandas and numpy: Expected/make_profiles.py.</summary>
    [Theory]
    [InlineData("penguins")]
    [InlineData("telco_churn")]
    [InlineData("sacramento_homes")]
    public void Samples_have_the_figures_of_pandas(string sample)
    {
        var path = TestFiles.Sample(sample + ".csv");
        var table = CsvTableReader.Read(path, CsvDetector.Detect(path, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken).Table;
        var profile = Profiler.Profile(table, TestContext.Current.CancellationToken);

        using var document = JsonDocument.Parse(File.ReadAllText(TestFiles.Expected("Profiling/Expected/profiles.json")));
        var expected = document.RootElement.GetProperty("samples").GetProperty(sample);
        Assert.Equal(expected.GetProperty("rows").GetInt32(), profile.RowCount);
        Assert.Equal(expected.GetProperty("duplicates").GetInt32(), profile.DuplicateRowCount);
        Assert.Equal(expected.GetProperty("columns").EnumerateObject().Select(column => column.Name), profile.Columns.Select(column => column.Name));
        foreach (var column in profile.Columns)
        {
            var figures = expected.GetProperty("columns").GetProperty(column.Name);
            Assert.Equal(figures.GetProperty("missing").GetInt32(), column.MissingCount);
            Assert.Equal(figures.GetProperty("distinct").GetInt32(), column.DistinctCount);
            Assert.Equal(figures.GetProperty("top").EnumerateArray().Select(pair => new ValueCount(pair[0].GetString()!, pair[1].GetInt32())), column.TopValues);
            Assert.Equal(figures.TryGetProperty("numbers", out var numbers), column.Kind == ColumnKind.Numeric);
            if (column.Numbers is not { } found)
            {
                AssertClose(figures.GetProperty("lengths"), [column.Lengths!.Minimum, column.Lengths.Mean, column.Lengths.Maximum]);
                continue;
            }
            AssertClose(figures.GetProperty("tails"), [found.Percentile1!.Value, found.Percentile5!.Value, found.Percentile95!.Value, found.Percentile99!.Value, found.Skewness!.Value]);
            Assert.Equal((figures.GetProperty("zeros").GetInt32(), figures.GetProperty("negatives").GetInt32()), (found.ZeroCount!.Value, found.NegativeCount!.Value));
            double[] summary = [found.Minimum, found.FirstQuartile, found.Median, found.ThirdQuartile, found.Maximum, found.Mean, found.StandardDeviation];
            AssertClose(numbers, summary);
            AssertClose(figures.GetProperty("edges"), column.Histogram!.Edges);
            Assert.Equal(figures.GetProperty("counts").EnumerateArray().Select(count => count.GetInt32()), column.Histogram.Counts);
        }
    }

    private static void AssertClose(JsonElement expected, IReadOnlyList<double> found)
    {
        Assert.Equal(expected.GetArrayLength(), found.Count);
        for (var i = 0; i < found.Count; i++) Assert.Equal(expected[i].GetDouble(), found[i], 1e-12 * Math.Max(1, Math.Abs(found[i])));
    }

    [Fact]
    public void A_constant_column_has_one_bin_around_its_value()
    {
        var ticks = new DateTime(2026, 1, 31).Ticks;
        var profile = Profile(new NumericColumn("n", [7, 7, double.NaN]), new DateTimeColumn("d", [ticks, ticks, ticks]));
        foreach (var (column, value, count) in new[] { (profile.Columns[0], 7, 2), (profile.Columns[1], (double)ticks, 3) })
        {
            Assert.Equal([count], column.Histogram!.Counts);
            Assert.True(column.Histogram.Edges[0] < value && value < column.Histogram.Edges[1]);
            Assert.Equal(0, column.Numbers!.StandardDeviation);
        }
    }

    [Fact]
    public void A_single_value_has_no_spread_and_a_column_without_values_has_no_numbers()
    {
        var profile = Profile(new NumericColumn("one", [double.NaN, 3]), new NumericColumn("none", [double.NaN, double.NaN]), new DictionaryColumn("c", ColumnKind.Category, [-1, -1], ["unused"]));
        Assert.Equal(new NumericSummary(3, 3, 3, 3, 3, 3, 0) { Percentile1 = 3, Percentile5 = 3, Percentile95 = 3, Percentile99 = 3, ZeroCount = 0, NegativeCount = 0 }, profile.Columns[0].Numbers);
        Assert.Null(profile.Columns[1].Numbers);
        Assert.Null(profile.Columns[1].Histogram);
        Assert.Equal((2, 0, 1.0), (profile.Columns[1].MissingCount, profile.Columns[1].DistinctCount, profile.Columns[1].MissingFraction));
        Assert.Equal((2, 0), (profile.Columns[2].MissingCount, profile.Columns[2].DistinctCount));
        Assert.Empty(profile.Columns[2].TopValues);
    }

    [Fact]
    public void Every_value_falls_into_a_bin_even_at_the_ends_of_the_range_of_doubles()
    {
        double[] values = [double.MinValue, -1, 0, 1e-300, 1, double.MaxValue];
        var column = Profile(new NumericColumn("n", values)).Columns[0];
        var histogram = column.Histogram!;
        Assert.Equal(0, column.Numbers!.Mean, double.MaxValue * 1e-15);
        Assert.True(double.IsFinite(column.Numbers.StandardDeviation));
        Assert.Equal(6, histogram.Counts.Sum());
        Assert.All(histogram.Edges, edge => Assert.True(double.IsFinite(edge)));
        Assert.Equal(histogram.Edges.Order(), histogram.Edges);
    }

    [Fact]
    public void Minus_zero_and_zero_are_one_value_and_ties_are_in_order_of_the_text()
    {
        var column = Profile(new NumericColumn("n", [-0.0, 0, 10, 9, 2, 2])).Columns[0];
        Assert.Equal(4, column.DistinctCount);
        Assert.Equal([new ValueCount("0", 2), new ValueCount("2", 2), new ValueCount("10", 1), new ValueCount("9", 1)], column.TopValues);
    }

    [Fact]
    public void Dates_are_counted_as_they_are_written()
    {
        var day = new DateTime(2026, 1, 31).Ticks;
        var column = Profile(new DateTimeColumn("d", [day, day, day + TimeSpan.TicksPerHour, DateTimeColumn.MissingTicks])).Columns[0];
        Assert.Equal([new ValueCount("2026-01-31", 2), new ValueCount("2026-01-31T01:00:00", 1)], column.TopValues);
        Assert.Equal((2, 1), (column.DistinctCount, column.MissingCount));
        Assert.Equal(day, column.Numbers!.Minimum);
    }

    [Fact]
    public void A_duplicate_equals_an_earlier_row_in_all_columns_and_missing_equals_missing()
    {
        // As pandas: DataFrame({"n": [1, nan, 1, nan, -0.0, 0.0, 1], "c": ["a", None, "b", None, "z", "z", "a"]}).duplicated().sum() == 3
        var profile = Profile(
            new NumericColumn("n", [1, double.NaN, 1, double.NaN, -0.0, 0, 1]),
            DictionaryColumn.FromTexts("c", ColumnKind.Category, ["a", null, "b", null, "z", "z", "a"]));
        Assert.Equal(3, profile.DuplicateRowCount);
    }

    [Theory]
    [InlineData("blood-transfusion/blood-transfusion.csv", 215)]
    [InlineData("credit-g/credit-g.csv", 0)]
    [InlineData("diamonds/diamonds.csv", 146)]
    [InlineData("letter/letter.csv", 1332)]
    [InlineData("wine-quality-white/wine-quality-white.csv", 937)]
    [InlineData("payment-fraud/payment-fraud.csv", 5726)]
    public void Duplicates_are_those_that_the_manifest_of_the_data_sets_lists(string file, int expected)
    {
        var path = TestFiles.Shared("datasets/" + file);
        var table = CsvTableReader.Read(path, CsvDetector.Detect(path, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken).Table;
        Assert.Equal(expected, Profiler.Profile(table, TestContext.Current.CancellationToken).DuplicateRowCount);
    }

    [Fact]
    public void An_empty_table_has_an_empty_profile()
    {
        var profile = Profile(new NumericColumn("n", []));
        Assert.Equal((0, 0), (profile.RowCount, profile.DuplicateRowCount));
        Assert.Equal(0, profile.Columns[0].MissingFraction);
    }
}
