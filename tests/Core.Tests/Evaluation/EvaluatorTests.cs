using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

public class EvaluatorTests
{
    public static TheoryData<string> ClassificationCases => [.. Cases("classification")];
    public static TheoryData<string> RegressionCases => [.. Cases("regression")];

    [Theory]
    [MemberData(nameof(ClassificationCases))]
    public void Figures_for_classes_agree_with_scikit_learn(string name)
    {
        var expected = Case("classification", name);
        var classes = expected.GetProperty("classes").Strings();
        var report = Evaluator.Classification(classes, Truth(expected), expected.GetProperty("probabilities").Doubles());

        Assert.Equal(classes.Length == 2 ? LearningTask.Binary : LearningTask.Multiclass, report.Task);
        Assert.Equal(Metric.For(report.Task).Select(m => m.Id).Order(), report.Metrics.Keys.Order());
        Assert.Equal(expected.GetProperty("accuracy").GetDouble(), report.Metrics["accuracy-score"]!.Value, 1e-12);
        Assert.Equal(expected.GetProperty("balancedAccuracy").GetDouble(), report.Metrics["balanced-accuracy-score"]!.Value, 1e-12);
        Assert.Equal(expected.GetProperty("f1").GetDouble(), report.Metrics["f1-score"]!.Value, 1e-12);
        Assert.Equal(expected.GetProperty("auc").GetDouble(), report.Metrics["auc-score"]!.Value, 1e-12);
        Assert.Equal(expected.GetProperty("logLoss").GetDouble(), report.Metrics["log-loss"]!.Value, 1e-9);
        Assert.Equal(expected.GetProperty("mcc").GetDouble(), report.Metrics["mcc-score"]!.Value, 1e-12);
        AssertFigure(expected, "averagePrecision", report, "average-precision-score");
        AssertFigure(expected, "brier", report, "brier-loss");
        AssertFigure(expected, "weightedF1", report, "weighted-f1-score");
        AssertFigure(expected, "topThree", report, "top-3-accuracy-score");

        var details = report.Classification!;
        Assert.Equal(expected.GetProperty("confusion").EnumerateArray().Select(row => row.Doubles()), details.Confusion.Select(row => row.Select(n => (double)n).ToArray()));
        Assert.Equal(expected.GetProperty("precision").Doubles(), details.PerClass.Select(c => c.Precision ?? 0), new Near(1e-12));
        Assert.Equal(expected.GetProperty("recall").Doubles(), details.PerClass.Select(c => c.Recall ?? 0), new Near(1e-12));
        Assert.Equal(expected.GetProperty("f1PerClass").Doubles(), details.PerClass.Select(c => c.F1), new Near(1e-12));
        Assert.Equal(expected.GetProperty("support").Doubles(), details.PerClass.Select(c => (double)c.Support));
    }

    [Theory]
    [MemberData(nameof(ClassificationCases))]
    public void Curves_agree_with_scikit_learn_point_by_point(string name)
    {
        var expected = Case("classification", name);
        var details = Evaluator.Classification(expected.GetProperty("classes").Strings(), Truth(expected), expected.GetProperty("probabilities").Doubles()).Classification!;
        var curves = expected.GetProperty("curves").EnumerateArray().Where(c => c.ValueKind == JsonValueKind.Object).ToArray();
        Assert.Equal(curves.Length, details.Roc.Count);
        Assert.Equal(curves.Length, details.PrecisionRecall.Count);
        for (var c = 0; c < curves.Length; c++)
        {
            Assert.Equal(curves[c].GetProperty("auc").GetDouble(), details.Roc[c].Auc, 1e-12);
            Assert.Equal(curves[c].GetProperty("fpr").Doubles(), details.Roc[c].FalsePositiveRate, new Near(1e-12));
            Assert.Equal(curves[c].GetProperty("tpr").Doubles(), details.Roc[c].TruePositiveRate, new Near(1e-12));
            Assert.Equal(curves[c].GetProperty("averagePrecision").GetDouble(), details.PrecisionRecall[c].AveragePrecision, 1e-12);
            Assert.Equal(curves[c].GetProperty("recall").Doubles(), details.PrecisionRecall[c].Recall, new Near(1e-12));
            Assert.Equal(curves[c].GetProperty("precision").Doubles(), details.PrecisionRecall[c].Precision, new Near(1e-12));
        }
    }

