using Google.Protobuf;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>Outputs out of features, as the scorer of the model makes them: doubles, shape [rows, outputs].</summary>
internal static class OnnxScorers
{
    /// <summary>A node takes some 40 bytes, and a file of ONNX at most 2 GB.</summary>
    private const int MostNodes = 30_000_000;

    // A row is held against all others at once.
    private const long MostNeighbourNumbers = 50_000_000;

    public static string? WhyNot(Scorer scorer) => scorer switch
    {
        EnsembleScorer ensemble => ensemble.Members.Select(m => WhyNot(m.Scorer)).FirstOrDefault(why => why is not null),
        SharpenedScorer sharpened => WhyNot(sharpened.Inner),
        ExponentialScorer exponential => WhyNot(exponential.Inner),
        ProjectedScorer projected => WhyNot(projected.Inner),
        TreeScorer { NodeCount: > MostNodes } trees => $"The trees have {trees.NodeCount:N0} nodes; an ONNX file holds at most {MostNodes:N0} (2 GB).",
        NeighboursScorer neighbours when neighbours.Rows.Length > MostNeighbourNumbers => $"The neighbours are {neighbours.Labels.Length:N0} rows of {neighbours.FeatureCount:N0} features, each of which ONNX would hold against a row at once.",
        _ => null,
    };

    /// <param name="graph">Where it is added.</param>
    /// <param name="scorer">With no reason against it.</param>
    /// <param name="features">Floats, [rows, features]; at least one feature.</param>
    /// <param name="cancellationToken">Looked at between trees.</param>
    public static string Score(OnnxGraph graph, Scorer scorer, string features, CancellationToken cancellationToken)
    {
        switch (scorer)
        {
            case ConstantScorer constant:
                return Constant(graph, features, [.. constant.Outputs]);
            case LinearScorer linear:
                return Linear(graph, linear, features);
            case QuantisedLinearScorer quantised:
                return Linear(graph, quantised.Expand(), features);
            case TreeScorer trees:
                return Trees(graph, trees.Unpack(), features, cancellationToken);
            case AdditiveScorer additive:
                return Trees(graph, AsTrees(additive), features, cancellationToken);
            case GaussianBayesScorer bayes:
                return Bayes(graph, bayes, features);
            case NeuralScorer neural:
                return Neural(graph, neural, features);
            case NeighboursScorer neighbours:
                return Neighbours(graph, neighbours, features);
            case ProjectedScorer projected:
                return Score(graph, projected.Inner, Project(graph, projected, features), cancellationToken);
            case SharpenedScorer sharpened:
                return Sharpen(graph, Score(graph, sharpened.Inner, features, cancellationToken), sharpened.OutputCount, sharpened.Sharpness);
            case ExponentialScorer exponential:
                var answer = Score(graph, exponential.Inner, features, cancellationToken);
                var ceiling = graph.Number(exponential.Ceiling);
                var held = graph.Where(graph.Add("Less", answer, ceiling), answer, ceiling);
                return graph.Add("Sub", graph.Add("Mul", graph.Add("Exp", held), graph.Number(exponential.Factor)), graph.Number(1));
            case EnsembleScorer ensemble:
                var parts = ensemble.Members.Select(member =>
                {
                    // Members may ask no feature at all.
                    var own = member.Scorer.FeatureCount == 0 ? features : member.Scorer.FeatureCount == ensemble.FeatureCount ? features
                        : graph.Add("Slice", features, graph.Ints([member.FirstFeature], 1), graph.Ints([member.FirstFeature + member.Scorer.FeatureCount], 1), graph.Ints([1], 1));
                    return graph.Add("Mul", Score(graph, member.Scorer, own, cancellationToken), graph.Number(member.Weight));
                }).ToList();
                return Sharpen(graph, parts.Aggregate((a, b) => graph.Add("Add", a, b)), ensemble.OutputCount, ensemble.Sharpness);
            default:
                throw new ArgumentException($"A {scorer.GetType().Name} has no counterpart in ONNX.", nameof(scorer));
        }
    }

    private static string Constant(OnnxGraph graph, string features, double[] outputs)
    {
        var rows = graph.AddWith("Shape", [features], ("start", 0L), ("end", 1L));
        return graph.Add("Expand", graph.Numbers(outputs, 1, outputs.Length), graph.AddWith("Concat", [rows, graph.Ints([outputs.Length], 1)], ("axis", 0L)));
    }

