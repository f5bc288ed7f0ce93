using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Plots;

/// <summary>Heat map and histograms: what the browser is told to draw is what the record says.</summary>
public class ColumnPlotTests
{
    private static readonly PlotColors Light = WorkbenchTheme.Plots(isDark: false);
    private static readonly PlotColors Dark = WorkbenchTheme.Plots(isDark: true);

    private static readonly AssociationMatrix Matrix = new(
        ["size", "<b>town</b>", "age"],
        [[1, 0.25, -0.9], [0.25, 1, null], [-0.9, null, 1]],
        [
            [AssociationMeasure.Pearson, AssociationMeasure.CorrelationRatio, AssociationMeasure.Pearson],
            [AssociationMeasure.CorrelationRatio, AssociationMeasure.CramersV, AssociationMeasure.CorrelationRatio],
            [AssociationMeasure.Pearson, AssociationMeasure.CorrelationRatio, AssociationMeasure.Pearson],
        ]);

    [Fact]
    public void Heat_map_names_both_columns_the_measure_and_the_value()
    {
        var cells = (HeatMap)AssociationHeatMap.Figure(Matrix).Traces(Light)[0];
        Assert.Equal([1.0, 0.25, -0.9], Row(cells.Z, 0));
        Assert.Equal((-1m, 1m), (cells.ZMin, cells.ZMax));
        Assert.Equal("size<br>age<br>Pearson correlation: −0.9000", Row(cells.HoverText, 0)[2]);
        Assert.Equal("size<br>&lt;b&gt;town&lt;/b&gt;<br>Correlation ratio: 0.2500", Row(cells.HoverText, 0)[1]);
        Assert.Equal("&lt;b&gt;town&lt;/b&gt;<br>&lt;b&gt;town&lt;/b&gt;<br>Cramér’s V: 1.0000", Row(cells.HoverText, 1)[1]);
    }

    [Fact]
    public void Heat_map_leaves_a_gap_where_a_value_is_undefined()
    {
        var cells = (HeatMap)AssociationHeatMap.Figure(Matrix).Traces(Light)[0];
        Assert.Null(Row(cells.Z, 1)[2]);
        Assert.EndsWith("undefined", (string)Row(cells.HoverText, 1)[2]);
    }

    [Fact]
    public void Heat_map_says_its_strongest_pair_and_follows_the_theme()
    {
        var figure = AssociationHeatMap.Figure(Matrix);
        Assert.Contains("Strongest: size and age, Pearson correlation −0.9000.", figure.Description);
        Assert.NotEqual(Colors(Light), Colors(Dark));
        Assert.Equal(["size", "&lt;b&gt;town&lt;/b&gt;", "age"], figure.Layout(Light, 400).YAxis[0].TickText);

        string Colors(PlotColors colors) => string.Join(",", ((IEnumerable<object[]>)((HeatMap)figure.Traces(colors)[0]).ColorScale).Select(pair => pair[1]));
    }

    [Fact]
    public void Histogram_by_class_stacks_one_series_a_class()
    {
        var column = new ColumnProfile("age", ColumnKind.Numeric, 10, 0, 10, null, [new("1", 1)], new Core.Profiling.Histogram([0, 5, 10], [4, 6]));
        var figure = ColumnHistogramPlot.Figure(column, new ClassHistogram([0, 5, 10], null, ["no", "yes"], [[3, 2], [1, 4]]), "bought");
        var bars = figure.Traces(Light).Cast<Bar>().ToList();
        Assert.Equal(["no", "yes"], bars.Select(b => b.Name));
        Assert.Equal([3, 2], bars[0].Y);
        Assert.Equal([1, 4], bars[1].Y);
        Assert.Equal("yes<br>5 to 10<br>4 rows", bars[1].HoverTextArray[1]);
        var layout = figure.Layout(Light, 300);
        Assert.Equal(Plotly.Blazor.LayoutLib.BarModeEnum.Stack, layout.BarMode);
        Assert.Equal(["0", "5", "10"], layout.XAxis[0].TickText);
        Assert.Equal([-0.5, 0.5, 1.5], layout.XAxis[0].TickVals);
        Assert.Contains("no 5, yes 5", figure.Description);
    }

    [Fact]
    public void Histogram_of_dates_has_dates_at_its_ticks()
    {
        var (from, to) = (new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(2024, 12, 31, 0, 0, 0, DateTimeKind.Utc));
        var column = new ColumnProfile("when", ColumnKind.DateTime, 3, 0, 2, null, [], new Core.Profiling.Histogram([from.Ticks, to.Ticks], [3]));
        Assert.Equal(["2024-01-01", "2024-12-31"], ColumnHistogramPlot.Figure(column).Layout(Light, 300).XAxis[0].TickText);
    }

    [Fact]
    public void Names_by_class_are_bars_with_the_names_beside_them()
    {
        var column = new ColumnProfile("town", ColumnKind.Category, 4, 0, 2, null, [new("Ulm", 3), new("", 1)], null);
        var figure = ColumnHistogramPlot.Figure(column, new ClassHistogram(null, ["Ulm", ""], ["a", "b"], [[2, 1], [1, 0]]), "kind");
        var bars = figure.Traces(Light).Cast<Bar>().ToList();
        Assert.Equal([2, 1], bars[0].X);
        Assert.Equal(["Ulm", "(empty)"], figure.Layout(Light, 300).YAxis[0].TickText);
    }

    private static List<object> Row(object rows, int at) => [.. ((System.Collections.IEnumerable)((System.Collections.IEnumerable)rows).Cast<object>().ElementAt(at)).Cast<object>()];
}
