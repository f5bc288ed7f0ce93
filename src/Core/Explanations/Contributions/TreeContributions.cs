using System.Numerics;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Of decision trees, leaf by leaf.</summary>
/// <remarks>
/// A leaf is reached when every group that asks on its path comes from a row that passes: the groups that the background row fails
/// must have joined, those that the explained row fails must not have. With a of the former and b of the latter, the leaf adds
/// (a - 1)! b! / (a + b)! of its value to each of the former and takes a! (b - 1)! / (a + b)! from each of the latter; where a group is failed by
/// both rows, the leaf is never reached (Lundberg et al. 2020, supplement, algorithm 3, here for groups of features).
/// Of few leaves, each keeps which groups the background rows fail, how often, and the shares that follow for each set of
/// groups that a row was found to fail: explaining a row is then one walk over the nodes. Of many, the leaves that a mixture of the two rows can reach are
/// looked for, background row by background row.
/// </remarks>
internal sealed class TreeContributions : ScoreContributions
{
    /// <summary>Leaves times background rows that are kept track of.</summary>
    internal const long MostKept = 2_000_000;

    // 2^n sets of shares a leaf, made when they are met.
    private const int MostKeptGroups = 10;

    private readonly record struct Node(float Threshold, int Feature, bool MissingGoesLeft, int Left, int Slot, int Leaf);

    /// <summary>A leaf, and what its path asks.</summary>
    /// <param name="Groups">In the order in which the path first asks for them; their position is their bit.</param>
    /// <param name="Entries">What is added to which sum.</param>
    private sealed record Leaf(int[] Groups, (int Sum, double Value)[] Entries)
    {
        /// <summary>Sets of groups that background rows fail, and the share of the rows that fail these.</summary>
        public (ulong Failed, double Share)[] Background = [];

        /// <summary>By set of groups that the explained row fails: one a group, the multiple of the leaf's values that it adds.</summary>
        public double[]?[] Known = [];
    }

    private readonly int[] _groups;
    private readonly Background _background;
    private readonly Node[] _nodes;
    private readonly Leaf[] _leaves;
    private readonly int[] _roots;
    private readonly double _factor;
    private readonly int _mostGroups;
    private readonly int _deepest;
    private readonly bool _isKept;
    private readonly double[,] _joined;

    /// <param name="mostKept">Other than <see cref="MostKept"/> where a test compares both ways.</param>
    public TreeContributions(TreeEnsembleScorer trees, Background background, int[] groups, int groupCount, long mostKept = MostKept)
        : base(ScaleOf(trees.Link), trees.OutputCount == 2 ? 1 : trees.SumCount, groupCount)
    {
        (_groups, _background) = (groups, background);
        _roots = trees.Roots.ToArray();
        _factor = trees.Link == TreeLink.Average ? 1.0 / _roots.Length : 1;
        (_nodes, _leaves, _deepest) = Lay(trees);
        _mostGroups = _leaves.Max(l => l.Groups.Length);
        _joined = Shares(_mostGroups);
        _isKept = _leaves.Length * (long)background.RowCount <= mostKept && _mostGroups <= 64;
        if (_isKept) KeepBackground();
        var skipped = SumCount < trees.SumCount ? 1 : 0;
        for (var k = 0; k < SumCount; k++) Base[k] = trees.BaseScores[k + skipped] * _factor;
        for (var row = 0; row < background.RowCount; row++)
            foreach (var root in _roots)
                foreach (var (sum, value) in _leaves[LeafOf(root, background.Row(row))].Entries) Base[sum] += value * _factor / background.RowCount;
    }

    private static ContributionScale ScaleOf(TreeLink link) => link switch
    {
        TreeLink.Average or TreeLink.Identity => ContributionScale.Answer,
        TreeLink.Exponential => ContributionScale.Logarithm,
        TreeLink.Softmax => ContributionScale.LogProbability,
        _ => ContributionScale.LogOdds,
    };

