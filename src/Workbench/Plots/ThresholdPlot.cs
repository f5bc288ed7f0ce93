using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Precision, recall, F1 and MCC against the threshold, with the one that the model itself decides by.</summary>
public static class ThresholdPlot
{
    private static readonly (string Name, Func<ThresholdFigures, double?> Figure)[] Lines =
        [("Precision", f => f.Precision), ("Recall", f => f.Recall), ("F1", f => f.F1), ("MCC", f => f.Mcc)];

    /// <param name="figures">At every threshold, highest first.</param>
    /// <param name="own">The threshold that the model decides by: one that a person chose, or that of the likelier class.</param>
    public static PlotFigure Figure(IReadOnlyList<ThresholdFigures> figures, double own)
    {
        var best = figures.MaxBy(f => f.F1)!;
        return new PlotFigure(
            "Figures by threshold",
            $"Precision, recall, F1 and MCC against the threshold. F1 is largest, {Figures.Metric(best.F1)}, at {Figures.Number(best.Threshold, 4)}; there precision is {Figures.Metric(best.Precision)} and recall {Figures.Metric(best.Recall)}. The model itself decides at {Figures.Number(own, 4)}.",
            new PlotAxis("Threshold") { Range = (-0.01, 1.01), TickFormat = ".0%" },
            new PlotAxis(""),
            colors =>
            [
                .. Lines.Select((line, i) => (ITrace)new Scatter
                {
                    Name = line.Name,
                    Mode = ModeFlag.Lines,
                    X = PlotText.Numbers(figures.Select(f => f.Threshold)),
                    Y = PlotText.Numbers(figures.Select(f => line.Figure(f) ?? double.NaN)),
                    Line = PlotLine.For(i, colors),
                    HoverTemplate = "from %{x:.2%}: %{y:.4f}",
                }),
                new Scatter
                {
                    Name = "The model's own",
                    Mode = ModeFlag.Lines,
                    X = PlotText.Numbers([own, own]),
                    Y = [0, 1],
                    Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
                    HoverInfo = HoverInfoFlag.Skip,
                },
            ])
        {
            ShowLegend = true,
        };
    }
}
