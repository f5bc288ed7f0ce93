using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Share that came true against predicted probability, a point a bin, with the diagonal on which probabilities come true; below it how many rows have which probability.</summary>
public static class CalibrationPlot
{
    public static PlotFigure Figure(CalibrationCurve curve)
    {
        var what = curve.Class is { } name ? $"Probability of {PlotText.Shorten(name, 40)}" : "Probability of the predicted class";
        var fullest = curve.Histogram.Index().MaxBy(bin => bin.Item).Index;
        return new PlotFigure(
            "Calibration",
            $"{what} against the share that came true, in {Figures.Count(curve.Counts.Count, "bin")} of equally many rows: {string.Join(", ", curve.Predicted.Zip(curve.Observed, (predicted, observed) => $"{Figures.Percent(predicted)} predicted, {Figures.Percent(observed)} true"))}. "
            + $"Expected calibration error {Figures.Metric(curve.ExpectedError)}. Most rows, {Figures.Count(curve.Histogram[fullest])} of {Figures.Count(curve.Histogram.Sum())}, have a probability from {Figures.Percent(Edge(curve, fullest), 0)} to {Figures.Percent(Edge(curve, fullest + 1), 0)}.",
            new PlotAxis(what) { Range = (-0.01, 1.01), TickFormat = ".0%" },
            new PlotAxis("Share that came true") { Range = (-0.02, 1.03), TickFormat = ".0%" },
            colors => Traces(curve, colors))
        {
            Height = 460,
            Adjust = (layout, colors) =>
            {
                var rows = new PlotAxis("Rows") { FromZero = true, Grid = false }.ForY(colors);
                (layout.YAxis[0].Domain, rows.Domain) = ([0.3m, 1m], [0m, 0.2m]);
                layout.YAxis.Add(rows);
                layout.XAxis[0].Anchor = "y2";
                layout.BarGap = 0.05m;
            },
        };
    }

    private static IList<ITrace> Traces(CalibrationCurve curve, PlotColors colors) =>
    [
        new Scatter
        {
            Name = "Comes true",
            Mode = ModeFlag.Lines,
            X = [0, 1],
            Y = [0, 1],
            Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
            HoverInfo = HoverInfoFlag.Skip,
        },
        new Scatter
        {
            Name = "Bins",
            Mode = ModeFlag.Lines | ModeFlag.Markers,
            X = PlotText.Numbers(curve.Predicted),
            Y = PlotText.Numbers(curve.Observed),
            Line = new() { Color = colors.Accent, Width = 2 },
            Marker = new() { Color = colors.Accent, Size = 7 },
            TextArray = [.. curve.Counts.Select(count => Figures.Count(count, "row"))],
            HoverTemplate = "predicted %{x:.1%}<br>came true %{y:.1%}<br>%{text}<extra></extra>",
        },
        new Bar
        {
            Name = "Rows",
            X = PlotText.Numbers(curve.Histogram.Select((_, bin) => (Edge(curve, bin) + Edge(curve, bin + 1)) / 2)),
            Y = [.. curve.Histogram.Cast<object>()],
            YAxis = "y2",
            Marker = new() { Color = colors.Category(1) },
            HoverTextArray = [.. curve.Histogram.Select((count, bin) => PlotText.Escape($"{Figures.Percent(Edge(curve, bin), 0)} to {Figures.Percent(Edge(curve, bin + 1), 0)}: {Figures.Count(count, "row")}"))],
            HoverInfo = Plotly.Blazor.Traces.BarLib.HoverInfoFlag.Text,
        },
    ];

    private static double Edge(CalibrationCurve curve, int bin) => (double)bin / curve.Histogram.Count;
}
