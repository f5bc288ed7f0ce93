using System.Globalization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Many deep trees that vote: what random forest and extremely randomised trees have in common.</summary>
/// <remarks>
/// Class probabilities are the mean of the leaves' class shares, with one more vote for the class shares of all training rows: where
/// all trees agree, deep ones would else call the other classes impossible, and pay for it where they are wrong. A missing value goes to the side that parts the classes better.
/// Every tree has a seed of its own, so that the result does not depend on the number of threads.
/// </remarks>
public abstract class ForestTrainer : Trainer
{
    public const int TreeCount = 100;

    private readonly bool _extra;

    private protected ForestTrainer(bool extra) => _extra = extra;

    public override FeatureEncoding Encoding => FeatureEncoding.Codes;

    public override bool Supports(LearningTask task) => true;

    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape);

    public override IReadOnlyDictionary<string, string> Settings(LearningTask task) => new Dictionary<string, string>
    {
        ["Trees"] = TreeCount.ToString(CultureInfo.InvariantCulture),
        ["Features tried a split"] = task == LearningTask.Regression ? "all" : "square root of their number",
        ["Split quality"] = task == LearningTask.Regression ? "squared error" : "Gini impurity",
        ["Thresholds"] = _extra ? "one at random a feature" : "the best of at most 253 quantiles",
        ["Rows a tree"] = _extra ? "all" : "a bootstrap sample",
        ["Smallest leaf"] = "1 row",
        ["Answer"] = task == LearningTask.Regression ? "mean of the trees" : "mean of the trees' class shares, and of those of all training rows as one more vote",
    };

    public override Scorer Train(TrainingData data, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        var isRegression = data.Task == LearningTask.Regression;
        var features = BinnedFeatures.Create(data.Features, context.Threads, cancellationToken);
        // Numbers far from 0 with little spread would lose that spread in sums of squares.
        var offset = isRegression ? data.Labels.Average(l => (double)l) : 0;
        var labels = isRegression ? [] : Array.ConvertAll(data.Labels, l => (int)l);
        var numbers = isRegression ? Array.ConvertAll(data.Labels, l => l - offset) : [];
        var tried = isRegression ? data.Features.FeatureCount : Math.Max(1, (int)Math.Sqrt(data.Features.FeatureCount));

        var seeds = new Random(context.Seed);
        var treeSeeds = new int[TreeCount];
        foreach (ref var seed in treeSeeds.AsSpan()) seed = seeds.Next();
        var progress = new MonotoneProgress(context.Progress);
        var outputs = isRegression ? 1 : data.ClassCount;
        var builder = new TreeEnsembleBuilder(data.Features.FeatureCount, outputs, TreeLink.Average, new double[outputs]);
        // Trees are drawn in order and joined in order as soon as they can be, so that few wait in their larger, growing form.
        var waiting = new List<TreeNode>?[TreeCount];
        var joining = new Lock();
        int drawn = 0, joined = 0;
        Parallel.For(0, Math.Min(context.Threads, TreeCount), new ParallelOptions { MaxDegreeOfParallelism = context.Threads, CancellationToken = cancellationToken }, _ =>
        {
            var grower = new ForestTreeGrower(features, labels, numbers, data.ClassCount, tried, _extra);
            for (int tree; (tree = Interlocked.Increment(ref drawn) - 1) < TreeCount;)
            {
                var grown = grower.Grow(treeSeeds[tree], offset, cancellationToken);
                lock (joining)
                {
                    waiting[tree] = grown;
                    while (joined < TreeCount && waiting[joined] is { } nodes)
                    {
                        builder.AddTree(0, node => nodes[node]);
                        waiting[joined++] = null;
                    }
                    progress.Report((double)joined / TreeCount);
                }
            }
        });
        if (!isRegression)
        {
            var prior = ClassShares(labels, data.ClassCount);
            builder.AddTree(0, _ => prior);
        }
        return builder.Build();
    }

    /// <summary>A tree of one leaf with the class shares; one row more a class, so that none is impossible.</summary>
    private static TreeNode ClassShares(int[] labels, int classCount)
    {
        var entries = new LeafEntry[classCount];
        var share = 1.0 / (labels.Length + classCount);
        for (var k = 0; k < classCount; k++) entries[k] = new LeafEntry(k, share);
        foreach (var label in labels) entries[label] = entries[label] with { Value = entries[label].Value + share };
        return TreeNode.EndsWith(entries);
    }
}
