namespace ModelWorkbench.Core.Models;

/// <summary>How values were spread over the training rows: what the values of later rows are compared with.</summary>
/// <param name="LowerBounds">Numbers and moments (ticks): the smallest value of each bin, ascending; a bin reaches to the next bound, the last to the end. Bins hold about equally many training values; a value that occurs very often has a bin of its own. Null for choices.</param>
/// <param name="Counts">Training values in each bin, or of each choice in the order of the choices.</param>
/// <param name="Missing">Training rows without a value.</param>
public sealed record ValueDistribution(IReadOnlyList<double>? LowerBounds, IReadOnlyList<int> Counts, int Missing)
{
    /// <summary>Ten are what the population stability index is customarily taken over.</summary>
    public const int MostBins = 10;

    /// <param name="values">NaN is missing; in any order.</param>
    public static ValueDistribution OfNumbers(IReadOnlyCollection<double> values)
    {
        double[] present = [.. values.Where(v => !double.IsNaN(v)).Order()];
        return OfSorted(present, values.Count - present.Length);
    }

    /// <param name="present">Ascending, none missing.</param>
    /// <param name="missing">Further rows, without a value.</param>
    public static ValueDistribution OfSorted(IReadOnlyList<double> present, int missing)
    {
        List<double> bounds = [];
        for (var bin = 0; bin < MostBins && present.Count > 0; bin++)
        {
            var bound = present[(int)((long)bin * present.Count / MostBins)];
            if (bounds.Count == 0 || bound > bounds[^1]) bounds.Add(bound);
        }
        // A value that fills a bin to its end would else be counted with those above it: 0 in a column of nine zeros in ten, and the rest.
        if (bounds.Count is > 0 and < MostBins && present[^1] > bounds[^1]) bounds.Add(present.First(v => v > bounds[^1]));
        var counts = new int[bounds.Count];
        foreach (var value in present) counts[BinOf(bounds, value)]++;
        return new ValueDistribution(bounds, counts, missing);
    }

    /// <summary>The bin of a value; those below all training values belong to the first.</summary>
    public int BinOf(double value) => BinOf(LowerBounds!, value);

    private static int BinOf(IReadOnlyList<double> bounds, double value)
    {
        var bin = 0;
        while (bin + 1 < bounds.Count && value >= bounds[bin + 1]) bin++;
        return bin;
    }
}
