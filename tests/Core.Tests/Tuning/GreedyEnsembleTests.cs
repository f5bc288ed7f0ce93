using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using Xunit;

namespace ModelWorkbench.Core.Tests.Tuning;

public sealed class GreedyEnsembleTests
{
    private static readonly ValidationTruth Numbers = new(Metric.Rmse, LearningTask.Regression, 1, [[1, 2, 3, 4], [5, 6]]);

    [Fact]
    public void Opposite_errors_are_mixed_half_and_half()
    {
        double[][] Shifted(double by) => [.. Numbers.Labels.Select(fold => fold.Select(l => l + by).ToArray())];
        var weights = GreedyEnsemble.Select(Numbers, [Shifted(1), Shifted(-1), Shifted(3)], null, 1, TestContext.Current.CancellationToken);
        Assert.Equal([0.5, 0.5, 0], weights);
        var mixed = GreedyEnsemble.Combine([Shifted(1), Shifted(-1), Shifted(3)], weights);
        Assert.Equal(0, Numbers.Loss(mixed)!.Value, 1e-12);
    }

    [Fact]
    public void A_perfect_model_stays_alone_whatever_the_threads()
    {
        var random = new Random(1);
        double[][] Noisy(double scale) => [.. Numbers.Labels.Select(fold => fold.Select(l => l + (scale * (random.NextDouble() - 0.5))).ToArray())];
        var candidates = new[] { Noisy(1), Noisy(0), Noisy(2) };
        Assert.Equal([0.0, 1, 0], GreedyEnsemble.Select(Numbers, candidates, null, 1, TestContext.Current.CancellationToken));
        Assert.Equal([0.0, 1, 0], GreedyEnsemble.Select(Numbers, candidates, null, 4, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Only_the_folds_that_are_named_count()
    {
        // One is right in the first fold, the other in the second.
        double[][] first = [[1, 2, 3, 4], [0, 0]], second = [[0, 0, 0, 0], [5, 6]];
        Assert.Equal([1.0, 0], GreedyEnsemble.Select(Numbers, [first, second], [0], 1, TestContext.Current.CancellationToken));
        Assert.Equal([0.0, 1], GreedyEnsemble.Select(Numbers, [first, second], [1], 1, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void One_metric_alone_is_the_figure_of_the_report(LearningTask task)
    {
        var random = new Random(5);
        var classes = task switch { LearningTask.Binary => 2, LearningTask.Multiclass => 4, _ => 1 };
        float[] labels = [.. Enumerable.Range(0, 200).Select(i => task == LearningTask.Regression ? (float)random.NextDouble() : i % classes)];
        var outputs = new double[200 * classes];
        for (var row = 0; row < 200; row++)
        {
            double[] raw = [.. Enumerable.Range(0, classes).Select(k => random.NextDouble() + (task != LearningTask.Regression && k == (int)labels[row] ? 0.5 : 0))];
            for (var k = 0; k < classes; k++) outputs[(row * classes) + k] = task == LearningTask.Regression ? raw[k] : raw[k] / raw.Sum();
        }
        var report = task == LearningTask.Regression
            ? Evaluator.Regression(Array.ConvertAll(labels, l => (double)l), outputs)
            : Evaluator.Classification([.. Enumerable.Range(0, classes).Select(k => $"c{k}")], Array.ConvertAll(labels, l => (int)l), outputs);
        Assert.All(Metric.For(task), metric => Assert.Equal(report.Metrics[metric.Id], MetricCalculator.Compute(metric, task, labels, outputs, classes)));
        Assert.Throws<ArgumentException>(() => MetricCalculator.Compute(task == LearningTask.Regression ? Metric.Auc : Metric.Rmse, task, labels, outputs, classes));
        Assert.Throws<ArgumentException>(() => MetricCalculator.Compute(Metric.For(task).First(), task, labels, outputs.AsSpan(1), classes));
    }
}
