using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>A judged trial as the plots of a search show it.</summary>
/// <param name="Number">1-based.</param>
/// <param name="TrainerId">Its family.</param>
/// <param name="Score">In the plan's metric.</param>
/// <param name="FinishedAfterSeconds">Of the budget.</param>
/// <param name="TrainingSeconds">Of the clock, all folds.</param>
/// <param name="PredictionMicroseconds">Median for one row.</param>
/// <param name="ModelBytes">Of the model.</param>
/// <param name="Values">By dial; empty for an ensemble.</param>
public sealed record SearchPoint(int Number, string TrainerId, double Score, double FinishedAfterSeconds, double TrainingSeconds, double PredictionMicroseconds, long ModelBytes, HyperparameterValues Values);

/// <summary>How a search went: the best so far over time, what accuracy costs at prediction, who got the time, and which values do well.</summary>
public static class SearchPlots
{
    private const string Hover = "%{text}";

    /// <summary>Every judged trial at the moment it was judged, and the best so far as a stair.</summary>
    public static PlotFigure BestSoFar(IReadOnlyList<SearchPoint> points, Metric metric)
    {
        var ordered = points.OrderBy(p => p.FinishedAfterSeconds).ToList();
        var best = new List<SearchPoint>();
        foreach (var point in ordered)
            if (best.Count == 0 || metric.IsBetter(point.Score, best[^1].Score)) best.Add(point);
        return new PlotFigure(
            "Best so far",
            best.Count == 0 ? "No trial is judged yet." : $"{metric.Name} of {Figures.Count(points.Count, "trial")} over time; the best went from {Figures.Metric(best[0].Score)} to {Figures.Metric(best[^1].Score)} in {best.Count} steps, the last after {Figures.Number(best[^1].FinishedAfterSeconds, 3)} s.",
            new PlotAxis("Seconds of the budget"), new PlotAxis(metric.Name) { Range = Zoom(points, metric) },
            colors =>
            [
                .. Families(points, colors, p => p.FinishedAfterSeconds, p => p.Score),
                new Scatter
                {
                    Name = "Best so far",
                    Mode = ModeFlag.Lines,
                    X = PlotText.Numbers([.. best.Select(p => p.FinishedAfterSeconds), .. ordered.Count > 0 ? [ordered[^1].FinishedAfterSeconds] : Array.Empty<double>()]),
                    Y = PlotText.Numbers([.. best.Select(p => p.Score), .. best.Count > 0 ? [best[^1].Score] : Array.Empty<double>()]),
                    Line = new() { Color = colors.Text, Width = 2, Shape = Plotly.Blazor.Traces.ScatterLib.LineLib.ShapeEnum.Hv },
                    HoverInfo = HoverInfoFlag.Skip,
                },
            ])
        { ShowLegend = true };
    }

    /// <summary>Score against time for a prediction; those that no other trial beats in both are joined.</summary>
    public static PlotFigure Pareto(IReadOnlyList<SearchPoint> points, Metric metric)
    {
        var front = new List<SearchPoint>();
        foreach (var point in points.Where(p => p.PredictionMicroseconds > 0).OrderBy(p => p.PredictionMicroseconds).ThenBy(p => metric.HigherIsBetter ? -p.Score : p.Score))
            if (front.Count == 0 || metric.IsBetter(point.Score, front[^1].Score)) front.Add(point);
        return new PlotFigure(
            "What accuracy costs",
            front.Count == 0 ? "No trial is judged yet." : $"{metric.Name} against the median time for one prediction. {Figures.Count(front.Count, "trial")} cannot be beaten in both: {string.Join("; ", front.Select(p => $"{TrainerCatalog.NameOf(p.TrainerId)} (trial {p.Number}), {Figures.Metric(p.Score)} in {Figures.Number(p.PredictionMicroseconds, 3)} µs"))}.",
            new PlotAxis("Prediction of one row, µs"), new PlotAxis(metric.Name) { Range = Zoom(points, metric) },
            colors =>
            [
                .. Families(points, colors, p => p.PredictionMicroseconds, p => p.Score),
                new Scatter
                {
                    Name = "Not beaten in both",
                    Mode = ModeFlag.Lines,
                    X = PlotText.Numbers(front.Select(p => p.PredictionMicroseconds)),
                    Y = PlotText.Numbers(front.Select(p => p.Score)),
                    Line = new() { Color = colors.Text, Width = 1.5m, Dash = "dot" },
                    HoverInfo = HoverInfoFlag.Skip,
                },
            ])
        {
            ShowLegend = true,
            Adjust = (layout, _) => layout.XAxis[0].Type = Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Log,
        };
    }

    /// <summary>Seconds that each family's trials took, the longest first.</summary>
    /// <param name="seconds">By family id; judged, ended and failed trials alike.</param>
    public static PlotFigure Budget(IReadOnlyDictionary<string, double> seconds)
    {
        var families = seconds.OrderByDescending(s => s.Value).ToList();
        var total = Math.Max(1e-9, families.Sum(f => f.Value));
        return new PlotFigure(
            "Who got the time",
            families.Count == 0 ? "No trial has ended yet." : $"Training time by family: {string.Join(", ", families.Select(f => $"{TrainerCatalog.NameOf(f.Key)} {Figures.Percent(f.Value / total, 0)}"))}.",
            new PlotAxis("Seconds of training"), new PlotAxis("") { Names = [.. families.Select(f => TrainerCatalog.NameOf(f.Key))], Reversed = true, Grid = false },
            colors =>
            [
                new Bar
                {
                    Orientation = Plotly.Blazor.Traces.BarLib.OrientationEnum.H,
                    X = PlotText.Numbers(families.Select(f => f.Value)),
                    Y = [.. Enumerable.Range(0, families.Count).Cast<object>()],
                    Marker = new() { Color = colors.Accent },
                    HoverTemplate = "%{x:.2f} s<extra></extra>",
                },
            ])
        { Height = Math.Max(220, 90 + (34 * families.Count)) };
    }

