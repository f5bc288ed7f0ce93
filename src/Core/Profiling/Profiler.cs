using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Measures a table on all of its rows; exact, no sampling.</summary>
public static class Profiler
{
    private const int MaxBins = 30;
    private const int MaxTopValues = 10;

    public static DatasetProfile Profile(Table table, CancellationToken ct)
    {
        var columns = new ColumnProfile[table.ColumnCount];
        for (var c = 0; c < columns.Length; c++)
        {
            ct.ThrowIfCancellationRequested();
            columns[c] = table.Columns[c] switch
            {
                NumericColumn column => ProfileNumbers(column),
                DateTimeColumn column => ProfileDates(column),
                DictionaryColumn column => ProfileTexts(column),
                var column => throw new ArgumentException($"Column '{column.Name}' is a {column.GetType().Name}. Expected numbers, dates or texts.", nameof(table)),
            };
        }
        return new DatasetProfile(table.RowCount, DuplicateRows.Count(table, ct), columns);
    }

    private static ColumnProfile ProfileNumbers(NumericColumn column)
    {
        var values = new List<double>(column.Length);
        // Adding 0 makes -0 and 0 the same value, as they compare equal.
        foreach (var value in column.Values)
            if (!double.IsNaN(value)) values.Add(value + 0.0);
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var (distinct, top) = CountSorted<double>(sorted, value => value.ToString("R", CultureInfo.InvariantCulture));
        return Describe(column, sorted, distinct, top);
    }

    private static ColumnProfile ProfileDates(DateTimeColumn column)
    {
        var values = new List<long>(column.Length);
        foreach (var ticks in column.Ticks)
            if (ticks != DateTimeColumn.MissingTicks) values.Add(ticks);
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var (distinct, top) = CountSorted<long>(sorted, ticks => new DateTimeColumn("", [ticks]).GetText(0)!);
        return Describe(column, Array.ConvertAll(sorted, ticks => (double)ticks), distinct, top);
    }

    private static ColumnProfile Describe(Column column, double[] sorted, int distinct, IReadOnlyList<ValueCount> top) =>
        new(column.Name, column.Kind, column.Length, column.Length - sorted.Length, distinct,
            sorted.Length == 0 ? null : Summarize(sorted), top, sorted.Length == 0 ? null : Bin(sorted, distinct));

    private static ColumnProfile ProfileTexts(DictionaryColumn column)
    {
        var counts = new int[column.Values.Count];
        var missing = 0;
        foreach (var code in column.Codes)
        {
            if (code < 0) missing++;
            else counts[code]++;
        }
        var top = SelectTop(counts.Select((count, code) => new ValueCount(column.Values[code], count)).Where(value => value.Count > 0));
        return new ColumnProfile(column.Name, column.Kind, column.Length, missing, counts.Count(count => count > 0), null, top, null);
    }

    private static (int Distinct, IReadOnlyList<ValueCount> Top) CountSorted<T>(ReadOnlySpan<T> sorted, Func<T, string> toText) where T : struct, IEquatable<T>
    {
        var runs = new List<(T Value, int Count)>();
        for (var start = 0; start < sorted.Length;)
        {
            var end = start + 1;
            while (end < sorted.Length && sorted[end].Equals(sorted[start])) end++;
            runs.Add((sorted[start], end - start));
            start = end;
        }
        // Only values that may be among the top are turned into text.
        var least = runs.Count <= MaxTopValues ? 0 : runs.Select(run => run.Count).OrderDescending().ElementAt(MaxTopValues - 1);
        return (runs.Count, SelectTop(runs.Where(run => run.Count >= least).Select(run => new ValueCount(toText(run.Value), run.Count))));
    }

    private static IReadOnlyList<ValueCount> SelectTop(IEnumerable<ValueCount> values) =>
        [.. values.OrderByDescending(value => value.Count).ThenBy(value => value.Value, StringComparer.Ordinal).Take(MaxTopValues)];

    /// <param name="sorted">Ascending, at least one.</param>
    private static NumericSummary Summarize(double[] sorted)
    {
        // Differences from the median keep the digits of values far from zero, such as ticks. Where a difference is beyond the doubles, halves are taken.
        var scale = double.IsFinite(sorted[^1] - sorted[0]) ? 1 : 0.5;
        var median = Quantile(sorted, 0.5);
        var mean = (scale * median + sorted.Sum(value => (scale * value - scale * median) / sorted.Length)) / scale;
        // In units of the largest difference, so that squares neither overflow nor vanish.
        var largest = Math.Max(scale * sorted[^1] - scale * mean, scale * mean - scale * sorted[0]);
        var squares = largest == 0 ? 0 : sorted.Sum(value => Square((scale * value - scale * mean) / largest));
        var deviation = squares == 0 ? 0 : Math.Min(double.MaxValue, largest / scale * Math.Sqrt(squares / (sorted.Length - 1)));
        return new NumericSummary(sorted[0], Quantile(sorted, 0.25), median, Quantile(sorted, 0.75), sorted[^1], mean, deviation);
    }

    private static double Square(double value) => value * value;

    /// <summary>Quantile with linear interpolation between closest ranks.</summary>
    /// <remarks>Hyndman and Fan (1996), The American Statistician 50(4), type 7; the default of NumPy and pandas.</remarks>
    private static double Quantile(double[] sorted, double fraction)
    {
        var rank = fraction * (sorted.Length - 1);
        var low = (int)rank;
        if (low + 1 >= sorted.Length || sorted[low] == sorted[low + 1]) return sorted[low];
        var weight = rank - low;
        return sorted[low] * (1 - weight) + sorted[low + 1] * weight;
    }

    /// <summary>Bins of equal width from the smallest to the largest value; a constant gets one bin around it.</summary>
    private static Histogram Bin(double[] sorted, int distinct)
    {
        double low = sorted[0], high = sorted[^1];
        if (low == high)
        {
            var margin = Math.Max(0.5, Math.Abs(low) * 1e-6);
            return new Histogram([low - margin, high + margin], [sorted.Length]);
        }
        // As NumPy's linspace; where the range is beyond the doubles, halves are taken.
        var bins = Math.Min(MaxBins, distinct);
        var scale = double.IsFinite(high - low) ? 1 : 0.5;
        var step = (scale * high - scale * low) / bins;
        var edges = new double[bins + 1];
        for (var i = 0; i < bins; i++) edges[i] = (scale * low + i * step) / scale;
        edges[bins] = high;
        var counts = new int[bins];
        var bin = 0;
        foreach (var value in sorted)
        {
            while (bin < bins - 1 && value >= edges[bin + 1]) bin++;
            counts[bin]++;
        }
        return new Histogram(edges, counts);
    }
}