    private static string Linear(OnnxGraph graph, LinearScorer linear, string features)
    {
        var (count, sums) = (linear.FeatureCount, linear.Biases.Length);
        var weights = new double[count * sums];
        for (var k = 0; k < sums; k++)
            for (var j = 0; j < count; j++) weights[(j * sums) + k] = linear.Weights[(k * count) + j];
        var products = graph.Add("MatMul", graph.Cast(features, OnnxGraph.Double), graph.Numbers(weights, count, sums));
        return Finish(graph, linear.Link, graph.Add("Add", products, graph.Numbers(linear.Biases.ToArray(), 1, sums)));
    }

    private static string Finish(OnnxGraph graph, LinearLink link, string sums) => link switch
    {
        LinearLink.Logistic => Logistic(graph, sums),
        LinearLink.Softmax => Softmax(graph, sums),
        LinearLink.OneVersusAll => OneVersusAll(graph, sums),
        _ => sums,
    };

    private static string Sigmoid(OnnxGraph graph, string sums) => graph.Add("Div", graph.Number(1), graph.Add("Add", graph.Number(1), graph.Add("Exp", graph.Add("Neg", sums))));

    private static string Logistic(OnnxGraph graph, string sums)
    {
        var second = Sigmoid(graph, sums);
        return graph.AddWith("Concat", [graph.Add("Sub", graph.Number(1), second), second], ("axis", 1L));
    }

    private static string Softmax(OnnxGraph graph, string sums) => graph.AddWith("Softmax", [sums], ("axis", 1L));

    private static string Total(OnnxGraph graph, string values) => graph.AddWith("ReduceSum", [values, graph.Ints([1], 1)], ("keepdims", 1L));

    private static string OneVersusAll(OnnxGraph graph, string sums)
    {
        var each = Sigmoid(graph, sums);
        var total = Total(graph, each);
        return graph.Where(graph.Add("Less", total, graph.Number(1e-300)), Softmax(graph, sums), graph.Add("Div", each, total));
    }

    private static string Sharpen(OnnxGraph graph, string outputs, int width, double sharpness)
    {
        if (width < 2 || sharpness == 1) return outputs;
        var least = graph.Number(1e-15);
        var raised = graph.Add("Pow", graph.Where(graph.Add("Less", outputs, least), least, outputs), graph.Number(sharpness));
        return graph.Add("Div", raised, Total(graph, raised));
    }

    /// <summary>Thresholds and leaves are doubles, so that every row goes the way it goes in the model: its floats are compared as they are. Sums come out as floats, which are right to 7 digits.</summary>
    private static string Trees(OnnxGraph graph, TreeEnsembleScorer trees, string features, CancellationToken cancellationToken)
    {
        var count = trees.NodeCount;
        var (treeIds, nodeIds, featureIds, trueIds, falseIds, missing) = (new long[count], new long[count], new long[count], new long[count], new long[count], new long[count]);
        var (thresholds, modes) = (new double[count], new ByteString[count]);
        var (targetTrees, targetNodes, targetIds, targetWeights) = (new long[trees.LeafEntryCount], new long[trees.LeafEntryCount], new long[trees.LeafEntryCount], new double[trees.LeafEntryCount]);
        var (leaf, split, at) = (ByteString.CopyFromUtf8("LEAF"), ByteString.CopyFromUtf8("BRANCH_LEQ"), 0);
        for (var tree = 0; tree < trees.TreeCount; tree++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (first, end) = trees.NodesOf(tree);
            for (var node = first; node < end; node++)
            {
                (treeIds[node], nodeIds[node]) = (tree, node - first);
                if (!trees.IsLeaf(node, out var entries, out var question))
                {
                    modes[node] = split;
                    (featureIds[node], thresholds[node], missing[node]) = (question.Feature, question.Threshold, question.MissingGoesLeft ? 1 : 0);
                    (trueIds[node], falseIds[node]) = (question.Left - first, question.Left + 1 - first);
                    continue;
                }
                modes[node] = leaf;
                for (var entry = entries.First; entry < entries.First + entries.Count; entry++, at++)
                {
                    var (value, output) = trees.LeafEntry(entry);
                    (targetTrees[at], targetNodes[at], targetIds[at], targetWeights[at]) = (tree, node - first, output, value);
                }
            }
        }
        var sums = graph.Cast(graph.AddMl("TreeEnsembleRegressor", [graph.Cast(features, OnnxGraph.Double)],
            ("nodes_treeids", treeIds), ("nodes_nodeids", nodeIds), ("nodes_featureids", featureIds), ("nodes_values_as_tensor", OnnxGraph.Tensor(thresholds)), ("nodes_modes", modes),
            ("nodes_truenodeids", trueIds), ("nodes_falsenodeids", falseIds), ("nodes_missing_value_tracks_true", missing),
            ("target_treeids", targetTrees), ("target_nodeids", targetNodes), ("target_ids", targetIds), ("target_weights_as_tensor", OnnxGraph.Tensor(targetWeights)),
            ("n_targets", (long)trees.SumCount), ("aggregate_function", "SUM"), ("post_transform", "NONE")), OnnxGraph.Double);
        if (trees.BaseScores.ContainsAnyExcept(0)) sums = graph.Add("Add", sums, graph.Numbers(trees.BaseScores.ToArray(), 1, trees.SumCount));
        return trees.Link switch
        {
            TreeLink.Average => graph.Add("Div", sums, graph.Number(trees.TreeCount)),
            TreeLink.Exponential => graph.Add("Exp", sums),
            TreeLink.Logistic => Logistic(graph, sums),
            TreeLink.Softmax => Softmax(graph, sums),
            TreeLink.OneVersusAll => OneVersusAll(graph, sums),
            _ => sums,
        };
    }

