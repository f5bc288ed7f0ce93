using Microsoft.ML;
using Microsoft.ML.Trainers;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A linear model by stochastic gradient descent: logistic loss for classes, squared error for numbers.</summary>
/// <remarks>Bottou (2012), Stochastic gradient descent tricks, in Neural Networks: Tricks of the Trade.</remarks>
public sealed class SgdTrainer : Trainer
{
    private const int MaximumClasses = 100;

    public override string Id => "sgd";
    public override string Name => "Linear model (SGD)";
    public override string Description => "A linear model that takes a small step after every row; one pass is enough where rows are many. L-BFGS is better where it has the time to converge.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => true;
    public override bool IsDefault => false;
    public override bool SupportsWeights => false;

    public override string? WhyNot(TrainingShape shape) =>
        base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape) ?? TrainingChecks.TooManyClasses(shape, MaximumClasses, Name);

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) =>
    [
        new("learning-rate", "Learning rate", "The first step, as a share of the one that would put a row of usual size right; steps become smaller.", 0.01, 1, 0.3) { IsLogarithmic = true },
        new("passes", "Passes over the rows", "More passes come closer to the best weights.", 1, 100, 20) { IsLogarithmic = true, IsWhole = true, CheapStart = 2 },
        new("l2", "L2 penalty", "Pulls the weights towards 0; more is smoother.", 1e-8, 1e-2, 1e-6) { IsLogarithmic = true },
    ];

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Loss"] = task == LearningTask.Regression ? "squared error" : "logistic",
        ["Classes"] = task switch { LearningTask.Multiclass => "each against the rest", LearningTask.Binary => "two", _ => "none" },
    };

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) =>
        0.02 + (4e-9 * values["passes"] * shape.RowCount * shape.FeatureCount * (shape.Task == LearningTask.Multiclass ? shape.ClassCount : 1));

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 8L * shape.RowCount * shape.FeatureCount;

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) => new(Learn(data, values, context, cancellationToken));

    private Scorer Learn(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task == LearningTask.Regression) return Regress(data, values, context, cancellationToken);
        TrainingChecks.RequireTwoClasses(data);
        var progress = new MonotoneProgress(context.Progress);
        if (data.Task == LearningTask.Binary)
        {
            var (weights, bias) = Separate(data, data.Labels, values, context, cancellationToken);
            progress.Report(1);
            return MlNetLinear.Build(weights, [bias], LinearLink.Logistic);
        }
        var allWeights = new double[data.ClassCount * data.Features.FeatureCount];
        var biases = new double[data.ClassCount];
        for (var k = 0; k < data.ClassCount; k++)
        {
            var index = k;
            var (weights, bias) = Separate(data, Array.ConvertAll(data.Labels, l => l == index ? 1f : 0f), values, context, cancellationToken);
            weights.CopyTo(allWeights, k * data.Features.FeatureCount);
            biases[k] = bias;
            progress.Report((k + 1.0) / data.ClassCount);
        }
        return MlNetLinear.Build(allWeights, biases, LinearLink.OneVersusAll);
    }

    /// <summary>The log-odds of one class.</summary>
    private static (double[] Weights, double Bias) Separate(TrainingData data, float[] labels, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        var positives = labels.Count(l => l > 0);
        // A class without rows keeps its share, with one row more on either side so that it is not impossible.
        if (positives == 0) return (new double[data.Features.FeatureCount], Math.Log(1.0 / (labels.Length + 1)));
        return MlNetRun.Execute(context.Seed, cancellationToken, ml =>
        {
            // One thread: several race for the weights, and the same seed would not give the same model.
            var model = ml.BinaryClassification.Trainers.SgdCalibrated(new SgdCalibratedTrainer.Options
            {
                NumberOfIterations = values.Whole("passes"),
                LearningRate = values["learning-rate"] * StepOf(data.Features),
                L2Regularization = (float)values["l2"],
                NumberOfThreads = 1,
            }).Fit(new MatrixDataView(data.Features, labels, [.. Enumerable.Range(0, labels.Length)], LearningTask.Binary, 2, cancellationToken)).Model;
            var scorer = MlNetLinear.ToScorer(model);
            return (scorer.Weights.ToArray(), scorer.Biases[0]);
        });
    }

    /// <summary>The numbers are standardised while learning, as steps expect labels of about 1.</summary>
    private static LinearScorer Regress(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        var mean = data.Labels.Average(l => (double)l);
        var deviation = Math.Sqrt(data.Labels.Average(l => (l - mean) * (l - mean)));
        if (deviation == 0) return new LinearScorer(new double[data.Features.FeatureCount], [mean], LinearLink.Identity);
        var standardised = data with { Labels = Array.ConvertAll(data.Labels, l => (float)((l - mean) / deviation)) };
        var scorer = MlNetRun.Execute(context.Seed, cancellationToken, ml =>
        {
            var model = ml.Regression.Trainers.OnlineGradientDescent(new OnlineGradientDescentTrainer.Options
            {
                NumberOfIterations = values.Whole("passes"),
                LearningRate = (float)(values["learning-rate"] * StepOf(data.Features)),
                L2Regularization = (float)values["l2"],
                Shuffle = true,
            }).Fit(new MatrixDataView(standardised, cancellationToken)).Model;
            return MlNetLinear.Build([.. model.Weights.Select(w => w * deviation)], [(model.Bias * deviation) + mean], LinearLink.Identity);
        });
        new MonotoneProgress(context.Progress).Report(1);
        return scorer;
    }

    /// <summary>The step that puts the error of a row of usual size right: one over its mean squared length, the bias counted in. Larger ones overshoot, and with many features diverge.</summary>
    private static double StepOf(FeatureMatrix features)
    {
        var sum = 0.0;
        foreach (var value in features.Values) sum += value * value;
        return 1 / (1 + (sum / Math.Max(1, features.RowCount)));
    }
}
