using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class ScorerFileTests
{
    private static byte[] Write(Scorer scorer)
    {
        using var stream = new MemoryStream();
        ScorerFile.Write(scorer, stream);
        return stream.ToArray();
    }

    private static TreeEnsembleScorer Stump(TreeLink link, bool missingGoesLeft = true)
    {
        var builder = new TreeEnsembleBuilder(1, link == TreeLink.Logistic ? 2 : 1, link, [0.5]);
        TreeNode[] nodes = [TreeNode.Split(0, 2, missingGoesLeft, 2, 1), TreeNode.EndsWith(new LeafEntry(0, 3)), TreeNode.EndsWith(new LeafEntry(0, -1))];
        builder.AddTree(0, n => nodes[n]);
        return builder.Build();
    }

    private static double[] Score(Scorer scorer, params float[] features)
    {
        var outputs = new double[scorer.OutputCount];
        scorer.Score(features, outputs);
        return outputs;
    }

    [Fact]
    public void A_value_at_the_threshold_goes_left_and_a_missing_one_where_the_node_says()
    {
        Assert.Equal([-0.5], Score(Stump(TreeLink.Identity), 2));
        Assert.Equal([3.5], Score(Stump(TreeLink.Identity), 2.0000002f));
        Assert.Equal([-0.5], Score(Stump(TreeLink.Identity), float.NaN));
        Assert.Equal([3.5], Score(Stump(TreeLink.Identity, missingGoesLeft: false), float.NaN));
        Assert.Equal([Math.Exp(3.5)], Score(Stump(TreeLink.Exponential), 3));
        Assert.Equal(1 / (1 + Math.Exp(-3.5)), Score(Stump(TreeLink.Logistic), 3)[1], 1e-15);
    }

    [Fact]
    public void A_double_threshold_becomes_the_largest_float_that_divides_alike()
    {
        foreach (var threshold in (double[])[0.1, 1e-40, -0.1, 16777217, 1e300, -1e300, 0])
        {
            var single = TreeEnsembleBuilder.FloorToSingle(threshold);
            Assert.True(single <= threshold);
            Assert.True(single == float.MaxValue || MathF.BitIncrement(single) > threshold);
        }
    }

    [Fact]
    public void Probabilities_of_a_linear_scorer_stay_sound_far_from_zero()
    {
        foreach (var link in (LinearLink[])[LinearLink.Softmax, LinearLink.OneVersusAll])
        {
            var outputs = Score(new LinearScorer([1e4, 2e4, 3e4], [0, 0, 0], link), -1);
            Assert.Equal([1, 0, 0], outputs);
        }
        Assert.Equal([1, 0], Score(new LinearScorer([1e4], [0], LinearLink.Logistic), -1));
    }

    [Fact]
    public void Scoring_allocates_nothing()
    {
        var data = Samples.Synthetic(300, 5, LearningTask.Multiclass, 0.1);
        Scorer[] scorers = [new RandomForestTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken),
            new LinearScorer(new double[15], new double[3], LinearLink.OneVersusAll), new ConstantScorer(5, [0.1, 0.2, 0.7])];
        var outputs = new double[3];
        foreach (var scorer in scorers)
        {
            scorer.Score(data.Features.Row(0), outputs);
            // A collection that another thread starts in between is booked here too: the quietest of ten rounds counts.
            var least = long.MaxValue;
            for (var round = 0; round < 10; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var row = 0; row < 300; row++) scorer.Score(data.Features.Row(row), outputs);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
            Assert.Equal(0, least);
        }
    }

    [Fact]
    public void A_damaged_file_says_place_found_and_expected()
    {
        var bytes = Write(new ConstantScorer(3, [0.25, 0.75]));
        Assert.Contains("signature", Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream([1, 2, 3, 4, 5]))).Message);
        Assert.Contains("(outputs): found 14 bytes to the end, expected 2 numbers of 8 bytes", Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(bytes[..^2]))).Message);
        Assert.Contains("found 1 more bytes, expected none", Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream([.. bytes, 0]))).Message);
        bytes[4] = 9;
        Assert.Contains("(version): found 9, expected 1", Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(bytes))).Message);
    }

    [Fact]
    public void A_scorer_that_turns_the_answers_of_another_is_read_back_and_wraps_one_level_only()
    {
        var sharpened = new SharpenedScorer(new ConstantScorer(3, [0.25, 0.75]), 2);
        Assert.Equal([0.1, 0.9], Score(ScorerFile.Read(new MemoryStream(Write(sharpened))), 0, 0, 0).Select(p => Math.Round(p, 12)));
        // exp(ln 5) = 5, times 3, minus 1; and the ceiling of ln 4.
        var exponential = new ExponentialScorer(new ConstantScorer(3, [Math.Log(5)]), 3, 10);
        Assert.Equal(14, Score(ScorerFile.Read(new MemoryStream(Write(exponential))), 0, 0, 0)[0], 1e-12);
        Assert.Equal(11, Score(new ExponentialScorer(new ConstantScorer(3, [Math.Log(5)]), 3, Math.Log(4)), 0, 0, 0)[0], 1e-12);
        // Both may be members of an ensemble.
        Assert.IsType<EnsembleScorer>(ScorerFile.Read(new MemoryStream(Write(new EnsembleScorer(3, [new(0, 1, sharpened)])))));

        Assert.Throws<ArgumentException>(() => new SharpenedScorer(sharpened, 2));
        Assert.Throws<ArgumentException>(() => new SharpenedScorer(new ConstantScorer(3, [1]), 2));
        Assert.Throws<ArgumentException>(() => new SharpenedScorer(new ConstantScorer(3, [0.25, 0.75]), 0));
        Assert.Throws<ArgumentException>(() => new ExponentialScorer(new ConstantScorer(3, [0.25, 0.75]), 1, 10));
        Assert.Throws<ArgumentException>(() => new ExponentialScorer(exponential, 1, 10));
        Assert.Throws<ArgumentException>(() => new ExponentialScorer(new ConstantScorer(3, [1]), 1, 601));

        // In a file: what stands within claims to be such a scorer too, and the counts differ from those within.
        var nested = Write(sharpened);
        nested[16] = 21;
        Assert.Contains("expected a model that wraps no other", Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(nested))).Message);
        var miscounted = Write(sharpened);
        miscounted[6] = 4;
        Assert.Contains("as the model within has", Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(miscounted))).Message);
    }

    [Fact]
    public void A_count_beyond_the_file_is_refused_before_memory_is_taken()
    {
        // A linear scorer that claims ten million features, in twelve bytes.
        byte[] bytes = [.. "MWSC"u8, 1, 2, 0x80, 0xAD, 0xE2, 0x04, 1, 0, .. new byte[8]];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(bytes)));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public void Two_thousand_damaged_forests_are_refused_or_score_without_failing()
    {
        var data = Samples.Synthetic(60, 6, LearningTask.Multiclass, 0.1);
        var forest = Write(new RandomForestTrainer().TrainWithDefaults(data, new TrainingContext(5, 1), TestContext.Current.CancellationToken));
        var random = new Random(7);
        var refused = 0;
        for (var round = 0; round < 2000; round++)
        {
            var damaged = (byte[])forest.Clone();
            // Half of the rounds hit the short head, where counts and links stand.
            var at = random.Next(round % 2 == 0 ? 60 : damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            try
            {
                var scorer = ScorerFile.Read(new MemoryStream(damaged));
                var outputs = new double[scorer.OutputCount];
                for (var row = 0; row < 10; row++)
                {
                    var features = new float[scorer.FeatureCount];
                    data.Features.Row(row)[..Math.Min(6, features.Length)].CopyTo(features);
                    scorer.Score(features, outputs);
                }
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 200, 1999);
    }

    [Fact]
    public void Cutting_a_forest_anywhere_is_noticed()
    {
        var forest = Write(new ExtraTreesTrainer().TrainWithDefaults(Samples.Synthetic(40, 4, LearningTask.Regression, 0.1), new TrainingContext(5, 1), TestContext.Current.CancellationToken));
        for (var length = 0; length < forest.Length; length += 97)
            Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(forest[..length])));
    }
}
