using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Lines that stay apart: a colour a class, and another dash where the colours begin again.</summary>
internal static class PlotLine
{
    private static readonly string[] Dashes = ["solid", "dash", "dot", "dashdot", "longdash"];

    public static Line For(int index, PlotColors colors) => new()
    {
        Color = colors.Category(index),
        Dash = Dashes[index / colors.Categories.Count % Dashes.Length],
        Width = 2,
    };
}
