using System.Text.Json;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Optimisation;

public sealed class TreePruningTests
{
    /// <summary>Expected/pruning.json is made by scikit-learn's cost_complexity_pruning_path and ccp_alpha; the script is beside it.</summary>
    [Fact]
    public void Splits_go_in_the_order_of_scikit_learn()
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(TestFiles.Expected("Optimisation/Expected/pruning.json")));
        var root = expected.RootElement;
        var (features, thresholds, left, right, values) = (Ints("features"), Doubles("thresholds"), Ints("left"), Ints("right"), Doubles("values"));
        var builder = new TreeEnsembleBuilder(3, 1, TreeLink.Average, [0]);
        builder.AddTree(0, n => left[n] < 0 ? TreeNode.EndsWith(new LeafEntry(0, values[n])) : TreeNode.Split(features[n], TreeEnsembleBuilder.FloorToSingle(thresholds[n]), true, left[n], right[n]));
        var full = builder.Build();
        float[] rows = [.. root.GetProperty("rows").EnumerateArray().SelectMany(r => r.EnumerateArray().Select(v => v.GetSingle()))];
        var matrix = new FeatureMatrix(rows, rows.Length / 3, ["a", "b", "c"]);
        var splits = full.LeafCount - 1;
        foreach (var pruned in root.GetProperty("pruned").EnumerateArray())
        {
            var kept = pruned.GetProperty("splits").GetInt32();
            var scorer = TreePruning.PruneSplits(full, (kept + 0.5) / splits, matrix, 0, CancellationToken.None);
            Assert.Equal(kept, scorer.LeafCount - 1);
            double[] answers = [.. pruned.GetProperty("answers").EnumerateArray().Select(v => v.GetDouble())];
            for (var row = 0; row < matrix.RowCount; row++) Assert.Equal(answers[row], Score(scorer, matrix.Row(row))[0], 1e-9);
        }

        int[] Ints(string name) => [.. root.GetProperty(name).EnumerateArray().Select(v => v.GetInt32())];
        double[] Doubles(string name) => [.. root.GetProperty(name).EnumerateArray().Select(v => v.GetDouble())];
    }

    [Fact]
    public void The_first_trees_of_each_class_stay()
    {
        var builder = new TreeEnsembleBuilder(1, 3, TreeLink.Softmax, [0, 0, 0]);
        // Class by class, as one-versus-all trainers have them: the last trees are not the last of all classes.
        for (var c = 0; c < 3; c++)
            for (var tree = 0; tree < 4; tree++)
            {
                var (own, value) = (c, tree + 1);
                TreeNode[] nodes = [TreeNode.Split(0, 0, true, 1, 2), TreeNode.EndsWith(new LeafEntry(own, value)), TreeNode.EndsWith(new LeafEntry(own, -value))];
                builder.AddTree(0, n => nodes[n]);
            }
        var half = TreePruning.KeepFirst(builder.Build(), 0.5);
        Assert.Equal(6, half.TreeCount);
        // One and two of each class: sums of 3.
        Assert.All(Score(half, [-1]), p => Assert.Equal(1 / 3.0, p, 1e-12));
    }

    [Fact]
    public void A_boosted_tree_without_a_split_goes_into_the_base_score_and_a_mean_stays_a_mean()
    {
        foreach (var link in (TreeLink[])[TreeLink.Identity, TreeLink.Average])
        {
            var builder = new TreeEnsembleBuilder(1, 1, link, [link == TreeLink.Average ? 0 : 10]);
            foreach (var size in (double[])[8, 0.5])
            {
                TreeNode[] nodes = [TreeNode.Split(0, 0, true, 1, 2), TreeNode.EndsWith(new LeafEntry(0, size)), TreeNode.EndsWith(new LeafEntry(0, -size))];
                builder.AddTree(0, n => nodes[n]);
            }
            // Three rows to the left, one to the right: the small tree becomes 0.25.
            var pruned = TreePruning.PruneSplits(builder.Build(), 0.5, new FeatureMatrix([-1, -2, -3, 1], 4, ["x"]), 0, CancellationToken.None);
            Assert.Equal(link == TreeLink.Average ? 2 : 1, pruned.TreeCount);
            Assert.Equal(link == TreeLink.Average ? (8 + 0.25) / 2 : 18.25, Score(pruned, [-1])[0], 1e-12);
            Assert.Equal(link == TreeLink.Average ? (-8 + 0.25) / 2 : 2.25, Score(pruned, [1])[0], 1e-12);
            // Nothing is left of it but one leaf.
            var constant = TreePruning.PruneSplits(builder.Build(), 0.01, new FeatureMatrix([-1, -2, -3, 1], 4, ["x"]), 0, CancellationToken.None);
            Assert.Equal(Score(constant, [-1]), Score(constant, [1]));
            Assert.Equal(link == TreeLink.Average ? (4 + 0.25) / 2 : 14.25, Score(constant, [1])[0], 1e-12);
        }
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void Pruning_keeps_no_more_than_was_asked_and_answers_stay_answers(LearningTask task)
    {
        var data = Samples.Synthetic(400, 5, task, 0.1);
        Scorer[] learnt = [new RandomForestTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), CancellationToken.None), new LightGbmTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), CancellationToken.None)];
        foreach (var trees in learnt.OfType<TreeEnsembleScorer>())
        {
            var splits = trees.LeafCount - trees.TreeCount;
            foreach (var share in (double[])[0.75, 0.3, 0.05])
            {
                var pruned = TreePruning.PruneSplits(trees, share, data.Features, 0, CancellationToken.None);
                Assert.InRange(pruned.LeafCount - pruned.TreeCount, 0, share * splits);
                for (var row = 0; row < 50; row++)
                {
                    var outputs = Score(pruned, data.Features.Row(row));
                    Assert.All(outputs, o => Assert.True(double.IsFinite(o)));
                    if (task != LearningTask.Regression) Assert.Equal(1, outputs.Sum(), 1e-9);
                }
            }
            Assert.Equal(trees.LeafCount, TreePruning.PruneSplits(trees, 1, data.Features, 0, CancellationToken.None).LeafCount);
        }
        Assert.Throws<ArgumentException>(() => TreePruning.KeepFirst((TreeEnsembleScorer)learnt[0], 0));
        Assert.Throws<ArgumentException>(() => TreePruning.PruneSplits((TreeEnsembleScorer)learnt[0], 1.5, data.Features, 0, CancellationToken.None));
    }

    private static double[] Score(Scorer scorer, ReadOnlySpan<float> features)
    {
        var outputs = new double[scorer.OutputCount];
        scorer.Score(features, outputs);
        return outputs;
    }
}
