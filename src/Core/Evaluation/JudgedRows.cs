using System.Globalization;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>Rows with the truth and what a model answered. What a metric needs of them is made once, so that the figure of any draw of them costs one pass. Safe for several threads.</summary>
internal sealed class JudgedRows
{
    private readonly LearningTask _task;
    private readonly int _classCount;
    private readonly int[] _truth;
    private readonly string[] _names;
    private readonly double[] _actual, _outputs;
    private readonly Lazy<int[]> _predicted;
    private readonly Lazy<double[]> _losses;
    private readonly Lazy<bool[]> _topThree;
    private readonly Lazy<Ranking>[] _rankings;
    private readonly Lazy<(double[] Errors, int[] Rows)> _errors;

    /// <param name="task">What was learnt.</param>
    /// <param name="labels">The truth: 0-based classes or numbers; length n, at least 1.</param>
    /// <param name="outputs">Row-major: K probabilities a row, or the number; length n * K.</param>
    /// <param name="classCount">K; 1 for regression.</param>
    /// <param name="threshold">Of two classes: the probability of the second from which on it is predicted; null for the likelier.</param>
    public JudgedRows(LearningTask task, ReadOnlySpan<float> labels, double[] outputs, int classCount, double? threshold = null)
        : this(task, classCount, outputs, task == LearningTask.Regression ? [] : Classes(labels), task == LearningTask.Regression ? Numbers(labels) : [], threshold) { }

    private JudgedRows(LearningTask task, int classCount, double[] outputs, int[] truth, double[] actual, double? threshold = null)
    {
        (_task, _classCount, _outputs, _truth, _actual) = (task, classCount, outputs, truth, actual);
        _names = [.. Enumerable.Range(0, classCount).Select(c => c.ToString(CultureInfo.InvariantCulture))];
        _predicted = new(() => threshold is null ? ClassificationMetrics.PredictedClasses(_outputs, _classCount) : [.. Enumerable.Range(0, _truth.Length).Select(row => Target.Decide(_outputs.AsSpan(row * _classCount, _classCount), threshold))]);
        _losses = new(() => ClassificationMetrics.LogLosses(_truth, _outputs, _classCount));
        _topThree = new(() => ClassificationMetrics.TopHits(_truth, _outputs, _classCount, 3));
        _rankings = [.. Enumerable.Range(0, classCount).Select(c => new Lazy<Ranking>(() => new Ranking(ClassificationMetrics.ScoresOf(c, _outputs, _classCount), ClassificationMetrics.IsClass(c, _truth))))];
        _errors = new(() => RegressionMetrics.AscendingErrors(_actual, _outputs));
    }

    public static JudgedRows OfClasses(int[] truth, double[] probabilities, int classCount) =>
        new(classCount == 2 ? LearningTask.Binary : LearningTask.Multiclass, classCount, probabilities, truth, []);

    public static JudgedRows OfNumbers(double[] actual, double[] predicted) => new(LearningTask.Regression, 1, predicted, [], actual);

    public int Count => _task == LearningTask.Regression ? _actual.Length : _truth.Length;

    /// <summary>Of each row.</summary>
    public int[] PredictedClasses => _predicted.Value;

    /// <summary>By the probability of a class, that class against the rest.</summary>
    public Ranking RankedBy(int classIndex) => _rankings[classIndex].Value;

    /// <summary>Every metric of the task, by its id.</summary>
    public Dictionary<string, double?> Figures()
    {
        var judged = new Counted(this, default);
        var figures = new Dictionary<string, double?>();
        foreach (var metric in Metric.For(_task)) figures[metric.Id] = Figure(metric, default, ref judged);
        return figures;
    }

    /// <summary>Several metrics of the same draw, in their order.</summary>
    public double?[] Figures(IReadOnlyList<Metric> metrics, ReadOnlySpan<int> counts)
    {
        var judged = new Counted(this, counts);
        var figures = new double?[metrics.Count];
        for (var i = 0; i < figures.Length; i++) figures[i] = Figure(metrics[i], counts, ref judged);
        return figures;
    }

