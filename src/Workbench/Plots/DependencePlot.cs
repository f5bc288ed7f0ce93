using System.Globalization;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How answers move with a column: the mean over rows, some rows by themselves, and under it how many rows have such values.</summary>
public static class DependencePlot
{
    private const int MostLines = 8;

    /// <param name="dependence">Of one column.</param>
    /// <param name="of">The name of each answer.</param>
    /// <param name="task">What is predicted.</param>
    public static PlotFigure Figure(PartialDependence dependence, IReadOnlyList<string> of, LearningTask task)
    {
        var isNumber = task == LearningTask.Regression;
        int[] lines = [.. Enumerable.Range(0, of.Count).OrderByDescending(k => dependence.Means[k].Max() - dependence.Means[k].Min()).Take(MostLines).Order()];
        var isTime = dependence.IsOrdered && !double.TryParse(dependence.Values[0], NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        object[] x = dependence.IsOrdered && !isTime ? [.. dependence.Values.Select(v => (object)double.Parse(v, CultureInfo.InvariantCulture))] : dependence.IsOrdered ? [.. dependence.Values.Cast<object>()] : [.. Enumerable.Range(0, dependence.Values.Count).Cast<object>()];
        var strongest = lines.MaxBy(k => dependence.Means[k].Max() - dependence.Means[k].Min());
        return new PlotFigure($"If {dependence.Column} were",
            $"Mean {(isNumber ? of[0] : $"probability of {of[strongest]}")}: from {Figures.Number(dependence.Means[strongest].Min(), 3)} to {Figures.Number(dependence.Means[strongest].Max(), 3)} as {dependence.Column} goes through {Figures.Count(dependence.Values.Count, "value")}.",
            dependence.IsOrdered ? new PlotAxis(dependence.Column) { IsTime = isTime } : new PlotAxis(dependence.Column) { Names = dependence.Values, Grid = false },
            new PlotAxis(isNumber ? of[0] : of.Count == 1 ? $"Probability of {of[0]}" : "Probability") { TickFormat = isNumber ? null : ".0%" },
            colors =>
            [
                new Bar
                {
                    Name = "Share of the rows",
                    X = x,
                    Y = PlotText.Numbers(dependence.Shares),
                    YAxis = "y2",
                    Marker = new() { Color = colors.Reference, Opacity = 0.35m },
                    HoverTemplate = "%{y:.1%} of the rows<extra></extra>",
                    ShowLegend = false,
                },
                .. dependence.Curves.Select((curve, i) => (ITrace)new Scatter
                {
                    Name = "Single rows",
                    LegendGroup = "rows",
                    ShowLegend = i == 0,
                    Mode = ModeFlag.Lines,
                    X = x,
                    Y = PlotText.Points(curve),
                    Line = new() { Color = colors.Reference, Width = 0.8m },
                    Opacity = 0.45m,
                    HoverInfo = HoverInfoFlag.Skip,
                }),
                .. lines.Select((k, i) => (ITrace)new Scatter
                {
                    Name = of.Count == 1 ? "Mean" : PlotText.Label(of[k]),
                    Mode = dependence.IsOrdered ? ModeFlag.Lines : ModeFlag.Lines | ModeFlag.Markers,
                    X = x,
                    Y = PlotText.Numbers(dependence.Means[k]),
                    Line = PlotLine.For(i, colors),
                    HoverTemplate = isNumber ? "%{x}: %{y:.4~g}" : "%{x}: %{y:.1%}",
                }),
            ])
        {
            ShowLegend = true,
            LegendBelow = true,
            Height = 420,
            Adjust = (layout, colors) =>
            {
                layout.YAxis[0].Domain = [0.22, 1];
                layout.YAxis.Add(new Plotly.Blazor.LayoutLib.YAxis { Domain = [0, 0.15], TickFormat = ".0%", ShowGrid = false, ZeroLine = false, NTicks = 3, AutoMargin = Plotly.Blazor.LayoutLib.YAxisLib.AutoMarginFlag.True, RangeMode = Plotly.Blazor.LayoutLib.YAxisLib.RangeModeEnum.ToZero });
                layout.XAxis[0].Anchor = "y2";
            },
        };
    }
}
