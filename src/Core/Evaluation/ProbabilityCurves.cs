namespace ModelWorkbench.Core.Evaluation;

/// <summary>What probabilities are worth: whether they come true, and how they tell the classes apart.</summary>
public static class ProbabilityCurves
{
    /// <summary>Bins of a histogram of probabilities.</summary>
    public const int HistogramBins = 20;

    private const int CalibrationBins = 10;

    /// <summary>Predicted probability against what happened.</summary>
    /// <param name="className">Whose probability it is; null for that of the predicted class.</param>
    /// <param name="probabilities">One a row, at least one.</param>
    /// <param name="cameTrue">Whether the row is of the class, in the same order.</param>
    /// <remarks>DeGroot and Fienberg (1983), The Statistician 32; scikit-learn's calibration_curve with strategy="quantile". Expected calibration error: Naeini, Cooper and Hauskrecht (2015), AAAI.</remarks>
    internal static CalibrationCurve Calibration(string? className, double[] probabilities, bool[] cameTrue)
    {
        var (sums, hits, counts) = (new double[CalibrationBins], new int[CalibrationBins], new int[CalibrationBins]);
        foreach (var (row, bin) in QuantileBins.Of(probabilities, CalibrationBins).Index())
        {
            sums[bin] += probabilities[row];
            counts[bin]++;
            if (cameTrue[row]) hits[bin]++;
        }
        int[] filled = [.. Enumerable.Range(0, CalibrationBins).Where(bin => counts[bin] > 0)];
        return new CalibrationCurve(
            className,
            [.. filled.Select(bin => sums[bin] / counts[bin])],
            [.. filled.Select(bin => (double)hits[bin] / counts[bin])],
            [.. filled.Select(bin => counts[bin])],
            filled.Sum(bin => Math.Abs(sums[bin] - hits[bin])) / probabilities.Length,
            Histogram(probabilities));
    }

    /// <summary>The probability of the positive class, apart for the rows of either class.</summary>
    internal static ScoreDistribution Distribution(double[] probabilities, bool[] isPositive) => new(
        Histogram([.. probabilities.Where((_, row) => !isPositive[row])]),
        Histogram([.. probabilities.Where((_, row) => isPositive[row])]));

    /// <summary>Counts at each threshold; the model's own is always among them.</summary>
    /// <param name="ranking">Rows by the positive class's probability.</param>
    /// <param name="confusion">Of the model's own decisions.</param>
    /// <returns>Null where only one class is present.</returns>
    internal static ThresholdCounts? Thresholds(Ranking ranking, IReadOnlyList<IReadOnlyList<int>> confusion)
    {
        var all = ranking.Thresholds();
        if (all[^1] is { TruePositives: 0 } or { FalsePositives: 0 }) return null;
        Threshold[] points = [new(Math.BitIncrement(all[0].Score), 0, 0), .. all];
        // By what it finds: two probabilities that do not add up to 1 exactly leave no other way to tell.
        var own = Array.FindIndex(points, p => p.TruePositives == confusion[1][1] && p.FalsePositives == confusion[0][1]);
        if (own < 0) own = Math.Max(0, Array.FindLastIndex(points, p => p.Score > 0.5));
        int[] kept = points.Length <= RankingCurves.MaximumPoints
            ? [.. Enumerable.Range(0, points.Length)]
            : [.. Enumerable.Range(0, RankingCurves.MaximumPoints - 1).Select(i => (int)((long)i * (points.Length - 1) / (RankingCurves.MaximumPoints - 2))).Append(own).Distinct().Order()];
        return new ThresholdCounts(
            [.. kept.Select(i => points[i].Score)], [.. kept.Select(i => points[i].TruePositives)], [.. kept.Select(i => points[i].FalsePositives)],
            all[^1].TruePositives, all[^1].FalsePositives, Array.IndexOf(kept, own));
    }

    private static int[] Histogram(double[] probabilities)
    {
        var counts = new int[HistogramBins];
        foreach (var probability in probabilities) counts[Math.Clamp((int)(probability * HistogramBins), 0, HistogramBins - 1)]++;
        return counts;
    }
}
