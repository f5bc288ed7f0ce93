using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Decision trees with small whole numbers for thresholds and leaves.</summary>
/// <remarks>
/// All trees together ask each feature for few thresholds. A row is coded once, each value becoming the number of thresholds
/// below it, and a node then compares two whole numbers. While a feature has no more thresholds than codes, every row goes
/// exactly the way it went before; else thresholds that lie side by side become one. Leaves are whole multiples of a step that each tree has for
/// itself, so an answer is off by at most half of the sum of the steps, before the link. Where both sides of a split have come to say the same, it is no longer asked.
/// </remarks>
public sealed class PackedTreeScorer : TreeScorer
{
    private const ushort LargestCode = ushort.MaxValue;
    private const int MostColumns = ushort.MaxValue;
    private const int MostStackCodes = 1024;

    // The smallest float with all its digits.
    private const float SmallestStep = 1.17549435e-38f;

    /// <summary>Goes right where the row's code in the column is larger; a leaf leads to itself.</summary>
    private readonly record struct Node(int Left, ushort Column, ushort Code);

    /// <param name="Feature">Where its values are from.</param>
    /// <param name="MissingIsLargest">Whether missing values go right.</param>
    /// <param name="Thresholds">Ascending; values at most the n-th have a code of at most n.</param>
    private sealed record CodedColumn(int Feature, bool MissingIsLargest, float[] Thresholds);

    private readonly record struct Entry(ushort Output, short Value);

    private readonly CodedColumn[] _columns;
    private readonly Node[] _nodes;
    private readonly int[] _roots;

    // One a tree.
    private readonly float[] _steps;

    // One a node and the end, for several sums: where the entries of a leaf begin. With one sum, each leaf has one entry and it stands at the node.
    private readonly int[]? _firstEntry;
    private readonly Entry[] _entries;

    private PackedTreeScorer(int featureCount, int outputCount, TreeLink link, int bits, Parts parts)
        : base(featureCount, outputCount, link, parts.BaseScores)
    {
        Bits = bits;
        (_columns, _roots, _steps) = ([.. parts.Columns], [.. parts.Roots], [.. parts.Steps]);
        (_nodes, _entries) = ([.. parts.Nodes], [.. parts.Entries]);
        _firstEntry = parts.BaseScores.Length > 1 ? [.. parts.FirstEntries, parts.Entries.Count] : null;
    }

    /// <summary>Of a threshold's code and of a leaf's value: 8 or 16.</summary>
    public int Bits { get; }

    public override int TreeCount => _roots.Length;

    public override int NodeCount => _nodes.Length;

    /// <summary>Packs trees.</summary>
    /// <param name="trees">As they were learnt.</param>
    /// <param name="bits">8 or 16.</param>
    /// <exception cref="ArgumentException">Other bits, or more columns or outputs than can be counted.</exception>
    public static PackedTreeScorer Pack(TreeEnsembleScorer trees, int bits)
    {
        if (bits is not (8 or 16)) throw new ArgumentException($"Trees can be packed to 8 or 16 bits; found {bits}.", nameof(bits));
        var parts = new Parts([.. trees.BaseScores]);
        // The two largest codes are for missing values and for leaves.
        var codebooks = Codebooks(trees, (1 << bits) - 2);
        var columnOf = new Dictionary<(int Feature, bool MissingIsLargest), int>();
        var largest = (1 << (bits - 1)) - 1;
        for (var tree = 0; tree < trees.TreeCount; tree++)
        {
            var (first, end) = trees.NodesOf(tree);
            var size = 0.0;
            for (var node = first; node < end; node++)
                if (trees.IsLeaf(node, out var leaf, out _))
                    for (var e = leaf.First; e < leaf.First + leaf.Count; e++) size = Math.Max(size, Math.Abs(trees.LeafEntry(e).Value));
            var step = size == 0 ? 1 : (float)(size / largest);
            if (!float.IsNormal(step)) step = float.IsInfinity(step) ? throw new ArgumentException($"Tree {tree + 1} has a leaf of {size}, which is too large to be packed.", nameof(trees)) : SmallestStep;
            parts.StartTree(step);
            // Children stand behind their parent: from below, which leaf stands for a node whose leaves all say the same.
            var said = new Entry[]?[end - first];
            for (var node = end - 1; node >= first; node--)
            {
                if (trees.IsLeaf(node, out var leaf, out var asked))
                    said[node - first] = [.. Enumerable.Range(leaf.First, leaf.Count).Select(trees.LeafEntry).Select(e => new Entry((ushort)e.Output, (short)Math.Clamp(Math.Round(e.Value / step), -largest, largest)))];
                else if (said[asked.Left - first] is { } left && said[asked.Left + 1 - first] is { } right && left.AsSpan().SequenceEqual(right))
                    said[node - first] = left;
            }
            var waiting = new Queue<int>([first]);
            while (waiting.TryDequeue(out var node))
            {
                if (said[node - first] is { } entries)
                {
                    parts.StartLeaf();
                    foreach (var entry in entries) parts.AddEntry(entry.Output, entry.Value);
                    continue;
                }
                trees.IsLeaf(node, out _, out var question);
                waiting.Enqueue(question.Left);
                waiting.Enqueue(question.Left + 1);
                var (thresholds, codes) = codebooks[question.Feature];
                var key = (question.Feature, !question.MissingGoesLeft);
                if (!columnOf.TryGetValue(key, out var column))
                {
                    columnOf.Add(key, column = parts.Columns.Count);
                    parts.Columns.Add(new CodedColumn(question.Feature, !question.MissingGoesLeft, thresholds));
                }
                parts.Split(column, codes[question.Threshold]);
            }
        }
        if (parts.Columns.Count > MostColumns) throw new ArgumentException($"The trees ask for {parts.Columns.Count} columns; at most {MostColumns} can be counted.", nameof(trees));
        return new PackedTreeScorer(trees.FeatureCount, trees.OutputCount, trees.Link, bits, parts);
    }

