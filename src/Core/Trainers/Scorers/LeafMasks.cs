using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Small trees without a walk: for each feature, which leaves of many trees its value allows. The leaf that a row reaches is the first that all its values allow.</summary>
/// <remarks>
/// After Lucchese et al. (2015), QuickScorer, SIGIR: a question answered with no rules out all leaves to its left, and the first leaf that no question rules out is the one reached. There a row takes the masks of its questions one by
/// one. Here they were taken together when the trees were laid out: a block is 32 trees of at most 32 leaves or 16 of at most 64, and for every value between two thresholds of a feature its masks stand ready. A row takes one such set of
/// masks a feature and block, whatever it is asked, and nothing branches on the data. The masks of a block are two cache lines and two registers of the widest kind; for processors of narrower ones the runtime makes more of them.
/// Values are coded as by <see cref="TreeWalk"/>, but missing ones have a code of their own.
/// </remarks>
internal sealed class LeafMasks
{
    private const int MasksBytes = 128;
    private const int MasksWords = MasksBytes / sizeof(ulong);
    private const int MostColumns = 1_024;
    private const int MostLeaves = 64;
    private const int RowsTogether = 256;

    // A tree that shares its features with few others is walked as fast.
    private const int MostPartsATree = 9;

    // Beyond that masks come from memory one by one, and a walk is as fast.
    private const int MostWords = (32 << 20) / sizeof(ulong);

    private readonly int _outputCount;
    private readonly int _treeCount;

    // 32 or 64: how many leaves of a tree a mask has room for.
    private readonly int _leafBits;
    private readonly int _treesTogether;

    // Of the largest tree: so many places for leaves each tree has.
    private readonly int _stride;
    private readonly (int Feature, byte MissingCode)[] _columns = [];
    private readonly ThresholdLines _thresholds;
    private readonly AlignedLines<ulong> _masks;

    // One a block, and the end.
    private readonly int[] _firstPart = [];
    private readonly Part[] _parts = [];

    // Code by code of each part: which of its sets of masks.
    private readonly byte[] _setOf = [];

    // Where every leaf adds one value, to the same output as its tree's others: boosted trees, and forests of numbers. The outputs one a tree; null where it is the first of all.
    private readonly double[]? _onlyValues;
    private readonly int[]? _onlyOutputs;

    private readonly (int First, int Count)[] _entriesOf = [];
    private readonly (double Value, int Output)[] _entries = [];

    /// <summary>What a column says of the trees of a block.</summary>
    private readonly record struct Part(int Column, int FirstCode, int FirstSet);

    /// <param name="Position">Of its threshold among the column's.</param>
    /// <param name="Tree">In the block.</param>
    /// <param name="RulesOut">Where the answer is no.</param>
    private readonly record struct Question(int Column, int Position, bool MissingGoesRight, int Tree, ulong RulesOut);

    private LeafMasks()
    {
    }

    public LeafMasks(TreeEnsembleScorer trees)
    {
        (_outputCount, _treeCount) = (trees.OutputCount, trees.TreeCount);
        if (!Vector128.IsHardwareAccelerated) return;
        for (var tree = 0; tree < _treeCount; tree++)
        {
            var (first, end) = trees.NodesOf(tree);
            _stride = Math.Max(_stride, (end - first + 1) / 2);
            if (_stride > MostLeaves) return;
        }
        (_leafBits, _treesTogether) = _stride <= 32 ? (32, MasksBytes / sizeof(uint)) : (64, MasksBytes / sizeof(ulong));
        var byFeature = new SortedDictionary<int, SortedSet<float>>();
        for (var node = 0; node < trees.NodeCount; node++)
        {
            if (trees.IsLeaf(node, out _, out var asked)) continue;
            if (!byFeature.TryGetValue(asked.Feature, out var own)) byFeature.Add(asked.Feature, own = []);
            if (own.Add(asked.Threshold) && own.Count > ThresholdLines.Most) return;
        }
        if (byFeature.Count is 0 or > MostColumns) return;
        var thresholds = byFeature.Values.Select(set => set.ToArray()).ToArray();
        var columnOf = byFeature.Keys.Index().ToDictionary(pair => pair.Item, pair => pair.Index);

        var entriesOf = new (int First, int Count)[_treeCount * _stride];
        var (parts, setOf, masks, firstPart) = (new List<Part>(), new List<byte>(), new List<ulong>(), new List<int>());
        var questions = new List<Question>();
        for (var tree = 0; tree < _treeCount; tree++)
        {
            Ask(trees, tree, columnOf, thresholds, questions, entriesOf.AsSpan(tree * _stride, _stride));
            if ((tree + 1) % _treesTogether != 0 && tree + 1 < _treeCount) continue;
            firstPart.Add(parts.Count);
            foreach (var part in questions.GroupBy(q => q.Column).OrderBy(g => g.Key))
            {
                parts.Add(new Part(part.Key, setOf.Count, masks.Count / MasksWords));
                AddSets(masks, setOf, [.. part.OrderBy(q => q.Position)], thresholds[part.Key].Length);
            }
            if (masks.Count > MostWords || parts.Count > MostPartsATree * _treeCount) return;
            questions.Clear();
        }
        _columns = [.. byFeature.Keys.Select((feature, column) => (feature, (byte)(thresholds[column].Length + 1)))];
        (_thresholds, _masks) = (new ThresholdLines(thresholds), new AlignedLines<ulong>([.. masks]));
        (_parts, _setOf, _firstPart) = ([.. parts], [.. setOf], [.. firstPart, parts.Count]);
        var outputs = Enumerable.Range(0, _treeCount).Select(tree => OnlyOutput(trees, tree)).ToArray();
        if (outputs.All(output => output is not null))
        {
            _onlyValues = Array.ConvertAll(entriesOf, at => at.Count == 0 ? 0 : trees.LeafEntry(at.First).Value);
            if (outputs.Any(output => output > 0)) _onlyOutputs = [.. outputs.Select(output => output!.Value)];
        }
        else (_entriesOf, _entries) = (entriesOf, [.. Enumerable.Range(0, trees.LeafEntryCount).Select(trees.LeafEntry)]);
        IsPossible = true;
    }

