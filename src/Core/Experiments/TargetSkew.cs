namespace ModelWorkbench.Core.Experiments;

/// <summary>Whether a number to predict is so skewed that its logarithm may be easier to learn.</summary>
internal static class TargetSkew
{
    // Above it, a few large values rule the squared errors.
    private const double Notable = 0.75;

    /// <param name="labels">Of training rows; at least one.</param>
    /// <returns>True where none lies below 0, the skewness is at least 0.75, and that of <c>ln(1 + label)</c> is nearer to 0.</returns>
    public static bool CanLog(float[] labels) =>
        labels.All(l => l >= 0) && Skewness(Array.ConvertAll(labels, l => (double)l)) is var plain && plain >= Notable && Math.Abs(Skewness(Array.ConvertAll(labels, l => Math.Log(1.0 + l)))) < plain;

    /// <summary>The third standardised moment, biased form as in <c>scipy.stats.skew</c>; 0 where all values are equal.</summary>
    internal static double Skewness(double[] values)
    {
        var mean = values.Average();
        double second = 0, third = 0;
        foreach (var value in values)
        {
            var from = value - mean;
            (second, third) = (second + (from * from), third + (from * from * from));
        }
        (second, third) = (second / values.Length, third / values.Length);
        return second > 0 ? third / Math.Pow(second, 1.5) : 0;
    }
}