    private (Node[], Leaf[], int) Lay(TreeEnsembleScorer trees)
    {
        var (nodes, leaves) = (new Node[trees.NodeCount], new List<Leaf>());
        // Two classes' shares: the second is told, the first is what is left.
        var onlySecond = trees is { OutputCount: 2, SumCount: 2 };
        var paths = new int[trees.NodeCount][];
        var depths = new int[trees.NodeCount];
        foreach (var root in _roots) paths[root] = [];
        // Children stand behind their parents.
        for (var node = 0; node < nodes.Length; node++)
        {
            var path = paths[node];
            paths[node] = [];
            if (trees.IsLeaf(node, out var entries, out var question))
            {
                var added = Enumerable.Range(entries.First, entries.Count).Select(trees.LeafEntry).Where(e => !onlySecond || e.Output == 1);
                nodes[node] = new Node(0, -1, false, 0, -1, leaves.Count);
                leaves.Add(new Leaf(path, [.. added.Select(e => (onlySecond ? 0 : e.Output, e.Value))]));
                continue;
            }
            var slot = Array.IndexOf(path, _groups[question.Feature]);
            if (slot < 0) (slot, path) = (path.Length, [.. path, _groups[question.Feature]]);
            nodes[node] = new Node(question.Threshold, question.Feature, question.MissingGoesLeft, question.Left, slot, -1);
            paths[question.Left] = paths[question.Left + 1] = path;
            depths[question.Left] = depths[question.Left + 1] = depths[node] + 1;
        }
        return (nodes, [.. leaves], depths.Max());
    }

    /// <summary>By a and b: what a group that must have joined gets, (a - 1)! b! / (a + b)!; one that must not have gets the same with a and b changed about.</summary>
    private static double[,] Shares(int most)
    {
        var shares = new double[most + 1, most + 1];
        for (var a = 1; a <= most; a++)
        {
            shares[a, 0] = 1.0 / a;
            for (var b = 1; a + b <= most; b++) shares[a, b] = shares[a, b - 1] * b / (a + b);
        }
        return shares;
    }

    private static bool GoesLeft(in Node node, float value) => float.IsNaN(value) ? node.MissingGoesLeft : value <= node.Threshold;

    private int LeafOf(int root, ReadOnlySpan<float> row)
    {
        var at = root;
        while (_nodes[at].Leaf < 0) at = _nodes[at].Left + (GoesLeft(_nodes[at], row[_nodes[at].Feature]) ? 0 : 1);
        return _nodes[at].Leaf;
    }

    internal override void Add(ReadOnlySpan<float> features, double weight, Span<double> contributions)
    {
        if (_isKept) AddKept(features, weight * _factor, contributions);
        else AddSought(features, weight * _factor / _background.RowCount, contributions);
    }

    private void AddKept(ReadOnlySpan<float> features, double factor, Span<double> contributions)
    {
        foreach (var visit in new Walk(this, features))
        {
            var leaf = _leaves[visit.Leaf];
            var shares = leaf.Known.Length > 0 ? leaf.Known[visit.Failed] ??= SharesOf(leaf, visit.Failed) : SharesOf(leaf, visit.Failed);
            if (shares.Length == 0) continue;
            foreach (var (sum, value) in leaf.Entries)
            {
                var ofSum = contributions[(sum * GroupCount)..];
                for (var s = 0; s < shares.Length; s++) ofSum[leaf.Groups[s]] += shares[s] * value * factor;
            }
        }
    }

    private double[] SharesOf(Leaf leaf, ulong failed)
    {
        var shares = new double[leaf.Groups.Length];
        var b = BitOperations.PopCount(failed);
        var isReached = false;
        foreach (var (other, share) in leaf.Background)
        {
            var a = BitOperations.PopCount(other);
            if ((other & failed) != 0 || a + b == 0) continue;
            isReached = true;
            for (var s = 0; s < shares.Length; s++)
            {
                if ((other >> s & 1) != 0) shares[s] += share * _joined[a, b];
                else if ((failed >> s & 1) != 0) shares[s] -= share * _joined[b, a];
            }
        }
        return isReached ? shares : [];
    }

