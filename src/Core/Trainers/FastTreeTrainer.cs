using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Trainers.FastTree;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Gradient-boosted trees by ML.NET, evaluated by managed code.</summary>
public sealed class FastTreeTrainer : Trainer
{
    private const int MaximumClasses = 100;

    public override string Id => "fast-tree";
    public override string Name => "Boosted trees (FastTree)";
    public override string Description => "Adds up small decision trees, each correcting the ones before; accurate on tables. Several classes are learnt each against the rest.";
    public override FeatureEncoding Encoding => FeatureEncoding.FilledCodes;
    public override bool Supports(LearningTask task) => true;

    public override string? WhyNot(TrainingShape shape) =>
        base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape) ?? TrainingChecks.TooManyClasses(shape, MaximumClasses, Name)
        ?? (RuntimeInformation.ProcessArchitecture == Architecture.X64 ? null
            : $"{Name} has native code for x64 only; this machine is {RuntimeInformation.ProcessArchitecture}.");

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape)
    {
        var largestLeaf = Math.Clamp(shape.RowCount / 4, 1, 128);
        var mostLeaves = Math.Clamp(shape.RowCount / 20, 20, 256);
        return
        [
            new("learning-rate", "Learning rate", "How much each tree corrects; lower needs more trees.", 0.02, 0.5, 0.2) { IsLogarithmic = true },
            new("trees", "Trees", "More trees follow finer detail, and noise.", 20, 500, 100) { IsLogarithmic = true, IsWhole = true, CheapStart = 20 },
            new("leaves", "Leaves a tree", "More leaves follow finer detail, and noise.", 4, mostLeaves, 20) { IsLogarithmic = true, IsWhole = true, CheapStart = 4 },
            new("smallest-leaf", "Smallest leaf", "Rows that a leaf must hold; more is smoother.", 1, largestLeaf, Math.Clamp(shape.RowCount / 20, 1, Math.Min(10, largestLeaf))) { IsLogarithmic = true, IsWhole = true },
        ];
    }

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Classes"] = task switch { LearningTask.Multiclass => "each against the rest, with so many trees each", LearningTask.Binary => "two", _ => "none, squared error" },
        ["Iterations"] = "always all trees",
    };

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) =>
        values["trees"] * (shape.Task == LearningTask.Multiclass ? shape.ClassCount : 1) * ((2e-9 * shape.RowCount * shape.FeatureCount * Math.Log2(values["leaves"])) + (1.5e-6 * shape.FeatureCount * values["leaves"]) + 2e-3);

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) =>
        ((long)shape.RowCount * ((6L * shape.FeatureCount) + 100)) + ((long)values["leaves"] * shape.FeatureCount * 256 * 24) + (32L << 20);

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) => new(Learn(data, values, context, cancellationToken));

    private Scorer Learn(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        var features = data.Features.FeatureCount;
        if (data.Task == LearningTask.Regression)
        {
            var ensemble = MlNetRun.Execute(context.Seed, cancellationToken, ml => ml.Regression.Trainers.FastTree(new FastTreeRegressionTrainer.Options
            {
                NumberOfTrees = values.Whole("trees"),
                NumberOfLeaves = values.Whole("leaves"),
                MinimumExampleCountPerLeaf = values.Whole("smallest-leaf"),
                LearningRate = values["learning-rate"],
                ExampleWeightColumnName = data.Weights is null ? null : MatrixDataView.Weight,
                Seed = context.Seed,
                NumberOfThreads = context.Threads,
            }).Fit(new MatrixDataView(data, cancellationToken)).Model.TrainedTreeEnsemble);
            var builder = new TreeEnsembleBuilder(features, 1, TreeLink.Identity, [ensemble.Bias]);
            Add(builder, ensemble, 0, 1);
            return Build(builder);
        }
        if (data.Task == LearningTask.Binary)
        {
            var (ensemble, slope, offset) = TrainBinary(data, data.Labels, values, context, cancellationToken);
            var builder = new TreeEnsembleBuilder(features, 2, TreeLink.Logistic, [(slope * ensemble.Bias) + offset]);
            Add(builder, ensemble, 0, slope);
            return Build(builder);
        }
        return TrainEachAgainstTheRest(data, values, context, cancellationToken);
    }

    private static TreeEnsembleScorer TrainEachAgainstTheRest(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        var progress = new MonotoneProgress(context.Progress);
        var bases = new double[data.ClassCount];
        var models = new (TreeEnsemble<RegressionTree> Ensemble, double Slope)?[data.ClassCount];
        for (var k = 0; k < data.ClassCount; k++)
        {
            var index = k;
            var labels = Array.ConvertAll(data.Labels, l => l == index ? 1f : 0f);
            var positives = labels.Count(l => l > 0);
            if (positives > 0 && TrainBinary(data, labels, values, context, cancellationToken) is { Ensemble.Trees.Count: > 0 } trained)
            {
                models[k] = (trained.Ensemble, trained.Slope);
                bases[k] = (trained.Slope * trained.Ensemble.Bias) + trained.Offset;
            }
            // A class without rows or splits keeps its share, with one row more on either side so that no class is impossible.
            else bases[k] = Math.Log((positives + 1.0) / (labels.Length - positives + 1.0));
            progress.Report((k + 1.0) / data.ClassCount);
        }
        var builder = new TreeEnsembleBuilder(data.Features.FeatureCount, data.ClassCount, TreeLink.OneVersusAll, bases);
        for (var k = 0; k < models.Length; k++)
            if (models[k] is { } model) Add(builder, model.Ensemble, k, model.Slope);
        return Build(builder);
    }

    private static TreeEnsembleScorer Build(TreeEnsembleBuilder builder) => builder.TreeCount > 0 ? builder.Build()
        : throw new TrainingFailedException("FastTree found no split that leaves enough rows on both sides.");

    private static (TreeEnsemble<RegressionTree> Ensemble, double Slope, double Offset) TrainBinary(TrainingData data, float[] labels, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) =>
        MlNetRun.Execute(context.Seed, cancellationToken, ml =>
        {
            var view = new MatrixDataView(data.Features, labels, [.. Enumerable.Range(0, labels.Length)], LearningTask.Binary, 2, cancellationToken, data.Weights);
            var model = ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options
            {
                NumberOfTrees = values.Whole("trees"),
                NumberOfLeaves = values.Whole("leaves"),
                MinimumExampleCountPerLeaf = values.Whole("smallest-leaf"),
                LearningRate = values["learning-rate"],
                ExampleWeightColumnName = data.Weights is null ? null : MatrixDataView.Weight,
                Seed = context.Seed,
                NumberOfThreads = context.Threads,
            }).Fit(view).Model;
            // ML.NET's Platt scaling is 1 / (1 + exp(slope * score + offset)): the log-odds have the other sign.
            return ((TreeEnsemble<RegressionTree>)model.SubModel.TrainedTreeEnsemble, -model.Calibrator.Slope, -model.Calibrator.Offset);
        });

    /// <summary>Adds all trees to a raw sum, with tree weight and slope folded into the leaves.</summary>
    private static void Add(TreeEnsembleBuilder builder, TreeEnsemble<RegressionTree> ensemble, int output, double slope)
    {
        for (var t = 0; t < ensemble.Trees.Count; t++)
        {
            var tree = ensemble.Trees[t];
            var factor = slope * ensemble.TreeWeights[t];
            // Names: splits by their index, leaves by its complement, as in ML.NET. A tree without splits is its first leaf.
            builder.AddTree(tree.NumberOfNodes > 0 ? 0 : -1, node => node < 0
                ? TreeNode.EndsWith(new LeafEntry(output, factor * tree.LeafValues[~node]))
                : TreeNode.Split(tree.NumericalSplitFeatureIndexes[node], tree.NumericalSplitThresholds[node], false, tree.LeftChild[node], tree.RightChild[node]));
        }
    }
}
