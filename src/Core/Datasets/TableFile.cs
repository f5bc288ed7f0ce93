using System.Text.Json;
using Parquet;
using Parquet.Schema;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Keeps a table in a Parquet file that gives back the same table, and that pandas and others can read.</summary>
/// <remarks>
/// Numbers are doubles (NaN is missing), dates 64-bit UTC ticks, everything else strings (null is missing); the last column holds the line numbers. What Parquet
/// has no place for stands in the file's metadata under <c>model-workbench</c>. Dictionaries of category and boolean columns come back
/// with the same codes, in parts of the table too unless the column has several thousand values; that of a text column is rebuilt in order of first occurrence.
/// All readers throw <see cref="InvalidDataException"/> where the file was not written by this class, or is damaged.
/// </remarks>
public static class TableFile
{
    /// <summary>Starts a file for a table that comes in chunks; replaces what is there.</summary>
    public static TableWriter OpenWriter(string path) => new(path);

    /// <summary>Writes the table to the path and replaces what is there; an exception leaves no file.</summary>
    public static void Write(Table table, string path, CancellationToken ct)
    {
        using var writer = OpenWriter(path);
        writer.Append(table, ct);
        writer.Complete();
    }

    /// <summary>The whole table.</summary>
    public static Table Read(string path, CancellationToken ct) =>
        Guard(path, async () =>
        {
            await using var file = await OpenAsync(path, ct).ConfigureAwait(false);
            return await file.ReadRowsAsync(0, file.Layout.RowCount, null, ct).ConfigureAwait(false);
        });

    /// <summary>Names, kinds and the number of rows; reads no values.</summary>
    public static TableHeader ReadHeader(string path) =>
        Guard(path, async () =>
        {
            await using var file = await OpenAsync(path, CancellationToken.None).ConfigureAwait(false);
            return new TableHeader([.. file.Layout.Columns.Select(column => new ColumnHeader(column.Name, column.Kind))], file.Layout.RowCount);
        });

    /// <summary>A window of the table; reads no more than the row groups that it touches.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">First row, 0-based; beyond the end gives no rows.</param>
    /// <param name="count">Rows at most.</param>
    /// <param name="columns">The columns to read, in that order; null for all.</param>
    /// <param name="ct">Checked column by column.</param>
    /// <exception cref="KeyNotFoundException">There is no column of a name asked for.</exception>
    public static Table ReadRows(string path, int start, int count, IReadOnlyList<string>? columns, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Guard(path, async () =>
        {
            await using var file = await OpenAsync(path, ct).ConfigureAwait(false);
            var first = Math.Min(start, file.Layout.RowCount);
            return await file.ReadRowsAsync(first, Math.Min(count, file.Layout.RowCount - first), columns, ct).ConfigureAwait(false);
        });
    }

    /// <summary>Rows drawn without replacement, each set of rows equally likely, in file order; the whole table where it has no more rows.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rowCount">Rows at most.</param>
    /// <param name="seed">The same seed draws the same rows.</param>
    /// <param name="ct">Checked column by column.</param>
    public static Table ReadSample(string path, int rowCount, int seed, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        return Guard(path, async () =>
        {
            await using var file = await OpenAsync(path, ct).ConfigureAwait(false);
            return rowCount >= file.Layout.RowCount
                ? await file.ReadRowsAsync(0, file.Layout.RowCount, null, ct).ConfigureAwait(false)
                : await file.ReadPicksAsync(Draw(file.Layout.RowCount, rowCount, seed), null, ct).ConfigureAwait(false);
        });
    }

