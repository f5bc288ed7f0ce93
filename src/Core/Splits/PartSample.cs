namespace ModelWorkbench.Core.Splits;

/// <summary>An even sample over several parts, each in its share of all rows, where all of them are too many.</summary>
public static class PartSample
{
    /// <param name="lengths">Rows of each part.</param>
    /// <param name="maximum">Of all parts together, but for the one row that every part keeps.</param>
    /// <param name="seed">The same seed draws the same rows.</param>
    /// <returns>By part: 0-based rows, ascending, distinct; all rows where there are no more than <paramref name="maximum"/>.</returns>
    public static int[][] Take(IReadOnlyList<int> lengths, int maximum, int seed)
    {
        var total = lengths.Sum(l => (long)l);
        return [.. lengths.Select(length => RowSample.Take(length, total <= maximum ? length : (int)Math.Max(1, (long)maximum * length / total), seed))];
    }

    /// <summary>A sample of rows in which each class has its share of all rows.</summary>
    /// <param name="labels">0-based classes; length n.</param>
    /// <param name="maximum">Rows, but for the one that every class keeps.</param>
    /// <param name="seed">The same seed draws the same rows.</param>
    /// <returns>0-based, ascending, distinct; all rows where there are no more than <paramref name="maximum"/>.</returns>
    public static int[] OfClasses(ReadOnlySpan<float> labels, int maximum, int seed)
    {
        var known = labels.ToArray();
        if (known.Length <= maximum) return [.. Enumerable.Range(0, known.Length)];
        int[][] classes = [.. known.Index().GroupBy(l => l.Item, l => l.Index).OrderBy(g => g.Key).Select(g => g.ToArray())];
        double[] shares = [.. classes.Select(rows => (double)maximum * rows.Length / known.Length)];
        int[] counts = [.. shares.Select(share => Math.Max(1, (int)share))];
        // What rounding down has left goes where most was cut off.
        foreach (var c in Enumerable.Range(0, classes.Length).OrderByDescending(c => shares[c] - counts[c]).Take(Math.Max(0, maximum - counts.Sum()))) counts[c]++;
        return [.. classes.SelectMany((rows, c) => RowSample.Take(rows.Length, counts[c], seed).Select(i => rows[i])).Order()];
    }
}
