using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>One metric alone, without the matrix and the curves of a report: what a search asks for thousands of times.</summary>
public static class MetricCalculator
{
    /// <param name="metric">Defined for the task.</param>
    /// <param name="task">What was learnt.</param>
    /// <param name="labels">The truth: 0-based classes or numbers; length n, at least 1.</param>
    /// <param name="outputs">Row-major: K probabilities a row, or the number; length n * K.</param>
    /// <param name="classCount">K; 1 for regression.</param>
    /// <returns>The same figure as in <see cref="Evaluator"/>'s report; null where it is undefined.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit, or the metric is not defined for the task.</exception>
    public static double? Compute(Metric metric, LearningTask task, ReadOnlySpan<float> labels, ReadOnlySpan<double> outputs, int classCount)
    {
        if (labels.Length == 0 || outputs.Length != (long)labels.Length * classCount)
            throw new ArgumentException($"Found {labels.Length} labels and {outputs.Length} outputs, expected {classCount} outputs a label and at least one label.", nameof(outputs));
        if (!metric.Tasks.Contains(task)) throw new ArgumentException($"{metric.Name} is not defined for {task}.", nameof(metric));
        if (task == LearningTask.Regression)
        {
            var actual = new double[labels.Length];
            for (var row = 0; row < actual.Length; row++) actual[row] = labels[row];
            if (metric == Metric.Rmse) return RegressionMetrics.Rmse(actual, outputs);
            if (metric == Metric.Mae) return RegressionMetrics.Mae(actual, outputs);
            if (metric == Metric.RSquared) return RegressionMetrics.RSquared(actual, outputs);
            return Evaluator.Regression(actual, outputs).Metrics[metric.Id];
        }
        var truth = new int[labels.Length];
        for (var row = 0; row < truth.Length; row++) truth[row] = (int)labels[row];
        if (metric == Metric.Auc) return ClassificationMetrics.Auc(truth, outputs, classCount);
        if (metric == Metric.LogLoss) return ClassificationMetrics.LogLoss(truth, outputs, classCount);
        var confusion = ClassificationMetrics.ConfusionMatrix(truth, ClassificationMetrics.PredictedClasses(outputs, classCount), classCount);
        if (metric == Metric.Accuracy) return ClassificationMetrics.Accuracy(confusion);
        if (metric == Metric.BalancedAccuracy) return ClassificationMetrics.BalancedAccuracy(confusion);
        if (metric == Metric.F1) return ClassificationMetrics.F1(ClassificationMetrics.PerClass([.. Enumerable.Range(0, classCount).Select(c => c.ToString(System.Globalization.CultureInfo.InvariantCulture))], confusion));
        throw new ArgumentException($"{metric.Name} has no formula here.", nameof(metric));
    }
}
