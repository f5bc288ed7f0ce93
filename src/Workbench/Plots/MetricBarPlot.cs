using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.BarLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>One metric of one trial: its mean over the folds and their spread.</summary>
/// <param name="Trial">The trial's name.</param>
/// <param name="Mean">Mean over the folds, or null where the trial has none.</param>
/// <param name="StandardDeviation">Over the folds; null for a single one.</param>
public sealed record TrialScore(string Trial, double? Mean, double? StandardDeviation);

/// <summary>One metric of several trials side by side, best on top, with one standard deviation either way.</summary>
public static class MetricBarPlot
{
    /// <param name="metric">Its direction decides which is best.</param>
    /// <param name="scores">Any order; those without a number are left out.</param>
    public static PlotFigure Figure(Metric metric, IReadOnlyList<TrialScore> scores)
    {
        var numbers = scores.Where(s => s.Mean is { } mean && double.IsFinite(mean));
        List<TrialScore> ranked = [.. metric.HigherIsBetter ? numbers.OrderByDescending(s => s.Mean) : numbers.OrderBy(s => s.Mean)];
        return new PlotFigure(
            metric.Name,
            $"{metric.Name} of {Figures.Count(ranked.Count, "trial")}, {(metric.HigherIsBetter ? "higher" : "lower")} is better: {string.Join(", ", ranked.Select(s => $"{s.Trial} {Figures.Metric(s.Mean)}"))}.",
            new PlotAxis($"{metric.Name} ({(metric.HigherIsBetter ? "higher" : "lower")} is better)"),
            new PlotAxis("") { Names = [.. ranked.Select(s => s.Trial)], Reversed = true, Grid = false },
            colors => [Bars(ranked, colors)])
        {
            Height = Math.Max(220, 130 + ranked.Count * 28),
        };
    }

    private static Bar Bars(IReadOnlyList<TrialScore> scores, PlotColors colors) => new()
    {
        Orientation = OrientationEnum.H,
        X = PlotText.Numbers(scores.Select(s => s.Mean!.Value)),
        Y = [.. Enumerable.Range(0, scores.Count).Cast<object>()],
        Marker = new() { Color = colors.Accent },
        ErrorX = new ErrorX
        {
            Type = Plotly.Blazor.Traces.BarLib.ErrorXLib.TypeEnum.Data,
            Array = PlotText.Numbers(scores.Select(s => s.StandardDeviation ?? 0)),
            Color = colors.Text,
            Thickness = 1.2m,
            Width = 3,
        },
        HoverTextArray = [.. scores.Select(s => $"{PlotText.Escape(s.Trial)}: {Figures.Metric(s.Mean)}{(s.StandardDeviation is { } deviation ? $" ± {Figures.Metric(deviation)}" : "")}")],
        HoverInfo = HoverInfoFlag.Text,
    };
}
