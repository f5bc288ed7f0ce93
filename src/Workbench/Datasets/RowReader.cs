using System.Data;
using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>Rows of a table of any length, sorted and filtered, without loading them: DuckDB finds the row numbers once, windows are read by number.</summary>
/// <remarks>
/// DuckDB is locked in: it can read this one file and nothing else. Names come from the file's header and are quoted; values are parameters. No handle stays open
/// between two readings. See docs/decisions/0005-the-grid-reads-by-row-number.md.
/// </remarks>
public sealed class RowReader(ArtefactStore artefacts) : IDisposable
{
    // Six orders of ten million rows.
    private const long MaxOrderBytes = 256_000_000;
    private const int MaxEngines = 2;
    private const string MemoryLimit = "768MB";

    private readonly Lock _gate = new();
    private readonly LinkedList<(string Key, int[] Rows)> _orders = [];
    private readonly LinkedList<Engine> _engines = [];

    // Sorting takes all memory that DuckDB is given.
    private readonly SemaphoreSlim _ordering = new(1);

    /// <summary>Names and kinds of the columns, and the number of rows.</summary>
    public TableHeader Header(string tableSha256) => Use(tableSha256, engine => engine.Header);

    /// <summary>Whether the rows are known already, or must first be searched for.</summary>
    public bool IsReady(string tableSha256, RowQuery query) => query.IsFileOrder || FindOrder(Key(tableSha256, query)) is not null;

    /// <summary>How many rows there are for the query.</summary>
    public async Task<int> CountAsync(string tableSha256, RowQuery query, CancellationToken ct) =>
        query.IsFileOrder ? Header(tableSha256).RowCount : (await OrderAsync(tableSha256, query, ct)).Length;

    /// <summary>A window of the rows.</summary>
    /// <param name="tableSha256">The table.</param>
    /// <param name="query">Which rows, in which order.</param>
    /// <param name="offset">0-based place in that order; beyond the end gives no rows.</param>
    /// <param name="limit">Rows at most.</param>
    /// <param name="columns">In that order; null for all.</param>
    /// <param name="ct">Heeded within a moment.</param>
    /// <returns>The values, and the 0-based row numbers in the file.</returns>
    public async Task<(Table Table, int[] Rows)> WindowAsync(string tableSha256, RowQuery query, int offset, int limit, IReadOnlyList<string>? columns, CancellationToken ct)
    {
        if (query.IsFileOrder)
        {
            var table = await Task.Run(() => TableFile.ReadRows(artefacts.PathOf(tableSha256), offset, limit, columns, ct), ct);
            return (table, [.. Enumerable.Range(offset, table.RowCount)]);
        }
        var order = await OrderAsync(tableSha256, query, ct);
        var rows = offset >= order.Length ? [] : order.AsSpan(offset, Math.Min(limit, order.Length - offset)).ToArray();
        return (await FetchAsync(tableSha256, rows, columns, ct), rows);
    }

