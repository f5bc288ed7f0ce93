using ModelWorkbench.Core.Models;
using Xunit;

namespace ModelWorkbench.Core.Tests.Models;

public sealed class PredictionIntervalTests
{
    [Fact]
    public void The_half_width_is_the_conformal_quantile_of_the_residuals()
    {
        // Residuals 1 to 99: of 99 the quantile (99 + 1) · 0.9 is the 90th.
        double[] answers = [.. Enumerable.Range(1, 99).Select(i => 1000.0 + i % 7)];
        float[] truths = [.. Enumerable.Range(1, 99).Select(i => 1000f + i % 7 + (i % 2 == 0 ? i : -i))];
        var interval = PredictionInterval.Measure(answers, truths).Single(i => i.Level == 0.9);
        Assert.Equal((90, false), (interval.HalfWidth, interval.IsRelative));
        Assert.Equal((910.0, 1090.0), interval.Around(1000));
        Assert.InRange(interval.Coverage, 0.85, 0.95);
    }

    /// <summary>scikit-learn 1.2.1: mean_pinball_loss([1, 2, 3], [0, 2.5, 5], alpha=0.1) and alpha=0.9.</summary>
    [Fact]
    public void The_pinball_loss_is_scikit_learns()
    {
        (double Truth, double Predicted)[] rows = [(1, 0), (2, 2.5), (3, 5)];
        Assert.Equal(0.7833333333333333, rows.Average(r => PredictionInterval.PinballLoss(r.Truth, r.Predicted, 0.1)), 1e-12);
        Assert.Equal(0.3833333333333333, rows.Average(r => PredictionInterval.PinballLoss(r.Truth, r.Predicted, 0.9)), 1e-12);
    }

    [Fact]
    public void The_pinball_loss_of_an_interval_is_near_that_of_the_true_quantiles()
    {
        // Errors even between -1 and 1: the quantile q is 2q - 1, and its loss q (1 - q).
        var random = new Random(3);
        double[] answers = [.. Enumerable.Range(0, 4000).Select(_ => 10 * random.NextDouble())];
        float[] truths = [.. answers.Select(a => (float)(a + (2 * random.NextDouble()) - 1))];
        foreach (var interval in PredictionInterval.Measure(answers, truths))
            Assert.Equal((1 - interval.Level) / 2 * (1 + interval.Level) / 2, interval.Pinball!.Value, 0.004);
    }

    [Fact]
    public void Where_errors_grow_with_the_answer_the_width_does_too()
    {
        var random = new Random(1);
        double[] answers = [.. Enumerable.Range(0, 2000).Select(_ => Math.Exp(random.NextDouble() * 6))];
        float[] truths = [.. answers.Select(a => (float)(a * (1 + 0.2 * (random.NextDouble() - 0.5))))];
        var interval = PredictionInterval.Measure(answers, truths).Single(i => i.Level == 0.8);
        Assert.True(interval.IsRelative);
        // Errors are even between -10 % and 10 %.
        Assert.Equal(0.08, interval.HalfWidth, 0.003);
        Assert.Equal(0.8, interval.Coverage, 0.03);
    }

    [Fact]
    public void New_rows_are_covered_as_often_as_the_level_says()
    {
        var random = new Random(2);
        double Gauss() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        double[] answers = [.. Enumerable.Range(0, 4000).Select(_ => Gauss())];
        float[] truths = [.. answers.Select(a => (float)(a + Gauss()))];
        foreach (var interval in PredictionInterval.Measure(answers.AsSpan(0, 2000), truths.AsSpan(0, 2000)))
        {
            var covered = Enumerable.Range(2000, 2000).Count(i => truths[i] >= interval.Around(answers[i]).Low && truths[i] <= interval.Around(answers[i]).High) / 2000.0;
            Assert.InRange(covered, interval.Level - 0.03, interval.Level + 0.03);
            Assert.InRange(interval.Coverage, interval.Level - 0.03, interval.Level + 0.03);
        }
    }

    [Fact]
    public void Of_a_few_rows_nothing_is_concluded() => Assert.Empty(PredictionInterval.Measure(new double[39], new float[39]));

    [Fact]
    public void The_calibration_error_is_the_mean_distance_of_what_was_said_and_what_came_true()
    {
        // Worked by hand: ten answers of 0.75, of which 5 are right: |0.75 - 0.5| = 0.25; ten of 0.95, all right: 0.05. The mean is 0.15.
        double[] probabilities = [.. Enumerable.Range(0, 20).SelectMany(i => i < 10 ? new[] { 0.75, 0.25 } : [0.05, 0.95])];
        float[] truths = [.. Enumerable.Range(0, 20).Select(i => i < 10 ? i % 2 : 1f)];
        Assert.Equal(0.15, MeasuredCalibration.Measure(probabilities, truths)!.Error, 1e-12);
    }
}
