using System.Text.Json.Nodes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>Describes a scorer of any kind in words and numbers that the exported programs read; long rows of numbers go to the data.</summary>
internal static class ScorerWriter
{
    /// <exception cref="ArgumentException">A kind of scorer that is not known here.</exception>
    public static JsonObject Write(Scorer scorer, ModelData data)
    {
        switch (scorer)
        {
            case ConstantScorer constant:
                return Of("constant", ("outputs", Numbers(constant.Outputs)));
            case LinearScorer linear:
                return Of("linear", ("link", LinkOf(linear.Link)), ("outputs", linear.OutputCount), ("biases", Numbers(linear.Biases.ToArray())), ("weights", data.Doubles(linear.Weights)));
            case QuantisedLinearScorer quantised:
                var q = Body(quantised);
                var link = q.ReadEnum<LinearLink>("link");
                var bits = q.ReadByte("bits");
                var sums = q.ReadCount(1, Target.MaximumClasses, "sums");
                var biases = q.ReadFiniteDoubles(sums, "biases");
                var steps = q.ReadFiniteDoubles(sums, "steps");
                var weights = new short[sums * quantised.FeatureCount];
                for (var i = 0; i < weights.Length; i++) weights[i] = bits == 8 ? (sbyte)q.ReadByte("weight") : BitConverter.ToInt16(q.Next(sizeof(short), "weight"));
                return Of("quantised-linear", ("link", LinkOf(link)), ("outputs", quantised.OutputCount), ("biases", Numbers(biases)), ("steps", Numbers(steps)), ("weights", data.Whole(weights)));
            case TreeScorer trees:
                // Of packed trees, too, the same answer for every row; that thresholds and leaves are few shows in the data.
                return Trees(trees.Unpack(), data);
            case NeuralScorer neural:
                return Of("neural", ("link", LinkOf(neural.Link)), ("outputs", neural.OutputCount), ("mean", neural.Mean), ("scale", neural.Scale), ("largestInput", NeuralScorer.LargestInput),
                    ("layers", new JsonArray([.. neural.Layers.Select(layer => new JsonObject { ["inputs"] = layer.Inputs, ["units"] = layer.Biases.Length, ["weights"] = data.Singles(layer.Weights), ["biases"] = data.Singles(layer.Biases) })])));
            case NeighboursScorer neighbours:
                return Neighbours(neighbours, data);
            case GaussianBayesScorer bayes:
                var b = Body(bayes);
                b.ReadFiniteDouble("sharpness");
                b.ReadFiniteDoubles(bayes.OutputCount, "shares");
                var count = (long)bayes.OutputCount * bayes.FeatureCount;
                return Of("gaussian-bayes", ("sharpness", bayes.Sharpness), ("offsets", Numbers([.. Enumerable.Range(0, bayes.OutputCount).Select(bayes.Offset)])),
                    ("means", data.Doubles(b.ReadFiniteDoubles(count, "means"))), ("variances", data.Doubles(b.ReadFiniteDoubles(count, "variances"))));
            case AdditiveScorer additive:
                return Of("additive", ("link", LinkOf(additive.Link)), ("outputs", additive.OutputCount), ("biases", Numbers(additive.Biases.ToArray())),
                    ("edgeCounts", data.Counts([.. additive.Curves.Select(c => c.Edges.Length)])), ("edges", data.Singles([.. additive.Curves.SelectMany(c => c.Edges)])), ("values", data.Doubles([.. additive.Curves.SelectMany(c => c.Values)])));
            case EnsembleScorer ensemble:
                return Of("ensemble", ("outputs", ensemble.OutputCount), ("sharpness", ensemble.Sharpness),
                    ("members", new JsonArray([.. ensemble.Members.Select(m => new JsonObject { ["first"] = m.FirstFeature, ["features"] = m.Scorer.FeatureCount, ["weight"] = m.Weight, ["scorer"] = Write(m.Scorer, data) })])));
            case SharpenedScorer sharpened:
                return Of("sharpened", ("sharpness", sharpened.Sharpness), ("inner", Write(sharpened.Inner, data)));
            case ExponentialScorer exponential:
                return Of("exponential", ("factor", exponential.Factor), ("ceiling", exponential.Ceiling), ("inner", Write(exponential.Inner, data)));
            case ProjectedScorer projected:
                var projection = new float[projected.ComponentCount * projected.FeatureCount];
                for (var i = 0; i < projection.Length; i++) projection[i] = projected.Weight(i / projected.FeatureCount, i % projected.FeatureCount);
                return Of("projected", ("weights", data.Singles(projection)), ("offsets", data.Singles([.. Enumerable.Range(0, projected.ComponentCount).Select(projected.Offset)])), ("inner", Write(projected.Inner, data)));
            default:
                throw new ArgumentException($"A {scorer.GetType().Name} cannot be written as source.", nameof(scorer));
        }
    }