    /// <summary>Of trees that are too large, without a look at them.</summary>
    public static LeafMasks Impossible { get; } = new();

    /// <summary>Whether one of so many trees must be too large.</summary>
    public static bool IsTooLarge(int nodeCount, int treeCount) => nodeCount > ((2 * MostLeaves) - 1L) * treeCount;

    /// <summary>Whether trees, thresholds and features are few enough.</summary>
    public bool IsPossible { get; }

    /// <summary>The output that all leaves of a tree add one value to; null where there is no such.</summary>
    private static int? OnlyOutput(TreeEnsembleScorer trees, int tree)
    {
        int? only = null;
        var (first, end) = trees.NodesOf(tree);
        for (var node = first; node < end; node++)
        {
            if (!trees.IsLeaf(node, out var entries, out _)) continue;
            if (entries.Count != 1 || trees.LeafEntry(entries.First).Output != (only ??= trees.LeafEntry(entries.First).Output)) return null;
        }
        return only;
    }

    /// <summary>The questions of a tree, and the entries of its leaves from left to right.</summary>
    private void Ask(TreeEnsembleScorer trees, int tree, Dictionary<int, int> columnOf, float[][] thresholds, List<Question> into, Span<(int, int)> entriesOf)
    {
        var (first, end) = trees.NodesOf(tree);
        Span<int> leaves = stackalloc int[2 * MostLeaves], begins = stackalloc int[2 * MostLeaves];
        // Children stand behind their parent.
        for (var node = end - 1; node >= first; node--) leaves[node - first] = trees.IsLeaf(node, out _, out var asked) ? 1 : leaves[asked.Left - first] + leaves[asked.Left + 1 - first];
        begins[0] = 0;
        for (var node = first; node < end; node++)
        {
            var begin = begins[node - first];
            if (trees.IsLeaf(node, out var entries, out var asked))
            {
                entriesOf[begin] = entries;
                continue;
            }
            var left = asked.Left - first;
            (begins[left], begins[left + 1]) = (begin, begin + leaves[left]);
            var column = columnOf[asked.Feature];
            // The first leaf is the highest bit.
            var ruledOut = (ulong.MaxValue << (64 - leaves[left])) >> begin >> (64 - _leafBits);
            into.Add(new Question(column, Array.BinarySearch(thresholds[column], asked.Threshold), !asked.MissingGoesLeft, tree % _treesTogether, ruledOut));
        }
    }

    private void AddSets(List<ulong> masks, List<byte> setOf, Question[] questions, int thresholdCount)
    {
        var allowed = new ulong[MasksWords];
        Array.Fill(allowed, ulong.MaxValue);
        masks.AddRange(allowed);
        var (next, set) = (0, (byte)0);
        for (var code = 0; code <= thresholdCount; code++)
        {
            // A value of this code is above all thresholds before it.
            if (next < questions.Length && questions[next].Position < code)
            {
                for (; next < questions.Length && questions[next].Position < code; next++) RuleOut(questions[next]);
                masks.AddRange(allowed);
                set++;
            }
            setOf.Add(set);
        }
        Array.Fill(allowed, ulong.MaxValue);
        foreach (var question in questions.Where(q => q.MissingGoesRight)) RuleOut(question);
        masks.AddRange(allowed);
        setOf.Add((byte)(set + 1));

        void RuleOut(Question question)
        {
            if (_leafBits == 64) allowed[question.Tree] &= ~question.RulesOut;
            else MemoryMarshal.Cast<ulong, uint>(allowed.AsSpan())[question.Tree] &= ~(uint)question.RulesOut;
        }
    }

