using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>Rows count as much as they weigh, for every trainer and task.</summary>
public sealed class RowWeightTests
{
    public static TheoryData<string, LearningTask> Cases() => TrainerContractTests.Cases();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Where_rows_contradict_one_another_the_answer_follows_their_weights(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        // Each row stands twice: with the last class, or 1, and weight 3; and with the first class, or -1, and weight 1.
        var half = Samples.Synthetic(200, 5, task, 0);
        var (low, high) = task == LearningTask.Regression ? (-1f, 1f) : (0f, half.ClassCount - 1f);
        var weighted = half with
        {
            Features = half.Features with { Values = [.. half.Features.Values, .. half.Features.Values], RowCount = 400 },
            Labels = [.. Enumerable.Repeat(high, 200), .. Enumerable.Repeat(low, 200)],
            Weights = [.. Enumerable.Repeat(3f, 200), .. Enumerable.Repeat(1f, 200)],
        };
        if (!trainer.SupportsWeights)
        {
            Assert.Contains("weigh", Assert.Throws<TrainingFailedException>(() => trainer.TrainWithDefaults(weighted, new TrainingContext(1, 1), TestContext.Current.CancellationToken)).Message);
            return;
        }
        var other = Samples.Synthetic(300, 5, task, 0, seed: 2).Features;
        var mean = Samples.Score(trainer.TrainWithDefaults(weighted, new TrainingContext(1, 1), TestContext.Current.CancellationToken), other).Average(s => s[^1]);
        var expected = task == LearningTask.Regression ? 0.5 : 0.75;
        Assert.InRange(mean, expected - 0.1, expected + 0.1);
    }
}