    /// <summary>The kinds of a scorer and of those within it.</summary>
    public static IEnumerable<string> Kinds(JsonObject scorer)
    {
        yield return (string)scorer["kind"]!;
        foreach (var inner in (IEnumerable<JsonNode?>)[scorer["inner"], .. (scorer["members"] as JsonArray ?? []).Select(m => m!["scorer"])])
            if (inner is JsonObject found)
                foreach (var kind in Kinds(found)) yield return kind;
    }

    /// <summary>Nodes tree by tree and breadth-first, siblings side by side, so that where children stand follows from the splits before them: 0 for a leaf, else 1 + 2 · feature, and 1 more where missing values go left.</summary>
    private static JsonObject Trees(TreeEnsembleScorer trees, ModelData data)
    {
        var tags = new int[trees.NodeCount];
        var thresholds = new float[trees.NodeCount - trees.LeafCount];
        var (entryCounts, outputs, values) = (new int[trees.LeafCount], new int[trees.LeafEntryCount], new double[trees.LeafEntryCount]);
        var (split, leaf, entry) = (0, 0, 0);
        for (var node = 0; node < tags.Length; node++)
        {
            if (!trees.IsLeaf(node, out var entries, out var question))
            {
                tags[node] = 1 + (2 * question.Feature) + (question.MissingGoesLeft ? 1 : 0);
                thresholds[split++] = question.Threshold;
                continue;
            }
            entryCounts[leaf++] = entries.Count;
            for (var e = entries.First; e < entries.First + entries.Count; e++, entry++) (values[entry], outputs[entry]) = trees.LeafEntry(e);
        }
        return Of("trees", ("link", trees.Link switch { TreeLink.OneVersusAll => "one-versus-all", var link => link.ToString().ToLowerInvariant() }), ("outputs", trees.OutputCount), ("sums", trees.SumCount), ("base", Numbers(trees.BaseScores.ToArray())),
            ("roots", data.Counts(trees.Roots)), ("tags", data.Counts(tags)), ("thresholds", data.Singles(thresholds)),
            ("entryCounts", data.Counts(entryCounts)), ("entryOutputs", data.Counts(outputs)), ("entryValues", data.Doubles(values)));
    }

    private static JsonObject Neighbours(NeighboursScorer neighbours, ModelData data)
    {
        var reader = Body(neighbours);
        var rows = reader.ReadCount(1, int.MaxValue, "rows");
        var count = reader.ReadCount(1, rows, "neighbours");
        var flags = reader.ReadByte("flags");
        var values = reader.ReadFiniteSingles((long)rows * neighbours.FeatureCount, "rows");
        var labels = reader.ReadFiniteSingles(rows, "labels");
        return Of("neighbours", ("outputs", neighbours.OutputCount), ("features", neighbours.FeatureCount), ("count", count), ("byDistance", (flags & 1) != 0), ("manhattan", (flags & 2) != 0), ("largestInput", NeuralScorer.LargestInput),
            ("rows", data.Singles(values)), ("labels", data.Singles(labels)), ("weights", (flags & 4) != 0 ? data.Singles(reader.ReadFiniteSingles(rows, "weights")) : null));
    }

    /// <summary>What a scorer writes of itself.</summary>
    private static ScorerReader Body(Scorer scorer)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true)) scorer.WriteBody(writer);
        return new ScorerReader(stream.ToArray());
    }

    private static JsonObject Of(string kind, params (string Name, JsonNode? Value)[] parts)
    {
        var found = new JsonObject { ["kind"] = kind };
        foreach (var (name, value) in parts) found[name] = value;
        return found;
    }

    private static string LinkOf(LinearLink link) => link == LinearLink.OneVersusAll ? "one-versus-all" : link.ToString().ToLowerInvariant();

    internal static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(v => (JsonNode?)JsonValue.Create(v))]);
}
