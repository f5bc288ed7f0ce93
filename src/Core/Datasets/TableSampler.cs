namespace ModelWorkbench.Core.Datasets;

/// <summary>Draws a sample from a table that comes in parts, without knowing beforehand how many rows there will be: each set of rows is equally likely.</summary>
/// <remarks>Every row gets a random key, and the rows with the smallest keys stay. At most twice the sample is held. Not for several threads at once.</remarks>
/// <param name="rowCount">Rows at most.</param>
/// <param name="seed">The same seed draws the same rows.</param>
public sealed class TableSampler(int rowCount, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(Table Rows, double[] Keys)> _pieces = [];
    private double _limit = double.PositiveInfinity;
    private long _held;

    /// <summary>Takes the rows below those added before.</summary>
    public void Add(Table chunk)
    {
        var picks = new List<int>();
        var keys = new List<double>();
        for (var row = 0; row < chunk.RowCount; row++)
        {
            var key = _random.NextDouble();
            if (key >= _limit) continue;
            picks.Add(row);
            keys.Add(key);
        }
        if (picks.Count > 0 || _pieces.Count == 0) _pieces.Add((Pick(chunk, [.. picks]), [.. keys]));
        _held += picks.Count;
        if (_held > 2L * rowCount) Thin();
    }

    /// <returns>The sample, in the order of the table; all rows where there are no more than asked for.</returns>
    /// <exception cref="InvalidOperationException">Nothing was added: the columns are unknown.</exception>
    public Table Build()
    {
        if (_pieces.Count == 0) throw new InvalidOperationException("Nothing was added. Expected at least one part, which may have no rows, to know the columns.");
        if (_held > rowCount) Thin();
        return TableParts.Join([.. _pieces.Select(piece => piece.Rows)]);
    }

    /// <summary>Keeps the rows with the smallest keys.</summary>
    private void Thin()
    {
        var sorted = _pieces.SelectMany(piece => piece.Keys).ToArray();
        Array.Sort(sorted);
        // Two keys of 53 random bits are hardly ever equal; where they are, a row more or less is drawn by the order of the table.
        _limit = rowCount == 0 ? 0 : sorted[rowCount - 1];
        var room = rowCount;
        for (var i = 0; i < _pieces.Count; i++)
        {
            var (rows, keys) = _pieces[i];
            var kept = Enumerable.Range(0, keys.Length).Where(row => rowCount > 0 && keys[row] <= _limit).Take(room).ToArray();
            room -= kept.Length;
            if (kept.Length < keys.Length) _pieces[i] = (Pick(rows, kept), [.. kept.Select(row => keys[row])]);
        }
        var columns = _pieces[0];
        _pieces.RemoveAll(piece => piece.Rows.RowCount == 0);
        if (_pieces.Count == 0) _pieces.Add(columns);
        _held = rowCount - room;
    }

    private static Table Pick(Table table, int[] rows)
    {
        var picked = table.Take(rows);
        foreach (var column in picked.Columns.OfType<DictionaryColumn>().Where(column => column.Kind == ColumnKind.Text).ToList())
            picked = picked.With(Shrink(column));
        return picked;
    }

    /// <summary>The column with the texts that occur alone: those of the rows left out would fill the memory.</summary>
    private static DictionaryColumn Shrink(DictionaryColumn column)
    {
        var texts = new string?[column.Length];
        for (var row = 0; row < texts.Length; row++) texts[row] = column.GetText(row);
        return DictionaryColumn.FromTexts(column.Name, column.Kind, texts);
    }
}
