namespace ModelWorkbench.Core.Trainers;

/// <summary>A node of a tree as its trainer knows it.</summary>
/// <param name="Feature">The feature asked for; -1 for a leaf.</param>
/// <param name="Threshold">Values at most this go left.</param>
/// <param name="MissingGoesLeft">Where a missing value goes.</param>
/// <param name="Left">The trainer's own name of the left child.</param>
/// <param name="Right">And of the right one.</param>
/// <param name="Leaf">For a leaf: what is added to which raw sum.</param>
public readonly record struct TreeNode(int Feature, float Threshold, bool MissingGoesLeft, int Left, int Right, ReadOnlyMemory<LeafEntry> Leaf)
{
    public static TreeNode Split(int feature, float threshold, bool missingGoesLeft, int left, int right) => new(feature, threshold, missingGoesLeft, left, right, default);

    public static TreeNode EndsWith(params LeafEntry[] entries) => new(-1, 0, false, -1, -1, entries);
}

/// <summary>A value that a leaf adds to the raw sum of an output.</summary>
public readonly record struct LeafEntry(int Output, double Value);

/// <summary>Lays trees out breadth-first for <see cref="TreeEnsembleScorer"/>.</summary>
public sealed class TreeEnsembleBuilder
{
    private readonly int _featureCount;
    private readonly int _outputCount;
    private readonly int _sumCount;
    private readonly TreeLink _link;
    private readonly double[] _baseScores;
    private readonly List<int> _roots = [];
    private readonly List<int> _features = [];
    private readonly List<float> _thresholds = [];
    private readonly List<int> _left = [];
    private readonly List<bool> _missingGoesLeft = [];
    private readonly List<double> _leafValues = [];
    private readonly List<int> _leafOutputs = [];
    private int _nextChild;

    /// <param name="baseScores">One a raw sum: 1 for a logistic link, else one an output.</param>
    /// <exception cref="ArgumentException">The link cannot have so many outputs or base scores.</exception>
    public TreeEnsembleBuilder(int featureCount, int outputCount, TreeLink link, double[] baseScores)
    {
        _sumCount = TreeScorer.SumsOf(link, outputCount) ?? throw new ArgumentException($"A {link} link cannot have {outputCount} outputs.", nameof(outputCount));
        if (baseScores.Length != _sumCount)
            throw new ArgumentException($"{baseScores.Length} base scores for {_sumCount} sums.", nameof(baseScores));
        (_featureCount, _outputCount, _link, _baseScores) = (featureCount, outputCount, link, [.. baseScores]);
    }

    public int TreeCount => _roots.Count;

    /// <summary>Adds a tree.</summary>
    /// <param name="root">The trainer's own name of the root.</param>
    /// <param name="node">Describes a node by the trainer's own name; asked once a node.</param>
    /// <exception cref="ArgumentException">A feature, output or value is out of range.</exception>
    public void AddTree(int root, Func<int, TreeNode> node)
    {
        StartTree();
        var waiting = new Queue<int>();
        waiting.Enqueue(root);
        while (waiting.TryDequeue(out var name))
        {
            var described = node(name);
            if (described.Feature >= 0)
            {
                if (described.Feature >= _featureCount || float.IsNaN(described.Threshold))
                    throw new ArgumentException($"A split on feature {described.Feature} at {described.Threshold} is not possible with {_featureCount} features.", nameof(node));
                Split(described.Feature, described.Threshold, described.MissingGoesLeft);
                waiting.Enqueue(described.Left);
                waiting.Enqueue(described.Right);
                continue;
            }
            if (described.Leaf.Length == 0) throw new ArgumentException("A leaf has no entry.", nameof(node));
            StartLeaf();
            foreach (var (output, value) in described.Leaf.Span)
            {
                if ((uint)output >= (uint)_sumCount || !double.IsFinite(value))
                    throw new ArgumentException($"A leaf cannot add {value} to sum {output} of {_sumCount}.", nameof(node));
                LeafEntry(output, value);
            }
        }
    }

    public TreeEnsembleScorer Build()
    {
        if (_roots.Count == 0) throw new InvalidOperationException("An ensemble needs at least one tree.");
        return new TreeEnsembleScorer(_featureCount, _outputCount, _link, _baseScores, [.. _roots], [.. _features], [.. _thresholds],
            [.. _left], [.. _missingGoesLeft], [.. _leafValues], [.. _leafOutputs]);
    }

    /// <summary>The largest float that is not above a double threshold: it divides floats exactly as the double does.</summary>
    public static float FloorToSingle(double threshold)
    {
        var nearest = (float)threshold;
        return nearest > threshold ? MathF.BitDecrement(nearest) : nearest;
    }

    internal void StartTree()
    {
        _roots.Add(_features.Count);
        _nextChild = _features.Count + 1;
    }

    /// <summary>The next node breadth-first is a split: its children come after all that are waiting.</summary>
    internal void Split(int feature, float threshold, bool missingGoesLeft)
    {
        AddNode(feature, threshold, missingGoesLeft, _nextChild);
        _nextChild += 2;
    }

    internal void StartLeaf() => AddNode(0, 0, false, _leafValues.Count);

    internal void LeafEntry(int output, double value)
    {
        _features[^1]--;
        _leafOutputs.Add(output);
        _leafValues.Add(value);
    }

    private void AddNode(int feature, float threshold, bool missingGoesLeft, int left)
    {
        _features.Add(feature);
        _thresholds.Add(threshold);
        _missingGoesLeft.Add(missingGoesLeft);
        _left.Add(left);
    }
}
