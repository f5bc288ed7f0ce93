using System.Text.Json;
using MathNet.Numerics.Distributions;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Tests.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

/// <summary>Curves of a report against those of scikit-learn and scipy; Expected/curves.py makes them.</summary>
public class CurveTests
{
    public static TheoryData<string> BinaryCases => [.. Names("binary")];
    public static TheoryData<string> RegressionCases => [.. Names("regression")];

    [Theory]
    [MemberData(nameof(BinaryCases))]
    public void Calibration_agrees_with_scikit_learn(string name) =>
        AssertCalibration(Case("binary", name), Binary(Case("binary", name)).Calibration!, "yes");

    [Fact]
    public void Several_classes_are_calibrated_by_the_one_that_is_predicted()
    {
        var expected = Case("multiclass", "four classes");
        var report = Evaluator.Classification(["a", "b", "c", "d"], Truth(expected), expected.GetProperty("probabilities").Doubles()).Classification!;
        AssertCalibration(expected, report.Calibration!, null);
        Assert.Null(report.Scores);
        Assert.Null(report.Thresholds);
    }

    [Theory]
    [MemberData(nameof(BinaryCases))]
    public void Gains_and_counts_at_a_threshold_agree_with_scikit_learn(string name)
    {
        var expected = Case("binary", name);
        var report = Binary(expected);
        var gain = Assert.Single(GainCurve.Of(report));
        var thresholds = report.Thresholds!;
        foreach (var at in expected.GetProperty("at").EnumerateArray())
        {
            var found = at.GetProperty("foundShare").GetDouble();
            Assert.Equal(found, gain.FoundAt(at.GetProperty("rowShare").GetDouble()), 1e-12);
            Assert.Contains(gain.Lift.OfType<double>(), lift => Math.Abs(lift - (found / at.GetProperty("rowShare").GetDouble())) < 1e-9);
            var i = thresholds.Threshold.ToList().IndexOf(at.GetProperty("threshold").GetDouble());
            Assert.Equal((at.GetProperty("tp").GetInt32(), at.GetProperty("fp").GetInt32()), (thresholds.TruePositives[i], thresholds.FalsePositives[i]));
        }
        Assert.Equal((0, 0), (thresholds.TruePositives[0], thresholds.FalsePositives[0]));
        Assert.Equal((thresholds.Positives, thresholds.Negatives), (thresholds.TruePositives[^1], thresholds.FalsePositives[^1]));
        Assert.Equal((report.Confusion[1][1], report.Confusion[0][1]), (thresholds.TruePositives[thresholds.Own], thresholds.FalsePositives[thresholds.Own]));
    }

    [Theory]
    [MemberData(nameof(BinaryCases))]
    public void Figures_at_a_threshold_and_the_best_one_by_F1_agree_with_scikit_learn(string name)
    {
        var expected = Case("binary", name);
        var counts = Binary(expected).Thresholds!;
        foreach (var at in expected.GetProperty("at").EnumerateArray())
        {
            var found = ThresholdExplorer.At(counts, ThresholdExplorer.IndexOf(counts, at.GetProperty("threshold").GetDouble()));
            Assert.Equal((at.GetProperty("fn").GetInt32(), at.GetProperty("tn").GetInt32()), (found.FalseNegatives, found.TrueNegatives));
            Assert.Equal(at.GetProperty("accuracy").GetDouble(), found.Accuracy, 1e-12);
            Assert.Equal(at.GetProperty("precision").GetDouble(), found.Precision!.Value, 1e-12);
            Assert.Equal(at.GetProperty("recall").GetDouble(), found.Recall!.Value, 1e-12);
            Assert.Equal(at.GetProperty("f1").GetDouble(), found.F1, 1e-12);
            Assert.Equal(at.GetProperty("mcc").GetDouble(), found.Mcc, 1e-12);
        }
        var best = ThresholdExplorer.At(counts, ThresholdExplorer.BestF1(counts));
        Assert.Equal(expected.GetProperty("bestF1").GetDouble(), best.F1, 1e-12);
        Assert.Equal(expected.GetProperty("bestThreshold").GetDouble(), best.Threshold);
    }

