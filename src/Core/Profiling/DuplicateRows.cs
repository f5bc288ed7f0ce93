using System.Runtime.InteropServices;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Rows that equal an earlier row in all columns; missing equals missing.</summary>
internal static class DuplicateRows
{
    /// <returns>How many rows have an equal one before them; 0 where there is no column.</returns>
    public static int Count(Table table, CancellationToken ct)
    {
        if (table.ColumnCount == 0) return 0;
        var hashes = new HashCode[table.RowCount];
        foreach (var column in table.Columns)
        {
            ct.ThrowIfCancellationRequested();
            for (var row = 0; row < hashes.Length; row++) hashes[row].Add(Key(column, row));
        }

        // Rows of equal hash form a chain of different rows: head by hash, then the one before.
        var heads = new Dictionary<int, int>(hashes.Length);
        var before = new int[hashes.Length];
        var duplicates = 0;
        for (var row = 0; row < hashes.Length; row++)
        {
            ref var head = ref CollectionsMarshal.GetValueRefOrAddDefault(heads, hashes[row].ToHashCode(), out var exists);
            var candidate = exists ? head : -1;
            while (candidate >= 0 && !AreEqual(table, row, candidate)) candidate = before[candidate];
            if (candidate >= 0)
            {
                duplicates++;
                continue;
            }
            before[row] = exists ? head : -1;
            head = row;
        }
        return duplicates;
    }

    private static bool AreEqual(Table table, int row, int other)
    {
        foreach (var column in table.Columns)
            if (Key(column, row) != Key(column, other)) return false;
        return true;
    }

    /// <summary>Equal keys in a column are equal values.</summary>
    private static long Key(Column column, int row) => column switch
    {
        // Adding 0 makes -0 and 0 the same; NaN has many bit patterns and means missing.
        NumericColumn numbers => BitConverter.DoubleToInt64Bits(double.IsNaN(numbers.Values[row]) ? double.NaN : numbers.Values[row] + 0.0),
        DateTimeColumn dates => dates.Ticks[row],
        DictionaryColumn texts => texts.Codes[row],
        _ => throw new ArgumentException($"Column '{column.Name}' is a {column.GetType().Name}. Expected numbers, dates or texts.", nameof(column)),
    };
}
