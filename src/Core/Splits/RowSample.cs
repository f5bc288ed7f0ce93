namespace ModelWorkbench.Core.Splits;

/// <summary>An even sample of rows where all of them are too many to draw or to score.</summary>
/// <remarks>Stands word for word in exported C# programs.</remarks>
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

    /// <summary>A number of 0 to 1 from the row's position alone: a row is drawn where it is below the share.</summary>
    /// <remarks>SplitMix64: Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.</remarks>
    public static double Chance(long row, int seed)
    {
        var z = unchecked((ulong)seed * 0xD1342543DE82EF95 + (ulong)(row + 1) * 0x9E3779B97F4A7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
