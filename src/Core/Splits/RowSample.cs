namespace ModelWorkbench.Core.Splits;

/// <summary>An even sample of rows where all of them are too many to draw or to score.</summary>
public static class RowSample
{
    /// <summary>Each row with the same chance; all rows where there are no more than <paramref name="maximum"/>.</summary>
    /// <returns>0-based, ascending, distinct.</returns>
    public static int[] Take(int rowCount, int maximum, int seed)
    {
        var rows = Enumerable.Range(0, rowCount).ToArray();
        if (rowCount <= maximum) return rows;
        new Random(seed).Shuffle(rows);
        Array.Resize(ref rows, maximum);
        Array.Sort(rows);
        return rows;
    }
}
