using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>Scorers that say almost the same in fewer bytes.</summary>
public sealed class CompactScorerTests
{
    internal const int Features = 6;

    public static TheoryData<TreeLink, int> Links => new()
    {
        { TreeLink.Average, 1 }, { TreeLink.Average, 4 }, { TreeLink.Identity, 1 }, { TreeLink.Exponential, 1 }, { TreeLink.Logistic, 2 }, { TreeLink.Softmax, 3 }, { TreeLink.OneVersusAll, 3 },
    };

    /// <summary>Trees of random splits, values and depth; leaf values up to <paramref name="size"/>; missing values go both ways.</summary>
    internal static TreeEnsembleScorer Grown(TreeLink link, int outputs, int thresholds, double size, int seed)
    {
        var random = new Random(seed);
        var sums = TreeScorer.SumsOf(link, outputs)!.Value;
        var builder = new TreeEnsembleBuilder(Features, outputs, link, [.. Enumerable.Range(0, sums).Select(_ => link == TreeLink.Average ? 0 : random.NextDouble() - 0.5)]);
        for (var tree = 0; tree < 19; tree++)
        {
            var nodes = new List<TreeNode>();
            Grow(tree == 3 ? 0 : 7);
            builder.AddTree(nodes.Count - 1, n => nodes[n]);

            int Grow(int depth)
            {
                if (depth == 0 || random.Next(6) == 0) nodes.Add(TreeNode.EndsWith([.. Enumerable.Range(0, sums).Where(s => s == 0 || random.Next(2) == 0).Select(s => new LeafEntry(s, size * ((2 * random.NextDouble()) - 1)))]));
                else
                {
                    var (left, right) = (Grow(depth - 1), Grow(depth - 1));
                    nodes.Add(TreeNode.Split(random.Next(Features), random.Next(20) == 0 ? float.PositiveInfinity : random.Next(thresholds) / (float)thresholds, random.Next(2) == 0, left, right));
                }
                return nodes.Count - 1;
            }
        }
        return builder.Build();
    }

