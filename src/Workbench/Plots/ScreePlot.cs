using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Share of the variance that each component explains (bars) and all up to it (line); the first 20 components, and how many of them hold 90, 95 and 99 %.</summary>
public static class ScreePlot
{
    private const int Shown = 20;

    public static PlotFigure Figure(PcaReport report)
    {
        var shares = report.ExplainedVarianceRatio.Take(Shown).ToList();
        return new PlotFigure(
            "Explained variance",
            $"Share of the variance by principal component; the first {Figures.Count(shares.Count)} of {Figures.Count(report.ExplainedVarianceRatio.Count)} hold {Figures.Percent(shares.Sum())}. {Words(report)}",
            new PlotAxis("Component") { Grid = false, Range = (0.4, shares.Count + 0.6), TickFormat = "d" },
            new PlotAxis("Share of the variance") { Range = (0, 1.03), TickFormat = ".0%" },
            colors => Traces(shares, report.Marks, colors))
        {
            ShowLegend = true,
            Height = 460,
            Adjust = (layout, _) =>
            {
                if (shares.Count <= 10) layout.XAxis[0].DTick = 1;
                // The legend lies between the title and the plot.
                layout.Margin.T = 76;
                layout.Margin.R = 40;
                var legend = layout.Legend[0];
                legend.Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H;
                (legend.X, legend.XAnchor) = (1, Plotly.Blazor.LayoutLib.LegendLib.XAnchorEnum.Right);
                (legend.Y, legend.YAnchor) = (1.01m, Plotly.Blazor.LayoutLib.LegendLib.YAnchorEnum.Bottom);
            },
        };
    }

    /// <summary>How many components hold 90, 95 and 99 % of the variance, as a sentence.</summary>
    public static string Words(PcaReport report)
    {
        var known = report.Marks.Where(m => m.Components is not null).Select(m => $"{Figures.Count(m.Components!.Value, "component")} {(m.Components == 1 ? "holds" : "hold")} {Figures.Percent(m.Share, 0)}").ToList();
        var open = report.Marks.Where(m => m.Components is null).Select(m => Figures.Percent(m.Share, 0)).ToList();
        if (open.Count > 0) known.Add($"for {string.Join(" and ", open)} more than the first {Figures.Count(report.ExplainedVarianceRatio.Count)} are needed");
        var sentence = string.Join(", ", known) + ".";
        return char.ToUpperInvariant(sentence[0]) + sentence[1..];
    }

    private static IList<ITrace> Traces(IReadOnlyList<double> shares, IReadOnlyList<VarianceMark> marks, PlotColors colors)
    {
        // Several shares may be reached by the same component.
        var reached = marks.Where(m => m.Components <= shares.Count).GroupBy(m => m.Components!.Value).OrderBy(g => g.Key).ToList();
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
            new Scatter
            {
                Name = "90, 95, 99 %",
                Mode = Plotly.Blazor.Traces.ScatterLib.ModeFlag.Markers | Plotly.Blazor.Traces.ScatterLib.ModeFlag.Text,
                X = [.. reached.Select(g => (object)g.Key)],
                Y = PlotText.Numbers(reached.Select(g => shares.Take(g.Key).Sum())),
                TextArray = [.. reached.Select(g => string.Join(", ", g.Select(m => Figures.Percent(m.Share, 0))))],
                TextPosition = Plotly.Blazor.Traces.ScatterLib.TextPositionEnum.BottomRight,
                TextFont = new() { Color = colors.Text },
                // The name of a mark at the last component stands beside the plot.
                ClipOnAxis = false,
                Marker = new() { Color = colors.Text, Size = 10, Symbol = Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.DiamondOpen },
                HoverTemplate = "%{text} by %{x} components<extra></extra>",
                ShowLegend = reached.Count > 0,
            },
        ];
    }
}
