using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>What the steps have in common: which columns are meant, whether they are there, and changing some columns of a table.</summary>
internal static class StepColumns
{
    /// <summary>The named columns, or where none is named all that satisfy <paramref name="include"/>.</summary>
    public static IReadOnlyList<string> Resolve(Table table, IReadOnlyList<string> names, Func<Column, bool>? include = null) =>
        names.Count > 0 ? names : [.. table.Columns.Where(c => include?.Invoke(c) ?? true).Select(c => c.Name)];

    public static bool IsNumeric(Column column) => column is NumericColumn;

    /// <summary>Names without a column, and names given twice.</summary>
    public static List<StepProblem> CheckNames(Table table, IReadOnlyList<string> names)
    {
        var problems = new List<StepProblem>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!seen.Add(name)) problems.Add(new StepProblem($"Column '{name}' is named twice.", name));
            else if (table.Find(name) is null)
                problems.Add(new StepProblem($"There is no column '{name}' at this step. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}.", name));
        }
        return problems;
    }

    /// <summary>As <see cref="CheckNames"/>, and columns that are not numeric.</summary>
    public static List<StepProblem> CheckNumeric(Table table, IReadOnlyList<string> names)
    {
        var problems = CheckNames(table, names);
        foreach (var name in names)
            if (table.Find(name) is { } column and not NumericColumn)
                problems.Add(new StepProblem($"Column '{name}' holds {Noun(column.Kind)}; a numeric column was expected.", name));
        return problems;
    }

    /// <summary>For replays: a column that was numeric in training.</summary>
    /// <exception cref="ArgumentException">It is of another kind here.</exception>
    public static NumericColumn Numeric(Column column) => column as NumericColumn
        ?? throw new ArgumentException($"Column '{column.Name}' holds {Noun(column.Kind)}; numbers were expected, as in training.", nameof(column));

    /// <summary>The table with the named columns replaced by what <paramref name="change"/> makes of them.</summary>
    /// <exception cref="KeyNotFoundException">A named column is not there.</exception>
    public static Table Change(Table table, IReadOnlyList<string> names, Func<Column, int, Column> change)
    {
        var changed = new Dictionary<string, Column>(names.Count, StringComparer.Ordinal);
        for (var i = 0; i < names.Count; i++) changed.Add(names[i], change(table[names[i]], i));
        return new Table([.. table.Columns.Select(c => changed.GetValueOrDefault(c.Name, c))], table.LineNumbers.ToArray());
    }

    /// <summary>The rows for which <paramref name="keep"/> holds; the same table where that is all of them.</summary>
    public static Table Where(Table table, Func<int, bool> keep)
    {
        var kept = new List<int>(table.RowCount);
        for (var row = 0; row < table.RowCount; row++)
            if (keep(row)) kept.Add(row);
        return kept.Count == table.RowCount ? table : table.Take([.. kept]);
    }

    /// <summary>For summaries: the names, or what having none means.</summary>
    public static string Describe(IReadOnlyList<string> names, string whenEmpty) => names.Count > 0 ? string.Join(", ", names) : whenEmpty;

    public static string Count(int count, string singular) => count == 1 ? $"1 {singular}" : $"{count} {singular}s";

    public static string Noun(ColumnKind kind) => kind switch
    {
        ColumnKind.Numeric => "numbers",
        ColumnKind.Category => "categories",
        ColumnKind.Text => "text",
        ColumnKind.DateTime => "dates",
        _ => "true/false values",
    };
}
