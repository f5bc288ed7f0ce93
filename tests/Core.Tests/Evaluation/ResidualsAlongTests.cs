using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Evaluation;

public sealed class ResidualsAlongTests
{
    [Fact]
    public void Numbers_are_cut_into_tenths_of_the_rows_and_equal_values_stay_together()
    {
        double[] values = [.. Enumerable.Range(0, 100).Select(i => i < 30 ? 0.0 : i), double.NaN];
        double[] residuals = [.. values.Select(v => double.IsNaN(v) ? 1_000 : v * 2)];
        var along = ResidualsAlong.Of(Numbers("x", values), residuals, 5);
        Assert.True(along.IsOrdered);
        Assert.Equal(100, along.Parts.Sum(p => p.RowCount));
        Assert.Equal(("0", 30, 0), (along.Parts[0].Name, along.Parts[0].RowCount, along.Parts[0].MeanResidual));
        Assert.Equal("90 to 99", along.Parts[^1].Name);
        Assert.Equal(189, along.Parts[^1].MeanResidual);
        Assert.Null(along.Places[^1]);
    }

    [Fact]
    public void Names_stand_by_frequency_with_missing_last_and_rare_ones_left_out()
    {
        var along = ResidualsAlong.Of(Categories("x", "a", "b", "b", null, "c", "b", "a"), [1, 2, 3, 4, 5, 4, 3], 2);
        Assert.False(along.IsOrdered);
        Assert.Equal([new ResidualPart("b", 3, 3), new("a", 2, 2), new(ResidualsAlong.Missing, 1, 4)], along.Parts);
        Assert.Null(along.Places[4]);
        Assert.Equal(2, along.Places[3]);
    }

    [Fact]
    public void Moments_are_ordered_and_no_row_makes_no_part()
    {
        var days = new DateTimeColumn("day", [.. Enumerable.Range(1, 20).Select(d => new DateTime(2024, 1, d, 0, 0, 0, DateTimeKind.Utc).Ticks)]);
        var along = ResidualsAlong.Of(days, [.. Enumerable.Range(0, 20).Select(i => (double)i)], 5);
        Assert.Equal(10, along.Parts.Count);
        Assert.Equal("2024-01-01 to 2024-01-02", along.Parts[0].Name);
        Assert.Empty(ResidualsAlong.Of(Numbers("x", double.NaN), [1], 5).Parts);
        Assert.Throws<ArgumentException>(() => ResidualsAlong.Of(Numbers("x", 1, 2), [1], 5));
    }
}
