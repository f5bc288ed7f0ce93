namespace ModelWorkbench.Core.Trainers;

/// <summary>A small fully connected network with rectified linear units, learnt by Adam with decoupled weight decay; what is kept is a running mean of the weights.</summary>
/// <remarks>Kingma and Ba (2015), Adam, ICLR; Loshchilov and Hutter (2019), Decoupled weight decay regularization, ICLR; Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging.</remarks>
public sealed class NeuralNetworkTrainer : Trainer
{
    private const int MaximumEpochs = 200;
    private const int EpochsWithoutStopping = 40;
    private const int Patience = 15;
    private const int LargestClassCount = 200;
    private const int LargestFeatureCount = 5_000;

    public override string Id => "neural-network";
    public override string Name => "Neural network";
    public override string Description => "A small network of weighted sums and thresholds; finds smooth relations between many features that trees can only approximate in steps.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => true;

    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape)
        ?? (shape.ClassCount > LargestClassCount ? $"{Name} takes at most {LargestClassCount} classes; there are {shape.ClassCount}." : null)
        ?? (shape.FeatureCount > LargestFeatureCount ? $"{Name} takes at most {LargestFeatureCount:N0} features; there are {shape.FeatureCount:N0}." : null);

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) =>
    [
        new("hidden-units", "Units a layer", "More units catch finer relations, and need more rows.", 16, 256, 64) { IsLogarithmic = true, IsWhole = true, CheapStart = 16 },
        new("layers", "Hidden layers", "More layers combine relations of relations.", 1, 3, 2) { IsWhole = true, CheapStart = 1 },
        new("learning-rate", "Learning rate", "How far each step goes; too large is unstable, too small never arrives.", 3e-4, 1e-2, 2e-3) { IsLogarithmic = true },
        new("weight-decay", "Weight decay", "Draws weights to 0; more for few or noisy rows.", 1e-5, 0.3, 1e-2) { IsLogarithmic = true },
        new("dropout", "Dropout", "Share of units switched off at random while learning; more for few rows.", 0, 0.5, 0.1),
    ];

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Passes over the rows"] = $"at most {MaximumEpochs}, until the loss on held-out rows has not fallen for {Patience}",
        ["Loss"] = task == LearningTask.Regression ? "squared error of the standardised target" : "log loss",
        ["Method"] = "Adam with decoupled weight decay, running mean of the weights",
    };

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null)
    {
        double units = values["hidden-units"], layers = values["layers"];
        var weights = (shape.FeatureCount * units) + ((layers - 1) * units * units) + (units * Math.Max(1, shape.ClassCount));
        var epochs = (iterations ?? 40) + (iterations is null ? 0 : Patience);
        return 0.005 + (epochs * shape.RowCount * ((weights * 8e-10) + (units * layers * 6e-9)));
    }

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values)
    {
        double units = values["hidden-units"], layers = values["layers"];
        return (long)(24 * ((shape.FeatureCount * units) + (layers * units * units) + (units * Math.Max(1, shape.ClassCount)))) + (4L << 20);
    }

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        (data, var judged) = HoldOut.ForStopping(data, context);
        var network = new NetworkLearner(data, values.Whole("hidden-units"), values.Whole("layers"), (float)values["learning-rate"], (float)values["weight-decay"], (float)values["dropout"], context.Seed);
        var epochs = context.Iterations ?? (judged is null ? EpochsWithoutStopping : MaximumEpochs);
        var progress = new MonotoneProgress(context.Progress);
        var (best, bestEpoch, kept) = (double.PositiveInfinity, 0, (NeuralScorer?)null);
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            network.Learn(cancellationToken);
            progress.Report(judged is null ? (double)epoch / epochs : 1 - Math.Exp(-epoch / 30.0));
            if (judged is null) continue;
            var scorer = network.ToScorer();
            var loss = Loss(scorer, judged);
            if (loss < best) (best, bestEpoch, kept) = (loss, epoch, scorer);
            else if (epoch - bestEpoch >= Patience) break;
            if (context.StopEarly.IsCancellationRequested) break;
        }
        kept ??= network.ToScorer();
        return kept.IsFinite ? new TrainedScorer(kept, judged is null ? epochs : Math.Max(1, bestEpoch))
            : throw new TrainingFailedException("Training diverged: a weight became infinite. A smaller learning rate would help.");
    }

    private static double Loss(NeuralScorer scorer, TrainingData judged)
    {
        Span<double> outputs = stackalloc double[scorer.OutputCount];
        double loss = 0, total = 0;
        for (var row = 0; row < judged.Labels.Length; row++)
        {
            double weight = judged.Weights?[row] ?? 1;
            if (weight == 0) continue;
            scorer.Score(judged.Features.Row(row), outputs);
            if (judged.Task == LearningTask.Regression) loss += weight * (outputs[0] - judged.Labels[row]) * (outputs[0] - judged.Labels[row]);
            else loss -= weight * Math.Log(Math.Max(1e-12, outputs[(int)judged.Labels[row]]));
            total += weight;
        }
        return double.IsNaN(loss) || total == 0 ? double.PositiveInfinity : loss / total;
    }
}
