using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterGlLib;
using Plotly.Blazor.Traces.ScatterGlLib.MarkerLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Rows on two principal components, in the colours of a class or of a number.</summary>
public static class PcaScatterPlot
{
    private const int EllipsePoints = 65;

    /// <summary>Features drawn as arrows.</summary>
    public const int ArrowCount = 8;

    private const double LargestDecimal = 1e28;

    // Of the way to the outermost point.
    private const double ArrowReach = 0.8;

    /// <param name="report">The components.</param>
    /// <param name="x">0-based component along the horizontal axis.</param>
    /// <param name="y">0-based component along the vertical axis.</param>
    /// <param name="color">One class or number a shown row.</param>
    /// <param name="ellipses">Whether to draw where 95 % of a class lie.</param>
    /// <param name="arrows">Whether to draw the features that pull rows furthest.</param>
    public static PlotFigure Figure(PcaReport report, int x, int y, PointColors color, bool ellipses = false, bool arrows = false)
    {
        var (across, up) = (report.Scores(x), report.Scores(y));
        var series = color.Series;
        IReadOnlyList<FeatureArrow> features = arrows ? report.Arrows(x, y, ArrowCount) : [];
        var held = report.ExplainedVarianceRatio.ElementAtOrDefault(x) + (x == y ? 0 : report.ExplainedVarianceRatio.ElementAtOrDefault(y));
        return new PlotFigure(
            $"Components {x + 1} and {y + 1}",
            $"{Figures.Count(across.Count, "row")} on principal components {x + 1} and {y + 1} of {Figures.Count(report.FeatureCount, "feature")}, which hold {Figures.Percent(held)} of the variance; coloured by {color.Title}.{(ellipses ? " Ellipses show where 95 % of a class lie." : "")}{(features.Count > 0 ? $" The longest arrows: {string.Join(", ", features.Take(3).Select(f => f.Feature))}." : "")}",
            new PlotAxis(AxisTitle(report, x)),
            new PlotAxis(AxisTitle(report, y)),
            colors =>
            [
                .. series.Select((s, i) => (ITrace)Points(
                    report.Rows, s, i, [.. s.Points.Select(p => across[p])], [.. s.Points.Select(p => up[p])], across.Count, $"PC{x + 1} %{{x:.3f}}<br>PC{y + 1} %{{y:.3f}}", color, colors)),
                .. ellipses ? series.Index().Where(s => s.Item.IsClass).Select(s => Ellipse(s.Item, across, up, color is PointColors.Classes ? colors.Category(s.Index) : colors.Text)).OfType<ITrace>() : [],
            ])
        {
            ShowLegend = color is PointColors.Classes,
            // Names below the plot take room from it.
            Height = 520 + (color is PointColors.Classes ? 16 * Math.Max(0, series.Count - 6) : 0),
            Items = [.. series.Select(s => s.Points)],
            Adjust = (layout, colors) =>
            {
                layout.DragMode = DragModeEnum.Select;
                var legend = layout.Legend[0];
                legend.Title = new() { Text = PlotText.Label(color.Title) };
                // Beside the plot it would leave a narrow screen no room.
                legend.Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H;
                (legend.Y, legend.YRef, legend.YAnchor) = (0, Plotly.Blazor.LayoutLib.LegendLib.YRefEnum.Container, Plotly.Blazor.LayoutLib.LegendLib.YAnchorEnum.Bottom);
                if (features.Count > 0) layout.Annotations = [.. Arrows(features, across, up, colors)];
            },
        };
    }

    internal static string AxisTitle(PcaReport report, int component) => report.ExplainedVarianceRatio.Count > component
        ? $"PC{component + 1} ({Figures.Percent(report.ExplainedVarianceRatio[component])} of the variance)"
        : $"PC{component + 1}";

