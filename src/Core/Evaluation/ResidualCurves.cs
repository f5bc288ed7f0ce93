using MathNet.Numerics.Distributions;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>What the residuals of predicted numbers tell: whether they are normal, and where they are large.</summary>
public static class ResidualCurves
{
    private const int Ranges = 10;

    /// <summary>Residuals against the quantiles of the normal distribution.</summary>
    /// <param name="residuals">At least one.</param>
    /// <remarks>Places of the ordered residuals by the medians of uniform order statistics: Filliben (1975), Technometrics 17(1); scipy's probplot.</remarks>
    internal static ResidualQuantiles Quantiles(double[] residuals)
    {
        var sorted = (double[])residuals.Clone();
        Array.Sort(sorted);
        var n = sorted.Length;
        var mean = sorted.Average();
        var deviation = Math.Sqrt(sorted.Sum(r => (r - mean) * (r - mean)) / n);
        int[] shown = [.. RankingCurves.Shown(n)];
        return new ResidualQuantiles([.. shown.Select(i => Normal.InvCDF(0, 1, Place(i, n)))], [.. shown.Select(i => sorted[i])], mean, deviation);
    }

    /// <summary>Errors by the size of the prediction, in at most ten ranges of equally many rows.</summary>
    internal static IReadOnlyList<RangeError> ByRange(double[] actual, double[] predicted) =>
        [.. QuantileBins.Of(predicted, Ranges).Index().GroupBy(x => x.Item, x => x.Index).OrderBy(bin => bin.Key).Select(bin => new RangeError(
            bin.Min(row => predicted[row]),
            bin.Max(row => predicted[row]),
            bin.Average(row => Math.Abs(actual[row] - predicted[row])),
            bin.Average(row => actual[row] - predicted[row]),
            bin.Count()))];

    private static double Place(int index, int n)
    {
        var last = Math.Pow(0.5, 1.0 / n);
        return n == 1 ? 0.5 : index == 0 ? 1 - last : index == n - 1 ? last : (index + 1 - 0.3175) / (n + 0.365);
    }
}
