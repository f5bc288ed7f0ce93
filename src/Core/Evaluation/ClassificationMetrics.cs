namespace ModelWorkbench.Core.Evaluation;

/// <summary>Figures of merit for predicted classes and probabilities. Classes are 0-based; probabilities are row-major, n rows of K classes, each row summing to 1.</summary>
public static class ClassificationMetrics
{
    /// <summary>The class with the largest probability of each row; of equal ones the first, so a binary 0.5 is the negative class, as in scikit-learn.</summary>
    /// <param name="probabilities">Length n * K.</param>
    /// <param name="classCount">K.</param>
    public static int[] PredictedClasses(ReadOnlySpan<double> probabilities, int classCount)
    {
        var predicted = new int[probabilities.Length / classCount];
        for (var row = 0; row < predicted.Length; row++)
        {
            var ofRow = probabilities.Slice(row * classCount, classCount);
            for (var c = 1; c < classCount; c++)
                if (ofRow[c] > ofRow[predicted[row]]) predicted[row] = c;
        }
        return predicted;
    }

    /// <summary>Rows by true class (first index) and predicted class (second index).</summary>
    public static int[][] ConfusionMatrix(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classCount)
    {
        var confusion = new int[classCount][];
        for (var c = 0; c < classCount; c++) confusion[c] = new int[classCount];
        for (var row = 0; row < truth.Length; row++) confusion[truth[row]][predicted[row]]++;
        return confusion;
    }

    /// <summary>Share of rows whose class is predicted correctly, 0 to 1.</summary>
    public static double Accuracy(IReadOnlyList<IReadOnlyList<int>> confusion) =>
        (double)confusion.Select((row, c) => row[c]).Sum() / confusion.Sum(row => row.Sum());

    /// <summary>Mean of the recall of the classes that have rows, 0 to 1.</summary>
    /// <remarks>Brodersen et al. (2010), The balanced accuracy and its posterior distribution, ICPR.</remarks>
    public static double BalancedAccuracy(IReadOnlyList<IReadOnlyList<int>> confusion) =>
        confusion.Select((row, c) => (Hits: row[c], Support: row.Sum())).Where(x => x.Support > 0).Average(x => (double)x.Hits / x.Support);

    /// <summary>Precision, recall and F1 of each class.</summary>
    public static IReadOnlyList<ClassFigures> PerClass(IReadOnlyList<string> classes, IReadOnlyList<IReadOnlyList<int>> confusion) =>
        [.. classes.Select((name, c) =>
        {
            var (hits, support, predicted) = (confusion[c][c], confusion[c].Sum(), confusion.Sum(row => row[c]));
            return new ClassFigures(
                name,
                predicted > 0 ? (double)hits / predicted : null,
                support > 0 ? (double)hits / support : null,
                hits > 0 ? 2.0 * hits / (support + predicted) : 0,
                support);
        })];

    /// <summary>F1 of the positive class for two classes; for more the mean over the classes that occur in the truth or the predictions.</summary>
    /// <returns>0 to 1; 0 where no row of the class is found.</returns>
    /// <remarks>van Rijsbergen (1979), Information Retrieval, chapter 7; scikit-learn's f1_score, average binary or macro.</remarks>
    public static double F1(IReadOnlyList<ClassFigures> perClass) => perClass.Count == 2
        ? perClass[1].F1
        : perClass.Where(c => c.Precision is not null || c.Recall is not null).Average(c => c.F1);

    /// <summary>Area under the ROC curve: the chance that a random positive row scores above a random negative one.</summary>
    /// <param name="scores">One score a row, higher is more positive; length n.</param>
    /// <param name="positive">The truth in the same order; length n.</param>
    /// <returns>0 to 1, 0.5 is guessing; null where only one class is present, as the area is then undefined.</returns>
    /// <remarks>Rank form, ties count half: Hanley and McNeil (1982), Radiology 143(1).</remarks>
    public static double? Auc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var positives = (double)positive.Count(true);
        var negatives = positive.Length - positives;
        if (positives == 0 || negatives == 0) return null;

        var sorted = scores.ToArray();
        var labels = positive.ToArray();
        Array.Sort(sorted, labels);
        var rankSum = 0.0;
        for (var start = 0; start < sorted.Length;)
        {
            var (end, hits) = (start, 0);
            for (; end < sorted.Length && sorted[end] == sorted[start]; end++)
                if (labels[end]) hits++;
            rankSum += hits * (start + 1 + end) / 2.0;
            start = end;
        }
        return (rankSum - positives * (positives + 1) / 2) / (positives * negatives);
    }

    /// <summary>AUC of the second class for two classes; for more the plain mean of each class against the rest.</summary>
    /// <returns>0 to 1; classes without rows, or with all of them, are left out; null where none remains.</returns>
    /// <remarks>Provost and Domingos (2000), unweighted; scikit-learn's roc_auc_score with multi_class="ovr".</remarks>
    public static double? Auc(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classCount)
    {
        var (sum, defined) = (0.0, 0);
        for (var c = classCount == 2 ? 1 : 0; c < classCount; c++)
        {
            if (Auc(ScoresOf(c, probabilities, classCount), IsClass(c, truth)) is not { } auc) continue;
            sum += auc;
            defined++;
        }
        return defined > 0 ? sum / defined : null;
    }

    /// <summary>Mean of -ln(probability given to the true class), 0 is perfect. Probabilities are kept 1e-15 away from 0 and 1, so one row adds at most 34.5.</summary>
    /// <remarks>Good (1952), Rational decisions; scikit-learn's log_loss with eps=1e-15.</remarks>
    public static double LogLoss(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classCount)
    {
        var sum = 0.0;
        for (var row = 0; row < truth.Length; row++)
            sum -= Math.Log(Math.Clamp(probabilities[row * classCount + truth[row]], 1e-15, 1 - 1e-15));
        return sum / truth.Length;
    }

    internal static double[] ScoresOf(int classIndex, ReadOnlySpan<double> probabilities, int classCount)
    {
        var scores = new double[probabilities.Length / classCount];
        for (var row = 0; row < scores.Length; row++) scores[row] = probabilities[row * classCount + classIndex];
        return scores;
    }

    internal static bool[] IsClass(int classIndex, ReadOnlySpan<int> truth)
    {
        var positive = new bool[truth.Length];
        for (var row = 0; row < positive.Length; row++) positive[row] = truth[row] == classIndex;
        return positive;
    }
}
