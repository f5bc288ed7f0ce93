using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>What a value of a column must be for its row to be shown.</summary>
public enum RowOperator { Contains, Equals, OneOf, AtLeast, AtMost, Between, Missing, Present }

/// <summary>A condition on one column.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Operator">Text columns cannot be compared in size, numbers and dates not searched for a part.</param>
/// <param name="Values">One value; for one-of any number, for between two, for missing and present none.</param>
public sealed record RowFilter(string Column, RowOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>How the operators are written in addresses.</summary>
    public static IReadOnlyList<(string Code, RowOperator Operator, string Label)> Operators { get; } =
    [
        ("contains", RowOperator.Contains, "contains"), ("eq", RowOperator.Equals, "equals"), ("in", RowOperator.OneOf, "is one of"),
        ("ge", RowOperator.AtLeast, "is at least"), ("le", RowOperator.AtMost, "is at most"), ("between", RowOperator.Between, "is between"),
        ("missing", RowOperator.Missing, "is missing"), ("present", RowOperator.Present, "is not missing"),
    ];

    /// <summary>What makes sense for a kind.</summary>
    public static bool Suits(RowOperator op, ColumnKind kind) => op switch
    {
        RowOperator.Contains => kind is not (ColumnKind.Numeric or ColumnKind.DateTime),
        RowOperator.AtLeast or RowOperator.AtMost or RowOperator.Between => kind is ColumnKind.Numeric or ColumnKind.DateTime,
        _ => true,
    };

    /// <summary>As it stands in an address: <c>age:ge:30</c>, <c>city:in:Oslo|Paris</c>.</summary>
    public override string ToString()
    {
        var code = Operators.First(o => o.Operator == Operator).Code;
        return Operator is RowOperator.Missing or RowOperator.Present ? $"{Column}:{code}" : $"{Column}:{code}:{string.Join('|', Operator is RowOperator.OneOf or RowOperator.Between ? Values.Select(Escape) : Values)}";
    }

    public string Describe()
    {
        var label = Operators.First(o => o.Operator == Operator).Label;
        return Values.Count == 0 ? $"{Column} {label}" : $"{Column} {label} {string.Join(Operator == RowOperator.Between ? " and " : ", ", Values)}";
    }

    /// <summary>Reads <c>column:operator:value</c>; the column's name may itself hold colons, the longest one that fits is meant.</summary>
    /// <exception cref="FormatException">Says what was found and expected.</exception>
    public static RowFilter Parse(string text, IReadOnlyList<ColumnHeader> columns)
    {
        if (columns.Where(c => text.StartsWith(c.Name + ":", StringComparison.Ordinal)).MaxBy(c => c.Name.Length) is not { } column)
            throw new FormatException($"filter is '{text}'; expected 'column:operator:value' with the name of a column of this dataset.");
        var rest = text[(column.Name.Length + 1)..];
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        var code = colon < 0 ? rest : rest[..colon];
        var value = colon < 0 ? null : rest[(colon + 1)..];
        var known = Operators.FirstOrDefault(o => o.Code == code);
        if (known.Code is null) throw new FormatException($"filter is '{text}': the operator is '{code}'; expected one of {string.Join(", ", Operators.Select(o => o.Code))}.");
        var op = known.Operator;
        if (!Suits(op, column.Kind))
            throw new FormatException($"filter is '{text}': '{code}' is not for the {Name(column.Kind)} column '{column.Name}'; expected one of {string.Join(", ", Operators.Where(o => Suits(o.Operator, column.Kind)).Select(o => o.Code))}.");
        IReadOnlyList<string> values = op is RowOperator.Missing or RowOperator.Present ? [] : value is null ? throw new FormatException($"filter is '{text}': there is no value; expected '{column.Name}:{code}:value'.")
            : op is RowOperator.OneOf or RowOperator.Between ? Split(value) : [value];
        if (op is RowOperator.Missing or RowOperator.Present && value is not null) throw new FormatException($"filter is '{text}': '{code}' takes no value.");
        if (op == RowOperator.Between && values.Count != 2) throw new FormatException($"filter is '{text}': found {values.Count} values; expected two, as in '{column.Name}:between:1|2'.");
        if (values.Count > 1000) throw new FormatException($"A filter on '{column.Name}' has {values.Count} values; expected at most 1,000.");
        foreach (var v in values) Check(v, column);
        return new RowFilter(column.Name, op, values);
    }

    private static void Check(string value, ColumnHeader column)
    {
        if (column.Kind == ColumnKind.Numeric && !TryNumber(value, out _)) throw new FormatException($"The filter on '{column.Name}' has '{value}'; expected a number such as 12.5.");
        if (column.Kind == ColumnKind.DateTime && !TryDate(value, out _, out _)) throw new FormatException($"The filter on '{column.Name}' has '{value}'; expected a date such as 2024-01-31 or 2024-01-31T12:00:00.");
    }

    internal static bool TryNumber(string text, out double number) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && !double.IsNaN(number);

    /// <param name="text">ISO 8601, UTC.</param>
    /// <param name="first">Ticks where the moment or the day begins.</param>
    /// <param name="last">The last tick that is meant: a date alone is the whole day.</param>
    internal static bool TryDate(string text, out long first, out long last)
    {
        (first, last) = (0, 0);
        if (!DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)) return false;
        first = last = moment.Ticks;
        if (DateTime.TryParseExact(text.Trim(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) last = first + TimeSpan.TicksPerDay - 1;
        return true;
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);

    private static List<string> Split(string text)
    {
        List<string> values = [];
        var value = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length) value.Append(text[++i]);
            else if (text[i] == '|')
            {
                values.Add(value.ToString());
                value.Clear();
            }
            else value.Append(text[i]);
        }
        values.Add(value.ToString());
        return values;
    }

    private static string Name(ColumnKind kind) => kind switch { ColumnKind.Numeric => "number", ColumnKind.DateTime => "date", _ => "text" };
}

/// <summary>Which rows, in which order.</summary>
/// <param name="Sort">The column to sort by, missing values last and ties in file order; null for the order of the file.</param>
/// <param name="Descending">Largest first.</param>
/// <param name="Filters">All must hold.</param>
public sealed record RowQuery(string? Sort, bool Descending, IReadOnlyList<RowFilter> Filters)
{
    public static RowQuery All { get; } = new(null, false, []);

    /// <summary>The same text for the same rows in the same order.</summary>
    public string Key => string.Join('\n', Filters.Select(f => f.ToString().Replace("\n", "\\n", StringComparison.Ordinal)).Prepend($"{Descending}:{Sort}"));

    public bool IsFileOrder => Sort is null && Filters.Count == 0;

    /// <exception cref="FormatException">Says what was found and expected.</exception>
    public static RowQuery Parse(string? sort, bool descending, IEnumerable<string?> filters, IReadOnlyList<ColumnHeader> columns)
    {
        if (sort is not null && columns.All(c => c.Name != sort)) throw new FormatException($"sort is '{sort}'; expected the name of a column of this dataset.");
        List<RowFilter> parsed = [.. filters.Select(f => RowFilter.Parse(f ?? "", columns))];
        if (parsed.Count > 50) throw new FormatException($"There are {parsed.Count} filters; expected at most 50.");
        return new RowQuery(sort, sort is not null && descending, parsed);
    }
}
