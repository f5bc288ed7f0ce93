using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How many rows have which residual; bars from edge to edge.</summary>
public static class ResidualHistogramPlot
{
    public static PlotFigure Figure(RegressionReport report) => new(
        "Distribution of the residuals",
        $"Histogram of the residuals of {Figures.Count(report.ResidualCounts.Sum(c => (long)c), "row")}. A good model's residuals crowd around 0.",
        new PlotAxis("Actual − predicted") { Grid = false },
        new PlotAxis("Rows"),
        colors => [Bars(report, colors)])
    {
        Adjust = (layout, _) => layout.BarGap = 0,
    };

    private static Bar Bars(RegressionReport report, PlotColors colors)
    {
        var edges = report.ResidualEdges;
        var bins = Enumerable.Range(0, report.ResidualCounts.Count).ToList();
        return new Bar
        {
            X = PlotText.Numbers(bins.Select(b => (edges[b] + edges[b + 1]) / 2)),
            Y = [.. report.ResidualCounts.Cast<object>()],
            WidthArray = [.. bins.Select(b => Width(edges[b + 1] - edges[b]))],
            Marker = new() { Color = colors.Accent, Line = new() { Color = colors.Surface, Width = 1 } },
            HoverTextArray = [.. bins.Select(b => PlotText.Escape($"{Figures.Number(edges[b])} to {Figures.Number(edges[b + 1])}: {Figures.Count(report.ResidualCounts[b], "row")}"))],
            HoverInfo = Plotly.Blazor.Traces.BarLib.HoverInfoFlag.Text,
        };
    }

    // Plotly.Blazor wants a decimal, which holds less than a double; without a width Plotly finds one.
    private static decimal? Width(double width) => double.IsFinite(width) && width is > 1e-20 and < 1e20 ? (decimal)width : null;
}
