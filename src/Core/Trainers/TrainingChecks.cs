namespace ModelWorkbench.Core.Trainers;

/// <summary>What every trainer asks of its data.</summary>
internal static class TrainingChecks
{
    /// <exception cref="TrainingFailedException">The trainer says why not, or the data is empty or ill-formed.</exception>
    public static void Require(Trainer trainer, TrainingData data)
    {
        var (features, labels) = (data.Features, data.Labels);
        if (features.RowCount == 0) throw new TrainingFailedException("There are no training rows.");
        if (labels.Length != features.RowCount) throw new TrainingFailedException($"{features.RowCount} rows have {labels.Length} labels.");
        if (data.Weights is { } weights)
        {
            if (!trainer.SupportsWeights) throw new TrainingFailedException($"{trainer.Name} cannot weigh rows; leave out the weights or this trainer.");
            if (weights.Length != labels.Length) throw new TrainingFailedException($"{labels.Length} rows have {weights.Length} weights.");
            if (!Array.TrueForAll(weights, w => float.IsFinite(w) && w >= 0) || Array.TrueForAll(weights, w => w == 0))
                throw new TrainingFailedException("Expected weights that are finite, not below 0 and not all 0.");
        }
        if (trainer.WhyNot(new TrainingShape(data.Task, features.RowCount, features.FeatureCount, data.ClassCount)) is { } reason)
            throw new TrainingFailedException(reason);
        foreach (var label in labels)
            if (data.Task == LearningTask.Regression ? !float.IsFinite(label) : !(label >= 0 && label < data.ClassCount && label == MathF.Floor(label)))
                throw new TrainingFailedException($"Found the label {label}, expected {(data.Task == LearningTask.Regression ? "a finite number" : $"a class from 0 to {data.ClassCount - 1}")}.");
    }

    /// <summary>Null, or why a trainer that learns from features cannot do without.</summary>
    public static string? NoFeatures(TrainingShape shape) =>
        shape.FeatureCount > 0 ? null : "There is no feature to learn from: every column is constant, empty or left out.";

    /// <summary>Null, or why one model a class would take too long.</summary>
    public static string? TooManyClasses(TrainingShape shape, int maximum, string name) => shape.ClassCount <= maximum ? null
        : $"{name} trains models for each class against the rest and takes at most {maximum} classes; there are {shape.ClassCount}.";

    /// <exception cref="TrainingFailedException">All rows have the same class.</exception>
    public static void RequireTwoClasses(TrainingData data)
    {
        var first = data.Weights is { } weights ? data.Labels[Array.FindIndex(weights, w => w > 0)] : data.Labels[0];
        if (data.Labels.Index().All(l => l.Item == first || data.Weights?[l.Index] == 0))
            throw new TrainingFailedException("All training rows have the same class, so there is nothing to tell apart.");
    }
}

/// <summary>Passes on progress from any thread so that it never runs backwards.</summary>
internal sealed class MonotoneProgress(Action<double>? report)
{
    private readonly Lock _lock = new();
    private double _highest;

    public void Report(double share)
    {
        if (report is null) return;
        lock (_lock)
        {
            if (share <= _highest) return;
            _highest = Math.Min(1, share);
            report(_highest);
        }
    }
}
