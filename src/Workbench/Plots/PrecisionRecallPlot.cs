using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Precision against recall, one line a curve; with a single curve also the precision of guessing.</summary>
public static class PrecisionRecallPlot
{
    public static PlotFigure Figure(IReadOnlyList<PrecisionRecallCurve> curves) => new(
        "Precision and recall",
        $"Precision against recall over all thresholds. Average precision: {string.Join(", ", curves.Select(c => $"{c.Class} {Figures.Metric(c.AveragePrecision)}"))}.",
        new PlotAxis("Recall") { Range = (-0.01, 1.01) },
        new PlotAxis("Precision") { Range = (-0.01, 1.02) },
        colors => Traces(curves, colors))
    {
        ShowLegend = true,
        LegendBelow = !PlotLine.AreMany(curves.Count),
        Height = PlotLine.HeightFor(curves.Count),
    };

    private static IList<ITrace> Traces(IReadOnlyList<PrecisionRecallCurve> curves, PlotColors colors)
    {
        List<ITrace> traces = [];
        // Each class has a level of its own; beyond one they would only be noise.
        if (curves is [var only])
            traces.Add(new Scatter
            {
                Name = "Guessing",
                Mode = ModeFlag.Lines,
                X = [0, 1],
                Y = PlotText.Numbers([only.PositiveShare, only.PositiveShare]),
                Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
                HoverInfo = HoverInfoFlag.Skip,
            });
        for (var i = 0; i < curves.Count; i++)
            traces.Add(new Scatter
            {
                Name = $"{PlotText.Label(curves[i].Class)} (AP {Figures.Metric(curves[i].AveragePrecision)})",
                Mode = ModeFlag.Lines,
                X = PlotText.Numbers(curves[i].Recall),
                Y = PlotText.Numbers(curves[i].Precision),
                Line = PlotLine.For(i, colors),
                HoverTemplate = "recall %{x:.4f}<br>precision %{y:.4f}",
            });
        return traces;
    }
}
