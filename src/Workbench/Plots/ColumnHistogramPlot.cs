using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.BarLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How the values of a column are spread, all together or class by class of the target, the classes on top of one another.</summary>
public static class ColumnHistogramPlot
{
    private const int Ticks = 5;

    /// <param name="column">With a histogram.</param>
    public static PlotFigure Figure(ColumnProfile column)
    {
        var histogram = column.Histogram ?? throw new ArgumentException($"Column '{column.Name}' has no histogram.", nameof(column));
        var fullest = histogram.Counts.Index().MaxBy(bin => bin.Item).Index;
        return Bins(column.Name, column.Kind, histogram.Edges,
            $"From {Value(column.Kind, histogram.Edges[0])} to {Value(column.Kind, histogram.Edges[^1])}; most values, {Figures.Count(histogram.Counts[fullest])}, lie from {Value(column.Kind, histogram.Edges[fullest])} to {Value(column.Kind, histogram.Edges[fullest + 1])}.",
            colors => [Series(column.Kind, histogram.Edges, histogram.Counts, null, colors.Accent)], legend: false);
    }

    /// <param name="column">What is counted.</param>
    /// <param name="counts">Of that column.</param>
    /// <param name="target">Whose classes they are.</param>
    public static PlotFigure Figure(ColumnProfile column, ClassHistogram counts, string target)
    {
        var title = $"{column.Name} by {target}";
        var words = $"Rows of {Figures.Count(counts.Classes.Count, "class", "classes")} of {target}: {string.Join(", ", counts.Classes.Select((name, i) => $"{name} {Figures.Count(counts.Counts[i].Sum())}"))}.";
        if (counts.Edges is { } edges)
            return Bins(title, column.Kind, edges, words, colors => [.. counts.Classes.Select((name, i) => Series(column.Kind, edges, counts.Counts[i], name, colors.Category(i)))], legend: true);
        return new PlotFigure(title, words, new PlotAxis("Rows"), new PlotAxis("") { Names = [.. counts.Names!.Select(n => n.Length == 0 ? "(empty)" : n)], Reversed = true, Grid = false },
            colors => [.. counts.Classes.Select((name, i) => NamedSeries(counts, i, name, colors.Category(i)))])
        {
            ShowLegend = true,
            Height = Math.Max(220, 130 + counts.Names!.Count * 26),
            Adjust = (layout, _) => Stack(layout),
        };
    }

    private static PlotFigure Bins(string title, ColumnKind kind, IReadOnlyList<double> edges, string words, Func<PlotColors, IList<ITrace>> traces, bool legend) =>
        new(title, words, new PlotAxis("") { Range = (-0.5, edges.Count - 1.5), Grid = false }, new PlotAxis("Rows"), traces)
        {
            ShowLegend = legend,
            Height = 300,
            Adjust = (layout, _) =>
            {
                Stack(layout);
                // The bars stand at 0, 1, 2, …: ticks of dates are too many for Plotly's own axis, and all are wanted in our figures.
                var bins = edges.Count - 1;
                int[] at = [.. Enumerable.Range(0, Math.Min(Ticks, bins) + 1).Select(i => (int)Math.Round((double)i * bins / Math.Min(Ticks, bins))).Distinct()];
                layout.XAxis[0].TickMode = Plotly.Blazor.LayoutLib.XAxisLib.TickModeEnum.Array;
                layout.XAxis[0].TickVals = [.. at.Select(i => (object)(i - 0.5))];
                layout.XAxis[0].TickText = [.. at.Select(i => (object)Value(kind, edges[i]))];
            },
        };

    private static void Stack(Layout layout)
    {
        layout.BarMode = Plotly.Blazor.LayoutLib.BarModeEnum.Stack;
        layout.BarGap = 0.06m;
        layout.Legend[0].Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H;
    }

    private static Bar Series(ColumnKind kind, IReadOnlyList<double> edges, IReadOnlyList<int> counts, string? name, string color) => new()
    {
        Name = name is null ? null : PlotText.Label(name),
        X = [.. Enumerable.Range(0, counts.Count).Cast<object>()],
        Y = [.. counts.Cast<object>()],
        Marker = new() { Color = color },
        HoverTextArray = [.. counts.Select((count, bin) => $"{(name is null ? "" : PlotText.Escape(name) + "<br>")}{Value(kind, edges[bin])} to {Value(kind, edges[bin + 1])}<br>{Figures.Count(count, "row")}")],
        HoverInfo = HoverInfoFlag.Text,
    };

    private static Bar NamedSeries(ClassHistogram counts, int at, string name, string color) => new()
    {
        Name = PlotText.Label(name),
        Orientation = OrientationEnum.H,
        X = [.. counts.Counts[at].Cast<object>()],
        Y = [.. Enumerable.Range(0, counts.Names!.Count).Cast<object>()],
        Marker = new() { Color = color },
        HoverTextArray = [.. counts.Counts[at].Select((count, i) => $"{PlotText.Escape(counts.Names[i])}<br>{PlotText.Escape(name)}: {Figures.Count(count, "row")}")],
        HoverInfo = HoverInfoFlag.Text,
    };

    private static string Value(ColumnKind kind, double value) => kind == ColumnKind.DateTime
        ? new DateTime((long)Math.Clamp(value, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), DateTimeKind.Utc).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : Figures.Number(value);
}
