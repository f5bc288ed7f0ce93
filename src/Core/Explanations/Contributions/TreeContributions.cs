using System.Numerics;
using System.Runtime.CompilerServices;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Of decision trees, leaf by leaf.</summary>
/// <remarks>
/// A leaf is reached when every group that asks on its path comes from a row that passes: the groups that the background row fails
/// must have joined, those that the explained row fails must not have. With a of the former and b of the latter, the leaf adds
/// (a - 1)! b! / (a + b)! of its value to each of the former and takes a! (b - 1)! / (a + b)! from each of the latter; where a group is failed by
/// both rows, the leaf is never reached (Lundberg et al. 2020, supplement, algorithm 3, here for groups of features).
/// All background rows go down a tree together, one bit each: which of them turn left at a node is found out once, when this is made, and a
/// branch that no mixture of the explained row with one of them can reach is not entered. What a leaf adds hangs only on which groups the
/// explained row fails: of not too many leaves it is remembered.
/// </remarks>
internal sealed class TreeContributions : ScoreContributions
{
    /// <summary>Bits that a set of background rows has.</summary>
    private const int MostRows = 128;

    // Leaves that remember, and groups of a leaf that does: it has room for 2^n.
    private const int MostRemembering = 20_000;
    private const int MostRememberedGroups = 8;

    /// <summary>A set of background rows, a bit each.</summary>
    private readonly record struct RowSet(ulong Low, ulong High)
    {
        public bool IsEmpty => (Low | High) == 0;

        public static RowSet operator &(RowSet a, RowSet b) => new(a.Low & b.Low, a.High & b.High);
        public static RowSet operator |(RowSet a, RowSet b) => new(a.Low | b.Low, a.High | b.High);

        /// <summary>What is in <paramref name="a"/> and not in <paramref name="b"/>.</summary>
        public static RowSet operator -(RowSet a, RowSet b) => new(a.Low & ~b.Low, a.High & ~b.High);

        public RowSet With(int row) => row < 64 ? new(Low | 1UL << row, High) : new(Low, High | 1UL << (row - 64));
    }

    /// <param name="LeftRows">Background rows that go left here.</param>
    /// <param name="Slot">Position of its group among the groups that the path from the root asks, in the order in which they are first asked.</param>
    /// <param name="Leaf">-1 for a question.</param>
    private readonly record struct Node(RowSet LeftRows, float Threshold, int Feature, bool MissingGoesLeft, int Left, int Slot, int Leaf);

    /// <param name="Groups">That the path asks, in order.</param>
    /// <param name="Entries">What is added to which sum.</param>
    private sealed record Leaf(int[] Groups, (int Sum, double Value)[] Entries)
    {
        /// <summary>By set of groups that the explained row fails, a bit each: what each group adds, as a multiple of the values; null until it was asked for.</summary>
        public double[]?[] Known = [];
    }

    private readonly int[] _groups;
    private readonly Node[] _nodes;
    private readonly Leaf[] _leaves;
    private readonly int[] _roots;
    private readonly double _factor;
    private readonly RowSet _all;

    // By a and b, the length of a row being the most groups of a path and one.
    private readonly double[] _joined;
    private readonly int _most;

    public TreeContributions(TreeEnsembleScorer trees, Background background, int[] groups, int groupCount)
        : base(ScaleOf(trees.Link), trees.OutputCount == 2 ? 1 : trees.SumCount, groupCount)
    {
        if (background.RowCount > MostRows) throw new ArgumentException($"Found {background.RowCount} background rows, expected at most {MostRows}.", nameof(background));
        _groups = groups;
        _roots = trees.Roots.ToArray();
        // The mean over the background rows, and of a forest over the trees.
        _factor = (trees.Link == TreeLink.Average ? 1.0 / _roots.Length : 1) / background.RowCount;
        for (var row = 0; row < background.RowCount; row++) _all = _all.With(row);
        (_nodes, _leaves) = Lay(trees, background);
        _most = _leaves.Max(l => l.Groups.Length);
        _joined = Shares(_most);
        if (_leaves.Length <= MostRemembering)
            foreach (var leaf in _leaves.Where(l => l.Groups.Length <= MostRememberedGroups)) leaf.Known = new double[]?[1 << leaf.Groups.Length];
        var skipped = SumCount < trees.SumCount ? 1 : 0;
        for (var k = 0; k < SumCount; k++) Base[k] = trees.BaseScores[k + skipped] * _factor * background.RowCount;
        for (var row = 0; row < background.RowCount; row++)
            foreach (var root in _roots)
                foreach (var (sum, value) in _leaves[LeafOf(root, background.Row(row))].Entries) Base[sum] += value * _factor;
    }

