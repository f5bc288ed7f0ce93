using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.LayoutLib.LegendLib;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>A curve with the name of the model that it is of.</summary>
public sealed record OfModel<T>(string Model, T Curve);

/// <summary>Curves of several models in one plot, one line a model; a model has the same colour in all of them.</summary>
public static class SideBySidePlots
{
    // Below the plot, a line a model: beside it the names would leave a narrow screen no room.
    private const int LegendLineHeight = 22;

    /// <param name="curves">Of one class; null where a model has none.</param>
    /// <param name="className">Whose curves they are.</param>
    public static PlotFigure Roc(IReadOnlyList<OfModel<RocCurve?>> curves, string className) => Overlaid(
        "ROC curves",
        $"True positive rate against false positive rate of {Short(className)} over all thresholds. Area under the curve: {List(curves, c => c.Auc)}.",
        new PlotAxis("False positive rate") { Range = (-0.01, 1.01) }, new PlotAxis("True positive rate") { Range = (-0.01, 1.02) }, curves,
        colors => [Reference("Guessing", [0, 1], [0, 1], colors)],
        (curve, line) =>
        {
            (line.X, line.Y) = (PlotText.Numbers(curve.FalsePositiveRate), PlotText.Numbers(curve.TruePositiveRate));
            line.Name += $" (AUC {Figures.Metric(curve.Auc)})";
            line.HoverTemplate = "false positive rate %{x:.4f}<br>true positive rate %{y:.4f}";
        });

    /// <param name="curves">Of one class; null where a model has none.</param>
    /// <param name="className">Whose curves they are.</param>
    public static PlotFigure PrecisionRecall(IReadOnlyList<OfModel<PrecisionRecallCurve?>> curves, string className) => Overlaid(
        "Precision and recall",
        $"Precision against recall of {Short(className)} over all thresholds. Average precision: {List(curves, c => c.AveragePrecision)}.",
        new PlotAxis("Recall") { Range = (-0.01, 1.01) }, new PlotAxis("Precision") { Range = (-0.01, 1.02) }, curves,
        // All models are judged on the same rows, so guessing is one line.
        colors => curves.Select(c => c.Curve).OfType<PrecisionRecallCurve>().FirstOrDefault() is { } any ? [Reference("Guessing", [0, 1], [any.PositiveShare, any.PositiveShare], colors)] : [],
        (curve, line) =>
        {
            (line.X, line.Y) = (PlotText.Numbers(curve.Recall), PlotText.Numbers(curve.Precision));
            line.Name += $" (AP {Figures.Metric(curve.AveragePrecision)})";
            line.HoverTemplate = "recall %{x:.4f}<br>precision %{y:.4f}";
        });

    /// <param name="curves">Null where a model's report is from before there were any.</param>
    public static PlotFigure Calibration(IReadOnlyList<OfModel<CalibrationCurve?>> curves)
    {
        var what = curves.Select(c => c.Curve?.Class).OfType<string>().FirstOrDefault() is { } name ? $"Probability of {PlotText.Shorten(name, 40)}" : "Probability of the predicted class";
        return Overlaid(
            "Calibration",
            $"{what} against the share that came true. Expected calibration error: {List(curves, c => c.ExpectedError)}.",
            new PlotAxis(what) { Range = (-0.01, 1.01), TickFormat = ".0%" }, new PlotAxis("Share that came true") { Range = (-0.02, 1.03), TickFormat = ".0%" }, curves,
            colors => [Reference("Comes true", [0, 1], [0, 1], colors)],
            (curve, line) =>
            {
                (line.X, line.Y) = (PlotText.Numbers(curve.Predicted), PlotText.Numbers(curve.Observed));
                line.Mode = ModeFlag.Lines | ModeFlag.Markers;
                // What is left of adding up many rows is no error.
                line.Name += $" (error {Figures.Metric(Math.Round(curve.ExpectedError, 6))})";
                line.TextArray = [.. curve.Counts.Select(count => Figures.Count(count, "row"))];
                line.HoverTemplate = "predicted %{x:.1%}<br>came true %{y:.1%}<br>%{text}";
            });
    }

    /// <summary>How many of the rows have a residual up to which size: the steeper the line rises at 0, the better.</summary>
    /// <param name="curves">Null where a model's report is from before there were any.</param>
    public static PlotFigure Residuals(IReadOnlyList<OfModel<ResidualQuantiles?>> curves) => Overlaid(
        "Distribution of the residuals",
        $"Share of the rows up to each residual, actual − predicted; a good model's line rises steeply at 0. Standard deviation: {List(curves, c => c.StandardDeviation)}.",
        new PlotAxis("Actual − predicted"), new PlotAxis("Share of the rows") { Range = (-0.02, 1.02), TickFormat = ".0%" }, curves,
        _ => [],
        (curve, line) =>
        {
            (line.X, line.Y) = (PlotText.Numbers(curve.Residual), PlotText.Numbers(Shares(curve.Residual.Count)));
            line.Name += $" (std. dev. {Figures.Number(curve.StandardDeviation, 4)})";
            line.HoverTemplate = "%{y:.1%} up to %{x}";
        }) with
    {
        Adjust = (layout, colors) =>
        {
            LegendBelow(layout, curves.Count);
            layout.Shapes = [new Shape { Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Line, YRef = "paper", X0 = 0, X1 = 0, Y0 = 0, Y1 = 1, Line = new() { Color = colors.Reference, Width = 1.5m, Dash = "dot" }, Layer = Plotly.Blazor.LayoutLib.ShapeLib.LayerEnum.Below }];
        },
    };

