using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>Many rows together get the answers that each gets alone.</summary>
public sealed class TreeWalkTests
{
    private const int Features = 7;
    private const int Stride = Features + 2;

    private static TreeEnsembleScorer Grown(TreeLink link, int outputs, int thresholds, int deepest, int seed) => Grown(link, outputs, thresholds, deepest, seed, 23, int.MaxValue, false);

    /// <summary>Trees of random splits, values and depth; missing values go both ways.</summary>
    /// <param name="mostLeaves">Of a tree; one tree has so many, another is one leaf.</param>
    /// <param name="oneOutput">Whether all leaves of a tree add to one output, as boosted trees of several classes do.</param>
    private static TreeEnsembleScorer Grown(TreeLink link, int outputs, int thresholds, int deepest, int seed, int trees, int mostLeaves, bool oneOutput)
    {
        var random = new Random(seed);
        var sums = TreeScorer.SumsOf(link, outputs)!.Value;
        var builder = new TreeEnsembleBuilder(Features, outputs, link, [.. Enumerable.Range(0, sums).Select(_ => link == TreeLink.Average ? 0 : random.NextDouble() - 0.5)]);
        for (var tree = 0; tree < trees; tree++)
        {
            var nodes = new List<TreeNode>();
            Grow(tree == 3 ? 0 : deepest, mostLeaves);
            builder.AddTree(nodes.Count - 1, n => nodes[n]);

            void Grow(int depth, int leaves)
            {
                if (depth == 0 || leaves == 1 || (tree > 0 && random.Next(6) == 0))
                    nodes.Add(TreeNode.EndsWith([.. Enumerable.Range(0, sums).Where(s => oneOutput ? s == tree % sums : s == 0 || random.Next(2) == 0).Select(s => new LeafEntry(s, random.NextDouble() - 0.5))]));
                else
                {
                    // As often a chain as a bush.
                    var some = leaves == int.MaxValue ? leaves : random.Next(2) == 0 ? 1 : leaves / 2;
                    Grow(depth - 1, some);
                    var left = nodes.Count - 1;
                    Grow(depth - 1, leaves == int.MaxValue ? leaves : leaves - some);
                    var threshold = random.Next(25) == 0 ? float.PositiveInfinity : random.Next(thresholds) / (float)thresholds;
                    nodes.Add(TreeNode.Split(random.Next(Features), threshold, random.Next(2) == 0, left, nodes.Count - 1));
                }
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

    /// <summary>What a scorer answers before it has been asked often, and so walks from the roots.</summary>
    private static double[] Cold(Func<TreeScorer> make, float[] rows, int rowCount)
    {
        const int few = 3;
        var outputs = new List<double>();
        for (var first = 0; first < rowCount; first += few)
        {
            var scorer = make();
            var answer = new double[scorer.OutputCount];
            for (var row = first; row < Math.Min(first + few, rowCount); row++)
            {
                scorer.Score(rows.AsSpan(row * Stride, Features), answer);
                outputs.AddRange(answer);
            }
        }
        return [.. outputs];
    }

    /// <summary>Every way of asking, to the bit.</summary>
    private static void AssertLikeCold(Func<TreeScorer> make, int rowCount, int thresholds)
    {
        var rows = Rows(rowCount, thresholds);
        var expected = Cold(make, rows, rowCount).Select(BitConverter.DoubleToInt64Bits).ToArray();
        var scorer = make();
        var width = scorer.OutputCount;
        double[] together = new double[rowCount * width], alone = new double[together.Length];
        for (var round = 0; round < 2; round++)
        {
            scorer.ScoreRows(rows, Stride, rowCount, together);
            for (var row = 0; row < rowCount; row++) scorer.Score(rows.AsSpan(row * Stride, Features), alone.AsSpan(row * width, width));
            Assert.Equal(expected, together.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(expected, alone.Select(BitConverter.DoubleToInt64Bits));
        }
    }

    [Theory]
    [InlineData(TreeLink.Average, 3, 20, false)]
    [InlineData(TreeLink.Average, 1, 200, false)]
    [InlineData(TreeLink.Identity, 1, 5, false)]
    [InlineData(TreeLink.Exponential, 1, 20, false)]
    [InlineData(TreeLink.Logistic, 2, 250, false)]
    [InlineData(TreeLink.Softmax, 4, 20, true)]
    [InlineData(TreeLink.OneVersusAll, 3, 20, true)]
    [InlineData(TreeLink.OneVersusAll, 3, 20, false)]
    public void Small_trees_answer_alike_before_and_after_they_are_laid_out(TreeLink link, int outputs, int thresholds, bool oneOutput)
    {
        // One block and several, full and not, of masks of 32 and of 64 leaves, and trees that are too large for either.
        foreach (var (trees, leaves) in ((int, int)[])[(1, 2), (5, 16), (32, 31), (33, 32), (70, 32), (16, 33), (37, 64), (9, 65)])
        {
            var seed = trees + leaves;
            Assert.Equal(leaves <= 64, new LeafMasks(Made()).IsPossible);
            AssertLikeCold(Made, 700, thresholds);
            AssertLikeCold(() => PackedTreeScorer.Pack(Made(), 8), 300, thresholds);
            AssertLikeCold(() => PackedTreeScorer.Pack(Made(), 16), 300, thresholds);

            TreeEnsembleScorer Made() => Grown(link, outputs, thresholds, 80, seed, trees, leaves, oneOutput);
        }
    }

    [Fact]
    public void Masks_find_the_leaf_that_questions_lead_to()
    {
        var trees = Grown(TreeLink.Identity, 1, 40, 80, 9, 40, 32, false);
        var masks = new LeafMasks(trees);
        var rows = Rows(500, 40);
        for (var row = 0; row < 500; row++)
        {
            var features = rows.AsSpan(row * Stride, Features);
            double expected = 0, found = 0;
            foreach (var root in trees.Roots)
            {
                var node = root;
                (int First, int Count) entries;
                while (!trees.IsLeaf(node, out entries, out var asked))
                {
                    var value = features[asked.Feature];
                    node = asked.Left + (float.IsNaN(value) ? asked.MissingGoesLeft ? 0 : 1 : value <= asked.Threshold ? 0 : 1);
                }
                expected += trees.LeafEntry(entries.First).Value;
            }
            masks.AddSums(features, Features, 1, new Span<double>(ref found));
            Assert.Equal(expected, found);
        }
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
