using System.Text.Json;
using Parquet;
using Parquet.Schema;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Writes a table to a Parquet file chunk by chunk; a file that is not completed is removed again.</summary>
/// <remarks>
/// Every chunk becomes row groups of at most <see cref="RowsPerGroup"/> rows. Chunks must agree in names and kinds; the dictionaries of their category and
/// boolean columns are joined in the order in which they come, so that codes are stable where each is a continuation of the one before.
/// </remarks>
public sealed class TableWriter : IDisposable
{
    /// <summary>Small enough that a window of rows is read at once, large enough that columns compress well.</summary>
    public const int RowsPerGroup = 16_384;

    private readonly string _path;
    private readonly FileStream _file;
    private ParquetWriter? _writer;
    private IReadOnlyList<ColumnHeader> _columns = [];
    private DataField[] _fields = [];
    private DictionaryUnion?[] _dictionaries = [];
    private int _rowCount;
    private bool _completed;
    private bool _disposed;

    internal TableWriter(string path)
    {
        _path = path;
        _file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
    }

    /// <summary>Rows appended so far.</summary>
    public int RowCount => _rowCount;

    /// <summary>Writes the rows below those written before.</summary>
    /// <param name="chunk">Of any length; the first one decides on the columns, also where it has no row.</param>
    /// <exception cref="ArgumentException">Its columns are not those of the first chunk.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be written.</exception>
    public void Append(Table chunk, CancellationToken ct = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_completed) throw new InvalidOperationException($"'{_path}' is complete. Expected no further rows.");
        TableFile.Run(AppendAsync(chunk, ct));
    }

    /// <summary>Finishes the file and flushes it to the disk.</summary>
    /// <exception cref="InvalidOperationException">No chunk was appended: the columns are unknown.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be written.</exception>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_completed) return;
        if (_writer is null) throw new InvalidOperationException("Nothing was appended. Expected at least one chunk, which may have no rows, to know the columns.");
        var layout = new TableLayout([.. _columns.Select((column, c) => new ColumnLayout(column.Name, column.Kind, _dictionaries[c]?.ValuesToKeep))], _rowCount);
        _writer.CustomMetadata = new Dictionary<string, string> { [TableLayout.MetadataKey] = JsonSerializer.Serialize(layout) };
        TableFile.Run(FinishAsync());
        _completed = true;
    }

    /// <summary>Closes the file; removes it where it is not complete.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        try
        {
            _file.Dispose();
        }
        catch (IOException) when (!_completed)
        {
            // The disk is full: what is buffered cannot be written, and the file goes anyway.
        }
        if (!_completed) File.Delete(_path);
    }

    private async Task<bool> FinishAsync()
    {
        await _writer!.DisposeAsync().ConfigureAwait(false);
        DurableFile.Flush(_file);
        return true;
    }

    private async Task<bool> AppendAsync(Table chunk, CancellationToken ct)
    {
        if (_writer is null) await StartAsync(chunk, ct).ConfigureAwait(false);
        else Check(chunk);
        _rowCount = checked(_rowCount + chunk.RowCount);
        for (var c = 0; c < _fields.Length - 1; c++) _dictionaries[c]?.Add((DictionaryColumn)chunk.Columns[c]);
        for (var start = 0; start < chunk.RowCount; start += RowsPerGroup)
            await WriteGroupAsync(chunk, start, Math.Min(RowsPerGroup, chunk.RowCount - start), ct).ConfigureAwait(false);
        return true;
    }

    private async Task StartAsync(Table chunk, CancellationToken ct)
    {
        _columns = [.. chunk.Columns.Select(column => new ColumnHeader(column.Name, column.Kind))];
        var lineField = "__line";
        while (chunk.Find(lineField) is not null) lineField = "_" + lineField;
        _fields = chunk.Columns.Select(column => column.Kind switch
        {
            ColumnKind.Numeric => new DataField<double>(column.Name),
            ColumnKind.DateTime => new DataField<long>(column.Name, nullable: true),
            _ => (DataField)new DataField<string>(column.Name, nullable: true),
        }).Append(new DataField<int>(lineField)).ToArray();
        _dictionaries = [.. chunk.Columns.Select(column => column is DictionaryColumn { Kind: not ColumnKind.Text } ? new DictionaryUnion() : null)];
        var options = new ParquetOptions();
        // Texts mostly differ: looking for repetitions in them costs more than it saves.
        for (var c = 0; c < _columns.Count; c++)
            options.ColumnEncodingHints[_fields[c].Path.ToString()] = _dictionaries[c] is null ? EncodingHint.Default : EncodingHint.Dictionary;
        _writer = await ParquetWriter.CreateAsync(new ParquetSchema(_fields), _file, options, cancellationToken: ct).ConfigureAwait(false);
    }

    private void Check(Table chunk)
    {
        if (!chunk.Columns.Select(column => new ColumnHeader(column.Name, column.Kind)).SequenceEqual(_columns))
            throw new ArgumentException($"The chunk has the columns {List(chunk.Columns.Select(column => new ColumnHeader(column.Name, column.Kind)))}. Expected {List(_columns)}.", nameof(chunk));

        static string List(IEnumerable<ColumnHeader> columns) => string.Join(", ", columns.Select(column => $"{column.Name} ({column.Kind})"));
    }

    private async Task WriteGroupAsync(Table table, int start, int count, CancellationToken ct)
    {
        using var group = _writer!.CreateRowGroup();
        for (var c = 0; c < table.ColumnCount; c++)
        {
            ct.ThrowIfCancellationRequested();
            switch (table.Columns[c])
            {
                case NumericColumn column:
                    await group.WriteAsync<double>(_fields[c], column.Memory.Slice(start, count), cancellationToken: ct).ConfigureAwait(false);
                    break;
                case DateTimeColumn column:
                    var ticks = new long?[count];
                    for (var i = 0; i < count; i++) ticks[i] = column.IsMissing(start + i) ? null : column.Ticks[start + i];
                    await group.WriteAsync<long>(_fields[c], ticks, cancellationToken: ct).ConfigureAwait(false);
                    break;
                case DictionaryColumn column:
                    var texts = new string?[count];
                    for (var i = 0; i < count; i++) texts[i] = column.GetText(start + i);
                    await group.WriteAsync(_fields[c], texts!).ConfigureAwait(false);
                    break;
                case var column:
                    throw new ArgumentException($"Column '{column.Name}' is a {column.GetType().Name}. Expected numbers, dates or texts.", nameof(table));
            }
        }
        await group.WriteAsync<int>(_fields[^1], table.LineNumbers.Slice(start, count).ToArray(), cancellationToken: ct).ConfigureAwait(false);
        group.CompleteValidate();
    }

    /// <summary>The values of a category or boolean column over all chunks, in the order in which they came.</summary>
    private sealed class DictionaryUnion
    {
        /// <summary>Dictionaries up to this size stand in the metadata, so that any window of rows has the codes of the whole.</summary>
        private const int MaxKept = 4096;

        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
        private readonly List<string> _values = [];
        private IReadOnlyList<string>? _last;
        private int _next;
        private bool _inOrderOfOccurrence = true;

        public void Add(DictionaryColumn column)
        {
            if (!ReferenceEquals(_last, column.Values))
            {
                foreach (var value in column.Values)
                    if (_index.TryAdd(value, _values.Count)) _values.Add(value);
                _last = column.Values;
            }
            if (!_inOrderOfOccurrence || _next == _values.Count) return;
            // Reading the texts in order gives the same dictionary again exactly where every value occurs first after all those before it.
            foreach (var code in column.Codes)
            {
                if (code < 0) continue;
                var joined = code < _values.Count && ReferenceEquals(_values[code], column.Values[code]) ? code : _index[column.Values[code]];
                if (joined == _next) _next++;
                else if (joined > _next) _inOrderOfOccurrence = false;
            }
        }

        public IReadOnlyList<string>? ValuesToKeep => _values.Count > MaxKept && _inOrderOfOccurrence && _next == _values.Count ? null : _values;
    }
}
