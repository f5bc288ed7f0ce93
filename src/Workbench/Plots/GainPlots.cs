using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What is found of a class when the rows with the highest probability are taken first, one line a class: as a share of the class, and as a multiple of taking rows at random.</summary>
public static class GainPlots
{
    public static PlotFigure Gain(IReadOnlyList<GainCurve> curves) => new(
        "Cumulative gain",
        $"Share of the class that is found against the share of rows taken, those with the highest probability first. A tenth of the rows holds {string.Join(", ", curves.Select(c => $"{Figures.Percent(c.FoundAt(0.1))} of {c.Class}"))}.",
        new PlotAxis("Rows taken, most probable first") { Range = (-0.01, 1.01), TickFormat = ".0%" },
        new PlotAxis("Share of the class found") { Range = (-0.01, 1.02), TickFormat = ".0%" },
        colors =>
        [
            Guessing([0, 1], colors),
            .. curves.Select((curve, i) => (ITrace)Line(curve, i, curve.FoundShare, "%{x:.1%} of the rows<br>%{y:.1%} of the class", colors)),
        ])
    {
        ShowLegend = true,
        LegendBelow = !PlotLine.AreMany(curves.Count),
        Height = PlotLine.HeightFor(curves.Count),
    };

    public static PlotFigure Lift(IReadOnlyList<GainCurve> curves) => new(
        "Lift",
        $"How many times as many rows of the class are found as by taking rows at random, those with the highest probability first. In a tenth of the rows: {string.Join(", ", curves.Select(c => $"{Figures.Number(c.FoundAt(0.1) / 0.1, 3)} times for {c.Class}"))}.",
        new PlotAxis("Rows taken, most probable first") { Range = (-0.01, 1.01), TickFormat = ".0%" },
        new PlotAxis("Times as many as at random") { FromZero = true },
        colors =>
        [
            Guessing([1, 1], colors),
            .. curves.Select((curve, i) => (ITrace)Line(curve, i, curve.Lift.Select(lift => lift ?? double.NaN), "%{x:.1%} of the rows<br>%{y:.2f} times", colors)),
        ])
    {
        ShowLegend = true,
        LegendBelow = !PlotLine.AreMany(curves.Count),
        Height = PlotLine.HeightFor(curves.Count),
    };

    private static Scatter Guessing(IReadOnlyList<double> y, PlotColors colors) => new()
    {
        Name = "Guessing",
        Mode = ModeFlag.Lines,
        X = [0, 1],
        Y = PlotText.Numbers(y),
        Line = new() { Color = colors.Reference, Dash = "dot", Width = 1.5m },
        HoverInfo = HoverInfoFlag.Skip,
    };

    private static Scatter Line(GainCurve curve, int index, IEnumerable<double> y, string hover, PlotColors colors) => new()
    {
        Name = PlotText.Label(curve.Class),
        Mode = ModeFlag.Lines,
        X = PlotText.Numbers(curve.RowShare),
        Y = PlotText.Numbers(y),
        Line = PlotLine.For(index, colors),
        HoverTemplate = hover,
    };
}
