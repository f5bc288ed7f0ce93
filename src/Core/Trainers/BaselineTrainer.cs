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

    public override IReadOnlyDictionary<string, string> Settings(LearningTask task) => new Dictionary<string, string>
    {
        ["Answer"] = task == LearningTask.Regression ? "mean" : "class shares",
    };

    public override Scorer Train(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        cancellationToken.ThrowIfCancellationRequested();
        if (data.Task == LearningTask.Regression) return new ConstantScorer(data.Features.FeatureCount, [data.Labels.Average(l => (double)l)]);
        var shares = new double[data.ClassCount];
        foreach (var label in data.Labels) shares[(int)label] += 1.0 / data.Labels.Length;
        return new ConstantScorer(data.Features.FeatureCount, shares);
    }
}
