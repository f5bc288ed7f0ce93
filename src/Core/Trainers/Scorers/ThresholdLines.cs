using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelWorkbench.Core.Trainers;

/// <summary>The thresholds of some columns, laid out so that two comparisons of sixteen at once tell how many of them a value is above.</summary>
internal readonly struct ThresholdLines
{
    /// <summary>Of a column; a code, one for missing values included, is then a byte.</summary>
    public const int Most = 254;

    private const int Sixteen = 16;

    private readonly AlignedLines<float> _lines;
    private readonly (int First, bool IsSearched)[] _columns;

    /// <param name="thresholds">Column by column, ascending; at most <see cref="Most"/>.</param>
    public ThresholdLines(IEnumerable<float[]> thresholds)
    {
        var (lines, columns) = (new List<float>(), new List<(int, bool)>());
        foreach (var own in thresholds)
        {
            var sixteens = Math.Max(1, (own.Length + Sixteen - 1) / Sixteen);
            columns.Add((lines.Count, sixteens > 1));
            // Before several sixteens stands a line with the largest of each. No value is above the last, so that the search ends in a line that is there.
            if (sixteens > 1) lines.AddRange(Enumerable.Range(1, Sixteen).Select(i => i < sixteens ? own[(i * Sixteen) - 1] : float.PositiveInfinity));
            for (var i = 0; i < sixteens * Sixteen; i++) lines.Add(i < own.Length ? own[i] : float.PositiveInfinity);
        }
        (_lines, _columns) = (new AlignedLines<float>([.. lines]), [.. columns]);
    }

    /// <summary>How many thresholds of a column are less than a value; 0 for a missing one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CountBelow(int column, float value)
    {
        var (first, isSearched) = _columns[column];
        ref var line = ref Unsafe.Add(ref _lines.First, (nint)(uint)first);
        var all = Vector512.Create(value);
        var below = CountBelow(ref line, all);
        return isSearched ? (below * Sixteen) + CountBelow(ref Unsafe.Add(ref line, (nint)(uint)((below + 1) * Sixteen)), all) : below;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CountBelow(ref float thresholds, Vector512<float> value) =>
        BitOperations.PopCount(Vector512.LessThan(Vector512.LoadUnsafe(ref thresholds), value).ExtractMostSignificantBits());
}
