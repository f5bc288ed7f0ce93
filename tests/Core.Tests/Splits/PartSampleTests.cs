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
    public void Many_rows_are_taken_in_the_shares_of_their_parts_and_every_part_keeps_one()
    {
        // So many that rows times the maximum are beyond the range of an int.
        var sample = PartSample.Take([400_000, 200_000, 1], 12_000, 1);
        Assert.Equal([7_999, 3_999, 1], sample.Select(rows => rows.Length));
        Assert.All(sample, rows => Assert.Equal(rows.Distinct().Order(), rows));
        Assert.InRange(sample[0].Average(), 190_000, 210_000);
    }
}
