using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterGlLib;
using Plotly.Blazor.Traces.ScatterGlLib.MarkerLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Clouds of points, drawn by the graphics card; translucent, and the smaller the more there are.</summary>
internal static class PlotPoints
{
    private static readonly SymbolEnum[] Symbols = [SymbolEnum.Circle, SymbolEnum.Diamond, SymbolEnum.Square, SymbolEnum.Cross, SymbolEnum.X];

    /// <param name="name">Plotly's markup: escape what comes from the data.</param>
    public static ScatterGl Of(string name, IEnumerable<double> x, IEnumerable<double> y, string color, string hover)
    {
        var points = PlotText.Points(x);
        return new ScatterGl
        {
            Name = name,
            Mode = ModeFlag.Markers,
            X = points,
            Y = PlotText.Points(y),
            Marker = new Marker { Color = color, Size = Size(points.Count), Opacity = 0.65m },
            HoverTemplate = hover,
        };
    }

    /// <summary>A line to compare with, on top of the points: a line of another kind of trace would lie under them.</summary>
    public static ScatterGl Reference(string name, IEnumerable<double> x, IEnumerable<double> y, PlotColors colors) => new()
    {
        Name = name,
        Mode = ModeFlag.Lines,
        X = PlotText.Numbers(x),
        Y = PlotText.Numbers(y),
        Line = new Plotly.Blazor.Traces.ScatterGlLib.Line { Color = colors.Text, Width = 1.5m, Dash = Plotly.Blazor.Traces.ScatterGlLib.LineLib.DashEnum.Dash },
        HoverInfo = HoverInfoFlag.Skip,
    };

    /// <summary>Pixels across.</summary>
    public static decimal Size(int count) => count switch { > 2000 => 4, > 500 => 5, _ => 7 };

    /// <summary>Another shape each time the colours begin again.</summary>
    public static SymbolEnum Symbol(int index, PlotColors colors) => Symbols[index / colors.Categories.Count % Symbols.Length];
}
