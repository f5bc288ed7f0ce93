using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Predicted against actual number, a point a row, with the diagonal on which every prediction is right.</summary>
public static class PredictedActualPlot
{
    public static PlotFigure Figure(RegressionReport report) => new(
        "Predicted and actual",
        $"Predicted against actual number of {Figures.Count(report.Actual.Count, "row")}. The nearer to the diagonal, the better the prediction.",
        new PlotAxis("Actual"),
        new PlotAxis("Predicted"),
        colors => Traces(report, colors));

    private static IList<ITrace> Traces(RegressionReport report, PlotColors colors)
    {
        var finite = report.Actual.Concat(report.Predicted).Where(double.IsFinite).ToList();
        List<ITrace> traces = [PlotPoints.Of("Rows", report.Actual, report.Predicted, colors.Accent, "actual %{x}<br>predicted %{y}<extra></extra>")];
        if (finite.Count > 0) traces.Add(PlotPoints.Reference("Predicted = actual", [finite.Min(), finite.Max()], [finite.Min(), finite.Max()], colors));
        return traces;
    }
}
