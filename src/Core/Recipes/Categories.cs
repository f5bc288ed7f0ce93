using System.Numerics;
using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The values of a column of categories, texts or booleans that a step learnt.</summary>
/// <param name="Column">The column.</param>
/// <param name="Values">Distinct.</param>
public sealed record ColumnCategories(string Column, IReadOnlyList<string> Values);

/// <summary>Counting and numbering categories.</summary>
internal static class Categories
{
    /// <summary>The values that occur, the most frequent first, of equally frequent ones by character code.</summary>
    public static IReadOnlyList<(string Value, int Count)> ByFrequency(Column column)
    {
        var names = Texts(column);
        var counts = new int[names.Values.Count];
        foreach (var code in names.Codes)
            if (code >= 0) counts[code]++;
        return [.. Enumerable.Range(0, counts.Length).Where(code => counts[code] > 0).Select(code => (Value: names.Values[code], Count: counts[code]))
            .OrderByDescending(v => v.Count).ThenBy(v => v.Value, StringComparer.Ordinal)];
    }

    /// <summary>For each row the position of its value in a list; -1 where it is missing or not in the list.</summary>
    public static int[] Positions(Column column, IReadOnlyList<string> values)
    {
        var names = Texts(column);
        var index = values.Index().ToDictionary(v => v.Item, v => v.Index, StringComparer.Ordinal);
        var byCode = new int[names.Values.Count];
        for (var code = 0; code < byCode.Length; code++) byCode[code] = index.GetValueOrDefault(names.Values[code], -1);
        var positions = new int[names.Length];
        for (var row = 0; row < positions.Length; row++) positions[row] = names.Codes[row] is >= 0 and var code ? byCode[code] : -1;
        return positions;
    }

    /// <exception cref="ArgumentException">The column held texts in training and does not here.</exception>
    public static DictionaryColumn Texts(Column column) => column as DictionaryColumn
        ?? throw new ArgumentException($"Column '{column.Name}' holds {StepColumns.Noun(column.Kind)}; categories or text were expected, as in training.", nameof(column));

    public static bool Holds(Column column) => column.Kind is ColumnKind.Category or ColumnKind.Boolean;

    /// <summary>Which columns are meant where none is named, and the problems of those that are.</summary>
    public static List<StepProblem> Check(Table table, IReadOnlyList<string> names)
    {
        var columns = StepColumns.Resolve(table, names, Holds);
        var problems = StepColumns.CheckTexts(table, columns, orBoolean: true);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no category column."));
        return problems;
    }

    /// <summary>A bucket that is the same on every machine and in every run.</summary>
    /// <returns>0 to <paramref name="buckets"/> - 1.</returns>
    /// <remarks>As scikit-learn's FeatureHasher: MurmurHash3 (x86, 32 bit, seed 0) of the UTF-8 text, its size modulo the buckets.</remarks>
    public static int Bucket(string text, int buckets)
    {
        var hash = (int)Murmur3(Encoding.UTF8.GetBytes(text));
        return hash == int.MinValue ? (int.MaxValue - (buckets - 1)) % buckets : Math.Abs(hash) % buckets;
    }

    /// <remarks>Appleby, MurmurHash3_x86_32 (public domain).</remarks>
    private static uint Murmur3(ReadOnlySpan<byte> bytes)
    {
        const uint c1 = 0xcc9e2d51, c2 = 0x1b873593;
        uint hash = 0;
        var length = bytes.Length;
        for (; bytes.Length >= 4; bytes = bytes[4..])
            hash = BitOperations.RotateLeft(hash ^ (BitOperations.RotateLeft(System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes) * c1, 15) * c2), 13) * 5 + 0xe6546b64;
        uint tail = 0;
        for (var i = bytes.Length - 1; i >= 0; i--) tail = (tail << 8) | bytes[i];
        if (bytes.Length > 0) hash ^= BitOperations.RotateLeft(tail * c1, 15) * c2;
        hash ^= (uint)length;
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }
}
