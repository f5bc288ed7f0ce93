using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>The different values of a column as numbers.</summary>
internal static class ColumnCodes
{
    /// <summary>Equal values have equal codes; codes are 0-based, in order of the first row of each value. Missing is a value of its own.</summary>
    /// <returns>One code a row, and how many there are.</returns>
    public static (int[] Codes, int Count) Of(Column column)
    {
        var codes = new int[column.Length];
        switch (column)
        {
            case DictionaryColumn names:
                // One slot more, for missing: names may stand twice in the dictionary, texts decide.
                var byText = new Dictionary<string, int>(StringComparer.Ordinal);
                var known = new int[names.Values.Count + 1];
                var count = 0;
                for (var row = 0; row < codes.Length; row++)
                {
                    ref var code = ref known[names.Codes[row] + 1];
                    if (code == 0)
                    {
                        if (names.GetText(row) is not { } text) code = ++count;
                        else if (!byText.TryGetValue(text, out code)) byText.Add(text, code = ++count);
                        known[names.Codes[row] + 1] = code;
                    }
                    codes[row] = code - 1;
                }
                return (codes, count);
            case NumericColumn numbers:
                return (codes, Number(codes, row => numbers.Values[row] switch { 0 => 0L, double.NaN => BitConverter.DoubleToInt64Bits(double.NaN), var value => BitConverter.DoubleToInt64Bits(value) }));
            case DateTimeColumn dates:
                return (codes, Number(codes, row => dates.Ticks[row]));
            default:
                throw new ArgumentException($"Column '{column.Name}' is of an unknown type {column.GetType().Name}.", nameof(column));
        }
    }

    /// <summary>The rows of each value, ascending, in order of the codes.</summary>
    public static int[][] Rows(int[] codes, int count)
    {
        var sizes = new int[count];
        foreach (var code in codes) sizes[code]++;
        var rows = Array.ConvertAll(sizes, size => new int[size]);
        Array.Clear(sizes);
        for (var row = 0; row < codes.Length; row++) rows[codes[row]][sizes[codes[row]]++] = row;
        return rows;
    }

    private static int Number(int[] codes, Func<int, long> key)
    {
        var known = new Dictionary<long, int>();
        for (var row = 0; row < codes.Length; row++)
        {
            var value = key(row);
            if (!known.TryGetValue(value, out var code)) known.Add(value, code = known.Count);
            codes[row] = code;
        }
        return known.Count;
    }
}
