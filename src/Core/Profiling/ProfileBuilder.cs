using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Measures a table that comes in chunks, on all of its rows and in memory that does not grow with them.</summary>
/// <remarks>Counts, extremes, mean, spread and skewness are exact. Distinct values, quantiles, top values and histogram are exact up to 65,536 different values a column
/// (fewer in tables of more than 60 columns) and estimated beyond; duplicate rows are exact up to 20 million. The profile says which figures are estimates.
/// Not for several threads at once; it uses all cores itself.</remarks>
public sealed class ProfileBuilder
{
    private const int MostExactValues = 65_536;
    private const int ExactValuesOfAllColumns = 4_000_000;
    private const int WideColumnCount = 200;
    private readonly RowDuplicates _duplicates = new();
    private ColumnMeter[]? _meters;
    private int _rowCount;

    /// <param name="chunk">The next rows; all chunks have the same columns of the same kinds.</param>
    /// <exception cref="ArgumentException">The columns differ from those of the first chunk.</exception>
    public void Add(Table chunk, CancellationToken ct)
    {
        var exact = Math.Clamp(ExactValuesOfAllColumns / Math.Max(1, chunk.ColumnCount), 1024, MostExactValues);
        _meters ??= [.. chunk.Columns.Select(column => ColumnMeter.For(column, exact, chunk.ColumnCount > WideColumnCount ? 512 : 2048))];
        if (chunk.ColumnCount != _meters.Length)
            throw new ArgumentException($"The chunk has {chunk.ColumnCount} columns; expected {_meters.Length}, as in the chunks before.", nameof(chunk));
        foreach (var (meter, column) in _meters.Zip(chunk.Columns))
            if (column.Name != meter.Name || column.Kind != meter.Kind)
                throw new ArgumentException($"The column is '{column.Name}' ({column.Kind}); expected '{meter.Name}' ({meter.Kind}), as in the chunks before.", nameof(chunk));
        _rowCount = checked(_rowCount + chunk.RowCount);
        if (chunk.RowCount == 0 || _meters.Length == 0) return;

        // A row's hash is the sum of its values' hashes, each times an odd number of its column, so that the columns can be taken in any order.
        var rows = new ulong[chunk.RowCount];
        Parallel.For(0, _meters.Length, new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount },
            () => (Values: new ulong[chunk.RowCount], Sums: new ulong[chunk.RowCount]),
            (c, _, buffers) =>
            {
                _meters[c].Add(chunk.Columns[c], buffers.Values);
                var factor = ValueHash.Of(c) | 1;
                for (var row = 0; row < buffers.Values.Length; row++) buffers.Sums[row] += buffers.Values[row] * factor;
                return buffers;
            },
            buffers =>
            {
                lock (rows)
                    for (var row = 0; row < rows.Length; row++) rows[row] += buffers.Sums[row];
            });
        for (var row = 0; row < rows.Length; row++) rows[row] = ValueHash.Of((long)rows[row]);
        _duplicates.Add(rows);
    }

    /// <summary>The profile of all rows so far; an empty one where no chunk was added.</summary>
    public DatasetProfile Build()
    {
        var columns = new ColumnProfile[_meters?.Length ?? 0];
        Parallel.For(0, columns.Length, c => columns[c] = _meters![c].Build());
        var groups = (_meters ?? []).Zip(columns).Where(pair => pair.Second.DistinctCount > 1).GroupBy(pair => (pair.First.Kind, pair.First.Content)).Where(group => group.Count() > 1);
        return new DatasetProfile(_rowCount, (int)Math.Min(_duplicates.Count(), _rowCount), columns)
        {
            DuplicateRowsEstimated = _duplicates.Estimated,
            DuplicateColumns = [.. groups.Select(group => (IReadOnlyList<string>)[.. group.Select(pair => pair.First.Name)])],
        };
    }
}