    /// <summary>Rows drawn without replacement from those of the query, in its order; the same ones for the same seed.</summary>
    public async Task<(Table Table, int[] Rows)> RandomAsync(string tableSha256, RowQuery query, int count, int seed, IReadOnlyList<string>? columns, CancellationToken ct)
    {
        var order = query.IsFileOrder ? null : await OrderAsync(tableSha256, query, ct);
        var total = order?.Length ?? Header(tableSha256).RowCount;
        var random = new Random(seed);
        var places = new SortedSet<int>();
        if (total <= count) places.UnionWith(Enumerable.Range(0, total));
        else
            // Floyd's algorithm: each set of places is equally likely.
            for (var i = total - count; i < total; i++)
                if (random.Next(i + 1) is var place && !places.Add(place)) places.Add(i);
        int[] rows = [.. places.Select(place => order is null ? place : order[place])];
        return (await FetchAsync(tableSha256, rows, columns, ct), rows);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var engine in _engines) engine.Dispose();
            _engines.Clear();
        }
    }

    private async Task<int[]> OrderAsync(string tableSha256, RowQuery query, CancellationToken ct)
    {
        var key = Key(tableSha256, query);
        if (FindOrder(key) is { } known) return known;
        await _ordering.WaitAsync(ct);
        try
        {
            if (FindOrder(key) is { } made) return made;
            var rows = await Task.Run(() => Use(tableSha256, engine => engine.Order(query, ct)), ct);
            lock (_gate)
            {
                _orders.AddFirst((key, rows));
                while (_orders.Count > 1 && _orders.Sum(o => o.Rows.Length * 4L) > MaxOrderBytes) _orders.RemoveLast();
                while (_orders.Count > 1000) _orders.RemoveLast();
            }
            return rows;
        }
        finally
        {
            _ordering.Release();
        }
    }

    private Task<Table> FetchAsync(string tableSha256, int[] rows, IReadOnlyList<string>? columns, CancellationToken ct) =>
        Task.Run(() => Use(tableSha256, engine => engine.Fetch(rows, columns, ct)), ct);

    private static string Key(string tableSha256, RowQuery query) => tableSha256 + "\n" + query.Key;

    private int[]? FindOrder(string key)
    {
        lock (_gate)
        {
            var node = _orders.First;
            while (node is not null && node.Value.Key != key) node = node.Next;
            if (node is null) return null;
            _orders.Remove(node);
            _orders.AddFirst(node);
            return node.Value.Rows;
        }
    }

    private T Use<T>(string tableSha256, Func<Engine, T> use)
    {
        Engine engine;
        lock (_gate)
        {
            if (_engines.FirstOrDefault(e => e.Sha256 == tableSha256) is { } open) _engines.Remove(engine = open);
            else engine = new Engine(tableSha256, artefacts.PathOf(tableSha256), Path.Combine(artefacts.TemporaryFolder, "duckdb"));
            _engines.AddFirst(engine);
            engine.Users++;
            while (_engines.Count > MaxEngines && _engines.Last!.Value is { Users: 0 } idle)
            {
                _engines.RemoveLast();
                idle.Dispose();
            }
        }
        try
        {
            return use(engine);
        }
        finally
        {
            lock (_gate) engine.Users--;
        }
    }

    /// <summary>DuckDB locked in with one file.</summary>
    private sealed class Engine : IDisposable
    {
        private readonly DuckDBConnection _connection;
        private readonly string _source;
        private readonly string _rowNumber;
        private readonly Dictionary<string, (ColumnHeader Header, string Quoted)> _columns;
        private readonly string _line;

        public Engine(string sha256, string path, string temporaryFolder)
        {
            Sha256 = sha256;
            Header = TableFile.ReadHeader(path);
            _connection = new DuckDBConnection("Data Source=:memory:");
            _connection.Open();
            try
            {
                var threads = Math.Max(1, Environment.ProcessorCount);
                foreach (var setting in new[]
                {
                    $"set allowed_paths = [{Literal(path)}]", $"set temp_directory = {Literal(temporaryFolder)}", $"set memory_limit = '{MemoryLimit}'", $"set threads = {threads}",
                    "set parquet_metadata_cache = true", "set autoinstall_known_extensions = false", "set autoload_known_extensions = false", "set enable_external_access = false", "set lock_configuration = true",
                }) Execute(setting);
                // DuckDB's names: it takes upper and lower case for the same, and gives the second of two such columns another.
                var names = DescribeColumns($"read_parquet({Literal(path)})");
                if (names.Count != Header.Columns.Count + 1) throw new InvalidDataException($"'{path}' has {names.Count} columns. Expected {Header.Columns.Count + 1}.");
                if (names.Contains("file_row_number", StringComparer.OrdinalIgnoreCase))
                {
                    _rowNumber = "row";
                    while (names.Contains(_rowNumber, StringComparer.OrdinalIgnoreCase)) _rowNumber = "_" + _rowNumber;
                    _source = $"(select row_number() over () - 1 as {Quote(_rowNumber)}, * from read_parquet({Literal(path)}))";
                }
                else
                {
                    _rowNumber = "file_row_number";
                    _source = $"read_parquet({Literal(path)}, file_row_number = true)";
                }
                _columns = Header.Columns.Select((c, i) => (c, Quote(names[i]))).ToDictionary(c => c.c.Name, StringComparer.Ordinal);
                _line = Quote(names[^1]);
            }
            catch
            {
                _connection.Dispose();
                throw;
            }
        }

        public string Sha256 { get; }
        public TableHeader Header { get; }

        /// <summary>Readings under way; guarded by the owner's lock.</summary>
        public int Users { get; set; }

        public int[] Order(RowQuery query, CancellationToken ct)
        {
            var parameters = new List<object>();
            var sql = new StringBuilder($"select {Quote(_rowNumber)} from {_source}");
            for (var i = 0; i < query.Filters.Count; i++) sql.Append(i == 0 ? " where " : " and ").Append(Condition(query.Filters[i], parameters));
            sql.Append(" order by ");
            if (query.Sort is { } sort) sql.Append(Present(sort)).Append(query.Descending ? " desc" : " asc").Append(" nulls last, ");
            sql.Append(Quote(_rowNumber));
            return Query(sql.ToString(), parameters, ct, reader =>
            {
                var rows = new List<int>(query.Filters.Count == 0 ? Header.RowCount : 1024);
                while (reader.Read()) rows.Add(checked((int)reader.GetInt64(0)));
                return rows.ToArray();
            });
        }

        public Table Fetch(int[] rows, IReadOnlyList<string>? names, CancellationToken ct)
        {
            var columns = (names ?? [.. Header.Columns.Select(c => c.Name)]).Select(name => _columns.TryGetValue(name, out var column) ? column : throw new KeyNotFoundException($"There is no column '{name}'.")).ToArray();
            var places = new Dictionary<int, int>(rows.Length);
            for (var i = 0; i < rows.Length; i++) places.Add(rows[i], i);
            var lines = new int[rows.Length];
            var values = columns.Select(c => c.Header.Kind switch { ColumnKind.Numeric => new double[rows.Length], ColumnKind.DateTime => new long[rows.Length], _ => (Array)new string?[rows.Length] }).ToArray();
            if (rows.Length > 0)
            {
                var list = string.Join(',', rows.Select(row => row.ToString(CultureInfo.InvariantCulture)));
                var found = Query($"select {string.Concat(columns.Select(c => c.Quoted + ", "))}{_line}, {Quote(_rowNumber)} from {_source} where {Quote(_rowNumber)} in ({list})", [], ct, reader =>
                {
                    var count = 0;
                    for (; reader.Read(); count++)
                    {
                        var at = places[checked((int)reader.GetInt64(columns.Length + 1))];
                        lines[at] = reader.GetInt32(columns.Length);
                        for (var c = 0; c < columns.Length; c++)
                            switch (values[c])
                            {
                                case double[] numbers: numbers[at] = reader.IsDBNull(c) ? double.NaN : reader.GetDouble(c); break;
                                case long[] ticks: ticks[at] = reader.IsDBNull(c) ? DateTimeColumn.MissingTicks : reader.GetInt64(c); break;
                                case string?[] texts: texts[at] = reader.IsDBNull(c) ? null : reader.GetString(c); break;
                            }
                    }
                    return count;
                });
                if (found != rows.Length) throw new InvalidDataException($"Table {Sha256} gave {found} rows. Expected {rows.Length}.");
            }
            return new Table([.. columns.Select((c, i) => values[i] switch
            {
                double[] numbers => new NumericColumn(c.Header.Name, numbers),
                long[] ticks => new DateTimeColumn(c.Header.Name, ticks),
                var texts => (Column)DictionaryColumn.FromTexts(c.Header.Name, c.Header.Kind, (string?[])texts),
            })], lines);
        }

        public void Dispose() => _connection.Dispose();

        private string Condition(RowFilter filter, List<object> parameters)
        {
            var (header, quoted) = _columns[filter.Column];
            var present = Present(filter.Column);
            switch (filter.Operator)
            {
                case RowOperator.Missing: return $"{present} is null";
                case RowOperator.Present: return $"{present} is not null";
                case RowOperator.Contains: return $"contains(lower({quoted}), lower({Add(filter.Values[0])}))";
            }
            if (header.Kind == ColumnKind.DateTime)
            {
                return "(" + string.Join(" or ", (filter.Operator == RowOperator.Between ? [(filter.Values[0], filter.Values[1])] : filter.Values.Select(v => (From: v, To: v))).Select(range =>
                {
                    _ = RowFilter.TryDate(range.Item1, out var first, out _);
                    _ = RowFilter.TryDate(range.Item2, out _, out var last);
                    return filter.Operator switch
                    {
                        RowOperator.AtLeast => $"{quoted} >= {Add(first)}",
                        RowOperator.AtMost => $"{quoted} <= {Add(last)}",
                        _ => $"({quoted} >= {Add(first)} and {quoted} <= {Add(last)})",
                    };
                })) + ")";
            }
            var values = filter.Values.Select(v => Add(header.Kind == ColumnKind.Numeric && RowFilter.TryNumber(v, out var number) ? number : v)).ToList();
            return filter.Operator switch
            {
                RowOperator.Equals or RowOperator.OneOf => $"{present} in ({string.Join(", ", values)})",
                RowOperator.AtLeast => $"{present} >= {values[0]}",
                RowOperator.AtMost => $"{present} <= {values[0]}",
                RowOperator.Between => $"({present} >= {values[0]} and {present} <= {values[1]})",
                _ => throw new InvalidOperationException($"There is no condition for {filter.Operator}."),
            };

            string Add(object value)
            {
                parameters.Add(value);
                return "$" + parameters.Count.ToString(CultureInfo.InvariantCulture);
            }
        }

        /// <summary>The column with null where the value is missing.</summary>
        /// <remarks>A file's smallest and largest values leave NaN out, and DuckDB takes comparisons for settled by them: only <c>isnan</c> tells a NaN, and no comparison may see one.</remarks>
        private string Present(string name) => _columns[name] is var (header, quoted) && header.Kind == ColumnKind.Numeric ? $"(case when isnan({quoted}) then null else {quoted} end)" : quoted;

        private List<string> DescribeColumns(string source) => Query($"describe select * from {source}", [], CancellationToken.None, reader =>
        {
            List<string> names = [];
            while (reader.Read()) names.Add(reader.GetString(0));
            return names;
        });

        private void Execute(string sql)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        private T Query<T>(string sql, List<object> parameters, CancellationToken ct, Func<IDataReader, T> read)
        {
            ct.ThrowIfCancellationRequested();
            // Several at a time: each its own connection to the same locked instance.
            using var connection = _connection.Duplicate();
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var value in parameters) command.Parameters.Add(new DuckDBParameter(value));
            using var cancel = ct.Register(command.Cancel);
            try
            {
                using var reader = command.ExecuteReader();
                var result = read(reader);
                ct.ThrowIfCancellationRequested();
                return result;
            }
            catch (DuckDBException) when (ct.IsCancellationRequested)
            {
                throw new OperationCanceledException(ct);
            }
            catch (DuckDBException e)
            {
                throw new InvalidDataException($"The rows cannot be read: {e.Message}", e);
            }
        }

        private static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

        private static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
    }
}
