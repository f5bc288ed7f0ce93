using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Explanations;

/// <param name="Row">0-based, of the dataset.</param>
/// <param name="Distance">0 for the same values, 1 for as different as can be in every column.</param>
public sealed record NearRow(int Row, double Distance);

/// <summary>The rows most like a row, on raw columns.</summary>
/// <param name="Columns">Those that were compared.</param>
/// <param name="Rows">Nearest first.</param>
/// <remarks>
/// Gower's distance: the mean over the columns of how far two values are apart. Numbers and moments by their difference over the span in which 98 of 100 rows lie, at most 1; choices 0 where they are the same, else 1;
/// missing and missing 0, missing and anything else 1. Free text is not compared. A column counts the same in whatever unit it is written, and a single outlier does not make all others alike.
/// One column is in memory at a time, so that a table of a million rows takes some ten megabytes. Gower (1971), Biometrics 27(4).
/// </remarks>
public sealed record NearestRows(IReadOnlyList<string> Columns, IReadOnlyList<NearRow> Rows)
{
    private const double Tail = 0.01;
    private const int MostRowsForSpans = 20_000;

    /// <param name="asked">One row, with the columns that are compared.</param>
    /// <param name="read">A column of the rows that may be found, by its name; of the kind that <paramref name="asked"/> has, or it is not compared.</param>
    /// <param name="rows">Which rows of the dataset these are.</param>
    /// <param name="except">A row of the dataset that is not to be found; null for none.</param>
    /// <param name="count">How many, at most.</param>
    /// <param name="cancellationToken">Looked at before each column.</param>
    public static NearestRows Find(Table asked, Func<string, Column> read, int[] rows, int? except, int count, CancellationToken cancellationToken)
    {
        if (asked.RowCount != 1) throw new ArgumentException($"Found {asked.RowCount} rows, expected 1.", nameof(asked));
        var sums = new float[rows.Length];
        List<string> compared = [];
        foreach (var own in asked.Columns.Where(c => c.Kind != ColumnKind.Text))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var column = read(own.Name);
            if (column.Kind != own.Kind || column.Length != rows.Length) continue;
            compared.Add(own.Name);
            Add(own, column, sums);
        }
        if (compared.Count == 0) return new NearestRows([], []);
        // The furthest of those kept so far is on top; of equal ones the later row.
        var kept = new PriorityQueue<int, (float, int)>(Comparer<(float Sum, int Row)>.Create((a, b) => b.CompareTo(a)));
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] == except) continue;
            if (kept.Count < count) kept.Enqueue(i, (sums[i], i));
            else if (kept.TryPeek(out _, out var worst) && (sums[i], i).CompareTo(worst) < 0) kept.EnqueueDequeue(i, (sums[i], i));
        }
        return new NearestRows(compared, [.. kept.UnorderedItems.OrderBy(k => (k.Priority.Item1, k.Priority.Item2)).Select(k => new NearRow(rows[k.Element], k.Priority.Item1 / compared.Count))]);
    }

    private static void Add(Column own, Column column, float[] sums)
    {
        var isMissing = own.IsMissing(0);
        if (column is DictionaryColumn names)
        {
            var code = isMissing ? DictionaryColumn.MissingCode : names.Values.ToList().IndexOf(own.GetText(0)!);
            // One that no row has is as far from all of them.
            if (!isMissing && code < 0) code = int.MaxValue;
            var codes = names.Codes;
            for (var row = 0; row < sums.Length; row++)
                if (codes[row] != code) sums[row]++;
            return;
        }
        var values = Discretizer.Numbers(column);
        var value = isMissing ? double.NaN : Discretizer.Numbers(own)[0];
        var span = Span(values, column);
        for (var row = 0; row < sums.Length; row++)
            sums[row] += column.IsMissing(row) ? isMissing ? 0 : 1
                : isMissing ? 1
                : values[row] == value ? 0
                : span > 0 ? (float)Math.Min(1, Math.Abs(values[row] - value) / span)
                : 1;
    }

    /// <summary>Between the 1 % and the 99 % quantile; of all values where these are the same.</summary>
    private static double Span(double[] values, Column column)
    {
        var step = Math.Max(1, values.Length / MostRowsForSpans);
        List<double> present = [];
        for (var row = 0; row < values.Length; row += step)
            if (!column.IsMissing(row)) present.Add(values[row]);
        if (present.Count == 0) return 0;
        present.Sort();
        var span = Quantile(1 - Tail) - Quantile(Tail);
        return span > 0 ? span : present[^1] - present[0];

        double Quantile(double share)
        {
            var at = share * (present.Count - 1);
            var below = (int)at;
            return present[below] + ((at - below) * (present[Math.Min(below + 1, present.Count - 1)] - present[below]));
        }
    }
}
