using Microsoft.ML;
using AveragedPerceptron = Microsoft.ML.Trainers.AveragedPerceptronTrainer;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A linear separation learnt from mistakes, with scores turned into probabilities on rows held out for that.</summary>
public sealed class AveragedPerceptronTrainer : Trainer
{
    private const int CalibrationFolds = 3;
    private const int MaximumClasses = 100;

    public override string Id => "averaged-perceptron";
    public override string Name => "Averaged perceptron";
    public override string Description => "Moves a separating plane at every mistake and averages its positions; very fast, good on many sparse features such as words.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => task != LearningTask.Regression;

    public override string? WhyNot(TrainingShape shape) =>
        base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape) ?? TrainingChecks.TooManyClasses(shape, MaximumClasses, Name);

    public override bool SupportsWeights => false;

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) =>
    [
        new("passes", "Passes over the rows", "More passes follow the rows more closely.", 1, 50, 10) { IsLogarithmic = true, IsWhole = true, CheapStart = 2 },
        new("learning-rate", "Learning rate", "How far the plane moves at a mistake.", 0.01, 10, 1) { IsLogarithmic = true },
    ];

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Probabilities"] = $"Platt scaling on out-of-fold scores, {CalibrationFolds} folds",
        ["Classes"] = task == LearningTask.Multiclass ? "each against the rest" : "two",
    };

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) => new(Learn(data, values, context, cancellationToken));

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) => 0.005 + (5e-9 * values["passes"] * shape.RowCount * shape.FeatureCount * Math.Max(1, shape.ClassCount - 1));

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 8L * shape.RowCount * shape.FeatureCount;

    private Scorer Learn(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        TrainingChecks.RequireTwoClasses(data);
        var progress = new MonotoneProgress(context.Progress);
        if (data.Task == LearningTask.Binary)
        {
            var (weights, bias) = TrainCalibrated(data.Features, data.Labels, values, context.Seed, progress.Report, cancellationToken);
            return MlNetLinear.Build(weights, [bias], LinearLink.Logistic);
        }
        var allWeights = new double[data.ClassCount * data.Features.FeatureCount];
        var biases = new double[data.ClassCount];
        for (var k = 0; k < data.ClassCount; k++)
        {
            var index = k;
            var labels = Array.ConvertAll(data.Labels, l => l == index ? 1f : 0f);
            var (weights, bias) = TrainCalibrated(data.Features, labels, values, context.Seed, share => progress.Report((index + share) / data.ClassCount), cancellationToken);
            weights.CopyTo(allWeights, k * data.Features.FeatureCount);
            biases[k] = bias;
        }
        return MlNetLinear.Build(allWeights, biases, LinearLink.OneVersusAll);
    }

    /// <summary>A perceptron on all rows, its score scaled to log-odds as learnt from scores of rows that others of its kind had not seen.</summary>
    private static (double[] Weights, double Bias) TrainCalibrated(FeatureMatrix features, float[] labels, HyperparameterValues values, int seed, Action<double> report, CancellationToken cancellationToken)
    {
        var folds = AssignFolds(labels, seed);
        var scores = new double[labels.Length];
        for (var fold = 0; fold < CalibrationFolds; fold++)
        {
            var (weights, bias) = TrainOne(features, labels, [.. Enumerable.Range(0, labels.Length).Where(r => folds[r] != fold)], values, seed, cancellationToken);
            for (var row = 0; row < labels.Length; row++)
                if (folds[row] == fold) scores[row] = Score(features.Row(row), weights, bias);
            report((fold + 1.0) / (CalibrationFolds + 1));
        }
        var final = TrainOne(features, labels, [.. Enumerable.Range(0, labels.Length)], values, seed, cancellationToken);
        var scaling = PlattScaling.Fit(scores, Array.ConvertAll(labels, l => l > 0));
        report(1);
        return (Array.ConvertAll(final.Weights, w => w * scaling.Slope), (final.Bias * scaling.Slope) + scaling.Offset);
    }

    /// <summary>Folds of equal class shares, drawn by the seed.</summary>
    private static int[] AssignFolds(float[] labels, int seed)
    {
        var order = Enumerable.Range(0, labels.Length).ToArray();
        new Random(seed).Shuffle(order);
        var folds = new int[labels.Length];
        var next = 0;
        foreach (var row in order.OrderBy(r => labels[r])) folds[row] = next++ % CalibrationFolds;
        return folds;
    }

    private static (double[] Weights, double Bias) TrainOne(FeatureMatrix features, float[] labels, int[] rows, HyperparameterValues values, int seed, CancellationToken cancellationToken)
    {
        // Without both classes there is nothing to separate; a score of 0 says so.
        if (Array.TrueForAll(rows, r => labels[r] == labels[rows[0]])) return (new double[features.FeatureCount], 0);
        return MlNetRun.Execute(seed, cancellationToken, ml =>
        {
            var model = ml.BinaryClassification.Trainers.AveragedPerceptron(new AveragedPerceptron.Options
            {
                NumberOfIterations = values.Whole("passes"),
                LearningRate = (float)values["learning-rate"],
            }).Fit(new MatrixDataView(features, labels, rows, LearningTask.Binary, 2, cancellationToken)).Model;
            return (model.Weights.Select(w => (double)w).ToArray(), (double)model.Bias);
        });
    }

    private static double Score(ReadOnlySpan<float> features, double[] weights, double bias)
    {
        for (var j = 0; j < features.Length; j++) bias += features[j] * weights[j];
        return bias;
    }
}
