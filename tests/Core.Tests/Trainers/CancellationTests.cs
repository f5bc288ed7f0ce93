using System.Diagnostics;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class CancellationTests
{
    private static readonly TrainingData Narrow = Samples.Synthetic(60_000, 40, LearningTask.Regression, 0);
    private static readonly TrainingData Wide = Samples.Synthetic(40_000, 200, LearningTask.Regression, 0);

    public static TheoryData<string, LearningTask> Cases()
    {
        var cases = new TheoryData<string, LearningTask>();
        // These are done at once: nearest neighbours only keep the rows, the others add them up once or a few times.
        foreach (var trainer in TrainerCatalog.All.Where(t => t is not (BaselineTrainer or NeighboursTrainer or GaussianBayesTrainer)))
            foreach (var task in Enum.GetValues<LearningTask>().Where(trainer.Supports)) cases.Add(trainer.Id, task);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Cancelling_stops_training_quickly(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        // Linear models are done too soon with few features.
        var full = trainer.Encoding == FeatureEncoding.OneHotStandardized ? Wide : Narrow;
        var data = full with
        {
            Task = task,
            ClassCount = task switch { LearningTask.Binary => 2, LearningTask.Multiclass => 3, _ => 1 },
            Labels = task == LearningTask.Regression ? full.Labels : Array.ConvertAll(full.Labels, l => l < 0 ? 0f : l < 1 || task == LearningTask.Binary ? 1 : 2),
        };
        // L-BFGS is done too soon where all features have the same scale.
        if (trainer is LogisticRegressionTrainer && task != LearningTask.Regression) data = data with { Features = Stretch(data.Features) };
        using var source = new CancellationTokenSource();
        var training = Task.Run(() => trainer.TrainWithDefaults(data, new TrainingContext(1, 2), source.Token), TestContext.Current.CancellationToken);
        await Task.Delay(150, TestContext.Current.CancellationToken);
        Assert.False(training.IsCompleted, "Training was done before it could be cancelled.");
        var clock = Stopwatch.StartNew();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => training);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
    }

    private static FeatureMatrix Stretch(FeatureMatrix features)
    {
        var values = new float[features.Values.Length];
        for (var i = 0; i < values.Length; i++) values[i] = features.Values[i] * MathF.Pow(10, (i % features.FeatureCount % 7) - 3);
        return features with { Values = values };
    }
}
