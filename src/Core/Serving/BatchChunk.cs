using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Serving;

/// <summary>Some records of a file on their way from the reader by a scorer to the writer; used again for other records, so that memory does not grow with the file.</summary>
internal sealed class BatchChunk(int inputCount)
{
    private const int MaxRows = 4096;
    private const int MaxCells = 1 << 17;
    private const int MaxCharacters = 1 << 20;

    private char[] _text = new char[1 << 16];
    private int _length;
    private (int Start, int End, int Line)[] _records = new (int, int, int)[256];
    private int[] _starts = new int[256];
    private int[] _lengths = new int[256];
    private readonly Dictionary<int, string> _unfit = [];
    private byte[] _output = new byte[1 << 16];
    private int _outputLength;

    /// <summary>Set when it is scored, or will never be.</summary>
    public ManualResetEventSlim Done { get; } = new();

    public int RowCount { get; private set; }

    public bool IsFull => RowCount >= MaxRows || (long)RowCount * inputCount >= MaxCells || _length >= MaxCharacters;

    /// <summary>Where the reader of the file stood after the last record.</summary>
    public long BytesRead { get; set; }

    /// <summary>Rows without a prediction.</summary>
    public int ErrorCount { get; private set; }

    /// <summary>The first few of them.</summary>
    public List<BatchError> Errors { get; } = [];

    /// <summary>The rows as they go into the answer, in UTF-8.</summary>
    public ReadOnlySpan<byte> Output => _output.AsSpan(0, _outputLength);

    public void Clear()
    {
        (RowCount, _length, _outputLength, ErrorCount) = (0, 0, 0, 0);
        _unfit.Clear();
        Errors.Clear();
        Done.Reset();
        // One huge record must not keep its memory for the rest of the file.
        if (_text.Length > 8 * MaxCharacters) _text = new char[1 << 16];
        if (_output.Length > 32 * MaxCharacters) _output = new byte[1 << 16];
    }

    /// <summary>Takes a record: its text as it stands in the file, and where in it the inputs are.</summary>
    public void Add(CsvRecords record, BatchFile file)
    {
        if (RowCount == _records.Length) Array.Resize(ref _records, 2 * RowCount);
        var width = file.Names.Count;
        var raw = record.Raw.TrimEnd("\r\n");
        var endsWithDelimiter = record.FieldCount == width + 1 && record.Field(width).Trim().IsEmpty;
        var unfit = record.FieldCount != width && !endsWithDelimiter ? $"found {Count(record.FieldCount)}; expected {width}, one a column{Surplus(record, width)}"
            : record.MisplacedQuote < 0 ? null
            : $"{file.Names[Math.Min(record.MisplacedQuote, width - 1)]}: found {(record.HasOpenQuote ? "a quote that is never closed" : "text after a closing quote")}; expected a delimiter or the end of the line after the closing quote ({file.Options.Quote})";
        var isClean = unfit is null && !endsWithDelimiter;
        var start = _length;
        if (isClean) Append(raw);
        else
            for (var i = 0; i < width; i++)
            {
                if (i > 0) Append(file.Fields.Delimiter);
                if (i < record.FieldCount) Append(file.Fields.Ready(record.Field(i).ToString()));
            }
        _records[RowCount] = (start, _length, record.Line);
        if (unfit is null) Locate(record, file, raw, isClean ? start : -1);
        else _unfit[RowCount] = unfit;
        RowCount++;
    }

    private void Locate(CsvRecords record, BatchFile file, ReadOnlySpan<char> raw, int start)
    {
        var cell = RowCount * inputCount;
        if (cell + inputCount > _starts.Length)
        {
            Array.Resize(ref _starts, Math.Max(cell + inputCount, 2 * _starts.Length));
            Array.Resize(ref _lengths, _starts.Length);
        }
        foreach (var (index, _) in file.Inputs)
        {
            var field = record.Field(index);
            _lengths[cell] = field.Length;
            // Mostly a field is a piece of the record; one with quotes of its own is put behind it.
            if (start >= 0 && raw.Overlaps(field, out var offset) && offset >= 0) _starts[cell++] = start + offset;
            else
            {
                _starts[cell++] = _length;
                Append(field);
            }
        }
    }

