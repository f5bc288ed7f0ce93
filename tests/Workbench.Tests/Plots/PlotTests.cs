using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Plots;

/// <summary>Records in, traces and axes out: what the browser is told to draw is what the record says.</summary>
public class PlotTests
{
    private const string Hostile = "<b>bold</b> & <a href=\"javascript:alert(1)\">x</a>";
    private static readonly PlotColors Light = WorkbenchTheme.Plots(isDark: false);
    private static readonly PlotColors Dark = WorkbenchTheme.Plots(isDark: true);

    [Fact]
    public void Roc_curve_has_the_points_of_the_record_and_its_area_in_the_legend()
    {
        var figure = RocCurvePlot.Figure([new RocCurve("yes", 0.875, [0, 0.25, 1], [0, 0.75, 1])]);
        var traces = figure.Traces(Light).Cast<Scatter>().ToList();
        Assert.Equal(2, traces.Count);
        Assert.Equal([0.0, 0.25, 1.0], traces[1].X);
        Assert.Equal([0.0, 0.75, 1.0], traces[1].Y);
        Assert.Equal("yes (AUC 0.8750)", traces[1].Name);
        Assert.Equal("Guessing", traces[0].Name);
        Assert.Contains("yes 0.8750", figure.Description);
    }

    [Fact]
    public void Curves_of_26_classes_differ_in_colour_or_dash()
    {
        var curves = Enumerable.Range(0, 26).Select(i => new RocCurve($"class {i}", 0.5, [0, 1], [0, 1])).ToList();
        var lines = RocCurvePlot.Figure(curves).Traces(Light).Cast<Scatter>().Select(t => (t.Line.Color, t.Line.Dash)).ToList();
        Assert.Equal(27, lines.Distinct().Count());
    }

    [Fact]
    public void Precision_and_recall_has_the_points_of_the_record_and_the_level_of_guessing()
    {
        var traces = PrecisionRecallPlot.Figure([new PrecisionRecallCurve("yes", 0.7, 0.3, [0, 0.5, 1], [1, 0.8, 0.3])]).Traces(Light).Cast<Scatter>().ToList();
        Assert.Equal([0.3, 0.3], traces[0].Y);
        Assert.Equal([0.0, 0.5, 1.0], traces[1].X);
        Assert.Equal([1.0, 0.8, 0.3], traces[1].Y);
    }

    [Fact]
    public void Confusion_matrix_has_the_true_class_from_top_to_bottom_with_counts_as_text_and_shares_as_shade()
    {
        var figure = ConfusionMatrixPlot.Figure(Report(["cat", "dog"], [[1500, 500], [1, 3]]));
        var cells = (HeatMap)figure.Traces(Light)[0];
        Assert.Equal([0.75, 0.25], Row(cells.Z, 0));
        Assert.Equal([0.25, 0.75], Row(cells.Z, 1));
        Assert.Equal(["1", "1\u202F500", "3", "500"], Texts(figure).Values.Order(StringComparer.Ordinal));
        Assert.Equal(["1\u202F500", "500", "1", "3"], new[] { (0, 0), (0, 1), (1, 0), (1, 1) }.Select(cell => Texts(figure)[cell]));
        Assert.Equal("true: cat<br>predicted: dog<br>500 rows, 25.0 % of the true class", Row(cells.HoverText, 0)[1]);
        var layout = figure.Layout(Light, 400);
        Assert.Equal(["cat", "dog"], layout.YAxis[0].TickText);
        Assert.Equal(["cat", "dog"], layout.XAxis[0].TickText);
        Assert.Equal([1.5, -0.5], layout.YAxis[0].Range);
        Assert.Equal([-0.5, 1.5], layout.XAxis[0].Range);
        Assert.Equal("True class", layout.YAxis[0].Title.Text);
        Assert.Contains("1\u202F503 of 2\u202F004 rows", figure.Description);
    }

