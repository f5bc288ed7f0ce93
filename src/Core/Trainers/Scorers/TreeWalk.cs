using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Walks many rows through the trees of an ensemble at once; each row ends in the leaves that it reaches alone.</summary>
/// <remarks>
/// A value is asked for nothing but on which side of a threshold it lies. So each feature is coded by the number of its thresholds below the value: <c>value &lt;= threshold</c> holds exactly where the code is at most the position of
/// the threshold. Forests and boosted trees bin their features and have at most some 250 thresholds a feature, so that a code is a byte: the codes of a block of rows and a tree of thousands of nodes stay in the first cache together, after
/// Lucchese et al. (2015), QuickScorer, SIGIR, in the order of loops though not in the use of bits. Eight rows walk abreast, and nothing branches on the data: a leaf leads to itself.
/// Missing values: a feature has two columns of codes where nodes send them both ways, one in which missing is smallest and one in which it is largest.
/// </remarks>
internal sealed class TreeWalk
{
    /// <summary>For fewer rows coding is not worth its while.</summary>
    public const int WorthCoding = 16;

    // So many codes as stay in the second cache, of a block of rows.
    private const int CodesTogether = 1 << 18;
    private const int FewestRowsTogether = 512;
    private const int MostRowsTogether = 4096;
    private const int RowsEncoded = 64;
    private const int TopLevels = 6;
    private const int MostColumns = (1 << 23) / FewestRowsTogether;
    private const int MostEntries = (1 << 23) - 1;
    private const byte Largest = 255;
    private const int CodeAt = 55;
    private const ulong Leaf = 1ul << 63;

    private readonly int _outputCount;

    // From the lowest bit: the left child (32 bits), where the column begins in a block of codes (23), the position of the threshold (8); or of a leaf its first entry (32), how many it has (23), and the highest bit.
    private readonly ulong[] _nodes;
    private readonly (double Value, int Output)[] _leaves;

    // Their values alone, where every leaf adds one to the first output: boosted trees but those of several classes, and forests of numbers.
    private readonly double[]? _onlyValues;
    private readonly Top[] _tops = [];
    private readonly ConcurrentBag<Room> _rooms = [];
    private readonly (int Feature, bool MissingIsLargest)[] _columns = [];
    private readonly ThresholdLines _thresholds;
    private readonly int _rowsTogether;

    public TreeWalk(TreeEnsembleScorer trees)
    {
        _outputCount = trees.OutputCount;
        _nodes = new ulong[trees.NodeCount];
        _leaves = [.. Enumerable.Range(0, trees.LeafEntryCount).Select(trees.LeafEntry)];
        if (_leaves.Length == trees.LeafCount && _leaves.All(entry => entry.Output == 0)) _onlyValues = [.. _leaves.Select(entry => entry.Value)];
        var byFeature = new SortedSet<float>?[trees.FeatureCount];
        var columns = new List<(int Feature, bool MissingIsLargest)>();
        var columnOf = new Dictionary<(int, bool), int>();
        for (var node = 0; node < _nodes.Length; node++)
        {
            if (trees.IsLeaf(node, out _, out var question)) continue;
            if ((byFeature[question.Feature] ??= []).Add(question.Threshold) && byFeature[question.Feature]!.Count > ThresholdLines.Most) return;
            if (columnOf.TryAdd((question.Feature, !question.MissingGoesLeft), columns.Count)) columns.Add((question.Feature, !question.MissingGoesLeft));
        }
        // Trees that are one leaf each have no code to ask for.
        if (columns.Count is 0 or > MostColumns) return;
        var sorted = Array.ConvertAll(byFeature, set => set?.ToArray() ?? []);
        _rowsTogether = Math.Clamp(CodesTogether / columns.Count / RowsEncoded * RowsEncoded, FewestRowsTogether, MostRowsTogether);
        for (var node = 0; node < _nodes.Length; node++)
        {
            if (trees.IsLeaf(node, out var entries, out var question))
            {
                if (entries.Count > MostEntries) return;
                _nodes[node] = (uint)entries.First | ((ulong)entries.Count << 32) | Leaf;
                continue;
            }
            // The walk does not look whether it stays within the trees; here it is made sure of.
            if (question.Left <= node || question.Left >= _nodes.Length - 1) throw new InvalidOperationException($"Node {node} of {_nodes.Length} leads to {question.Left}; expected nodes behind it.");
            var column = columnOf[(question.Feature, !question.MissingGoesLeft)];
            _nodes[node] = (uint)question.Left | ((ulong)(column * _rowsTogether) << 32) | ((ulong)Array.BinarySearch(sorted[question.Feature], question.Threshold) << CodeAt);
        }
        (_columns, _thresholds) = ([.. columns], new ThresholdLines(columns.Select(column => sorted[column.Feature])));
        _tops = [.. trees.Roots.ToArray().Select(TopOf)];
        IsPossible = true;
    }

