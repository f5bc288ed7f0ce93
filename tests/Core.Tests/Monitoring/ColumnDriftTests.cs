using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Core.Profiling;
using Xunit;

namespace ModelWorkbench.Core.Tests.Monitoring;

public sealed class ColumnDriftTests
{
    private static LiveDistribution Fill(LiveDistribution live, params (double Value, int Count)[] values)
    {
        foreach (var (value, count) in values)
            for (var i = 0; i < count; i++) live.Add(value);
        return live;
    }

    [Fact]
    public void Figures_of_a_number_are_those_of_scipy()
    {
        var live = Fill(new LiveDistribution(new ValueDistribution([0, 1, 2, 3, 4], [100, 100, 100, 100, 100], 10)), (0, 30), (1, 50), (2, 20), (3, 60), (4, 40), (double.NaN, 5));
        var drift = ColumnDrift.Measure("x", live);
        // Expected/drift.py, by scipy 1.10: kstwobign, jensenshannon; PSI by its formula in numpy.
        Assert.Equal(DriftTest.KolmogorovSmirnov, drift.Test);
        Assert.Equal(0.09999999999999998, drift.Statistic, 1e-12);
        Assert.Equal(0.11484347826838838, drift.PValue!.Value, 1e-12);
        Assert.Equal(0.15417586818868234, drift.JensenShannon, 1e-12);
        Assert.Equal(0.13027795301959072, drift.Psi, 1e-12);
        Assert.Equal((205, 5 / 205.0, 10 / 510.0), (drift.RowCount, drift.MissingShare, drift.TrainingMissingShare));
        // An index above 0.1 that chance explains is no change.
        Assert.Equal(DriftLevel.Stable, drift.Level);
    }

    [Fact]
    public void Figures_of_choices_are_those_of_scipy_and_unseen_ones_count()
    {
        var live = new LiveDistribution(new ValueDistribution(null, [50, 30, 20], 0), ["a", "b", "c"]);
        foreach (var (text, count) in new[] { ("a", 20), ("b", 40), ("c", 30), ("d", 10) })
            for (var i = 0; i < count; i++) live.Add(text);
        var drift = ColumnDrift.Measure("x", live);
        // Expected/drift.py: chi2_contingency without correction.
        Assert.Equal(DriftTest.ChiSquared, drift.Test);
        Assert.Equal(26.285714285714285, drift.Statistic, 1e-9);
        Assert.Equal(8.309940301933516e-06, drift.PValue!.Value, 1e-12);
        Assert.Equal(0.1, drift.UnseenShare, 1e-12);
        Assert.Equal(DriftLevel.Strong, drift.Level);
    }

    [Fact]
    public void The_same_values_are_stable_and_moved_ones_a_strong_change()
    {
        var random = new Random(1);
        double[] training = [.. Enumerable.Range(0, 5_000).Select(_ => random.NextDouble())];
        var kept = ValueDistribution.OfNumbers(training);
        Assert.Equal(10, kept.Counts.Count);
        Assert.All(kept.Counts, c => Assert.InRange(c, 490, 510));
        foreach (var (shift, level) in new[] { (0.0, DriftLevel.Stable), (0.4, DriftLevel.Strong) })
        {
            var live = new LiveDistribution(kept, null, training.Min(), training.Max());
            for (var i = 0; i < 1_000; i++) live.Add(random.NextDouble() + shift);
            var drift = ColumnDrift.Measure("x", live);
            Assert.Equal(level, drift.Level);
            Assert.Equal(shift > 0, drift.OutsideShare > 0.3);
        }
        Assert.Equal(DriftLevel.TooFewRows, ColumnDrift.Measure("x", Fill(new LiveDistribution(kept), (5, 49))).Level);
    }

    [Fact]
    public void A_column_that_is_not_sent_any_more_is_a_strong_change()
    {
        var drift = ColumnDrift.Measure("x", Fill(new LiveDistribution(ValueDistribution.OfNumbers([.. Enumerable.Range(0, 100).Select(i => (double)i)])), (double.NaN, 60)));
        Assert.Null(drift.PValue);
        Assert.Equal(DriftLevel.Strong, drift.Level);
    }

    [Fact]
    public void A_value_that_fills_most_of_a_column_has_a_bin_of_its_own()
    {
        var kept = ValueDistribution.OfNumbers([.. Enumerable.Repeat(0.0, 95), 1, 2, 3, double.NaN, double.NaN]);
        Assert.Equal([0, 1], kept.LowerBounds!);
        Assert.Equal([95, 3], kept.Counts);
        Assert.Equal(2, kept.Missing);
        Assert.Equal([0, 1, 0, 1], new[] { -5.0, 1, 0.5, 7 }.Select(kept.BinOf));
        Assert.Empty(ValueDistribution.OfNumbers([double.NaN]).Counts);
        Assert.Equal([7], ValueDistribution.OfNumbers([7, 7]).LowerBounds!);
    }

    [Fact]
    public void A_signature_keeps_how_the_training_values_were_spread()
    {
        var table = new Table([new NumericColumn("n", [1, 2, 3, double.NaN]), DictionaryColumn.FromTexts("c", ColumnKind.Category, ["x", "y", "y", null]), DictionaryColumn.FromTexts("t", ColumnKind.Text, ["p q", "r s", "t", null])]);
        var inputs = Signature.Describe(table, new HashSet<string> { "n", "c", "t" }).Inputs;
        Assert.Equal([1, 2, 3], inputs[0].Training!.LowerBounds!);
        Assert.Equal([1, 1, 1], inputs[0].Training!.Counts);
        Assert.Equal(["y", "x"], inputs[1].Choices!);
        Assert.Equal([2, 1], inputs[1].Training!.Counts);
        Assert.Equal((1, 1), (inputs[0].Training!.Missing, inputs[1].Training!.Missing));
        Assert.Null(inputs[2].Training);
    }

    [Fact]
    public void A_quantile_of_latencies_is_off_by_three_percent_at_most()
    {
        var counts = new int[LatencyHistogram.BinCount];
        for (var i = 1; i <= 1_000; i++) counts[LatencyHistogram.BinOf(i * 10)]++;
        foreach (var share in new[] { 0.5, 0.95, 0.99 }) Assert.InRange(LatencyHistogram.Quantile(counts, share) / (share * 10_000), 0.97, 1.03);
        Assert.True(double.IsNaN(LatencyHistogram.Quantile(new int[LatencyHistogram.BinCount], 0.5)));
    }
}
