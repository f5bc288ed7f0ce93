using System.Globalization;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>The colours a plot draws with, as CSS colours; the values stand in <see cref="Shell.WorkbenchTheme"/>.</summary>
/// <param name="Text">Titles.</param>
/// <param name="MutedText">Axis titles, ticks, legend.</param>
/// <param name="Grid">Grid lines.</param>
/// <param name="Surface">What lies behind the plot, also in a downloaded picture.</param>
/// <param name="Reference">Lines to compare with: chance, the diagonal, zero.</param>
/// <param name="Accent">The single series.</param>
/// <param name="Black">Text on shades on which nothing milder can be read.</param>
/// <param name="White">As <paramref name="Black"/>.</param>
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
    string Black,
    string White,
    IReadOnlyList<string> Categories,
    IReadOnlyList<string> LowToHigh,
    IReadOnlyList<string> Scatter)
{
    /// <summary>The colour of the class with this 0-based index.</summary>
    public string Category(int index) => Categories[index % Categories.Count];

    /// <summary>The shade of <see cref="LowToHigh"/> at a share from 0 to 1, interpolated as Plotly does it, and the mildest colour in which text on it has a contrast of 4.5 to 1.</summary>
    public string Ink(double share)
    {
        var position = Math.Clamp(share, 0, 1) * (LowToHigh.Count - 1);
        var below = Math.Min((int)position, LowToHigh.Count - 2);
        var shade = Luminance(LowToHigh[below], LowToHigh[below + 1], position - below);
        string[] inks = [Text, Surface, Black, White];
        return inks.FirstOrDefault(ink => Contrast(shade, Luminance(ink, ink, 0)) >= 4.5) ?? White;
    }

    // Relative luminance and contrast ratio of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
    private static double Contrast(double a, double b) => (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);

    private static double Luminance(string from, string to, double share)
    {
        double Channel(int at)
        {
            var value = (Part(from, at) * (1 - share) + Part(to, at) * share) / 255;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }
        return 0.2126 * Channel(1) + 0.7152 * Channel(3) + 0.0722 * Channel(5);
    }

    private static double Part(string hex, int at) => int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
