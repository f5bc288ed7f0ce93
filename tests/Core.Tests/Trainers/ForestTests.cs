using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class ForestTests
{
    public static TheoryData<string> Forests() => ["random-forest", "extra-trees"];

    private static TrainingData Data(int rows, LearningTask task, int classes, Func<Random, (float[] Features, float Label)> draw)
    {
        var random = new Random(4);
        var drawn = Enumerable.Range(0, rows).Select(_ => draw(random)).ToArray();
        var features = new FeatureMatrix([.. drawn.SelectMany(d => d.Features)], rows, [.. drawn[0].Features.Select((_, i) => $"f{i}")]);
        return new TrainingData(features, [.. drawn.Select(d => d.Label)], task, classes);
    }

    private static Scorer Train(string id, TrainingData data) => TrainerCatalog.Find(id).TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken);

    [Theory]
    [MemberData(nameof(Forests))]
    public void Exclusive_or_is_learnt_although_no_first_split_gains(string id)
    {
        var data = Data(200, LearningTask.Binary, 2, r =>
        {
            int a = r.Next(2), b = r.Next(2);
            return ([a, b], a ^ b);
        });
        Assert.Equal(1, Samples.Accuracy(Samples.Score(Train(id, data), data.Features), data.Labels));
    }

    [Theory]
    [MemberData(nameof(Forests))]
    public void A_missing_value_can_itself_be_what_tells(string id)
    {
        var data = Data(300, LearningTask.Binary, 2, r =>
        {
            var isMissing = r.Next(3) == 0;
            return ([isMissing ? float.NaN : (float)r.NextDouble(), (float)r.NextDouble()], isMissing ? 1 : 0);
        });
        var scorer = Train(id, data);
        var scores = Samples.Score(scorer, new FeatureMatrix([float.NaN, 0.5f, 0.5f, 0.5f], 2, data.Features.Names));
        Assert.True(scores[0][1] > 0.9, $"{scores[0][1]}");
        Assert.True(scores[1][1] < 0.1, $"{scores[1][1]}");
    }

    [Theory]
    [MemberData(nameof(Forests))]
    public void A_missing_value_unknown_in_training_goes_with_the_majority(string id)
    {
        var data = Data(300, LearningTask.Binary, 2, r =>
        {
            var x = (float)r.NextDouble();
            return ([x], x > 0.9 ? 1 : 0);
        });
        Assert.True(Samples.Score(Train(id, data), new FeatureMatrix([float.NaN], 1, ["f0"]))[0][0] > 0.8);
    }

    [Theory]
    [MemberData(nameof(Forests))]
    public void A_small_spread_far_from_zero_is_learnt(string id)
    {
        var data = Data(300, LearningTask.Regression, 1, r =>
        {
            var x = r.Next(2);
            return ([x, (float)r.NextDouble()], 10_000_000 + x);
        });
        var scores = Samples.Score(Train(id, data), data.Features);
        for (var row = 0; row < 300; row++) Assert.Equal(data.Labels[row], scores[row][0], 0.1);
    }

    [Theory]
    [MemberData(nameof(Forests))]
    public void A_thousand_classes_take_little_room(string id)
    {
        var data = Data(3000, LearningTask.Multiclass, 1000, r =>
        {
            var label = r.Next(1000);
            return ([label + ((float)r.NextDouble() / 2), (float)r.NextDouble()], label);
        });
        var scorer = (TreeEnsembleScorer)Train(id, data);
        // Leaves that named every class would hold a thousand entries each.
        var leaves = scorer.LeafCount;
        Assert.InRange(scorer.LeafEntryCount, leaves, 2 * leaves);
        Assert.True(Samples.Accuracy(Samples.Score(scorer, data.Features), data.Labels) > 0.9);
    }

    [Theory]
    [MemberData(nameof(Forests))]
    public void No_class_is_ever_impossible(string id)
    {
        var data = Samples.Synthetic(300, 5, LearningTask.Multiclass, 0);
        Assert.All(Samples.Score(Train(id, data), data.Features), s => Assert.All(s, p => Assert.True(p > 0)));
    }

    [Fact]
    public void Another_seed_grows_another_forest()
    {
        var data = Samples.Synthetic(200, 4, LearningTask.Binary, 0);
        var trainer = new RandomForestTrainer();
        var first = Samples.Score(trainer.TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken), data.Features);
        var second = Samples.Score(trainer.TrainWithDefaults(data, new TrainingContext(2, 1), TestContext.Current.CancellationToken), data.Features);
        Assert.NotEqual(first.SelectMany(s => s), second.SelectMany(s => s));
    }
}
