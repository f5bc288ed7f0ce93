using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

public sealed class PairedBootstrapTests
{
    /// <summary>Worked example: of 1,000 independent answers 800 are right, so the normal interval of accuracy is 0.8 ± 1.96 · sqrt(0.8 · 0.2 / 1000).</summary>
    /// <summary>Worked example: of 1,000 independent answers 800 are right, so the normal interval of accuracy is 0.8 ± 1.96 · sqrt(0.8 · 0.2 / 1000).</summary>
    [Fact]
    public void The_interval_of_accuracy_is_near_that_of_the_formula()
    {
        var interval = Bootstrap(Labels).Of(Metric.Accuracy, [Answers(Labels, 800)])!;
        var half = 1.96 * Math.Sqrt(0.8 * 0.2 / 1_000);
        Assert.InRange(interval.Low, 0.8 - half - 0.006, 0.8 - half + 0.006);
        Assert.InRange(interval.High, 0.8 + half - 0.006, 0.8 + half + 0.006);
    }

    [Fact]
    public void The_same_answers_lose_nothing_and_worse_ones_lose_beyond_chance_whichever_way_the_metric_goes()
    {
        var bootstrap = Bootstrap(Labels);
        foreach (var metric in (Metric[])[Metric.Accuracy, Metric.LogLoss])
        {
            Assert.Equal(new MetricInterval(0, 0), Loss(metric, 800));
            // 30 rows more are wrong, all others are answered alike: far less than the interval of either alone, and still no chance.
            Assert.True(Loss(metric, 770).Low > 0, $"{metric.Name}: {Loss(metric, 770)}");
            Assert.True(Loss(metric, 830).High < 0, metric.Name);
        }
        Assert.Equal(0.03, Loss(Metric.Accuracy, 770) is var (low, high) ? (low + high) / 2 : 0, 0.004);

        MetricInterval Loss(Metric metric, int right) => bootstrap.Loss(metric, [Answers(Labels, 800)], [Answers(Labels, right)])!;
    }

    [Fact]
    public void More_rows_than_are_drawn_from_are_thinned_evenly()
    {
        float[] labels = [.. Enumerable.Range(0, 3 * PairedBootstrap.MostRows).Select(i => (float)(i * 7 % 10))];
        double[] outputs = [.. labels.Select(l => l + 1.0)];
        Assert.Equal(1, new PairedBootstrap(LearningTask.Regression, 1, [JudgedFold.Of(labels)], 1).Of(Metric.Mae, [outputs])!.Low, 1e-6);
    }

    /// <summary>Three repeats judge the same rows three times: that tells three times as much about the models as about the rows.</summary>
    [Fact]
    public void A_row_that_is_judged_again_makes_the_interval_no_narrower()
    {
        var once = JudgedFold.Of(Labels);
        var three = new PairedBootstrap(LearningTask.Binary, 2, [once, once, once], 1);
        var answers = Answers(Labels, 800);
        var (expected, found) = (Bootstrap(Labels).Of(Metric.Auc, [answers])!, three.Of(Metric.Auc, [answers, answers, answers])!);
        Assert.Equal(expected.Low, found.Low, 1e-12);
        Assert.Equal(expected.High, found.High, 1e-12);
    }

    /// <summary>Each fold's scores rank its own rows well and lie apart from the other's: the figure of all rows together would be far lower.</summary>
    [Fact]
    public void The_interval_is_of_the_mean_over_the_folds()
    {
        float[] labels = [.. Enumerable.Range(0, 200).Select(i => (float)(i % 2))];
        double[] low = [.. labels.SelectMany(l => (double[])[0.9 - (0.1 * l), 0.1 + (0.1 * l)])], high = [.. labels.SelectMany(l => (double[])[0.2 - (0.1 * l), 0.8 + (0.1 * l)])];
        var bootstrap = new PairedBootstrap(LearningTask.Binary, 2, [new(labels, [.. Enumerable.Range(0, 200)]), new(labels, [.. Enumerable.Range(200, 200)])], 1);
        Assert.Equal(new MetricInterval(1, 1), bootstrap.Of(Metric.Auc, [low, high]));
    }

