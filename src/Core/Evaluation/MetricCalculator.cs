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
    /// <param name="threshold">Of two classes: the probability of the second from which on it is predicted; null for the likelier.</param>
    /// <returns>The same figure as in <see cref="Evaluator"/>'s report; null where it is undefined.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit, or the metric is not defined for the task.</exception>
    public static double? Compute(Metric metric, LearningTask task, ReadOnlySpan<float> labels, ReadOnlySpan<double> outputs, int classCount, double? threshold = null)
    {
        if (labels.Length == 0 || outputs.Length != (long)labels.Length * classCount)
            throw new ArgumentException($"Found {labels.Length} labels and {outputs.Length} outputs, expected {classCount} outputs a label and at least one label.", nameof(outputs));
        if (!metric.Tasks.Contains(task)) throw new ArgumentException($"{metric.Name} is not defined for {task}.", nameof(metric));
        return new JudgedRows(task, labels, outputs.ToArray(), classCount, threshold).Figure(metric);
    }
}