    /// <summary>Step functions as trees: halving the edges, with missing values in a leaf of their own.</summary>
    private static TreeEnsembleScorer AsTrees(AdditiveScorer additive)
    {
        var link = additive.Link switch { LinearLink.Logistic => TreeLink.Logistic, LinearLink.Softmax => TreeLink.Softmax, _ => TreeLink.Identity };
        var builder = new TreeEnsembleBuilder(additive.FeatureCount, additive.OutputCount, link, additive.Biases.ToArray());
        var sums = additive.Biases.Length;
        foreach (var (feature, curve) in additive.Curves.Index())
        {
            // A node is a range of bins; -1 asks whether there is a value, -2 is the leaf where there is none.
            var ranges = new List<(int First, int Last)> { (-1, -1) };
            int Name(int first, int last)
            {
                ranges.Add((first, last));
                return ranges.Count - 1;
            }
            builder.AddTree(0, name =>
            {
                var (first, last) = ranges[name];
                if (first == -1) return TreeNode.Split(feature, float.PositiveInfinity, false, Name(0, curve.Edges.Length), Name(-2, -2));
                if (first == -2) return Leaf(curve.Edges.Length + 1);
                if (first == last) return Leaf(first);
                var middle = (first + last) / 2;
                return TreeNode.Split(feature, curve.Edges[middle], false, Name(first, middle), Name(middle + 1, last));
            });

            TreeNode Leaf(int bin) => TreeNode.EndsWith([.. Enumerable.Range(0, sums).Select(k => new LeafEntry(k, curve.Values[(bin * sums) + k]))]);
        }
        return builder.Build();
    }

    private static string Bayes(OnnxGraph graph, GaussianBayesScorer bayes, string features)
    {
        var (count, classes) = (bayes.FeatureCount, bayes.OutputCount);
        var values = graph.Add("Unsqueeze", graph.Cast(features, OnnxGraph.Double), graph.Ints([1], 1));
        var distance = graph.Add("Sub", values, graph.Numbers(bayes.Means.ToArray(), 1, classes, count));
        var squares = graph.Add("Div", graph.Add("Mul", distance, graph.Add("Mul", distance, graph.Number(0.5))), graph.Numbers(bayes.Variances.ToArray(), 1, classes, count));
        var added = graph.AddWith("ReduceSum", [squares, graph.Ints([2], 1)], ("keepdims", 0L));
        var sums = graph.Add("Sub", graph.Numbers([.. Enumerable.Range(0, classes).Select(bayes.Offset)], 1, classes), added);
        var finite = graph.Where(graph.Add("LessOrEqual", graph.Add("Abs", sums), graph.Number(double.MaxValue)), sums, graph.Number(-double.MaxValue / 4));
        return Softmax(graph, graph.Add("Mul", finite, graph.Number(bayes.Sharpness)));
    }

    private static string Held(OnnxGraph graph, string features)
    {
        var (least, most) = (graph.Floats([-NeuralScorer.LargestInput]), graph.Floats([NeuralScorer.LargestInput]));
        return graph.Add("Clip", features, least, most);
    }

