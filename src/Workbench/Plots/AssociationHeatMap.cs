using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.HeatMapLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How strongly each column hangs together with each other: -1 to 1, negative correlations in another colour; gaps where a value is undefined.</summary>
public static class AssociationHeatMap
{
    public static PlotFigure Figure(AssociationMatrix matrix)
    {
        var count = matrix.Columns.Count;
        var strongest = Enumerable.Range(0, count)
            .SelectMany(i => Enumerable.Range(i + 1, count - i - 1).Select(j => (I: i, J: j, Value: matrix.Values[i][j])))
            .Where(pair => pair.Value is not null).OrderByDescending(pair => Math.Abs(pair.Value!.Value)).Take(1).ToList();
        return new PlotFigure(
            "Associations between columns",
            $"{Figures.Count(count, "column")} against one another."
                + string.Concat(strongest.Select(pair => $" Strongest: {matrix.Columns[pair.I]} and {matrix.Columns[pair.J]}, {Name(matrix.Measures[pair.I][pair.J])} {Figures.Metric(pair.Value)}.")),
            new PlotAxis("") { Names = matrix.Columns, Grid = false },
            new PlotAxis("") { Names = matrix.Columns, Reversed = true, Grid = false },
            colors => [Cells(matrix, colors)])
        {
            Height = Math.Clamp(220 + count * 18, 380, 1200),
            Adjust = (layout, _) =>
            {
                layout.XAxis[0].TickAngle = -60;
                // Sixty names need small type to stand beside one another.
                if (count > 30) (layout.XAxis[0].TickFont, layout.YAxis[0].TickFont) = (new() { Size = 9 }, new() { Size = 9 });
            },
        };
    }

    private static HeatMap Cells(AssociationMatrix matrix, PlotColors colors) => new()
    {
        X = [.. Enumerable.Range(0, matrix.Columns.Count).Cast<object>()],
        Y = [.. Enumerable.Range(0, matrix.Columns.Count).Cast<object>()],
        Z = [.. matrix.Values.Select(row => row.Select(value => value is { } number && double.IsFinite(number) ? (object)Math.Round(number, 4) : null!).ToList())],
        HoverText = [.. matrix.Values.Select((row, i) => row.Select((value, j) => (object)Hover(matrix, i, j, value)).ToList())],
        HoverInfo = HoverInfoFlag.Text,
        HoverOnGaps = true,
        // From orange over nothing to blue, both told apart by colour-blind readers.
        ColorScale = PlotScale.Of([colors.Category(1), colors.Surface, colors.Accent]),
        ZMin = -1,
        ZMax = 1,
        XGap = matrix.Columns.Count > 30 ? 0 : 1,
        YGap = matrix.Columns.Count > 30 ? 0 : 1,
        ColorBar = new ColorBar { TickVals = [-1, -0.5, 0, 0.5, 1], TickMode = Plotly.Blazor.Traces.HeatMapLib.ColorBarLib.TickModeEnum.Array, Thickness = 12, OutlineWidth = 0 },
    };

    private static string Hover(AssociationMatrix matrix, int i, int j, double? value) =>
        $"{PlotText.Escape(matrix.Columns[i])}<br>{PlotText.Escape(matrix.Columns[j])}<br>{Name(matrix.Measures[i][j])}: {(value is null ? "undefined" : Figures.Metric(value))}";

    /// <summary>What a measure is called in plots and tables.</summary>
    public static string Name(AssociationMeasure measure) => measure switch
    {
        AssociationMeasure.Pearson => "Pearson correlation",
        AssociationMeasure.CramersV => "Cramér’s V",
        _ => "Correlation ratio",
    };
}
