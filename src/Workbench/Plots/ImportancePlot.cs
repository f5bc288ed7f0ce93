using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.BarLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How much the metric suffers when a column is shuffled: the 20 most important columns, most important on top, with one standard deviation either way.</summary>
public static class ImportancePlot
{
    private const int Shown = 20;

    public static PlotFigure Figure(PermutationImportance importance)
    {
        var columns = importance.Columns.Take(Shown).ToList();
        var metric = Metric.Parse(importance.MetricId);
        return new PlotFigure(
            "Column importance",
            columns.Count == 0
                ? "No column was shuffled."
                : $"How much {metric.Name} suffers when a column is shuffled. Most important: {string.Join(", ", columns.Take(3).Select(c => $"{c.Column} {Figures.Metric(c.MeanDrop)}"))}.",
            new PlotAxis($"{(metric.HigherIsBetter ? "Drop" : "Rise")} of {metric.Name}"),
            new PlotAxis("") { Names = [.. columns.Select(c => c.Column)], Reversed = true, Grid = false },
            colors => [Bars(columns, colors)])
        {
            Height = Math.Max(220, 130 + columns.Count * 24),
        };
    }

    private static Bar Bars(IReadOnlyList<ColumnImportance> columns, PlotColors colors) => new()
    {
        Orientation = OrientationEnum.H,
        X = PlotText.Numbers(columns.Select(c => c.MeanDrop)),
        Y = [.. Enumerable.Range(0, columns.Count).Cast<object>()],
        Marker = new() { Color = colors.Accent },
        ErrorX = new ErrorX
        {
            Type = Plotly.Blazor.Traces.BarLib.ErrorXLib.TypeEnum.Data,
            Array = PlotText.Numbers(columns.Select(c => c.StandardDeviation)),
            Color = colors.Text,
            Thickness = 1.2m,
            Width = 3,
        },
        HoverTextArray = [.. columns.Select(c => $"{PlotText.Escape(c.Column)}: {Figures.Metric(c.MeanDrop)} ± {Figures.Metric(c.StandardDeviation)}")],
        HoverInfo = HoverInfoFlag.Text,
    };
}
