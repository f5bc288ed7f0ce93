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
}
