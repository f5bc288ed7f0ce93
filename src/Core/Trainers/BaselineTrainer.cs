namespace ModelWorkbench.Core.Trainers;

/// <summary>Class shares or the mean of the training rows, whatever the features say.</summary>
public sealed class BaselineTrainer : Trainer
{
    public const string BaselineId = "baseline";
    public override string Id => BaselineId;
    public override string Name => "Baseline";
    public override string Description => "Ignores the features and always answers with the class shares or the mean of the training rows; a model that is not better has learnt nothing.";
    public override FeatureEncoding Encoding => FeatureEncoding.Codes;
    public override bool Supports(LearningTask task) => true;

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Answer"] = task == LearningTask.Regression ? "mean" : "class shares",
    };

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) => new(Learn(data, context, cancellationToken));

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) => 1e-8 * shape.RowCount;

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 8L * shape.ClassCount;

    private Scorer Learn(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        cancellationToken.ThrowIfCancellationRequested();
        var total = data.Weights?.Sum(w => (double)w) ?? data.Labels.Length;
        if (data.Task == LearningTask.Regression)
            return new ConstantScorer(data.Features.FeatureCount, [data.Labels.Index().Sum(l => (data.Weights?[l.Index] ?? 1) * (double)l.Item / total)]);
        var shares = new double[data.ClassCount];
        foreach (var (row, label) in data.Labels.Index()) shares[(int)label] += (data.Weights?[row] ?? 1) / total;
        return new ConstantScorer(data.Features.FeatureCount, shares);
    }
}
