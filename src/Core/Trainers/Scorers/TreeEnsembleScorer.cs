using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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

/// <summary>Many decision trees, flattened: a value at most the threshold goes left, a missing one where the node says.</summary>
/// <remarks>
/// The nodes of a tree stand breadth-first and siblings side by side, so that where a node's children stand follows from the
/// splits before it. The file does not hold child indexes, and no damage to it can make a cycle. Platt scaling is a factor and an
/// offset on the sum and is folded into leaves and base scores. Eight trees are walked at a time without a branch on the data, so
/// that the processor waits for the memory of all eight at once; a leaf leads to itself until the deepest of them is done.
/// </remarks>
public sealed class TreeEnsembleScorer : Scorer
{
    private const int Lanes = 8;
    private const uint MissingGoesLeft = 1u << 31;

    /// <summary>One cache line holds five of them.</summary>
    private readonly record struct Node(float Threshold, uint FeatureAndMissing, int Left)
    {
        public int Feature => (int)(FeatureAndMissing & ~MissingGoesLeft);
    }

    private readonly int[] _roots;
    private readonly Node[] _nodes;

    // One a node: its position among the leaves; not read for splits.
    private readonly int[] _leafOf;

    // One a leaf, and the end: its first entry.
    private readonly int[] _firstEntry;
    private readonly double[] _leafValues;
    private readonly int[] _leafOutputs;
    private readonly double[] _baseScores;

    /// <param name="features">One a node: the feature asked for, or -n for a leaf with n entries.</param>
    /// <param name="thresholds">One a node: values at most this go left; 0 for leaves.</param>
    /// <param name="left">One a node: the left child, the right one being the next; or for a leaf the index of its first entry.</param>
    /// <param name="leafValues">One a leaf entry: what is added to <paramref name="leafOutputs"/>.</param>
    internal TreeEnsembleScorer(int featureCount, int outputCount, TreeLink link, double[] baseScores, int[] roots,
        int[] features, float[] thresholds, int[] left, bool[] missingGoesLeft, double[] leafValues, int[] leafOutputs)
        : base(featureCount, outputCount)
    {
        Link = link;
        (_baseScores, _roots, _leafValues, _leafOutputs) = (baseScores, roots, leafValues, leafOutputs);
        _nodes = new Node[features.Length];
        _leafOf = new int[features.Length];
        var firstEntries = new List<int>();
        for (var node = 0; node < features.Length; node++)
        {
            if (features[node] >= 0)
            {
                _nodes[node] = new Node(thresholds[node], (uint)features[node] | (missingGoesLeft[node] ? MissingGoesLeft : 0), left[node]);
                continue;
            }
            // Whatever the value, a leaf's left child is the leaf.
            _nodes[node] = new Node(float.PositiveInfinity, MissingGoesLeft, node);
            _leafOf[node] = firstEntries.Count;
            firstEntries.Add(left[node]);
        }
        LeafCount = firstEntries.Count;
        _firstEntry = [.. firstEntries, leafValues.Length];
    }

    public TreeLink Link { get; }

    public int TreeCount => _roots.Length;

    public int NodeCount => _nodes.Length;

    public int LeafCount { get; }

    /// <summary>Values that leaves add, over all leaves and outputs.</summary>
    public int LeafEntryCount => _leafValues.Length;