    [Fact]
    public void Confusion_matrix_of_many_classes_abbreviates_thousands_and_leaves_zeros_out()
    {
        var counts = Enumerable.Range(0, 26).Select(i => (IReadOnlyList<int>)[.. Enumerable.Range(0, 26).Select(j => i == 0 ? new[] { 999, 1234, 12345, 1234567 }[j % 4] : 0)]).ToList();
        var figure = ConfusionMatrixPlot.Figure(Report([.. Enumerable.Range(0, 26).Select(i => $"c{i}")], counts));
        var cells = (HeatMap)figure.Traces(Light)[0];
        Assert.Equal(["999", "1.2k", "12k", "1.2M"], Enumerable.Range(0, 4).Select(j => Texts(figure)[(0, j)]));
        Assert.DoesNotContain((1, 0), Texts(figure).Keys);
        Assert.Contains("12\u202F345 rows", (string)Row(cells.HoverText, 0)[2]);
    }

    [Fact]
    public void Confusion_matrix_of_a_class_without_rows_has_no_share()
    {
        var cells = (HeatMap)ConfusionMatrixPlot.Figure(Report(["a", "b"], [[0, 0], [1, 1]])).Traces(Light)[0];
        Assert.Equal([0.0, 0.0], Row(cells.Z, 0));
    }

    [Fact]
    public void Confusion_matrix_shows_shares_of_the_true_or_the_predicted_class_instead()
    {
        var report = Report(["cat", "dog"], [[30, 10], [0, 60]]);
        var byTruth = ConfusionMatrixPlot.Figure(report, ConfusionCells.ByTrueClass);
        Assert.Equal(["75.0 %", "25.0 %", "0 %", "100 %"], new[] { (0, 0), (0, 1), (1, 0), (1, 1) }.Select(cell => Texts(byTruth)[cell]));
        Assert.Contains("cat 75.0 %, dog 100 %", byTruth.Description);
        var byPrediction = ConfusionMatrixPlot.Figure(report, ConfusionCells.ByPredictedClass);
        var cells = (HeatMap)byPrediction.Traces(Light)[0];
        Assert.Equal([1.0, 1 / 7.0], Row(cells.Z, 0));
        Assert.Equal("true: cat<br>predicted: dog<br>10 rows, 14.3 % of the predicted class", Row(cells.HoverText, 0)[1]);
        Assert.Equal("Share of the predicted class", cells.ColorBar.Title.Text);
        var empty = ConfusionMatrixPlot.Figure(Report(["a", "b"], [[2, 0], [2, 0]]), ConfusionCells.ByPredictedClass);
        Assert.Equal([0.5, 0.0], Row(((HeatMap)empty.Traces(Light)[0]).Z, 0));
    }

    [Fact]
    public void Confusion_matrix_of_many_classes_has_whole_per_cents()
    {
        var counts = Enumerable.Range(0, 26).Select(i => (IReadOnlyList<int>)[.. Enumerable.Range(0, 26).Select(j => i == j ? 2 : j == 0 ? 1 : 0)]).ToList();
        var texts = Texts(ConfusionMatrixPlot.Figure(Report([.. Enumerable.Range(0, 26).Select(i => $"c{i}")], counts), ConfusionCells.ByTrueClass));
        Assert.Equal(("100", "67", "33"), (texts[(0, 0)], texts[(1, 1)], texts[(1, 0)]));
        Assert.DoesNotContain((1, 2), texts.Keys);
    }

    [Fact]
    public void Calibration_has_a_point_a_bin_the_diagonal_and_the_rows_below_on_an_axis_of_their_own()
    {
        var figure = CalibrationPlot.Figure(new CalibrationCurve(Hostile, [0.2, 0.8], [0.1, 0.9], [40, 60], 0.1, [40, 0, 0, 60]));
        var traces = figure.Traces(Light);
        Assert.Equal([0.2, 0.8], ((Scatter)traces[1]).X);
        Assert.Equal([0.1, 0.9], ((Scatter)traces[1]).Y);
        var bars = (Bar)traces[2];
        Assert.Equal([0.125, 0.375, 0.625, 0.875], bars.X);
        Assert.Equal([40, 0, 0, 60], bars.Y);
        Assert.Equal("75 % to 100 %: 60 rows", bars.HoverTextArray[3]);
        var layout = figure.Layout(Light, 400);
        Assert.Equal("y2", bars.YAxis);
        Assert.Equal(2, layout.YAxis.Count);
        Assert.DoesNotContain("<", layout.XAxis[0].Title.Text);
        Assert.Contains("20.0 % predicted, 10.0 % true", figure.Description);
        Assert.Contains("Expected calibration error 0.1000", figure.Description);
        Assert.Equal("Probability of the predicted class", CalibrationPlot.Figure(new CalibrationCurve(null, [1], [1], [3], 0, [0, 3])).X.Title);
    }

