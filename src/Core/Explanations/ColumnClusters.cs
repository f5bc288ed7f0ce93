using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Columns that say much the same: shuffled one at a time each looks unimportant, as another stands in for it.</summary>
public static class ColumnClusters
{
    /// <summary>From here on two columns count as saying the same.</summary>
    public const double Limit = 0.7;

    private const int MostNames = 30;

    /// <summary>Groups in which every two columns are associated at least as strongly as the limit.</summary>
    /// <param name="rows">Some hundred will do.</param>
    /// <param name="columns">Those that may be grouped.</param>
    /// <param name="limit">0 to 1: the size of Spearman's correlation for numbers and moments, Cramér's V for choices, the correlation ratio between the two.</param>
    /// <param name="cancellationToken">Looked at for each column.</param>
    /// <returns>Groups of two columns or more, largest first; in the order of <paramref name="columns"/> within.</returns>
    /// <remarks>Complete linkage: scipy's linkage(method="complete") on 1 - association, cut at 1 - limit. Two columns may say the same though the groups they are in do not.</remarks>
    public static IReadOnlyList<IReadOnlyList<string>> Find(Table rows, IReadOnlyList<string> columns, double limit, CancellationToken cancellationToken)
    {
        string[] names = [.. columns.Where(name => rows[name].Kind != ColumnKind.Text)];
        var association = Associations(rows, names, cancellationToken);
        var groups = names.Index().Select(n => new List<int> { n.Index }).ToList();
        while (groups.Count > 1)
        {
            var (first, second, closest) = (-1, -1, -1.0);
            for (var i = 0; i < groups.Count; i++)
                for (var j = i + 1; j < groups.Count; j++)
                {
                    var weakest = 1.0;
                    foreach (var a in groups[i])
                        foreach (var b in groups[j]) weakest = Math.Min(weakest, association[a, b]);
                    if (weakest > closest) (first, second, closest) = (i, j, weakest);
                }
            if (closest < limit) break;
            groups[first].AddRange(groups[second]);
            groups.RemoveAt(second);
            cancellationToken.ThrowIfCancellationRequested();
        }
        return [.. groups.Where(g => g.Count > 1).OrderByDescending(g => g.Count).ThenBy(g => g.Min()).Select(g => (IReadOnlyList<string>)[.. g.Order().Select(i => names[i])])];
    }

    internal static double[,] Associations(Table rows, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var count = names.Count;
        var (ranks, levels) = (new double[]?[count], new Levels?[count]);
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var column = rows[names[i]];
            if (column is DictionaryColumn) levels[i] = Discretizer.Names(column, MostNames, missingIsLevel: false);
            else ranks[i] = Ranks(Discretizer.Numbers(column));
        }
        var association = new double[count, count];
        for (var i = 0; i < count; i++)
            for (var j = i; j < count; j++)
                association[i, j] = association[j, i] = i == j ? 1 : Math.Abs((ranks[i], ranks[j]) switch
                {
                    ({ } a, { } b) => Statistics.Pearson(a, b),
                    ({ } a, null) => Statistics.CorrelationRatio(levels[j]!, a),
                    (null, { } b) => Statistics.CorrelationRatio(levels[i]!, b),
                    _ => Statistics.CramersV(levels[i]!, levels[j]!),
                } ?? 0);
        return association;
    }

    /// <summary>Equal values share the mean of their ranks; missing ones have none.</summary>
    private static double[] Ranks(double[] values)
    {
        int[] ordered = [.. Enumerable.Range(0, values.Length).Where(i => !double.IsNaN(values[i])).OrderBy(i => values[i])];
        var ranks = new double[values.Length];
        Array.Fill(ranks, double.NaN);
        for (var from = 0; from < ordered.Length;)
        {
            var to = from + 1;
            while (to < ordered.Length && values[ordered[to]] == values[ordered[from]]) to++;
            for (var i = from; i < to; i++) ranks[ordered[i]] = (from + to - 1) / 2.0;
            from = to;
        }
        return ranks;
    }
}