    private void KeepBackground()
    {
        var found = Array.ConvertAll(_leaves, _ => new Dictionary<ulong, int>());
        for (var row = 0; row < _background.RowCount; row++)
            foreach (var (leaf, failed) in new Walk(this, _background.Row(row))) found[leaf][failed] = found[leaf].GetValueOrDefault(failed) + 1;
        foreach (var (i, leaf) in _leaves.Index())
        {
            leaf.Background = [.. found[i].Select(f => (f.Key, (double)f.Value / _background.RowCount))];
            if (leaf.Groups.Length <= MostKeptGroups) leaf.Known = new double[]?[1 << leaf.Groups.Length];
        }
    }

    /// <summary>All leaves of all trees, and for each the set of groups whose questions the row fails on the way.</summary>
    private ref struct Walk(TreeContributions trees, ReadOnlySpan<float> features)
    {
        private readonly ReadOnlySpan<float> _features = features;
        private readonly (int Node, ulong Failed)[] _open = new (int, ulong)[trees._deepest + 1];
        private int _tree, _count;

        public (int Leaf, ulong Failed) Current { get; private set; }

        public readonly Walk GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_count == 0)
            {
                if (_tree == trees._roots.Length) return false;
                _open[_count++] = (trees._roots[_tree++], 0);
            }
            var (at, failed) = _open[--_count];
            while (trees._nodes[at].Leaf < 0)
            {
                ref readonly var node = ref trees._nodes[at];
                var right = GoesLeft(node, _features[node.Feature]) ? 0 : 1;
                _open[_count++] = (node.Left + 1 - right, failed | 1UL << node.Slot);
                at = node.Left + right;
            }
            Current = (trees._nodes[at].Leaf, failed);
            return true;
        }
    }

    private void AddSought(ReadOnlySpan<float> features, double factor, Span<double> contributions)
    {
        var search = new Search(this, new sbyte[GroupCount], new int[_mostGroups]);
        for (var row = 0; row < _background.RowCount; row++)
            foreach (var root in _roots) search.Seek(root, features, _background.Row(row), factor, contributions);
    }

    /// <summary>Looks for the leaves that a mixture of two rows can reach.</summary>
    /// <param name="sides">By group: 1 where it must have joined, -1 where it must not have, 0 where either will do.</param>
    /// <param name="bound">The groups that are not 0.</param>
    private sealed class Search(TreeContributions trees, sbyte[] sides, int[] bound)
    {
        private int _joined, _left;

        public void Seek(int at, ReadOnlySpan<float> row, ReadOnlySpan<float> background, double factor, Span<double> contributions)
        {
            while (true)
            {
                ref readonly var node = ref trees._nodes[at];
                if (node.Leaf >= 0)
                {
                    AddLeaf(trees._leaves[node.Leaf], factor, contributions);
                    return;
                }
                var own = node.Left + (GoesLeft(node, row[node.Feature]) ? 0 : 1);
                var other = node.Left + (GoesLeft(node, background[node.Feature]) ? 0 : 1);
                var group = trees._groups[node.Feature];
                if (own == other || sides[group] > 0) at = own;
                else if (sides[group] < 0) at = other;
                else
                {
                    bound[_joined + _left] = group;
                    sides[group] = 1;
                    _joined++;
                    Seek(own, row, background, factor, contributions);
                    _joined--;
                    sides[group] = -1;
                    _left++;
                    Seek(other, row, background, factor, contributions);
                    _left--;
                    sides[group] = 0;
                    return;
                }
            }
        }

        private void AddLeaf(Leaf leaf, double factor, Span<double> contributions)
        {
            for (var i = 0; i < _joined + _left; i++)
            {
                var share = sides[bound[i]] > 0 ? trees._joined[_joined, _left] : -trees._joined[_left, _joined];
                foreach (var (sum, value) in leaf.Entries) contributions[(sum * trees.GroupCount) + bound[i]] += share * value * factor;
            }
        }
    }
}
