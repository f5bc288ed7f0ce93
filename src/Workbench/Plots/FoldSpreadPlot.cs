using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>The score of each fold, with their mean and one standard deviation either way; the folds of a repeat in one colour.</summary>
public static class FoldSpreadPlot
{
    /// <param name="metric">Of the scores.</param>
    /// <param name="scores">Fold by fold, repeat by repeat; null where it is undefined.</param>
    /// <param name="folds">Of a repeat, at least 1.</param>
    public static PlotFigure Figure(Metric metric, IReadOnlyList<double?> scores, int folds)
    {
        double[] known = [.. scores.OfType<double>()];
        var mean = known.Average();
        var spread = FoldSpread.Compute(scores) ?? 0;
        var repeats = (scores.Count + folds - 1) / folds;
        return new PlotFigure(
            $"{metric.Name} by fold",
            $"{metric.Name} of {Figures.Count(known.Length, "fold")}, {(metric.HigherIsBetter ? "higher" : "lower")} is better: from {Figures.Metric(known.Min())} to {Figures.Metric(known.Max())}, mean {Figures.Metric(mean)}, standard deviation {Figures.Metric(spread)}."
                + (repeats > 1 ? $" The mean of each repeat: {string.Join(", ", Enumerable.Range(0, repeats).Select(r => Figures.Metric(OfRepeat(r).OfType<double>().DefaultIfEmpty(double.NaN).Average())))}." : ""),
            new PlotAxis("Fold") { Names = [.. Enumerable.Range(1, Math.Min(folds, scores.Count)).Select(f => Figures.Count(f))], Grid = false },
            new PlotAxis($"{metric.Name} ({(metric.HigherIsBetter ? "higher" : "lower")} is better)") { Range = PlotAxis.AroundOne(known) },
            colors =>
            [
                .. spread == 0 ? Array.Empty<ITrace>() : [Level(mean - spread, "One standard deviation", "dot", colors, true), Level(mean + spread, "One standard deviation", "dot", colors, false)],
                Level(mean, "Mean", "dash", colors, true),
                .. Enumerable.Range(0, repeats).Select(repeat => (ITrace)new Scatter
                {
                    Name = repeats > 1 ? $"Repeat {repeat + 1}" : "Folds",
                    Mode = ModeFlag.Markers,
                    X = [.. OfRepeat(repeat).Select((_, fold) => (object)(fold + Shift(repeat)))],
                    Y = PlotText.Numbers(OfRepeat(repeat).Select(score => score ?? double.NaN)),
                    Marker = new() { Color = colors.Category(repeat), Size = 10, Symbol = Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.Circle },
                    HoverTemplate = "%{y:.4~f}<extra>%{fullData.name}</extra>",
                }),
            ])
        {
            ShowLegend = true,
            LegendBelow = true,
            Height = 400,
        };

        IEnumerable<double?> OfRepeat(int repeat) => scores.Skip(repeat * folds).Take(folds);

        // Repeats of a fold stand beside one another, within its place.
        double Shift(int repeat) => repeats == 1 ? 0 : (repeat - ((repeats - 1) / 2.0)) * Math.Min(0.15, 0.7 / repeats);

        Scatter Level(double at, string name, string dash, PlotColors colors, bool isNamed) => new()
        {
            Name = name,
            LegendGroup = name,
            ShowLegend = isNamed,
            Mode = ModeFlag.Lines,
            X = [-0.5, Math.Min(folds, scores.Count) - 0.5],
            Y = PlotText.Numbers([at, at]),
            Line = new() { Color = colors.Reference, Dash = dash, Width = 1.5m },
            HoverInfo = HoverInfoFlag.Skip,
        };
    }
}
