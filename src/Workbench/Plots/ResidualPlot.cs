using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Residual (actual - predicted) against predicted number, a point a row, with the line at 0.</summary>
public static class ResidualPlot
{
    public static PlotFigure Figure(RegressionReport report) => new(
        "Residuals",
        $"Residual, actual minus predicted, against the predicted number of {Figures.Count(report.Actual.Count, "row")}. A pattern means that the model misses something.",
        new PlotAxis("Predicted"),
        new PlotAxis("Actual − predicted"),
        colors => Traces(report, colors));

    private static IList<ITrace> Traces(RegressionReport report, PlotColors colors)
    {
        var finite = report.Predicted.Where(double.IsFinite).ToList();
        List<ITrace> traces = [];
        if (finite.Count > 0)
            traces.Add(new Scatter
            {
                Name = "No error",
                Mode = Plotly.Blazor.Traces.ScatterLib.ModeFlag.Lines,
                X = PlotText.Numbers([finite.Min(), finite.Max()]),
                Y = [0, 0],
                Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
                HoverInfo = Plotly.Blazor.Traces.ScatterLib.HoverInfoFlag.Skip,
            });
        traces.Add(PlotPoints.Of("Rows", report.Predicted, report.Actual.Zip(report.Predicted, (actual, predicted) => actual - predicted), colors.Accent, "predicted %{x}<br>residual %{y}<extra></extra>"));
        return traces;
    }
}
