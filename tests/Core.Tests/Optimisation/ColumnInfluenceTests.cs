using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Optimisation;

public sealed class ColumnInfluenceTests
{
    /// <summary>Two standard normal values differ by 2/√π on the mean, and a weighted sum by as much times the weight.</summary>
    [Fact]
    public void Of_a_weighted_sum_it_is_the_weight_times_the_mean_difference_of_two_values()
    {
        var random = new Random(3);
        double[] Normal() => [.. Enumerable.Range(0, 20_000).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))];
        var table = Table(Numbers("little", Normal()), Numbers("nothing", Normal()), Numbers("much", Normal()));
        var encoder = FeatureEncoder.Fit(table, FeatureEncoding.OneHotStandardized, TestContext.Current.CancellationToken);
        var found = ColumnInfluence.Of(new LinearScorer([0.5, 0, -2], [7], LinearLink.Identity), encoder, encoder.Encode(table), 1, TestContext.Current.CancellationToken);
        Assert.Equal(["much", "little", "nothing"], found.Select(c => c.Column));
        Assert.Equal(2 * 2 / Math.Sqrt(Math.PI), found[0].Influence, 0.03);
        Assert.Equal(0.5 * 2 / Math.Sqrt(Math.PI), found[1].Influence, 0.01);
        Assert.Equal(0, found[2].Influence);
    }

    [Fact]
    public void The_features_of_a_category_move_together()
    {
        var table = Table(Categories("side", [.. Enumerable.Range(0, 1_000).Select(i => i % 2 == 0 ? "left" : "right")]), Numbers("x", [.. Enumerable.Range(0, 1_000).Select(i => (double)i)]));
        var encoder = FeatureEncoder.Fit(table, FeatureEncoding.OneHotStandardized, TestContext.Current.CancellationToken);
        var width = encoder.FeatureNames.Count;
        Assert.True(width >= 3, string.Join(", ", encoder.FeatureNames));
        // One and minus one on the two sides: a row with both or neither would give 0.
        var weights = encoder.FeatureNames.Select(n => n.Contains("left", StringComparison.Ordinal) ? 1.0 : n.Contains("right", StringComparison.Ordinal) ? -1 : 0).ToArray();
        var found = ColumnInfluence.Of(new LinearScorer(weights, [0], LinearLink.Identity), encoder, encoder.Encode(table), 5, TestContext.Current.CancellationToken);
        Assert.Equal("side", found[0].Column);
        // Half of the rows change sides, by 2 each.
        Assert.Equal(1, found[0].Influence, 0.1);
    }
}