    /// <param name="metric">Defined for the task.</param>
    /// <param name="counts">How often each row counts, as in a draw with replacement, at least one row once; empty for once each.</param>
    /// <returns>Null where the metric is undefined on these rows.</returns>
    /// <exception cref="ArgumentException">The metric has no formula.</exception>
    public double? Figure(Metric metric, ReadOnlySpan<int> counts = default)
    {
        var judged = new Counted(this, counts);
        return Figure(metric, counts, ref judged);
    }

    private double? Figure(Metric metric, ReadOnlySpan<int> counts, ref Counted judged)
    {
        if (metric == Metric.Rmse) return RegressionMetrics.Rmse(_actual, _outputs, counts);
        if (metric == Metric.Mae) return RegressionMetrics.Mae(_actual, _outputs, counts);
        if (metric == Metric.RSquared) return RegressionMetrics.RSquared(_actual, _outputs, counts);
        if (metric == Metric.Mape) return RegressionMetrics.Mape(_actual, _outputs, counts);
        if (metric == Metric.MedianAbsoluteError) return RegressionMetrics.Median(_errors.Value.Errors, _errors.Value.Rows, counts);
        if (metric == Metric.LogLoss) return ClassificationMetrics.LogLoss(_losses.Value, counts);
        if (metric == Metric.Brier) return ClassificationMetrics.Brier(_truth, _outputs, counts);
        if (metric == Metric.TopThreeAccuracy) return _classCount < metric.FewestClasses ? null : ClassificationMetrics.TopAccuracy(_topThree.Value, counts);
        if (metric == Metric.Auc || metric == Metric.AveragePrecision) return OfRankings(metric, counts);
        if (metric == Metric.Accuracy) return ClassificationMetrics.Accuracy(judged.Tallies);
        if (metric == Metric.BalancedAccuracy) return ClassificationMetrics.BalancedAccuracy(judged.Tallies);
        if (metric == Metric.Mcc) return ClassificationMetrics.Mcc(judged.Tallies);
        if (metric == Metric.F1) return ClassificationMetrics.F1(judged.PerClass);
        if (metric == Metric.WeightedF1) return ClassificationMetrics.WeightedF1(judged.PerClass);
        throw new ArgumentException($"{metric.Name} has no formula here.", nameof(metric));
    }

    /// <summary>What several metrics of a draw are counted from: counted when the first asks.</summary>
    private ref struct Counted(JudgedRows rows, ReadOnlySpan<int> counts)
    {
        private readonly JudgedRows _rows = rows;
        private readonly ReadOnlySpan<int> _counts = counts;
        private ClassTallies? _tallies;
        private IReadOnlyList<ClassFigures>? _perClass;

        public ClassTallies Tallies => _tallies ??= ClassTallies.Of(_rows._truth, _rows.PredictedClasses, _rows._classCount, _counts);

        public IReadOnlyList<ClassFigures> PerClass => _perClass ??= ClassificationMetrics.PerClass(_rows._names, Tallies);
    }

    /// <summary>Of the second class for two classes; for more the plain mean of each class against the rest, without classes that have no rows, or all of them.</summary>
    /// <remarks>Provost and Domingos (2000), unweighted; scikit-learn's roc_auc_score with multi_class="ovr", and average_precision_score with average="macro".</remarks>
    private double? OfRankings(Metric metric, ReadOnlySpan<int> counts)
    {
        var (sum, defined) = (0.0, 0);
        for (var c = _classCount == 2 ? 1 : 0; c < _classCount; c++)
        {
            if ((metric == Metric.Auc ? RankedBy(c).Auc(counts) : RankedBy(c).AveragePrecision(counts)) is not { } figure) continue;
            sum += figure;
            defined++;
        }
        return defined > 0 ? sum / defined : null;
    }

    private static int[] Classes(ReadOnlySpan<float> labels)
    {
        var classes = new int[labels.Length];
        for (var row = 0; row < classes.Length; row++) classes[row] = (int)labels[row];
        return classes;
    }

    private static double[] Numbers(ReadOnlySpan<float> labels)
    {
        var numbers = new double[labels.Length];
        for (var row = 0; row < numbers.Length; row++) numbers[row] = labels[row];
        return numbers;
    }
}
