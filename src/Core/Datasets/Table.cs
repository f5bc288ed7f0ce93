namespace ModelWorkbench.Core.Datasets;

/// <summary>Columns of equal length, immutable: every change gives a new table that shares the untouched columns.</summary>
public sealed class Table
{
    private readonly Dictionary<string, int> _index;
    private readonly int[] _lineNumbers;

    /// <param name="columns">Columns with distinct names (case-sensitive) and equal length.</param>
    /// <param name="lineNumbers">For each row the 1-based line of the source text on which it starts; null numbers the rows from 1.</param>
    /// <param name="rowCount">Needed only where there is no column.</param>
    /// <exception cref="ArgumentException">Two columns have the same name, or lengths differ.</exception>
    public Table(IReadOnlyList<Column> columns, int[]? lineNumbers = null, int rowCount = 0)
    {
        Columns = [.. columns];
        RowCount = columns.Count > 0 ? columns[0].Length : lineNumbers?.Length ?? rowCount;
        _index = new Dictionary<string, int>(columns.Count, StringComparer.Ordinal);
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Length != RowCount)
                throw new ArgumentException($"Column '{columns[i].Name}' has {columns[i].Length} rows, column '{columns[0].Name}' has {RowCount}.", nameof(columns));
            if (!_index.TryAdd(columns[i].Name, i))
                throw new ArgumentException($"Two columns are named '{columns[i].Name}'.", nameof(columns));
        }
        _lineNumbers = lineNumbers ?? [.. Enumerable.Range(1, RowCount)];
        if (_lineNumbers.Length != RowCount)
            throw new ArgumentException($"{_lineNumbers.Length} line numbers for {RowCount} rows.", nameof(lineNumbers));
    }

    public IReadOnlyList<Column> Columns { get; }
    public int RowCount { get; }
    public int ColumnCount => Columns.Count;
    public ReadOnlySpan<int> LineNumbers => _lineNumbers;

    /// <exception cref="KeyNotFoundException">There is no such column.</exception>
    public Column this[string name] => Find(name) ?? throw new KeyNotFoundException($"There is no column '{name}'. The columns are: {string.Join(", ", Columns.Select(c => c.Name))}.");

    public Column? Find(string name) => _index.TryGetValue(name, out var i) ? Columns[i] : null;

    /// <summary>The given rows in the given order.</summary>
    public Table Take(ReadOnlySpan<int> rows)
    {
        var lines = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++) lines[i] = _lineNumbers[rows[i]];
        var columns = new Column[Columns.Count];
        for (var c = 0; c < columns.Length; c++) columns[c] = Columns[c].Take(rows);
        return new Table(columns, lines);
    }

    /// <summary>Replaces the column of the same name, or appends it.</summary>
    public Table With(Column column)
    {
        var columns = Columns.ToList();
        if (_index.TryGetValue(column.Name, out var i)) columns[i] = column;
        else columns.Add(column);
        return new Table(columns, _lineNumbers);
    }

    public Table Without(IEnumerable<string> names)
    {
        var drop = names.ToHashSet(StringComparer.Ordinal);
        return new Table([.. Columns.Where(c => !drop.Contains(c.Name))], _lineNumbers);
    }

    public Table Rename(string from, string to) => new([.. Columns.Select(c => c.Name == from ? c.Rename(to) : c)], _lineNumbers);
}
