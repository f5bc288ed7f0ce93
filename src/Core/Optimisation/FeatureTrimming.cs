using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>Leaves out features that a model asks nothing of: columns, values of categories, parts of dates. The answers are the same to the bit.</summary>
public static class FeatureTrimming
{
    /// <param name="encoder">That makes the features.</param>
    /// <param name="scorer">That looks at them.</param>
    /// <returns>Both as they were where everything is asked for, or where the kind of model does not tell.</returns>
    public static (FittedFeatureEncoder Encoder, Scorer Scorer) Trim(FittedFeatureEncoder encoder, Scorer scorer)
    {
        if (Asked(scorer) is not { } asked || asked.Length != encoder.FeatureNames.Count) return (encoder, scorer);
        var (columns, kept, first) = (new List<ColumnEncoder>(), new List<int>(), 0);
        foreach (var column in encoder.Columns)
        {
            var own = asked.AsSpan(first, column.FeatureNames.Count);
            if (column.Keep(own) is { } smaller)
            {
                columns.Add(smaller);
                // A column that cannot be made smaller stays whole.
                var isWhole = smaller.FeatureNames.Count == own.Length;
                for (var i = 0; i < own.Length; i++)
                    if (isWhole || own[i]) kept.Add(first + i);
            }
            first += own.Length;
        }
        return kept.Count == asked.Length || kept.Count == 0 ? (encoder, scorer) : (new FittedFeatureEncoder(encoder.Encoding, columns), Keep(scorer, [.. kept]));
    }

    /// <summary>One a feature: whether any answer hangs on it; null where that is not known.</summary>
    private static bool[]? Asked(Scorer scorer)
    {
        var asked = new bool[scorer.FeatureCount];
        switch (scorer)
        {
            case SharpenedScorer wrap: return Asked(wrap.Inner);
            case ExponentialScorer wrap: return Asked(wrap.Inner);
            case TreeEnsembleScorer trees:
                for (var node = 0; node < trees.NodeCount; node++)
                    if (!trees.IsLeaf(node, out _, out var question)) asked[question.Feature] = true;
                return asked;
            case LinearScorer linear:
                for (var i = 0; i < linear.Weights.Length; i++) asked[i % asked.Length] |= linear.Weights[i] != 0;
                return asked;
            case QuantisedLinearScorer quantised: return Asked(quantised.Expand());
            default: return null;
        }
    }

    private static Scorer Keep(Scorer scorer, int[] kept) => scorer switch
    {
        SharpenedScorer wrap => new SharpenedScorer(Keep(wrap.Inner, kept), wrap.Sharpness),
        ExponentialScorer wrap => new ExponentialScorer(Keep(wrap.Inner, kept), wrap.Factor, wrap.Ceiling),
        TreeEnsembleScorer trees => Keep(trees, kept),
        LinearScorer linear => new LinearScorer([.. Enumerable.Range(0, linear.Biases.Length).SelectMany(k => kept.Select(j => (k * linear.FeatureCount) + j)).Select(i => linear.Weights[i])], linear.Biases.ToArray(), linear.Link),
        QuantisedLinearScorer quantised => quantised.Keep(kept),
        _ => throw new ArgumentException($"Features of a {scorer.GetType().Name} cannot be left out.", nameof(scorer)),
    };

    private static TreeEnsembleScorer Keep(TreeEnsembleScorer trees, int[] kept)
    {
        var position = kept.Index().ToDictionary(k => k.Item, k => k.Index);
        var builder = new TreeEnsembleBuilder(kept.Length, trees.OutputCount, trees.Link, trees.BaseScores.ToArray());
        foreach (var root in trees.Roots)
            builder.AddTree(root, node => trees.IsLeaf(node, out var entries, out var question)
                ? TreeNode.EndsWith([.. Enumerable.Range(entries.First, entries.Count).Select(e => new LeafEntry(trees.LeafEntry(e).Output, trees.LeafEntry(e).Value))])
                : TreeNode.Split(position[question.Feature], question.Threshold, question.MissingGoesLeft, question.Left, question.Left + 1));
        return builder.Build();
    }
}