    /// <summary>Raw sums a row: 1 for a logistic link, else one an output.</summary>
    public int SumCount => SumsOf(Link, OutputCount) ?? 0;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        // A forest without features is all leaves, and leaves look at the first one.
        if (FeatureCount == 0) features = [0];
        else features = features[..FeatureCount];
        outputs = outputs[..OutputCount];
        _baseScores.CopyTo(outputs);
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var row = ref MemoryMarshal.GetReference(features);
        var roots = _roots;
        var tree = 0;
        for (; tree + Lanes <= roots.Length; tree += Lanes)
        {
            var (a, b, c, d) = (roots[tree], roots[tree + 1], roots[tree + 2], roots[tree + 3]);
            var (e, f, g, h) = (roots[tree + 4], roots[tree + 5], roots[tree + 6], roots[tree + 7]);
            int moved;
            do
            {
                var (a1, b1, c1, d1) = (Step(ref nodes, ref row, a), Step(ref nodes, ref row, b), Step(ref nodes, ref row, c), Step(ref nodes, ref row, d));
                var (e1, f1, g1, h1) = (Step(ref nodes, ref row, e), Step(ref nodes, ref row, f), Step(ref nodes, ref row, g), Step(ref nodes, ref row, h));
                moved = (a ^ a1) | (b ^ b1) | (c ^ c1) | (d ^ d1) | (e ^ e1) | (f ^ f1) | (g ^ g1) | (h ^ h1);
                (a, b, c, d, e, f, g, h) = (a1, b1, c1, d1, e1, f1, g1, h1);
            }
            while (moved != 0);
            // In the order of the trees, so that sums are the same for every way of walking.
            Add(a, outputs);
            Add(b, outputs);
            Add(c, outputs);
            Add(d, outputs);
            Add(e, outputs);
            Add(f, outputs);
            Add(g, outputs);
            Add(h, outputs);
        }
        for (; tree < roots.Length; tree++)
        {
            var node = roots[tree];
            for (var next = Step(ref nodes, ref row, node); next != node; next = Step(ref nodes, ref row, node)) node = next;
            Add(node, outputs);
        }
        Finish(Link, outputs, roots.Length);
    }

    public override void ScoreRows(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        if (rowCount < TreeWalk.WorthCoding || !IsWorthCoding(rowCount) || LazyInitializer.EnsureInitialized(ref _walk, () => new TreeWalk(this)) is not { IsPossible: true } walk)
        {
            base.ScoreRows(features, stride, rowCount, outputs);
            return;
        }
        outputs = outputs[..(rowCount * OutputCount)];
        for (var row = 0; row < rowCount; row++) _baseScores.CopyTo(outputs[(row * OutputCount)..]);
        walk.AddSums(features, stride, rowCount, outputs);
        for (var row = 0; row < rowCount; row++) Finish(Link, outputs.Slice(row * OutputCount, OutputCount), _roots.Length);
    }

    // Laying the trees out anew costs about as much as some rows through one tree of them: a model of a fold that judges its validation rows once must not pay for it.
    private const int RowsANode = 4;

    private long _rowsAsked;

    private bool IsWorthCoding(int rowCount) => Volatile.Read(ref _walk) is not null || Interlocked.Add(ref _rowsAsked, rowCount) > (long)RowsANode * NodeCount / TreeCount;

    private TreeWalk? _walk;

    internal ReadOnlySpan<int> Roots => _roots;

    /// <summary>What sums begin with; length <see cref="SumCount"/>.</summary>
    internal ReadOnlySpan<double> BaseScores => _baseScores;

    /// <summary>The nodes of a tree: from the root to before the end.</summary>
    internal (int First, int End) NodesOf(int tree) => (_roots[tree], tree + 1 < _roots.Length ? _roots[tree + 1] : _nodes.Length);

    /// <summary>Whether a node is a leaf; then where its entries begin and how many they are, else what it asks.</summary>
    internal bool IsLeaf(int node, out (int First, int Count) entries, out (int Feature, float Threshold, bool MissingGoesLeft, int Left) question)
    {
        var (threshold, featureAndMissing, left) = _nodes[node];
        (entries, question) = (default, default);
        if (left != node) question = (_nodes[node].Feature, threshold, (featureAndMissing & MissingGoesLeft) != 0, left);
        else entries = (_firstEntry[_leafOf[node]], _firstEntry[_leafOf[node] + 1] - _firstEntry[_leafOf[node]]);
        return left == node;
    }

    internal (double Value, int Output) LeafEntry(int entry) => (_leafValues[entry], _leafOutputs[entry]);

    /// <summary>From sums to outputs.</summary>
    internal static void Finish(TreeLink link, Span<double> outputs, int treeCount)
    {
        switch (link)
        {
            case TreeLink.Average:
                foreach (ref var output in outputs) output /= treeCount;
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

    /// <summary>The child that a row goes to. Children and features were checked when the trees were laid out, so nothing is checked here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Step(ref Node nodes, ref float row, int index)
    {
        ref readonly var node = ref Unsafe.Add(ref nodes, (nint)(uint)index);
        var value = Unsafe.Add(ref row, (nint)(node.FeatureAndMissing & ~MissingGoesLeft));
        // A comparison with a missing value is false, and leads to the right unless the node says otherwise.
        int right = Unsafe.BitCast<bool, byte>(!(value <= node.Threshold));
        int missing = Unsafe.BitCast<bool, byte>(float.IsNaN(value));
        return node.Left + (right & ~(missing & (int)(node.FeatureAndMissing >> 31)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int node, Span<double> outputs)
    {
        var leaf = _leafOf[node];
        var end = _firstEntry[leaf + 1];
        for (var entry = _firstEntry[leaf]; entry < end; entry++) outputs[_leafOutputs[entry]] += _leafValues[entry];
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        foreach (var score in _baseScores) writer.Write(score);
        writer.Write7BitEncodedInt(_roots.Length);
        for (var tree = 0; tree < _roots.Length; tree++)
        {
            var (start, end) = NodesOf(tree);
            for (var node = start; node < end; node++)
            {
                var (threshold, featureAndMissing, left) = _nodes[node];
                if (left != node)
                {
                    writer.Write7BitEncodedInt(1 + (2 * _nodes[node].Feature) + (int)(featureAndMissing >> 31));
                    writer.Write(threshold);
                    continue;
                }
                writer.Write7BitEncodedInt(0);
                var (first, after) = (_firstEntry[_leafOf[node]], _firstEntry[_leafOf[node] + 1]);
                if (SumCount > 1) writer.Write7BitEncodedInt(after - first);
                for (var entry = first; entry < after; entry++)
                {
                    if (SumCount > 1) writer.Write7BitEncodedInt(_leafOutputs[entry]);
                    writer.Write(_leafValues[entry]);
                }
            }
        }
    }

    internal static TreeEnsembleScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var link = reader.ReadEnum<TreeLink>("link");
        var sums = SumsOf(link, outputCount) ?? throw reader.Damage("number of outputs", $"{outputCount}", $"one that suits a {link} link");
        var builder = new TreeEnsembleBuilder(featureCount, outputCount, link, reader.ReadFiniteDoubles(sums, "base scores"));
        // A tree is at least nine bytes: a leaf and its value.
        var trees = reader.ReadCount(1, Math.Max(1, reader.Remaining / 9), "number of trees");
        for (var tree = 0; tree < trees; tree++)
        {
            reader.Tree = tree;
            builder.StartTree();
            for (var open = 1L; open > 0; open--)
            {
                var tag = reader.ReadCount(0, 2 * featureCount, "feature");
                if (tag > 0)
                {
                    builder.Split((tag - 1) / 2, reader.ReadThreshold("threshold"), (tag - 1) % 2 == 1);
                    open += 2;
                    continue;
                }
                var entries = sums > 1 ? reader.ReadCount(1, sums, "entries of a leaf") : 1;
                builder.StartLeaf();
                for (var entry = 0; entry < entries; entry++)
                {
                    var output = sums > 1 ? reader.ReadCount(0, sums - 1, "output of a leaf") : 0;
                    builder.LeafEntry(output, reader.ReadFiniteDouble("leaf value"));
                }
            }
        }
        reader.Tree = null;
        return builder.Build();
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
