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
        var logLoss = tiles.FindAll(".tile").Last();
        Assert.Contains("lower is better", logLoss.TextContent);
        Assert.Contains("undefined", logLoss.TextContent);
    }

    [Fact]
    public void Beside_another_report_each_metric_says_which_is_better_by_its_own_direction()
    {
        var tiles = Render<MetricTiles>(p => p.Add(x => x.Report, Binary(0.9, 0.3)).Add(x => x.Compared, Binary(0.8, 0.5)).Add(x => x.ComparedName, "Champion"));
        Assert.Contains("Champion 0.8000", tiles.FindAll(".tile")[0].TextContent);
        Assert.Equal("▲ 0.1000 better", tiles.FindAll(".tile")[0].QuerySelector(".verdict")!.TextContent.Trim());
        Assert.Equal("▼ 0.2000 better", tiles.FindAll(".tile").Last().QuerySelector(".verdict")!.TextContent.Trim());
        var worse = Render<MetricTiles>(p => p.Add(x => x.Report, Binary(0.8, 0.5)).Add(x => x.Compared, Binary(0.9, null)));
        Assert.Equal("▼ 0.1000 worse", worse.FindAll(".tile")[0].QuerySelector(".verdict")!.TextContent.Trim());
        Assert.Null(worse.FindAll(".tile").Last().QuerySelector(".verdict"));
    }

    [Fact]
    public void Classes_have_a_matrix_curves_and_a_row_each_with_names_as_text()
    {
        var section = Render<ClassificationSection>(p => p.Add(x => x.Report, Classes()));
        Assert.Equal(["Confusion matrix", "ROC curve", "Precision and recall"], section.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
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
    public void Numbers_have_three_plots()
    {
        var section = Render<RegressionSection>(p => p.Add(x => x.Report, new RegressionReport([1, 2], [1, 3], [-1, 0, 1], [1, 1])));
        Assert.Equal(["Predicted and actual", "Residuals", "Distribution of the residuals"], section.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
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
    }

    private static EvaluationReport Binary(double accuracy, double? logLoss) => new(
        LearningTask.Binary, 10, new Dictionary<string, double?> { [Metric.Accuracy.Id] = accuracy, [Metric.LogLoss.Id] = logLoss }, null, null);

    private static ClassificationReport Classes() => new(
        [Hostile, "b"],
        [[2, 2], [0, 4]],
        [new ClassFigures(Hostile, null, 0.5, 0, 4), new ClassFigures("b", 0.6667, 1, 0.8, 4)],
        [new RocCurve("b", 0.75, [0, 0.5, 1], [0, 1, 1])],
        [new PrecisionRecallCurve("b", 0.7, 0.5, [0, 1], [1, 0.5])]);
}
