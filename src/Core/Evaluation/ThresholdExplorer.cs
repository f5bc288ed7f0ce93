namespace ModelWorkbench.Core.Evaluation;

/// <summary>What a wrong answer costs and a right one brings, a row, in any unit that all four share.</summary>
public sealed record DecisionCosts(double FalsePositiveCost = 1, double FalseNegativeCost = 1, double TruePositiveBenefit = 0, double TrueNegativeBenefit = 0)
{
    /// <summary>Of all rows together; below 0 the benefits are larger.</summary>
    public double Of(ThresholdFigures figures) =>
        (figures.FalsePositives * FalsePositiveCost) + (figures.FalseNegatives * FalseNegativeCost)
        - (figures.TruePositives * TruePositiveBenefit) - (figures.TrueNegatives * TrueNegativeBenefit);
}

/// <summary>What comes of calling every row positive whose probability is at least the threshold.</summary>
/// <param name="Precision">Null where nothing is called positive.</param>
/// <param name="Recall">Share of the positive rows that are found.</param>
/// <param name="F1">0 where nothing is found.</param>
/// <param name="Mcc">0 where all rows are called the same.</param>
public sealed record ThresholdFigures(
    double Threshold, int TruePositives, int FalsePositives, int FalseNegatives, int TrueNegatives,
    double Accuracy, double? Precision, double? Recall, double F1, double Mcc);

/// <summary>Where to draw the line between two classes, and what it costs.</summary>
public static class ThresholdExplorer
{
    private static readonly string[] Classes = ["negative", "positive"];

    /// <summary>Ids of the metrics of two classes that hang on which class is answered; the others judge the probabilities.</summary>
    public static IReadOnlyList<string> ByClass { get; } = [Metric.Accuracy.Id, Metric.BalancedAccuracy.Id, Metric.F1.Id, Metric.Mcc.Id];

    /// <param name="counts">Of a report.</param>
    /// <param name="index">0-based, of the threshold.</param>
    public static ThresholdFigures At(ThresholdCounts counts, int index)
    {
        var (found, alarms) = (counts.TruePositives[index], counts.FalsePositives[index]);
        int[][] confusion = [[counts.Negatives - alarms, alarms], [counts.Positives - found, found]];
        var positive = ClassificationMetrics.PerClass(Classes, confusion)[1];
        return new ThresholdFigures(
            counts.Threshold[index], found, alarms, counts.Positives - found, counts.Negatives - alarms,
            ClassificationMetrics.Accuracy(confusion), positive.Precision, positive.Recall, positive.F1, ClassificationMetrics.Mcc(confusion));
    }

    /// <summary>A report as it is where a model decides by a threshold: the matrix, the figures by class, and the metrics that hang on which class is answered, of all rows together, with their intervals.</summary>
    /// <param name="report">Of a model that answers the likelier class.</param>
    /// <param name="threshold">Null leaves it.</param>
    /// <param name="repeats">How often each row was judged, at least 1.</param>
    public static EvaluationReport Report(EvaluationReport report, double? threshold, int repeats = 1)
    {
        if (threshold is not { } from || report.Classification is not { Thresholds: { } counts } classes) return report;
        var at = At(counts, IndexOf(counts, from));
        int[][] confusion = [[at.TrueNegatives, at.FalsePositives], [at.FalseNegatives, at.TruePositives]];
        var (metrics, intervals) = (report.Metrics.ToDictionary(), report.Intervals?.ToDictionary() ?? []);
        Func<int[][], double?>[] figures = [.. ByClass.Select(OfMatrix)];
        var drawn = CountIntervals.Of(confusion, figures, repeats);
        foreach (var (i, id) in ByClass.Index())
        {
            metrics[id] = figures[i](confusion);
            if (drawn[i] is { } interval) intervals[id] = interval;
            else intervals.Remove(id);
        }
        return report with
        {
            Metrics = metrics,
            Intervals = intervals,
            Classification = classes with { Confusion = confusion, PerClass = ClassificationMetrics.PerClass(classes.Classes, confusion) },
        };
    }

    /// <summary>95 % intervals of what is told at a threshold: accuracy, precision, recall, F1 and MCC, in this order; null where undefined on most draws.</summary>
    /// <param name="at">The counts.</param>
    /// <param name="repeats">How often each row was judged, at least 1.</param>
    public static IReadOnlyList<MetricInterval?> IntervalsAt(ThresholdFigures at, int repeats) => CountIntervals.Of(
        [[at.TrueNegatives, at.FalsePositives], [at.FalseNegatives, at.TruePositives]],
        [OfMatrix(Metric.Accuracy.Id), m => Positive(m).Precision, m => Positive(m).Recall, OfMatrix(Metric.F1.Id), OfMatrix(Metric.Mcc.Id)], repeats);

    private static ClassFigures Positive(int[][] confusion) => ClassificationMetrics.PerClass(Classes, confusion)[1];

    private static Func<int[][], double?> OfMatrix(string id) =>
        id == Metric.Accuracy.Id ? m => ClassificationMetrics.Accuracy(m)
        : id == Metric.BalancedAccuracy.Id ? m => ClassificationMetrics.BalancedAccuracy(m)
        : id == Metric.F1.Id ? m => Positive(m).F1
        : m => ClassificationMetrics.Mcc(m);

    /// <summary>How often each class is answered at a threshold: the negative one, then the positive one.</summary>
    public static int[] Answered(ThresholdCounts counts, double? threshold)
    {
        var at = At(counts, IndexOf(counts, threshold));
        return [at.TrueNegatives + at.FalseNegatives, at.TruePositives + at.FalsePositives];
    }

    /// <summary>At every threshold, highest first.</summary>
    public static IReadOnlyList<ThresholdFigures> All(ThresholdCounts counts) => [.. Enumerable.Range(0, counts.Threshold.Count).Select(i => At(counts, i))];

    /// <summary>The place of the threshold that decides as the given one does: of those that are not below it, the lowest.</summary>
    /// <param name="counts">Of a report.</param>
    /// <param name="threshold">Any number; null for the model's own.</param>
    public static int IndexOf(ThresholdCounts counts, double? threshold)
    {
        if (threshold is not { } wanted || double.IsNaN(wanted)) return counts.Own;
        var index = 0;
        while (index < counts.Threshold.Count - 1 && counts.Threshold[index + 1] >= wanted) index++;
        return index;
    }

    /// <summary>Where the costs are least; of equal ones the highest threshold.</summary>
    public static int LeastCost(ThresholdCounts counts, DecisionCosts costs) =>
        All(counts).Index().MinBy(x => costs.Of(x.Item)).Index;

    /// <summary>Where F1 is largest; of equal ones the highest threshold.</summary>
    public static int BestF1(ThresholdCounts counts) =>
        All(counts).Index().MaxBy(x => x.Item.F1).Index;
}
