namespace ModelWorkbench.Core.Experiments;

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
