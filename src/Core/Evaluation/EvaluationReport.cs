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
    IReadOnlyList<PrecisionRecallCurve> PrecisionRecall)
{
    /// <summary>Binary: of the positive class; multiclass: of the class that is predicted. Null in reports from before there was one.</summary>
    public CalibrationCurve? Calibration { get; init; }

    /// <summary>Binary only; null in reports from before there was one.</summary>
    public ScoreDistribution? Scores { get; init; }

    /// <summary>Binary only; null where one class is missing, and in reports from before there were any.</summary>
    public ThresholdCounts? Thresholds { get; init; }
}

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
    IReadOnlyList<int> ResidualCounts)
{
    /// <summary>Null in reports from before there were any.</summary>
    public ResidualQuantiles? Quantiles { get; init; }

    /// <summary>Ranges of the prediction in ascending order; null in reports from before there were any.</summary>
    public IReadOnlyList<RangeError>? ErrorByRange { get; init; }
}

/// <summary>Whether probabilities come true: of the rows that are given 0.7, seven of ten should be of the class. At most ten bins of equally many rows.</summary>
/// <param name="Class">Whose probability it is; null for that of the predicted class, whichever it is.</param>
/// <param name="Predicted">Mean probability of each bin, ascending.</param>
/// <param name="Observed">Share of the bin's rows that are of the class, or that are predicted correctly.</param>
/// <param name="Counts">Rows a bin.</param>
/// <param name="ExpectedError">Mean distance of predicted and observed over the bins, weighted by their rows; 0 is perfect.</param>
/// <param name="Histogram">Rows by probability, in 20 bins of equal width from 0 to 1.</param>
public sealed record CalibrationCurve(
    string? Class,
    IReadOnlyList<double> Predicted,
    IReadOnlyList<double> Observed,
    IReadOnlyList<int> Counts,
    double ExpectedError,
    IReadOnlyList<int> Histogram);

/// <summary>Rows by the probability of the positive class, in bins of equal width from 0 to 1, apart for the rows of either class.</summary>
public sealed record ScoreDistribution(IReadOnlyList<int> Negative, IReadOnlyList<int> Positive);

/// <summary>What is found when every row with a probability from a threshold upwards is called positive: at most 500 thresholds, highest first, from none found to all.</summary>
/// <param name="Threshold">Distinct probabilities, descending; the first is above all of them.</param>
/// <param name="TruePositives">Positive rows found.</param>
/// <param name="FalsePositives">Negative rows found.</param>
/// <param name="Positives">Of all rows.</param>
/// <param name="Negatives">Of all rows.</param>
/// <param name="Own">0-based: where the model itself decides, at the larger of the two probabilities.</param>
public sealed record ThresholdCounts(
    IReadOnlyList<double> Threshold,
    IReadOnlyList<int> TruePositives,
    IReadOnlyList<int> FalsePositives,
    int Positives,
    int Negatives,
    int Own);

/// <summary>Residuals in ascending order against the quantiles that they would have if they were normal, at most 500 points.</summary>
/// <param name="Normal">Quantiles of the standard normal distribution.</param>
/// <param name="Residual">Actual - predicted.</param>
/// <param name="Mean">Of all residuals.</param>
/// <param name="StandardDeviation">Of all residuals, with n in the denominator.</param>
public sealed record ResidualQuantiles(IReadOnlyList<double> Normal, IReadOnlyList<double> Residual, double Mean, double StandardDeviation);

/// <summary>How far rows are off whose prediction lies in a range.</summary>
/// <param name="From">Smallest prediction.</param>
/// <param name="To">Largest prediction.</param>
/// <param name="MeanAbsoluteError">In the target's unit.</param>
/// <param name="MeanResidual">Mean of actual - predicted: above 0 the predictions are too low.</param>
/// <param name="Count">Rows.</param>
public sealed record RangeError(double From, double To, double MeanAbsoluteError, double MeanResidual, int Count);