    internal static float[][] Rows(int count, int thresholds)
    {
        var random = new Random(11);
        // On a threshold, beside one, beyond all, missing.
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Features).Select(_ =>
            random.Next(12) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => float.NegativeInfinity, < 8 => random.Next(thresholds) / (float)thresholds, _ => random.NextSingle() }).ToArray())];
    }

    private static double[] Score(Scorer scorer, float[] features)
    {
        var outputs = new double[scorer.OutputCount];
        scorer.Score(features, outputs);
        return outputs;
    }

    private static byte[] Write(Scorer scorer)
    {
        using var stream = new MemoryStream();
        ScorerFile.Write(scorer, stream);
        return stream.ToArray();
    }

    [Theory]
    [MemberData(nameof(Links))]
    public void Packed_trees_send_rows_the_same_way_while_thresholds_fit_their_codes(TreeLink link, int outputs)
    {
        // Leaves of 1, 0 and -1 are a step or none, so a row that went another way would be off by far more than a step's rounding.
        foreach (var (bits, thresholds) in ((int, int)[])[(8, 250), (16, 5_000)])
            for (var seed = 0; seed < 6; seed++)
            {
                var trees = Rounded(Grown(link, outputs, thresholds, 1, seed));
                var packed = PackedTreeScorer.Pack(trees, bits);
                foreach (var row in Rows(200, thresholds))
                {
                    var (expected, found) = (Score(trees, row), Score(packed, row));
                    for (var o = 0; o < outputs; o++) Assert.Equal(expected[o], found[o], 1e-5 * Math.Max(1, Math.Abs(expected[o])));
                }
            }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void An_answer_is_off_by_at_most_half_a_step_a_tree(int bits)
    {
        var trees = Grown(TreeLink.Identity, 1, 200, 3, 1);
        var packed = PackedTreeScorer.Pack(trees, bits);
        Assert.Equal(bits, packed.Bits);
        // No leaf is larger than 3.
        var most = trees.TreeCount * 0.5 * 3 / ((1 << (bits - 1)) - 1);
        double largest = 0;
        foreach (var row in Rows(500, 200)) largest = Math.Max(largest, Math.Abs(Score(trees, row)[0] - Score(packed, row)[0]));
        Assert.InRange(largest, 1e-9, most * (1 + 1e-6));
    }

    [Fact]
    public void More_thresholds_than_codes_become_neighbours()
    {
        // One feature, 1,000 thresholds, each leaf its own answer: the packed answer is that of a threshold near by.
        var builder = new TreeEnsembleBuilder(1, 1, TreeLink.Average, [0]);
        const int count = 1_000;
        builder.AddTree(0, n => n % 2 == 0 && n < 2 * count ? TreeNode.Split(0, n / 2, true, n + 1, n + 2) : TreeNode.EndsWith(new LeafEntry(0, 0.1 * n)));
        var packed = PackedTreeScorer.Pack(builder.Build(), 8);
        for (var value = 0; value < count; value += 7)
        {
            var answer = Score(packed, [value])[0] / 0.2;
            Assert.InRange(answer, value - 8, value + 8);
        }
        Assert.Throws<ArgumentException>(() => PackedTreeScorer.Pack(builder.Build(), 4));
    }

    [Theory]
    [MemberData(nameof(Links))]
    public void Packed_trees_are_read_back_and_a_damaged_file_never_answers_out_of_range(TreeLink link, int outputs)
    {
        var scorer = PackedTreeScorer.Pack(Grown(link, outputs, 60, 1, 2), 8);
        AssertReadBack(scorer);
        var bytes = Write(scorer);
        Assert.True(bytes.Length < 0.45 * Write(Grown(link, outputs, 60, 1, 2)).Length, $"{bytes.Length} bytes");
        AssertDamageIsHarmless(bytes);
    }

    [Theory]
    [InlineData(LinearLink.Identity, 1)]
    [InlineData(LinearLink.Logistic, 1)]
    [InlineData(LinearLink.Softmax, 4)]
    [InlineData(LinearLink.OneVersusAll, 4)]
    public void Weights_are_off_by_at_most_half_a_step(LinearLink link, int sums)
    {
        var random = new Random(3);
        var linear = new LinearScorer([.. Enumerable.Range(0, sums * Features).Select(_ => (4 * random.NextDouble()) - 2)], [.. Enumerable.Range(0, sums).Select(_ => random.NextDouble())], link);
        foreach (var bits in (int[])[8, 16])
        {
            var quantised = QuantisedLinearScorer.Quantise(linear, bits);
            AssertReadBack(quantised);
            AssertDamageIsHarmless(Write(quantised));
            for (var i = 0; i < 100; i++)
            {
                float[] row = [.. Enumerable.Range(0, Features).Select(_ => (2 * random.NextSingle()) - 1)];
                var (expected, found) = (Score(linear, row), Score(quantised, row));
                // Weights are at most 2, features at most 1; no link is steeper than 1.
                var most = Features * 0.5 * 2 / ((1 << (bits - 1)) - 1);
                for (var o = 0; o < expected.Length; o++) Assert.InRange(Math.Abs(expected[o] - found[o]), 0, most * (link == LinearLink.OneVersusAll ? 2 : 1));
            }
        }
    }

    [Fact]
    public void A_projected_model_sees_the_components_of_a_row()
    {
        var random = new Random(4);
        double[][] rows = [.. Enumerable.Range(0, 50).Select(_ => Enumerable.Range(0, Features).Select(_ => random.NextDouble() * 5).ToArray())];
        var components = PrincipalComponents.Fit(rows.Length, Features, (row, into) => rows[row].CopyTo(into), 2, standardize: true, CancellationToken.None);
        var projected = new ProjectedScorer(new LinearScorer([1, -3], [0.5], LinearLink.Identity), components);
        AssertReadBack(projected);
        AssertDamageIsHarmless(Write(projected));
        var scores = new double[2];
        foreach (var row in rows)
        {
            components.Project(row, scores);
            Assert.Equal(scores[0] - (3 * scores[1]) + 0.5, Score(projected, [.. row.Select(v => (float)v)])[0], 1e-4);
        }
        // A calibration goes around it, another of its kind does not go into it.
        AssertReadBack(new ExponentialScorer(projected, 2, 50));
        Assert.Throws<ArgumentException>(() => new ProjectedScorer(projected, components));
        Assert.Throws<ArgumentException>(() => new ProjectedScorer(new ConstantScorer(3, [1]), components));
    }

    [Fact]
    public void Scoring_allocates_nothing()
    {
        var trees = Grown(TreeLink.Softmax, 3, 100, 1, 5);
        var small = TreePruning.PruneSplits(trees, 0.2, new FeatureMatrix([.. Rows(200, 100).SelectMany(r => r)], 200, [.. Enumerable.Range(0, Features).Select(f => $"x{f}")]), 0, CancellationToken.None);
        Assert.True(new LeafMasks(small).IsPossible);
        Scorer[] scorers = [trees, small, PackedTreeScorer.Pack(trees, 8), PackedTreeScorer.Pack(small, 8), QuantisedLinearScorer.Quantise(new LinearScorer(new double[3 * Features], new double[3], LinearLink.Softmax), 8)];
        var rows = Rows(300, 100);
        var outputs = new double[3];
        foreach (var scorer in scorers)
        {
            scorer.Score(rows[0], outputs);
            // A collection that another thread starts in between is booked here too: the quietest of ten rounds counts.
            var least = long.MaxValue;
            for (var round = 0; round < 10; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                foreach (var row in rows) scorer.Score(row, outputs);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
            Assert.Equal(0, least);
        }
    }

    private static void AssertReadBack(Scorer scorer)
    {
        var read = ScorerFile.Read(new MemoryStream(Write(scorer)));
        Assert.IsType(scorer.GetType(), read);
        foreach (var row in Rows(100, 50)) Assert.Equal(Score(scorer, row), Score(read, row));
        Assert.Equal(Write(scorer), Write(read));
    }

    /// <summary>Whatever byte is another: it is refused with a place, or a model comes out that can be asked.</summary>
    private static void AssertDamageIsHarmless(byte[] bytes)
    {
        var random = new Random(6);
        var rows = Rows(10, 50);
        var refused = 0;
        for (var i = 0; i < 400; i++)
        {
            var damaged = bytes.ToArray();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            if (i % 4 == 0) damaged = damaged[..random.Next(damaged.Length)];
            try
            {
                var scorer = ScorerFile.Read(new MemoryStream(damaged));
                foreach (var row in rows) Score(scorer, row.Length >= scorer.FeatureCount ? row : new float[scorer.FeatureCount]);
            }
            catch (InvalidDataException e)
            {
                refused++;
                Assert.Contains("expected", e.Message);
            }
        }
        Assert.True(refused >= 100, $"{refused} refused; a file that was cut off always is.");
    }

    /// <summary>The same trees with every leaf value 1, 0 or -1.</summary>
    private static TreeEnsembleScorer Rounded(TreeEnsembleScorer trees)
    {
        var builder = new TreeEnsembleBuilder(trees.FeatureCount, trees.OutputCount, trees.Link, trees.BaseScores.ToArray());
        foreach (var root in trees.Roots.ToArray())
            builder.AddTree(root, node => trees.IsLeaf(node, out var entries, out var question)
                ? TreeNode.EndsWith([.. Enumerable.Range(entries.First, entries.Count).Select(e => new LeafEntry(trees.LeafEntry(e).Output, Math.Round(trees.LeafEntry(e).Value)))])
                : TreeNode.Split(question.Feature, question.Threshold, question.MissingGoesLeft, question.Left, question.Left + 1));
        return builder.Build();
    }
}
