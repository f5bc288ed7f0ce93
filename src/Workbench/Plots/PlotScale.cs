namespace ModelWorkbench.Workbench.Plots;

/// <summary>A colour scale as Plotly takes it: pairs of position from 0 to 1 and colour, evenly spaced.</summary>
internal static class PlotScale
{
    public static IReadOnlyList<object[]> Of(IReadOnlyList<string> colors) =>
        [.. colors.Select((color, i) => new object[] { (double)i / (colors.Count - 1), color })];
}
