using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.BarLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>The features that a principal component leans on most, the strongest on top; to the left those that lower the score.</summary>
public static class LoadingsPlot
{
    private const int Shown = 15;

    /// <param name="report">The components.</param>
    /// <param name="component">0-based.</param>
    public static PlotFigure Figure(PcaReport report, int component)
    {
        var features = report.Strongest(component, Shown);
        return new PlotFigure(
            $"Loadings of component {component + 1}",
            $"Weights of the {Figures.Count(features.Count, "feature")} that component {component + 1} leans on most, of {Figures.Count(report.FeatureCount)}. Strongest: {string.Join(", ", features.Take(3).Select(f => $"{f.Feature} {Figures.Number(f.Loading, 2)}"))}.",
            new PlotAxis("Loading"),
            new PlotAxis("") { Names = [.. features.Select(f => f.Feature)], Reversed = true, Grid = false },
            colors => [Bars(features, colors)])
        {
            Height = Math.Max(200, 120 + (features.Count * 24)),
        };
    }

    private static Bar Bars(IReadOnlyList<FeatureLoading> features, PlotColors colors) => new()
    {
        Orientation = OrientationEnum.H,
        X = PlotText.Numbers(features.Select(f => f.Loading)),
        Y = [.. Enumerable.Range(0, features.Count).Cast<object>()],
        Marker = new() { ColorArray = [.. features.Select(f => (object)(f.Loading < 0 ? colors.Category(1) : colors.Accent))] },
        HoverTextArray = [.. features.Select(f => $"{PlotText.Escape(f.Feature)}: {Figures.Number(f.Loading, 3)}")],
        HoverInfo = HoverInfoFlag.Text,
    };
}
