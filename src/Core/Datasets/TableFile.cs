using System.Text.Json;
using System.Text.Json.Serialization;
using Parquet;
using Parquet.Schema;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Keeps a table in a Parquet file that gives back the same table, and that pandas and others can read.</summary>
/// <remarks>
/// Numbers are doubles (NaN is missing), dates 64-bit UTC ticks, everything else strings (null is missing); the last column holds the line numbers. What Parquet
/// has no place for stands in the file's metadata under <c>model-workbench</c>. Dictionaries of category and boolean columns come back
/// with the same codes; that of a text column is rebuilt in order of first occurrence.
/// </remarks>
public static class TableFile
{
    private const int RowsPerGroup = 100_000;
    private const string MetadataKey = "model-workbench";

    private sealed record Layout(IReadOnlyList<ColumnLayout> Columns, int RowCount);

    /// <param name="Values">The dictionary, where its order is not that of first occurrence.</param>
    private sealed record ColumnLayout(string Name, [property: JsonConverter(typeof(JsonStringEnumConverter<ColumnKind>))] ColumnKind Kind, IReadOnlyList<string>? Values);

    /// <summary>Writes the table to the path and replaces what is there; an exception leaves an unusable file.</summary>
    public static void Write(Table table, string path, CancellationToken ct) => Run(WriteAsync(table, path, ct));

    /// <exception cref="InvalidDataException">The file was not written by <see cref="Write"/>, or is damaged.</exception>
    public static Table Read(string path, CancellationToken ct)
    {
        try
        {
            return Run(ReadAsync(path, ct));
        }
        // What Parquet.Net throws on a damaged file has no common type (IOException among them).
        catch (Exception e) when (e is not (OperationCanceledException or InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or OutOfMemoryException))
        {
            throw new InvalidDataException($"'{path}' is not a readable Parquet file: {e.Message}", e);
        }
    }

