using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Plots;

/// <summary>Folds, learning curves, residuals along a column, and pairs of columns.</summary>
public sealed class EvaluationPlotTests
{
    private static readonly PlotColors Light = WorkbenchTheme.Plots(isDark: false);

    [Fact]
    public void Folds_of_a_repeat_are_one_series_each_in_the_place_of_its_fold()
    {
        var figure = FoldSpreadPlot.Figure(Metric.Accuracy, [0.8, 0.9, 0.7, null], 2);
        var series = figure.Traces(Light).Cast<Scatter>().Where(t => t.Name.StartsWith("Repeat", StringComparison.Ordinal)).ToList();
        Assert.Equal(["Repeat 1", "Repeat 2"], series.Select(t => t.Name));
        Assert.Equal([0.8, 0.9], series[0].Y);
        Assert.Equal([0.7, null], series[1].Y);
        Assert.All(series, t => Assert.Equal([0, 1], t.X.Select(x => (int)Math.Round((double)x))));
        Assert.Equal(["1", "2"], figure.X.Names!);
        Assert.Contains("from 0.7000 to 0.9000, mean 0.8000, standard deviation 0.1000", figure.Description);
        Assert.Contains("0.8500, 0.7000", figure.Description);
        // Lines to compare with are not numbers of the plot.
        Assert.Equal(4, PlotNumbers.Of(figure, Light).Rows.Count);
    }

    [Fact]
    public void A_learning_curve_has_both_lines_and_says_what_they_mean()
    {
        LearningPoint Point(int rows, double score) => new(rows / 400.0, rows, [score, score + 0.02], [0.99, 0.98]);
        LearningCurve curve = new("accuracy-score", [new(0.1, 40, [], [], "One class only."), Point(100, 0.6), Point(200, 0.7), Point(400, 0.8)]);
        var figure = LearningCurvePlot.Figure(curve);
        var lines = figure.Traces(Light).Cast<Scatter>().ToList();
        Assert.Equal([100, 200, 400], lines[0].X);
        Assert.Equal(0.81, (double)lines[0].Y[^1], 1e-12);
        Assert.Equal(0.985, (double)lines[1].Y[0], 1e-12);
        Assert.Contains("it still gets better", LearningCurvePlot.Verdict(curve));
        Assert.Contains("twice the rows made Accuracy better by 0.1000", LearningCurvePlot.Verdict(curve));
        Assert.Contains("help little", LearningCurvePlot.Verdict(curve with { Points = [Point(100, 0.8), Point(200, 0.8), Point(400, 0.8)] }));
        Assert.Contains("too few points", LearningCurvePlot.Verdict(curve with { Points = [Point(100, 0.8)] }));
    }

    [Fact]
    public void Residuals_stand_along_numbers_names_and_moments()
    {
        var numbers = ResidualColumnPlot.Figure(new NumericColumn("<b>", [1, 2, 3, double.NaN]), [0.1, -0.2, 0.3, 9]);
        var traces = numbers.Traces(Light).Cast<ScatterGl>().ToList();
        Assert.Equal([1.0, 2.0, 3.0], traces[0].X);
        Assert.Equal([0.1, -0.2, 0.3], traces[0].Y);
        Assert.Equal([1.0, 2.0, 3.0], traces[1].X);
        Assert.Contains("too low there", numbers.Description);
        var names = ResidualColumnPlot.Figure(DictionaryColumn.FromTexts("kind", ColumnKind.Category, ["u", "u", "v", null]), [1, 3, -1, 0]);
        Assert.Equal(["u", "v", "missing"], names.X.Names!);
        var cloud = (ScatterGl)names.Traces(Light)[0];
        Assert.Equal([0, 0, 1, 2], cloud.X.Select(x => (int)Math.Round((double)x)));
        Assert.Equal([2.0, -1.0, 0.0], ((ScatterGl)names.Traces(Light)[1]).Y);
        Assert.True(ResidualColumnPlot.Figure(new DateTimeColumn("day", [0, TimeSpan.TicksPerDay]), [1, 2]).X.IsTime);
        // A column without a value draws nothing, and does not fail.
        Assert.Empty(((ScatterGl)ResidualColumnPlot.Figure(new NumericColumn("none", [double.NaN]), [1]).Traces(Light)[0]).X);
    }

    [Fact]
    public void Pairs_of_columns_are_cells_and_the_strongest_is_told_by_its_effect()
    {
        Interactions interactions = new(["a", "b", "<i>c"], [[null, 0.2, 0.9], [0.2, null, 0.1], [0.9, 0.1, null]], [[null, 3, 0.01], [3, null, 0.5], [0.01, 0.5, null]], 80);
        var figure = InteractionPlot.Figure(interactions);
        Assert.Contains("a with b (H 0.2, effect 3)", figure.Description);
        var map = (HeatMap)figure.Traces(Light)[0];
        Assert.Null(((System.Collections.IList)map.Z[0])[0]);
        Assert.Contains("&lt;i&gt;c", (string)((System.Collections.IList)map.HoverText[0])[2]!);
    }

    [Fact]
    public void A_cell_of_the_confusion_matrix_can_be_chosen()
    {
        var figure = ConfusionMatrixPlot.Figure(new ClassificationReport(["x", "y"], [[1, 2], [3, 4]], [], [], []));
        Assert.Equal([0, 1, 2, 3], figure.Items!.Single());
        Assert.True(figure.ByClick);
    }
}