    /// <summary>Worked example: probabilities 0.9 (yes), 0.6 (no), 0.4 (yes), 0.2 (no).</summary>
    [Fact]
    public void Costs_decide_where_the_line_is_drawn()
    {
        var counts = Evaluator.Classification(["no", "yes"], [1, 0, 1, 0], [0.1, 0.9, 0.4, 0.6, 0.6, 0.4, 0.8, 0.2]).Classification!.Thresholds!;
        Assert.Equal(0.6, At(null).Threshold);
        Assert.Equal((1, 1, 1, 1), At(null) is var own ? (own.TruePositives, own.FalsePositives, own.FalseNegatives, own.TrueNegatives) : default);
        // A missed one costs ten alarms: both are to be found, for one alarm.
        Assert.Equal(0.4, Least(new DecisionCosts(1, 10)).Threshold);
        Assert.Equal(1, new DecisionCosts(1, 10).Of(Least(new DecisionCosts(1, 10))));
        // An alarm costs ten missed ones: only what is certain.
        Assert.Equal(0.9, Least(new DecisionCosts(10, 1)).Threshold);
        // Each one that is found brings 3, which an alarm of 2 is worth.
        Assert.Equal(2 - 6, new DecisionCosts(2, 0, 3).Of(Least(new DecisionCosts(2, 0, 3))));
        // Nothing is worth an alarm.
        Assert.Equal((0, 0), Least(new DecisionCosts(10, 0)) is var none ? (none.TruePositives, none.FalsePositives) : default);
        Assert.Null(At(1).Precision);
        // Between two probabilities the decisions are those of the one above.
        Assert.Equal(0.6, At(0.5).Threshold);
        Assert.Equal(0.2, At(-1).Threshold);
        Assert.True(At(5).Threshold > 0.9);

        ThresholdFigures At(double? threshold) => ThresholdExplorer.At(counts, ThresholdExplorer.IndexOf(counts, threshold));
        ThresholdFigures Least(DecisionCosts costs) => ThresholdExplorer.At(counts, ThresholdExplorer.LeastCost(counts, costs));
    }

    [Fact]
    public void Many_thresholds_are_thinned_and_the_models_own_is_kept()
    {
        var random = new Random(5);
        var truth = Enumerable.Range(0, 20_000).Select(_ => random.Next(2)).ToArray();
        double[] scores = [.. truth.Select(t => (random.NextDouble() * 0.8) + (0.2 * t))];
        var report = Evaluator.Classification(["no", "yes"], truth, [.. scores.SelectMany(s => new[] { 1 - s, s })]).Classification!;
        var thresholds = report.Thresholds!;
        Assert.InRange(thresholds.Threshold.Count, 499, 500);
        Assert.Equal(report.Confusion[1][1], thresholds.TruePositives[thresholds.Own]);
        Assert.Equal(thresholds.Threshold.OrderDescending(), thresholds.Threshold);
        Assert.Equal((thresholds.Positives, thresholds.Negatives), (thresholds.TruePositives[^1], thresholds.FalsePositives[^1]));
    }

    [Fact]
    public void Scores_are_counted_apart_for_either_class()
    {
        var report = Evaluator.Classification(["no", "yes"], [0, 0, 1, 1], [1, 0, 0.96, 0.04, 0.5, 0.5, 0, 1]).Classification!;
        Assert.Equal((2, 0), (report.Scores!.Negative[0], report.Scores.Positive[0]));
        Assert.Equal((1, 1), (report.Scores.Positive[10], report.Scores.Positive[19]));
        Assert.Equal(4, report.Scores.Negative.Sum() + report.Scores.Positive.Sum());
    }

    [Fact]
    public void With_one_class_there_are_no_thresholds_and_no_gains()
    {
        var report = Evaluator.Classification(["no", "yes"], [1, 1], [0.2, 0.8, 0.6, 0.4]).Classification!;
        Assert.Null(report.Thresholds);
        Assert.Empty(GainCurve.Of(report));
        Assert.NotNull(report.Calibration);
    }

