using MathNet.Numerics;

namespace ModelWorkbench.Core.Profiling;

/// <summary>A test of whether two samples are of the same distribution.</summary>
public enum DriftTest { KolmogorovSmirnov, ChiSquared }

/// <summary>Whether two samples are of the same distribution.</summary>
internal static class DistributionTests
{
    /// <summary>The largest distance of two distribution functions at the bounds of bins, and its p-value by the limit distribution, which then errs to the larger side.</summary>
    /// <param name="before">Counts by bin, ascending.</param>
    /// <param name="after">In the same order.</param>
    /// <returns>0 and null where a sample is empty.</returns>
    public static (double Statistic, double? PValue) KolmogorovSmirnov(IReadOnlyList<int> before, IReadOnlyList<int> after)
    {
        double n = before.Sum(c => (double)c), m = after.Sum(c => (double)c);
        if (n == 0 || m == 0) return (0, null);
        double largest = 0, belowBefore = 0, belowAfter = 0;
        for (var i = 0; i < before.Count; i++)
        {
            belowBefore += before[i];
            belowAfter += after[i];
            largest = Math.Max(largest, Math.Abs(belowBefore / n - belowAfter / m));
        }
        return (largest, Limit(largest, n, m));
    }

    /// <summary>The same at every value.</summary>
    /// <param name="before">Ascending, none missing.</param>
    /// <param name="after">Ascending, none missing.</param>
    public static (double Statistic, double? PValue) KolmogorovSmirnov(double[] before, double[] after)
    {
        if (before.Length == 0 || after.Length == 0) return (0, null);
        var (largest, i, j) = (0.0, 0, 0);
        while (i < before.Length && j < after.Length)
        {
            var value = Math.Min(before[i], after[j]);
            while (i < before.Length && before[i] == value) i++;
            while (j < after.Length && after[j] == value) j++;
            largest = Math.Max(largest, Math.Abs(((double)i / before.Length) - ((double)j / after.Length)));
        }
        return (largest, Limit(largest, before.Length, after.Length));
    }

    private static double Limit(double distance, double n, double m)
    {
        var scaled = Math.Sqrt(n * m / (n + m)) * distance;
        // The series of the limit distribution does not converge near 0, where it is 1.
        if (scaled < 0.2) return 1;
        var p = 0.0;
        for (var k = 1; k <= 100; k++) p += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2 * k * k * scaled * scaled);
        return Math.Clamp(p, 0, 1);
    }

    /// <summary>Chi-squared of the table of two samples by kind; kinds that neither has do not count.</summary>
    /// <param name="before">Counts by kind.</param>
    /// <param name="after">In the same order.</param>
    /// <returns>0 and null where a sample is empty.</returns>
    public static (double Statistic, double? PValue) ChiSquared(double[] before, double[] after)
    {
        double n = before.Sum(), m = after.Sum();
        if (n == 0 || m == 0) return (0, null);
        var statistic = 0.0;
        var used = 0;
        for (var i = 0; i < before.Length; i++)
        {
            var total = before[i] + after[i];
            if (total == 0) continue;
            used++;
            var (expectedBefore, expectedAfter) = (total * n / (n + m), total * m / (n + m));
            statistic += (before[i] - expectedBefore) * (before[i] - expectedBefore) / expectedBefore + (after[i] - expectedAfter) * (after[i] - expectedAfter) / expectedAfter;
        }
        return (statistic, used < 2 ? 1 : SpecialFunctions.GammaUpperRegularized((used - 1) / 2.0, statistic / 2));
    }
}