    /// <summary>Single rows of the table; reads no more than the row groups that they are in.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">0-based, ascending, distinct.</param>
    /// <param name="columns">The columns to read, in that order; null for all.</param>
    /// <param name="ct">Checked column by column.</param>
    /// <exception cref="ArgumentException">The rows are out of order, or one is not in the table.</exception>
    /// <exception cref="KeyNotFoundException">There is no column of a name asked for.</exception>
    public static Table ReadPicks(string path, int[] rows, IReadOnlyList<string>? columns, CancellationToken ct)
    {
        for (var i = 0; i < rows.Length; i++)
            if (rows[i] < 0 || (i > 0 && rows[i] <= rows[i - 1])) throw new ArgumentException($"Found row {rows[i]} at place {i}, expected rows from 0 on, ascending, each once.", nameof(rows));
        var last = rows.Length > 0 ? rows[^1] : -1;
        var (table, rowCount) = Guard(path, async () =>
        {
            await using var file = await OpenAsync(path, ct).ConfigureAwait(false);
            return (last < file.Layout.RowCount ? await file.ReadPicksAsync(rows, columns, ct).ConfigureAwait(false) : null, file.Layout.RowCount);
        });
        return table ?? throw new ArgumentException($"Found row {last}, expected one of the {rowCount} rows, counted from 0.", nameof(rows));
    }

    /// <summary>The table in parts of some ten thousand rows, read when asked for; at least one, which may have no rows.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ct">Checked column by column.</param>
    /// <param name="columns">The columns to read, in that order; null for all.</param>
    public static IEnumerable<Table> ReadChunks(string path, CancellationToken ct, IReadOnlyList<string>? columns = null)
    {
        var file = Guard(path, () => OpenAsync(path, ct));
        try
        {
            if (file.GroupCount == 0) yield return Guard(path, () => file.ReadRowsAsync(0, 0, columns, ct));
            else
            {
                var loaders = file.CreateLoaders(columns);
                for (var g = 0; g < file.GroupCount; g++)
                {
                    var group = g;
                    yield return Guard(path, () => file.ReadGroupAsync(group, loaders, ct));
                }
            }
        }
        finally
        {
            Guard(path, async () =>
            {
                await file.DisposeAsync().ConfigureAwait(false);
                return true;
            });
        }
    }

    /// <summary>Whether a Parquet file was written by this class.</summary>
    /// <exception cref="InvalidDataException">It is no Parquet file, or damaged.</exception>
    internal static bool IsTable(string path) =>
        Guard(path, async () =>
        {
            await using var reader = await ParquetReader.CreateAsync(path).ConfigureAwait(false);
            return reader.CustomMetadata.ContainsKey(TableLayout.MetadataKey);
        });

    /// <summary>Selection sampling: every row is taken with the chance that fills what is still wanted from what is still to come.</summary>
    /// <remarks>Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.</remarks>
    private static int[] Draw(int total, int wanted, int seed)
    {
        var random = new Random(seed);
        var drawn = new int[wanted];
        for (int row = 0, taken = 0; taken < wanted; row++)
            if (random.NextDouble() * (total - row) < wanted - taken) drawn[taken++] = row;
        return drawn;
    }

