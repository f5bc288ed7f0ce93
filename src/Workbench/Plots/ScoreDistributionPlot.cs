using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How the probability of the positive class is spread among the rows of either class: the less they overlap, the better they are told apart.</summary>
/// <remarks>Each bar is a share of its class and not a count, so that a rare class is as visible as a frequent one.</remarks>
public static class ScoreDistributionPlot
{
    /// <param name="scores">By bin.</param>
    /// <param name="classes">The negative class, then the positive one.</param>
    public static PlotFigure Figure(ScoreDistribution scores, IReadOnlyList<string> classes) => new(
        "Probabilities by true class",
        $"Distribution of the probability of {classes[1]} in {Figures.Count(scores.Negative.Sum(), "row")} that are {classes[0]} and {Figures.Count(scores.Positive.Sum(), "row")} that are {classes[1]}. Where they overlap, some are confused.",
        new PlotAxis($"Probability of {PlotText.Shorten(classes[1], 40)}") { Range = (0, 1), TickFormat = ".0%", Grid = false },
        new PlotAxis("Share of the class") { TickFormat = ".0%", FromZero = true },
        colors => [Bars(scores.Negative, classes[0], colors.Category(0)), Bars(scores.Positive, classes[1], colors.Category(1))])
    {
        ShowLegend = true,
        Adjust = (layout, _) => (layout.BarMode, layout.BarGap) = (BarModeEnum.Overlay, 0),
    };

    private static Bar Bars(IReadOnlyList<int> counts, string name, string color)
    {
        var (bins, rows) = (counts.Count, counts.Sum());
        return new Bar
        {
            Name = PlotText.Label(name),
            X = PlotText.Numbers(counts.Select((_, bin) => (bin + 0.5) / bins)),
            Y = PlotText.Numbers(counts.Select(count => rows == 0 ? 0 : (double)count / rows)),
            Width = 1m / bins,
            Marker = new() { Color = color, Opacity = 0.6m },
            HoverTextArray = [.. counts.Select((count, bin) => PlotText.Escape($"{name}: {Figures.Count(count, "row")} from {Figures.Percent((double)bin / bins, 0)} to {Figures.Percent((bin + 1.0) / bins, 0)}"))],
            HoverInfo = Plotly.Blazor.Traces.BarLib.HoverInfoFlag.Text,
        };
    }
}
