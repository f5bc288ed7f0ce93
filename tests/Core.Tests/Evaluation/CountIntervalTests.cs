using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

public sealed class CountIntervalTests
{
    private static readonly int[][] Matrix = [[620, 80], [90, 210]];

    /// <summary>Accuracy is a share of independent rows: 0.83 ± 1.96 · sqrt(0.83 · 0.17 / 1000).</summary>
    [Fact]
    public void The_interval_of_accuracy_is_near_that_of_the_formula()
    {
        var interval = Assert.Single(CountIntervals.Of(Matrix, [m => ClassificationMetrics.Accuracy(m)]))!;
        var half = 1.96 * Math.Sqrt(0.83 * 0.17 / 1_000);
        Assert.InRange(interval.Low, 0.83 - half - 0.005, 0.83 - half + 0.005);
        Assert.InRange(interval.High, 0.83 + half - 0.005, 0.83 + half + 0.005);
    }

    /// <summary>Drawing counts is drawing rows: the intervals of both differ by chance alone.</summary>
    [Fact]
    public void Counts_that_are_drawn_give_the_intervals_of_rows_that_are_drawn()
    {
        var (labels, outputs) = (new List<float>(), new List<double>());
        for (var truth = 0; truth < 2; truth++)
            for (var answer = 0; answer < 2; answer++)
                for (var i = 0; i < Matrix[truth][answer]; i++)
                {
                    labels.Add(truth);
                    outputs.AddRange(answer == 1 ? [0.7, 0.3] : [0.8, 0.2]);
                }
        var bootstrap = new PairedBootstrap(LearningTask.Binary, 2, [JudgedFold.Of([.. labels])], seed: 5);
        Assert.Equal(new MetricInterval(0, 0), bootstrap.Gains(Metric.F1, [[.. outputs]], [[[.. outputs]]])[0]!.Interval);
        var report = Evaluator.Classification(["no", "yes"], [.. labels.Select(l => (int)l)], outputs.ToArray());
        var decided = ThresholdExplorer.Report(report, 0.3);
        Assert.Equal(Matrix, decided.Classification!.Confusion);
        // By the likelier class none is found: these figures are then the same on every draw, and the difference is the figure at the threshold but for a constant.
        foreach (var metric in new[] { Metric.F1, Metric.BalancedAccuracy, Metric.Mcc })
        {
            var rows = bootstrap.Gains(metric, [[.. outputs]], [[[.. outputs]]], null, 0.3)[0]!.Interval;
            var (likelier, counts) = (report.Metrics[metric.Id]!.Value, decided.Intervals![metric.Id]);
            Assert.InRange(counts.Low - likelier - rows.Low, -0.015, 0.015);
            Assert.InRange(counts.High - likelier - rows.High, -0.015, 0.015);
        }
    }

    [Fact]
    public void Rows_that_are_judged_several_times_are_not_more_rows()
    {
        int[][] thrice = [.. Matrix.Select(row => row.Select(count => 3 * count).ToArray())];
        MetricInterval F1(int[][] matrix, int repeats) => CountIntervals.Of(matrix, [m => ClassificationMetrics.PerClass(["no", "yes"], m)[1].F1], repeats)[0]!;
        Assert.Equal(F1(Matrix, 1), F1(thrice, 3));
        Assert.True(F1(thrice, 1).High - F1(thrice, 1).Low < 0.7 * (F1(thrice, 3).High - F1(thrice, 3).Low));
    }

    [Fact]
    public void A_figure_that_is_undefined_on_most_draws_has_no_interval()
    {
        Assert.Null(CountIntervals.Of([[10, 0], [5, 0]], [m => ClassificationMetrics.PerClass(["no", "yes"], m)[1].Precision])[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => CountIntervals.Of(Matrix, [], repeats: 0));
    }

    /// <summary>A number of 0 to 1 that moves evenly gives every count as often as the binomial formula says.</summary>
    [Theory]
    [InlineData(10, 0.3)]
    [InlineData(400, 0.02)]
    [InlineData(250_000, 0.9)]
    public void Counts_are_drawn_as_the_binomial_distribution_says(int n, double share)
    {
        const int draws = 20_000;
        int[] found = [.. Enumerable.Range(0, draws).Select(i => CountIntervals.Binomial(n, share, (i + 0.5) / draws))];
        Assert.InRange(found.Min(), 0, n);
        Assert.InRange(found.Max(), 0, n);
        var mean = found.Average(c => (double)c);
        var deviation = Math.Sqrt(found.Average(c => (c - mean) * (c - mean)));
        Assert.Equal(n * share, mean, 0.01 * Math.Sqrt(n));
        Assert.Equal(Math.Sqrt(n * share * (1 - share)), deviation, 0.01 * Math.Sqrt(n));
        if (n == 10) Assert.Equal(0.2668279, found.Count(c => c == 3) / (double)draws, 1e-3);
        Assert.Equal((0, n), (CountIntervals.Binomial(n, 0, 0.4), CountIntervals.Binomial(n, 1, 0.4)));
    }
}
