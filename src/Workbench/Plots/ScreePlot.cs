using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Share of the variance that each component explains (bars) and all up to it (line); the first 20 components.</summary>
public static class ScreePlot
{
    private const int Shown = 20;

    public static PlotFigure Figure(PcaReport report)
    {
        var shares = report.ExplainedVarianceRatio.Take(Shown).ToList();
        return new PlotFigure(
            "Explained variance",
            $"Share of the variance by principal component; the first {Figures.Count(shares.Count)} of {Figures.Count(report.ExplainedVarianceRatio.Count)} hold {Figures.Percent(shares.Sum())}.",
            new PlotAxis("Component") { Grid = false, Range = (0.4, shares.Count + 0.6), TickFormat = "d" },
            new PlotAxis("Share of the variance") { Range = (0, 1.03), TickFormat = ".0%" },
            colors => Traces(shares, colors))
        {
            ShowLegend = true,
            Height = 460,
            Adjust = (layout, _) =>
            {
                if (shares.Count <= 10) layout.XAxis[0].DTick = 1;
                var legend = layout.Legend[0];
                legend.Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H;
                (legend.X, legend.XAnchor) = (1, Plotly.Blazor.LayoutLib.LegendLib.XAnchorEnum.Right);
                (legend.Y, legend.YAnchor) = (1.01m, Plotly.Blazor.LayoutLib.LegendLib.YAnchorEnum.Bottom);
            },
        };
    }

    private static IList<ITrace> Traces(IReadOnlyList<double> shares, PlotColors colors)
    {
        var total = 0.0;
        var numbers = Enumerable.Range(1, shares.Count).Cast<object>().ToList();
        return
        [
            new Bar { Name = "Each component", X = numbers, Y = PlotText.Numbers(shares), Marker = new() { Color = colors.Accent }, HoverTemplate = "%{y:.1%}" },
            new Scatter
            {
                Name = "All up to it",
                Mode = Plotly.Blazor.Traces.ScatterLib.ModeFlag.Lines | Plotly.Blazor.Traces.ScatterLib.ModeFlag.Markers,
                X = numbers,
                Y = PlotText.Numbers(shares.Select(share => total += share).ToList()),
                Line = new() { Color = colors.Category(1), Width = 2 },
                HoverTemplate = "%{y:.1%}",
            },
        ];
    }
}
