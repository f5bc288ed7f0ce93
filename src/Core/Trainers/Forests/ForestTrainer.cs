namespace ModelWorkbench.Core.Trainers;

/// <summary>Many deep trees that vote: what random forest and extremely randomised trees have in common.</summary>
/// <remarks>
/// Class probabilities are the mean of the leaves' class shares, with one more vote for the class shares of all training rows: where
/// all trees agree, deep ones would else call the other classes impossible, and pay for it where they are wrong. A missing value goes to the side that parts the classes better.
/// Every tree has a seed of its own, so that the result does not depend on the number of threads.
/// </remarks>
public abstract class ForestTrainer : Trainer
{
    private readonly bool _extra;

    private protected ForestTrainer(bool extra) => _extra = extra;

    public override FeatureEncoding Encoding => FeatureEncoding.Codes;

    public override bool Supports(LearningTask task) => true;

    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape);

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Split quality"] = task == LearningTask.Regression ? "squared error" : "Gini impurity",
        ["Thresholds"] = _extra ? "one at random a feature" : "the best of at most 253 quantiles",
        ["Rows a tree"] = _extra ? "all" : "a bootstrap sample",
        ["Answer"] = task == LearningTask.Regression ? "mean of the trees" : "mean of the trees' class shares, and of those of all training rows as one more vote",
    };

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape)
    {
        var features = Math.Max(1, shape.FeatureCount);
        var usual = shape.Task == LearningTask.Regression ? 1 : Math.Max(1.0, (int)Math.Sqrt(features)) / features;
        return
        [
            new("trees", "Trees", "More trees vary less from one run to the next; the gain levels off.", 20, 500, 100) { IsLogarithmic = true, IsWhole = true, CheapStart = 20 },
            new("feature-share", "Share of features tried a split", "Fewer make the trees more different, more make each one better.", Math.Min(0.5, 1.0 / features), 1, usual) { IsLogarithmic = true },
            new("smallest-leaf", "Smallest leaf", "Rows a leaf must hold; more make the model smoother and smaller.", 1, Math.Clamp(shape.RowCount / 8, 2, 64), 1) { IsLogarithmic = true, IsWhole = true },
        ];
    }

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null)
    {
        var tried = Math.Max(1, values["feature-share"] * shape.FeatureCount);
        var depth = Math.Log2(Math.Max(2, shape.RowCount / values["smallest-leaf"]));
        return 0.002 + (values["trees"] * shape.RowCount * (tried + 1) * depth * (_extra ? 0.8e-8 : 1.2e-8)) + (shape.RowCount * (double)shape.FeatureCount * 1e-7);
    }

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) =>
        (shape.RowCount * (long)(shape.FeatureCount + 40)) + (long)(values["trees"] * shape.RowCount / values["smallest-leaf"] * 40);

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        var treeCount = values.Whole("trees");
        var weights = Normalise(data.Weights);
        TrainingChecks.Require(this, data);
        var isRegression = data.Task == LearningTask.Regression;
        var features = BinnedFeatures.Create(data.Features, context.Threads, cancellationToken);
        // Numbers far from 0 with little spread would lose that spread in sums of squares.
        var offset = isRegression ? data.Labels.Average(l => (double)l) : 0;
        var labels = isRegression ? [] : Array.ConvertAll(data.Labels, l => (int)l);
        var numbers = isRegression ? Array.ConvertAll(data.Labels, l => l - offset) : [];
        var tried = Math.Clamp((int)Math.Round(values["feature-share"] * data.Features.FeatureCount), 1, data.Features.FeatureCount);

        var seeds = new Random(context.Seed);
        var treeSeeds = new int[treeCount];
        foreach (ref var seed in treeSeeds.AsSpan()) seed = seeds.Next();
        var progress = new MonotoneProgress(context.Progress);
        var outputs = isRegression ? 1 : data.ClassCount;
        var builder = new TreeEnsembleBuilder(data.Features.FeatureCount, outputs, TreeLink.Average, new double[outputs]);
        // Trees are drawn in order and joined in order as soon as they can be, so that few wait in their larger, growing form.
        var waiting = new List<TreeNode>?[treeCount];
        var joining = new Lock();
        int drawn = 0, joined = 0;
        Parallel.For(0, Math.Min(context.Threads, treeCount), new ParallelOptions { MaxDegreeOfParallelism = context.Threads, CancellationToken = cancellationToken }, _ =>
        {
            var grower = new ForestTreeGrower(features, labels, numbers, weights, data.ClassCount, tried, values.Whole("smallest-leaf"), _extra);
            for (int tree; (tree = Interlocked.Increment(ref drawn) - 1) < treeCount;)
            {
                var grown = grower.Grow(treeSeeds[tree], offset, cancellationToken);
                lock (joining)
                {
                    waiting[tree] = grown;
                    while (joined < treeCount && waiting[joined] is { } nodes)
                    {
                        builder.AddTree(0, node => nodes[node]);
                        waiting[joined++] = null;
                    }
                    progress.Report((double)joined / treeCount);
                }
            }
        });
        if (!isRegression)
        {
            var prior = ClassShares(labels, weights, data.ClassCount);
            builder.AddTree(0, _ => prior);
        }
        return new TrainedScorer(builder.Build());
    }

    /// <summary>A tree of one leaf with the class shares; one row more a class, so that none is impossible.</summary>
    private static TreeNode ClassShares(int[] labels, float[]? weights, int classCount)
    {
        var shares = new double[classCount];
        Array.Fill(shares, 1);
        for (var row = 0; row < labels.Length; row++) shares[labels[row]] += weights?[row] ?? 1;
        var total = shares.Sum();
        return TreeNode.EndsWith([.. shares.Select((share, k) => new LeafEntry(k, share / total))]);
    }

    /// <summary>Weights whose mean over the rows that count is 1, so that the smallest leaf stays a number of rows.</summary>
    private static float[]? Normalise(float[]? weights)
    {
        if (weights is null) return null;
        var mean = weights.Where(w => w > 0).Average(w => (double)w);
        return Array.ConvertAll(weights, w => (float)(w / mean));
    }
}
