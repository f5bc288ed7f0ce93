using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.HeatMapLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>How much each pair of columns does beyond what its two columns do: Friedman's H, 0 to 1, as shade and text.</summary>
public static class InteractionPlot
{
    public static PlotFigure Figure(Interactions interactions)
    {
        var count = interactions.Columns.Count;
        var pairs = Enumerable.Range(0, count).SelectMany(i => Enumerable.Range(i + 1, count - i - 1).Select(j => (I: i, J: j))).OrderByDescending(p => interactions.Effect[p.I][p.J]).ToList();
        return new PlotFigure(
            "Columns used together",
            $"Friedman's H of {Figures.Count(pairs.Count, "pair")} of {Figures.Count(count, "column")}. Those that do most together: {string.Join(", ", pairs.Take(3).Select(p => $"{interactions.Columns[p.I]} with {interactions.Columns[p.J]} (H {Figures.Number(interactions.Strength[p.I][p.J], 2)}, effect {Figures.Number(interactions.Effect[p.I][p.J], 2)})"))}.",
            new PlotAxis("") { Names = interactions.Columns, Grid = false },
            new PlotAxis("") { Names = interactions.Columns, Reversed = true, Grid = false },
            colors =>
            [
                new HeatMap
                {
                    X = [.. Enumerable.Range(0, count).Cast<object>()],
                    Y = [.. Enumerable.Range(0, count).Cast<object>()],
                    Z = [.. interactions.Strength.Select(row => row.Select(value => value is { } number ? (object)Math.Round(number, 4) : null!).ToList())],
                    HoverText = [.. interactions.Strength.Select((row, i) => row.Select((value, j) => (object)Hover(interactions, i, j)).ToList())],
                    HoverInfo = HoverInfoFlag.Text,
                    ColorScale = PlotScale.Of(colors.LowToHigh),
                    ZMin = 0,
                    ZMax = 1,
                    XGap = 1,
                    YGap = 1,
                    ColorBar = new ColorBar { Thickness = 12, OutlineWidth = 0 },
                },
                .. Texts(interactions, colors),
            ])
        {
            Height = Math.Clamp(220 + (count * 36), 340, 620),
            Adjust = (layout, _) => layout.XAxis[0].TickAngle = -45,
        };
    }

    // Not the heat map's own texts: Plotly colours those without regard to contrast on middle shades.
    private static IEnumerable<Scatter> Texts(Interactions interactions, PlotColors colors)
    {
        var cells = interactions.Strength.SelectMany((row, i) => row.Select((value, j) => (I: i, J: j, Value: value))).Where(c => c.Value is not null);
        foreach (var ink in cells.GroupBy(c => colors.Ink(c.Value!.Value)))
            yield return new Scatter
            {
                Mode = Plotly.Blazor.Traces.ScatterLib.ModeFlag.Text,
                X = [.. ink.Select(c => (object)c.J)],
                Y = [.. ink.Select(c => (object)c.I)],
                TextArray = [.. ink.Select(c => Figures.Number(c.Value, 2))],
                TextFont = new() { Color = ink.Key, Size = 11 },
                HoverInfo = Plotly.Blazor.Traces.ScatterLib.HoverInfoFlag.Skip,
                ShowLegend = false,
            };
    }

    private static string Hover(Interactions interactions, int i, int j) => i == j
        ? PlotText.Escape(interactions.Columns[i])
        : $"{PlotText.Escape(interactions.Columns[i])}<br>{PlotText.Escape(interactions.Columns[j])}<br>H {Figures.Number(interactions.Strength[i][j], 3)}<br>together, beyond each alone: {Figures.Number(interactions.Effect[i][j], 3)}";
}