    /// <summary>A series of rows in its colour, or in those of its numbers.</summary>
    /// <param name="rows">0-based rows of the dataset, one a point of all; null where not known.</param>
    /// <param name="series">Its points, of all.</param>
    /// <param name="index">Of the series.</param>
    /// <param name="x">One a point of the series.</param>
    /// <param name="y">Likewise.</param>
    /// <param name="count">Points of all series: the more, the smaller.</param>
    /// <param name="coordinates">Told of a point beside its row; may be empty.</param>
    /// <param name="color">One class or number a point of all.</param>
    /// <param name="colors">Light or dark.</param>
    internal static ScatterGl Points(IReadOnlyList<int>? rows, PointSeries series, int index, IReadOnlyList<double> x, IReadOnlyList<double> y, int count, string coordinates, PointColors color, PlotColors colors)
    {
        var size = PlotPoints.Size(count);
        var scale = color as PointColors.Scale;
        var hover = rows is null ? coordinates : coordinates.Length == 0 ? "row %{customdata}" : $"row %{{customdata}}<br>{coordinates}";
        return new ScatterGl
        {
            Name = PlotText.Label(series.Name),
            Mode = ModeFlag.Markers,
            X = PlotText.Points(x),
            Y = PlotText.Points(y),
            CustomData = rows is not null ? [.. series.Points.Select(i => (object)(rows[i] + 1))] : null,
            Marker = !series.IsClass ? new Marker { Color = colors.MutedText, Size = size, Opacity = 0.35m, Symbol = SymbolEnum.CircleOpen }
                : scale is null ? new Marker { Color = colors.Category(index), Symbol = PlotPoints.Symbol(index, colors), Size = size, Opacity = 0.7m }
                : new Marker
                {
                    ColorArray = PlotText.Points(series.Points.Select(i => scale.Of[i])),
                    ColorScale = PlotScale.Of(colors.Scatter),
                    CMin = End(scale.Span?.From, scale.Span),
                    CMax = End(scale.Span?.To, scale.Span),
                    ShowScale = true,
                    ColorBar = new ColorBar { Title = new() { Text = PlotText.Label(color.Title), Side = Plotly.Blazor.Traces.ScatterGlLib.MarkerLib.ColorBarLib.TitleLib.SideEnum.Right }, Thickness = 12, OutlineWidth = 0 },
                    Size = size,
                    Opacity = 0.75m,
                },
            HoverTemplate = scale is null ? hover : hover + (series.IsClass ? "<br>%{marker.color}" : "") + "<extra></extra>",
        };
    }

    // Plotly.Blazor takes decimals here, which hold less than a double; the scale then reaches over all values.
    internal static decimal? End(double? value, ValueSpan? span) => span is { From: > -LargestDecimal, To: < LargestDecimal } ? (decimal?)value : null;

    // Drawn under the points, and sharp at any zoom.
    private static Scatter? Ellipse(PointSeries series, IReadOnlyList<double> across, IReadOnlyList<double> up, string color)
    {
        if (CovarianceEllipse.Of([.. series.Points.Select(i => across[i])], [.. series.Points.Select(i => up[i])]) is not { } ellipse) return null;
        var line = ellipse.Line(EllipsePoints);
        return new Scatter
        {
            Name = $"95 % of {PlotText.Label(series.Name)}",
            Mode = Plotly.Blazor.Traces.ScatterLib.ModeFlag.Lines,
            X = PlotText.Points(line.Select(p => p.X)),
            Y = PlotText.Points(line.Select(p => p.Y)),
            Line = new() { Color = color, Width = 2 },
            ShowLegend = false,
            HoverInfo = Plotly.Blazor.Traces.ScatterLib.HoverInfoFlag.Skip,
        };
    }

    /// <summary>From the middle outwards; the longest reaches most of the way to the outermost rows, the others in proportion.</summary>
    private static IEnumerable<Annotation> Arrows(IReadOnlyList<FeatureArrow> features, IReadOnlyList<double> across, IReadOnlyList<double> up, PlotColors colors)
    {
        var factor = ArrowReach * Math.Min(Room(across, features.Max(f => Math.Abs(f.X))), Room(up, features.Max(f => Math.Abs(f.Y))));
        if (!double.IsFinite(factor)) yield break;
        foreach (var feature in features)
        {
            var (x, y) = (factor * feature.X, factor * feature.Y);
            yield return new Annotation
            {
                X = x,
                Y = y,
                Ax = 0,
                Ay = 0,
                XRef = "x",
                YRef = "y",
                AXref = "x",
                AyRef = "y",
                Text = "",
                ShowArrow = true,
                Arrowhead = 2,
                ArrowWidth = 1.5m,
                ArrowColor = colors.Text,
            };
            yield return new Annotation
            {
                X = x,
                Y = y,
                XRef = "x",
                YRef = "y",
                Text = PlotText.Label(feature.Feature),
                ShowArrow = false,
                BgColor = colors.Surface,
                Opacity = 0.9m,
                Font = new() { Color = colors.Text, Size = 11 },
                XAnchor = x < 0 ? Plotly.Blazor.LayoutLib.AnnotationLib.XAnchorEnum.Right : Plotly.Blazor.LayoutLib.AnnotationLib.XAnchorEnum.Left,
                YAnchor = y < 0 ? Plotly.Blazor.LayoutLib.AnnotationLib.YAnchorEnum.Top : Plotly.Blazor.LayoutLib.AnnotationLib.YAnchorEnum.Bottom,
            };
        }

        static double Room(IReadOnlyList<double> scores, double longest) =>
            longest > 0 && scores.Count > 0 && scores.Max(Math.Abs) is > 0 and var outermost ? outermost / longest : double.PositiveInfinity;
    }
}
