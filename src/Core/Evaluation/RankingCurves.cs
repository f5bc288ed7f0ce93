namespace ModelWorkbench.Core.Evaluation;

/// <summary>How a ranking of rows by score trades one kind of error for the other, over all thresholds.</summary>
public static class RankingCurves
{
    /// <summary>Points that a drawing can show; the figures beside the curve use all thresholds.</summary>
    public const int MaximumPoints = 500;

    /// <summary>The ROC curve of a class.</summary>
    /// <param name="className">The class, for the legend.</param>
    /// <param name="ranking">Rows by the class's score.</param>
    /// <returns>From (0, 0) to (1, 1); null where only one class is present.</returns>
    /// <remarks>Fawcett (2006), An introduction to ROC analysis, Pattern Recognition Letters 27.</remarks>
    internal static RocCurve? Roc(string className, Ranking ranking)
    {
        if (ranking.Auc() is not { } auc) return null;
        var thresholds = ranking.Thresholds();
        var (positives, negatives) = ((double)thresholds[^1].TruePositives, (double)thresholds[^1].FalsePositives);
        var points = Thin([Nothing, .. thresholds]);
        return new RocCurve(className, auc, [.. points.Select(p => p.FalsePositives / negatives)], [.. points.Select(p => p.TruePositives / positives)]);
    }

    /// <summary>The precision-recall curve of a class; it begins at recall 0 with precision 1, as scikit-learn's does.</summary>
    /// <param name="className">The class, for the legend.</param>
    /// <param name="ranking">Rows by the class's score.</param>
    /// <returns>Recall ascending to 1; null where only one class is present.</returns>
    /// <remarks>Davis and Goadrich (2006), The relationship between precision-recall and ROC curves, ICML.</remarks>
    internal static PrecisionRecallCurve? PrecisionRecall(string className, Ranking ranking)
    {
        if (ranking.AveragePrecision() is not { } averagePrecision) return null;
        var thresholds = ranking.Thresholds();
        var positives = (double)thresholds[^1].TruePositives;
        var points = Thin([Nothing, .. thresholds]);
        return new PrecisionRecallCurve(className, averagePrecision, positives / (positives + thresholds[^1].FalsePositives),
            [.. points.Select(p => p.TruePositives / positives)], [.. points.Select(p => p.Precision)]);
    }

    private static Threshold Nothing => new(double.PositiveInfinity, 0, 0);

    /// <summary>Evenly chosen points, the first and the last among them.</summary>
    private static IReadOnlyList<Threshold> Thin(IReadOnlyList<Threshold> points) => [.. Shown(points.Count).Select(i => points[i])];

    /// <summary>Which of so many points a drawing shows, 0-based and ascending: all, or evenly chosen ones with the first and the last among them.</summary>
    internal static IEnumerable<int> Shown(int count) => Enumerable.Range(0, Math.Min(count, MaximumPoints)).Select(i => count <= MaximumPoints ? i : (int)((long)i * (count - 1) / (MaximumPoints - 1)));
}