    private static async Task<OpenFile> OpenAsync(string path, CancellationToken ct)
    {
        var bytes = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        try
        {
            var reader = await ParquetReader.CreateAsync(bytes, cancellationToken: ct).ConfigureAwait(false);
            if (!reader.CustomMetadata.TryGetValue(TableLayout.MetadataKey, out var json) || JsonSerializer.Deserialize<TableLayout>(json) is not { } layout)
                throw new InvalidDataException($"'{path}' has no '{TableLayout.MetadataKey}' metadata. Expected a table written by this program.");
            return new OpenFile(path, bytes, reader, layout);
        }
        catch
        {
            await bytes.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static T Guard<T>(string path, Func<Task<T>> work)
    {
        try
        {
            return Run(work());
        }
        // What Parquet.Net throws on a damaged file has no common type (IOException among them).
        catch (Exception e) when (e is not (OperationCanceledException or InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or OutOfMemoryException or KeyNotFoundException))
        {
            throw new InvalidDataException($"'{path}' is not a readable Parquet file: {e.Message}", e);
        }
    }

    // Core is synchronous and Parquet.Net is async only. It runs in the training process or on a worker, where no synchronisation context waits for this thread.
    internal static T Run<T>(Task<T> work) => work.GetAwaiter().GetResult();

    private sealed class OpenFile : IAsyncDisposable
    {
        private readonly FileStream _bytes;
        private readonly ParquetReader _reader;
        private readonly DataField[] _fields;
        private readonly int[] _groupStarts;

        public OpenFile(string path, FileStream bytes, ParquetReader reader, TableLayout layout)
        {
            _bytes = bytes;
            _reader = reader;
            Layout = layout;
            _fields = reader.Schema.DataFields;
            if (_fields.Length != layout.Columns.Count + 1)
                throw new InvalidDataException($"'{path}' has {_fields.Length} columns. Expected {layout.Columns.Count + 1}.");
            _groupStarts = new int[reader.RowGroupCount + 1];
            for (var g = 0; g < reader.RowGroupCount; g++) _groupStarts[g + 1] = checked(_groupStarts[g] + (int)reader.RowGroups[g].RowCount);
            if (_groupStarts[^1] != layout.RowCount) throw new InvalidDataException($"'{path}' has {_groupStarts[^1]} rows. Expected {layout.RowCount}.");
        }

        public TableLayout Layout { get; }
        public int GroupCount => _reader.RowGroupCount;

        public Loader[] CreateLoaders(IReadOnlyList<string>? columns)
        {
            var all = Layout.Columns.Select((column, c) => new Loader(column, _fields[c])).ToArray();
            if (columns is null) return all;
            var byName = all.ToDictionary(loader => loader.Name, StringComparer.Ordinal);
            return
            [
                .. columns.Select(name => byName.TryGetValue(name, out var loader)
                    ? loader
                    : throw new KeyNotFoundException($"There is no column '{name}'. The columns are: {string.Join(", ", byName.Keys)}.")),
            ];
        }

        public async Task<Table> ReadRowsAsync(int start, int count, IReadOnlyList<string>? columns, CancellationToken ct)
        {
            var loaders = CreateLoaders(columns);
            foreach (var loader in loaders) loader.Start(count);
            var lines = new int[count];
            var filled = 0;
            for (var g = FindGroup(start); filled < count; g++)
            {
                var from = start + filled - _groupStarts[g];
                var take = Math.Min(count - filled, _groupStarts[g + 1] - _groupStarts[g] - from);
                if (take > 0) await ReadPartAsync(g, loaders, lines, filled, from, take, null, ct).ConfigureAwait(false);
                filled += take;
            }
            return new Table([.. loaders.Select(loader => loader.Build())], lines);
        }

        public async Task<Table> ReadGroupAsync(int group, Loader[] loaders, CancellationToken ct)
        {
            var count = _groupStarts[group + 1] - _groupStarts[group];
            foreach (var loader in loaders) loader.Start(count);
            var lines = new int[count];
            await ReadPartAsync(group, loaders, lines, 0, 0, count, null, ct).ConfigureAwait(false);
            return new Table([.. loaders.Select(loader => loader.Build())], lines);
        }

        /// <param name="rows">Ascending.</param>
        /// <param name="columns">Null for all.</param>
        /// <param name="ct">Checked column by column.</param>
        public async Task<Table> ReadPicksAsync(int[] rows, IReadOnlyList<string>? columns, CancellationToken ct)
        {
            var loaders = CreateLoaders(columns);
            foreach (var loader in loaders) loader.Start(rows.Length);
            var lines = new int[rows.Length];
            for (int at = 0, g = 0; at < rows.Length; g++)
            {
                var end = at;
                while (end < rows.Length && rows[end] < _groupStarts[g + 1]) end++;
                if (end == at) continue;
                var picks = rows[at..end];
                for (var i = 0; i < picks.Length; i++) picks[i] -= _groupStarts[g];
                await ReadPartAsync(g, loaders, lines, at, 0, picks.Length, picks, ct).ConfigureAwait(false);
                at = end;
            }
            return new Table([.. loaders.Select(loader => loader.Build())], lines);
        }

        private async Task ReadPartAsync(int g, Loader[] loaders, int[] lines, int to, int from, int take, int[]? picks, CancellationToken ct)
        {
            using var group = _reader.OpenRowGroupReader(g);
            var count = checked((int)group.RowCount);
            foreach (var loader in loaders)
            {
                ct.ThrowIfCancellationRequested();
                await loader.LoadAsync(group, count, to, from, take, picks, ct).ConfigureAwait(false);
            }
            if (take == count) await group.ReadAsync<int>(_fields[^1], lines.AsMemory(to, count), cancellationToken: ct).ConfigureAwait(false);
            else
            {
                var all = new int[count];
                await group.ReadAsync<int>(_fields[^1], all.AsMemory(), cancellationToken: ct).ConfigureAwait(false);
                for (var i = 0; i < take; i++) lines[to + i] = all[picks is null ? from + i : picks[i]];
            }
        }

        private int FindGroup(int row)
        {
            var found = Array.BinarySearch(_groupStarts, row);
            return found >= 0 ? found : ~found - 1;
        }

        public async ValueTask DisposeAsync()
        {
            await _reader.DisposeAsync().ConfigureAwait(false);
            await _bytes.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The values of one column, part by part.</summary>
    private sealed class Loader
    {
        private readonly ColumnLayout _layout;
        private readonly DataField _field;
        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
        private string[]? _values;
        private double[] _numbers = [];
        private long[] _ticks = [];
        private int[] _codes = [];

        public Loader(ColumnLayout layout, DataField field)
        {
            _layout = layout;
            _field = field;
            for (var i = 0; i < layout.Values?.Count; i++) _index.TryAdd(layout.Values[i], i);
        }

        public string Name => _layout.Name;

        /// <summary>Makes room for a table of so many rows; codes of a text column start anew, those of others go on.</summary>
        public void Start(int rowCount)
        {
            if (_layout.Kind == ColumnKind.Numeric) _numbers = new double[rowCount];
            else if (_layout.Kind == ColumnKind.DateTime) _ticks = new long[rowCount];
            else _codes = new int[rowCount];
            if (_layout.Kind == ColumnKind.Text) _index.Clear();
        }

        /// <summary>Loads rows of a row group: those picked, or <paramref name="take"/> from <paramref name="from"/> on, to the rows from <paramref name="to"/> on.</summary>
        public async Task LoadAsync(ParquetRowGroupReader group, int groupCount, int to, int from, int take, int[]? picks, CancellationToken ct)
        {
            switch (_layout.Kind)
            {
                case ColumnKind.Numeric when take == groupCount:
                    await group.ReadAsync<double>(_field, _numbers.AsMemory(to, take), cancellationToken: ct).ConfigureAwait(false);
                    break;
                case ColumnKind.Numeric:
                    var numbers = new double[groupCount];
                    await group.ReadAsync<double>(_field, numbers.AsMemory(), cancellationToken: ct).ConfigureAwait(false);
                    for (var i = 0; i < take; i++) _numbers[to + i] = numbers[picks is null ? from + i : picks[i]];
                    break;
                case ColumnKind.DateTime:
                    var ticks = new long?[groupCount];
                    await group.ReadAsync<long>(_field, ticks.AsMemory(), cancellationToken: ct).ConfigureAwait(false);
                    for (var i = 0; i < take; i++) _ticks[to + i] = ticks[picks is null ? from + i : picks[i]] ?? DateTimeColumn.MissingTicks;
                    break;
                default:
                    var texts = new string?[groupCount];
                    await group.ReadAsync(_field, texts.AsMemory()!, cancellationToken: ct).ConfigureAwait(false);
                    for (var i = 0; i < take; i++) _codes[to + i] = texts[picks is null ? from + i : picks[i]] is { } text ? Encode(text) : DictionaryColumn.MissingCode;
                    break;
            }
        }

        private int Encode(string text)
        {
            if (!_index.TryGetValue(text, out var code)) _index.Add(text, code = _index.Count);
            return code;
        }

        public Column Build() => _layout.Kind switch
        {
            ColumnKind.Numeric => new NumericColumn(_layout.Name, _numbers),
            ColumnKind.DateTime => new DateTimeColumn(_layout.Name, _ticks),
            var kind => new DictionaryColumn(_layout.Name, kind, _codes, _values is not null && _values.Length == _index.Count && kind != ColumnKind.Text ? _values : _values = [.. _index.Keys]),
        };
    }
}
