using Microsoft.ML;
using Microsoft.ML.Trainers;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A weighted sum of the features: logistic regression for classes, ridge regression for numbers.</summary>
public sealed class LogisticRegressionTrainer : Trainer
{
    public override string Id => "linear-lbfgs";
    public override string Name => "Linear model (L-BFGS)";
    public override string Description => "Adds up weighted features; quick, well calibrated and easy to explain, and hard to beat where effects add up. Numbers are predicted by ridge regression.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => true;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape);

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape)
    {
        var penalty = new Hyperparameter("penalty", "Penalty", "Pulls the weights towards 0; more is smoother.", 1e-4, 1e4, 1) { IsLogarithmic = true };
        return shape.Task == LearningTask.Regression ? [penalty]
            : [penalty, new Hyperparameter("l1-share", "L1 share of the penalty", "What is put on absolute rather than squared weights; it sets weights to exactly 0.", 0, 1, 0)];
    }

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Method"] = task == LearningTask.Regression ? "ridge regression, solved exactly (Cholesky)" : "logistic regression by L-BFGS",
    };

    /// <remarks>Least squares is one product of the features with themselves and a factorisation; L-BFGS makes some 50 passes.</remarks>
    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null)
    {
        double rows = shape.RowCount, features = shape.FeatureCount;
        return shape.Task == LearningTask.Regression
            ? 0.005 + (rows * features * features * 1.5e-10) + (features * features * features * 5e-10)
            : 0.02 + (rows * features * (shape.Task == LearningTask.Multiclass ? shape.ClassCount : 1) * 2e-7);
    }

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => shape.Task == LearningTask.Regression
        ? 24L * shape.FeatureCount * shape.FeatureCount
        : (8L * shape.RowCount * shape.FeatureCount) + (200L * shape.FeatureCount * shape.ClassCount);

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task == LearningTask.Regression)
            return new TrainedScorer(RidgeRegression.Fit(data.Features, data.Labels, data.Weights, values["penalty"], new MonotoneProgress(context.Progress), cancellationToken));
        TrainingChecks.RequireTwoClasses(data);
        // One thread: with more, ML.NET adds up in another order, and the same seed would not give the same weights.
        float l1 = (float)(values["penalty"] * values["l1-share"]), l2 = (float)(values["penalty"] * (1 - values["l1-share"]));
        var weight = data.Weights is null ? null : MatrixDataView.Weight;
        return new TrainedScorer(MlNetRun.Execute(context.Seed, cancellationToken, ml =>
        {
            var view = new MatrixDataView(data, cancellationToken);
            return data.Task == LearningTask.Binary
                ? MlNetLinear.ToScorer(ml.BinaryClassification.Trainers.LbfgsLogisticRegression(
                    new LbfgsLogisticRegressionBinaryTrainer.Options { L1Regularization = l1, L2Regularization = l2, ExampleWeightColumnName = weight, NumberOfThreads = 1 }).Fit(view).Model)
                : MlNetLinear.ToScorer(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                    new LbfgsMaximumEntropyMulticlassTrainer.Options { L1Regularization = l1, L2Regularization = l2, ExampleWeightColumnName = weight, NumberOfThreads = 1 }).Fit(view).Model);
        }));
    }
}
