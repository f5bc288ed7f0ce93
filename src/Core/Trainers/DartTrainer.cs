using System.Globalization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Gradient-boosted trees by LightGBM where each new tree is learnt with some of the earlier ones left out.</summary>
/// <remarks>
/// Rashmi and Gilad-Bachrach (2015), DART: dropouts meet multiple additive regression trees, AISTATS. Each tree changes the weight of those that were left out for it, so that the first trees of a long run are not the model
/// that a short run would have been: held-out rows cannot say where to stop, and the number of trees is a dial.
/// </remarks>
public sealed class DartTrainer : Trainer
{
    private const double SkipShare = 0.5;

    public override string Id => "lightgbm-dart";
    public override string Name => "Boosted trees with dropout (DART)";
    public override string Description => "Boosted trees that cannot lean on the first few: earlier trees are left out at random while the next is learnt. Slower, and at times a little more accurate on small noisy tables.";
    public override FeatureEncoding Encoding => FeatureEncoding.Codes;
    public override bool Supports(LearningTask task) => true;
    public override bool IsDefault => false;
    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape) ?? LightGbmLibrary.LoadProblem;

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape)
    {
        var mostLeaves = Math.Clamp(shape.RowCount / 8, 8, 512);
        return
        [
            new("trees", "Trees", "More trees follow finer detail; each takes longer than the one before.", 20, 500, 100) { IsLogarithmic = true, IsWhole = true, CheapStart = 20 },
            new("learning-rate", "Learning rate", "How far each tree corrects the others.", 0.03, 0.5, 0.2) { IsLogarithmic = true },
            new("drop-rate", "Share of trees left out", "Of those before, while a tree is learnt; more makes trees more alike in weight.", 0.02, 0.5, 0.1) { IsLogarithmic = true },
            new("leaves", "Leaves a tree", "More leaves catch more of how features act together, and overfit sooner.", 3, mostLeaves, Math.Min(31, mostLeaves)) { IsLogarithmic = true, IsWhole = true, CheapStart = 4 },
            new("smallest-leaf", "Smallest leaf", "Rows a leaf must hold; more make the model smoother.", 1, Math.Max(2, Math.Min(200, shape.RowCount / 4)), Math.Clamp(shape.RowCount / 20, 1, 20)) { IsLogarithmic = true, IsWhole = true },
        ];
    }

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Iterations"] = "always all trees",
        ["Trees without any left out"] = SkipShare.ToString("P0", CultureInfo.InvariantCulture),
        ["Loss"] = task == LearningTask.Regression ? "squared error" : "log loss",
    };

    /// <remarks>Trees that are left out are walked again by all rows, so the time of a tree grows with the number before it.</remarks>
    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null)
    {
        double leaves = values["leaves"], trees = values["trees"] * (shape.Task == LearningTask.Multiclass ? Math.Max(2, shape.ClassCount) : 1);
        var dropped = values["trees"] / 2 * values["drop-rate"] * (1 - SkipShare);
        return 0.002 + (trees * ((shape.FeatureCount * ((shape.RowCount * 1.5e-9 * Math.Log2(leaves + 1)) + (leaves * 1.2e-6))) + (dropped * shape.RowCount * 2e-8)));
    }

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => LightGbmTrainer.MemoryBytes(shape, values.Whole("leaves"));

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        return new TrainedScorer(LightGbmTrainer.Read(data, TrainText(data, values, context, cancellationToken)));
    }

    /// <summary>The trained model in LightGBM's own words.</summary>
    internal static string TrainText(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LightGbmLibrary.Silence();
        var parameters = LightGbmTrainer.Common(data, values, context) + string.Create(CultureInfo.InvariantCulture, $" boosting=dart drop_rate={values["drop-rate"]} skip_drop={SkipShare} drop_seed={context.Seed}");
        var progress = new MonotoneProgress(context.Progress);
        nint training = 0, booster = 0;
        try
        {
            training = LightGbmLibrary.CreateDataset(data.Features.Values, data.Labels, data.Weights, data.Features.FeatureCount, parameters, 0);
            LightGbmLibrary.Check(LightGbmLibrary.BoosterCreate(training, parameters, out booster));
            var (trees, done) = (values.Whole("trees"), 0);
            while (done < trees)
            {
                cancellationToken.ThrowIfCancellationRequested();
                LightGbmLibrary.Check(LightGbmLibrary.BoosterUpdateOneIteration(booster, out var isFinished));
                progress.Report((double)++done / trees);
                // Unlike an early end at the best of many, any end is a whole model.
                if (isFinished != 0 || context.StopEarly.IsCancellationRequested) break;
            }
            progress.Report(1);
            return LightGbmLibrary.ToText(booster, done);
        }
        finally
        {
            if (booster != 0) _ = LightGbmLibrary.BoosterFree(booster);
            if (training != 0) _ = LightGbmLibrary.DatasetFree(training);
        }
    }
}
