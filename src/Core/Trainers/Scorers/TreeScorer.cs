namespace ModelWorkbench.Core.Trainers;

/// <summary>How the leaves that a row reaches become outputs.</summary>
public enum TreeLink : byte
{
    /// <summary>Mean over the trees: class shares of a forest, or its number.</summary>
    Average,

    /// <summary>Base score plus the sum of the leaves.</summary>
    Identity,

    /// <summary>The exponential of that sum, for models of counts and rates.</summary>
    Exponential,

    /// <summary>Binary: the sum is the log-odds of the second class.</summary>
    Logistic,

    /// <summary>Multiclass: one sum a class, exponentials over their total.</summary>
    Softmax,

    /// <summary>Multiclass: one sum a class, the log-odds against the rest, scaled to sum to 1.</summary>
    OneVersusAll,
}

/// <summary>Many decision trees: a value at most the threshold goes left, a missing one where the node says.</summary>
/// <remarks>
/// Leaves are added in the order of the trees however they are found, so that the answer is the same to the bit. A model that is asked often lays its trees out anew: small trees as <see cref="LeafMasks"/>, and for many rows together others as <see cref="TreeWalk"/>.
/// </remarks>
public abstract class TreeScorer : Scorer
{
    // Laying the trees out costs about as much as some rows through one tree of them: a model of a fold that judges its validation rows once must not pay for it.
    private const int RowsANode = 4;

    private readonly double[] _baseScores;
    private long _rowsAsked;
    private LeafMasks? _masks;
    private TreeWalk? _walk;

    private protected TreeScorer(int featureCount, int outputCount, TreeLink link, double[] baseScores)
        : base(featureCount, outputCount) => (Link, _baseScores) = (link, baseScores);

    public TreeLink Link { get; }

    public abstract int TreeCount { get; }

    public abstract int NodeCount { get; }

    /// <summary>Raw sums a row: 1 for a logistic link, else one an output.</summary>
    public int SumCount => _baseScores.Length;

    /// <summary>What sums begin with; length <see cref="SumCount"/>.</summary>
    internal ReadOnlySpan<double> BaseScores => _baseScores;

    /// <summary>The same trees with their thresholds and leaves written out: the same answer for every row.</summary>
    public abstract TreeEnsembleScorer Unpack();

    /// <summary>Adds the leaves that one row reaches by walking from the roots.</summary>
    private protected abstract void AddLeaves(ReadOnlySpan<float> features, Span<double> outputs);