    [Theory]
    [MemberData(nameof(RegressionCases))]
    public void Figures_for_numbers_agree_with_scikit_learn(string name)
    {
        var expected = Case("regression", name);
        var actual = expected.GetProperty("actual").Doubles();
        var report = Evaluator.Regression(actual, expected.GetProperty("predicted").Doubles());
        Assert.Equal(Metric.For(LearningTask.Regression).Select(m => m.Id).Order(), report.Metrics.Keys.Order());
        Assert.Equal(expected.GetProperty("rSquared").GetDouble(), report.Metrics["r-squared-score"]!.Value, 1e-12);
        Assert.Equal(expected.GetProperty("rmse").GetDouble(), report.Metrics["rmse-error"]!.Value, 1e-7);
        Assert.Equal(expected.GetProperty("mae").GetDouble(), report.Metrics["mae-error"]!.Value, 1e-7);
        Assert.Equal(expected.GetProperty("medianError").GetDouble(), report.Metrics["median-absolute-error"]!.Value, 1e-7);
        AssertFigure(expected, "mape", report, "mape-error");
        Assert.Equal(actual, report.Regression!.Actual);
        Assert.Equal(actual.Length, report.Regression.ResidualCounts.Sum());
        Assert.Equal(report.Regression.ResidualCounts.Count + 1, report.Regression.ResidualEdges.Count);
    }

    [Fact]
    public void Residuals_are_counted_in_the_bins_they_fall_in()
    {
        // 25 residuals give 5 bins: 0, 1, … 24 in bins of width 4.8, the last edge included.
        var actual = Enumerable.Range(0, 25).Select(i => (double)i).ToArray();
        var report = Evaluator.Regression(actual, new double[25]).Regression!;
        Assert.Equal([0, 4.8, 9.6, 14.4, 19.2, 24], report.ResidualEdges, new Near(1e-12));
        Assert.Equal([5, 5, 5, 5, 5], report.ResidualCounts);
    }

    [Fact]
    public void With_one_class_the_area_is_undefined_and_there_is_no_curve()
    {
        var report = Evaluator.Classification(["no", "yes"], [1, 1], [0.2, 0.8, 0.6, 0.4]);
        Assert.Null(report.Metrics["auc-score"]);
        Assert.Null(report.Metrics["average-precision-score"]);
        Assert.Empty(report.Classification!.Roc);
        Assert.Empty(report.Classification.PrecisionRecall);
        Assert.Null(report.Classification.PerClass[0].Recall);
        Assert.Equal(0.5, report.Metrics["balanced-accuracy-score"]);
    }

    [Fact]
    public void R_squared_of_a_constant_target_is_undefined() =>
        Assert.Null(Evaluator.Regression([0.1, 0.1, 0.1], [1, 2, 3]).Metrics["r-squared-score"]);

    [Fact]
    public void A_tie_between_classes_goes_to_the_first() =>
        Assert.Equal([0, 1, 0], ClassificationMetrics.PredictedClasses([0.5, 0.5, 0, 0.2, 0.4, 0.4, 0.4, 0.2, 0.4], 3));

    [Fact]
    public void Long_curves_are_thinned_but_keep_both_ends_and_the_exact_figures()
    {
        var random = new Random(5);
        var truth = Enumerable.Range(0, 20_000).Select(_ => random.Next(2)).ToArray();
        var scores = truth.Select(t => Math.Clamp(random.NextDouble() * 0.8 + 0.2 * t, 0, 1)).ToArray();
        var report = Evaluator.Classification(["no", "yes"], truth, [.. scores.SelectMany(s => new[] { 1 - s, s })]);
        var roc = Assert.Single(report.Classification!.Roc);
        Assert.Equal(500, roc.FalsePositiveRate.Count);
        Assert.Equal((0, 0, 1, 1), (roc.FalsePositiveRate[0], roc.TruePositiveRate[0], roc.FalsePositiveRate[^1], roc.TruePositiveRate[^1]));
        Assert.Equal(roc.FalsePositiveRate.Order(), roc.FalsePositiveRate);
        Assert.Equal(report.Metrics["auc-score"], roc.Auc);
        var area = Enumerable.Range(1, 499).Sum(i => (roc.FalsePositiveRate[i] - roc.FalsePositiveRate[i - 1]) * (roc.TruePositiveRate[i] + roc.TruePositiveRate[i - 1]) / 2);
        Assert.Equal(roc.Auc, area, 1e-3);
        var precisionRecall = Assert.Single(report.Classification.PrecisionRecall);
        Assert.Equal((500, 0, 1), (precisionRecall.Recall.Count, precisionRecall.Recall[0], precisionRecall.Recall[^1]));
        Assert.Equal(precisionRecall.PositiveShare, precisionRecall.Precision[^1], 1e-12);
    }

