using System.Globalization;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Requests and latencies over time.</summary>
public static class TrafficPlots
{
    public static PlotFigure Requests(IReadOnlyList<TrafficPoint> points, int stepMinutes)
    {
        var wrong = points.Sum(p => p.Counts.Requests - p.Counts.Answered);
        return new PlotFigure("Requests",
            $"{Figures.Count(points.Sum(p => p.Counts.Answered), "request")} answered, {Figures.Count(wrong, "other")}; at most {Figures.Count(points.Count == 0 ? 0 : points.Max(p => p.Counts.Answered))} answered in {Step(stepMinutes)}.",
            new PlotAxis("") { IsTime = true, Grid = false }, new PlotAxis($"In {Step(stepMinutes)}") { FromZero = true },
            colors =>
            [
                Bars("Answered", points, p => p.Answered, colors.Accent),
                // Rare ones are named where there are any.
                .. points.Any(p => p.Counts.Invalid > 0) ? [Bars("Does not fit the model", points, p => p.Invalid, colors.Category(1))] : Array.Empty<ITrace>(),
                .. points.Any(p => p.Counts.Refused > 0) ? [Bars("Over a limit", points, p => p.Refused, colors.Category(2))] : Array.Empty<ITrace>(),
                .. points.Any(p => p.Counts.Failed > 0) ? [Bars("Failed", points, p => p.Failed, colors.Category(3))] : Array.Empty<ITrace>(),
            ])
        {
            ShowLegend = wrong > 0,
            Height = 300,
            Adjust = (layout, _) =>
            {
                (layout.BarMode, layout.BarGap) = (Plotly.Blazor.LayoutLib.BarModeEnum.Stack, 0.1m);
                // There is no half of a request.
                if (points.Count == 0 || points.Max(p => p.Counts.Requests) <= 5) layout.YAxis[0].DTick = 1;
            },
        };
    }

    public static PlotFigure Latencies(IReadOnlyList<TrafficPoint> points)
    {
        var last = points.LastOrDefault(p => p.Counts.Answered > 0)?.Counts;
        return new PlotFigure("Time for an answer",
            last is null ? "Nothing was answered." : $"Half of the answers took up to {Figures.Microseconds(last.P50Microseconds)} in the last period, 99 % up to {Figures.Microseconds(last.P99Microseconds)}.",
            new PlotAxis("") { IsTime = true, Grid = false }, new PlotAxis("Milliseconds") { FromZero = true },
            colors => [Line("50 %", points, p => p.P50Microseconds, 0, colors), Line("95 %", points, p => p.P95Microseconds, 1, colors), Line("99 %", points, p => p.P99Microseconds, 2, colors)])
        { ShowLegend = true, Height = 300 };
    }

    private static Bar Bars(string name, IReadOnlyList<TrafficPoint> points, Func<TrafficCounts, long> count, string color) => new()
    {
        Name = name,
        X = Times(points),
        Y = [.. points.Select(p => (object)count(p.Counts))],
        Marker = new() { Color = color },
        HoverTemplate = "%{x}<br>%{y}",
    };

    private static Scatter Line(string name, IReadOnlyList<TrafficPoint> points, Func<TrafficCounts, double?> latency, int index, PlotColors colors) => new()
    {
        Name = name,
        Mode = ModeFlag.Lines | ModeFlag.Markers,
        X = Times(points),
        Y = PlotText.Numbers(points.Select(p => latency(p.Counts) / 1_000 ?? double.NaN)),
        Line = PlotLine.For(index, colors),
        Marker = new() { Size = 4 },
        HoverTemplate = "%{x}<br>%{y:.3~g} ms",
    };

    private static IList<object> Times(IReadOnlyList<TrafficPoint> points) => [.. points.Select(p => (object)p.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture))];

    private static string Step(int minutes) => minutes switch { 1 => "a minute", < 60 => $"{minutes} minutes", 60 => "an hour", < 1440 => $"{minutes / 60} hours", _ => "a day" };
}
