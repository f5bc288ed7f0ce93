using Bunit;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Evaluation.Parts;
using ModelWorkbench.Workbench.Plots;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Evaluation;

public class EvaluationPartTests : PartTest
{
    private const string Hostile = "<script>alert(1)</script>";

    [Fact]
    public void Every_metric_of_the_task_has_a_tile_with_its_value_meaning_and_direction()
    {
        var tiles = Render<MetricTiles>(p => p.Add(x => x.Report, Binary(accuracy: 0.9, logLoss: null)));
        Assert.Equal(Metric.For(LearningTask.Binary).Count(), tiles.FindAll(".tile").Count);
        var accuracy = tiles.FindAll(".tile")[0];
        Assert.Contains("Accuracy", accuracy.QuerySelector("dt")!.TextContent);
        Assert.Contains(Metric.Accuracy.Meaning, accuracy.QuerySelector("button")!.GetAttribute("aria-label"));
        Assert.Equal("0.9000", accuracy.QuerySelector(".value")!.TextContent.Trim());
        Assert.Contains("higher is better", accuracy.TextContent);
        var logLoss = Tile(tiles, "Log loss");
        Assert.Contains("lower is better", logLoss.TextContent);
        Assert.Contains("undefined", logLoss.TextContent);
    }

    [Fact]
    public void Beside_another_report_each_metric_says_which_is_better_by_its_own_direction()
    {
        var tiles = Render<MetricTiles>(p => p.Add(x => x.Report, Binary(0.9, 0.3)).Add(x => x.Compared, Binary(0.8, 0.5)).Add(x => x.ComparedName, "Champion"));
        Assert.Contains("Champion 0.8000", tiles.FindAll(".tile")[0].TextContent);
        Assert.Equal("▲ 0.1000 better", tiles.FindAll(".tile")[0].QuerySelector(".verdict")!.TextContent.Trim());
        Assert.Equal("▼ 0.2000 better", Tile(tiles, "Log loss").QuerySelector(".verdict")!.TextContent.Trim());
        var worse = Render<MetricTiles>(p => p.Add(x => x.Report, Binary(0.8, 0.5)).Add(x => x.Compared, Binary(0.9, null)));
        Assert.Equal("▼ 0.1000 worse", worse.FindAll(".tile")[0].QuerySelector(".verdict")!.TextContent.Trim());
        Assert.Null(Tile(worse, "Log loss").QuerySelector(".verdict"));
    }

    [Fact]
    public void A_figure_has_its_interval_below_and_the_method_in_its_explanation()
    {
        var report = Binary(0.9, 0.3) with { Intervals = new Dictionary<string, MetricInterval> { [Metric.Accuracy.Id] = new(0.85, 0.95) } };
        var tiles = Render<MetricTiles>(p => p.Add(x => x.Report, report));
        Assert.Contains("0.8500 to 0.9500", Tile(tiles, "Accuracy").QuerySelector(".interval")!.TextContent);
        Assert.Contains("bootstrap", Tile(tiles, "Accuracy").QuerySelector("button")!.GetAttribute("aria-label"));
        Assert.Null(Tile(tiles, "Log loss").QuerySelector(".interval"));
    }

    [Theory]
    [InlineData(0.1, 0.2, "Better than the baseline beyond chance")]
    [InlineData(-0.1, 0.2, "Not distinguishable from the baseline")]
    [InlineData(0, 0, "Not distinguishable from the baseline")]
    [InlineData(-0.2, -0.1, "Worse than the baseline beyond chance")]
    public void A_sentence_says_whether_the_baseline_is_beaten_beyond_chance(double low, double high, string expected) =>
        Assert.Contains(expected, Render<BaselineVerdict>(p => p.Add(x => x.Gain, new MetricInterval(low, high)).Add(x => x.Metric, Metric.Auc)).Markup);