    public override TreeEnsembleScorer Unpack()
    {
        var builder = new TreeEnsembleBuilder(FeatureCount, OutputCount, Link, [.. BaseScores]);
        for (var tree = 0; tree < _roots.Length; tree++)
        {
            builder.StartTree();
            var step = (double)_steps[tree];
            for (int node = _roots[tree], end = tree + 1 < _roots.Length ? _roots[tree + 1] : _nodes.Length; node < end; node++)
            {
                if (_nodes[node].Left != node)
                {
                    var column = _columns[_nodes[node].Column];
                    builder.Split(column.Feature, column.Thresholds[_nodes[node].Code], !column.MissingIsLargest);
                    continue;
                }
                builder.StartLeaf();
                var (first, after) = _firstEntry is null ? (node, node + 1) : (_firstEntry[node], _firstEntry[node + 1]);
                for (var entry = first; entry < after; entry++) builder.LeafEntry(_firstEntry is null ? 0 : _entries[entry].Output, _entries[entry].Value * step);
            }
        }
        return builder.Build();
    }

    /// <summary>For each feature the thresholds that stay, and the code of every threshold there was.</summary>
    private static Dictionary<int, (float[] Thresholds, Dictionary<float, ushort> Codes)> Codebooks(TreeEnsembleScorer trees, int most)
    {
        var asked = new Dictionary<int, List<float>>();
        for (var node = 0; node < trees.NodeCount; node++)
        {
            if (trees.IsLeaf(node, out _, out var question)) continue;
            if (!asked.TryGetValue(question.Feature, out var own)) asked.Add(question.Feature, own = []);
            own.Add(question.Threshold);
        }
        var codebooks = new Dictionary<int, (float[], Dictionary<float, ushort>)>();
        foreach (var (feature, all) in asked)
        {
            all.Sort();
            var counts = new List<(float Threshold, int Count)>();
            foreach (var threshold in all)
            {
                if (counts.Count > 0 && counts[^1].Threshold == threshold) counts[^1] = (threshold, counts[^1].Count + 1);
                else counts.Add((threshold, 1));
            }
            var (thresholds, codes) = (new List<float>(), new Dictionary<float, ushort>());
            for (int from = 0, seen = 0; from < counts.Count;)
            {
                // Groups of about as many questions each; where the rest fits, each threshold is its own.
                var left = most - thresholds.Count;
                var share = (all.Count - seen) / (double)left;
                int to = from, size = 0;
                do size += counts[to++].Count;
                while (to < counts.Count && counts.Count - to > left - 1 && size < share);
                while (counts.Count - to > 0 && left == 1) size += counts[to++].Count;
                foreach (var (threshold, _) in counts[from..to]) codes[threshold] = (ushort)thresholds.Count;
                thresholds.Add(counts[(from + to - 1) / 2].Threshold);
                (from, seen) = (to, seen + size);
            }
            codebooks[feature] = ([.. thresholds], codes);
        }
        return codebooks;
    }

