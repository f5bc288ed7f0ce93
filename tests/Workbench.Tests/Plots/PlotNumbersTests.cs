using Bunit;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Plots;

public sealed class PlotNumbersTests : PartTest
{
    private static readonly PlotColors Colors = WorkbenchTheme.Plots(isDark: false);

    [Fact]
    public void Bars_are_told_by_the_names_on_their_axis()
    {
        var numbers = PlotNumbers.Of(ImportancePlot.Figure(new PermutationImportance("auc-score", 100, 3, [new("=a<b>", 0.25, 0.01), new("c, d", -0.125, 0)])), Colors);
        Assert.Equal(["Drop of AUC", "y"], numbers.Columns);
        Assert.Equal([["0.25", "=a<b>"], ["-0.125", "c, d"]], numbers.Rows);
        // A formula stays text, a negative number stays a number, a comma does not part a cell.
        Assert.Equal("Drop of AUC,y\r\n0.25,'=a<b>\r\n-0.125,\"c, d\"\r\n", numbers.ToCsv());
    }

    [Fact]
    public void Matrices_are_told_cell_by_cell_and_lines_to_compare_with_are_not()
    {
        var figure = new PlotFigure("m", "", new PlotAxis("predicted") { Names = ["no", "yes"] }, new PlotAxis("actual") { Names = ["no", "yes"] },
            _ => [new HeatMap { Z = [new object[] { 1, 2 }, new object[] { 3, null! }] }, new Scatter { X = [0, 1], Y = [0, 1], HoverInfo = Plotly.Blazor.Traces.ScatterLib.HoverInfoFlag.Skip }]);
        var numbers = PlotNumbers.Of(figure, Colors);
        Assert.Equal(["predicted", "actual", "value"], numbers.Columns);
        Assert.Equal([["no", "no", "1"], ["yes", "no", "2"], ["no", "yes", "3"], ["yes", "yes", ""]], numbers.Rows);
    }

    [Fact]
    public void The_table_is_made_when_it_is_opened()
    {
        var plot = Render<Plot>(p => p.Add(x => x.Figure, ImportancePlot.Figure(new PermutationImportance("auc-score", 100, 3, [.. Enumerable.Range(0, 5).Select(i => new ColumnImportance($"c{i}", i, 0))]))));
        Assert.Empty(plot.FindAll("table"));
        plot.Find("details").TriggerEvent("ontoggle", EventArgs.Empty);
        Assert.Equal(5, plot.FindAll("tbody tr").Count);
        Assert.Equal(["CSV", "SVG", "PNG"], plot.FindAll("button").Select(b => b.TextContent));
    }
}
