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
public sealed record TrainingShape(LearningTask Task, int RowCount, int FeatureCount, int ClassCount)
{
    /// <summary>Regression: the target is nowhere below 0 and so skewed that models may do better on its logarithm.</summary>
    public bool CanLogTarget { get; init; }

    /// <summary>Rows do not all count alike.</summary>
    public bool IsWeighted { get; init; }
}

/// <summary>How a single training run is to behave.</summary>
/// <param name="Seed">All randomness comes from it.</param>
/// <param name="Threads">At least 1.</param>
/// <param name="Progress">Called with 0 to 1, never backwards; may be called from any thread.</param>
public sealed record TrainingContext(int Seed, int Threads, Action<double>? Progress = null)
{
    /// <summary>Rows to judge by when to stop, encoded as the training rows are; null where there are none. Only a trainer that learns in iterations looks at them.</summary>
    public TrainingData? Validation { get; init; }

    /// <summary>Cancelled when time is short: a trainer that learns in iterations then ends after the one it is in and returns the best so far. Others take no notice.</summary>
    public CancellationToken StopEarly { get; init; }

    /// <summary>Learn for exactly so many iterations (trees, passes) instead of asking the data when to stop: how a model is fitted anew on more rows.</summary>
    public int? Iterations { get; init; }
}

/// <summary>What a training run yields.</summary>
/// <param name="Scorer">What was learnt.</param>
/// <param name="Iterations">After how many iterations it was best; null for a trainer that has none to choose.</param>
public sealed record TrainedScorer(Scorer Scorer, int? Iterations = null);

/// <summary>A way to learn a scorer from training data. Immutable; one instance serves many runs at once.</summary>
public abstract class Trainer
{
    /// <summary>Stable, in URLs and files: <c>random-forest</c>.</summary>
    public abstract string Id { get; }

    /// <summary>What people read: <c>Random forest</c>.</summary>
    public abstract string Name { get; }

    /// <summary>One sentence for the help text: what it does, when it is good.</summary>
    public abstract string Description { get; }

    /// <summary>The family's own dials for such data, the most telling first; empty where there are none. Ranges may depend on the shape.</summary>
    public virtual IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) => [];

    /// <summary>The dial that chooses between the target and its logarithm.</summary>
    public const string TargetScaleId = "target-scale";

    private static readonly Hyperparameter TargetScale = Hyperparameter.Choice(
        TargetScaleId, "Target", "Learns the target as it is, or its logarithm: then errors count in proportion, which suits sums of money and other numbers of very different size.", ["as it is", "logarithm"], 0);

    /// <summary>All dials: the family's own, then what every family has on such data; empty where it has none of its own.</summary>
    public IReadOnlyList<Hyperparameter> Dials(TrainingShape shape)
    {
        var own = Hyperparameters(shape);
        return shape is { Task: LearningTask.Regression, CanLogTarget: true } && own.Count > 0 ? [.. own, TargetScale] : own;
    }

    /// <summary>Whether values ask for the logarithm of the target; what calls <see cref="Train"/> then passes it, and turns the answers back.</summary>
    internal bool LearnsLogarithm(HyperparameterValues values, TrainingShape shape) => values.Fit(Dials(shape)).ById.GetValueOrDefault(TargetScaleId) == 1;

    /// <summary>What is not a dial but worth knowing: method, loss, how it stops. Name and value, for people.</summary>
    public abstract IReadOnlyDictionary<string, string> FixedSettings(LearningTask task);

    /// <summary>What the leaderboard shows on a click: the values of the dials, then what is fixed.</summary>
    public IReadOnlyDictionary<string, string> Settings(TrainingShape shape, HyperparameterValues values)
    {
        var settings = new Dictionary<string, string>();
        foreach (var dial in Dials(shape))
            if (values.ById.TryGetValue(dial.Id, out var value)) settings[dial.Name] = dial.Format(value);
        foreach (var (name, value) in FixedSettings(shape.Task)) settings.TryAdd(name, value);
        return settings;
    }

    public abstract FeatureEncoding Encoding { get; }

    public abstract bool Supports(LearningTask task);

    /// <summary>Whether a comparison includes it without being asked.</summary>
    public virtual bool IsDefault => true;

    /// <summary>Whether <see cref="TrainingData.Weights"/> are heeded; a trainer that does not refuses them.</summary>
    public virtual bool SupportsWeights => true;

    /// <summary>Null, or the reason why this trainer cannot do the work, said before anything runs.</summary>
    public virtual string? WhyNot(TrainingShape shape) =>
        !Supports(shape.Task) ? $"{Name} does not do {shape.Task.ToString().ToLowerInvariant()}."
        : shape.IsWeighted && !SupportsWeights ? $"{Name} cannot weigh rows." : null;

    /// <summary>Processor time of one training run, in seconds on one core of an ordinary server: right to about a factor of three, and the same for the same arguments on every machine.</summary>
    /// <param name="shape">Of the training rows.</param>
    /// <param name="values">One for each dial.</param>
    /// <param name="iterations">After how many it ended, where that is known.</param>
    public abstract double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null);

    /// <summary>Memory that a training run takes beside the features it is given, in bytes; right to about a factor of two, rather too much.</summary>
    public abstract long MemoryBytes(TrainingShape shape, HyperparameterValues values);

    /// <summary>Learns from all rows of <paramref name="data"/>.</summary>
    /// <param name="data">Encoded as <see cref="Encoding"/> says.</param>
    /// <param name="values">One for each dial of <see cref="Hyperparameters"/>.</param>
    /// <param name="context">How to behave.</param>
    /// <param name="cancellationToken">Stops soon and leaves nothing behind.</param>
    /// <exception cref="OperationCanceledException">Cancelled; nothing half-made is returned.</exception>
    /// <exception cref="TrainingFailedException">The data made training impossible; the message says why.</exception>
    public abstract TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken);
}

/// <summary>Training could not be done on this data. The message is a row of the leaderboard.</summary>
public sealed class TrainingFailedException(string message, Exception? inner = null) : Exception(message, inner);
