using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;

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
        List<ITrace> traces = [PlotPoints.Of("Rows", report.Predicted, report.Actual.Zip(report.Predicted, (actual, predicted) => actual - predicted), colors.Accent, "predicted %{x}<br>residual %{y}<extra></extra>")];
        if (finite.Count > 0) traces.Add(PlotPoints.Reference("No error", [finite.Min(), finite.Max()], [0, 0], colors));
        return traces;
    }
}