    [Fact]
    public void Classes_have_a_matrix_curves_and_a_row_each_with_names_as_text()
    {
        var section = Render<ClassificationSection>(p => p.Add(x => x.Report, Classes()));
        Assert.Equal(["Confusion matrix", "ROC curve", "Precision and recall", "Cumulative gain", "Lift"], section.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
        Assert.Empty(section.FindAll("script"));
        var rows = section.FindAll("tbody tr");
        Assert.Equal(Hostile, rows[0].QuerySelector("th")!.TextContent);
        Assert.Equal(["–", "0.5000", "0.0000", "4"], rows[0].QuerySelectorAll("td").Select(d => d.TextContent));
    }

    [Fact]
    public void Without_curves_there_is_no_empty_plot()
    {
        var section = Render<ClassificationSection>(p => p.Add(x => x.Report, Classes() with { Roc = [], PrecisionRecall = [] }));
        Assert.Single(section.FindComponents<Plot>());
    }

    [Fact]
    public void A_report_that_knows_its_probabilities_shows_how_they_come_true_and_how_they_are_spread()
    {
        var report = Evaluator.Classification(["no", "yes"], [0, 1, 1, 0], [0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.7, 0.3]).Classification!;
        var section = Render<ClassificationSection>(p => p.Add(x => x.Report, report));
        Assert.Equal(["Confusion matrix", "ROC curve", "Precision and recall", "Cumulative gain", "Lift", "Calibration", "Probabilities by true class"],
            section.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
    }

    [Fact]
    public void The_matrix_can_be_switched_to_shares()
    {
        ConfusionCells? chosen = null;
        var section = Render<ClassificationSection>(p => p.Add(x => x.Report, Classes()).Add(x => x.CellsChanged, cells => chosen = cells));
        var before = section.FindComponents<Plot>()[0].Instance.Figure;
        section.Find("[data-testid=matrix-ByPredictedClass]").Change("on");
        Assert.Equal(ConfusionCells.ByPredictedClass, chosen);
        section.Render(p => p.Add(x => x.Cells, ConfusionCells.ByPredictedClass));
        Assert.NotSame(before, section.FindComponents<Plot>()[0].Instance.Figure);
        Assert.True(section.Find("[data-testid=matrix-ByPredictedClass]").HasAttribute("checked"));
    }

    [Fact]
    public void Matrix_figures_and_cost_move_with_the_threshold()
    {
        double? threshold = null;
        var section = Render<ThresholdSection>(p => p.Add(x => x.Counts, Four).Add(x => x.Classes, ["no", Hostile]).Add(x => x.Costs, new DecisionCosts(1, 10)).Add(x => x.ThresholdChanged, t => threshold = t));
        Assert.Equal("0.6", section.Find("[data-testid=threshold-value]").TextContent);
        Assert.Equal(["1", "1", "1", "1"], Matrix(section));
        Assert.Equal("11.00", Cost(section));
        Assert.Empty(section.FindAll("script"));
        // From the lowest, 0.2, upwards: 0.2, 0.4, 0.6, 0.9 and one above all.
        section.Find("[data-testid=threshold]").Input("1");
        Assert.Equal("0.4", section.Find("[data-testid=threshold-value]").TextContent);
        Assert.Equal(["1", "1", "0", "2"], Matrix(section));
        Assert.Equal("1.0000", Cost(section));
        Assert.Null(threshold);
        section.Find("[data-testid=threshold]").Change("1");
        Assert.Equal(0.4, threshold);
        section.Find("[data-testid=threshold]").Input("4");
        Assert.Equal(["2", "0", "2", "0"], Matrix(section));
        Assert.Equal("–", section.Find("[data-testid=at-threshold-precision]").TextContent);
    }

    [Fact]
    public void The_best_threshold_is_a_click_away_and_a_cost_can_be_changed()
    {
        double? threshold = 5;
        DecisionCosts? costs = null;
        var section = Render<ThresholdSection>(p => p.Add(x => x.Counts, Four).Add(x => x.Classes, ["no", "yes"]).Add(x => x.Threshold, 0.2).Add(x => x.Costs, new DecisionCosts(10, 1))
            .Add(x => x.ThresholdChanged, t => threshold = t).Add(x => x.CostsChanged, c => costs = c));
        Assert.Equal("0.2", section.Find("[data-testid=threshold-value]").TextContent);
        section.Find("[data-testid=least-cost]").Click();
        Assert.Equal(0.9, threshold);
        section.Find("[data-testid=best-f1]").Click();
        Assert.Equal(0.4, threshold);
        section.Find("[data-testid=own-threshold]").Click();
        Assert.Null(threshold);
        section.Find("[data-testid=cost-fn]").Change("many");
        Assert.Equal("true", section.Find("[data-testid=cost-fn]").GetAttribute("aria-invalid"));
        Assert.Null(costs);
        section.Find("[data-testid=benefit-tp]").Change("2.5");
        Assert.Equal(new DecisionCosts(10, 1, 2.5), costs);
    }

    [Fact]
    public void A_threshold_is_kept_and_given_up_with_a_click()
    {
        var kept = new List<double?>();
        var section = Render<ThresholdSection>(p => p.Add(x => x.Counts, Four).Add(x => x.Classes, ["no", "yes"]).Add(x => x.Threshold, null).Add(x => x.Keep, t => kept.Add(t)));
        Assert.Contains("answers the likelier class", section.Markup);
        Assert.Empty(section.FindAll("[data-testid=drop-threshold]"));
        // At the model's own there is nothing to choose.
        Assert.True(section.Find("[data-testid=use-threshold]").HasAttribute("disabled"));
        section.Find("[data-testid=threshold]").Input("1");
        section.Find("[data-testid=use-threshold]").Click();
        Assert.Equal([0.4], kept);

        section.Render(p => p.Add(x => x.Kept, 0.4));
        Assert.Equal("yes from 0.4", section.Find("[data-testid=kept-threshold]").TextContent);
        Assert.Contains("The model itself decides at 0.4.", section.Markup);
        Assert.Equal("0.4", section.Find("[data-testid=threshold-value]").TextContent);
        Assert.True(section.Find("[data-testid=use-threshold]").HasAttribute("disabled"));
        section.Find("[data-testid=drop-threshold]").Click();
        Assert.Equal([0.4, null], kept);
        section.Render(p => p.Add(x => x.Failure, "The model was made anew meanwhile."));
        Assert.Contains("made anew", section.Find("[role=alert]").TextContent);
    }

    /// <summary>Probabilities 0.9 (yes), 0.6 (no), 0.4 (yes), 0.2 (no).</summary>
    private static ThresholdCounts Four => Evaluator.Classification(["no", "yes"], [1, 0, 1, 0], [0.1, 0.9, 0.4, 0.6, 0.6, 0.4, 0.8, 0.2]).Classification!.Thresholds!;

    private static IEnumerable<string> Matrix(IRenderedComponent<ThresholdSection> section) =>
        new[] { "true-negatives", "false-positives", "false-negatives", "true-positives" }.Select(id => section.Find($"[data-testid={id}]").TextContent);

    private static string Cost(IRenderedComponent<ThresholdSection> section) => section.Find("[data-testid=at-threshold-cost]").TextContent;

    [Fact]
    public void Numbers_have_three_plots()
    {
        var section = Render<RegressionSection>(p => p.Add(x => x.Report, new RegressionReport([1, 2], [1, 3], [-1, 0, 1], [1, 1])));
        Assert.Equal(["Predicted and actual", "Residuals", "Distribution of the residuals"], section.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
    }

    [Fact]
    public void Numbers_of_a_new_report_also_have_quantiles_and_errors_by_range()
    {
        var section = Render<RegressionSection>(p => p.Add(x => x.Report, Evaluator.Regression([1, 2, 3, 4], [1, 3, 3, 5]).Regression!));
        Assert.Equal(["Predicted and actual", "Residuals", "Distribution of the residuals", "Residuals against the normal distribution", "Error by size of the prediction"],
            section.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
    }

    [Fact]
    public void Components_name_the_features_they_lean_on_most_and_lead_to_their_page()
    {
        var report = new PcaReport([0.7, 0.3], [1, 2], [3, 4], ["a", "b"], null, ["age", "fare", "class"], [[0.1, -0.9, 0.4], [1, 0, 0]], 900);
        var section = Render<PcaSection>(p => p.Add(x => x.Report, report).Add(x => x.Href, "/experiments/1/trials/2/components"));
        Assert.Equal("Explained variance", Assert.Single(section.FindComponents<Plot>()).Instance.Figure.Title);
        Assert.Contains("fare (−0.9), class (0.4), age (0.1)", section.Find(".note").TextContent);
        Assert.Equal("/experiments/1/trials/2/components", section.Find("[data-testid=to-components]").GetAttribute("href"));
    }

    [Fact]
    public void Importance_without_columns_says_so_and_with_columns_draws_them()
    {
        var none = Render<ImportanceSection>(p => p.Add(x => x.Importance, new PermutationImportance(Metric.Auc.Id, 0, 5, [])));
        Assert.Empty(none.FindComponents<Plot>());
        Assert.Contains("No importance measured", none.Markup);
        var some = Render<ImportanceSection>(p => p.Add(x => x.Importance, new PermutationImportance(Metric.Auc.Id, 500, 5, [new("age", 0.1, 0.01)])));
        Assert.Equal("Column importance", some.FindComponent<Plot>().Instance.Figure.Title);
        Assert.Contains("5 times among 500 rows", some.Find(".note").TextContent);

        var grouped = Render<ImportanceSection>(p => p.Add(x => x.Importance, new PermutationImportance(Metric.Auc.Id, 500, 5, [new("age", 0.1, 0.01), new("years", 0.02, 0.01)]) { Groups = [new(["age", "years"], 0.3, 0.02)] }));
        var line = grouped.Find("[data-testid=importance-groups] tbody tr").TextContent;
        Assert.Contains("age, years", line);
        Assert.Contains("0.3000 ± 0.0200", line);
        Assert.Contains("age 0.1000", line);
        Assert.Empty(some.FindAll("[data-testid=importance-groups]"));
    }

    private static AngleSharp.Dom.IElement Tile(IRenderedComponent<MetricTiles> tiles, string name) =>
        tiles.FindAll(".tile").Single(t => t.QuerySelector("dt")!.TextContent.Trim().StartsWith(name, StringComparison.Ordinal));

    private static EvaluationReport Binary(double accuracy, double? logLoss) => new(
        LearningTask.Binary, 10, new Dictionary<string, double?> { [Metric.Accuracy.Id] = accuracy, [Metric.LogLoss.Id] = logLoss }, null, null);

    private static ClassificationReport Classes() => new(
        [Hostile, "b"],
        [[2, 2], [0, 4]],
        [new ClassFigures(Hostile, null, 0.5, 0, 4), new ClassFigures("b", 0.6667, 1, 0.8, 4)],
        [new RocCurve("b", 0.75, [0, 0.5, 1], [0, 1, 1])],
        [new PrecisionRecallCurve("b", 0.7, 0.5, [0, 1], [1, 0.5])]);
}
