using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.BarLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What one column adds to an answer.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Value">What the row has in it; null for missing.</param>
/// <param name="Added">Below 0 it takes away.</param>
public sealed record ColumnContribution(string Column, string? Value, double Added);

/// <summary>How an answer comes about: from what is usual, column by column, to what the model says of this row. The most important columns, the largest on top.</summary>
public static class WaterfallPlot
{
    private const int Shown = 12;

    // Of the bars' width, to either side.
    private const double RoomForNumbers = 0.32;

    /// <param name="columns">All columns that the model uses.</param>
    /// <param name="usual">Where it begins.</param>
    /// <param name="scale">What is added up.</param>
    /// <param name="of">The class, or the name of the number.</param>
    public static PlotFigure Figure(IReadOnlyList<ColumnContribution> columns, double usual, ContributionScale scale, string of)
    {
        var ordered = columns.OrderByDescending(c => Math.Abs(c.Added)).ToArray();
        var rest = ordered.Skip(Shown).ToArray();
        List<ColumnContribution> shown = [.. ordered.Take(Shown)];
        if (rest.Length > 0) shown.Add(new ColumnContribution(Figures.Count(rest.Length, "other column"), "", rest.Sum(c => c.Added)));
        var sum = usual + columns.Sum(c => c.Added);
        return new PlotFigure(
            "Why this answer",
            $"{AxisOf(scale, of)}: {Figures.Number(usual, 3)} is usual, {Figures.Number(sum, 3)} for this row. {string.Join(", ", shown.Take(5).Select(c => $"{Name(c)} {Signed(c.Added)}"))}.",
            new PlotAxis(AxisOf(scale, of)) { Range = Around(shown, usual) },
            new PlotAxis("") { Names = [.. shown.Select(Name)], Reversed = true, Grid = false },
            colors => [Bars(shown, usual, colors)])
        {
            Height = 150 + shown.Count * 28,
            Adjust = (layout, colors) => layout.Shapes = [Line(usual, colors.Reference, "dot"), Line(sum, colors.Text, "solid")],
        };
    }

    /// <summary>What the numbers are, in words.</summary>
    public static string AxisOf(ContributionScale scale, string of) => scale switch
    {
        ContributionScale.Answer => of,
        ContributionScale.Share => $"Share for {of}, before calibration",
        ContributionScale.LogOdds => $"Log-odds of {of}",
        ContributionScale.LogProbability => $"Log probability of {of}, centred",
        _ => $"ln(1 + {of})",
    };

    private static string Name(ColumnContribution column) => column.Value switch
    {
        "" => column.Column,
        null => $"{column.Column}: missing",
        var value => $"{PlotText.Shorten(column.Column, 20)} = {PlotText.Shorten(value, 16)}",
    };

    /// <summary>From the lowest to the highest point that bars reach, with room for the numbers beside them.</summary>
    private static (double From, double To)? Around(IReadOnlyList<ColumnContribution> columns, double usual)
    {
        var (at, low, high) = (usual, usual, usual);
        foreach (var column in columns)
        {
            at += column.Added;
            (low, high) = (Math.Min(low, at), Math.Max(high, at));
        }
        return high > low ? (low - ((high - low) * RoomForNumbers), high + ((high - low) * RoomForNumbers)) : null;
    }

    private static string Signed(double value) => value >= 0 ? $"+{Figures.Number(value, 3)}" : $"−{Figures.Number(-value, 3)}";

    private static Bar Bars(IReadOnlyList<ColumnContribution> columns, double usual, PlotColors colors)
    {
        var starts = new double[columns.Count];
        var at = usual;
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = at;
            at += columns[i].Added;
        }
        return new Bar
        {
            Orientation = OrientationEnum.H,
            Base = PlotText.Numbers(starts),
            X = PlotText.Numbers(columns.Select(c => c.Added)),
            Y = [.. Enumerable.Range(0, columns.Count).Cast<object>()],
            TextArray = [.. columns.Select(c => Signed(c.Added))],
            TextPosition = TextPositionEnum.Auto,
            Marker = new() { ColorArray = [.. columns.Select(c => (object)(c.Added >= 0 ? colors.Category(0) : colors.Category(1)))] },
            HoverTextArray = [.. columns.Select(c => $"{PlotText.Escape(c.Column)}{(string.IsNullOrEmpty(c.Value) ? "" : $" = {PlotText.Escape(PlotText.Shorten(c.Value, 80))}")}: {Signed(c.Added)}")],
            HoverInfo = HoverInfoFlag.Text,
        };
    }

    private static Plotly.Blazor.LayoutLib.Shape Line(double at, string color, string dash) => new()
    {
        Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Line,
        YRef = "paper",
        Y0 = 0,
        Y1 = 1,
        X0 = at,
        X1 = at,
        Line = new() { Color = color, Width = 1, Dash = dash },
    };
}
