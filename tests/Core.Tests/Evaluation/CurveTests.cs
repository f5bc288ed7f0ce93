using System.Text.Json;
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
            Assert.Equal(pair[1].GetDouble(), NormalDistribution.Quantile(pair[0].GetDouble()), 1e-9);
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
