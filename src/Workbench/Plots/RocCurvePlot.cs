using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>True positive rate against false positive rate, one line a curve, with the diagonal of guessing.</summary>
public static class RocCurvePlot
{
    public static PlotFigure Figure(IReadOnlyList<RocCurve> curves) => new(
        "ROC curve",
        $"True positive rate against false positive rate over all thresholds. Area under the curve: {string.Join(", ", curves.Select(c => $"{c.Class} {Figures.Metric(c.Auc)}"))}.",
        new PlotAxis("False positive rate") { Range = (-0.01, 1.01) },
        new PlotAxis("True positive rate") { Range = (-0.01, 1.02) },
        colors => Traces(curves, colors))
    {
        ShowLegend = true,
        LegendBelow = !PlotLine.AreMany(curves.Count),
        Height = PlotLine.HeightFor(curves.Count),
    };

    private static IList<ITrace> Traces(IReadOnlyList<RocCurve> curves, PlotColors colors)
    {
        List<ITrace> traces =
        [
            new Scatter
            {
                Name = "Guessing",
                Mode = ModeFlag.Lines,
                X = [0, 1],
                Y = [0, 1],
                Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
                HoverInfo = HoverInfoFlag.Skip,
            },
        ];
        for (var i = 0; i < curves.Count; i++)
            traces.Add(new Scatter
            {
                Name = $"{PlotText.Label(curves[i].Class)} (AUC {Figures.Metric(curves[i].Auc)})",
                Mode = ModeFlag.Lines,
                X = PlotText.Numbers(curves[i].FalsePositiveRate),
                Y = PlotText.Numbers(curves[i].TruePositiveRate),
                Line = PlotLine.For(i, colors),
                HoverTemplate = "false positive rate %{x:.4f}<br>true positive rate %{y:.4f}",
            });
        return traces;
    }
}
