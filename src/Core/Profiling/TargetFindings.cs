using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>What a person should know of the column to predict.</summary>
internal static class TargetFindings
{
    private const int FewestRowsOfAClass = 10;

    /// <param name="target">Of all rows.</param>
    /// <param name="values">Of the sample; null where it has no such column.</param>
    /// <param name="where">Words for the sample, where it is one.</param>
    /// <param name="found">Is added to.</param>
    public static void Add(ColumnProfile target, Column? values, string where, List<DataWarning> found)
    {
        if (target.MissingCount > 0)
            found.Add(new(WarningCode.MissingTarget, WarningSeverity.Warning, [target.Name], $"{Words.Count(target.MissingCount, "row has", "rows have")} no value in the target; nothing can be learnt from {(target.MissingCount == 1 ? "it" : "them")}."));
        if (target.DistinctCount < 2)
            found.Add(new(WarningCode.Constant, WarningSeverity.Serious, [target.Name], "The target has fewer than two different values; there is nothing to learn."));
        if (target.DistinctCount < 2 || values is null || !HoldsClasses(target)) return;
        // The profile keeps only the ten most frequent values; classes may be more.
        var classes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var row = 0; row < values.Length; row++)
            if (values.GetText(row) is { } name) classes[name] = classes.GetValueOrDefault(name) + 1;
        var counts = classes.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).ToArray();
        if (counts.Length < 2) return;
        var (common, rarest, all) = (counts[0], counts[^1], counts.Sum(c => c.Value));
        if (rarest.Value < 0.1 * all && rarest.Value * 10 < common.Value)
            found.Add(new(WarningCode.Imbalance, WarningSeverity.Note, [target.Name], $"Class '{rarest.Key}' has {Words.Percent(rarest.Value, all)} of the rows, '{common.Key}' {Words.Percent(common.Value, all)}{where}: accuracy says little, look at measures per class.") { Values = [rarest.Key] });
        var rare = counts.Where(c => c.Value < FewestRowsOfAClass).Reverse().ToArray();
        if (rare.Length > 0)
            found.Add(new(WarningCode.RareClasses, WarningSeverity.Note, [target.Name], $"{(rare.Length == 1 ? "Class" : "Classes")} with fewer than {FewestRowsOfAClass} rows{where}: {Words.Examples(rare.Select(c => $"'{c.Key}' ({c.Value})"))}.") { Values = [.. rare.Select(c => c.Key)] });
    }

    private static bool HoldsClasses(ColumnProfile target) => target.Kind switch
    {
        ColumnKind.Numeric => target.DistinctCount <= 20 && target.TopValues.All(v => !v.Value.Contains('.')),
        ColumnKind.DateTime => false,
        _ => target.DistinctCount <= 100,
    };
}
