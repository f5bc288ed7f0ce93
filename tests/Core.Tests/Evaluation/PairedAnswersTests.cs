using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

public sealed class PairedAnswersTests
{
    /// <summary>Expected/mcnemar.py makes them with scipy.</summary>
    [Fact]
    public void McNemars_exact_p_is_that_of_scipy()
    {
        foreach (var pair in Samples.Expected("Evaluation", "mcnemar.json").EnumerateArray())
        {
            var (first, other, p) = (pair.GetProperty("first").GetInt32(), pair.GetProperty("other").GetInt32(), pair.GetProperty("p").GetDouble());
            // scipy knows some of these p to ten digits only; both are far below what anyone reads.
            Assert.Equal(1, PairedAnswers.EvenOdds(first, other) / p, 1e-9);
        }
        Assert.Equal(1, PairedAnswers.EvenOdds(0, 0));
    }

    [Fact]
    public void Rows_are_counted_by_who_has_them_right()
    {
        var found = PairedAnswers.Classes([0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 0, 2], [0, 1, 1, 0, 2, 0]);
        Assert.Equal(new RightAnswers(2, 2, 1, 1, 1), found);
    }

    [Fact]
    public void The_closer_number_is_nearer_to_the_truth_on_either_side()
    {
        var found = PairedAnswers.Numbers([10, 10, 10, 10], [9, 13, 10, 12], [12, 9, 11, 8]);
        Assert.Equal(new CloserAnswers(2, 1, 1, 1), found);
    }

    [Fact]
    public void Answers_of_other_rows_are_refused()
    {
        Assert.Contains("Found 1 and 2 answers, expected 2", Assert.Throws<ArgumentException>(() => PairedAnswers.Classes([0, 1], [0], [0, 1])).Message);
    }

    /// <summary>Worked example: 250 draws, so the smallest p is 1 / 250; 5 of 250 beyond 0 make 2 · 5 / 250.</summary>
    [Fact]
    public void The_bootstraps_p_counts_both_tails_and_a_draw_without_a_difference_for_both()
    {
        Assert.Equal(1.0 / 250, PairedBootstrap.P([.. Enumerable.Repeat(0.1, 250)]));
        Assert.Equal(0.04, PairedBootstrap.P([.. Enumerable.Range(0, 250).Select(i => i < 5 ? -0.1 : 0.1)]), 1e-12);
        Assert.Equal(0.04, PairedBootstrap.P([.. Enumerable.Range(0, 250).Select(i => i < 5 ? 0.1 : -0.1)]), 1e-12);
        Assert.Equal(1, PairedBootstrap.P(new double[250]));
    }

    [Fact]
    public void Gains_are_losses_the_other_way_round_and_say_who_is_better_beyond_chance()
    {
        float[] labels = [.. Enumerable.Range(0, 1_000).Select(i => (float)(i % 2))];
        var bootstrap = new PairedBootstrap(LearningTask.Binary, 2, [JudgedFold.Of(labels)], 1);
        foreach (var metric in (Metric[])[Metric.Accuracy, Metric.LogLoss])
        {
            var gains = bootstrap.Gains(metric, [Answers(800)], [[Answers(830)], [Answers(770)], [Answers(800)]]);
            var loss = bootstrap.Loss(metric, [Answers(800)], [Answers(830)])!;
            Assert.Equal(-loss.High, gains[0]!.Interval.Low, 1e-12);
            Assert.Equal(-loss.Low, gains[0]!.Interval.High, 1e-12);
            Assert.Equal(new PairedGain(gains[0]!.Interval, 1.0 / PairedBootstrap.Draws), gains[0]);
            Assert.True(gains[1]!.Interval.High < 0 && gains[1]!.IsDistinguishable, metric.Name);
            Assert.Equal(new PairedGain(new MetricInterval(0, 0), 1), gains[2]);
        }

        double[] Answers(int right) => [.. labels.SelectMany((label, i) => (i * 7 % labels.Length < right ? label : 1 - label) is 1 ? (double[])[0.1, 0.9] : [0.9, 0.1])];
    }
}
