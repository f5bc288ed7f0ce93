namespace ModelWorkbench.Core.Monitoring;

/// <summary>Bins for latencies: from a microsecond to 16 s, twelve to each doubling, so that a quantile is off by at most 3 %.</summary>
public static class LatencyHistogram
{
    private const int PerDoubling = 12;

    public const int BinCount = 24 * PerDoubling;

    /// <param name="microseconds">Shorter and longer ones belong to the first and the last bin.</param>
    public static int BinOf(double microseconds) => Math.Clamp((int)(Math.Log2(Math.Max(microseconds, 1)) * PerDoubling), 0, BinCount - 1);

    /// <summary>The latency that a share of the requests stays under, in microseconds; NaN where there were none.</summary>
    /// <param name="counts">One a bin.</param>
    /// <param name="share">0 to 1.</param>
    public static double Quantile(IReadOnlyList<int> counts, double share)
    {
        var total = counts.Sum(c => (long)c);
        if (total == 0) return double.NaN;
        var wanted = Math.Max(1, (long)Math.Ceiling(share * total));
        var seen = 0L;
        for (var bin = 0; bin < counts.Count; bin++)
            if ((seen += counts[bin]) >= wanted) return Math.Pow(2, (bin + 0.5) / PerDoubling);
        return double.NaN;
    }
}
