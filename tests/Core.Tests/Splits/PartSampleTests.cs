using ModelWorkbench.Core.Splits;
using Xunit;

namespace ModelWorkbench.Core.Tests.Splits;

public sealed class PartSampleTests
{
    [Fact]
    public void Few_rows_are_all_taken()
    {
        Assert.Equal([[0, 1, 2], [0]], PartSample.Take([3, 1], 4, 1));
    }

    [Fact]
    public void Each_class_has_its_share_of_a_sample_and_a_rare_one_is_kept()
    {
        // 700, 299 and 1 rows in turn.
        float[] labels = [.. Enumerable.Range(0, 1_000).Select(i => i == 500 ? 2f : i % 10 < 7 ? 0f : 1f)];
        var sample = PartSample.OfClasses(labels, 101, 3);
        Assert.Equal([70, 30, 1], Enumerable.Range(0, 3).Select(c => sample.Count(row => labels[row] == c)));
        Assert.Equal(sample.Distinct().Order(), sample);
        Assert.Equal(sample, PartSample.OfClasses(labels, 101, 3));
        Assert.NotEqual(sample, PartSample.OfClasses(labels, 101, 4));
        Assert.Equal(Enumerable.Range(0, 1_000), PartSample.OfClasses(labels, 1_000, 3));
    }

    [Fact]
    public void Many_rows_are_taken_in_the_shares_of_their_parts_and_every_part_keeps_one()
    {
        // So many that rows times the maximum are beyond the range of an int.
        var sample = PartSample.Take([400_000, 200_000, 1], 12_000, 1);
        Assert.Equal([7_999, 3_999, 1], sample.Select(rows => rows.Length));
        Assert.All(sample, rows => Assert.Equal(rows.Distinct().Order(), rows));
        Assert.InRange(sample[0].Average(), 190_000, 210_000);
    }
}