    private static async Task<bool> WriteAsync(Table table, string path, CancellationToken ct)
    {
        var layout = new Layout([.. table.Columns.Select(column => new ColumnLayout(column.Name, column.Kind, FindValuesToKeep(column)))], table.RowCount);
        var lineField = "__line";
        while (table.Find(lineField) is not null) lineField = "_" + lineField;
        var fields = table.Columns.Select(column => column.Kind switch
        {
            ColumnKind.Numeric => new DataField<double>(column.Name),
            ColumnKind.DateTime => new DataField<long>(column.Name, nullable: true),
            _ => (DataField)new DataField<string>(column.Name, nullable: true),
        }).Append(new DataField<int>(lineField)).ToArray();

        await using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), file, cancellationToken: ct).ConfigureAwait(false);
        writer.CustomMetadata = new Dictionary<string, string> { [MetadataKey] = JsonSerializer.Serialize(layout) };
        for (var start = 0; start < table.RowCount; start += RowsPerGroup)
        {
            var count = Math.Min(RowsPerGroup, table.RowCount - start);
            using var group = writer.CreateRowGroup();
            for (var c = 0; c < table.ColumnCount; c++)
            {
                ct.ThrowIfCancellationRequested();
                switch (table.Columns[c])
                {
                    case NumericColumn column:
                        await group.WriteAsync<double>(fields[c], column.Values.Slice(start, count).ToArray(), cancellationToken: ct).ConfigureAwait(false);
                        break;
                    case DateTimeColumn column:
                        var ticks = new long?[count];
                        for (var i = 0; i < count; i++) ticks[i] = column.IsMissing(start + i) ? null : column.Ticks[start + i];
                        await group.WriteAsync<long>(fields[c], ticks, cancellationToken: ct).ConfigureAwait(false);
                        break;
                    case var column:
                        var texts = new string?[count];
                        for (var i = 0; i < count; i++) texts[i] = column.GetText(start + i);
                        await group.WriteAsync(fields[c], texts!).ConfigureAwait(false);
                        break;
                }
            }
            await group.WriteAsync<int>(fields[^1], table.LineNumbers.Slice(start, count).ToArray(), cancellationToken: ct).ConfigureAwait(false);
            group.CompleteValidate();
        }
        return true;
    }

    private static async Task<Table> ReadAsync(string path, CancellationToken ct)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        await using var reader = await ParquetReader.CreateAsync(file, cancellationToken: ct).ConfigureAwait(false);
        if (!reader.CustomMetadata.TryGetValue(MetadataKey, out var json) || JsonSerializer.Deserialize<Layout>(json) is not { } layout)
            throw new InvalidDataException($"'{path}' has no '{MetadataKey}' metadata. Expected a table written by this program.");
        var fields = reader.Schema.DataFields;
        if (fields.Length != layout.Columns.Count + 1)
            throw new InvalidDataException($"'{path}' has {fields.Length} columns. Expected {layout.Columns.Count + 1}.");

        var loaders = layout.Columns.Select(column => new Loader(column, layout.RowCount)).ToArray();
        var lines = new int[layout.RowCount];
        var start = 0;
        for (var g = 0; g < reader.RowGroupCount; g++)
        {
            using var group = reader.OpenRowGroupReader(g);
            var count = checked((int)group.RowCount);
            if (count > layout.RowCount - start) throw new InvalidDataException($"'{path}' has more rows than the {layout.RowCount} it says.");
            for (var c = 0; c < loaders.Length; c++) await loaders[c].LoadAsync(group, fields[c], start, count, ct).ConfigureAwait(false);
            await group.ReadAsync<int>(fields[^1], lines.AsMemory(start, count), cancellationToken: ct).ConfigureAwait(false);
            start += count;
        }
        if (start != layout.RowCount) throw new InvalidDataException($"'{path}' has {start} rows. Expected {layout.RowCount}.");
        return new Table([.. loaders.Select(loader => loader.Build())], lines);
    }

    /// <summary>The values of one column, row group by row group.</summary>
    private sealed class Loader
    {
        private readonly ColumnLayout _layout;
        private readonly double[] _numbers = [];
        private readonly long[] _ticks = [];
        private readonly int[] _codes = [];
        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

        public Loader(ColumnLayout layout, int rowCount)
        {
            _layout = layout;
            if (layout.Kind == ColumnKind.Numeric) _numbers = new double[rowCount];
            else if (layout.Kind == ColumnKind.DateTime) _ticks = new long[rowCount];
            else _codes = new int[rowCount];
            for (var i = 0; i < layout.Values?.Count; i++) _index.TryAdd(layout.Values[i], i);
        }

        public async Task LoadAsync(ParquetRowGroupReader group, DataField field, int start, int count, CancellationToken ct)
        {
            switch (_layout.Kind)
            {
                case ColumnKind.Numeric:
                    await group.ReadAsync<double>(field, _numbers.AsMemory(start, count), cancellationToken: ct).ConfigureAwait(false);
                    break;
                case ColumnKind.DateTime:
                    var ticks = new long?[count];
                    await group.ReadAsync<long>(field, ticks.AsMemory(), cancellationToken: ct).ConfigureAwait(false);
                    for (var i = 0; i < count; i++) _ticks[start + i] = ticks[i] ?? DateTimeColumn.MissingTicks;
                    break;
                default:
                    var texts = new string?[count];
                    await group.ReadAsync(field, texts.AsMemory()!, cancellationToken: ct).ConfigureAwait(false);
                    for (var i = 0; i < count; i++) _codes[start + i] = texts[i] is { } text ? Encode(text) : DictionaryColumn.MissingCode;
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
            var kind => new DictionaryColumn(_layout.Name, kind, _codes, _layout.Values is { } values ? [.. values] : [.. _index.Keys]),
        };
    }

    /// <summary>The dictionary where reading the texts in order would not give it again; null where it would.</summary>
    private static IReadOnlyList<string>? FindValuesToKeep(Column column)
    {
        if (column is not DictionaryColumn { Kind: not ColumnKind.Text } dictionary) return null;
        var next = 0;
        foreach (var code in dictionary.Codes)
        {
            if (code > next) return dictionary.Values;
            if (code == next) next++;
        }
        return next == dictionary.Values.Count ? null : dictionary.Values;
    }

    // Core is synchronous and Parquet.Net is async only. It runs in the training process or on a worker, where no synchronisation context waits for this thread.
    private static T Run<T>(Task<T> work) => work.GetAwaiter().GetResult();
}
