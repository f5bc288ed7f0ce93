using System.Globalization;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Values of one column kind as another, by way of their text; culture plays no part.</summary>
public static class ColumnConversion
{
    private static readonly HashSet<string> BooleanNames = new(["true", "false", "t", "f", "yes", "no", "y", "n", "1", "0"], StringComparer.OrdinalIgnoreCase);

    /// <summary>What a value of the kind looks like, for messages.</summary>
    public static string Expected(ColumnKind kind) => kind switch
    {
        ColumnKind.Numeric => "a number such as 12.5",
        ColumnKind.DateTime => "a date such as 2024-05-31 or 2024-05-31T14:30:00",
        ColumnKind.Boolean => "true/false, yes/no, t/f, y/n or 1/0",
        _ => "text",
    };

    /// <summary>The column as another kind; a value that has no counterpart becomes missing.</summary>
    public static Column Convert(Column column, ColumnKind kind)
    {
        if (column.Kind == kind) return column;
        switch (kind)
        {
            case ColumnKind.Numeric:
                var numbers = new double[column.Length];
                for (var row = 0; row < numbers.Length; row++)
                    numbers[row] = column.GetText(row) is { } text && TryParseNumber(text, out var number) ? number : double.NaN;
                return new NumericColumn(column.Name, numbers);
            case ColumnKind.DateTime:
                var ticks = new long[column.Length];
                for (var row = 0; row < ticks.Length; row++)
                    ticks[row] = column.GetText(row) is { } text && TryParseMoment(text, out var moment) ? moment : DateTimeColumn.MissingTicks;
                return new DateTimeColumn(column.Name, ticks);
            case ColumnKind.Boolean:
                return DictionaryColumn.FromTexts(column.Name, kind, Texts(column, text => BooleanNames.Contains(text)));
            default:
                return column is DictionaryColumn dictionary
                    ? new DictionaryColumn(column.Name, kind, dictionary.Codes.ToArray(), [.. dictionary.Values])
                    : DictionaryColumn.FromTexts(column.Name, kind, Texts(column, _ => true));
        }
    }

    /// <summary>A finite number in invariant form.</summary>
    public static bool TryParseNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    /// <summary>An ISO 8601 date with or without a time of day, UTC where no offset stands there.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ticks">UTC ticks; <see cref="DateTimeColumn.MissingTicks"/> where the text is none.</param>
    public static bool TryParseMoment(ReadOnlySpan<char> text, out long ticks) => new DateParser(DateOrder.Iso).TryParse(text.Trim(), out ticks);

    private static string?[] Texts(Column column, Predicate<string> keep)
    {
        var texts = new string?[column.Length];
        for (var row = 0; row < texts.Length; row++)
            texts[row] = column.GetText(row) is { } text && keep(text) ? text : null;
        return texts;
    }
}