    private static ContributionScale ScaleOf(TreeLink link) => link switch
    {
        TreeLink.Average or TreeLink.Identity => ContributionScale.Answer,
        TreeLink.Exponential => ContributionScale.Logarithm,
        TreeLink.Softmax => ContributionScale.LogProbability,
        _ => ContributionScale.LogOdds,
    };

    private (Node[], Leaf[]) Lay(TreeEnsembleScorer trees, Background background)
    {
        var (nodes, leaves) = (new Node[trees.NodeCount], new List<Leaf>());
        // Two classes' shares: the second is told, the first is what is left.
        var onlySecond = trees is { OutputCount: 2, SumCount: 2 };
        var paths = new int[trees.NodeCount][];
        foreach (var root in _roots) paths[root] = [];
        // Children stand behind their parents.
        for (var node = 0; node < nodes.Length; node++)
        {
            var path = paths[node];
            paths[node] = [];
            if (trees.IsLeaf(node, out var entries, out var question))
            {
                var added = Enumerable.Range(entries.First, entries.Count).Select(trees.LeafEntry).Where(e => !onlySecond || e.Output == 1);
                nodes[node] = new Node(default, 0, -1, false, 0, -1, leaves.Count);
                leaves.Add(new Leaf(path, [.. added.Select(e => (onlySecond ? 0 : e.Output, e.Value))]));
                continue;
            }
            var slot = Array.IndexOf(path, _groups[question.Feature]);
            if (slot < 0) (slot, path) = (path.Length, [.. path, _groups[question.Feature]]);
            var left = default(RowSet);
            for (var row = 0; row < background.RowCount; row++)
                if (GoesLeft(question.Threshold, question.MissingGoesLeft, background.Row(row)[question.Feature])) left = left.With(row);
            nodes[node] = new Node(left, question.Threshold, question.Feature, question.MissingGoesLeft, question.Left, slot, -1);
            paths[question.Left] = paths[question.Left + 1] = path;
        }
        return (nodes, [.. leaves]);
    }