    [Theory]
    [InlineData(LearningTask.Binary, 2)]
    [InlineData(LearningTask.Multiclass, 7)]
    [InlineData(LearningTask.Regression, 1)]
    public void The_figure_of_a_draw_is_that_of_the_drawn_rows(LearningTask task, int classes)
    {
        var random = new Random(3);
        const int rows = 90;
        float[] labels = [.. Enumerable.Range(0, rows).Select(i => classes == 1 ? (float)(1 + random.NextDouble()) : random.Next(classes))];
        // Rounded, so that many scores are equal.
        double[][] outputs = [.. Enumerable.Range(0, rows).Select(i => Probabilities())];
        int[] counts = [.. Enumerable.Range(0, rows).Select(_ => random.Next(4))];
        var drawn = Enumerable.Range(0, rows).SelectMany(i => Enumerable.Repeat(i, counts[i])).ToArray();
        var judged = new JudgedRows(task, labels, [.. outputs.SelectMany(o => o)], classes);
        foreach (var metric in Metric.For(task))
            Assert.Equal(MetricCalculator.Compute(metric, task, Array.ConvertAll(drawn, i => labels[i]), drawn.SelectMany(i => outputs[i]).ToArray(), classes)!.Value, judged.Figure(metric, counts)!.Value, 1e-12);

        double[] Probabilities()
        {
            double[] raw = [.. Enumerable.Range(0, classes).Select(_ => (double)random.Next(1, 5))];
            return classes == 1 ? raw : [.. raw.Select(r => r / raw.Sum())];
        }
    }

    /// <summary>Nine of 200,000 answers are wrong, all of them beside the rows that are drawn from.</summary>
    [Fact]
    public void Errors_that_the_sampled_rows_lack_are_in_the_interval()
    {
        float[] labels = [.. Enumerable.Range(0, 4 * PairedBootstrap.MostRows).Select(i => (float)(i % 3))];
        double[] outputs = [.. labels.SelectMany((label, i) => Enumerable.Range(0, 3).Select(c => c == (i % 4 == 1 && i < 36 ? (label + 1) % 3 : label) ? 0.8 : 0.1))];
        var figure = MetricCalculator.Compute(Metric.Accuracy, LearningTask.Multiclass, labels, outputs, 3)!.Value;
        Assert.Equal(1 - (9.0 / labels.Length), figure, 1e-12);
        var interval = new PairedBootstrap(LearningTask.Multiclass, 3, [JudgedFold.Of(labels)], 1).Of(Metric.Accuracy, [outputs])!;
        Assert.InRange(figure, interval.Low, interval.High);
    }

    [Fact]
    public void Every_metric_of_the_task_has_an_interval_unless_it_is_undefined()
    {
        var intervals = Bootstrap(Labels).Intervals([Answers(Labels, 800)]);
        Assert.Equal(Metric.For(LearningTask.Binary).Select(m => m.Id).Order(), intervals.Keys.Order());
        var one = new PairedBootstrap(LearningTask.Binary, 2, [JudgedFold.Of(new float[50])], 1).Intervals([Answers(new float[50], 40)]);
        Assert.DoesNotContain(Metric.Auc.Id, one.Keys);
        Assert.Contains(Metric.Accuracy.Id, one.Keys);
    }

    private static float[] Labels => [.. Enumerable.Range(0, 1_000).Select(i => (float)(i % 2))];

    private static PairedBootstrap Bootstrap(float[] labels) => new(LearningTask.Binary, 2, [JudgedFold.Of(labels)], 1);

    /// <summary>So many rows are right, spread evenly; each right one with 0.9.</summary>
    private static double[] Answers(float[] labels, int right) =>
        [.. labels.SelectMany((label, i) => (i * 7 % labels.Length < right ? label : 1 - label) is 1 ? (double[])[0.1, 0.9] : [0.9, 0.1])];
}
