using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>How well a model predicted rows it had not learnt from. Numbers only; the drawings are made from it elsewhere.</summary>
/// <param name="Task">What was predicted.</param>
/// <param name="RowCount">Rows that were predicted.</param>
/// <param name="Metrics">By metric id; null where the metric is undefined on these rows (AUC with one class).</param>
/// <param name="Classification">For binary and multiclass.</param>
/// <param name="Regression">For regression.</param>
public sealed record EvaluationReport(
    LearningTask Task,
    int RowCount,
    IReadOnlyDictionary<string, double?> Metrics,
    ClassificationReport? Classification,
    RegressionReport? Regression)
{
    /// <summary>Where each metric lies in 95 of 100 cases, by its id (<see cref="PairedBootstrap"/>); without metrics that are undefined on most draws, and null in reports from before there were intervals.</summary>
    public IReadOnlyDictionary<string, MetricInterval>? Intervals { get; init; }
}

/// <param name="Classes">Class names in the model's order; for binary the second is the positive class.</param>
/// <param name="Confusion">Rows by true class (first index) and predicted class (second index).</param>
/// <param name="PerClass">One a class.</param>
/// <param name="Roc">Binary: one curve, of the positive class; multiclass: one a class against the rest. A class without rows, or with all of them, has no curve.</param>
/// <param name="PrecisionRecall">As <paramref name="Roc"/>.</param>
public sealed record ClassificationReport(
    IReadOnlyList<string> Classes,
    IReadOnlyList<IReadOnlyList<int>> Confusion,
    IReadOnlyList<ClassFigures> PerClass,
    IReadOnlyList<RocCurve> Roc,
    IReadOnlyList<PrecisionRecallCurve> PrecisionRecall);

/// <param name="Precision">Of the rows predicted as the class, the share that are; null where none was predicted.</param>
/// <param name="Recall">Of the rows of the class, the share predicted so; null where there is none.</param>
/// <param name="F1">Their harmonic mean; 0 where both are 0 or undefined.</param>
/// <param name="Support">Rows of the class.</param>
public sealed record ClassFigures(string Class, double? Precision, double? Recall, double F1, int Support);

/// <summary>True positive rate against false positive rate over all thresholds, at most 500 points, from (0, 0) to (1, 1).</summary>
public sealed record RocCurve(string Class, double Auc, IReadOnlyList<double> FalsePositiveRate, IReadOnlyList<double> TruePositiveRate);

/// <summary>Precision against recall over all thresholds, at most 500 points, recall ascending.</summary>
/// <param name="AveragePrecision">Sum of precision times the gain in recall, without interpolation (scikit-learn's average_precision_score).</param>
/// <param name="PositiveShare">Share of the class in the rows: the precision of guessing.</param>
public sealed record PrecisionRecallCurve(string Class, double AveragePrecision, double PositiveShare, IReadOnlyList<double> Recall, IReadOnlyList<double> Precision);

/// <summary>Actual and predicted numbers of at most 5,000 rows (an even sample by seed where there were more), and the residuals of all.</summary>
/// <param name="Actual">The truth.</param>
/// <param name="Predicted">The prediction, same order.</param>
/// <param name="ResidualEdges">Edges of the residual histogram, ascending, one more than bins; residual = actual - predicted.</param>
/// <param name="ResidualCounts">Rows a bin.</param>
public sealed record RegressionReport(
    IReadOnlyList<double> Actual,
    IReadOnlyList<double> Predicted,
    IReadOnlyList<double> ResidualEdges,
    IReadOnlyList<int> ResidualCounts);