    private static string Neural(OnnxGraph graph, NeuralScorer neural, string features)
    {
        var current = Held(graph, features);
        foreach (var (l, layer) in neural.Layers.Index())
        {
            current = graph.AddWith("Gemm", [current, graph.Floats(layer.Weights, layer.Biases.Length, layer.Inputs), graph.Floats(layer.Biases, layer.Biases.Length)], ("transB", 1L));
            if (l < neural.Layers.Count - 1) current = graph.Add("Relu", current);
        }
        var sums = graph.Cast(current, OnnxGraph.Double);
        return neural.Link == LinearLink.Identity ? graph.Add("Add", graph.Add("Mul", sums, graph.Number(neural.Scale)), graph.Number(neural.Mean)) : Finish(graph, neural.Link, sums);
    }

    private static string Project(OnnxGraph graph, ProjectedScorer projected, string features)
    {
        var (count, components) = (projected.FeatureCount, projected.ComponentCount);
        var weights = new float[count * components];
        for (var k = 0; k < components; k++)
            for (var j = 0; j < count; j++) weights[(k * count) + j] = projected.Weight(k, j);
        return graph.AddWith("Gemm", [features, graph.Floats(weights, components, count), graph.Floats([.. Enumerable.Range(0, components).Select(projected.Offset)], components)], ("transB", 1L));
    }

    private static string Neighbours(OnnxGraph graph, NeighboursScorer neighbours, string features)
    {
        var (rows, count, width) = (neighbours.Labels.Length, neighbours.FeatureCount, neighbours.OutputCount);
        var held = graph.Add("Unsqueeze", Held(graph, features), graph.Ints([1], 1));
        var apart = graph.Add("Sub", held, graph.Floats(neighbours.Rows.ToArray(), 1, rows, count));
        var distances = graph.AddWith("ReduceSum", [neighbours.IsManhattan ? graph.Add("Abs", apart) : graph.Add("Mul", apart, apart), graph.Ints([2], 1)], ("keepdims", 0L));
        if (!neighbours.IsManhattan) distances = graph.Add("Sqrt", distances);
        var nearest = graph.AddMany("TopK", 2, [distances, graph.Ints([neighbours.Count], 1)], ("axis", 1L), ("largest", 0L), ("sorted", 1L));
        var near = graph.Cast(nearest[0], OnnxGraph.Double);
        string weights;
        if (neighbours.ByDistance)
        {
            // Those exactly on the row alone count where there are some.
            var on = graph.Cast(graph.Add("Equal", near, graph.Number(0)), OnnxGraph.Double);
            var any = graph.Add("Greater", Total(graph, on), graph.Number(0));
            weights = graph.Where(any, on, graph.Add("Div", graph.Number(1), near));
        }
        else weights = graph.Add("Add", graph.Add("Mul", graph.Cast(graph.Add("Equal", near, graph.Number(0)), OnnxGraph.Double), graph.Number(0)), graph.Number(1));
        if (!neighbours.Weights.IsEmpty) weights = graph.Add("Mul", weights, graph.Take(graph.Numbers([.. neighbours.Weights.ToArray().Select(w => (double)w)], rows), nearest[1]));
        var total = Total(graph, weights);
        if (width == 1)
        {
            var labels = graph.Take(graph.Numbers([.. neighbours.Labels.ToArray().Select(l => (double)l)], rows), nearest[1]);
            return graph.Add("Div", Total(graph, graph.Add("Mul", weights, labels)), total);
        }
        // [rows, neighbours] of classes against all classes: [rows, neighbours, classes].
        var classes = graph.Take(graph.Ints([.. neighbours.Labels.ToArray().Select(l => (long)l)], rows), nearest[1]);
        var members = graph.Cast(graph.Add("Equal", graph.Add("Unsqueeze", classes, graph.Ints([2], 1)), graph.Ints([.. Enumerable.Range(0, width).Select(k => (long)k)], 1, 1, width)), OnnxGraph.Double);
        var votes = graph.AddWith("ReduceSum", [graph.Add("Mul", members, graph.Add("Unsqueeze", weights, graph.Ints([2], 1))), graph.Ints([1], 1)], ("keepdims", 0L));
        var shares = graph.Add("Mul", graph.Add("Div", votes, total), graph.Number(neighbours.Count));
        return graph.Add("Div", graph.Add("Add", shares, graph.Numbers(neighbours.Shares.ToArray(), 1, width)), graph.Number(neighbours.Count + 1));
    }
}
