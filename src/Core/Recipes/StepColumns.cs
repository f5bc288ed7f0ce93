using System.Globalization;
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

    /// <summary>New names that a column has already, and names that would be made twice.</summary>
    /// <param name="leaving">Columns that make room.</param>
    public static IEnumerable<StepProblem> CheckFree(Table table, IReadOnlyList<string> newNames, IReadOnlyList<string>? leaving = null)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in newNames)
        {
            if (!seen.Add(name)) yield return new StepProblem($"The step would make two columns '{name}'.", name);
            else if (table.Find(name) is not null && !(leaving?.Contains(name) ?? false)) yield return new StepProblem($"There is a column '{name}' already, which the step would make.", name);
        }
    }

    /// <summary>As <see cref="CheckNames"/>, and columns that hold neither categories nor text (nor, where asked for, true/false values).</summary>
    public static List<StepProblem> CheckTexts(Table table, IReadOnlyList<string> names, bool orBoolean = false)
    {
        var problems = CheckNames(table, names);
        foreach (var name in names.Distinct())
            if (table.Find(name) is { } column && !IsText(column) && !(orBoolean && column.Kind == ColumnKind.Boolean))
                problems.Add(new StepProblem($"Column '{name}' holds {Noun(column.Kind)}; a text or category column was expected.", name));
        return problems;
    }

    public static bool IsText(Column column) => column.Kind is ColumnKind.Category or ColumnKind.Text;

    /// <summary>As <see cref="CheckNames"/>, and columns that are not numeric.</summary>
    public static List<StepProblem> CheckNumeric(Table table, IReadOnlyList<string> names)
    {
        var problems = CheckNames(table, names);
        foreach (var name in names)
            if (table.Find(name) is { } column and not NumericColumn)
                problems.Add(new StepProblem($"Column '{name}' holds {Noun(column.Kind)}; a numeric column was expected.", name));
        return problems;
    }

    /// <summary>As <see cref="CheckNumeric"/>, with the columns that "all numeric columns" means, and where there is none a problem.</summary>
    public static List<StepProblem> CheckAllNumeric(Table table, IReadOnlyList<string> names, bool needValues = false)
    {
        var columns = Resolve(table, names, IsNumeric);
        var problems = CheckNumeric(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no numeric column."));
        if (!needValues) return problems;
        foreach (var name in columns.Distinct())
            if (table.Find(name) is NumericColumn column && !column.Values.ContainsAnyExcept(double.NaN))
                problems.Add(new StepProblem($"Column '{name}' has no value in {Count(column.Length, "row")} to learn from; drop it or leave it out.", name));
        return problems;
    }

    /// <summary>One problem a column with numbers that the step cannot take, which names how many there are and where the first is.</summary>
    /// <param name="refuses">Whether it is one of them; false for missing.</param>
    /// <param name="found">What they are: <c>-1 or less</c>.</param>
    /// <param name="expected">What they should be: <c>more than -1</c>.</param>
    public static IEnumerable<StepProblem> CheckRange(Table table, IReadOnlyList<string> names, Func<double, bool> refuses, string found, string expected)
    {
        foreach (var name in names.Distinct())
        {
            if (table.Find(name) is not NumericColumn column) continue;
            var (count, first) = (0, -1);
            for (var row = 0; row < column.Length; row++)
                if (refuses(column.Values[row]) && count++ == 0) first = row;
            if (count > 0)
                yield return new StepProblem(
                    string.Create(CultureInfo.InvariantCulture, $"Column '{name}' has {Count(count, "value")} of {found}, the first on line {table.LineNumbers[first]}: found {column.Values[first]}, expected {expected}."),
                    name, table.LineNumbers[first]);
        }
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

    /// <summary>As <see cref="Change"/>, but columns that are not there are passed over: at prediction that is the target.</summary>
    public static Table ChangePresent(Table table, IReadOnlyList<string> names, Func<Column, Column> change) =>
        Change(table, [.. names.Where(name => table.Find(name) is not null)], (column, _) => change(column));

    /// <summary>A new column of numbers, each made of the one in its place.</summary>
    public static NumericColumn Map(Column column, Func<double, double> map)
    {
        var values = Numeric(column).Values;
        var mapped = new double[values.Length];
        for (var row = 0; row < mapped.Length; row++) mapped[row] = map(values[row]);
        return new NumericColumn(column.Name, mapped);
    }

    /// <summary>A column of texts with each distinct text mapped once; null becomes missing, and what became equal is one value.</summary>
    public static DictionaryColumn Map(DictionaryColumn column, Func<string, string?> map)
    {
        var mapped = new string?[column.Values.Count];
        var changed = false;
        for (var code = 0; code < mapped.Length; code++) changed |= !ReferenceEquals(mapped[code] = map(column.Values[code]), column.Values[code]);
        // Most often a step that looks at all columns changes few.
        if (!changed) return column;
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        var codeByCode = new int[mapped.Length];
        for (var code = 0; code < codeByCode.Length; code++)
        {
            if (mapped[code] is not { } text) { codeByCode[code] = DictionaryColumn.MissingCode; continue; }
            if (!index.TryGetValue(text, out codeByCode[code])) index.Add(text, codeByCode[code] = index.Count);
        }
        var codes = new int[column.Length];
        for (var row = 0; row < codes.Length; row++) codes[row] = column.Codes[row] is >= 0 and var code ? codeByCode[code] : DictionaryColumn.MissingCode;
        return new DictionaryColumn(column.Name, column.Kind, codes, [.. index.Keys]);
    }

    /// <summary>A column of true and false.</summary>
    public static DictionaryColumn Flag(string name, int length, Func<int, bool> holds)
    {
        var codes = new int[length];
        for (var row = 0; row < length; row++) codes[row] = holds(row) ? 1 : 0;
        return new DictionaryColumn(name, ColumnKind.Boolean, codes, ["false", "true"]);
    }

    /// <summary>The table with more columns at its end.</summary>
    public static Table Append(Table table, IReadOnlyList<Column> columns) => new([.. table.Columns, .. columns], table.LineNumbers.ToArray());

    /// <summary>The table with columns in the place of one; <paramref name="keep"/> leaves that one before them.</summary>
    public static Table Replace(Table table, string name, IReadOnlyList<Column> columns, bool keep = false) =>
        new([.. table.Columns.SelectMany(c => c.Name != name ? [c] : keep ? [c, .. columns] : columns)], table.LineNumbers.ToArray());

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
