using System.Globalization;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What a model says when one input moves and the others stay: an individual conditional expectation curve.</summary>
/// <remarks>Goldstein, Kapelner, Bleich and Pitkin (2015), Journal of Computational and Graphical Statistics 24(1).</remarks>
public static class WhatIfPlot
{
    // More lines than that cannot be told apart; those that move most are drawn.
    private const int MostLines = 5;

    /// <param name="now">The row's own value, marked on the axis; null for missing.</param>
    /// <param name="points">Values of the input with the model's answers: a probability a class, or the number.</param>
    public static PlotFigure Figure(InputColumn input, string? now, IReadOnlyList<(string Value, IReadOnlyList<double> Outputs)> points, Target target)
    {
        var isNumber = target.Task == LearningTask.Regression;
        var isOrdered = input.Minimum is not null;
        double[] positions = [.. points.Select((p, i) => isOrdered ? double.Parse(p.Value, CultureInfo.InvariantCulture) : i)];
        // Of two classes one says it all.
        int[] outputs = isNumber ? [0] : target.Task == LearningTask.Binary ? [1]
            : [.. Enumerable.Range(0, target.Classes.Count).OrderByDescending(c => points.Max(p => p.Outputs[c]) - points.Min(p => p.Outputs[c])).Take(MostLines)];
        var what = isNumber ? target.Column : $"Probability of {target.Classes[outputs[0]]}";
        return new PlotFigure($"If {input.Name} moved",
            $"{what} goes from {Figures.Number(points.Min(p => p.Outputs[outputs[0]]), 3)} to {Figures.Number(points.Max(p => p.Outputs[outputs[0]]), 3)} while {input.Name} moves over its training values and the other inputs stay.",
            isOrdered ? new PlotAxis(input.Name) : new PlotAxis(input.Name) { Names = [.. points.Select(p => p.Value)], Grid = false },
            new PlotAxis(isNumber ? target.Column : "Probability") { Range = isNumber ? null : (-0.03, 1.03) },
            colors =>
            [
                .. outputs.Select((output, i) => (ITrace)new Scatter
                {
                    Name = isNumber ? target.Column : PlotText.Label(target.Classes[output]),
                    Mode = isOrdered ? ModeFlag.Lines : ModeFlag.Lines | ModeFlag.Markers,
                    X = PlotText.Numbers(positions),
                    Y = PlotText.Numbers(points.Select(p => p.Outputs[output])),
                    Line = PlotLine.For(i, colors),
                    HoverTemplate = isNumber ? "%{x}: %{y:.4~g}" : "%{x}: %{y:.1%}",
                }),
                .. Position(input, now, points) is { } here ? [Here(here, points, outputs, colors)] : Array.Empty<ITrace>(),
            ])
        { ShowLegend = outputs.Length > 1 };
    }

    private static double? Position(InputColumn input, string? now, IReadOnlyList<(string Value, IReadOnlyList<double> Outputs)> points)
    {
        if (string.IsNullOrEmpty(now)) return null;
        if (input.Minimum is not null) return double.TryParse(now, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
        var index = points.ToList().FindIndex(p => p.Value == now);
        return index < 0 ? null : index;
    }

    private static Scatter Here(double at, IReadOnlyList<(string Value, IReadOnlyList<double> Outputs)> points, int[] outputs, PlotColors colors)
    {
        double[] all = [.. points.SelectMany(p => outputs.Select(o => p.Outputs[o])).Where(double.IsFinite)];
        return new Scatter
        {
            Name = "This row",
            Mode = ModeFlag.Lines,
            X = PlotText.Numbers([at, at]),
            Y = PlotText.Numbers(all.Length == 0 ? [0, 1] : [all.Min(), all.Max()]),
            Line = new() { Color = colors.Reference, Width = 1, Dash = "dot" },
            HoverInfo = HoverInfoFlag.Skip,
            ShowLegend = false,
        };
    }
}
