using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Rows on a map that keeps neighbours, in the colours of the plot of components beside it.</summary>
public static class NeighbourMapPlot
{
    /// <param name="map">The map.</param>
    /// <param name="places">Which shown row of the components each point of the map is; below 0 where it is none of them.</param>
    /// <param name="rows">The 0-based row of the dataset of each shown row of the components, or null.</param>
    /// <param name="color">One class or number a shown row of the components.</param>
    public static PlotFigure Figure(NeighbourMap map, IReadOnlyList<int> places, IReadOnlyList<int>? rows, PointColors color)
    {
        var known = Enumerable.Range(0, map.X.Count).Where(i => places[i] >= 0).ToDictionary(i => places[i]);
        PointSeries[] series = [.. color.Series.Select(s => s with { Points = [.. s.Points.Where(known.ContainsKey)] })];
        return new PlotFigure(
            "Map of neighbours",
            $"{Figures.Count(known.Count, "row")} placed so that those that are alike in all {Figures.Count(map.FeatureCount, "feature")} lie together; coloured by {color.Title}. Of five neighbours on the map {Figures.Percent(map.Trustworthiness)} are neighbours in truth, by trustworthiness; on the first two components {Figures.Percent(map.OfComponents)}.",
            // Numbers along the axes would be read as something.
            new PlotAxis("") { Grid = false },
            new PlotAxis("") { Grid = false },
            colors => [.. series.Index().Where(s => s.Item.Points.Count > 0).Select(s => (ITrace)PcaScatterPlot.Points(
                rows, s.Item, s.Index, [.. s.Item.Points.Select(p => (double)map.X[known[p]])], [.. s.Item.Points.Select(p => (double)map.Y[known[p]])], known.Count, "", color, colors))])
        {
            ShowLegend = color is PointColors.Classes,
            Height = 520 + (color is PointColors.Classes ? 16 * Math.Max(0, series.Length - 6) : 0),
            Items = [.. series.Where(s => s.Points.Count > 0).Select(s => s.Points)],
            Adjust = (layout, colors) =>
            {
                layout.DragMode = DragModeEnum.Select;
                (layout.XAxis[0].ShowTickLabels, layout.YAxis[0].ShowTickLabels) = (false, false);
                var legend = layout.Legend[0];
                legend.Title = new() { Text = PlotText.Label(color.Title) };
                legend.Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H;
                (legend.Y, legend.YRef, legend.YAnchor) = (0, Plotly.Blazor.LayoutLib.LegendLib.YRefEnum.Container, Plotly.Blazor.LayoutLib.LegendLib.YAnchorEnum.Bottom);
            },
        };
    }
}