    /// <summary>The dials of one family side by side, one line a trial, coloured by score.</summary>
    /// <param name="points">Judged trials of the family.</param>
    /// <param name="dials">Of the family.</param>
    public static PlotFigure Dials(IReadOnlyList<SearchPoint> points, IReadOnlyList<Hyperparameter> dials, Metric metric)
    {
        var name = points.Count > 0 ? TrainerCatalog.NameOf(points[0].TrainerId) : "";
        var best = points.Count == 0 ? null : metric.HigherIsBetter ? points.MaxBy(p => p.Score) : points.MinBy(p => p.Score);
        return new PlotFigure(
            $"Values of {name}",
            best is null ? "No trial of this family is judged yet." : $"One line a trial over the dials {string.Join(", ", dials.Select(d => d.Name))}; the best has {metric.Name} {Figures.Metric(best.Score)} at {string.Join(", ", dials.Select(d => $"{d.Name} {d.Format(best.Values.ById.GetValueOrDefault(d.Id, d.Default))}"))}.",
            new PlotAxis(""), new PlotAxis(""),
            colors =>
            [
                new ParCoords
                {
                    Line = new()
                    {
                        Color = points.Select(p => (object)(metric.HigherIsBetter ? p.Score : -p.Score)).ToList(),
                        ColorScale = colors.Scatter.Select((color, i) => (object)new object[] { (double)i / (colors.Scatter.Count - 1), color }).ToList(),
                        ShowScale = false,
                    },
                    LabelFont = new() { Color = colors.Text },
                    TickFont = new() { Color = colors.MutedText },
                    RangeFont = new() { Color = colors.MutedText },
                    Dimensions =
                    [
                        .. dials.Select(dial => Dimension(dial, points)),
                        new Plotly.Blazor.Traces.ParCoordsLib.Dimension { Label = PlotText.Label(metric.Name), Values = PlotText.Numbers(points.Select(p => p.Score)) },
                    ],
                },
            ])
        {
            Height = 420,
            Adjust = (layout, _) => (layout.Margin.L, layout.Margin.R, layout.Margin.T, layout.Margin.B) = (56, 56, 92, 32),
        };
    }

    private static Plotly.Blazor.Traces.ParCoordsLib.Dimension Dimension(Hyperparameter dial, IReadOnlyList<SearchPoint> points)
    {
        // On the dial's own scale, where equal steps look equal; the ticks say what they stand for.
        double[] places = [0, 0.25, 0.5, 0.75, 1];
        if (dial.Choices is { } choices) places = [.. choices.Select((_, i) => choices.Count > 1 ? (double)i / (choices.Count - 1) : 0)];
        return new()
        {
            Label = PlotText.Label(dial.Name),
            Range = [0, 1],
            Values = PlotText.Numbers(points.Select(p => dial.ToUnit(p.Values.ById.GetValueOrDefault(dial.Id, dial.Default)))),
            TickVals = [.. places.Cast<object>()],
            TickText = [.. places.Select(p => (object)PlotText.Label(dial.Format(dial.FromUnit(p))))],
        };
    }

    private static IEnumerable<ITrace> Families(IReadOnlyList<SearchPoint> points, PlotColors colors, Func<SearchPoint, double> x, Func<SearchPoint, double> y) =>
        points.GroupBy(p => p.TrainerId).OrderBy(g => g.Min(p => p.Number)).Select((family, index) => (ITrace)new Scatter
        {
            Name = PlotText.Label(TrainerCatalog.NameOf(family.Key)),
            Mode = ModeFlag.Markers,
            X = PlotText.Points(family.Select(x)),
            Y = PlotText.Points(family.Select(y)),
            TextArray = [.. family.Select(p => $"trial {p.Number}: {Figures.Metric(p.Score)}<br>{Figures.Number(p.PredictionMicroseconds, 3)} µs a row, {Figures.Bytes(p.ModelBytes)}")],
            Marker = new() { Color = colors.Category(index), Size = PlotPoints.Size(points.Count), Opacity = 0.75m },
            HoverTemplate = Hover,
        });

    /// <summary>The range of the better trials: the baseline and failures would squeeze them into a line.</summary>
    private static (double From, double To)? Zoom(IReadOnlyList<SearchPoint> points, Metric metric)
    {
        // Left to itself an axis of equal numbers reaches from one below them to one above.
        if (points.Count > 0 && PlotAxis.AroundOne(points.Select(p => p.Score)) is { } alike) return alike;
        if (points.Count < 5) return null;
        var ordered = points.Select(p => p.Score).OrderBy(s => metric.HigherIsBetter ? -s : s).ToList();
        var (best, middling) = (ordered[0], ordered[(int)(0.85 * (ordered.Count - 1))]);
        var margin = Math.Max(Math.Abs(best - middling), Math.Abs(best) * 1e-4) * 0.12;
        return (Math.Min(best, middling) - margin, Math.Max(best, middling) + margin);
    }
}