    [Fact]
    public void At_most_five_thousand_rows_are_shown_and_the_pairs_stay_together()
    {
        var actual = Enumerable.Range(0, 12_000).Select(i => (double)i).ToArray();
        var report = Evaluator.Regression(actual, [.. actual.Select(a => a + 0.25)]).Regression!;
        Assert.Equal(5_000, report.Actual.Count);
        Assert.All(report.Actual.Zip(report.Predicted), pair => Assert.Equal(pair.First + 0.25, pair.Second));
        Assert.Equal(12_000, report.ResidualCounts.Sum());
    }

    [Fact]
    public void Wrong_sizes_classes_and_probabilities_are_refused_with_the_place()
    {
        Assert.Throws<ArgumentException>(() => Evaluator.Classification(["a", "b"], [0], [1.0]));
        Assert.Throws<ArgumentException>(() => Evaluator.Classification(["a", "b"], [], []));
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => Evaluator.Classification(["a", "b"], [0, 2], [1, 0, 1, 0])).Message);
        Assert.Contains("Row 1, class 'b'", Assert.Throws<ArgumentException>(() => Evaluator.Classification(["a", "b"], [0, 1], [1, 0, 1, double.NaN])).Message);
        Assert.Throws<ArgumentException>(() => Evaluator.Regression([1, 2], [1]));
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => Evaluator.Regression([1, 2], [1, double.PositiveInfinity])).Message);
    }

    [Fact]
    public void Figures_alone_are_those_of_the_whole_report()
    {
        var (whole, figures) = (Evaluator.Classification(["a", "b"], [0, 1, 1], [0.8, 0.2, 0.6, 0.4, 0.1, 0.9]), Evaluator.Classification(["a", "b"], [0, 1, 1], [0.8, 0.2, 0.6, 0.4, 0.1, 0.9], figuresOnly: true));
        Assert.Equal(whole.Metrics, figures.Metrics);
        Assert.Null(figures.Classification);
        Assert.Null(Evaluator.Regression([1, 2], [1, 3], figuresOnly: true).Regression);
        Assert.Throws<ArgumentException>(() => Evaluator.Classification(["a", "b"], [0], [1, double.NaN], figuresOnly: true));
    }

    [Fact]
    public void A_report_survives_JSON()
    {
        var report = Evaluator.Classification(["no", "yes"], [1, 0, 1], [0.2, 0.8, 0.6, 0.4, 0.5, 0.5]);
        var json = JsonSerializer.Serialize(report, CoreJson.Options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<EvaluationReport>(json, CoreJson.Options), CoreJson.Options));
        Assert.Contains("\"task\":\"binary\"", json);
    }

    [Fact]
    public void A_report_from_before_there_were_intervals_can_be_read()
    {
        const string json = """{"task":"regression","rowCount":2,"metrics":{"mae-error":1},"classification":null,"regression":{"actual":[1,2],"predicted":[2,3],"residualEdges":[-1.5,-0.5],"residualCounts":[2]}}""";
        Assert.Null(JsonSerializer.Deserialize<EvaluationReport>(json, CoreJson.Options)!.Intervals);
    }

    [Fact]
    public void The_final_report_sees_exactly_the_locked_rows()
    {
        var table = Samples.Read("iris.csv");
        var split = Splitter.Split(table, "species", new SplitPlan());
        Table? seen = null;
        var report = FinalReport.Evaluate(split.Test, rows =>
        {
            seen = rows;
            var lengths = ((NumericColumn)rows["sepal_length"]).Values;
            return Evaluator.Regression(lengths, lengths);
        });
        Assert.Equal(30, report.RowCount);
        Assert.Equal(table.Take(split.Test.Positions).LineNumbers.ToArray(), seen!.LineNumbers.ToArray());
    }

    private static void AssertFigure(JsonElement expected, string name, EvaluationReport report, string metricId)
    {
        double? figure = expected.GetProperty(name).ValueKind == JsonValueKind.Null ? null : expected.GetProperty(name).GetDouble();
        var found = report.Metrics.GetValueOrDefault(metricId);
        Assert.Equal(figure is null, found is null);
        if (figure is { } number) Assert.Equal(number, found!.Value, 1e-12);
    }

    private static IEnumerable<string> Cases(string kind) =>
        Samples.Expected("Evaluation", "metrics.json").GetProperty(kind).EnumerateArray().Select(c => c.GetProperty("name").GetString()!);

    private static JsonElement Case(string kind, string name) =>
        Samples.Expected("Evaluation", "metrics.json").GetProperty(kind).EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);

    private static int[] Truth(JsonElement expected) => [.. expected.GetProperty("truth").EnumerateArray().Select(e => e.GetInt32())];
}
