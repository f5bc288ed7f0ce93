using System.Globalization;
using ModelWorkbench.Core.Datasets;
using Plotly.Blazor.Traces;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>The numbers that a figure draws, as a table: for those who do not see it, and to take away.</summary>
/// <param name="Columns">Series, both axes, and what else its points have.</param>
/// <param name="Rows">One a point, in the order of the series.</param>
public sealed record PlotNumbers(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    private const string Across = "x", Up = "y";

    public static PlotNumbers Of(PlotFigure figure, PlotColors colors)
    {
        var rows = new List<(string Series, string X, string Y, string Value)>();
        foreach (var trace in figure.Traces(colors))
        {
            switch (trace)
            {
                case HeatMap map:
                    for (var i = 0; i < (map.Z?.Count ?? 0); i++)
                    {
                        var line = (System.Collections.IList)map.Z![i];
                        for (var j = 0; j < line.Count; j++) rows.Add((map.Name ?? "", At(figure.X, map.X, j), At(figure.Y, map.Y, i), Text(line[j])));
                    }
                    break;
                case Bar bar:
                    Add(bar.Name, bar.X, bar.Y, bar.TextArray);
                    break;
                // Lines to compare with have nothing to tell, nor have points that are drawn for the look of it.
                case Scatter { HoverInfo: not Plotly.Blazor.Traces.ScatterLib.HoverInfoFlag.Skip } scatter:
                    Add(scatter.Name, scatter.X, scatter.Y, scatter.TextArray);
                    break;
                case Scatter3D space:
                    Add(space.Name, space.X, space.Y, [.. (space.Z ?? []).Select(Text)]);
                    break;
                case ScatterGl { HoverInfo: not Plotly.Blazor.Traces.ScatterGlLib.HoverInfoFlag.Skip } cloud:
                    Add(cloud.Name, cloud.X, cloud.Y, cloud.TextArray);
                    break;
            }
        }
        var (hasSeries, hasValue) = (rows.Select(r => r.Series).Distinct().Count() > 1, rows.Any(r => r.Value.Length > 0));
        return new PlotNumbers(
            [.. hasSeries ? ["series"] : Array.Empty<string>(), figure.X.Title is { Length: > 0 } x ? x.Replace('\n', ' ') : Across, figure.Y.Title is { Length: > 0 } y ? y : Up, .. hasValue ? ["value"] : Array.Empty<string>()],
            [.. rows.Select(r => (IReadOnlyList<string>)[.. hasSeries ? [r.Series] : Array.Empty<string>(), r.X, r.Y, .. hasValue ? [r.Value] : Array.Empty<string>()])]);

        void Add(string? name, IList<object>? x, IList<object>? y, IList<string>? texts)
        {
            var count = Math.Max(x?.Count ?? 0, y?.Count ?? 0);
            for (var i = 0; i < count; i++) rows.Add((Plain(name), At(figure.X, x, i), At(figure.Y, y, i), i < (texts?.Count ?? 0) ? Plain(texts![i]) : ""));
        }
    }

    /// <summary>With a header; a cell that a spreadsheet would run as a formula begins with an apostrophe.</summary>
    public string ToCsv()
    {
        using var text = new StringWriter();
        var writer = new CsvTableWriter(text, new CsvWriteOptions(HarmlessFormulas: true));
        writer.WriteHeader(Columns);
        writer.WriteRows(new Core.Datasets.Table([.. Columns.Select((_, i) => ColumnOf($"{i}", [.. Rows.Select(row => row[i])]))], rowCount: Rows.Count), CancellationToken.None);
        return text.ToString();
    }

    /// <summary>Numbers where all are: a negative one is no formula.</summary>
    private static Column ColumnOf(string name, string[] texts)
    {
        var numbers = Array.ConvertAll(texts, text => text.Length == 0 ? double.NaN : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.PositiveInfinity);
        return numbers.Any(double.IsInfinity) ? DictionaryColumn.FromTexts(name, ColumnKind.Text, texts) : new NumericColumn(name, numbers);
    }

    /// <summary>A position, or the name that stands there.</summary>
    private static string At(PlotAxis axis, IList<object>? values, int index)
    {
        var value = values is null ? index : index < values.Count ? values[index] : null;
        return axis.Names is { } names && value is not null && double.TryParse(Text(value), NumberStyles.Float, CultureInfo.InvariantCulture, out var at) && (int)Math.Round(at) is var position && position >= 0 && position < names.Count
            ? names[position] : value is string text ? Plain(text) : Text(value);
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        double number => number.ToString("G7", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => Plain(value.ToString()),
    };

    /// <summary>As it stood in the data, before it was made fit for Plotly's markup.</summary>
    private static string Plain(string? text) => (text ?? "").Replace("<br>", ", ").Replace("&lt;", "<").Replace("&gt;", ">").Replace("&amp;", "&");
}
