using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Many decision trees, flattened: a value at most the threshold goes left, a missing one where the node says.</summary>
/// <remarks>
/// The nodes of a tree stand breadth-first and siblings side by side, so that where a node's children stand follows from the
/// splits before it. The file does not hold child indexes, and no damage to it can make a cycle. Platt scaling is a factor and an
/// offset on the sum and is folded into leaves and base scores.
/// </remarks>
public sealed class TreeEnsembleScorer : TreeScorer
{
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

    /// <param name="features">One a node: the feature asked for, or -n for a leaf with n entries.</param>
    /// <param name="thresholds">One a node: values at most this go left; 0 for leaves.</param>
    /// <param name="left">One a node: the left child, the right one being the next; or for a leaf the index of its first entry.</param>
    /// <param name="leafValues">One a leaf entry: what is added to <paramref name="leafOutputs"/>.</param>
    internal TreeEnsembleScorer(int featureCount, int outputCount, TreeLink link, double[] baseScores, int[] roots,
        int[] features, float[] thresholds, int[] left, bool[] missingGoesLeft, double[] leafValues, int[] leafOutputs)
        : base(featureCount, outputCount, link, baseScores)
    {
        (_roots, _leafValues, _leafOutputs) = (roots, leafValues, leafOutputs);
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

    public override int TreeCount => _roots.Length;

    public override int NodeCount => _nodes.Length;

    public int LeafCount { get; }

    /// <summary>Values that leaves add, over all leaves and outputs.</summary>
    public int LeafEntryCount => _leafValues.Length;

    public override TreeEnsembleScorer Unpack() => this;

    private protected override void AddLeaves(ReadOnlySpan<float> features, Span<double> outputs)
    {
        // A forest without features is all leaves, and leaves look at the first one.
        if (FeatureCount == 0) features = [0];
        WalkAbreast(_roots, new Row(this, features), outputs);
    }

    private readonly ref struct Row(TreeEnsembleScorer trees, ReadOnlySpan<float> features) : ITrees
    {
        private readonly ref Node _nodes = ref MemoryMarshal.GetArrayDataReference(trees._nodes);
        private readonly ref float _features = ref MemoryMarshal.GetReference(features);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Step(int index)
        {
            ref readonly var node = ref Unsafe.Add(ref _nodes, (nint)(uint)index);
            var value = Unsafe.Add(ref _features, (nint)(node.FeatureAndMissing & ~MissingGoesLeft));
            // A comparison with a missing value is false, and leads to the right unless the node says otherwise.
            int right = Unsafe.BitCast<bool, byte>(!(value <= node.Threshold));
            int missing = Unsafe.BitCast<bool, byte>(float.IsNaN(value));
            return node.Left + (right & ~(missing & (int)(node.FeatureAndMissing >> 31)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(int node, int tree, Span<double> outputs)
        {
            var leaf = trees._leafOf[node];
            var end = trees._firstEntry[leaf + 1];
            for (var entry = trees._firstEntry[leaf]; entry < end; entry++) outputs[trees._leafOutputs[entry]] += trees._leafValues[entry];
        }
    }

    internal ReadOnlySpan<int> Roots => _roots;

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

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        foreach (var score in BaseScores) writer.Write(score);
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
}