    /// <summary>Whether the thresholds are few enough for bytes.</summary>
    public bool IsPossible { get; }

    /// <summary>Adds the leaves of each row to its outputs, tree by tree in their order.</summary>
    public void AddSums(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        if (!_rooms.TryTake(out var room)) room = new Room(_columns.Length, _rowsTogether);
        var width = _outputCount;
        for (var first = 0; first < rowCount; first += _rowsTogether)
        {
            var count = Math.Min(_rowsTogether, rowCount - first);
            Encode(features[(first * stride)..], stride, count, room.Codes);
            Walk(room, count, outputs.Slice(first * width, count * width));
        }
        if (_rooms.Count < 2 * Environment.ProcessorCount) _rooms.Add(room);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Encode(ReadOnlySpan<float> features, int stride, int rowCount, byte[] codes)
    {
        var thresholds = _thresholds;
        // Some rows at a time, so that their features are read while they are near.
        for (var first = 0; first < rowCount; first += RowsEncoded)
        {
            var end = Math.Min(first + RowsEncoded, rowCount);
            for (var c = 0; c < _columns.Length; c++)
            {
                var (feature, missingIsLargest) = _columns[c];
                for (var row = first; row < end; row++)
                {
                    var value = features[(row * stride) + feature];
                    codes[(c * _rowsTogether) + row] = float.IsNaN(value) ? missingIsLargest ? Largest : (byte)0 : (byte)thresholds.CountBelow(c, value);
                }
            }
        }
    }

    private void Walk(Room room, int rowCount, Span<double> outputs)
    {
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var codes = ref MemoryMarshal.GetArrayDataReference(room.Codes);
        ref var reached = ref MemoryMarshal.GetArrayDataReference(room.Reached);
        ref var walking = ref MemoryMarshal.GetArrayDataReference(room.Walking);
        // To a whole number of steps: what stands behind the last row is of no row.
        var begun = room.Reached.AsSpan(0, (rowCount + Vector256<byte>.Count - 1) / Vector256<byte>.Count * Vector256<byte>.Count);
        foreach (var top in _tops)
        {
            Begin(top, ref codes, begun);
            for (var count = StillWalking(ref reached, ref walking, (uint)rowCount); count > 0;) count = Step(ref nodes, ref codes, ref reached, ref walking, count);
            AddLeaves(room.Reached.AsSpan(0, rowCount), outputs);
        }
    }

    /// <summary>Takes all rows through the first levels of a tree, some 32 at once: every question of a level is asked of every row, and each row takes the answer of the node where it stands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Begin(Top top, ref byte codes, Span<ulong> reached)
    {
        Span<Vector256<byte>> answers = stackalloc Vector256<byte>[1 << (TopLevels - 1)];
        Span<Vector256<byte>> taken = stackalloc Vector256<byte>[TopLevels];
        Span<byte> ends = stackalloc byte[Vector256<byte>.Count];
        for (var row = 0; row < reached.Length; row += Vector256<byte>.Count)
        {
            var end = Vector256<byte>.Zero;
            for (var level = 0; level < TopLevels; level++)
            {
                var width = 1 << level;
                for (var i = 0; i < width; i++)
                {
                    var (column, code) = top.Questions[width - 1 + i];
                    answers[i] = Vector256.GreaterThan(Vector256.LoadUnsafe(ref codes, (nuint)(column + row)), Vector256.Create(code));
                }
                // The step to a node decides between it and its sibling, the step before that between pairs of them, and so on.
                for (var above = level - 1; above >= 0; above--)
                {
                    width >>= 1;
                    for (var i = 0; i < width; i++) answers[i] = Vector256.ConditionalSelect(taken[above], answers[(2 * i) + 1], answers[2 * i]);
                }
                taken[level] = answers[0];
                end += end - answers[0];
            }
            end.CopyTo(ends);
            for (var i = 0; i < ends.Length; i++) reached[row + i] = top.Ends[ends[i]];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint StillWalking(ref ulong reached, ref ushort walking, uint count)
    {
        nuint left = 0;
        for (nuint row = 0; row < count; row++)
        {
            Unsafe.Add(ref walking, left) = (ushort)row;
            left += (nuint)(~Unsafe.Add(ref reached, row) >> 63);
        }
        return (uint)left;
    }

    /// <summary>The first levels of a tree, level by level; under a leaf everything leads to it.</summary>
    private Top TopOf(int root)
    {
        var questions = new (int Column, byte Code)[(1 << TopLevels) - 1];
        int[] at = [root];
        for (var level = 0; level < TopLevels; level++)
        {
            var below = new int[2 * at.Length];
            for (var i = 0; i < at.Length; i++)
            {
                var node = _nodes[at[i]];
                var isLeaf = node >= Leaf;
                questions[at.Length - 1 + i] = isLeaf ? (0, Largest) : ((int)(node >> 32) & 0x7F_FFFF, (byte)(node >> CodeAt));
                (below[2 * i], below[(2 * i) + 1]) = isLeaf ? (at[i], at[i]) : ((int)(uint)node, (int)(uint)node + 1);
            }
            at = below;
        }
        return new Top(questions, Array.ConvertAll(at, node => _nodes[node]));
    }

    /// <param name="Questions">Where the column begins, and the position of the threshold; the children of question i are 2 i + 1 and 2 i + 2.</param>
    /// <param name="Ends">The nodes below, from left to right.</param>
    private sealed record Top((int Column, byte Code)[] Questions, ulong[] Ends);

    /// <summary>Takes each row that walks one node further.</summary>
    /// <returns>How many have not reached a leaf; these rows stand first among the walking.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static uint Step(ref ulong nodes, ref byte codes, ref ulong reached, ref ushort walking, uint count)
    {
        nuint left = 0;
        for (nuint i = 0; i < count; i++)
        {
            nuint row = Unsafe.Add(ref walking, i);
            var node = Unsafe.Add(ref reached, row);
            var found = Unsafe.Add(ref codes, (nuint)((node >> 32) & 0x7F_FFFF) + row);
            // One further, to the right child, where the code is larger than the threshold's.
            node = Unsafe.Add(ref nodes, (nuint)(uint)((uint)node + (((uint)(node >> CodeAt) - found) >> 31)));
            Unsafe.Add(ref reached, row) = node;
            Unsafe.Add(ref walking, left) = (ushort)row;
            left += (nuint)(~node >> 63);
        }
        return (uint)left;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddLeaves(ReadOnlySpan<ulong> reached, Span<double> outputs)
    {
        var width = _outputCount;
        if (_onlyValues is { } values)
        {
            for (var (row, output) = (0, 0); row < reached.Length; row++, output += width) outputs[output] += values[(int)(uint)reached[row]];
            return;
        }
        var leaves = _leaves.AsSpan();
        foreach (var leaf in reached)
        {
            foreach (ref readonly var entry in leaves.Slice((int)(uint)leaf, (int)(leaf >> 32) & 0x7F_FFFF)) outputs[entry.Output] += entry.Value;
            outputs = outputs[width..];
        }
    }

    /// <summary>What one thread needs to walk.</summary>
    private sealed class Room(int columns, int rows)
    {
        /// <summary>Column by column.</summary>
        public readonly byte[] Codes = new byte[columns * rows];

        /// <summary>One a row: the node it stands on.</summary>
        public readonly ulong[] Reached = new ulong[rows];

        public readonly ushort[] Walking = new ushort[rows];
    }
}
