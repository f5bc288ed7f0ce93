using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Optimisation;

public sealed class FeatureTrimmingTests
{
    /// <summary>Numbers and categories, missing here and there, and words.</summary>
    private static Table Rows(int seed)
    {
        var random = new Random(seed);
        return Table(
            Numbers("a", [.. Enumerable.Range(0, 300).Select(_ => random.Next(8) == 0 ? double.NaN : random.NextDouble())]),
            Categories("b", [.. Enumerable.Range(0, 300).Select(_ => random.Next(8) == 0 ? null : "pqrstuvw"[random.Next(8)].ToString())]),
            Numbers("c", [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble())]),
            Categories("d", [.. Enumerable.Range(0, 300).Select(_ => "xyz"[random.Next(3)].ToString())]));
    }

    [Theory]
    [InlineData(FeatureEncoding.OneHotStandardized)]
    [InlineData(FeatureEncoding.Codes)]
    public void What_no_answer_hangs_on_is_left_out_and_every_answer_stays_to_the_bit(FeatureEncoding encoding)
    {
        var encoder = FeatureEncoder.Fit(Rows(1), encoding, TestContext.Current.CancellationToken);
        var (rows, random) = (Rows(2), new Random(3));
        var fewer = 0;
        for (var i = 0; i < 60; i++)
        {
            var count = encoder.FeatureNames.Count;
            double[] weights = [.. Enumerable.Range(0, 3 * count).Select(j => (j % count * 7919) % (i + 2) < 2 ? random.NextDouble() - 0.5 : 0)];
            var linear = new LinearScorer(weights, [0.1, 0.2, 0.3], LinearLink.Softmax);
            var builder = new TreeEnsembleBuilder(count, 1, TreeLink.Identity, [0]);
            for (var tree = 0; tree < 5; tree++)
            {
                var nodes = new[] { TreeNode.Split(random.Next(count), random.NextSingle(), random.Next(2) == 0, 1, 2), TreeNode.EndsWith(new LeafEntry(0, random.NextDouble())), TreeNode.EndsWith(new LeafEntry(0, random.NextDouble())) };
                builder.AddTree(0, n => nodes[n]);
            }
            // Linear models see no missing values.
            Scorer[] sums = [linear, new SharpenedScorer(linear, 0.7), QuantisedLinearScorer.Quantise(linear, 8)];
            foreach (var scorer in (Scorer[])[.. encoding == FeatureEncoding.OneHotStandardized ? sums : [], builder.Build()])
            {
                var (smaller, trimmed) = FeatureTrimming.Trim(encoder, scorer);
                Assert.Equal(smaller.FeatureNames.Count, trimmed.FeatureCount);
                if (trimmed.FeatureCount < scorer.FeatureCount) fewer++;
                var (all, some) = (encoder.Encode(rows), smaller.Encode(rows));
                double[] before = new double[300 * scorer.OutputCount], after = new double[before.Length];
                scorer.ScoreRows(all.Values, all.FeatureCount, 300, before);
                trimmed.ScoreRows(some.Values, some.FeatureCount, 300, after);
                Assert.Equal(before, after);
            }
        }
        Assert.True(fewer > 20, $"{fewer} were made smaller.");
    }
}