    public sealed override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        features = features[..FeatureCount];
        outputs = outputs[..OutputCount];
        _baseScores.CopyTo(outputs);
        if (IsAskedOften(1) && Masks is { IsPossible: true } masks) masks.AddSums(features, FeatureCount, 1, outputs);
        else AddLeaves(features, outputs);
        Finish(outputs);
    }

    public sealed override void ScoreRows(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        if (!IsAskedOften(rowCount) || (Masks is not { IsPossible: true } && (rowCount < TreeWalk.WorthCoding || Walk is not { IsPossible: true })))
        {
            base.ScoreRows(features, stride, rowCount, outputs);
            return;
        }
        outputs = outputs[..(rowCount * OutputCount)];
        for (var row = 0; row < rowCount; row++) _baseScores.CopyTo(outputs[(row * OutputCount)..]);
        if (Masks is { IsPossible: true } masks) masks.AddSums(features, stride, rowCount, outputs);
        else Walk.AddSums(features, stride, rowCount, outputs);
        for (var row = 0; row < rowCount; row++) Finish(outputs.Slice(row * OutputCount, OutputCount));
    }

    private bool IsAskedOften(int rowCount) => Volatile.Read(ref _masks) is not null || Interlocked.Add(ref _rowsAsked, rowCount) > (long)RowsANode * NodeCount / TreeCount;

    // A packed forest of deep trees is not unpacked only to see that they are deep.
    private LeafMasks Masks => Volatile.Read(ref _masks) ?? LazyInitializer.EnsureInitialized(ref _masks, () => LeafMasks.IsTooLarge(NodeCount, TreeCount) ? LeafMasks.Impossible : new LeafMasks(Unpack()));

    private TreeWalk Walk => Volatile.Read(ref _walk) ?? LazyInitializer.EnsureInitialized(ref _walk, () => new TreeWalk(Unpack()));

    /// <summary>One row before trees whose children and features were checked when they were laid out, so that nothing is checked here.</summary>
    private protected interface ITrees
    {
        /// <summary>The child that the row goes to; a leaf leads to itself.</summary>
        int Step(int node);

        /// <summary>Adds a leaf of a tree.</summary>
        void Add(int node, int tree, Span<double> outputs);
    }

    /// <summary>Walks eight trees at a time without a branch on the data, so that the processor waits for the memory of all eight at once, until the deepest of them is done.</summary>
    private protected static void WalkAbreast<TTrees>(int[] roots, TTrees trees, Span<double> outputs) where TTrees : struct, ITrees, allows ref struct
    {
        const int lanes = 8;
        var tree = 0;
        for (; tree + lanes <= roots.Length; tree += lanes)
        {
            var (a, b, c, d) = (roots[tree], roots[tree + 1], roots[tree + 2], roots[tree + 3]);
            var (e, f, g, h) = (roots[tree + 4], roots[tree + 5], roots[tree + 6], roots[tree + 7]);
            int moved;
            do
            {
                var (a1, b1, c1, d1) = (trees.Step(a), trees.Step(b), trees.Step(c), trees.Step(d));
                var (e1, f1, g1, h1) = (trees.Step(e), trees.Step(f), trees.Step(g), trees.Step(h));
                moved = (a ^ a1) | (b ^ b1) | (c ^ c1) | (d ^ d1) | (e ^ e1) | (f ^ f1) | (g ^ g1) | (h ^ h1);
                (a, b, c, d, e, f, g, h) = (a1, b1, c1, d1, e1, f1, g1, h1);
            }
            while (moved != 0);
            trees.Add(a, tree, outputs);
            trees.Add(b, tree + 1, outputs);
            trees.Add(c, tree + 2, outputs);
            trees.Add(d, tree + 3, outputs);
            trees.Add(e, tree + 4, outputs);
            trees.Add(f, tree + 5, outputs);
            trees.Add(g, tree + 6, outputs);
            trees.Add(h, tree + 7, outputs);
        }
        for (; tree < roots.Length; tree++)
        {
            var node = roots[tree];
            for (var next = trees.Step(node); next != node; next = trees.Step(node)) node = next;
            trees.Add(node, tree, outputs);
        }
    }

    /// <summary>From sums to outputs.</summary>
    private void Finish(Span<double> outputs)
    {
        switch (Link)
        {
            case TreeLink.Average:
                foreach (ref var output in outputs) output /= TreeCount;
                break;
            case TreeLink.Exponential:
                outputs[0] = Math.Exp(outputs[0]);
                break;
            case TreeLink.Logistic:
                outputs[1] = Links.Sigmoid(outputs[0]);
                outputs[0] = 1 - outputs[1];
                break;
            case TreeLink.Softmax:
                Links.Softmax(outputs);
                break;
            case TreeLink.OneVersusAll:
                Links.OneVersusAll(outputs);
                break;
        }
    }

    /// <summary>Raw sums for so many outputs; null where the link cannot have them.</summary>
    internal static int? SumsOf(TreeLink link, int outputCount) => link switch
    {
        TreeLink.Average => outputCount,
        TreeLink.Identity or TreeLink.Exponential => outputCount == 1 ? 1 : null,
        TreeLink.Logistic => outputCount == 2 ? 1 : null,
        _ => outputCount >= 2 ? outputCount : null,
    };
}
