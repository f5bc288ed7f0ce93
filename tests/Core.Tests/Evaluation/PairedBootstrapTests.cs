using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

public sealed class PairedBootstrapTests
{
    /// <summary>Worked example: of 1,000 independent answers 800 are right, so the normal interval of accuracy is 0.8 ± 1.96 · sqrt(0.8 · 0.2 / 1000).</summary>
    [Fact]
    public void The_interval_of_accuracy_is_near_that_of_the_formula()
    {
        float[] labels = [.. Enumerable.Range(0, 1_000).Select(i => (float)(i % 2))];
        var bootstrap = new PairedBootstrap(Metric.Accuracy, LearningTask.Binary, labels, Answers(labels, 800), 2, 1);
        var half = 1.96 * Math.Sqrt(0.8 * 0.2 / 1_000);
        Assert.InRange(bootstrap.Own!.Low, 0.8 - half - 0.006, 0.8 - half + 0.006);
        Assert.InRange(bootstrap.Own.High, 0.8 + half - 0.006, 0.8 + half + 0.006);
    }

    [Fact]
    public void The_same_answers_lose_nothing_and_worse_ones_lose_beyond_chance_whichever_way_the_metric_goes()
    {
        float[] labels = [.. Enumerable.Range(0, 1_000).Select(i => (float)(i % 2))];
        foreach (var metric in (Metric[])[Metric.Accuracy, Metric.LogLoss])
        {
            var bootstrap = new PairedBootstrap(metric, LearningTask.Binary, labels, Answers(labels, 800), 2, 1);
            Assert.Equal(new MetricInterval(0, 0), bootstrap.Loss(Answers(labels, 800)));
            // 30 rows more are wrong, all others are answered alike: far less than the interval of either alone, and still no chance.
            var loss = bootstrap.Loss(Answers(labels, 770))!;
            Assert.True(loss.Low > 0, $"{metric.Name}: {loss}");
            Assert.True(bootstrap.Loss(Answers(labels, 830))!.High < 0, metric.Name);
        }
        Assert.Equal(0.03, new PairedBootstrap(Metric.Accuracy, LearningTask.Binary, labels, Answers(labels, 800), 2, 1).Loss(Answers(labels, 770)) is var (low, high) ? (low + high) / 2 : 0, 0.004);
    }

    [Fact]
    public void More_rows_than_are_drawn_from_are_thinned_evenly()
    {
        float[] labels = [.. Enumerable.Range(0, 3 * PairedBootstrap.MostRows).Select(i => (float)(i * 7 % 10))];
        double[] outputs = [.. labels.Select(l => l + 1.0)];
        Assert.Equal(1, new PairedBootstrap(Metric.Mae, LearningTask.Regression, labels, outputs, 1, 1).Own!.Low, 1e-6);
    }

    /// <summary>So many rows are right, spread evenly; each right one with 0.9.</summary>
    private static double[] Answers(float[] labels, int right) =>
        [.. labels.SelectMany((label, i) => (i * 7 % labels.Length < right ? label : 1 - label) is 1 ? (double[])[0.1, 0.9] : [0.9, 0.1])];
}
