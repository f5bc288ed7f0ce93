using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Models;

/// <summary>Rows as texts, to and from typed tables; used for golden rows and snippets, where exact round trips matter more than speed.</summary>
public static class TextRows
{
    /// <param name="inputs">One a text of each row.</param>
    /// <param name="rows">Invariant texts as <see cref="Column.GetText"/> gives them; null is missing.</param>
    /// <exception cref="FormatException">A text is not of its column's kind.</exception>
    public static Table ToTable(IReadOnlyList<InputColumn> inputs, IReadOnlyList<IReadOnlyList<string?>> rows) =>
        new([.. inputs.Select((input, i) => ToColumn(input, [.. rows.Select(r => r[i])]))], rowCount: rows.Count);

    public static IReadOnlyList<IReadOnlyList<string?>> FromTable(IReadOnlyList<InputColumn> inputs, Table table) =>
        [.. Enumerable.Range(0, table.RowCount).Select(row => inputs.Select(i => table[i.Name].GetText(row)).ToArray())];

    private static Column ToColumn(InputColumn input, string?[] texts) => input.Kind switch
    {
        ColumnKind.Numeric => new NumericColumn(input.Name, [.. texts.Select(t => t is null ? double.NaN : double.Parse(t, CultureInfo.InvariantCulture))]),
        ColumnKind.DateTime => new DateTimeColumn(input.Name, [.. texts.Select(t => t is null ? DateTimeColumn.MissingTicks : ParseTicks(t))]),
        _ => DictionaryColumn.FromTexts(input.Name, input.Kind, texts),
    };

    private static long ParseTicks(string text) => ColumnConversion.TryParseMoment(text, out var ticks) ? ticks
        : throw new FormatException($"Found '{text}', expected {ColumnConversion.Expected(ColumnKind.DateTime)}.");
}