    /// <summary>Scores the rows and writes them with their answers.</summary>
    public void Score(BatchColumns columns, BatchValues values, Prediction prediction, CancellationToken cancellationToken)
    {
        var rows = prediction.Rows;
        rows.Clear();
        Dictionary<int, string>? refused = null;
        for (var row = 0; row < RowCount; row++)
        {
            if (_unfit.ContainsKey(row)) continue;
            var at = rows.AddRow();
            for (var i = 0; i < inputCount; i++) values.Set(rows, at, i, _text.AsSpan(_starts[(row * inputCount) + i], _lengths[(row * inputCount) + i]));
            if (rows.Problems.Count == 0) continue;
            // A row with a problem is set aside, so that those around it can be scored together.
            (refused ??= [])[row] = string.Join("; ", rows.Problems.Select(p => $"{p.Column}: found {p.Found}, expected {p.Expected}"));
            rows.RemoveLastRow();
        }
        prediction.Score(cancellationToken);
        var next = 0;
        for (var row = 0; row < RowCount; row++)
        {
            var (start, end, line) = _records[row];
            Write(_text.AsSpan(start, end - start));
            Write(columns.Delimiter);
            if (!_unfit.TryGetValue(row, out var problem) && (refused is null || !refused.TryGetValue(row, out problem)))
            {
                if (IsFinite(prediction.Outputs(next))) WriteAnswer(prediction, next, columns);
                else problem = "the model has no finite answer";
                next++;
            }
            if (problem is not null)
            {
                Write(columns.NoAnswer);
                Write(columns.Ready(problem));
                ErrorCount++;
                if (Errors.Count < BatchScorer.MostErrors) Errors.Add(new BatchError(line, problem));
            }
            Write(columns.LineEnd);
        }
    }

    private void WriteAnswer(Prediction prediction, int row, BatchColumns columns)
    {
        var outputs = prediction.Outputs(row);
        if (columns.Classes is not { } classes) Write(outputs[0], columns.DecimalMark);
        else
        {
            Write(classes[prediction.AnsweredClass(row)]);
            foreach (var probability in outputs)
            {
                Write(columns.Delimiter);
                Write(probability, columns.DecimalMark);
            }
        }
        Write(columns.Delimiter);
    }

    private static bool IsFinite(ReadOnlySpan<double> outputs)
    {
        foreach (var output in outputs)
            if (!double.IsFinite(output)) return false;
        return true;
    }

    private static string Surplus(CsvRecords record, int width)
    {
        if (record.FieldCount <= width) return "";
        return $"; left out: {RowBatch.Quote(string.Join(" ", Enumerable.Range(width, Math.Min(5, record.FieldCount - width)).Select(i => record.Field(i).ToString())))}";
    }

    private static string Count(int fields) => fields == 1 ? "1 field" : $"{fields} fields";

    private void Append(ReadOnlySpan<char> text)
    {
        if (_text.Length - _length < text.Length) Array.Resize(ref _text, Math.Max(_length + text.Length, 2 * _text.Length));
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    private Span<byte> Room(int length)
    {
        if (_output.Length - _outputLength < length) Array.Resize(ref _output, Math.Max(_outputLength + length, 2 * _output.Length));
        return _output.AsSpan(_outputLength);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _outputLength += bytes.Length;
    }

    private void Write(ReadOnlySpan<char> text) => _outputLength += Encoding.UTF8.GetBytes(text, Room(3 * text.Length));

    private void Write(double number, byte decimalMark)
    {
        var room = Room(32);
        number.TryFormat(room, out var length, "R", CultureInfo.InvariantCulture);
        if (decimalMark != '.') room[..length].Replace((byte)'.', decimalMark);
        _outputLength += length;
    }
}
