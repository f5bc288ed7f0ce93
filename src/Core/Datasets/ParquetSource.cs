using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Reads a Parquet file of any program, row group by row group, into parts of a table of our kinds.</summary>
/// <remarks>
/// Whole and decimal numbers become numeric, dates and moments date-time, booleans boolean, strings category or text on the evidence of all rows
/// (a text that looks like a number stays a text: whoever wrote the file has decided). Columns of lists, records, maps, bytes and times of day are left out and reported.
/// </remarks>
internal sealed class ParquetSource
{
    private const int MaxGroupCells = 200_000_000;
    private const int MaxProblems = 100;

    /// <summary>Beyond it not every whole number is a double.</summary>
    private const long MaxExact = 9_007_199_254_740_992;

    private readonly string _path;
    private readonly List<CsvProblem> _problems = [];
    private readonly List<(DataField Field, string Name, ColumnEvidence? Evidence, ColumnKind Kind)> _columns = [];
    private readonly Dictionary<string, Dictionary<string, int>> _dictionaries = [];
    private readonly HashSet<string> _inexact = new(StringComparer.Ordinal);

    private ParquetSource(string path) => _path = path;

    public int RowCount { get; private set; }
    public IReadOnlyList<ColumnHeader> Columns => [.. _columns.Select(column => new ColumnHeader(column.Name, column.Kind))];
    public IReadOnlyList<CsvProblem> Problems => [.. _problems.Take(MaxProblems)];
    public int ProblemCount => _problems.Count;

    /// <param name="path">The file.</param>
    /// <param name="take">Called with every part in order; at least once.</param>
    /// <param name="progress">Fraction and rows so far.</param>
    /// <param name="ct">Checked column by column.</param>
    /// <exception cref="CsvFormatException">It is damaged, encrypted, has no column that can be kept, or row groups too large for the memory.</exception>
    public static ParquetSource Read(string path, Action<Table> take, Action<double, string, long> progress, CancellationToken ct)
    {
        var source = new ParquetSource(path);
        var inOwnCode = false;
        try
        {
            TableFile.Run(source.ReadAsync(
                chunk =>
                {
                    inOwnCode = true;
                    take(chunk);
                    inOwnCode = false;
                }, progress, ct));
        }
        // What Parquet.Net throws on a damaged file has no common type.
        catch (Exception e) when (!inOwnCode && e is not (OperationCanceledException or CsvFormatException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or OutOfMemoryException))
        {
            throw new CsvFormatException($"The Parquet file cannot be read: {e.Message} Expected a whole, unencrypted file.", e);
        }
        return source;
    }

    private async Task<bool> ReadAsync(Action<Table> take, Action<double, string, long> progress, CancellationToken ct)
    {
        await using var bytes = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        await using var reader = await ParquetReader.CreateAsync(bytes, cancellationToken: ct).ConfigureAwait(false);
        ChooseColumns(reader.Schema);
        var total = reader.RowGroups.Sum(group => group.RowCount);
        if (total > int.MaxValue) throw new CsvFormatException($"The file has {total:N0} rows. Expected at most {int.MaxValue:N0}.");
        foreach (var group in reader.RowGroups)
            if (group.RowCount * _columns.Count > MaxGroupCells)
                throw new CsvFormatException(
                    $"The file has a row group of {group.RowCount:N0} rows by {_columns.Count:N0} columns, which must be read at once. Expected at most {MaxGroupCells:N0} values a group: write it again with a smaller row_group_size, such as 100,000.");

        var texts = _columns.Where(column => column.Evidence is not null).ToList();
        var seen = 0L;
        for (var g = 0; g < reader.RowGroupCount; g++)
        {
            using var group = reader.OpenRowGroupReader(g);
            foreach (var column in texts)
            {
                ct.ThrowIfCancellationRequested();
                foreach (var text in await ReadTextsAsync(group, column.Field, ct).ConfigureAwait(false))
                    if (text is not null && text.AsSpan().Trim() is { IsEmpty: false } trimmed) column.Evidence!.Add(trimmed);
            }
            seen += group.RowCount;
            progress(0.3 * seen / Math.Max(1, total), "Finding the kinds of the columns", seen);
        }
        for (var c = 0; c < _columns.Count; c++)
        {
            if (_columns[c].Evidence is not { } evidence) continue;
            _columns[c] = _columns[c] with { Kind = evidence.TextKind };
            if (evidence.TextKind != ColumnKind.Text) _dictionaries[_columns[c].Name] = new Dictionary<string, int>(StringComparer.Ordinal);
        }

        for (var g = 0; g < reader.RowGroupCount; g++)
        {
            using var group = reader.OpenRowGroupReader(g);
            var count = (int)group.RowCount;
            var columns = new Column[_columns.Count];
            for (var c = 0; c < columns.Length; c++)
            {
                ct.ThrowIfCancellationRequested();
                columns[c] = await ReadColumnAsync(group, _columns[c].Field, _columns[c].Name, _columns[c].Kind, ct).ConfigureAwait(false);
            }
            for (var start = 0; start < count; start += TableWriter.RowsPerGroup)
            {
                var rows = new int[Math.Min(TableWriter.RowsPerGroup, count - start)];
                for (var i = 0; i < rows.Length; i++) rows[i] = start + i;
                var firstLine = RowCount + 1;
                take(new Table([.. columns.Select(column => column.Take(rows))], [.. rows.Select((_, i) => firstLine + i)]));
                RowCount += rows.Length;
                progress(0.3 + 0.7 * RowCount / Math.Max(1, total), "Reading and writing the rows", RowCount);
            }
        }
        if (RowCount == 0) take(new Table([.. _columns.Select(column => Empty(column.Name, column.Kind))], []));
        foreach (var name in _inexact) _problems.Add(new CsvProblem(0, name, "whole numbers beyond 9,007,199,254,740,992", "numbers that fit 53 bits; they are rounded to 16 digits"));
        return true;
    }

