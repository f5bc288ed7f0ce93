using System.Globalization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Gradient-boosted trees by LightGBM, stopped where held-out rows no longer gain, evaluated by managed code.</summary>
/// <remarks>Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree, NIPS 30.</remarks>
public sealed class LightGbmTrainer : Trainer
{
    private const double LearningRate = 0.1;
    private const int Leaves = 31;
    private const int SmallestLeaf = 20;
    private const int MaximumIterations = 1000;
    private const int IterationsWithoutStopping = 100;
    private const int Patience = 50;
    private const int SmallestRowCountToStop = 200;

    /// <summary>Every eighth row is held out: 12.5 %.</summary>
    private const int HoldOutEvery = 8;

    // With LightGBM's own values boosting diverges on several classes of which some are rare.
    private const double MulticlassL2Penalty = 1;
    private const double MulticlassSmallestHessian = 0.1;

    public override string Id => "lightgbm";
    public override string Name => "Boosted trees (LightGBM)";
    public override string Description => "Adds up decision trees, each correcting the ones before, until held-out rows no longer gain; usually the most accurate on tables, and takes missing values as they are.";
    public override FeatureEncoding Encoding => FeatureEncoding.Codes;
    public override bool Supports(LearningTask task) => true;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape) ?? LightGbmLibrary.LoadProblem;

    public override IReadOnlyDictionary<string, string> Settings(LearningTask task)
    {
        var settings = new Dictionary<string, string>
        {
            ["Learning rate"] = LearningRate.ToString(CultureInfo.InvariantCulture),
            ["Leaves a tree"] = Leaves.ToString(CultureInfo.InvariantCulture),
            ["Smallest leaf"] = $"{SmallestLeaf} rows, or 1 in 20 of fewer than {20 * SmallestLeaf}",
            ["Iterations"] = $"at most {MaximumIterations}, until {Patience} without gain on 12.5 % of the training rows; {IterationsWithoutStopping} for fewer than {SmallestRowCountToStop} rows",
        };
        if (task != LearningTask.Multiclass) return settings;
        settings["L2 penalty"] = MulticlassL2Penalty.ToString(CultureInfo.InvariantCulture);
        settings["Smallest sum of second derivatives in a leaf"] = MulticlassSmallestHessian.ToString(CultureInfo.InvariantCulture);
        return settings;
    }

    public override Scorer Train(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        try
        {
            return LightGbmModelText.Parse(TrainText(data, context, cancellationToken), data.Features.FeatureCount, data.Task, data.ClassCount);
        }
        catch (InvalidDataException e)
        {
            throw new TrainingFailedException(e.Message, e);
        }
    }

    /// <summary>The trained model in LightGBM's own words.</summary>
    internal static string TrainText(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LightGbmLibrary.Silence();
        var stops = data.Labels.Length >= SmallestRowCountToStop;
        var (learnt, heldOut) = stops ? Split(data.Labels, context.Seed) : ([.. Enumerable.Range(0, data.Labels.Length)], []);
        var parameters = Parameters(data, learnt.Length, context);
        var iterations = stops ? MaximumIterations : IterationsWithoutStopping;
        var progress = new MonotoneProgress(context.Progress);
        nint training = 0, validation = 0, booster = 0;
        try
        {
            training = CreateDataset(data, learnt, parameters, 0);
            LightGbmLibrary.Check(LightGbmLibrary.BoosterCreate(training, parameters, out booster));
            if (stops)
            {
                validation = CreateDataset(data, heldOut, parameters, training);
                LightGbmLibrary.Check(LightGbmLibrary.BoosterAddValidData(booster, validation));
            }
            var best = double.PositiveInfinity;
            var bestIterations = stops ? 1 : -1;
            for (var done = 1; done <= iterations; done++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                LightGbmLibrary.Check(LightGbmLibrary.BoosterUpdateOneIteration(booster, out var isFinished));
                progress.Report((double)done / iterations);
                if (isFinished != 0) break;
                if (!stops) continue;
                var loss = LightGbmLibrary.Evaluate(booster, 1);
                if (loss < best) (best, bestIterations) = (loss, done);
                else if (done - bestIterations >= Patience) break;
            }
            return LightGbmLibrary.ToText(booster, bestIterations);
        }
        finally
        {
            if (booster != 0) _ = LightGbmLibrary.BoosterFree(booster);
            if (validation != 0) _ = LightGbmLibrary.DatasetFree(validation);
            if (training != 0) _ = LightGbmLibrary.DatasetFree(training);
        }
    }

    private static string Parameters(TrainingData data, int learntRows, TrainingContext context)
    {
        var objective = data.Task switch
        {
            LearningTask.Binary => "objective=binary metric=binary_logloss",
            LearningTask.Multiclass => FormattableString.Invariant(
                $"objective=multiclass metric=multi_logloss num_class={data.ClassCount} lambda_l2={MulticlassL2Penalty} min_sum_hessian_in_leaf={MulticlassSmallestHessian}"),
            _ => "objective=regression metric=l2",
        };
        var smallestLeaf = Math.Clamp(learntRows / 20, 1, SmallestLeaf);
        return FormattableString.Invariant($"{objective} learning_rate={LearningRate} num_leaves={Leaves} min_data_in_leaf={smallestLeaf} seed={context.Seed} num_threads={context.Threads} deterministic=true force_col_wise=true verbosity=-1");
    }

    private static nint CreateDataset(TrainingData data, int[] rows, string parameters, nint reference)
    {
        var count = data.Features.FeatureCount;
        var values = new float[rows.Length * count];
        for (var i = 0; i < rows.Length; i++) data.Features.Row(rows[i]).CopyTo(values.AsSpan(i * count));
        return LightGbmLibrary.CreateDataset(values, Array.ConvertAll(rows, r => data.Labels[r]), count, parameters, reference);
    }

    /// <summary>Holds out rows evenly over the sorted labels, so that class shares, or the spread of numbers, are those of all rows.</summary>
    private static (int[] Learnt, int[] HeldOut) Split(float[] labels, int seed)
    {
        var order = Enumerable.Range(0, labels.Length).ToArray();
        var random = new Random(seed);
        random.Shuffle(order);
        var sorted = order.OrderBy(r => labels[r]).ToArray();
        var first = random.Next(HoldOutEvery);
        var heldOut = sorted.Where((_, i) => i % HoldOutEvery == first).Order().ToArray();
        return ([.. Enumerable.Range(0, labels.Length).Except(heldOut)], heldOut);
    }
}
