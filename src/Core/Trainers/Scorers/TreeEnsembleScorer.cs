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
/// offset on the sum and is folded into leaves and base scores.
/// </remarks>
public sealed class TreeEnsembleScorer : Scorer
{
    private readonly int[] _roots;
    private readonly int[] _features;
    private readonly float[] _thresholds;
    private readonly int[] _left;
    private readonly bool[] _missingGoesLeft;
    private readonly double[] _leafValues;
    private readonly int[] _leafOutputs;
    private readonly double[] _baseScores;

    internal TreeEnsembleScorer(int featureCount, int outputCount, TreeLink link, double[] baseScores, int[] roots,
        int[] features, float[] thresholds, int[] left, bool[] missingGoesLeft, double[] leafValues, int[] leafOutputs)
        : base(featureCount, outputCount)
    {
        Link = link;
        (_baseScores, _roots, _features, _thresholds, _left) = (baseScores, roots, features, thresholds, left);
        (_missingGoesLeft, _leafValues, _leafOutputs) = (missingGoesLeft, leafValues, leafOutputs);
    }

    public TreeLink Link { get; }

    public int TreeCount => _roots.Length;

    public int NodeCount => _features.Length;

    /// <summary>Added to each raw sum; length <see cref="SumCount"/>; zeros for <see cref="TreeLink.Average"/>.</summary>
    public ReadOnlySpan<double> BaseScores => _baseScores;

    /// <summary>Index of each tree's first node, ascending.</summary>
    public ReadOnlySpan<int> Roots => _roots;

    /// <summary>One a node: the feature asked for, or -n for a leaf with n entries.</summary>
    public ReadOnlySpan<int> Features => _features;

    /// <summary>One a node: values at most this go left; 0 for leaves.</summary>
    public ReadOnlySpan<float> Thresholds => _thresholds;

    /// <summary>One a node: the left child, the right one being the next; or for a leaf the index of its first entry.</summary>
    public ReadOnlySpan<int> Left => _left;

    public ReadOnlySpan<bool> MissingGoesLeft => _missingGoesLeft;

    /// <summary>One a leaf entry: what is added to <see cref="LeafOutputs"/>.</summary>
    public ReadOnlySpan<double> LeafValues => _leafValues;

    /// <summary>One a leaf entry: which sum the value goes to.</summary>
    public ReadOnlySpan<int> LeafOutputs => _leafOutputs;

    /// <summary>Raw sums a row: 1 for a logistic link, else one an output.</summary>
    public int SumCount => SumsOf(Link, OutputCount) ?? 0;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        features = features[..FeatureCount];
        outputs = outputs[..OutputCount];
        _baseScores.CopyTo(outputs);
        var (nodeFeatures, thresholds, left, missingGoesLeft) = (_features, _thresholds, _left, _missingGoesLeft);
        foreach (var root in _roots)
        {
            var node = root;
            int feature;
            while ((feature = nodeFeatures[node]) >= 0)
            {
                var value = features[feature];
                // A comparison with NaN is false: one test for the common case, a second only where it fails.
                var goesLeft = value <= thresholds[node] || (missingGoesLeft[node] && float.IsNaN(value));
                node = left[node] + (goesLeft ? 0 : 1);
            }
            var end = left[node] - feature;
            for (var entry = left[node]; entry < end; entry++) outputs[_leafOutputs[entry]] += _leafValues[entry];
        }
        switch (Link)
        {
            case TreeLink.Average:
                foreach (ref var output in outputs) output /= _roots.Length;
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

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        foreach (var score in _baseScores) writer.Write(score);
        writer.Write7BitEncodedInt(_roots.Length);
        for (var tree = 0; tree < _roots.Length; tree++)
        {
            var end = tree + 1 < _roots.Length ? _roots[tree + 1] : _features.Length;
            for (var node = _roots[tree]; node < end; node++)
            {
                var feature = _features[node];
                if (feature >= 0)
                {
                    writer.Write7BitEncodedInt(1 + (2 * feature) + (_missingGoesLeft[node] ? 1 : 0));
                    writer.Write(_thresholds[node]);
                    continue;
                }
                writer.Write7BitEncodedInt(0);
                if (SumCount > 1) writer.Write7BitEncodedInt(-feature);
                for (var entry = _left[node]; entry < _left[node] - feature; entry++)
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