    [Fact]
    public void Gain_and_lift_have_the_points_of_the_curve_and_the_level_of_guessing()
    {
        GainCurve[] curves = [new(Hostile, 0.25, [0, 0.1, 1], [0, 0.4, 1], [null, 4, 1])];
        var gain = GainPlots.Gain(curves);
        var line = (Scatter)gain.Traces(Light)[1];
        Assert.Equal([0.0, 0.1, 1.0], line.X);
        Assert.Equal([0.0, 0.4, 1.0], line.Y);
        Assert.DoesNotContain("<", line.Name);
        Assert.Contains("holds 40.0 %", gain.Description);
        var lift = GainPlots.Lift(curves);
        Assert.Equal<object?>([null, 4.0, 1.0], ((Scatter)lift.Traces(Light)[1]).Y);
        Assert.Equal([1.0, 1.0], ((Scatter)lift.Traces(Light)[0]).Y);
        Assert.Contains("4 times", lift.Description);
    }

    [Fact]
    public void Figures_by_threshold_have_a_line_each_and_a_gap_where_one_is_undefined()
    {
        var counts = new ThresholdCounts([0.95, 0.9, 0.4], [0, 1, 2], [0, 0, 2], 2, 2, 1);
        var figure = ThresholdPlot.Figure(ThresholdExplorer.All(counts), 0.9);
        var traces = figure.Traces(Light).Cast<Scatter>().ToList();
        Assert.Equal(["Precision", "Recall", "F1", "MCC", "The model's own"], traces.Select(t => t.Name));
        Assert.Equal<object?>([null, 1.0, 0.5], traces[0].Y);
        Assert.Equal([0.0, 0.5, 1.0], traces[1].Y);
        Assert.Equal([0.9, 0.9], traces[4].X);
        Assert.Contains("at 0.9", figure.Description);
    }

    [Fact]
    public void Probabilities_of_either_class_are_shares_of_that_class()
    {
        var figure = ScoreDistributionPlot.Figure(new ScoreDistribution([3, 1], [0, 0]), ["no", Hostile]);
        var bars = figure.Traces(Light).Cast<Bar>().ToList();
        Assert.Equal([0.75, 0.25], bars[0].Y);
        Assert.Equal([0.0, 0.0], bars[1].Y);
        Assert.Equal([0.25, 0.75], bars[0].X);
        Assert.Equal("no: 3 rows from 0 % to 50 %", bars[0].HoverTextArray[0]);
        Assert.DoesNotContain("<", bars[1].Name + bars[1].HoverTextArray[0] + figure.Layout(Light, 300).XAxis[0].Title.Text);
    }

    [Fact]
    public void Residual_quantiles_have_the_line_of_the_normal_distribution()
    {
        var figure = ResidualQuantilePlot.Figure(new ResidualQuantiles([-1, 0, 2], [-3, 0, 9], 1, 2));
        var line = (ScatterGl)figure.Traces(Light)[1];
        Assert.Equal([-1.0, 2.0], line.X);
        Assert.Equal([-1.0, 5.0], line.Y);
        Assert.Equal([-3.0, 0.0, 9.0], ((ScatterGl)figure.Traces(Light)[0]).Y);
    }

