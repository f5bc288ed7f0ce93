using ModelWorkbench.Core.Evaluation;

namespace ModelWorkbench.Core.Experiments;

/// <summary>The validation figures of a trial: each metric's mean over the folds, weighted by their rows.</summary>
/// <remarks>Figures of all folds' predictions together would rank rows that different models scored: a constant model, whose constant is a little
/// lower where the fold left out more positives, would then have an AUC below 0.5. For accuracy, log loss and MAE the mean equals the figure of all
/// rows together; RMSE, R², F1 and balanced accuracy may differ a little from it.</remarks>
public static class FoldMean
{
    /// <param name="folds">The report of each fold, at least one.</param>
    /// <returns>By metric id; folds where a metric is undefined are left out of its mean, and it is null where no fold defines it.</returns>
    public static IReadOnlyDictionary<string, double?> Compute(IReadOnlyList<EvaluationReport> folds) =>
        folds[0].Metrics.Keys.ToDictionary(id => id, id =>
        {
            var (sum, rows) = (0.0, 0L);
            foreach (var fold in folds)
            {
                if (fold.Metrics[id] is not { } value) continue;
                sum += value * fold.RowCount;
                rows += fold.RowCount;
            }
            return rows > 0 ? sum / rows : (double?)null;
        });
}

/// <summary>How far the folds of a trial lie apart.</summary>
public static class FoldSpread
{
    /// <summary>Standard deviation of the scores of the folds, with n - 1 in the denominator, in the metric's unit.</summary>
    /// <param name="foldScores">One a fold; those where the metric is undefined are left out.</param>
    /// <returns>Null for fewer than two scores.</returns>
    public static double? Compute(IReadOnlyList<double?> foldScores)
    {
        var scores = foldScores.OfType<double>().ToArray();
        if (scores.Length < 2) return null;
        var mean = scores.Average();
        return Math.Sqrt(scores.Sum(s => (s - mean) * (s - mean)) / (scores.Length - 1));
    }
}
