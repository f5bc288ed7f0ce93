using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Score against training rows, on rows that the model had not seen and on rows that it learnt from, with one standard deviation of the folds either way.</summary>
public static class LearningCurvePlot
{
    public static PlotFigure Figure(LearningCurve curve)
    {
        var metric = Metric.Parse(curve.MetricId);
        LearningPoint[] points = [.. curve.Points.Where(p => p.Mean is not null)];
        return new PlotFigure(
            "Learning curve",
            $"{metric.Name} on validation rows by the rows that the model learns from, {(metric.HigherIsBetter ? "higher" : "lower")} is better: {string.Join(", ", points.Select(p => $"{Figures.Metric(p.Mean)} with {Figures.Count(p.RowCount, "row")}"))}. {Verdict(curve)}",
            new PlotAxis("Training rows") { FromZero = true },
            new PlotAxis($"{metric.Name} ({(metric.HigherIsBetter ? "higher" : "lower")} is better)"),
            colors =>
            [
                Line("On validation rows", p => p.Mean, p => p.Deviation, 0, colors),
                Line("On rows that it learnt from", p => p.TrainingMean, p => FoldSpread.Compute(p.TrainingScores), 1, colors),
            ])
        {
            ShowLegend = true,
            LegendBelow = true,
            Height = 420,
        };

        ITrace Line(string name, Func<LearningPoint, double?> value, Func<LearningPoint, double?> deviation, int index, PlotColors colors) => new Scatter
        {
            Name = name,
            Mode = ModeFlag.Lines | ModeFlag.Markers,
            X = [.. points.Select(p => (object)p.RowCount)],
            Y = PlotText.Numbers(points.Select(p => value(p) ?? double.NaN)),
            Line = PlotLine.For(index, colors),
            ErrorY = new ErrorY { Type = Plotly.Blazor.Traces.ScatterLib.ErrorYLib.TypeEnum.Data, Array = PlotText.Numbers(points.Select(p => deviation(p) ?? 0)), Thickness = 1.2m, Width = 4 },
            HoverTemplate = "%{x} rows: %{y:.4~f}<extra>%{fullData.name}</extra>",
        };
    }

    /// <summary>Whether more rows would help, in a sentence or two.</summary>
    public static string Verdict(LearningCurve curve)
    {
        var metric = Metric.Parse(curve.MetricId);
        if (curve.GainOfTwice is not { } gain) return "There are too few points to tell whether more rows would help.";
        var last = $"From {Figures.Count(curve.Trend[0].RowCount)} to {Figures.Count(curve.Trend[^1].RowCount, "row")}, twice the rows made {metric.Name} {(gain >= 0 ? "better" : "worse")} by {Figures.Metric(Math.Abs(gain))}{(curve.GainError is { } error ? $" (standard error {Figures.Metric(error)} over the folds)" : "")}";
        return curve.StillRises switch
        {
            true => $"{last}: it still gets better, and more rows like these would probably help; whether by as much nobody knows.",
            false => $"{last}: not beyond what the folds differ by, so more rows like these would probably help little. Better columns may help more.",
            null => $"{last}; a single part to validate on does not say how much of that is chance.",
        };
    }
}
