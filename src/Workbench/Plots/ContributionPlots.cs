using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterGlLib;
using Plotly.Blazor.Traces.ScatterGlLib.MarkerLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What columns add to the answers of many rows: their mean size as bars, and every row as a point.</summary>
public static class ContributionPlots
{
    private const int ShownBars = 20;

    // Points that lie together are moved apart within their column's line.
    private const int Bins = 80;
    private const double Step = 0.06, HalfLine = 0.38;

    /// <param name="sum">0-based: which class; null for all together.</param>
    public static PlotFigure Bars(ContributionReport report, int? sum)
    {
        double Size(ColumnContributions column) => sum is { } one ? column.MeanAbsolute[one] : column.MeanAbsolute.Sum();
        var columns = report.Columns.OrderByDescending(Size).Take(ShownBars).ToList();
        var axis = sum is { } of || report.Of.Count == 1 ? WaterfallPlot.AxisOf(report.Scale, report.Of[sum ?? 0]) : "all classes together";
        return new PlotFigure(
            "What it leans on",
            $"Mean size of what each column adds to an answer. {string.Join(", ", columns.Take(5).Select(c => $"{c.Column} {Figures.Number(Size(c), 3)}"))}.",
            new PlotAxis($"Mean size,\n{char.ToLowerInvariant(axis[0])}{axis[1..]}"),
            new PlotAxis("") { Names = [.. columns.Select(c => c.Column)], Reversed = true, Grid = false },
            colors =>
            [
                new Bar
                {
                    Orientation = Plotly.Blazor.Traces.BarLib.OrientationEnum.H,
                    X = PlotText.Numbers(columns.Select(Size)),
                    Y = [.. Enumerable.Range(0, columns.Count).Cast<object>()],
                    Marker = new() { Color = colors.Accent },
                    HoverTextArray = [.. columns.Select(c => $"{PlotText.Escape(c.Column)}: {Figures.Number(Size(c), 4)}")],
                    HoverInfo = Plotly.Blazor.Traces.BarLib.HoverInfoFlag.Text,
                },
            ])
        { Height = Math.Max(220, 130 + columns.Count * 24) };
    }

    /// <param name="sum">0-based: which class; 0 where there is one sum.</param>
    public static PlotFigure Rows(ContributionReport report, int sum)
    {
        var columns = report.Columns.Where(c => c.Points is not null).OrderByDescending(c => c.MeanAbsolute[sum]).ToList();
        var count = columns.Count == 0 ? 0 : columns[0].Points!.Texts.Count;
        return new PlotFigure(
            "Row by row",
            $"What the {Figures.Count(columns.Count, "most important column")} add in each of {Figures.Count(count, "row")}; the shade tells whether the column's value is low or high. {string.Join(" ", columns.Take(3).Select(c => Tendency(c, sum)))}",
            new PlotAxis(WaterfallPlot.AxisOf(report.Scale, report.Of[sum])),
            new PlotAxis("") { Names = [.. columns.Select(c => c.Column)], Reversed = true, Grid = false },
            colors => [.. columns.Select((column, i) => (Plotly.Blazor.ITrace)Line(column, i, sum, colors, isFirst: i == 0))])
        {
            Height = Math.Max(260, 150 + columns.Count * 34),
            Adjust = (layout, colors) => layout.Shapes =
            [
                new Plotly.Blazor.LayoutLib.Shape { Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Line, YRef = "paper", Y0 = 0, Y1 = 1, X0 = 0, X1 = 0, Line = new() { Color = colors.Reference, Width = 1 }, Layer = Plotly.Blazor.LayoutLib.ShapeLib.LayerEnum.Below },
            ],
        };
    }

    private static ScatterGl Line(ColumnContributions column, int index, int sum, PlotColors colors, bool isFirst)
    {
        var points = column.Points!;
        var added = points.Added[sum];
        return new ScatterGl
        {
            Name = PlotText.Label(column.Column),
            Mode = ModeFlag.Markers,
            X = PlotText.Points(added.Select(a => (double)a)),
            Y = PlotText.Points(Spread(added).Select(offset => index + offset)),
            TextArray = [.. points.Texts.Select(text => text is null ? "missing" : PlotText.Escape(PlotText.Shorten(text, 40)))],
            Marker = new Marker
            {
                // A missing value is drawn as the middle: Plotly has no colour for none.
                ColorArray = PlotText.Points(points.Positions.Select(p => (double)(p ?? 0.5f))),
                ColorScale = PlotScale.Of(colors.Scatter),
                CMin = 0,
                CMax = 1,
                ShowScale = isFirst,
                ColorBar = !isFirst ? null : new ColorBar
                {
                    Thickness = 10,
                    OutlineWidth = 0,
                    TickMode = Plotly.Blazor.Traces.ScatterGlLib.MarkerLib.ColorBarLib.TickModeEnum.Array,
                    TickVals = [0.03, 0.97],
                    TickText = ["low", "high"],
                    Len = 0.6m,
                },
                Size = PlotPoints.Size(added.Length),
                Opacity = 0.75m,
            },
            HoverTemplate = $"{PlotText.Label(column.Column)} = %{{text}}<br>%{{x:.3~g}}<extra></extra>",
        };
    }

    /// <summary>For each point how far from the middle of its line it is drawn.</summary>
    private static double[] Spread(float[] added)
    {
        var offsets = new double[added.Length];
        if (added.Length == 0) return offsets;
        var (low, high) = (added.Min(), added.Max());
        var width = high > low ? (high - low) / Bins : 1;
        foreach (var bin in Enumerable.Range(0, added.Length).GroupBy(row => (int)((added[row] - low) / width)))
        {
            // From the middle outwards, to both sides in turn; crowded bins closer together.
            var rows = bin.ToArray();
            var step = Math.Min(Step, 2 * HalfLine / rows.Length);
            for (var i = 0; i < rows.Length; i++) offsets[rows[i]] = (i % 2 == 0 ? 1 : -1) * ((i + 1) / 2) * step;
        }
        return offsets;
    }

    private static string Tendency(ColumnContributions column, int sum)
    {
        var points = column.Points!;
        var known = points.Positions.Select((p, row) => (Position: p, Added: points.Added[sum][row])).Where(p => p.Position is not null).ToArray();
        if (known.Length < 2) return "";
        var (low, high) = (known.Where(p => p.Position < 0.5).Select(p => (double)p.Added).DefaultIfEmpty(0).Average(), known.Where(p => p.Position >= 0.5).Select(p => (double)p.Added).DefaultIfEmpty(0).Average());
        return $"{column.Column} adds {Figures.Number(low, 2)} where low, {Figures.Number(high, 2)} where high.";
    }
}
