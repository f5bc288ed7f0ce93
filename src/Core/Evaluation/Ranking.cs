namespace ModelWorkbench.Core.Evaluation;

/// <summary>What is found when every row from a score upwards is called positive.</summary>
/// <param name="Score">The lowest that is called positive.</param>
/// <param name="TruePositives">Rows of the class among them.</param>
/// <param name="FalsePositives">The others among them.</param>
internal readonly record struct Threshold(double Score, int TruePositives, int FalsePositives)
{
    /// <summary>1 where nothing is called positive, as in scikit-learn.</summary>
    public double Precision => TruePositives + FalsePositives == 0 ? 1 : (double)TruePositives / (TruePositives + FalsePositives);
}

/// <summary>Rows in the order of a score, with the truth: sorted once, and what hangs on the order alone costs one pass, for all rows or for any draw of them.</summary>
/// <remarks>A parameter <c>counts</c> says how often each row counts, as in a draw with replacement; empty for once each.</remarks>
internal sealed class Ranking
{
    // Ascending by score.
    private readonly double[] _scores;
    private readonly int[] _rows;
    private readonly bool[] _isPositive;

    /// <param name="scores">One a row, higher is more positive; length n.</param>
    /// <param name="isPositive">The truth in the same order; length n.</param>
    public Ranking(double[] scores, bool[] isPositive)
    {
        _scores = (double[])scores.Clone();
        _rows = new int[scores.Length];
        for (var row = 0; row < _rows.Length; row++) _rows[row] = row;
        Array.Sort(_scores, _rows);
        _isPositive = Array.ConvertAll(_rows, row => isPositive[row]);
    }

    /// <summary>Area under the ROC curve: the chance that a random positive row scores above a random negative one.</summary>
    /// <returns>0 to 1, 0.5 is guessing; null where only one class is present, as the area is then undefined.</returns>
    /// <remarks>Rank form, ties count half: Hanley and McNeil (1982), Radiology 143(1).</remarks>
    public double? Auc(ReadOnlySpan<int> counts = default)
    {
        // Twice the number of pairs in the right order, so that half pairs stay whole.
        var (pairs, positives, negatives, ofGroup, ofGroupNegative) = (0L, 0L, 0L, 0L, 0L);
        for (var i = _rows.Length - 1; i >= 0; i--)
        {
            if (_isPositive[i]) ofGroup += ClassificationMetrics.Count(counts, _rows[i]);
            else ofGroupNegative += ClassificationMetrics.Count(counts, _rows[i]);
            if (i > 0 && _scores[i - 1] == _scores[i]) continue;
            pairs += ofGroupNegative * ((2 * positives) + ofGroup);
            (positives, negatives, ofGroup, ofGroupNegative) = (positives + ofGroup, negatives + ofGroupNegative, 0, 0);
        }
        return positives == 0 || negatives == 0 ? null : pairs / (2.0 * positives * negatives);
    }

    /// <summary>Sum of precision times the gain in recall over all thresholds, without interpolation.</summary>
    /// <returns>0 to 1, guessing gives the share of the class; null where only one class is present.</returns>
    /// <remarks>Zhu (2004), Recall, precision and average precision; scikit-learn's average_precision_score.</remarks>
    public double? AveragePrecision(ReadOnlySpan<int> counts = default)
    {
        var (sum, positives, all, ofGroup) = (0.0, 0L, 0L, 0L);
        for (var i = _rows.Length - 1; i >= 0; i--)
        {
            var count = ClassificationMetrics.Count(counts, _rows[i]);
            all += count;
            if (_isPositive[i]) ofGroup += count;
            if (ofGroup == 0 || (i > 0 && _scores[i - 1] == _scores[i])) continue;
            positives += ofGroup;
            sum += ofGroup * ((double)positives / all);
            ofGroup = 0;
        }
        return positives == 0 || positives == all ? null : sum / positives;
    }

    /// <summary>One a distinct score, highest first; the last one takes in all rows.</summary>
    public IReadOnlyList<Threshold> Thresholds()
    {
        var thresholds = new List<Threshold>();
        var (truePositives, falsePositives) = (0, 0);
        for (var i = _rows.Length - 1; i >= 0; i--)
        {
            if (_isPositive[i]) truePositives++; else falsePositives++;
            if (i == 0 || _scores[i - 1] != _scores[i]) thresholds.Add(new Threshold(_scores[i], truePositives, falsePositives));
        }
        return thresholds;
    }
}
