namespace ModelWorkbench.Core.Trainers;

/// <summary>How columns become features.</summary>
public enum FeatureEncoding
{
    /// <summary>For trees that know missing values: numbers as they are, categories as codes, missing and unseen as NaN. A number that was never missing in
    /// training is filled by the training median, as the trees have learnt nothing about its absence.</summary>
    Codes,

    /// <summary>For trees that do not: as <see cref="Codes"/>, with missing values filled by the training median or most frequent code.</summary>
    FilledCodes,

    /// <summary>For linear models: numbers filled by the training median and standardised, categories one-hot, missing marked by a feature of its own.</summary>
    OneHotStandardized,
}

/// <summary>What a trainer needs to know to say whether it can do the work.</summary>
public sealed record TrainingShape(LearningTask Task, int RowCount, int FeatureCount, int ClassCount);

/// <summary>How a single training run is to behave.</summary>
/// <param name="Seed">All randomness comes from it.</param>
/// <param name="Threads">At least 1.</param>
/// <param name="Progress">Called with 0 to 1, never backwards; may be called from any thread.</param>
public sealed record TrainingContext(int Seed, int Threads, Action<double>? Progress = null);

/// <summary>A way to learn a scorer from training data. Immutable; one instance serves many runs at once.</summary>
public abstract class Trainer
{
    /// <summary>Stable, in URLs and files: <c>random-forest</c>.</summary>
    public abstract string Id { get; }

    /// <summary>What people read: <c>Random forest</c>.</summary>
    public abstract string Name { get; }

    /// <summary>One sentence for the help text: what it does, when it is good.</summary>
    public abstract string Description { get; }

    /// <summary>What the leaderboard shows on a click: the hyperparameters with the values used for this task.</summary>
    public abstract IReadOnlyDictionary<string, string> Settings(LearningTask task);

    public abstract FeatureEncoding Encoding { get; }

    public abstract bool Supports(LearningTask task);

    /// <summary>Null, or the reason why this trainer cannot do the work, said before anything runs.</summary>
    public virtual string? WhyNot(TrainingShape shape) =>
        Supports(shape.Task) ? null : $"{Name} does not do {shape.Task.ToString().ToLowerInvariant()}.";

    /// <summary>Learns from all rows of <paramref name="data"/>.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; nothing half-made is returned.</exception>
    /// <exception cref="TrainingFailedException">The data made training impossible; the message says why.</exception>
    public abstract Scorer Train(TrainingData data, TrainingContext context, CancellationToken cancellationToken);
}

/// <summary>Training could not be done on this data. The message is a row of the leaderboard.</summary>
public sealed class TrainingFailedException(string message, Exception? inner = null) : Exception(message, inner);
