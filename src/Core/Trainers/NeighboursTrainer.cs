namespace ModelWorkbench.Core.Trainers;

/// <summary>Answers as the most similar training rows did.</summary>
/// <remarks>Cover and Hart (1967), Nearest neighbor pattern classification, IEEE Transactions on Information Theory 13.</remarks>
public sealed class NeighboursTrainer : Trainer
{
    // Every prediction looks at every training row.
    private const int LargestRowCount = 50_000;
    private const long LargestMatrix = 20_000_000;

    public override string Id => "neighbours";
    public override string Name => "Nearest neighbours";
    public override string Description => "Answers as the most similar training rows did; needs no assumption about the relation, but enough rows everywhere, and is slow at prediction.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => true;

    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape)
        ?? (shape.RowCount > LargestRowCount ? $"{Name} looks at every training row for each prediction and takes at most {LargestRowCount:N0} rows; there are {shape.RowCount:N0}." : null)
        ?? (shape.RowCount * (long)shape.FeatureCount > LargestMatrix ? $"{Name} keeps all training rows and takes at most {LargestMatrix:N0} values; there are {shape.RowCount * (long)shape.FeatureCount:N0}." : null);

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape)
    {
        var most = Math.Clamp(shape.RowCount / 2, 2, 200);
        return
        [
            new("neighbours", "Neighbours", "More make the answer smoother; one repeats the nearest row.", 1, most, Math.Min(15, most)) { IsLogarithmic = true, IsWhole = true },
            Hyperparameter.Choice("weighting", "Weighting", "All neighbours alike, or nearer ones more.", ["uniform", "inverse distance"], 1),
            Hyperparameter.Choice("distance", "Distance", "Straight line, or the sum of the differences: less moved by a single feature.", ["Euclid", "Manhattan"], 0),
        ];
    }

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Search"] = "exact, over all training rows",
        ["Answer"] = task == LearningTask.Regression ? "weighted mean of the neighbours" : "weighted class shares of the neighbours, with those of all training rows as one more neighbour",
    };

    // Nothing is learnt; judging the held-out fifth of the rows is what costs.
    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) =>
        0.002 + (shape.RowCount * (shape.RowCount / 4.0) * ((shape.FeatureCount * 2e-10) + 2e-9));

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 4L * shape.RowCount * shape.FeatureCount;

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        cancellationToken.ThrowIfCancellationRequested();
        // A row without weight has no say.
        if (data.Weights is { } weights && Array.Exists(weights, w => w == 0)) data = data.Take([.. Enumerable.Range(0, weights.Length).Where(r => weights[r] > 0)]);
        context.Progress?.Invoke(1);
        return new TrainedScorer(new NeighboursScorer(
            data.Features.FeatureCount, data.Task == LearningTask.Regression ? 1 : data.ClassCount, data.Features.Values, data.Labels, data.Weights,
            Math.Min(values.Whole("neighbours"), data.Labels.Length), values.Whole("weighting") == 1, values.Whole("distance") == 1));
    }
}
