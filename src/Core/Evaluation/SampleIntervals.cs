namespace ModelWorkbench.Core.Evaluation;

/// <summary>How far a share or a mean hangs on which rows there happen to be.</summary>
public static class SampleIntervals
{
    // The 97.5 % quantile of the normal distribution.
    private const double Z = 1.959963984540054;

    /// <summary>The 95 % interval of a share.</summary>
    /// <param name="hits">Rows of which it holds.</param>
    /// <param name="count">Rows.</param>
    /// <returns>0 to 1; null where there is no row.</returns>
    /// <remarks>Wilson (1927), JASA 22(158).</remarks>
    public static MetricInterval? OfShare(double hits, double count)
    {
        if (count <= 0) return null;
        var (share, z2) = (hits / count, Z * Z);
        var middle = (share + (z2 / (2 * count))) / (1 + (z2 / count));
        var half = Z * Math.Sqrt((share * (1 - share) / count) + (z2 / (4 * count * count))) / (1 + (z2 / count));
        return new MetricInterval(Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    /// <summary>The mean ± 1.96 standard errors.</summary>
    /// <returns>Null for less than two values.</returns>
    public static MetricInterval? OfMean(IReadOnlyCollection<double> values)
    {
        if (values.Count < 2) return null;
        var mean = values.Average();
        var half = Z * Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
        return new MetricInterval(mean - half, mean + half);
    }
}
