using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.BarLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Mean absolute error by the size of the prediction, smallest on top, with the rows of each range.</summary>
public static class RangeErrorPlot
{
    public static PlotFigure Figure(IReadOnlyList<RangeError> ranges)
    {
        var worst = ranges.MaxBy(r => r.MeanAbsoluteError)!;
        return new PlotFigure(
            "Error by size of the prediction",
            $"Mean absolute error in {Figures.Count(ranges.Count, "range")} of the prediction: {string.Join(", ", ranges.Select(r => $"{Name(r)} {Figures.Metric(r.MeanAbsoluteError)} ({Figures.Count(r.Count, "row")})"))}. It is largest at {Name(worst)}.",
            new PlotAxis("Mean absolute error") { FromZero = true },
            new PlotAxis("Predicted") { Names = [.. ranges.Select(Name)], Reversed = true, Grid = false },
            colors =>
            [
                new Bar
                {
                    Orientation = OrientationEnum.H,
                    X = PlotText.Numbers(ranges.Select(r => r.MeanAbsoluteError)),
                    Y = [.. Enumerable.Range(0, ranges.Count).Cast<object>()],
                    Marker = new() { Color = colors.Accent },
                    TextArray = [.. ranges.Select(r => Figures.Count(r.Count, "row"))],
                    TextPosition = TextPositionEnum.Auto,
                    HoverTextArray = [.. ranges.Select(r => PlotText.Escape($"predicted {Name(r)}: off by {Figures.Metric(r.MeanAbsoluteError)} on average, {Bias(r)}, {Figures.Count(r.Count, "row")}"))],
                    HoverInfo = HoverInfoFlag.Text,
                },
            ])
        {
            Height = Math.Max(220, 130 + (ranges.Count * 28)),
        };
    }

    private static string Name(RangeError range) => range.From == range.To ? Figures.Number(range.From, 4) : $"{Figures.Number(range.From, 4)} to {Figures.Number(range.To, 4)}";

    private static string Bias(RangeError range) => range.MeanResidual switch
    {
        > 0 => $"too low by {Figures.Metric(range.MeanResidual)}",
        < 0 => $"too high by {Figures.Metric(-range.MeanResidual)}",
        _ => "neither too low nor too high",
    };
}
