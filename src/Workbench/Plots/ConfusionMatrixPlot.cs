using System.Globalization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.HeatMapLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What the cells of a confusion matrix say.</summary>
public enum ConfusionCells
{
    /// <summary>Rows.</summary>
    Counts,

    /// <summary>Share of the rows of the true class: recall on the diagonal.</summary>
    ByTrueClass,

    /// <summary>Share of the rows of the predicted class: precision on the diagonal.</summary>
    ByPredictedClass,
}

/// <summary>Rows by true class (from top to bottom) and predicted class (from left to right): counts or shares as text, the share as shade.</summary>
/// <remarks>The shade is the share and not the count, so that a rare class that is always missed is as visible as a frequent one.</remarks>
public static class ConfusionMatrixPlot
{
    private const int ManyClasses = 12;

    public static PlotFigure Figure(ClassificationReport report, ConfusionCells cells = ConfusionCells.Counts)
    {
        var right = Enumerable.Range(0, report.Classes.Count).Sum(c => (long)report.Confusion[c][c]);
        var all = report.Confusion.Sum(row => row.Sum(count => (long)count));
        return new PlotFigure(
            "Confusion matrix",
            $"{Figures.Count(report.Classes.Count, "class", "classes")}; {Figures.Count(right)} of {Figures.Count(all, "row")} are on the diagonal, predicted as what they are.{Words(report, cells)}",
            new PlotAxis("Predicted class") { Names = report.Classes, Grid = false },
            new PlotAxis("True class") { Names = report.Classes, Reversed = true, Grid = false },
            colors => [Cells(report, cells, colors), .. Texts(report, cells, colors)])
        {
            // A click on a cell means its true class times the number of classes, and its predicted class.
            Items = [[.. Enumerable.Range(0, report.Classes.Count * report.Classes.Count)]],
            ByClick = true,
            Height = Math.Clamp(190 + report.Classes.Count * 28, 380, 960),
        };
    }

    private static HeatMap Cells(ClassificationReport report, ConfusionCells cells, PlotColors colors)
    {
        var shares = Shares(report, cells);
        return new HeatMap
        {
            X = [.. Enumerable.Range(0, report.Classes.Count).Cast<object>()],
            Y = [.. Enumerable.Range(0, report.Classes.Count).Cast<object>()],
            Z = [.. shares.Select(row => row.Cast<object>().ToList())],
            HoverText = [.. report.Confusion.Select((row, truth) => row.Select((count, predicted) => (object)Hover(report, truth, predicted, count, shares[truth][predicted], cells)).ToList())],
            HoverInfo = HoverInfoFlag.Text,
            ColorScale = PlotScale.Of(colors.LowToHigh),
            ZMin = 0,
            ZMax = 1,
            XGap = 1,
            YGap = 1,
            ColorBar = new ColorBar { Title = new() { Text = $"Share of {Whole(cells)}", Side = Plotly.Blazor.Traces.HeatMapLib.ColorBarLib.TitleLib.SideEnum.Right }, TickFormat = ".0%", Thickness = 12, OutlineWidth = 0 },
        };
    }

    // Where cells are small: thousands as 1.2k, and nothing for 0, so that the figures there are can be read. The exact count is in the hover.
    private static string CellText(int count, int classes) => classes <= ManyClasses
        ? Figures.Count(count)
        : count switch
        {
            0 => "",
            < 1_000 => Figures.Count(count),
            < 9_950 => $"{(count / 1_000.0).ToString("F1", CultureInfo.InvariantCulture)}k",
            < 999_500 => $"{Math.Round(count / 1_000.0)}k",
            _ => $"{(count / 1_000_000.0).ToString("F1", CultureInfo.InvariantCulture)}M",
        };

    // Not the heat map's own texts: Plotly colours those without regard to contrast on middle shades.
    private static IEnumerable<Scatter> Texts(ClassificationReport report, ConfusionCells cells, PlotColors colors)
    {
        var classes = report.Classes.Count;
        var shares = Shares(report, cells);
        var texts = report.Confusion.SelectMany((row, truth) => row.Select((count, predicted) =>
            (Truth: truth, Predicted: predicted, Text: cells == ConfusionCells.Counts ? CellText(count, classes) : CellText(shares[truth][predicted], classes), Ink: colors.Ink(shares[truth][predicted]))));
        foreach (var ink in texts.Where(cell => cell.Text.Length > 0).GroupBy(cell => cell.Ink))
            yield return new Scatter
            {
                Mode = Plotly.Blazor.Traces.ScatterLib.ModeFlag.Text,
                X = [.. ink.Select(cell => (object)cell.Predicted)],
                Y = [.. ink.Select(cell => (object)cell.Truth)],
                TextArray = [.. ink.Select(cell => cell.Text)],
                TextFont = new() { Color = ink.Key, Size = classes <= ManyClasses ? 13 : 10 },
                HoverInfo = Plotly.Blazor.Traces.ScatterLib.HoverInfoFlag.Skip,
                ShowLegend = false,
            };
    }

    // As above: whole per cents without their sign, and nothing for 0.
    private static string CellText(double share, int classes) => classes <= ManyClasses
        ? Figures.Percent(share)
        : share == 0 ? "" : Math.Round(100 * share).ToString("F0", CultureInfo.InvariantCulture);

    private static IReadOnlyList<double[]> Shares(ClassificationReport report, ConfusionCells cells)
    {
        var byTruth = report.Confusion.Select(row => row.Sum(count => (long)count)).ToArray();
        var byPrediction = report.Classes.Select((_, c) => report.Confusion.Sum(row => (long)row[c])).ToArray();
        return [.. report.Confusion.Select((row, truth) => row.Select((count, predicted) =>
        {
            var total = cells == ConfusionCells.ByPredictedClass ? byPrediction[predicted] : byTruth[truth];
            return total == 0 ? 0 : (double)count / total;
        }).ToArray())];
    }

    private static string Whole(ConfusionCells cells) => cells == ConfusionCells.ByPredictedClass ? "the predicted class" : "the true class";

    private static string Words(ClassificationReport report, ConfusionCells cells)
    {
        if (cells == ConfusionCells.Counts) return "";
        var shares = Shares(report, cells);
        return $" On the diagonal as shares of {Whole(cells)}: {string.Join(", ", report.Classes.Select((name, c) => $"{name} {Figures.Percent(shares[c][c])}"))}.";
    }

    private static string Hover(ClassificationReport report, int truth, int predicted, int count, double share, ConfusionCells cells) =>
        $"true: {PlotText.Escape(report.Classes[truth])}<br>predicted: {PlotText.Escape(report.Classes[predicted])}<br>{Figures.Count(count, "row")}, {PlotText.Escape(Figures.Percent(share))} of {Whole(cells)}";
}
