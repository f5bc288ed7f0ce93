using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>Many rows together get the answers that each gets alone.</summary>
public sealed class TreeWalkTests
{
    private const int Features = 7;
    private const int Stride = Features + 2;

    /// <summary>Trees of random splits, values and depth; missing values go both ways.</summary>
    private static TreeEnsembleScorer Grown(TreeLink link, int outputs, int thresholds, int deepest, int seed)
    {
        var random = new Random(seed);
        var sums = TreeEnsembleScorer.SumsOf(link, outputs)!.Value;
        var builder = new TreeEnsembleBuilder(Features, outputs, link, [.. Enumerable.Range(0, sums).Select(_ => link == TreeLink.Average ? 0 : random.NextDouble() - 0.5)]);
        for (var tree = 0; tree < 23; tree++)
        {
            var nodes = new List<TreeNode>();
            Grow(tree == 3 ? 0 : deepest);
            builder.AddTree(nodes.Count - 1, n => nodes[n]);

            int Grow(int depth)
            {
                if (depth == 0 || random.Next(6) == 0) nodes.Add(TreeNode.EndsWith([.. Enumerable.Range(0, sums).Where(s => s == 0 || random.Next(2) == 0).Select(s => new LeafEntry(s, random.NextDouble()))]));
                else
                {
                    var (left, right) = (Grow(depth - 1), Grow(depth - 1));
                    nodes.Add(TreeNode.Split(random.Next(Features), random.Next(thresholds) / (float)thresholds, random.Next(2) == 0, left, right));
                }
                return nodes.Count - 1;
            }
        }
        return builder.Build();
    }

    private static float[] Rows(int count, int thresholds)
    {
        var random = new Random(11);
        var rows = new float[count * Stride];
        // On a threshold, beside one, beyond all, missing.
        for (var i = 0; i < rows.Length; i++)
            rows[i] = random.Next(12) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => float.NegativeInfinity, < 8 => random.Next(thresholds) / (float)thresholds, _ => random.NextSingle() };
        return rows;
    }

    private static void AssertAlike(Scorer scorer, int rowCount, int thresholds)
    {
        var rows = Rows(rowCount, thresholds);
        var together = new double[rowCount * scorer.OutputCount];
        scorer.ScoreRows(rows, Stride, rowCount, together);
        var alone = new double[scorer.OutputCount];
        for (var row = 0; row < rowCount; row++)
        {
            scorer.Score(rows.AsSpan(row * Stride, Features), alone);
            Assert.Equal(alone.Select(BitConverter.DoubleToInt64Bits), together.Skip(row * scorer.OutputCount).Take(scorer.OutputCount).Select(BitConverter.DoubleToInt64Bits));
        }
    }

    [Theory]
    [InlineData(TreeLink.Average, 3, 20)]
    [InlineData(TreeLink.Average, 1, 200)]
    [InlineData(TreeLink.Identity, 1, 5)]
    [InlineData(TreeLink.Exponential, 1, 20)]
    [InlineData(TreeLink.Logistic, 2, 20)]
    [InlineData(TreeLink.Softmax, 4, 20)]
    [InlineData(TreeLink.OneVersusAll, 3, 20)]
    // Too many thresholds for bytes.
    [InlineData(TreeLink.Logistic, 2, 100_000)]
    public void Trees_of_every_link(TreeLink link, int outputs, int thresholds)
    {
        foreach (var rows in (int[])[0, 1, 15, 16, 33, 4_096, 5_001])
            AssertAlike(Grown(link, outputs, thresholds, deepest: 10, seed: 1), rows, thresholds);
        // Shallower than what is walked 32 rows at once, and nothing but leaves.
        AssertAlike(Grown(link, outputs, thresholds, deepest: 2, seed: 2), 100, thresholds);
        AssertAlike(Grown(link, outputs, thresholds, deepest: 0, seed: 3), 100, thresholds);
    }

    [Fact]
    public void Scorers_that_wrap_others()
    {
        var classes = Grown(TreeLink.Average, 2, 20, 8, 4);
        AssertAlike(new SharpenedScorer(classes, 0.7), 500, 20);
        AssertAlike(new EnsembleScorer(Features, [new EnsembleScorerMember(0, 0.25, classes), new EnsembleScorerMember(0, 0.75, Grown(TreeLink.Logistic, 2, 20, 8, 5))], 1.3), 500, 20);
        AssertAlike(new ExponentialScorer(Grown(TreeLink.Identity, 1, 20, 8, 6), 1.1, 20), 500, 20);
        AssertAlike(new ConstantScorer(Features, [0.2, 0.8]), 500, 20);
    }
}
