namespace ModelWorkbench.Core.Datasets;

/// <summary>Some records as texts of their fields, so that several threads may read them, a column each, while the file is read on.</summary>
internal sealed class RecordBatch(int columnCount)
{
    private const int MaxRows = 4096;
    private const int MaxCells = 1 << 17;
    private const int MaxCharacters = 1 << 19;

    private char[] _text = new char[1 << 16];
    private int[] _ends = new int[Math.Max(1, columnCount)];
    private int[] _lines = new int[64];
    private int _length;

    public int RowCount { get; private set; }

    /// <summary>Small enough for the cache of a core, large enough to be worth handing over.</summary>
    public bool IsFull => RowCount >= MaxRows || (long)RowCount * columnCount >= MaxCells || _length >= MaxCharacters;

    public int CharacterCount => _length;

    /// <summary>Row of the first record in its part of the table.</summary>
    public int FirstRow { get; set; }

    /// <summary>Rows that the part may have at most.</summary>
    public int PartCapacity { get; set; }

    /// <summary>The line numbers of the part that ends with this batch; null where it goes on.</summary>
    public int[]? PartLines { get; set; }

    /// <summary>The columns of the part that ends with this batch, once the threads have filled them in.</summary>
    public Column[] PartColumns { get; set; } = [];

    /// <summary>Threads that have still to read it.</summary>
    public int Readers;

    public ReadOnlySpan<int> Lines => _lines.AsSpan(0, RowCount);

    /// <summary>Problems found in the records, in no order; column -1 where the whole record is meant.</summary>
    public List<(int Row, int Column, CsvProblem Problem)> Problems { get; } = [];

    /// <summary>Problems beyond those kept.</summary>
    public int FurtherProblemCount;

    /// <summary>Takes the fields of a record; those that it lacks are empty, those beyond the columns are passed over.</summary>
    public void Add(CsvRecords record)
    {
        var at = RowCount * columnCount;
        if (_ends.Length < at + columnCount) Array.Resize(ref _ends, Math.Max(at + columnCount, 2 * _ends.Length));
        if (_lines.Length == RowCount) Array.Resize(ref _lines, 2 * _lines.Length);
        var count = Math.Min(record.FieldCount, columnCount);
        for (var c = 0; c < count; c++)
        {
            var field = record.Field(c);
            if (_text.Length - _length < field.Length) Array.Resize(ref _text, Math.Max(_length + field.Length, 2 * _text.Length));
            field.CopyTo(_text.AsSpan(_length));
            _length += field.Length;
            _ends[at + c] = _length;
        }
        for (var c = count; c < columnCount; c++) _ends[at + c] = _length;
        _lines[RowCount++] = record.Line;
    }

    public ReadOnlySpan<char> Field(int row, int column)
    {
        var index = row * columnCount + column;
        var start = index == 0 ? 0 : _ends[index - 1];
        return _text.AsSpan(start, _ends[index] - start);
    }

    public void Clear()
    {
        RowCount = 0;
        _length = 0;
        FirstRow = 0;
        PartCapacity = 0;
        PartLines = null;
        PartColumns = [];
        Problems.Clear();
        FurtherProblemCount = 0;
        // One huge record must not keep its memory for the rest of the file.
        if (_text.Length > 8 * MaxCharacters) _text = new char[1 << 16];
    }
}
