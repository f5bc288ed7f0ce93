using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Trainers;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A weighted sum of the features: logistic regression for classes, ridge regression for numbers.</summary>
public sealed class LogisticRegressionTrainer : Trainer
{
    private const float L1Penalty = 0;
    private const float L2Penalty = 1;
    private const double RidgePenalty = 1;

    public override string Id => "linear-lbfgs";
    public override string Name => "Linear model (L-BFGS)";
    public override string Description => "Adds up weighted features; quick, well calibrated and easy to explain, and hard to beat where effects add up. Numbers are predicted by ridge regression.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => true;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape);

    public override IReadOnlyDictionary<string, string> Settings(LearningTask task) => task == LearningTask.Regression
        ? new Dictionary<string, string>
        {
            ["Method"] = "ridge regression, solved exactly (Cholesky)",
            ["Penalty on squared weights (alpha)"] = RidgePenalty.ToString(CultureInfo.InvariantCulture),
        }
        : new Dictionary<string, string>
        {
            ["Method"] = "logistic regression by L-BFGS",
            ["L1 penalty"] = L1Penalty.ToString(CultureInfo.InvariantCulture),
            ["L2 penalty"] = L2Penalty.ToString(CultureInfo.InvariantCulture),
        };

    public override Scorer Train(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task == LearningTask.Regression)
            return RidgeRegression.Fit(data.Features, data.Labels, RidgePenalty, new MonotoneProgress(context.Progress), cancellationToken);
        TrainingChecks.RequireTwoClasses(data);
        // One thread: with more, ML.NET adds up in another order, and the same seed would not give the same weights.
        return MlNetRun.Execute(context.Seed, cancellationToken, ml =>
        {
            var view = new MatrixDataView(data, cancellationToken);
            return data.Task == LearningTask.Binary
                ? MlNetLinear.ToScorer(ml.BinaryClassification.Trainers.LbfgsLogisticRegression(
                    new LbfgsLogisticRegressionBinaryTrainer.Options { L1Regularization = L1Penalty, L2Regularization = L2Penalty, NumberOfThreads = 1 }).Fit(view).Model)
                : MlNetLinear.ToScorer(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                    new LbfgsMaximumEntropyMulticlassTrainer.Options { L1Regularization = L1Penalty, L2Regularization = L2Penalty, NumberOfThreads = 1 }).Fit(view).Model);
        });
    }
}
