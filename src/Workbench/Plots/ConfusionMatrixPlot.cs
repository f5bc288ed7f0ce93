using System.Globalization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.HeatMapLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Rows by true class (from top to bottom) and predicted class (from left to right): counts as text, the share of the true class as shade.</summary>
/// <remarks>The shade is the share and not the count, so that a rare class that is always missed is as visible as a frequent one.</remarks>
public static class ConfusionMatrixPlot
{
    private const int ManyClasses = 12;

    public static PlotFigure Figure(ClassificationReport report)
    {
        var right = Enumerable.Range(0, report.Classes.Count).Sum(c => (long)report.Confusion[c][c]);
        var all = report.Confusion.Sum(row => row.Sum(count => (long)count));
        return new PlotFigure(
            "Confusion matrix",
            $"{Figures.Count(report.Classes.Count, "class", "classes")}; {Figures.Count(right)} of {Figures.Count(all, "row")} are on the diagonal, predicted as what they are.",
            new PlotAxis("Predicted class") { Names = report.Classes, Grid = false },
            new PlotAxis("True class") { Names = report.Classes, Reversed = true, Grid = false },
            colors => [Cells(report, colors)])
        {
            Height = Math.Clamp(190 + report.Classes.Count * 28, 380, 960),
        };
    }

    private static HeatMap Cells(ClassificationReport report, PlotColors colors)
    {
        var shares = report.Confusion.Select(row => Shares(row)).ToList();
        return new HeatMap
        {
            X = [.. Enumerable.Range(0, report.Classes.Count).Cast<object>()],
            Y = [.. Enumerable.Range(0, report.Classes.Count).Cast<object>()],
            Z = [.. shares.Select(row => row.Cast<object>().ToList())],
            Text = [.. report.Confusion.Select(row => row.Select(count => (object)CellText(count, report.Classes.Count)).ToList())],
            TextTemplate = "%{text}",
            HoverText = [.. report.Confusion.Select((row, truth) => row.Select((count, predicted) => (object)Hover(report, truth, predicted, count, shares[truth][predicted])).ToList())],
            HoverInfo = HoverInfoFlag.Text,
            ColorScale = PlotScale.Of(colors.LowToHigh),
            ZMin = 0,
            ZMax = 1,
            XGap = 1,
            YGap = 1,
            ColorBar = new ColorBar { Title = new() { Text = "Share of the true class", Side = Plotly.Blazor.Traces.HeatMapLib.ColorBarLib.TitleLib.SideEnum.Right }, TickFormat = ".0%", Thickness = 12, OutlineWidth = 0 },
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

    private static double[] Shares(IReadOnlyList<int> row)
    {
        var total = row.Sum(count => (long)count);
        return [.. row.Select(count => total == 0 ? 0 : (double)count / total)];
    }

    private static string Hover(ClassificationReport report, int truth, int predicted, int count, double share) =>
        $"true: {PlotText.Escape(report.Classes[truth])}<br>predicted: {PlotText.Escape(report.Classes[predicted])}<br>{Figures.Count(count, "row")}, {PlotText.Escape(Figures.Percent(share))} of the true class";
}
