using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What a model's variants cost against what they lose.</summary>
public static class LadderPlot
{
    /// <param name="report">The ladder.</param>
    /// <param name="front">Variants that no other beats in both.</param>
    /// <param name="byTime">Against the time for a row; else against the bytes of the file.</param>
    public static PlotFigure Figure(LadderReport report, IReadOnlyList<LadderRung> front, bool byTime)
    {
        var metric = Metric.Parse(report.MetricId);
        List<LadderRung> built = [.. report.Rungs.Where(r => r.Figures is { Score: not null })];
        return new PlotFigure(
            byTime ? "Time against quality" : "Size against quality",
            $"{metric.Name} of {Figures.Count(built.Count, "variant")} against {(byTime ? "the median time for a row" : "the bytes of the file")}. The model itself has {Figures.Metric(report.Original.Score)} at {(byTime ? Figures.Microseconds(report.Original.MedianMicroseconds) : Figures.Bytes(report.Original.FileBytes))}.",
            new PlotAxis(byTime ? "Scoring a row, µs" : "File, bytes"), new PlotAxis(metric.Name),
            colors =>
            [
                .. Groups(built, colors, byTime),
                new Scatter
                {
                    Name = "The model itself",
                    Mode = ModeFlag.Markers,
                    X = PlotText.Numbers([X(report.Original, byTime)]),
                    Y = PlotText.Numbers([report.Original.Score ?? double.NaN]),
                    TextArray = [Text("The model itself", report.Original)],
                    Marker = new() { Color = colors.Text, Size = 12, Symbol = Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.Diamond },
                    HoverTemplate = "%{text}<extra></extra>",
                },
                .. byTime ? Array.Empty<ITrace>() :
                [
                    new Scatter
                    {
                        Name = "Not beaten in both",
                        Mode = ModeFlag.Lines,
                        X = PlotText.Numbers(front.Select(r => X(r.Figures!, byTime))),
                        Y = PlotText.Numbers(front.Select(r => r.Figures!.Score!.Value)),
                        Line = new() { Color = colors.Reference, Width = 1.5m, Dash = "dot" },
                        HoverInfo = HoverInfoFlag.Skip,
                    },
                ],
            ])
        {
            ShowLegend = true,
            Adjust = (layout, colors) =>
            {
                layout.XAxis[0].Type = Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Log;
                // Beside the plot it would leave a narrow screen no room.
                layout.Legend[0].Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H;
                layout.Legend[0].Y = -0.25m;
                if (report.OriginalInterval is not { } interval) return;
                layout.Shapes =
                [
                    new Plotly.Blazor.LayoutLib.Shape
                    {
                        Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Rect, XRef = "paper", X0 = 0, X1 = 1, Y0 = interval.Low, Y1 = interval.High,
                        FillColor = colors.Accent, Opacity = 0.08m, Line = new() { Width = 0 }, Layer = Plotly.Blazor.LayoutLib.ShapeLib.LayerEnum.Below,
                    },
                ];
            },
        };
    }

    private static IEnumerable<ITrace> Groups(List<LadderRung> built, PlotColors colors, bool byTime) =>
        built.GroupBy(r => r.Verdict).OrderBy(g => g.Key).Select(group => (ITrace)new Scatter
        {
            Name = NameOf(group.Key),
            Mode = ModeFlag.Markers,
            X = PlotText.Numbers(group.Select(r => X(r.Figures!, byTime))),
            Y = PlotText.Numbers(group.Select(r => r.Figures!.Score!.Value)),
            TextArray = [.. group.Select(r => Text(r.Name, r.Figures!))],
            Marker = new() { Color = group.Key is LadderVerdict.NoLoss ? colors.Category(0) : group.Key is LadderVerdict.WithinInterval ? colors.Category(1) : colors.MutedText, Size = 9, Symbol = SymbolOf(group.Key) },
            HoverTemplate = "%{text}<extra></extra>",
        });

    private static Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum SymbolOf(LadderVerdict? verdict) => verdict switch
    {
        LadderVerdict.NoLoss => Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.Circle,
        LadderVerdict.WithinInterval => Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.Square,
        _ => Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.X,
    };

    /// <summary>As people read it.</summary>
    public static string NameOf(LadderVerdict? verdict) => verdict switch
    {
        LadderVerdict.NoLoss => "No loss",
        LadderVerdict.WithinInterval => "Small loss",
        LadderVerdict.Worse => "Worse",
        _ => "Not judged",
    };

    private static double X(LadderFigures figures, bool byTime) => byTime ? figures.MedianMicroseconds : figures.FileBytes;

    private static string Text(string name, LadderFigures figures) =>
        $"{PlotText.Label(name)}<br>{Figures.Metric(figures.Score)}<br>{Figures.Bytes(figures.FileBytes)}, {Figures.Microseconds(figures.MedianMicroseconds)} a row";
}
