namespace ModelWorkbench.Core.Monitoring;

/// <summary>How far two samples of the same bins are apart.</summary>
public static class PopulationStability
{
    /// <summary>Population stability index: 0 for the same shares, from 0.1 on a change, from 0.25 on a strong one. 0 where one of the samples is empty.</summary>
    /// <param name="before">Counts by bin.</param>
    /// <param name="after">In the same order.</param>
    /// <remarks>Σ (p - q) ln(p / q) over the bins that either sample uses; each counts half an item more, so that empty ones stay finite. Siddiqi (2006), Credit Risk Scorecards; the bounds are his.</remarks>
    /// <exception cref="ArgumentException">The samples have different numbers of bins.</exception>
    public static double Index(IReadOnlyList<int> before, IReadOnlyList<int> after)
    {
        if (before.Count != after.Count) throw new ArgumentException($"{before.Count} bins before, {after.Count} after.", nameof(after));
        double total = after.Sum(c => (long)c), totalBefore = before.Sum(c => (long)c);
        if (total == 0 || totalBefore == 0) return 0;
        // Bins that neither used tell nothing.
        int[] used = [.. Enumerable.Range(0, before.Count).Where(i => before[i] + after[i] > 0)];
        return used.Sum(bin =>
        {
            var p = (after[bin] + 0.5) / (total + 0.5 * used.Length);
            var q = (before[bin] + 0.5) / (totalBefore + 0.5 * used.Length);
            return (p - q) * Math.Log(p / q);
        });
    }
}
