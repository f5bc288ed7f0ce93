using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>Makes tree ensembles smaller.</summary>
public static class TreePruning
{
    /// <summary>The first trees; of a model that boosts every class by itself, the first of each class.</summary>
    /// <param name="trees">As learnt, in the order of learning.</param>
    /// <param name="share">Of the trees that stay, above 0, at most 1; rounded up.</param>
    public static TreeEnsembleScorer KeepFirst(TreeEnsembleScorer trees, double share)
    {
        if (!(share is > 0 and <= 1)) throw new ArgumentException($"A share of {share} trees cannot stay; expected above 0, at most 1.", nameof(share));
        return Rebuild(trees, First(trees, share).Contains, _ => null);
    }

    /// <summary>Whether <see cref="KeepFirst"/> would leave any tree out.</summary>
    internal static bool LeavesOut(TreeEnsembleScorer trees, double share) => First(trees, share).Count < trees.TreeCount;

    private static HashSet<int> First(TreeEnsembleScorer trees, double share) =>
        [.. Enumerable.Range(0, trees.TreeCount).GroupBy(tree => OnlyOutput(trees, tree)).SelectMany(g => g.Take((int)Math.Ceiling((share * g.Count()) - 1e-9)))];

    /// <summary>Collapses splits, those first that hold answers apart least for each leaf that goes.</summary>
    /// <param name="trees">As learnt.</param>
    /// <param name="share">Of the splits that stay at most, above 0, at most 1.</param>
    /// <param name="training">Rows that tell how often a leaf is reached; its features from <paramref name="firstFeature"/> on are the model's.</param>
    /// <param name="firstFeature">0-based.</param>
    /// <param name="cancellationToken">Looked at between trees.</param>
    /// <remarks>
    /// Weakest-link pruning: Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, chapter 3. The error of a collapsed split is
    /// the sum over training rows of the squared distance between the leaf that was and the mean that stands for it: of a forest of class shares that is
    /// the growth of the Gini impurity, of a boosted model the change of its raw score. A boosted tree that is one leaf in the end goes into the base score.
    /// </remarks>
    public static TreeEnsembleScorer PruneSplits(TreeEnsembleScorer trees, double share, FeatureMatrix training, int firstFeature, CancellationToken cancellationToken)
    {
        if (!(share is > 0 and <= 1)) throw new ArgumentException($"A share of {share} splits cannot stay; expected above 0, at most 1.", nameof(share));
        var links = new List<(double Alpha, int Node, int LeavesLost)>();
        for (var tree = 0; tree < trees.TreeCount; tree++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CollectLinks(trees, tree, Counts(trees, tree, training, firstFeature), links);
        }
        // Stable: of equal links, those of a tree stay in the order of its own pruning.
        // A tree has one leaf more than it has splits, so as many splits go as leaves.
        var splits = trees.LeafCount - trees.TreeCount;
        var excess = splits - (int)(share * splits);
        var collapsed = new HashSet<int>();
        foreach (var (_, node, lost) in links.OrderBy(l => l.Alpha))
        {
            if (excess <= 0) break;
            collapsed.Add(node);
            excess -= lost;
        }
        // The means are worked out once more for the trees alone that lose something, so that not all of a big forest's are held at once.
        Dictionary<int, LeafEntry[]> leaves = [];
        for (var tree = 0; tree < trees.TreeCount; tree++)
        {
            var (first, end) = trees.NodesOf(tree);
            var own = Enumerable.Range(first, end - first).Where(collapsed.Contains).ToHashSet();
            if (own.Count == 0) continue;
            var counts = Counts(trees, tree, training, firstFeature);
            foreach (var node in own) leaves[node] = Mean(trees, node, counts, first);
        }
        return Rebuild(trees, _ => true, node => leaves.GetValueOrDefault(node));
    }

    /// <summary>How many rows reach each node of a tree, by its place in the tree.</summary>
    private static int[] Counts(TreeEnsembleScorer trees, int tree, FeatureMatrix rows, int firstFeature)
    {
        var (first, end) = trees.NodesOf(tree);
        var counts = new int[end - first];
        for (var row = 0; row < rows.RowCount; row++)
        {
            var features = rows.Row(row).Slice(firstFeature, trees.FeatureCount);
            var node = first;
            counts[0]++;
            while (!trees.IsLeaf(node, out _, out var question))
            {
                var value = features[question.Feature];
                node = question.Left + (float.IsNaN(value) ? question.MissingGoesLeft ? 0 : 1 : value <= question.Threshold ? 0 : 1);
                counts[node - first]++;
            }
        }
        return counts;
    }