    /// <summary>Adds the leaves of each row to its outputs, tree by tree in their order.</summary>
    public void AddSums(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        if (rowCount == 1)
        {
            Span<byte> codes = stackalloc byte[_columns.Length];
            Encode(features, codes);
            AddSums(codes, 1, outputs);
            return;
        }
        var (columns, width) = (_columns.Length, _outputCount);
        var rented = ArrayPool<byte>.Shared.Rent(columns * Math.Min(RowsTogether, rowCount));
        for (var first = 0; first < rowCount; first += RowsTogether)
        {
            var count = Math.Min(RowsTogether, rowCount - first);
            for (var row = 0; row < count; row++) Encode(features[((first + row) * stride)..], rented.AsSpan(row * columns, columns));
            AddSums(rented.AsSpan(0, count * columns), count, outputs.Slice(first * width, count * width));
        }
        ArrayPool<byte>.Shared.Return(rented);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Encode(ReadOnlySpan<float> features, Span<byte> codes)
    {
        var thresholds = _thresholds;
        for (var column = 0; column < codes.Length; column++)
        {
            var (feature, missing) = _columns[column];
            var value = features[feature];
            codes[column] = float.IsNaN(value) ? missing : (byte)thresholds.CountBelow(column, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddSums(ReadOnlySpan<byte> codes, int rowCount, Span<double> outputs)
    {
        var (columns, width) = (_columns.Length, _outputCount);
        ref var masks = ref _masks.First;
        ref var setOf = ref MemoryMarshal.GetArrayDataReference(_setOf);
        Span<ulong> reached = stackalloc ulong[MasksWords];
        for (var block = 0; block + 1 < _firstPart.Length; block++)
        {
            var parts = _parts.AsSpan(_firstPart[block]..(_firstPart[block + 1]));
            for (var row = 0; row < rowCount; row++)
            {
                ref var code = ref Unsafe.Add(ref MemoryMarshal.GetReference(codes), (nint)row * columns);
                var (first, second) = (Vector512<ulong>.AllBitsSet, Vector512<ulong>.AllBitsSet);
                // Columns and codes were checked when the trees were laid out, so nothing is checked here.
                foreach (ref readonly var part in parts)
                {
                    var set = (uint)part.FirstSet + Unsafe.Add(ref setOf, (nint)((uint)part.FirstCode + Unsafe.Add(ref code, (nint)(uint)part.Column)));
                    ref var allowed = ref Unsafe.Add(ref masks, (nint)set * MasksWords);
                    first &= Vector512.LoadUnsafe(ref allowed);
                    second &= Vector512.LoadUnsafe(ref allowed, MasksWords / 2);
                }
                first.StoreUnsafe(ref reached[0]);
                second.StoreUnsafe(ref reached[MasksWords / 2]);
                var own = outputs.Slice(row * width, width);
                if (_leafBits == 32) AddLeaves<uint>(MemoryMarshal.Cast<ulong, uint>(reached), block * _treesTogether, own);
                else AddLeaves<ulong>(reached, block * _treesTogether, own);
            }
        }
    }

    /// <summary>Adds the first leaf that each mask allows, and there always is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddLeaves<TMask>(ReadOnlySpan<TMask> masks, int tree, Span<double> outputs) where TMask : struct, IBinaryInteger<TMask>
    {
        masks = masks[..Math.Min(masks.Length, _treeCount - tree)];
        var place = tree * _stride;
        if (_onlyValues is null)
        {
            foreach (var mask in masks)
            {
                var (first, count) = _entriesOf[place + int.CreateTruncating(TMask.LeadingZeroCount(mask))];
                foreach (ref readonly var entry in _entries.AsSpan(first, count)) outputs[entry.Output] += entry.Value;
                place += _stride;
            }
            return;
        }
        ref var values = ref _onlyValues[place];
        if (_onlyOutputs is not null)
        {
            foreach (var mask in masks)
            {
                outputs[_onlyOutputs[tree++]] += Unsafe.Add(ref values, int.CreateTruncating(TMask.LeadingZeroCount(mask)));
                values = ref Unsafe.Add(ref values, _stride);
            }
            return;
        }
        var sum = outputs[0];
        foreach (var mask in masks)
        {
            sum += Unsafe.Add(ref values, int.CreateTruncating(TMask.LeadingZeroCount(mask)));
            values = ref Unsafe.Add(ref values, _stride);
        }
        outputs[0] = sum;
    }
}