    /// <summary>How much better each model is than the first, with its interval.</summary>
    /// <param name="gains">From and to are the 95 % interval.</param>
    /// <param name="first">The model that the others are held against.</param>
    /// <param name="metric">What the gain is measured by.</param>
    public static PlotFigure Gains(IReadOnlyList<OfModel<(double Gain, double From, double To)>> gains, string first, Metric metric) => new(
        $"Gain over {PlotText.Shorten(first, 40)}",
        $"How much better each model's {metric.Name} is, right of 0 is better: {string.Join(", ", gains.Select(g => $"{g.Model} {Figures.Number(g.Curve.Gain, 3)}, 95 % interval {Figures.Number(g.Curve.From, 3)} to {Figures.Number(g.Curve.To, 3)}"))}.",
        new PlotAxis($"Better by ({metric.Name})") { Range = Around(gains.SelectMany(g => (double[])[g.Curve.From, g.Curve.To, g.Curve.Gain])) }, new PlotAxis("") { Names = [.. gains.Select(g => g.Model)], Reversed = true, Grid = false },
        colors =>
        [
            .. gains.Select((g, i) => (ITrace)new Scatter
            {
                Mode = ModeFlag.Lines,
                X = PlotText.Numbers([g.Curve.From, g.Curve.To]),
                Y = [i, i],
                Line = new() { Color = colors.Category(i + 1), Width = 3 },
                HoverInfo = HoverInfoFlag.Skip,
            }),
            .. gains.Select((g, i) => (ITrace)new Scatter
            {
                Mode = ModeFlag.Markers,
                X = PlotText.Numbers([g.Curve.Gain]),
                Y = [i],
                Marker = new() { Color = colors.Category(i + 1), Size = 11 },
                TextArray = [PlotText.Escape($"{g.Model}: {Figures.Number(g.Curve.Gain, 3)}, {Figures.Number(g.Curve.From, 3)} to {Figures.Number(g.Curve.To, 3)}")],
                HoverTemplate = "%{text}<extra></extra>",
            }),
        ])
    {
        Height = 150 + (46 * gains.Count),
        Adjust = (layout, colors) => layout.Shapes =
            [new Shape { Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Line, YRef = "paper", X0 = 0, X1 = 0, Y0 = 0, Y1 = 1, Line = new() { Color = colors.Reference, Width = 1.5m, Dash = "dot" }, Layer = Plotly.Blazor.LayoutLib.ShapeLib.LayerEnum.Below }],
    };

    /// <summary>A range that holds all and 0, with some room at either end.</summary>
    private static (double From, double To)? Around(IEnumerable<double> values)
    {
        double[] all = [0, .. values];
        var (from, to) = (all.Min(), all.Max());
        return to > from && double.IsFinite(to - from) ? (from - (0.06 * (to - from)), to + (0.06 * (to - from))) : null;
    }

    private static PlotFigure Overlaid<T>(string title, string description, PlotAxis x, PlotAxis y, IReadOnlyList<OfModel<T?>> curves, Func<PlotColors, IList<ITrace>> reference, Action<T, Scatter> fill) where T : class => new(
        title, description, x, y,
        colors =>
        {
            List<ITrace> traces = [.. reference(colors)];
            foreach (var (i, (model, curve)) in curves.Index())
            {
                if (curve is null) continue;
                var color = PlotLine.For(i, colors);
                var line = new Scatter { Name = PlotText.Escape(PlotText.Shorten(model, LongestName)), Mode = ModeFlag.Lines, Line = color, Marker = new() { Color = colors.Category(i), Size = 7 } };
                fill(curve, line);
                traces.Add(line);
            }
            return traces;
        })
    {
        ShowLegend = true,
        Height = 400 + ((curves.Count + 1) * LegendLineHeight),
        Adjust = (layout, _) => LegendBelow(layout, curves.Count + 1),
    };

    // At this length a line of the legend still fits on a narrow screen.
    private const int LongestName = 34;

    private static void LegendBelow(Plotly.Blazor.Layout layout, int lines)
    {
        layout.Legend[0].Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.V;
        (layout.Legend[0].X, layout.Legend[0].XAnchor) = (0, XAnchorEnum.Left);
        (layout.Legend[0].YRef, layout.Legend[0].Y, layout.Legend[0].YAnchor) = (YRefEnum.Container, 0, YAnchorEnum.Bottom);
        layout.Margin.B = 60 + (lines * LegendLineHeight);
    }

    private static Scatter Reference(string name, double[] x, double[] y, PlotColors colors) => new()
    {
        Name = name,
        Mode = ModeFlag.Lines,
        X = PlotText.Numbers(x),
        Y = PlotText.Numbers(y),
        Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
        HoverInfo = HoverInfoFlag.Skip,
    };

    // The residuals of a report are evenly chosen places of the ordered ones, the first and the last among them.
    private static IEnumerable<double> Shares(int count) => Enumerable.Range(0, count).Select(i => (i + 0.5) / count);

    private static string List<T>(IReadOnlyList<OfModel<T?>> curves, Func<T, double> figure) where T : class =>
        string.Join(", ", curves.Select(c => $"{c.Model} {(c.Curve is { } curve ? Figures.Metric(figure(curve)) : "none")}"));

    private static string Short(string className) => PlotText.Shorten(className, 40);
}
