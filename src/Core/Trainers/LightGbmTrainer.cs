using System.Globalization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Gradient-boosted trees by LightGBM, stopped where held-out rows no longer gain, evaluated by managed code.</summary>
/// <remarks>Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree, NIPS 30.</remarks>
public sealed class LightGbmTrainer : Trainer
{
    private const int MaximumIterations = 3000;
    private const int IterationsWithoutStopping = 100;

    // With LightGBM's own value boosting diverges on several classes of which some are rare.
    private const double MulticlassSmallestHessian = 0.1;

    public override string Id => "lightgbm";
    public override string Name => "Boosted trees (LightGBM)";
    public override string Description => "Adds up decision trees, each correcting the ones before, until held-out rows no longer gain; usually the most accurate on tables, and takes missing values as they are.";
    public override FeatureEncoding Encoding => FeatureEncoding.Codes;
    public override bool Supports(LearningTask task) => true;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape) ?? LightGbmLibrary.LoadProblem;

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape)
    {
        // Small tables need small leaves to have any split at all.
        var smallestLeaf = Math.Clamp(shape.RowCount / 20, 1, 20);
        return
        [
            new("learning-rate", "Learning rate", "How far each tree corrects the ones before; less needs more trees and often ends a little better.", 0.01, 0.3, 0.1) { IsLogarithmic = true, CheapStart = 0.3 },
            new("leaves", "Leaves a tree", "More leaves catch more of how features act together, and overfit sooner.", 3, Math.Clamp(shape.RowCount / 8, 8, 512), Math.Min(31, Math.Clamp(shape.RowCount / 8, 8, 512))) { IsLogarithmic = true, IsWhole = true, CheapStart = 4 },
            new("smallest-leaf", "Smallest leaf", "Rows a leaf must hold; more make the model smoother.", 1, Math.Max(2, Math.Min(200, shape.RowCount / 4)), smallestLeaf) { IsLogarithmic = true, IsWhole = true },
            new("feature-fraction", "Share of features a tree", "Trees that see different features differ more, and average out better.", 0.2, 1, 1),
            new("row-fraction", "Share of rows a tree", "Trees that see different rows differ more, and average out better.", 0.4, 1, 1),
            new("l1", "L1 penalty", "Draws the answers of leaves to 0; more for noisy data.", 1e-3, 100, 1e-3) { IsLogarithmic = true },
            new("l2", "L2 penalty", "Makes the answers of leaves smaller; more for noisy data.", 1e-3, 100, shape.Task == LearningTask.Multiclass ? 1 : 1e-3) { IsLogarithmic = true },
            .. shape.Task == LearningTask.Regression ? [Loss] : (Hyperparameter[])[],
            Hyperparameter.Choice("thresholds", "Thresholds", "The best one of each feature, or one at random: smoother, for noisy data.", ["best", "random"], 0),
        ];
    }

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Iterations"] = $"at most {MaximumIterations}, until the loss on held-out rows no longer falls",
        ["Loss"] = task == LearningTask.Regression ? "squared error" : "log loss",
    };

    private const string LossId = "loss";

    private static readonly Hyperparameter Loss = Hyperparameter.Choice(
        LossId, "Loss", "Squared errors make the answer the mean, absolute ones the median: for targets with a few very large values, and where the middle of the errors counts.", ["squared error", "absolute error"], 0);

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null)
    {
        double rate = values["learning-rate"], leaves = values["leaves"];
        var trees = (iterations ?? Math.Clamp(14 / rate, 60, MaximumIterations / 2.0)) + Patience(rate);
        if (shape.Task == LearningTask.Multiclass) trees *= Math.Max(2, shape.ClassCount);
        var features = shape.FeatureCount * (0.3 + (0.7 * values["feature-fraction"]));
        return 0.002 + (trees * features * ((shape.RowCount * 1.5e-9 * Math.Log2(leaves + 1)) + (leaves * 1.2e-6)));
    }

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => MemoryBytes(shape, values.Whole("leaves"));

    internal static long MemoryBytes(TrainingShape shape, int leaves) =>
        (shape.RowCount * (long)(shape.FeatureCount + (16 * Math.Max(1, shape.ClassCount)))) + (leaves * 256L * 24 * shape.FeatureCount) + (32L << 20);

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        var (text, iterations) = TrainText(data, values, context, cancellationToken);
        return new TrainedScorer(Read(data, text), iterations);
    }

    /// <exception cref="TrainingFailedException">What the library wrote is no model for such data.</exception>
    internal static Scorer Read(TrainingData data, string text)
    {
        try
        {
            return LightGbmModelText.Parse(text, data.Features.FeatureCount, data.Task, data.ClassCount);
        }
        catch (InvalidDataException e)
        {
            throw new TrainingFailedException(e.Message, e);
        }
    }

    /// <summary>The trained model in LightGBM's own words, and after how many iterations it was best.</summary>
    internal static (string Text, int Iterations) TrainText(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LightGbmLibrary.Silence();
        var (learnt, judged) = HoldOut.ForStopping(data, context);
        var parameters = Parameters(data, values, context);
        var iterations = context.Iterations ?? (judged is null ? IterationsWithoutStopping : MaximumIterations);
        var patience = Patience(values["learning-rate"]);
        var progress = new MonotoneProgress(context.Progress);
        nint training = 0, validation = 0, booster = 0;
        try
        {
            training = LightGbmLibrary.CreateDataset(learnt.Features.Values, learnt.Labels, learnt.Weights, learnt.Features.FeatureCount, parameters, 0);
            LightGbmLibrary.Check(LightGbmLibrary.BoosterCreate(training, parameters, out booster));
            if (judged is not null)
            {
                validation = LightGbmLibrary.CreateDataset(judged.Features.Values, judged.Labels, judged.Weights, judged.Features.FeatureCount, parameters, training);
                LightGbmLibrary.Check(LightGbmLibrary.BoosterAddValidData(booster, validation));
            }
            var (best, bestIterations, done) = (double.PositiveInfinity, 0, 0);
            while (done < iterations)
            {
                cancellationToken.ThrowIfCancellationRequested();
                LightGbmLibrary.Check(LightGbmLibrary.BoosterUpdateOneIteration(booster, out var isFinished));
                done++;
                // Where it ends is not known: the bar slows down and arrives when training does.
                progress.Report(judged is null ? (double)done / iterations : 1 - Math.Exp(-done * values["learning-rate"] / 8));
                if (isFinished != 0 || (judged is not null && context.StopEarly.IsCancellationRequested && bestIterations > 0)) break;
                if (judged is null) continue;
                var loss = LightGbmLibrary.Evaluate(booster, 1);
                if (loss < best) (best, bestIterations) = (loss, done);
                else if (done - bestIterations >= patience) break;
            }
            progress.Report(1);
            var kept = judged is null ? done : Math.Max(1, bestIterations);
            return (LightGbmLibrary.ToText(booster, kept), kept);
        }
        finally
        {
            if (booster != 0) _ = LightGbmLibrary.BoosterFree(booster);
            if (validation != 0) _ = LightGbmLibrary.DatasetFree(validation);
            if (training != 0) _ = LightGbmLibrary.DatasetFree(training);
        }
    }

    /// <summary>Iterations without gain after which training stops: slow learners gain in smaller steps.</summary>
    private static int Patience(double learningRate) => (int)Math.Clamp(20 + (2 / learningRate), 25, 200);

    internal static string Parameters(TrainingData data, HyperparameterValues values, TrainingContext context)
    {
        var rowFraction = values["row-fraction"];
        return Common(data, values, context, takesMedian: values.ById.GetValueOrDefault(LossId) == 1) + string.Create(CultureInfo.InvariantCulture,
            $" feature_fraction={values["feature-fraction"]} bagging_fraction={rowFraction} bagging_freq={(rowFraction < 1 ? 1 : 0)} lambda_l1={values["l1"]} lambda_l2={values["l2"]} extra_trees={(values.Whole("thresholds") == 1 ? "true" : "false")}");
    }

    /// <summary>What all ways of boosting have in common.</summary>
    internal static string Common(TrainingData data, HyperparameterValues values, TrainingContext context, bool takesMedian = false)
    {
        var objective = data.Task switch
        {
            LearningTask.Binary => "objective=binary metric=binary_logloss",
            LearningTask.Multiclass => FormattableString.Invariant($"objective=multiclass metric=multi_logloss num_class={data.ClassCount} min_sum_hessian_in_leaf={MulticlassSmallestHessian}"),
            _ => takesMedian ? "objective=regression_l1 metric=l1" : "objective=regression metric=l2",
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"{objective} learning_rate={values["learning-rate"]} num_leaves={values.Whole("leaves")} min_data_in_leaf={values.Whole("smallest-leaf")} feature_pre_filter=false seed={context.Seed} num_threads={context.Threads} deterministic=true force_col_wise=true verbosity=-1");
    }
}
