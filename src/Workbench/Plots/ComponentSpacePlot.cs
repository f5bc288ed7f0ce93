using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.Scatter3DLib;
using Plotly.Blazor.Traces.Scatter3DLib.MarkerLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Rows on three principal components, to be turned.</summary>
public static class ComponentSpacePlot
{
    /// <param name="report">The components.</param>
    /// <param name="x">0-based component across.</param>
    /// <param name="y">0-based component up.</param>
    /// <param name="z">0-based component into the depth.</param>
    /// <param name="color">One class or number a shown row.</param>
    public static PlotFigure Figure(PcaReport report, int x, int y, int z, PointColors color)
    {
        IReadOnlyList<double>[] scores = [report.Scores(x), report.Scores(y), report.Scores(z)];
        var series = color.Series;
        var held = new[] { x, y, z }.Distinct().Sum(c => report.ExplainedVarianceRatio.ElementAtOrDefault(c));
        return new PlotFigure(
            $"Components {x + 1}, {y + 1} and {z + 1}",
            $"{Figures.Count(report.First.Count, "row")} on principal components {x + 1}, {y + 1} and {z + 1} of {Figures.Count(report.FeatureCount, "feature")}, which hold {Figures.Percent(held)} of the variance; coloured by {color.Title}. Drag to turn it.",
            new PlotAxis(PcaScatterPlot.AxisTitle(report, x)),
            new PlotAxis(PcaScatterPlot.AxisTitle(report, y)),
            colors => [.. series.Select((s, i) => (ITrace)Points(report, s, i, scores, [x, y, z], color, colors))])
        {
            ShowLegend = color is PointColors.Classes,
            LegendBelow = true,
            ByClick = true,
            Height = 600,
            Items = [.. series.Select(s => s.Points)],
            Adjust = (layout, colors) =>
            {
                layout.Legend[0].Title = new() { Text = PlotText.Label(color.Title) };
                layout.Legend[0].Y = -0.05m;
                layout.Scene =
                [
                    new Scene
                    {
                        BgColor = colors.Surface,
                        XAxis = new() { Title = new() { Text = $"PC{x + 1}" }, GridColor = colors.Grid, Color = colors.MutedText, BackgroundColor = colors.Surface },
                        YAxis = new() { Title = new() { Text = $"PC{y + 1}" }, GridColor = colors.Grid, Color = colors.MutedText, BackgroundColor = colors.Surface },
                        ZAxis = new() { Title = new() { Text = $"PC{z + 1}" }, GridColor = colors.Grid, Color = colors.MutedText, BackgroundColor = colors.Surface },
                    },
                ];
            },
        };
    }

    private static Scatter3D Points(PcaReport report, PointSeries series, int index, IReadOnlyList<double>[] scores, int[] components, PointColors color, PlotColors colors)
    {
        var scale = color as PointColors.Scale;
        var hover = $"PC{components[0] + 1} %{{x:.3f}}<br>PC{components[1] + 1} %{{y:.3f}}<br>PC{components[2] + 1} %{{z:.3f}}";
        if (report.Rows is not null) hover = "row %{customdata}<br>" + hover;
        return new Scatter3D
        {
            Name = PlotText.Label(series.Name),
            Mode = ModeFlag.Markers,
            X = PlotText.Points(series.Points.Select(i => scores[0][i])),
            Y = PlotText.Points(series.Points.Select(i => scores[1][i])),
            Z = PlotText.Points(series.Points.Select(i => scores[2][i])),
            CustomData = report.Rows is { } rows ? [.. series.Points.Select(i => (object)(rows[i] + 1))] : null,
            Marker = !series.IsClass ? new Marker { Color = colors.MutedText, Size = 2, Opacity = 0.35m }
                : scale is null ? new Marker { Color = colors.Category(index), Size = 3, Opacity = 0.8m }
                : new Marker
                {
                    ColorArray = PlotText.Points(series.Points.Select(i => scale.Of[i])),
                    ColorScale = PlotScale.Of(colors.Scatter),
                    CMin = PcaScatterPlot.End(scale.Span?.From, scale.Span),
                    CMax = PcaScatterPlot.End(scale.Span?.To, scale.Span),
                    ShowScale = true,
                    ColorBar = new ColorBar { Title = new() { Text = PlotText.Label(color.Title), Side = Plotly.Blazor.Traces.Scatter3DLib.MarkerLib.ColorBarLib.TitleLib.SideEnum.Right }, Thickness = 12, OutlineWidth = 0 },
                    Size = 3,
                    Opacity = 0.8m,
                },
            HoverTemplate = scale is null ? hover : hover + (series.IsClass ? "<br>%{marker.color}" : "") + "<extra></extra>",
        };
    }
}
