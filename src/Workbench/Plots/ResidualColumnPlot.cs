using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Residual (actual - predicted) against a column of the dataset, a point a row, with the mean along the column: one that leaves 0 shows what the model misses.</summary>
public static class ResidualColumnPlot
{
    private const int MostNames = 20;

    /// <param name="column">n values.</param>
    /// <param name="residuals">One a row.</param>
    public static PlotFigure Figure(Column column, double[] residuals)
    {
        var along = ResidualsAlong.Of(column, residuals, MostNames);
        var isTime = column is DateTimeColumn;
        var worst = along.Parts.MaxBy(p => Math.Abs(p.MeanResidual));
        string[] names = [.. along.Parts.Select(p => p.Name)];
        return new PlotFigure(
            $"Residuals by {column.Name}",
            $"Residual, actual minus predicted, of {Figures.Count(residuals.Length, "row")} by {column.Name}, in {Figures.Count(along.Parts.Count, "part")}: {string.Join(", ", along.Parts.Select(p => $"{p.Name} {Figures.Number(p.MeanResidual, 3)} on average ({Figures.Count(p.RowCount, "row")})"))}."
                + (worst is null ? "" : $" The mean is furthest from 0 at {worst.Name}: predictions are too {(worst.MeanResidual > 0 ? "low" : "high")} there."),
            along.IsOrdered ? new PlotAxis(column.Name) { IsTime = isTime } : new PlotAxis(column.Name) { Names = names, Grid = false },
            new PlotAxis("Actual − predicted"),
            colors => Traces(column, residuals, along, colors))
        {
            ShowLegend = true,
            LegendBelow = true,
            Height = 420,
        };
    }

    private static IList<ITrace> Traces(Column column, double[] residuals, ResidualsAlong along, PlotColors colors)
    {
        int[] shown = [.. Enumerable.Range(0, residuals.Length).Where(row => along.Places[row] is not null)];
        object[] x = [.. shown.Select(row => along.IsOrdered ? OfValue(column, row) : (object)(along.Places[row]!.Value + Jitter(row)))];
        var (first, last) = along.IsOrdered && shown.Length > 0 ? (Array.IndexOf(shown, shown.MinBy(row => Order(column, row))), Array.IndexOf(shown, shown.MaxBy(row => Order(column, row)))) : (0, 0);
        object[] middles = [.. along.Parts.Select((p, i) => along.IsOrdered ? column is DateTimeColumn ? p.MiddleText! : p.Middle!.Value : (object)i)];
        var rows = PlotPoints.Of("Rows", [], [], colors.Accent, "%{x}<br>residual %{y}<extra></extra>");
        rows.X = x;
        rows.Y = PlotText.Points(shown.Select(row => residuals[row]));
        rows.Marker.Size = PlotPoints.Size(shown.Length);
        return
        [
            rows,
            new ScatterGl
            {
                Name = "Mean",
                Mode = along.IsOrdered ? Plotly.Blazor.Traces.ScatterGlLib.ModeFlag.Lines | Plotly.Blazor.Traces.ScatterGlLib.ModeFlag.Markers : Plotly.Blazor.Traces.ScatterGlLib.ModeFlag.Markers,
                X = middles,
                Y = PlotText.Numbers(along.Parts.Select(p => p.MeanResidual)),
                Line = new Plotly.Blazor.Traces.ScatterGlLib.Line { Color = colors.Category(1), Width = 2.5m },
                Marker = new() { Color = colors.Category(1), Size = 9, Symbol = Plotly.Blazor.Traces.ScatterGlLib.MarkerLib.SymbolEnum.Diamond },
                HoverTemplate = "mean residual %{y:.4~g}<extra></extra>",
            },
            .. shown.Length == 0 ? Array.Empty<ITrace>() : [Zero(along.IsOrdered ? [x[first], x[last]] : [-0.5, along.Parts.Count - 0.5], colors)],
        ];
    }

    private static ScatterGl Zero(IList<object> ends, PlotColors colors)
    {
        var line = PlotPoints.Reference("No error", [0, 0], [0, 0], colors);
        line.X = ends;
        return line;
    }

    private static object OfValue(Column column, int row) => column is NumericColumn numbers ? numbers.Values[row] : column.GetText(row)!;

    private static double Order(Column column, int row) => column is NumericColumn numbers ? numbers.Values[row] : ((DateTimeColumn)column).Ticks[row];

    // Beside one another within the place of their name, the same way each time: the golden ratio spreads evenly.
    private static double Jitter(int row) => (((row * 0.618_033_988_749_895) % 1) - 0.5) * 0.6;
}