    /// <summary>The order in which a tree's splits would be collapsed, with the error for each leaf that goes.</summary>
    private static void CollectLinks(TreeEnsembleScorer trees, int tree, int[] counts, List<(double Alpha, int Node, int LeavesLost)> links)
    {
        var (first, end) = trees.NodesOf(tree);
        var size = end - first;
        if (size == 1) return;
        var (leaves, parent, own, below) = (new int[size], new int[size], new double[size], new double[size]);
        var (sums, squares) = (new Dictionary<int, double>?[size], new double[size]);
        // Children stand behind their parents, so this goes from the leaves up.
        for (var i = size - 1; i >= 0; i--)
        {
            if (trees.IsLeaf(first + i, out var entries, out var question))
            {
                leaves[i] = 1;
                var sum = sums[i] = [];
                for (var e = entries.First; e < entries.First + entries.Count; e++)
                {
                    var (value, output) = trees.LeafEntry(e);
                    sum[output] = counts[i] * value;
                    squares[i] += counts[i] * value * value;
                }
                continue;
            }
            var (left, right) = (question.Left - first, question.Left + 1 - first);
            (parent[left], parent[right]) = (i, i);
            leaves[i] = leaves[left] + leaves[right];
            squares[i] = squares[left] + squares[right];
            var (into, from) = sums[left]!.Count >= sums[right]!.Count ? (sums[left]!, sums[right]!) : (sums[right]!, sums[left]!);
            foreach (var (output, value) in from) into[output] = into.GetValueOrDefault(output) + value;
            (sums[i], sums[left], sums[right]) = (into, null, null);
            own[i] = counts[i] == 0 ? 0 : Math.Max(0, squares[i] - (into.Values.Sum(v => v * v) / counts[i]));
        }
        parent[0] = -1;
        var open = new PriorityQueue<int, (double, int)>();
        var (alphas, gone) = (new double[size], new bool[size]);
        for (var i = 0; i < size; i++)
            if (leaves[i] > 1) Enqueue(i);
        var floor = 0.0;
        while (open.TryDequeue(out var node, out var key))
        {
            if (gone[node] || key.Item1 != alphas[node]) continue;
            // Never below that of a split that went before it: the sequence is nested.
            floor = Math.Max(floor, alphas[node]);
            var lost = leaves[node] - 1;
            links.Add((floor, first + node, lost));
            var grown = own[node] - below[node];
            Remove(node);
            for (var up = parent[node]; up >= 0; up = parent[up])
            {
                leaves[up] -= lost;
                below[up] += grown;
                Enqueue(up);
            }
        }

        void Enqueue(int node)
        {
            alphas[node] = (own[node] - below[node]) / (leaves[node] - 1);
            // Of equal ones the deeper first, so that a parent does not take its children's leaves along uncounted.
            open.Enqueue(node, (alphas[node], -node));
        }

        void Remove(int top)
        {
            var waiting = new Stack<int>([top]);
            while (waiting.TryPop(out var node))
            {
                gone[node] = true;
                if (trees.IsLeaf(first + node, out _, out var question) || (node != top && leaves[node] == 1)) continue;
                waiting.Push(question.Left - first);
                waiting.Push(question.Left + 1 - first);
            }
            leaves[top] = 1;
        }
    }

    /// <summary>The mean leaf under a node, each leaf counting as often as rows reach it; where none does, all alike.</summary>
    private static LeafEntry[] Mean(TreeEnsembleScorer trees, int top, int[] counts, int first)
    {
        var sums = new SortedDictionary<int, double>();
        var plain = counts[top - first] == 0;
        double total = 0;
        var waiting = new Stack<int>([top]);
        while (waiting.TryPop(out var node))
        {
            if (!trees.IsLeaf(node, out var entries, out var question))
            {
                waiting.Push(question.Left + 1);
                waiting.Push(question.Left);
                continue;
            }
            var weight = plain ? 1 : counts[node - first];
            total += weight;
            for (var e = entries.First; e < entries.First + entries.Count; e++)
            {
                var (value, output) = trees.LeafEntry(e);
                sums[output] = sums.GetValueOrDefault(output) + (weight * value);
            }
        }
        return [.. sums.Select(s => new LeafEntry(s.Key, s.Value / total)).Where((entry, i) => entry.Value != 0 || i == 0)];
    }

    /// <summary>The class that a tree's leaves are all about, or -1.</summary>
    private static int OnlyOutput(TreeEnsembleScorer trees, int tree)
    {
        if (trees.SumCount == 1 || trees.Link == TreeLink.Average) return -1;
        var (first, end) = trees.NodesOf(tree);
        var only = -2;
        for (var node = first; node < end; node++)
        {
            if (!trees.IsLeaf(node, out var entries, out _)) continue;
            for (var e = entries.First; e < entries.First + entries.Count; e++)
            {
                var output = trees.LeafEntry(e).Output;
                if (only == -2) only = output;
                else if (only != output) return -1;
            }
        }
        return only;
    }

    /// <param name="trees">The source.</param>
    /// <param name="keeps">Whether a tree stays.</param>
    /// <param name="collapsed">The leaf that stands for a node and all below it, or null.</param>
    private static TreeEnsembleScorer Rebuild(TreeEnsembleScorer trees, Func<int, bool> keeps, Func<int, LeafEntry[]?> collapsed)
    {
        var baseScores = trees.BaseScores.ToArray();
        var constant = new HashSet<int>();
        for (var tree = 0; tree < trees.TreeCount && trees.Link != TreeLink.Average; tree++)
        {
            if (!keeps(tree) || collapsed(trees.NodesOf(tree).First) is not { } leaf) continue;
            constant.Add(tree);
            foreach (var (output, value) in leaf) baseScores[output] += value;
        }
        // An ensemble needs a tree.
        if (constant.Count == trees.TreeCount && constant.Remove(0))
            foreach (var (output, value) in collapsed(trees.NodesOf(0).First)!) baseScores[output] -= value;
        var builder = new TreeEnsembleBuilder(trees.FeatureCount, trees.OutputCount, trees.Link, baseScores);
        for (var tree = 0; tree < trees.TreeCount; tree++)
        {
            if (!keeps(tree) || constant.Contains(tree)) continue;
            builder.AddTree(trees.NodesOf(tree).First, node =>
            {
                if (collapsed(node) is { } leaf) return TreeNode.EndsWith(leaf);
                if (!trees.IsLeaf(node, out var entries, out var question))
                    return TreeNode.Split(question.Feature, question.Threshold, question.MissingGoesLeft, question.Left, question.Left + 1);
                var own = new LeafEntry[entries.Count];
                for (var e = 0; e < own.Length; e++) own[e] = trees.LeafEntry(entries.First + e) is var (value, output) ? new LeafEntry(output, value) : default;
                return TreeNode.EndsWith(own);
            });
        }
        return builder.Build();
    }
}
