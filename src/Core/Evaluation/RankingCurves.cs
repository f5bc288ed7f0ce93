namespace ModelWorkbench.Core.Evaluation;

/// <summary>How a ranking of rows by score trades one kind of error for the other, over all thresholds.</summary>
public static class RankingCurves
{
    /// <summary>Points that a drawing can show; the figures beside the curve use all thresholds.</summary>
    public const int MaximumPoints = 500;

    /// <summary>The ROC curve of a class.</summary>
    /// <param name="className">The class, for the legend.</param>
    /// <param name="scores">One score a row, higher is more positive; length n.</param>
    /// <param name="positive">The truth in the same order; length n.</param>
    /// <returns>From (0, 0) to (1, 1); null where only one class is present.</returns>
    /// <remarks>Fawcett (2006), An introduction to ROC analysis, Pattern Recognition Letters 27.</remarks>
    public static RocCurve? Roc(string className, double[] scores, bool[] positive)
    {
        if (ClassificationMetrics.Auc(scores, positive) is not { } auc) return null;
        var thresholds = Thresholds(scores, positive);
        var (positives, negatives) = ((double)thresholds[^1].TruePositives, (double)thresholds[^1].FalsePositives);
        var points = Thin([new Threshold(0, 0), .. thresholds]);
        return new RocCurve(className, auc, [.. points.Select(p => p.FalsePositives / negatives)], [.. points.Select(p => p.TruePositives / positives)]);
    }

    /// <summary>The precision-recall curve of a class; it begins at recall 0 with precision 1, as scikit-learn's does.</summary>
    /// <param name="className">The class, for the legend.</param>
    /// <param name="scores">One score a row, higher is more positive; length n.</param>
    /// <param name="positive">The truth in the same order; length n.</param>
    /// <returns>Recall ascending to 1; null where only one class is present.</returns>
    /// <remarks>Davis and Goadrich (2006), The relationship between precision-recall and ROC curves, ICML.</remarks>
    public static PrecisionRecallCurve? PrecisionRecall(string className, double[] scores, bool[] positive)
    {
        var thresholds = Thresholds(scores, positive);
        if (thresholds.Count == 0 || thresholds[^1].TruePositives == 0 || thresholds[^1].FalsePositives == 0) return null;
        var positives = (double)thresholds[^1].TruePositives;

        var (averagePrecision, found) = (0.0, 0);
        foreach (var threshold in thresholds)
        {
            averagePrecision += (threshold.TruePositives - found) / positives * threshold.Precision;
            found = threshold.TruePositives;
        }
        var points = Thin([new Threshold(0, 0), .. thresholds]);
        return new PrecisionRecallCurve(className, averagePrecision, positives / positive.Length,
            [.. points.Select(p => p.TruePositives / positives)], [.. points.Select(p => p.Precision)]);
    }

    /// <summary>What is found when every row from a score upwards is called positive.</summary>
    private readonly record struct Threshold(int TruePositives, int FalsePositives)
    {
        public double Precision => TruePositives + FalsePositives == 0 ? 1 : (double)TruePositives / (TruePositives + FalsePositives);
    }

    /// <summary>One a distinct score, highest first; the last one takes in all rows.</summary>
    private static List<Threshold> Thresholds(double[] scores, bool[] positive)
    {
        var sorted = (double[])scores.Clone();
        var labels = (bool[])positive.Clone();
        Array.Sort(sorted, labels);
        var thresholds = new List<Threshold>();
        var counts = new Threshold(0, 0);
        for (var i = sorted.Length - 1; i >= 0; i--)
        {
            counts = labels[i] ? counts with { TruePositives = counts.TruePositives + 1 } : counts with { FalsePositives = counts.FalsePositives + 1 };
            if (i == 0 || sorted[i - 1] != sorted[i]) thresholds.Add(counts);
        }
        return thresholds;
    }

    /// <summary>Evenly chosen points, the first and the last among them.</summary>
    private static IReadOnlyList<Threshold> Thin(IReadOnlyList<Threshold> points) => points.Count <= MaximumPoints
        ? points
        : [.. Enumerable.Range(0, MaximumPoints).Select(i => points[(int)((long)i * (points.Count - 1) / (MaximumPoints - 1))])];
}
