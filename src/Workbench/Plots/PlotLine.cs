using Plotly.Blazor.Traces.ScatterLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Lines that stay apart: a colour a class, and another dash where the colours begin again.</summary>
internal static class PlotLine
{
    private static readonly string[] Dashes = ["solid", "dash", "dot", "dashdot", "longdash"];

    // Names of more fill several lines below a plot, and stand beside it instead.
    private const int MostBelow = 8;

    /// <summary>Whether the names of so many lines stand beside the plot.</summary>
    public static bool AreMany(int lines) => lines > MostBelow;

    /// <summary>Pixels in which all names have room.</summary>
    public static int HeightFor(int lines) => AreMany(lines) ? Math.Clamp(130 + ((lines + 1) * 20), 560, 960) : 420;

    public static Line For(int index, PlotColors colors) => new()
    {
        Color = colors.Category(index),
        Dash = Dashes[index / colors.Categories.Count % Dashes.Length],
        Width = 2,
    };
}
