using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>Makes the report from the truth and the predictions.</summary>
public static class Evaluator
{
    /// <summary>Points of the plot of actual against predicted.</summary>
    public const int MaximumShownRows = 5_000;

    private const int SampleSeed = 1;

    /// <summary>Reports on predicted classes.</summary>
    /// <param name="classes">K names, at least 2; of two the second is the positive class.</param>
    /// <param name="truth">The 0-based class of each row; length n, at least 1.</param>
    /// <param name="probabilities">Row-major, length n * K.</param>
    /// <param name="figuresOnly">Leaves the matrix and the curves out: for folds, whose figures alone are wanted.</param>
    /// <exception cref="ArgumentException">Lengths do not fit, a class is out of range, or a probability is not within 0 to 1.</exception>
    public static EvaluationReport Classification(IReadOnlyList<string> classes, ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, bool figuresOnly = false)
    {
        var classCount = classes.Count;
        if (classCount < 2) throw new ArgumentException($"Found {classCount} classes, expected at least 2.", nameof(classes));
        if (truth.Length == 0 || probabilities.Length != truth.Length * classCount)
            throw new ArgumentException($"Found {truth.Length} rows and {probabilities.Length} probabilities, expected at least one row and {classCount} probabilities a row.", nameof(probabilities));
        for (var row = 0; row < truth.Length; row++)
            if ((uint)truth[row] >= (uint)classCount) throw new ArgumentException($"Row {row}: found class {truth[row]}, expected 0 to {classCount - 1}.", nameof(truth));
        for (var i = 0; i < probabilities.Length; i++)
            if (!(probabilities[i] is >= -1e-9 and <= 1 + 1e-9))
                throw new ArgumentException(FormattableString.Invariant($"Row {i / classCount}, class '{classes[i % classCount]}': found the probability {probabilities[i]}, expected 0 to 1."), nameof(probabilities));

        var rows = JudgedRows.OfClasses(truth.ToArray(), probabilities.ToArray(), classCount);
        var task = classCount == 2 ? LearningTask.Binary : LearningTask.Multiclass;
        if (figuresOnly) return new EvaluationReport(task, truth.Length, rows.Figures(), null, null);
        var confusion = ClassificationMetrics.ConfusionMatrix(truth, rows.PredictedClasses, classCount);
        var perClass = ClassificationMetrics.PerClass(classes, confusion);
        var roc = new List<RocCurve>();
        var precisionRecall = new List<PrecisionRecallCurve>();
        for (var c = classCount == 2 ? 1 : 0; c < classCount; c++)
        {
            if (RankingCurves.Roc(classes[c], rows.RankedBy(c)) is { } rocCurve) roc.Add(rocCurve);
            if (RankingCurves.PrecisionRecall(classes[c], rows.RankedBy(c)) is { } precisionRecallCurve) precisionRecall.Add(precisionRecallCurve);
        }
        return new EvaluationReport(
            task, truth.Length, rows.Figures(),
            new ClassificationReport(classes, confusion, perClass, roc, precisionRecall)
            {
                Calibration = Calibration(classes, truth, probabilities, rows.PredictedClasses),
                Scores = classCount == 2 ? ProbabilityCurves.Distribution(ClassificationMetrics.ScoresOf(1, probabilities, 2), ClassificationMetrics.IsClass(1, truth)) : null,
                Thresholds = classCount == 2 ? ProbabilityCurves.Thresholds(rows.RankedBy(1), confusion) : null,
            }, null);
    }

    private static CalibrationCurve Calibration(IReadOnlyList<string> classes, ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int[] predicted)
    {
        if (classes.Count == 2) return ProbabilityCurves.Calibration(classes[1], ClassificationMetrics.ScoresOf(1, probabilities, 2), ClassificationMetrics.IsClass(1, truth));
        var (confidence, right) = (new double[truth.Length], new bool[truth.Length]);
        for (var row = 0; row < truth.Length; row++) (confidence[row], right[row]) = (probabilities[(row * classes.Count) + predicted[row]], predicted[row] == truth[row]);
        return ProbabilityCurves.Calibration(null, confidence, right);
    }

    /// <summary>Reports on predicted numbers.</summary>
    /// <param name="actual">The truth; length n, at least 1.</param>
    /// <param name="predicted">Same order and length.</param>
    /// <param name="figuresOnly">Leaves the points and the curves out: for folds, whose figures alone are wanted.</param>
    /// <exception cref="ArgumentException">Lengths differ, there is no row, or a number is not finite.</exception>
    public static EvaluationReport Regression(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted, bool figuresOnly = false)
    {
        if (actual.Length == 0 || actual.Length != predicted.Length)
            throw new ArgumentException($"Found {actual.Length} actual and {predicted.Length} predicted numbers, expected equally many and at least one.", nameof(predicted));
        for (var row = 0; row < actual.Length; row++)
            if (!double.IsFinite(actual[row]) || !double.IsFinite(predicted[row]))
                throw new ArgumentException(FormattableString.Invariant($"Row {row}: found {actual[row]} (actual) and {predicted[row]} (predicted), expected finite numbers."), nameof(predicted));

        var (actuals, predictions) = (actual.ToArray(), predicted.ToArray());
        var figures = JudgedRows.OfNumbers(actuals, predictions).Figures();
        if (figuresOnly) return new EvaluationReport(LearningTask.Regression, actual.Length, figures, null, null);
        var residuals = new double[actual.Length];
        for (var row = 0; row < residuals.Length; row++) residuals[row] = actual[row] - predicted[row];
        var (edges, counts) = Histogram(residuals);

        var shown = RowSample.Take(actual.Length, MaximumShownRows, SampleSeed);
        var (shownActual, shownPredicted) = (new double[shown.Length], new double[shown.Length]);
        for (var i = 0; i < shown.Length; i++) (shownActual[i], shownPredicted[i]) = (actual[shown[i]], predicted[shown[i]]);
        return new EvaluationReport(LearningTask.Regression, actual.Length, figures, null,
            new RegressionReport(shownActual, shownPredicted, edges, counts) { Quantiles = ResidualCurves.Quantiles(residuals), ErrorByRange = ResidualCurves.ByRange(actuals, predictions) });
    }

    /// <summary>Bins of equal width, about the root of the number of values, 5 to 50; one bin where all values are equal.</summary>
    private static (double[] Edges, int[] Counts) Histogram(double[] values)
    {
        var (minimum, maximum) = (values.Min(), values.Max());
        if (minimum == maximum) return ([minimum - 0.5, maximum + 0.5], [values.Length]);
        var bins = Math.Clamp((int)Math.Ceiling(Math.Sqrt(values.Length)), 5, 50);
        var width = maximum / bins - minimum / bins;
        var edges = new double[bins + 1];
        for (var b = 0; b <= bins; b++) edges[b] = b == bins ? maximum : minimum + b * width;
        var counts = new int[bins];
        foreach (var value in values)
        {
            var position = Array.BinarySearch(edges, value);
            counts[Math.Clamp(position >= 0 ? position : ~position - 1, 0, bins - 1)]++;
        }
        return (edges, counts);
    }
}
