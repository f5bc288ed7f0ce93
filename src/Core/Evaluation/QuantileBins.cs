namespace ModelWorkbench.Core.Evaluation;

/// <summary>Bins that hold equally many values, as far as equal ones allow that.</summary>
internal static class QuantileBins
{
    /// <summary>The 0-based bin of each value, in the order of the values; bins may be empty where many values are equal.</summary>
    /// <param name="values">At least one, finite.</param>
    /// <param name="bins">At least 1.</param>
    /// <remarks>Inner edges are quantiles with linear interpolation, and a value on an edge belongs to the lower bin: scikit-learn's calibration_curve with strategy="quantile".</remarks>
    public static int[] Of(double[] values, int bins)
    {
        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        var edges = new double[bins - 1];
        for (var i = 0; i < edges.Length; i++)
        {
            var position = (i + 1.0) / bins * (sorted.Length - 1);
            var below = (int)position;
            var above = Math.Min(below + 1, sorted.Length - 1);
            edges[i] = sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
        }
        return Array.ConvertAll(values, value =>
        {
            var bin = 0;
            while (bin < edges.Length && edges[bin] < value) bin++;
            return bin;
        });
    }
}