    private protected override void AddLeaves(ReadOnlySpan<float> features, Span<double> outputs)
    {
        // One more, as leaves look at the first column even where nothing is asked.
        var count = _columns.Length + 1;
        Span<ushort> codes = count <= MostStackCodes ? stackalloc ushort[count] : new ushort[count];
        codes[^1] = 0;
        for (var c = 0; c < _columns.Length; c++)
        {
            var column = _columns[c];
            var value = features[column.Feature];
            codes[c] = float.IsNaN(value) ? column.MissingIsLargest ? LargestCode : (ushort)0 : (ushort)CountBelow(column.Thresholds, value);
        }
        WalkAbreast(_roots, new Row(this, codes), outputs);
    }

    /// <summary>How many of the sorted thresholds are less than the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CountBelow(float[] thresholds, float value)
    {
        ref var start = ref MemoryMarshal.GetArrayDataReference(thresholds);
        int below = 0, length = thresholds.Length;
        while (length > 0)
        {
            var half = length >> 1;
            // Halves without a branch: values lie on either side as often.
            below = Unsafe.Add(ref start, below + half) < value ? below + length - half : below;
            length = half;
        }
        return below;
    }

    private readonly ref struct Row(PackedTreeScorer trees, ReadOnlySpan<ushort> codes) : ITrees
    {
        private readonly ref Node _nodes = ref MemoryMarshal.GetArrayDataReference(trees._nodes);
        private readonly ref ushort _codes = ref MemoryMarshal.GetReference(codes);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Step(int index)
        {
            ref readonly var node = ref Unsafe.Add(ref _nodes, (nint)(uint)index);
            return node.Left + Unsafe.BitCast<bool, byte>(Unsafe.Add(ref _codes, (nint)node.Column) > node.Code);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(int node, int tree, Span<double> outputs)
        {
            var step = (double)trees._steps[tree];
            if (trees._firstEntry is null)
            {
                outputs[0] += trees._entries[node].Value * step;
                return;
            }
            var end = trees._firstEntry[node + 1];
            for (var entry = trees._firstEntry[node]; entry < end; entry++) outputs[trees._entries[entry].Output] += trees._entries[entry].Value * step;
        }
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        foreach (var score in BaseScores) writer.Write(score);
        writer.Write((byte)Bits);
        writer.Write7BitEncodedInt(_columns.Length);
        foreach (var column in _columns)
        {
            writer.Write7BitEncodedInt((2 * column.Feature) + (column.MissingIsLargest ? 1 : 0));
            // A feature whose missing values go both ways has two columns with the same thresholds.
            if (Array.Find(_columns, c => c.Feature == column.Feature) != column)
            {
                writer.Write7BitEncodedInt(0);
                continue;
            }
            writer.Write7BitEncodedInt(column.Thresholds.Length);
            foreach (var threshold in column.Thresholds) writer.Write(threshold);
        }
        writer.Write7BitEncodedInt(_roots.Length);
        for (var tree = 0; tree < _roots.Length; tree++)
        {
            writer.Write(_steps[tree]);
            var end = tree + 1 < _roots.Length ? _roots[tree + 1] : _nodes.Length;
            for (var node = _roots[tree]; node < end; node++)
            {
                var (left, column, code) = _nodes[node];
                if (left != node)
                {
                    writer.Write7BitEncodedInt(1 + column);
                    if (Bits == 8) writer.Write((byte)code);
                    else writer.Write(code);
                    continue;
                }
                writer.Write7BitEncodedInt(0);
                var (first, after) = _firstEntry is null ? (node, node + 1) : (_firstEntry[node], _firstEntry[node + 1]);
                if (_firstEntry is not null) writer.Write7BitEncodedInt(after - first);
                for (var entry = first; entry < after; entry++)
                {
                    if (_firstEntry is not null) writer.Write7BitEncodedInt(_entries[entry].Output);
                    if (Bits == 8) writer.Write((sbyte)_entries[entry].Value);
                    else writer.Write(_entries[entry].Value);
                }
            }
        }
    }

    internal static PackedTreeScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var link = reader.ReadEnum<TreeLink>("link");
        var sums = SumsOf(link, outputCount) ?? throw reader.Damage("number of outputs", $"{outputCount}", $"one that suits a {link} link");
        var parts = new Parts(reader.ReadFiniteDoubles(sums, "base scores"));
        var bits = reader.ReadByte("bits");
        if (bits is not (8 or 16)) throw reader.Damage("bits", $"{bits}", "8 or 16");
        var columns = reader.ReadCount(0, Math.Min(MostColumns, 2 * featureCount), "number of columns");
        for (var c = 0; c < columns; c++)
        {
            var tag = reader.ReadCount(0, (2 * featureCount) - 1, "feature of a column");
            var before = parts.Columns.Find(column => column.Feature == tag / 2);
            var thresholds = new float[reader.ReadCount(before is null ? 1 : 0, before is not null ? 0 : Math.Min((1 << bits) - 2, Math.Max(1, reader.Remaining / sizeof(float))), "number of thresholds")];
            for (var i = 0; i < thresholds.Length; i++)
            {
                thresholds[i] = reader.ReadThreshold("threshold");
                if (i > 0 && thresholds[i] <= thresholds[i - 1]) throw reader.Damage("threshold", $"{thresholds[i]}", $"more than {thresholds[i - 1]}");
            }
            parts.Columns.Add(new CodedColumn(tag / 2, tag % 2 == 1, before?.Thresholds ?? thresholds));
        }
        // A tree is at least its step, a leaf and its value.
        var trees = reader.ReadCount(1, Math.Max(1, reader.Remaining / 6), "number of trees");
        for (var tree = 0; tree < trees; tree++)
        {
            reader.Tree = tree;
            var step = reader.ReadFiniteSingle("step");
            parts.StartTree(step > 0 ? step : throw reader.Damage("step", $"{step}", "more than 0"));
            for (var open = 1L; open > 0; open--)
            {
                var tag = reader.ReadCount(0, columns, "column");
                if (tag > 0)
                {
                    var code = bits == 8 ? reader.ReadByte("code") : BitConverter.ToUInt16(reader.Next(sizeof(ushort), "code"));
                    if (code >= parts.Columns[tag - 1].Thresholds.Length) throw reader.Damage("code", $"{code}", $"less than {parts.Columns[tag - 1].Thresholds.Length}");
                    parts.Split(tag - 1, code);
                    open += 2;
                    continue;
                }
                var entries = sums > 1 ? reader.ReadCount(1, sums, "entries of a leaf") : 1;
                parts.StartLeaf();
                for (var entry = 0; entry < entries; entry++)
                {
                    var output = sums > 1 ? reader.ReadCount(0, sums - 1, "output of a leaf") : 0;
                    parts.AddEntry(output, bits == 8 ? (sbyte)reader.ReadByte("leaf value") : BitConverter.ToInt16(reader.Next(sizeof(short), "leaf value")));
                }
            }
        }
        reader.Tree = null;
        return new PackedTreeScorer(featureCount, outputCount, link, bits, parts);
    }

    /// <summary>What a scorer is made of while it grows, breadth-first.</summary>
    private sealed class Parts(double[] baseScores)
    {
        private int _nextChild;

        public double[] BaseScores { get; } = baseScores;
        public List<CodedColumn> Columns { get; } = [];
        public List<Node> Nodes { get; } = [];
        public List<int> Roots { get; } = [];
        public List<float> Steps { get; } = [];
        public List<int> FirstEntries { get; } = [];
        public List<Entry> Entries { get; } = [];

        public void StartTree(float step)
        {
            Roots.Add(Nodes.Count);
            Steps.Add(step);
            _nextChild = Nodes.Count + 1;
        }

        public void Split(int column, ushort code)
        {
            FirstEntries.Add(Entries.Count);
            // With one sum the entries stand at the nodes.
            if (BaseScores.Length == 1) Entries.Add(default);
            Nodes.Add(new Node(_nextChild, (ushort)column, code));
            _nextChild += 2;
        }

        public void StartLeaf()
        {
            FirstEntries.Add(Entries.Count);
            Nodes.Add(new Node(Nodes.Count, 0, LargestCode));
        }

        public void AddEntry(int output, short value) => Entries.Add(new Entry((ushort)output, value));
    }
}