    [Fact]
    public void Errors_by_range_stand_in_the_order_of_the_prediction_with_their_rows()
    {
        var figure = RangeErrorPlot.Figure([new RangeError(1, 2, 0.5, 0.25, 10), new RangeError(3, 3, 4, -4, 1)]);
        var bars = (Bar)figure.Traces(Light)[0];
        Assert.Equal([0.5, 4.0], bars.X);
        Assert.Equal(["10 rows", "1 row"], bars.TextArray);
        Assert.Equal(["1 to 2", "3"], figure.Layout(Light, 300).YAxis[0].TickText);
        Assert.Contains("too low by 0.2500", bars.HoverTextArray[0]);
        Assert.Contains("too high by 4.0000", bars.HoverTextArray[1]);
        Assert.Contains("largest at 3", figure.Description);
    }

    [Fact]
    public void Class_names_that_are_numbers_or_alike_stay_names()
    {
        var stem = new string('x', 60);
        var layout = ConfusionMatrixPlot.Figure(Report(["1", stem + "A", stem + "B"], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])).Layout(Light, 400);
        Assert.Equal([0, 1, 2], layout.XAxis[0].TickVals);
        var names = layout.XAxis[0].TickText.Cast<string>().ToList();
        Assert.Equal(3, names.Distinct().Count());
        Assert.All(names, name => Assert.True(name.Length <= 24));
    }

    [Fact]
    public void Hostile_names_are_text_in_every_place_of_a_plot()
    {
        var matrix = ConfusionMatrixPlot.Figure(Report([Hostile, "b"], [[1, 0], [0, 1]]));
        Assert.Contains("&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a", (string)Row(((HeatMap)matrix.Traces(Light)[0]).HoverText, 0)[0]);
        var roc = (Scatter)RocCurvePlot.Figure([new RocCurve(Hostile, 1, [0, 1], [0, 1])]).Traces(Light)[1];
        var recall = (Scatter)PrecisionRecallPlot.Figure([new PrecisionRecallCurve(Hostile, 1, 0.5, [0, 1], [1, 1])]).Traces(Light)[1];
        var pca = Scatter(Components(labels: [Hostile, Hostile, "b"]), Hostile);
        var points = pca.Traces(Light).Cast<ScatterGl>().First();
        var bar = (Bar)ImportancePlot.Figure(new PermutationImportance(Metric.Auc.Id, 10, 3, [new ColumnImportance(Hostile, 0.1, 0.01)])).Traces(Light)[0];
        var axis = ImportancePlot.Figure(new PermutationImportance(Metric.Auc.Id, 10, 3, [new ColumnImportance(Hostile, 0.1, 0.01)])).Layout(Light, 300).YAxis[0];
        string[] shown =
        [
            roc.Name, recall.Name, points.Name, pca.Layout(Light, 300).Legend[0].Title.Text, bar.HoverTextArray[0], (string)axis.TickText[0],
            new PlotFigure(Hostile, "", new PlotAxis(Hostile), new PlotAxis(Hostile), _ => []).Layout(Light, 300).Title.Text,
            .. matrix.Layout(Light, 300).XAxis[0].TickText.Cast<string>(),
        ];
        Assert.All(shown, text => Assert.DoesNotContain("<", text));
        Assert.Equal("&lt;b&gt;", PlotText.Escape("<b>"));
        Assert.Equal("&amp;lt;", PlotText.Escape("&lt;"));
    }

    [Fact]
    public void Predicted_and_actual_has_a_point_a_row_and_the_diagonal_over_all_values()
    {
        var traces = PredictedActualPlot.Figure(Regression([1, 2, 3], [1.5, 2, 5])).Traces(Light);
        var diagonal = (ScatterGl)traces[1];
        Assert.Equal([1.0, 5.0], diagonal.X);
        Assert.Equal(diagonal.X, diagonal.Y);
        var points = (ScatterGl)traces[0];
        Assert.Equal([1.0, 2.0, 3.0], points.X);
        Assert.Equal([1.5, 2.0, 5.0], points.Y);
    }

    [Fact]
    public void Residual_is_actual_minus_predicted()
    {
        var points = (ScatterGl)ResidualPlot.Figure(Regression([1, 2, 3], [1.5, 2, 5])).Traces(Light)[0];
        Assert.Equal([1.5, 2.0, 5.0], points.X);
        Assert.Equal([-0.5, 0.0, -2.0], points.Y);
    }

    [Fact]
    public void Numbers_that_json_cannot_carry_leave_a_gap()
    {
        var points = (ScatterGl)PredictedActualPlot.Figure(Regression([1, 2, 3], [double.NaN, double.PositiveInfinity, 3])).Traces(Light)[0];
        Assert.Null(points.Y[0]);
        Assert.Null(points.Y[1]);
        Assert.Equal(3.0, points.Y[2]);
        Assert.Equal<object?>([null, 1.0], PlotText.Numbers([double.NegativeInfinity, 1]));
    }

    [Fact]
    public void Points_keep_five_significant_digits()
    {
        Assert.Equal([123456.789, 12346.0, 0.012346, -1.2346, 0.0], PlotText.Points([123456.789, 12345.6789, 0.0123456789, -1.23456789, 0]));
    }

    [Fact]
    public void Residual_histogram_has_bars_from_edge_to_edge()
    {
        var figure = ResidualHistogramPlot.Figure(Regression([0], [0]) with { ResidualEdges = [-1, 0, 2], ResidualCounts = [3, 5] });
        var bars = (Bar)figure.Traces(Light)[0];
        Assert.Equal([-0.5, 1.0], bars.X);
        Assert.Equal([3, 5], bars.Y);
        Assert.Equal([1m, 2m], bars.WidthArray);
        Assert.Equal("0 to 2: 5 rows", bars.HoverTextArray[1]);
        Assert.Equal(0, figure.Layout(Light, 300).BarGap);
    }

    [Fact]
    public void Components_have_their_explained_variance_on_the_axes()
    {
        var layout = Scatter(Components(labels: ["a", "b", "a"]), "species").Layout(Light, 400);
        Assert.Equal("PC1 (62.5 % of the variance)", layout.XAxis[0].Title.Text);
        Assert.Equal("PC2 (25.0 % of the variance)", layout.YAxis[0].Title.Text);
        Assert.Equal("species", layout.Legend[0].Title.Text);
    }

    [Fact]
    public void Any_two_components_are_drawn_against_each_other()
    {
        var report = Components(["a", "b", "a"]) with { Further = [[7, 8, 9]], Loadings = [[1, 0, 0], [0, 1, 0], [0, 0, 1]] };
        var figure = PcaScatterPlot.Figure(report, 2, 0, new PointColors.Classes("species", report.Labels!));
        var first = (ScatterGl)figure.Traces(Light)[0];
        Assert.Equal([7.0, 9.0], first.X);
        Assert.Equal([1.0, 3.0], first.Y);
        Assert.Equal("PC3 (12.5 % of the variance)", figure.Layout(Light, 400).XAxis[0].Title.Text);
        Assert.Contains("components 3 and 1 of 3 features, which hold 75.0 %", figure.Description);
    }

    [Fact]
    public void Components_are_coloured_by_class_one_series_a_class()
    {
        var figure = Scatter(Components(labels: ["b", "a", "b"]), "species");
        var traces = figure.Traces(Light).Cast<ScatterGl>().ToList();
        Assert.Equal(["a", "b"], traces.Select(t => t.Name));
        Assert.Equal([2.0], traces[0].X);
        Assert.Equal([1.0, 3.0], traces[1].X);
        Assert.Equal([4.0, 6.0], traces[1].Y);
        Assert.NotEqual(traces[0].Marker.Color, traces[1].Marker.Color);
        // What a point of a series stands for, when it is chosen.
        Assert.Equal([[1], [0, 2]], figure.Items!);
    }

    [Fact]
    public void Of_26_classes_the_twelve_most_frequent_have_a_colour_and_shape_of_their_own_and_the_rest_share_one()
    {
        List<string?> labels = [.. Enumerable.Range(0, 26).SelectMany(i => Enumerable.Repeat($"{(char)('a' + i)}", i + 1)), null];
        var report = Components(null) with { First = [.. labels.Select((_, i) => (double)i)], Second = [.. labels.Select((_, i) => (double)i)] };
        var figure = PcaScatterPlot.Figure(report, 0, 1, new PointColors.Classes("letter", labels));
        var traces = figure.Traces(Light).Cast<ScatterGl>().ToList();
        Assert.Equal([.. Enumerable.Range('o', 12).Select(c => $"{(char)c}"), "14 others", "no value"], traces.Select(t => t.Name));
        Assert.Equal(12, traces.Take(12).Select(t => (t.Marker.Color, t.Marker.Symbol)).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, labels.Count), figure.Items!.SelectMany(i => i).Order());
        // Thirteen classes need no rest.
        Assert.Equal(13, new PointColors.Classes("letter", [.. Enumerable.Range(0, 13).Select(i => $"{i}")]).Series.Count);
    }

    [Fact]
    public void Components_are_coloured_by_a_number_with_a_colour_bar_and_pale_where_there_is_none()
    {
        var traces = PcaScatterPlot.Figure(Components(labels: null), 0, 1, new PointColors.Scale("price", [10, double.NaN, 30])).Traces(Light).Cast<ScatterGl>().ToList();
        Assert.Equal([10.0, 30.0], traces[0].Marker.ColorArray);
        Assert.True(traces[0].Marker.ShowScale);
        Assert.Equal("price", traces[0].Marker.ColorBar.Title.Text);
        Assert.True(traces[0].Marker.CMin > 10 && traces[0].Marker.CMax < 30);
        Assert.Null(((ScatterGl)PcaScatterPlot.Figure(Components(labels: null), 0, 1, new PointColors.Scale("price", [-1e300, 0, 1e300])).Traces(Light)[0]).Marker.CMax);
        Assert.Equal((2, "no value", null), (traces.Count, traces[1].Name, traces[1].Marker.ShowScale));
    }

    [Fact]
    public void Each_class_of_three_rows_and_more_has_an_ellipse_in_its_colour()
    {
        var report = Components(["a", "a", "a", "b"]) with { First = [0, 1, 2, 9], Second = [0, 2, 1, 9] };
        var traces = PcaScatterPlot.Figure(report, 0, 1, new PointColors.Classes("species", report.Labels!), ellipses: true).Traces(Light);
        Assert.Equal(["a", "b"], traces.OfType<ScatterGl>().Select(t => t.Name));
        var ellipse = Assert.Single(traces.OfType<Scatter>());
        Assert.Equal("95 % of a", ellipse.Name);
        Assert.Equal(((ScatterGl)traces[0]).Marker.Color, ellipse.Line.Color);
        Assert.Equal(ellipse.X[0], ellipse.X[^1]);
    }

    [Fact]
    public void Arrows_point_where_a_feature_grows_and_stay_within_the_rows()
    {
        var report = Components(["a", "b", "a"]) with { First = [-2, 0, 2], Second = [-4, 0, 4], FeatureNames = ["f1", Hostile, "f3"], Loadings = [[0.6, 0, 0.8], [0, -1, 0]] };
        var figure = PcaScatterPlot.Figure(report, 0, 1, new PointColors.Classes("species", report.Labels!), arrows: true);
        var arrows = figure.Layout(Light, 400).Annotations;
        // An arrow and its name for each.
        Assert.Equal(6, arrows.Count);
        Assert.All(arrows, a => Assert.True(Math.Abs((double)a.X) <= 2 && Math.Abs((double)a.Y) <= 4));
        Assert.True((double)arrows[0].Y < 0);
        Assert.DoesNotContain("<", arrows[1].Text);
        Assert.Contains("The longest arrows: ", figure.Description);
        Assert.Null(PcaScatterPlot.Figure(report with { First = [0, 0, 0], Second = [0, 0, 0] }, 0, 1, new PointColors.Classes("species", report.Labels!), arrows: true).Layout(Light, 400).Annotations?.FirstOrDefault());
    }

    [Fact]
    public void One_component_alone_has_no_share_on_the_second_axis()
    {
        var figure = PcaScatterPlot.Figure(Components(["a", "b", "a"]) with { ExplainedVarianceRatio = [1], Loadings = [[1, 0, 0]] }, 0, 1, new PointColors.Classes("species", ["a", "b", "a"]), arrows: true);
        Assert.Equal("PC1 (100 % of the variance)", figure.Layout(Light, 400).XAxis[0].Title.Text);
        Assert.Equal("PC2", figure.Layout(Light, 400).YAxis[0].Title.Text);
    }

    [Fact]
    public void Loadings_show_the_strongest_features_on_top_with_their_sign()
    {
        var figure = LoadingsPlot.Figure(Components(null) with { FeatureNames = ["f1", Hostile, "f3"], Loadings = [[0.1, -0.9, 0.4], [1, 0, 0]] }, 0);
        var bars = (Bar)figure.Traces(Light)[0];
        Assert.Equal([-0.9, 0.4, 0.1], bars.X);
        Assert.NotEqual(bars.Marker.ColorArray[0], bars.Marker.ColorArray[1]);
        Assert.Equal(["f3", "f1"], figure.Layout(Light, 400).YAxis[0].TickText.Skip(1));
        Assert.DoesNotContain("<", bars.HoverTextArray[0]);
    }

    [Fact]
    public void Scree_marks_where_the_shares_are_reached_and_says_so_in_words()
    {
        var report = new PcaReport([0.85, 0.11, 0.01], [1], [1], null, [1], ["f1", "f2", "f3"], [[1, 0, 0], [0, 1, 0]], 1);
        var figure = ScreePlot.Figure(report);
        var marks = (Scatter)figure.Traces(Light)[2];
        Assert.Equal([2], marks.X);
        Assert.Equal(["90 %, 95 %"], marks.TextArray);
        Assert.Contains("2 components hold 90 %, 2 components hold 95 %, for 99 % more than the first 3 are needed.", figure.Description);
    }

    [Fact]
    public void Scree_shows_twenty_components_and_their_running_sum()
    {
        var report = Components(labels: null) with { ExplainedVarianceRatio = [0.5, 0.25, .. Enumerable.Repeat(0.01, 25)] };
        var traces = ScreePlot.Figure(report).Traces(Light);
        var bars = (Bar)traces[0];
        var line = (Scatter)traces[1];
        Assert.Equal(20, bars.Y.Count);
        Assert.Equal([0.5, 0.25, 0.01], bars.Y.Take(3));
        Assert.Equal(1, bars.X[0]);
        Assert.Equal([0.5, 0.75], line.Y.Take(2));
        Assert.Equal(0.93, (double)line.Y[19], 12);
    }

    [Fact]
    public void Importance_shows_the_first_twenty_columns_with_their_spread()
    {
        var columns = Enumerable.Range(0, 25).Select(i => new ColumnImportance($"column {i}", 0.5 - i * 0.01, 0.001 * i)).ToList();
        var figure = ImportancePlot.Figure(new PermutationImportance(Metric.Rmse.Id, 100, 5, columns));
        var bars = (Bar)figure.Traces(Light)[0];
        Assert.Equal(20, bars.X.Count);
        Assert.Equal([0.5, 0.49], bars.X.Take(2));
        Assert.Equal([0.0, 0.001], bars.ErrorX.Array.Take(2));
        var layout = figure.Layout(Light, 400);
        Assert.Equal("column 0", layout.YAxis[0].TickText[0]);
        Assert.Equal("Rise of RMSE", layout.XAxis[0].Title.Text);
        Assert.Equal("Drop of AUC", ImportancePlot.Figure(new PermutationImportance(Metric.Auc.Id, 100, 5, columns)).Layout(Light, 400).XAxis[0].Title.Text);
    }

    [Fact]
    public void Trials_stand_in_the_order_of_the_metrics_direction()
    {
        TrialScore[] scores = [new("a", 0.5, null), new("b", 0.9, 0.01), new("failed", null, null)];
        Assert.Equal(["b", "a"], MetricBarPlot.Figure(Metric.Auc, scores).Layout(Light, 300).YAxis[0].TickText);
        Assert.Equal(["a", "b"], MetricBarPlot.Figure(Metric.LogLoss, scores).Layout(Light, 300).YAxis[0].TickText);
        Assert.Equal([0.9, 0.5], ((Bar)MetricBarPlot.Figure(Metric.Auc, scores).Traces(Light)[0]).X);
    }

    [Fact]
    public void Light_and_dark_have_colours_of_their_own()
    {
        var figure = RocCurvePlot.Figure([new RocCurve("yes", 1, [0, 1], [0, 1])]);
        Assert.NotEqual(figure.Layout(Light, 300).PaperBgColor, figure.Layout(Dark, 300).PaperBgColor);
        Assert.NotEqual(((Scatter)figure.Traces(Light)[1]).Line.Color, ((Scatter)figure.Traces(Dark)[1]).Line.Color);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_series_stands_out_from_the_surface_by_three_to_one(bool isDark)
    {
        var colors = WorkbenchTheme.Plots(isDark);
        Assert.All(colors.Categories.Append(colors.Accent).Append(colors.Reference), color => Assert.True(Contrast(color, colors.Surface) >= 3, $"{color} on {colors.Surface} has {Contrast(color, colors.Surface):F2}"));
        Assert.All([colors.Text, colors.MutedText], color => Assert.True(Contrast(color, colors.Surface) >= 4.5, $"{color} on {colors.Surface} has {Contrast(color, colors.Surface):F2}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Text_can_be_read_on_every_shade_of_the_confusion_matrix(bool isDark)
    {
        var colors = WorkbenchTheme.Plots(isDark);
        for (var step = 0; step <= 100; step++)
        {
            var position = step / 100.0 * (colors.LowToHigh.Count - 1);
            var below = Math.Min((int)position, colors.LowToHigh.Count - 2);
            var shade = "#" + string.Concat(new[] { 1, 3, 5 }.Select(at => Mixed(colors.LowToHigh[below], colors.LowToHigh[below + 1], at, position - below).ToString("X2")));
            var ink = colors.Ink(step / 100.0);
            Assert.True(Contrast(ink, shade) >= 4.45, $"{ink} on {shade} ({step} %) has {Contrast(ink, shade):F2}");
        }

        static int Mixed(string from, string to, int at, double share) =>
            (int)Math.Round(Convert.ToInt32(from.Substring(at, 2), 16) * (1 - share) + Convert.ToInt32(to.Substring(at, 2), 16) * share);
    }

    [Fact]
    public void The_picture_is_named_after_the_title() => Assert.Equal("roc-curve-2", PlotText.FileName("ROC curve: #2"));

    // Contrast ratio of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
    private static double Contrast(string a, string b)
    {
        var (first, second) = (Luminance(a), Luminance(b));
        return (Math.Max(first, second) + 0.05) / (Math.Min(first, second) + 0.05);
    }

    private static double Luminance(string hex)
    {
        double Channel(int at)
        {
            var value = Convert.ToInt32(hex.Substring(at, 2), 16) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }
        return 0.2126 * Channel(1) + 0.7152 * Channel(3) + 0.0722 * Channel(5);
    }

    // Text of a cell by true and predicted class.
    private static Dictionary<(int, int), string> Texts(PlotFigure figure) => figure.Traces(Light).OfType<Scatter>()
        .SelectMany(trace => trace.TextArray.Select((text, i) => (Cell: ((int)trace.Y[i], (int)trace.X[i]), text)))
        .ToDictionary(cell => cell.Cell, cell => cell.text);

    private static IList<object> Row(IList<object> matrix, int row) => [.. ((System.Collections.IEnumerable)matrix[row]).Cast<object>()];

    private static ClassificationReport Report(IReadOnlyList<string> classes, IReadOnlyList<IReadOnlyList<int>> confusion) =>
        new(classes, confusion, [.. classes.Select(c => new ClassFigures(c, 1, 1, 1, 1))], [], []);

    private static RegressionReport Regression(double[] actual, double[] predicted) => new(actual, predicted, [0, 1], [actual.Length]);

    private static PlotFigure Scatter(PcaReport report, string target) => PcaScatterPlot.Figure(report, 0, 1, new PointColors.Classes(target, report.Labels!));

    private static PcaReport Components(IReadOnlyList<string>? labels) =>
        new([0.625, 0.25, 0.125], [1, 2, 3], [4, 5, 6], labels, null, ["f1", "f2", "f3"], [[1, 0, 0], [0, 1, 0]], 3);
}
