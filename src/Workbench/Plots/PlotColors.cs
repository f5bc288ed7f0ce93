namespace ModelWorkbench.Workbench.Plots;

/// <summary>The colours a plot draws with, as CSS colours; the values stand in <see cref="Shell.WorkbenchTheme"/>.</summary>
/// <param name="Text">Titles.</param>
/// <param name="MutedText">Axis titles, ticks, legend.</param>
/// <param name="Grid">Grid lines.</param>
/// <param name="Surface">What lies behind the plot, also in a downloaded picture.</param>
/// <param name="Reference">Lines to compare with: chance, the diagonal, zero.</param>
/// <param name="Accent">The single series.</param>
/// <param name="Categories">One a class, apart for colour-blind readers; reused in turn with another shape.</param>
/// <param name="LowToHigh">From almost the surface to strong, for cells that hold text.</param>
/// <param name="Scatter">From low to high, each visible on the surface, for points.</param>
public sealed record PlotColors(
    string Text,
    string MutedText,
    string Grid,
    string Surface,
    string Reference,
    string Accent,
    IReadOnlyList<string> Categories,
    IReadOnlyList<string> LowToHigh,
    IReadOnlyList<string> Scatter)
{
    /// <summary>The colour of the class with this 0-based index.</summary>
    public string Category(int index) => Categories[index % Categories.Count];
}