    /// <summary>By a and b: what a group that must have joined gets, (a - 1)! b! / (a + b)!; one that must not have gets the same with a and b changed about.</summary>
    private static double[] Shares(int most)
    {
        var shares = new double[(most + 1) * (most + 1)];
        for (var a = 1; a <= most; a++)
        {
            var first = a * (most + 1);
            shares[first] = 1.0 / a;
            for (var b = 1; a + b <= most; b++) shares[first + b] = shares[first + b - 1] * b / (a + b);
        }
        return shares;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool GoesLeft(float threshold, bool missingGoesLeft, float value) => value <= threshold || (missingGoesLeft && float.IsNaN(value));

    private int LeafOf(int root, ReadOnlySpan<float> row)
    {
        var at = root;
        while (_nodes[at].Leaf < 0) at = _nodes[at].Left + (GoesLeft(_nodes[at].Threshold, _nodes[at].MissingGoesLeft, row[_nodes[at].Feature]) ? 0 : 1);
        return _nodes[at].Leaf;
    }

    internal override void Add(ReadOnlySpan<float> features, double weight, Span<double> contributions)
    {
        var walk = new Walk(this, features, contributions, weight * _factor, new RowSet[_most], new bool[_most], new double[_most]);
        foreach (var root in _roots) walk.Down(root, 0, 0, 0, _all);
    }

    /// <summary>A walk to the leaves that a mixture of the explained row with a background row can reach.</summary>
    /// <param name="failing">By slot: background rows that fail it.</param>
    /// <param name="fails">By slot: whether the explained row fails it.</param>
    /// <param name="shares">Room for a leaf: what each slot adds, as a multiple of its values.</param>
    private readonly ref struct Walk(TreeContributions trees, ReadOnlySpan<float> features, Span<double> contributions, double factor, RowSet[] failing, bool[] fails, double[] shares)
    {
        private readonly ReadOnlySpan<float> _features = features;
        private readonly Span<double> _contributions = contributions;

        /// <param name="slots">Groups that the path has asked.</param>
        /// <param name="failed">Of them, those that the explained row fails.</param>
        /// <param name="mask">The same, a bit each; of use for paths of few groups alone.</param>
        /// <param name="rows">Background rows that fail none of these.</param>
        public void Down(int at, int slots, int failed, int mask, RowSet rows)
        {
            ref readonly var node = ref trees._nodes[at];
            if (node.Leaf >= 0)
            {
                AddLeaf(trees._leaves[node.Leaf], failed, mask, rows);
                return;
            }
            var slot = node.Slot;
            var isNew = slot == slots;
            var (before, failedBefore) = isNew ? (default, false) : (failing[slot], fails[slot]);
            var goesLeft = GoesLeft(node.Threshold, node.MissingGoesLeft, _features[node.Feature]);
            if (isNew) slots++;
            for (var side = 0; side < 2; side++)
            {
                var failingHere = before | (side == 0 ? trees._all - node.LeftRows : node.LeftRows);
                var failsHere = failedBefore || goesLeft != (side == 0);
                var left = failsHere ? rows - failingHere : rows;
                if (left.IsEmpty) continue;
                (failing[slot], fails[slot]) = (failingHere, failsHere);
                Down(node.Left + side, slots, failed + (failsHere && !failedBefore ? 1 : 0), failsHere ? mask | 1 << slot : mask, left);
            }
            (failing[slot], fails[slot]) = (before, failedBefore);
        }

        private void AddLeaf(Leaf leaf, int failed, int mask, RowSet rows)
        {
            var own = leaf.Known.Length == 0 ? Share(leaf, failed, rows, shares.AsSpan(0, leaf.Groups.Length)) : leaf.Known[mask] ??= Share(leaf, failed, rows, new double[leaf.Groups.Length]).ToArray();
            foreach (var (sum, value) in leaf.Entries)
            {
                var ofSum = _contributions[(sum * trees.GroupCount)..];
                var added = value * factor;
                for (var slot = 0; slot < own.Length; slot++) ofSum[leaf.Groups[slot]] += own[slot] * added;
            }
        }

        private Span<double> Share(Leaf leaf, int failed, RowSet rows, Span<double> own)
        {
            own.Clear();
            // What those that must not have joined lose is the same for each of them.
            var lost = AddRows(rows.Low, isHigh: false, failed, own) + AddRows(rows.High, isHigh: true, failed, own);
            for (var slot = 0; slot < own.Length; slot++)
                if (fails[slot]) own[slot] -= lost;
            return own;
        }

        /// <summary>Counts for all rows at once how many groups each fails, digit by digit, and then treats rows with the same count together.</summary>
        private double AddRows(ulong rows, bool isHigh, int failed, Span<double> own)
        {
            if (rows == 0) return 0;
            // One set of rows a binary digit of the count.
            Span<ulong> digits = stackalloc ulong[32];
            var used = 0;
            for (var slot = 0; slot < own.Length; slot++)
            {
                var carry = rows & (isHigh ? failing[slot].High : failing[slot].Low);
                for (var digit = 0; carry != 0; digit++)
                {
                    if (digit == used) digits[used++] = 0;
                    (digits[digit], carry) = (digits[digit] ^ carry, digits[digit] & carry);
                }
            }
            var lost = 0.0;
            var width = trees._most + 1;
            var left = rows;
            for (var joined = 0; left != 0; joined++)
            {
                var same = left;
                for (var digit = 0; digit < used; digit++) same &= (joined >> digit & 1) != 0 ? digits[digit] : ~digits[digit];
                if (same == 0) continue;
                left &= ~same;
                lost += trees._joined[(failed * width) + joined] * BitOperations.PopCount(same);
                if (joined == 0) continue;
                var share = trees._joined[(joined * width) + failed];
                for (var slot = 0; slot < own.Length; slot++) own[slot] += share * BitOperations.PopCount(same & (isHigh ? failing[slot].High : failing[slot].Low));
            }
            return lost;
        }
    }
}
