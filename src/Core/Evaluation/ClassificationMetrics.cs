namespace ModelWorkbench.Core.Evaluation;

/// <summary>Figures of merit for predicted classes and probabilities. Classes are 0-based; probabilities are row-major, n rows of K classes, each row summing to 1.</summary>
/// <remarks>Where there is a parameter <c>counts</c>, it says how often each row counts, as in a draw with replacement; empty for once each.</remarks>
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
    public static int[][] ConfusionMatrix(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classCount, ReadOnlySpan<int> counts = default)
    {
        var confusion = new int[classCount][];
        for (var c = 0; c < classCount; c++) confusion[c] = new int[classCount];
        for (var row = 0; row < truth.Length; row++) confusion[truth[row]][predicted[row]] += Count(counts, row);
        return confusion;
    }

    /// <summary>Share of rows whose class is predicted correctly, 0 to 1.</summary>
    public static double Accuracy(ClassTallies tallies) => (double)tallies.Hits.Sum() / tallies.Support.Sum();

    /// <summary>Mean of the recall of the classes that have rows, 0 to 1.</summary>
    /// <remarks>Brodersen et al. (2010), The balanced accuracy and its posterior distribution, ICPR.</remarks>
    public static double BalancedAccuracy(ClassTallies tallies) =>
        tallies.Hits.Zip(tallies.Support).Where(x => x.Second > 0).Average(x => (double)x.First / x.Second);

    /// <summary>Precision, recall and F1 of each class.</summary>
    public static IReadOnlyList<ClassFigures> PerClass(IReadOnlyList<string> classes, ClassTallies tallies) =>
        [.. classes.Select((name, c) =>
        {
            var (hits, support, predicted) = (tallies.Hits[c], tallies.Support[c], tallies.Predicted[c]);
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

    /// <summary>Mean of F1 over the classes, weighted by their rows, 0 to 1.</summary>
    /// <remarks>scikit-learn's f1_score, average weighted.</remarks>
    public static double WeightedF1(IReadOnlyList<ClassFigures> perClass) => perClass.Sum(c => c.F1 * c.Support) / perClass.Sum(c => (double)c.Support);

    /// <summary>Correlation of truth and prediction, -1 to 1; 0 where only one class occurs in the truth or in the predictions.</summary>
    /// <remarks>Matthews (1975), Biochimica et Biophysica Acta 405(2); for more than two classes Gorodkin (2004), Computational Biology and Chemistry 28; scikit-learn's matthews_corrcoef.</remarks>
    public static double Mcc(ClassTallies tallies)
    {
        var (rows, hits, both, truths, predictions) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (var c = 0; c < tallies.Hits.Length; c++)
        {
            double support = tallies.Support[c], predicted = tallies.Predicted[c];
            (rows, hits) = (rows + support, hits + tallies.Hits[c]);
            (both, truths, predictions) = (both + (support * predicted), truths + (support * support), predictions + (predicted * predicted));
        }
        var scale = Math.Sqrt((rows * rows) - truths) * Math.Sqrt((rows * rows) - predictions);
        return scale > 0 ? ((hits * rows) - both) / scale : 0;
    }

    /// <summary>Mean of -ln(probability given to the true class), 0 is perfect. Probabilities are kept 1e-15 away from 0 and 1, so one row adds at most 34.5.</summary>
    /// <remarks>Good (1952), Rational decisions; scikit-learn's log_loss with eps=1e-15.</remarks>
    /// <param name="losses">Of <see cref="LogLosses"/>.</param>
    /// <param name="counts">By row.</param>
    public static double LogLoss(ReadOnlySpan<double> losses, ReadOnlySpan<int> counts = default)
    {
        var (sum, rows) = (0.0, 0L);
        for (var row = 0; row < losses.Length; row++)
        {
            var count = Count(counts, row);
            sum += count * losses[row];
            rows += count;
        }
        return sum / rows;
    }

    /// <summary>What each row adds to the log loss.</summary>
    public static double[] LogLosses(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classCount)
    {
        var losses = new double[truth.Length];
        for (var row = 0; row < losses.Length; row++) losses[row] = -Math.Log(Math.Clamp(probabilities[row * classCount + truth[row]], 1e-15, 1 - 1e-15));
        return losses;
    }

    /// <summary>Mean squared distance of the positive class's probability from 1 where the row is of it, else from 0; 0 is perfect, 1 the worst. Two classes.</summary>
    /// <remarks>Brier (1950), Verification of forecasts expressed in terms of probability; scikit-learn's brier_score_loss.</remarks>
    public static double Brier(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, ReadOnlySpan<int> counts = default)
    {
        var (sum, rows) = (0.0, 0L);
        for (var row = 0; row < truth.Length; row++)
        {
            var (distance, count) = (probabilities[(2 * row) + 1] - truth[row], Count(counts, row));
            sum += count * distance * distance;
            rows += count;
        }
        return sum / rows;
    }

    /// <summary>Share of rows whose class is among the likeliest, 0 to 1.</summary>
    /// <param name="hits">Of <see cref="TopHits"/>.</param>
    /// <param name="counts">By row.</param>
    public static double TopAccuracy(ReadOnlySpan<bool> hits, ReadOnlySpan<int> counts = default)
    {
        var (sum, rows) = (0L, 0L);
        for (var row = 0; row < hits.Length; row++)
        {
            var count = Count(counts, row);
            if (hits[row]) sum += count;
            rows += count;
        }
        return (double)sum / rows;
    }

    /// <summary>Whether each row's class is among the <paramref name="k"/> with the largest probabilities; of equal ones the later goes first, as in scikit-learn's top_k_accuracy_score.</summary>
    public static bool[] TopHits(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classCount, int k)
    {
        var hits = new bool[truth.Length];
        for (var row = 0; row < hits.Length; row++)
        {
            var ofRow = probabilities.Slice(row * classCount, classCount);
            var (own, before) = (truth[row], 0);
            for (var c = 0; c < classCount; c++)
                if (ofRow[c] > ofRow[own] || (c > own && ofRow[c] == ofRow[own])) before++;
            hits[row] = before < k;
        }
        return hits;
    }

    internal static int Count(ReadOnlySpan<int> counts, int row) => counts.IsEmpty ? 1 : counts[row];

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
