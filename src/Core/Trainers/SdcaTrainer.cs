using Microsoft.ML;
using Microsoft.ML.Trainers;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A linear model by stochastic dual coordinate ascent.</summary>
public sealed class SdcaTrainer : Trainer
{
    public override string Id => "sdca";
    public override string Name => "Linear model (SDCA)";
    public override string Description => "A linear model learnt row by row with a penalty chosen from the data; scales to many rows and many features.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => true;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape);

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Loss"] = task switch { LearningTask.Binary => "logistic", LearningTask.Multiclass => "maximum entropy", _ => "squared error" },
        ["L1 and L2 penalty"] = "chosen from the data by ML.NET",
        ["Passes over the rows"] = "until converged, at most what ML.NET chooses from the data",
    };

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) => new(Learn(data, context, cancellationToken));

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) => 0.05 + (6e-7 * shape.RowCount * shape.FeatureCount * Math.Max(1, shape.ClassCount - 1));

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 8L * shape.RowCount * shape.FeatureCount;

    private Scorer Learn(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        // One thread: several race for the weights, and the same seed would not give the same model.
        return MlNetRun.Execute(context.Seed, cancellationToken, ml => data.Task switch
        {
            LearningTask.Binary => MlNetLinear.ToScorer(ml.BinaryClassification.Trainers.SdcaLogisticRegression(
                new SdcaLogisticRegressionBinaryTrainer.Options { NumberOfThreads = 1, ExampleWeightColumnName = data.Weights is null ? null : MatrixDataView.Weight }).Fit(new MatrixDataView(data, cancellationToken)).Model),
            LearningTask.Multiclass => MlNetLinear.ToScorer(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(
                new SdcaMaximumEntropyMulticlassTrainer.Options { NumberOfThreads = 1, ExampleWeightColumnName = data.Weights is null ? null : MatrixDataView.Weight }).Fit(new MatrixDataView(data, cancellationToken)).Model),
            _ => Regress(ml, data, cancellationToken),
        });
    }

    /// <summary>The numbers are standardised while learning, as penalty and stopping rule expect labels of about 1.</summary>
    private static LinearScorer Regress(MLContext ml, TrainingData data, CancellationToken cancellationToken)
    {
        var mean = data.Labels.Average(l => (double)l);
        var deviation = Math.Sqrt(data.Labels.Average(l => (l - mean) * (l - mean)));
        if (deviation == 0) return new LinearScorer(new double[data.Features.FeatureCount], [mean], LinearLink.Identity);
        var standardised = data with { Labels = Array.ConvertAll(data.Labels, l => (float)((l - mean) / deviation)) };
        var model = ml.Regression.Trainers.Sdca(new SdcaRegressionTrainer.Options { NumberOfThreads = 1, ExampleWeightColumnName = data.Weights is null ? null : MatrixDataView.Weight }).Fit(new MatrixDataView(standardised, cancellationToken)).Model;
        return MlNetLinear.Build([.. model.Weights.Select(w => w * deviation)], [(model.Bias * deviation) + mean], LinearLink.Identity);
    }
}