    private void ChooseColumns(ParquetSchema schema)
    {
        var names = ColumnNames.MakeDistinct([.. schema.Fields.Select(field => field.Name.Trim())]);
        for (var c = 0; c < names.Length; c++)
        {
            var field = schema.Fields[c];
            if (field is not DataField { IsArray: false } flat)
            {
                _problems.Add(new CsvProblem(0, names[c], $"a column of {(field.SchemaType == SchemaType.Data ? "lists" : field.SchemaType.ToString().ToLowerInvariant() + "s")}", "one value a row; the column is left out"));
                continue;
            }
            var type = Nullable.GetUnderlyingType(flat.ClrType) ?? flat.ClrType;
            if (IsText(type)) _columns.Add((flat, names[c], new ColumnEvidence(new NumberParser('.')), ColumnKind.Text));
            else if (type == typeof(bool)) _columns.Add((flat, names[c], null, ColumnKind.Boolean));
            else if (type == typeof(DateTime) || type == typeof(DateOnly)) _columns.Add((flat, names[c], null, ColumnKind.DateTime));
            else if (IsNumber(type)) _columns.Add((flat, names[c], null, ColumnKind.Numeric));
            else _problems.Add(new CsvProblem(0, names[c], $"a column of {type.Name}", "numbers, texts, dates or booleans; the column is left out"));
        }
        if (_columns.Count == 0) throw new CsvFormatException($"None of the {names.Length:N0} columns of the Parquet file can be kept. Expected flat columns of numbers, texts, dates or booleans.");
    }

    private static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

    private static bool IsNumber(Type type) =>
        type == typeof(double) || type == typeof(float) || type == typeof(decimal) || type == typeof(long) || type == typeof(int) || type == typeof(short) || type == typeof(sbyte)
        || type == typeof(byte) || type == typeof(ushort) || type == typeof(uint) || type == typeof(ulong);

    private static async Task<string?[]> ReadTextsAsync(ParquetRowGroupReader group, DataField field, CancellationToken ct)
    {
        var texts = new string?[(int)group.RowCount];
        await group.ReadAsync(field, texts.AsMemory()!, cancellationToken: ct).ConfigureAwait(false);
        return texts;
    }

