using MathNet.Numerics;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>How far figures that hang on the counts of a confusion matrix alone hang on which rows there happen to be.</summary>
/// <remarks>
/// A row drawn with replacement matters only by the cell that counts it, so a bootstrap of the rows is a multinomial draw of the counts: the percentile bootstrap of
/// <see cref="PairedBootstrap"/>, from a report and without the rows. The figure is that of all rows together, not a mean over the folds.
/// </remarks>
public static class CountIntervals
{
    // Any other would do; the same report has the same intervals.
    private const int Seed = 1;

    /// <summary>The 95 % intervals of figures of two classes.</summary>
    /// <param name="confusion">Rows by true class (first index) and answered class (second index); at least one row.</param>
    /// <param name="figures">What is told of a matrix; null where it is undefined.</param>
    /// <param name="repeats">How often each row is counted: as many judgements of one row are not as many rows, and drawn are rows. At least 1.</param>
    /// <returns>One a figure; null where it is undefined on most draws.</returns>
    public static IReadOnlyList<MetricInterval?> Of(IReadOnlyList<IReadOnlyList<int>> confusion, IReadOnlyList<Func<int[][], double?>> figures, int repeats = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        int[] counts = [.. confusion.SelectMany(row => row)];
        var total = counts.Sum(c => (long)c);
        var rows = (int)Math.Max(1, total / repeats);
        var found = figures.Select(_ => new double?[PairedBootstrap.Draws]).ToArray();
        for (var draw = 0; draw < PairedBootstrap.Draws; draw++)
        {
            var drawn = Draw(counts, total, rows, (long)draw * counts.Length);
            int[][] matrix = [.. drawn.Chunk(confusion.Count)];
            for (var f = 0; f < figures.Count; f++) found[f][draw] = figures[f](matrix);
        }
        return [.. found.Select(PairedBootstrap.Interval)];
    }

    /// <summary>A multinomial draw: cell by cell, each of the rows that the cells before it left.</summary>
    private static int[] Draw(int[] counts, long total, int rows, long place)
    {
        var drawn = new int[counts.Length];
        var (leftRows, leftCounts) = (rows, total);
        for (var cell = 0; cell < counts.Length && leftRows > 0; cell++)
        {
            drawn[cell] = counts[cell] == leftCounts ? leftRows : Binomial(leftRows, (double)counts[cell] / leftCounts, RowSample.Chance(place + cell, Seed));
            leftRows -= drawn[cell];
            leftCounts -= counts[cell];
        }
        return drawn;
    }

    /// <summary>How many of n rows fall into a cell of a share, by a number of 0 to 1: an inversion that begins at the likeliest count and goes outwards, so some deviations long rather than n.</summary>
    /// <remarks>Kemp (1986), A modal method for generating binomial variables, Communications in Statistics 15(3).</remarks>
    internal static int Binomial(int n, double share, double chance)
    {
        if (share <= 0) return 0;
        if (share >= 1) return n;
        var mode = (int)Math.Min(n, Math.Floor((n + 1) * share));
        var odds = share / (1 - share);
        var atMode = Math.Exp(SpecialFunctions.GammaLn(n + 1.0) - SpecialFunctions.GammaLn(mode + 1.0) - SpecialFunctions.GammaLn(n - mode + 1.0) + (mode * Math.Log(share)) + ((n - mode) * Math.Log(1 - share)));
        chance -= atMode;
        var (low, high, lower, higher) = (mode, mode, atMode, atMode);
        while (chance > 0)
        {
            if (low == 0 && high == n) break;
            if (high < n)
            {
                higher *= (double)(n - high) / (high + 1) * odds;
                high++;
                chance -= higher;
                if (chance <= 0) return high;
            }
            if (low > 0)
            {
                lower *= low / (n - low + 1.0) / odds;
                low--;
                chance -= lower;
                if (chance <= 0) return low;
            }
            // What is left is what rounding lost.
            if (higher < 1e-300 && lower < 1e-300) break;
        }
        return mode;
    }
}
