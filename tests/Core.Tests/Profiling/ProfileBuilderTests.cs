using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using Xunit;

namespace ModelWorkbench.Core.Tests.Profiling;

public class ProfileBuilderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A million values of which each is known: a permutation of 0 to n - 1, and half of the rows one value.</summary>
    [Fact]
    public void A_million_different_values_are_estimated_within_the_stated_errors()
    {
        const int rows = 1_000_000, chunk = 50_000;
        var builder = new ProfileBuilder();
        for (var start = 0; start < rows; start += chunk)
        {
            var all = Enumerable.Range(start, chunk).Select(i => (double)((long)i * 48_271 % 1_000_003 % rows)).ToArray();
            var half = Enumerable.Range(start, chunk).Select(i => i % 2 == 0 ? -5.0 : i).ToArray();
            var texts = Enumerable.Range(start, chunk).Select(i => i % 4 == 0 ? "often" : "text" + i).ToArray();
            builder.Add(new Table([new NumericColumn("all", all), new NumericColumn("half", half), DictionaryColumn.FromTexts("texts", ColumnKind.Text, texts), new NumericColumn("copy", all)]), Token);
        }
        var profile = builder.Build();
        Assert.Equal((rows, 0), (profile.RowCount, profile.DuplicateRowCount));
        Assert.Equal([["all", "copy"]], profile.DuplicateColumns);
        var numbers = profile.Columns[0].Numbers!;
        Assert.True(profile.Columns[0].DistinctEstimated && numbers.QuantilesEstimated);
        Assert.Equal(1e6, profile.Columns[0].DistinctCount, 3 * 0.0081 * 1e6);
        foreach (var (expected, found) in new[] { (0.01, numbers.Percentile1!.Value), (0.25, numbers.FirstQuartile), (0.5, numbers.Median), (0.75, numbers.ThirdQuartile), (0.99, numbers.Percentile99!.Value) })
            Assert.Equal(expected * rows, found, 0.003 * rows);
        Assert.Equal(rows / 2.0, numbers.Mean, 10.0);
        Assert.Equal(rows / Math.Sqrt(12), numbers.StandardDeviation, 10.0);
        Assert.Equal(0, numbers.Skewness!.Value, 1e-3);
        Assert.Equal(rows, profile.Columns[0].Histogram!.Counts.Sum());
        foreach (var (column, value, count) in new[] { (profile.Columns[1], "-5", rows / 2), (profile.Columns[2], "often", rows / 4) })
        {
            Assert.Equal(value, column.TopValues[0].Value);
            Assert.InRange(column.TopValues[0].Count, count - column.TopValuesError, count);
            Assert.True(column.TopValuesError < rows / 1000);
        }
        Assert.Equal(rows / 2, profile.Columns[1].Numbers!.NegativeCount);
    }

    [Fact]
    public void Chunks_give_the_same_profile_as_the_whole_table()
    {
        var path = TestFiles.Sample("telco_churn.csv");
        var table = CsvTableReader.Read(path, CsvDetector.Detect(path, Token), null, Token).Table;
        var builder = new ProfileBuilder();
        for (var start = 0; start < table.RowCount; start += 700)
            builder.Add(table.Take([.. Enumerable.Range(start, Math.Min(700, table.RowCount - start))]), Token);
        var (whole, pieces) = (Profiler.Profile(table, Token), builder.Build());
        Assert.Equal(whole.DuplicateRowCount, pieces.DuplicateRowCount);
        foreach (var (a, b) in whole.Columns.Zip(pieces.Columns))
        {
            Assert.Equal((a.Name, a.MissingCount, a.DistinctCount, a.Lengths), (b.Name, b.MissingCount, b.DistinctCount, b.Lengths));
            Assert.Equal(a.TopValues, b.TopValues);
            Assert.Equal(a.Histogram?.Counts, b.Histogram?.Counts);
            Assert.Equal(a.Numbers?.Median, b.Numbers?.Median);
            if (a.Numbers is not null) Assert.Equal(a.Numbers.StandardDeviation, b.Numbers!.StandardDeviation, 1e-9 * a.Numbers.StandardDeviation);
        }
    }

    [Fact]
    public void Beyond_the_limit_duplicate_rows_are_estimated()
    {
        var duplicates = new RowDuplicates(limit: 1000);
        var random = new Random(1);
        var hashes = new ulong[40_000];
        for (var i = 0; i < 20_000; i++) hashes[i] = hashes[i + 20_000] = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        duplicates.Add(hashes);
        Assert.True(duplicates.Estimated);
        Assert.Equal(20_000, duplicates.Count(), 3_000.0);
    }

    [Fact]
    public void A_profile_written_before_the_new_figures_can_be_read()
    {
        const string old = """{"rowCount":1,"duplicateRowCount":0,"columns":[{"name":"a","kind":"numeric","rowCount":1,"missingCount":0,"distinctCount":1,"numbers":{"minimum":3,"firstQuartile":3,"median":3,"thirdQuartile":3,"maximum":3,"mean":3,"standardDeviation":0},"topValues":[{"value":"3","count":1}],"histogram":{"edges":[2.5,3.5],"counts":[1]}}]}""";
        var profile = System.Text.Json.JsonSerializer.Deserialize<DatasetProfile>(old, Core.Recipes.CoreJson.Options)!;
        Assert.Empty(profile.DuplicateColumns);
        Assert.Null(profile.Columns[0].Numbers!.Skewness);
    }
}
