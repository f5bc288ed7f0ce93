namespace ModelWorkbench.Core.Trainers;

/// <summary>Each class as independent normal distributions of the features.</summary>
/// <remarks>The same estimates as scikit-learn's GaussianNB: the dial is its var_smoothing. As features that tell the same are counted as often as they are there, the log-odds
/// are far too large; they are scaled by the factor under which rows that were held out are most likely (Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, ICML).</remarks>
public sealed class GaussianBayesTrainer : Trainer
{
    public override string Id => "naive-bayes";
    public override string Name => "Naive Bayes";
    public override string Description => "Takes every feature of a class as normally distributed and independent of the others; learns at once from very few rows, and is over-confident where features tell the same.";
    public override FeatureEncoding Encoding => FeatureEncoding.OneHotStandardized;
    public override bool Supports(LearningTask task) => task != LearningTask.Regression;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape);

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) =>
        [new("smoothing", "Smoothing", "Share of the largest variance that is added to all; more is less sure of itself.", 1e-9, 1, 1e-2) { IsLogarithmic = true }];

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string> { ["Distribution"] = "normal, independent within a class", ["Probabilities"] = $"log-odds scaled as fits out-of-fold rows best, {CalibrationFolds} folds" };

    private const int CalibrationFolds = 3;

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) => 0.001 + (2e-8 * shape.RowCount * (double)shape.FeatureCount);

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 32L * shape.FeatureCount * Math.Max(2, shape.ClassCount);

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        TrainingChecks.RequireTwoClasses(data);
        var sharpness = Sharpness(data, values["smoothing"], context.Seed, cancellationToken);
        context.Progress?.Invoke(1);
        return new TrainedScorer(Estimate(data, values["smoothing"], sharpness, cancellationToken));
    }

    /// <summary>The factor on the log-odds, 0.001 to 1, under which rows are most likely that were not learnt from.</summary>
    private static double Sharpness(TrainingData data, double smoothing, int seed, CancellationToken cancellationToken)
    {
        var order = Enumerable.Range(0, data.Labels.Length).ToArray();
        new Random(seed).Shuffle(order);
        var logOdds = new double[data.Labels.Length][];
        for (var fold = 0; fold < CalibrationFolds; fold++)
        {
            int[] learnt = [.. order.Where((_, i) => i % CalibrationFolds != fold)];
            if (learnt.Length == 0) return 1;
            var scorer = Estimate(data.Take(learnt), smoothing, 1, cancellationToken);
            for (var i = fold; i < order.Length; i += CalibrationFolds) scorer.LogOdds(data.Features.Row(order[i]), logOdds[order[i]] = new double[data.ClassCount]);
        }
        var (best, bestLoss) = (1.0, double.PositiveInfinity);
        for (var exponent = -30; exponent <= 0; exponent++)
        {
            var factor = Math.Pow(10, exponent / 10.0);
            var loss = 0.0;
            for (var row = 0; row < logOdds.Length; row++)
            {
                var (odds, largest, sum) = (logOdds[row], logOdds[row].Max(), 0.0);
                foreach (var value in odds) sum += Math.Exp(factor * (value - largest));
                loss += (data.Weights?[row] ?? 1) * (Math.Log(sum) - (factor * (odds[(int)data.Labels[row]] - largest)));
            }
            if (loss < bestLoss) (best, bestLoss) = (factor, loss);
        }
        return best;
    }

    private static GaussianBayesScorer Estimate(TrainingData data, double smoothing, double sharpness, CancellationToken cancellationToken)
    {
        int classes = data.ClassCount, features = data.Features.FeatureCount;
        var sums = new double[classes * features];
        var squares = new double[classes * features];
        var weights = new double[classes];
        for (var row = 0; row < data.Labels.Length; row++)
        {
            if (row % 4096 == 0) cancellationToken.ThrowIfCancellationRequested();
            var k = (int)data.Labels[row];
            double weight = data.Weights?[row] ?? 1;
            weights[k] += weight;
            var values0 = data.Features.Row(row);
            for (var j = 0; j < features; j++)
            {
                sums[(k * features) + j] += weight * values0[j];
                squares[(k * features) + j] += weight * values0[j] * (double)values0[j];
            }
        }
        var total = weights.Sum();
        var largest = 0.0;
        for (var j = 0; j < features; j++)
        {
            double sum = 0, square = 0;
            for (var k = 0; k < classes; k++) (sum, square) = (sum + sums[(k * features) + j], square + squares[(k * features) + j]);
            largest = Math.Max(largest, (square / total) - (sum / total * (sum / total)));
        }
        var added = Math.Max(smoothing * largest, 1e-12);
        var means = new double[classes * features];
        var variances = new double[classes * features];
        var priors = new double[classes];
        for (var k = 0; k < classes; k++)
        {
            // A class without rows gets half a row's share, around 0 with the widest spread: finite, and never likely.
            priors[k] = Math.Log(Math.Max(weights[k], 0.5) / total);
            for (var j = 0; j < features; j++)
            {
                var at = (k * features) + j;
                means[at] = weights[k] > 0 ? sums[at] / weights[k] : 0;
                variances[at] = (weights[k] > 0 ? Math.Max(0, (squares[at] / weights[k]) - (means[at] * means[at])) : largest) + added;
            }
        }
        return new GaussianBayesScorer(features, means, variances, priors, sharpness);
    }
}