    private async Task<Column> ReadColumnAsync(ParquetRowGroupReader group, DataField field, string name, ColumnKind kind, CancellationToken ct)
    {
        var type = Nullable.GetUnderlyingType(field.ClrType) ?? field.ClrType;
        if (IsText(type)) return Encode(name, kind, await ReadTextsAsync(group, field, ct).ConfigureAwait(false));
        if (type == typeof(bool))
        {
            var words = new string?[(int)group.RowCount];
            await ReadAsync<bool>(group, field, (row, value) => words[row] = value ? "true" : "false", ct).ConfigureAwait(false);
            return new DictionaryColumn(name, kind, [.. words.Select(word => word is null ? DictionaryColumn.MissingCode : word == "true" ? 1 : 0)], ["false", "true"]);
        }
        if (kind == ColumnKind.DateTime)
        {
            var ticks = new long[(int)group.RowCount];
            Array.Fill(ticks, DateTimeColumn.MissingTicks);
            if (type == typeof(DateOnly)) await ReadAsync<DateOnly>(group, field, (row, value) => ticks[row] = value.ToDateTime(TimeOnly.MinValue).Ticks, ct).ConfigureAwait(false);
            else await ReadAsync<DateTime>(group, field, (row, value) => ticks[row] = value.Ticks, ct).ConfigureAwait(false);
            return new DateTimeColumn(name, ticks);
        }
        var numbers = new double[(int)group.RowCount];
        Array.Fill(numbers, double.NaN);
        await (Type.GetTypeCode(type) switch
        {
            TypeCode.Double => ReadAsync<double>(group, field, Set, ct),
            TypeCode.Single => ReadAsync<float>(group, field, (row, value) => Set(row, value), ct),
            // The digits of the decimal are meant, not the nearest sum of its parts.
            TypeCode.Decimal => ReadAsync<decimal>(group, field, (row, value) => Set(row, double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)), ct),
            TypeCode.Int64 => ReadAsync<long>(group, field, (row, value) => SetWhole(row, value, value is >= -MaxExact and <= MaxExact), ct),
            TypeCode.UInt64 => ReadAsync<ulong>(group, field, (row, value) => SetWhole(row, value, value <= MaxExact), ct),
            TypeCode.Int32 => ReadAsync<int>(group, field, (row, value) => Set(row, value), ct),
            TypeCode.UInt32 => ReadAsync<uint>(group, field, (row, value) => Set(row, value), ct),
            TypeCode.Int16 => ReadAsync<short>(group, field, (row, value) => Set(row, value), ct),
            TypeCode.UInt16 => ReadAsync<ushort>(group, field, (row, value) => Set(row, value), ct),
            TypeCode.Byte => ReadAsync<byte>(group, field, (row, value) => Set(row, value), ct),
            _ => ReadAsync<sbyte>(group, field, (row, value) => Set(row, value), ct),
        }).ConfigureAwait(false);
        return new NumericColumn(name, numbers);

        // Infinite is no number that a model could use; a CSV's are missing too.
        void Set(int row, double value) => numbers[row] = double.IsFinite(value) ? value : double.NaN;

        void SetWhole(int row, double value, bool isExact)
        {
            if (!isExact) _inexact.Add(name);
            numbers[row] = value;
        }
    }

    private static async Task<bool> ReadAsync<T>(ParquetRowGroupReader group, DataField field, Action<int, T> set, CancellationToken ct) where T : struct
    {
        var count = (int)group.RowCount;
        if (field.IsNullable)
        {
            var values = new T?[count];
            await group.ReadAsync<T>(field, values.AsMemory(), cancellationToken: ct).ConfigureAwait(false);
            for (var row = 0; row < count; row++)
                if (values[row] is { } value) set(row, value);
        }
        else
        {
            var values = new T[count];
            await group.ReadAsync<T>(field, values.AsMemory(), cancellationToken: ct).ConfigureAwait(false);
            for (var row = 0; row < count; row++) set(row, values[row]);
        }
        return true;
    }

    private DictionaryColumn Encode(string name, ColumnKind kind, string?[] texts)
    {
        var index = kind == ColumnKind.Text ? new Dictionary<string, int>(StringComparer.Ordinal) : _dictionaries[name];
        var codes = new int[texts.Length];
        for (var row = 0; row < codes.Length; row++)
        {
            var text = kind == ColumnKind.Text ? texts[row] : texts[row]?.Trim();
            // Blank is missing, as in a CSV.
            if (string.IsNullOrWhiteSpace(text)) codes[row] = DictionaryColumn.MissingCode;
            else if (!index.TryGetValue(text, out codes[row])) index.Add(text, codes[row] = index.Count);
        }
        return new DictionaryColumn(name, kind, codes, [.. index.Keys]);
    }

    private static Column Empty(string name, ColumnKind kind) => kind switch
    {
        ColumnKind.Numeric => new NumericColumn(name, []),
        ColumnKind.DateTime => new DateTimeColumn(name, []),
        _ => new DictionaryColumn(name, kind, [], []),
    };
}
