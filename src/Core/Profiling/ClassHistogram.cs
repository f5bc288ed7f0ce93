using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>The histogram of a numeric or date column, or the frequent values of another, class by class of the target.</summary>
/// <param name="Edges">Of the bins, ascending, one more than there are bins; null for names.</param>
/// <param name="Names">The values, most frequent first, at most ten; null for bins.</param>
/// <param name="Classes">Of the target, most frequent first, at most eight.</param>
/// <param name="Counts">A list a class: rows of each bin or name.</param>
public sealed record ClassHistogram(IReadOnlyList<double>? Edges, IReadOnlyList<string>? Names, IReadOnlyList<string> Classes, IReadOnlyList<IReadOnlyList<int>> Counts)
{
    /// <param name="sample">Rows to count.</param>
    /// <param name="profile">The profile of the column; its bins are used.</param>
    /// <param name="target">A column of classes.</param>
    public static ClassHistogram Measure(Table sample, ColumnProfile profile, string target)
    {
        const int mostClasses = 8;
        var truth = sample[target];
        var column = sample[profile.Name];
        var classes = Enumerable.Range(0, sample.RowCount).Select(truth.GetText).OfType<string>().GroupBy(t => t).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(mostClasses).Select(g => g.Key).ToArray();
        var index = classes.Index().ToDictionary(c => c.Item, c => c.Index);
        var names = profile.Histogram is null ? profile.TopValues.Select(v => v.Value).ToArray() : null;
        var nameIndex = names?.Index().ToDictionary(n => n.Item, n => n.Index);
        var edges = profile.Histogram?.Edges.ToArray();
        var numbers = edges is null ? null : profile.Kind == ColumnKind.DateTime ? Array.ConvertAll(((DateTimeColumn)column).Ticks.ToArray(), t => t == DateTimeColumn.MissingTicks ? double.NaN : (double)t) : Discretizer.Numbers(column);
        var counts = classes.Select(_ => new int[names?.Length ?? edges!.Length - 1]).ToArray();
        for (var row = 0; row < sample.RowCount; row++)
        {
            if (truth.GetText(row) is not { } name || !index.TryGetValue(name, out var c) || column.IsMissing(row)) continue;
            if (numbers is not null) counts[c][Math.Clamp(Discretizer.Bin(edges!, numbers[row]) - 1, 0, edges!.Length - 2)]++;
            else if (nameIndex!.TryGetValue(column.GetText(row)!, out var n)) counts[c][n]++;
        }
        return new ClassHistogram(edges, names, classes, counts);
    }
}
