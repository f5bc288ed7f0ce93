using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterGlLib;
using Plotly.Blazor.Traces.ScatterGlLib.MarkerLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Rows on the first two principal components, coloured by class or by the target's value.</summary>
public static class PcaScatterPlot
{
    private const string Hover = "PC1 %{x:.3f}<br>PC2 %{y:.3f}";

    /// <param name="report">The components.</param>
    /// <param name="targetName">What the colour means, for the legend or the colour bar.</param>
    public static PlotFigure Figure(PcaReport report, string targetName) => new(
        "Principal components",
        $"{Figures.Count(report.First.Count, "row")} on the first two principal components of {Figures.Count(report.FeatureNames.Count, "feature")}, which hold {Figures.Percent(report.ExplainedVarianceRatio.Take(2).Sum())} of the variance; coloured by {targetName}.",
        new PlotAxis(AxisTitle(report, 0)),
        new PlotAxis(AxisTitle(report, 1)),
        colors => report.Labels is { } labels ? ByClass(report, labels, colors) : [ByTarget(report, targetName, colors)])
    {
        ShowLegend = report.Labels is not null,
        Height = 460,
        Adjust = (layout, _) => layout.Legend[0].Title = new() { Text = PlotText.Label(targetName) },
    };

    private static string AxisTitle(PcaReport report, int component) => report.ExplainedVarianceRatio.Count > component
        ? $"PC{component + 1} ({Figures.Percent(report.ExplainedVarianceRatio[component])} of the variance)"
        : $"PC{component + 1}";

    private static IList<ITrace> ByClass(PcaReport report, IReadOnlyList<string> labels, PlotColors colors)
    {
        var classes = Enumerable.Range(0, labels.Count).GroupBy(row => labels[row]).OrderBy(group => group.Key, StringComparer.Ordinal);
        return
        [
            .. classes.Select((group, i) => new ScatterGl
            {
                Name = PlotText.Label(group.Key),
                Mode = ModeFlag.Markers,
                X = PlotText.Points(group.Select(row => report.First[row])),
                Y = PlotText.Points(group.Select(row => report.Second[row])),
                Marker = new Marker { Color = colors.Category(i), Symbol = PlotPoints.Symbol(i, colors), Size = PlotPoints.Size(labels.Count), Opacity = 0.7m },
                HoverTemplate = Hover,
            }),
        ];
    }

    private static ScatterGl ByTarget(PcaReport report, string targetName, PlotColors colors)
    {
        var points = PlotPoints.Of("Rows", report.First, report.Second, colors.Accent, Hover + (report.Targets is null ? "<extra></extra>" : "<br>%{marker.color}<extra></extra>"));
        if (report.Targets is { } targets)
            points.Marker = new Marker
            {
                ColorArray = PlotText.Points(targets),
                ColorScale = PlotScale.Of(colors.Scatter),
                ShowScale = true,
                ColorBar = new ColorBar { Title = new() { Text = PlotText.Label(targetName), Side = Plotly.Blazor.Traces.ScatterGlLib.MarkerLib.ColorBarLib.TitleLib.SideEnum.Right }, Thickness = 12, OutlineWidth = 0 },
                Size = PlotPoints.Size(targets.Count),
                Opacity = 0.75m,
            };
        return points;
    }
}
