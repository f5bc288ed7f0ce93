using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The values of a column of categories, texts or booleans that a step learnt.</summary>
/// <param name="Column">The column.</param>
/// <param name="Values">Distinct.</param>
public sealed record ColumnCategories(string Column, IReadOnlyList<string> Values);

/// <summary>Counting and numbering categories.</summary>
internal static class Categories
{
    /// <summary>The values that occur, the most frequent first, of equally frequent ones by character code.</summary>
    public static IReadOnlyList<(string Value, int Count)> ByFrequency(Column column)
    {
        var names = Texts(column);
        var counts = new int[names.Values.Count];
        foreach (var code in names.Codes)
            if (code >= 0) counts[code]++;
        return [.. Enumerable.Range(0, counts.Length).Where(code => counts[code] > 0).Select(code => (Value: names.Values[code], Count: counts[code]))
            .OrderByDescending(v => v.Count).ThenBy(v => v.Value, StringComparer.Ordinal)];
    }

    /// <summary>For each row the position of its value in a list; -1 where it is missing or not in the list.</summary>
    public static int[] Positions(Column column, IReadOnlyList<string> values)
    {
        var names = Texts(column);
        var index = values.Index().ToDictionary(v => v.Item, v => v.Index, StringComparer.Ordinal);
        var byCode = new int[names.Values.Count];
        for (var code = 0; code < byCode.Length; code++) byCode[code] = index.GetValueOrDefault(names.Values[code], -1);
        var positions = new int[names.Length];
        for (var row = 0; row < positions.Length; row++) positions[row] = names.Codes[row] is >= 0 and var code ? byCode[code] : -1;
        return positions;
    }

    /// <exception cref="ArgumentException">The column held texts in training and does not here.</exception>
    public static DictionaryColumn Texts(Column column) => column as DictionaryColumn
        ?? throw new ArgumentException($"Column '{column.Name}' holds {StepColumns.Noun(column.Kind)}; categories or text were expected, as in training.", nameof(column));

    public static bool Holds(Column column) => column.Kind is ColumnKind.Category or ColumnKind.Boolean;

    /// <summary>Which columns are meant where none is named, and the problems of those that are.</summary>
    public static List<StepProblem> Check(Table table, IReadOnlyList<string> names)
    {
        var columns = StepColumns.Resolve(table, names, Holds);
        var problems = StepColumns.CheckTexts(table, columns, orBoolean: true);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no category column."));
        return problems;
    }
}