    [Theory]
    [MemberData(nameof(RegressionCases))]
    public void Residual_quantiles_agree_with_scipy_and_errors_by_range_with_scikit_learn(string name)
    {
        var expected = Case("regression", name);
        var report = Evaluator.Regression(expected.GetProperty("actual").Doubles(), expected.GetProperty("predicted").Doubles()).Regression!;
        Assert.Equal(expected.GetProperty("normal").Doubles(), report.Quantiles!.Normal, new Near(1e-9));
        Assert.Equal(expected.GetProperty("residual").Doubles(), report.Quantiles.Residual, new Near(1e-12));
        Assert.Equal(expected.GetProperty("mean").GetDouble(), report.Quantiles.Mean, 1e-9);
        Assert.Equal(expected.GetProperty("deviation").GetDouble(), report.Quantiles.StandardDeviation, 1e-9);
        var ranges = expected.GetProperty("ranges").EnumerateArray().ToArray();
        Assert.Equal(ranges.Select(r => r.GetProperty("count").GetInt32()), report.ErrorByRange!.Select(r => r.Count));
        Assert.Equal(ranges.Select(r => r.GetProperty("mae").GetDouble()), report.ErrorByRange!.Select(r => r.MeanAbsoluteError), new Near(1e-9));
        Assert.Equal(ranges.Select(r => r.GetProperty("residual").GetDouble()), report.ErrorByRange!.Select(r => r.MeanResidual), new Near(1e-9));
        Assert.Equal(ranges.Select(r => r.GetProperty("from").GetDouble()), report.ErrorByRange!.Select(r => r.From));
        Assert.Equal(ranges.Select(r => r.GetProperty("to").GetDouble()), report.ErrorByRange!.Select(r => r.To));
    }

    [Fact]
    public void Normal_quantiles_agree_with_scipy()
    {
        foreach (var pair in Samples.Expected("Evaluation", "curves.json").GetProperty("normal").EnumerateArray())
            Assert.Equal(pair[1].GetDouble(), Normal.InvCDF(0, 1, pair[0].GetDouble()), 1e-9);
    }

    [Fact]
    public void Many_residuals_are_thinned_but_keep_both_ends()
    {
        var report = Evaluator.Regression([.. Enumerable.Range(0, 3_000).Select(i => (double)i)], new double[3_000]).Regression!.Quantiles!;
        Assert.Equal((500, 0.0, 2_999.0), (report.Residual.Count, report.Residual[0], report.Residual[^1]));
        Assert.Equal(-report.Normal[0], report.Normal[^1], 1e-9);
    }

    private static void AssertCalibration(JsonElement expected, CalibrationCurve found, string? className)
    {
        var curve = expected.GetProperty("calibration");
        Assert.Equal(className, found.Class);
        Assert.Equal(curve.GetProperty("predicted").Doubles(), found.Predicted, new Near(1e-12));
        Assert.Equal(curve.GetProperty("observed").Doubles(), found.Observed, new Near(1e-12));
        Assert.Equal(curve.GetProperty("counts").Doubles(), found.Counts.Select(c => (double)c));
        Assert.Equal(curve.GetProperty("expectedError").GetDouble(), found.ExpectedError, 1e-12);
        Assert.Equal(curve.GetProperty("histogram").Doubles(), found.Histogram.Select(c => (double)c));
    }

    private static ClassificationReport Binary(JsonElement expected) =>
        Evaluator.Classification(["no", "yes"], Truth(expected), [.. expected.GetProperty("p").Doubles().SelectMany(p => new[] { 1 - p, p })]).Classification!;

    private static int[] Truth(JsonElement expected) => [.. expected.GetProperty("truth").EnumerateArray().Select(e => e.GetInt32())];

    private static IEnumerable<string> Names(string kind) =>
        Samples.Expected("Evaluation", "curves.json").GetProperty(kind).EnumerateArray().Select(c => c.GetProperty("name").GetString()!);

    private static JsonElement Case(string kind, string name) =>
        Samples.Expected("Evaluation", "curves.json").GetProperty(kind).EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
}
