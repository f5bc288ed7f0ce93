using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>What a corpus says of one file read with certain options, and whether we give the same.</summary>
/// <param name="Corpus">csv-spectrum, csv-test-data, papaparse, duckdb, csvlint.</param>
/// <param name="File">The file's path below the corpora's folder.</param>
/// <param name="Settings">The options as the corpus writes them.</param>
/// <param name="Compare">What we do and what they expect where the two differ; null where they agree.</param>
internal sealed record CsvCorpusCase(string Corpus, string File, string Settings, Func<CancellationToken, CsvCorpusDifference?> Compare);

/// <param name="Ours">What we do.</param>
/// <param name="Theirs">What the corpus expects.</param>
/// <param name="IsComparable">False where the expectation does not say of what it is one: DuckDB's queries are not recorded.</param>
internal sealed record CsvCorpusDifference(string Ours, string Theirs, bool IsComparable = true);

/// <summary>The cells of a file as texts, and as values of the kinds that the evidence gives.</summary>
internal sealed class CsvCorpusReading
{
    private readonly Table _texts;
    private readonly Table _values;

    private CsvCorpusReading(CsvReadResult texts, CsvReadResult values)
    {
        _texts = texts.Table;
        _values = values.Table;
        Options = values.Options;
        ProblemCount = Math.Max(texts.ProblemCount, values.ProblemCount);
        Problems = values.Problems;
    }

    public CsvOptions Options { get; }
    public int ProblemCount { get; }
    public IReadOnlyList<CsvProblem> Problems { get; }
    public int RowCount => _values.RowCount;
    public int ColumnCount => _values.ColumnCount;
    public IReadOnlyList<Column> Columns => _values.Columns;

    public static CsvCorpusReading Read(string path, CsvOptions options, CancellationToken ct)
    {
        var values = CsvTableReader.Read(path, options, null, ct);
        var texts = CsvTableReader.Read(path, options with { Kinds = values.Options.Kinds.Keys.ToDictionary(name => name, _ => ColumnKind.Text) }, null, ct);
        return new CsvCorpusReading(texts, values);
    }

    public string Text(int row, int column) => _texts.Columns[column].GetText(row) ?? "";

    public string[] Row(int row) => [.. Enumerable.Range(0, ColumnCount).Select(column => Text(row, column))];

    public int Line(int row) => _values.LineNumbers[row];

    /// <summary>Whether the cell is the expected one: as text, or as a number, a date or a truth value written in another way.</summary>
    /// <param name="row">0-based.</param>
    /// <param name="column">0-based.</param>
    /// <param name="expected">As the corpus writes it.</param>
    /// <param name="trims">Whether the corpus leaves out blanks around values, as sqllogictest does.</param>
    public bool IsCell(int row, int column, string expected, bool trims = true)
    {
        var text = Text(row, column);
        if (Plain(text) == Plain(expected)) return true;
        if (expected is "NULL" or "(empty)") return text.Length == 0 || _values.Columns[column].IsMissing(row);
        if (trims && text.Trim() == expected.Trim()) return true;
        if (_values.Columns[column] is NumericColumn numbers && double.TryParse(expected, CultureInfo.InvariantCulture, out var number))
            return Math.Abs(number - numbers.Values[row]) <= 1e-6 * Math.Max(1, Math.Abs(number));
        if (double.TryParse(text, CultureInfo.InvariantCulture, out var ours) && double.TryParse(expected, CultureInfo.InvariantCulture, out var theirs))
            return Math.Abs(ours - theirs) <= 1e-6 * Math.Max(1, Math.Abs(theirs));
        if (bool.TryParse(expected, out var truth)) return text.ToUpperInvariant() is "TRUE" or "T" or "1" or "YES" == truth && text.Length > 0;
        if (DateTimeOffset.TryParse(expected, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment))
        {
            if (_values.Columns[column] is DateTimeColumn dates && !dates.IsMissing(row))
                return DateTimeOffset.TryParse(dates.GetText(row), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var found) && found == moment;
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var written) && written == moment;
        }
        return false;

        // The line ends of some corpus files were normalised on the way here, those of their expectations not.
        static string Plain(string written) => written.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\0", "\\0", StringComparison.Ordinal);
    }
}

/// <summary>Makes the cases of the corpora from their own descriptions.</summary>
internal static class CsvCorpusCases
{
    public static IEnumerable<CsvCorpusCase> OfRows(string folder, string corpus) =>
        from json in Directory.EnumerateFiles(Path.Combine(folder, corpus), "*.json").Order(StringComparer.Ordinal)
        let file = $"{corpus}/{Path.GetFileNameWithoutExtension(json)}.csv"
        select new CsvCorpusCase(corpus, file, "", ct =>
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllText(json));
            var rows = document.RootElement.EnumerateArray().ToList();
            var options = new CsvOptions { HasHeader = rows.All(row => row.ValueKind == JsonValueKind.Object), MissingMarks = [] };
            return CompareRows(Path.Combine(folder, file), options, Rows(rows), rows.FirstOrDefault().ValueKind == JsonValueKind.Object ? Names(rows[0]) : null, null, false, ct);
        });

    /// <summary>The files of csv-test-data that a reader must report as malformed.</summary>
    public static IEnumerable<CsvCorpusCase> OfMalformed(string folder) =>
        from path in Directory.EnumerateFiles(Path.Combine(folder, "csv-test-data"), "bad-*.csv").Order(StringComparer.Ordinal)
        select new CsvCorpusCase("csv-test-data", $"csv-test-data/{Path.GetFileName(path)}", "malformed", ct =>
            Try(() => CsvTableReader.Read(path, new CsvOptions(), null, ct)) is { ProblemCount: 0 } read ? new($"{read.Table.RowCount} rows of {read.Table.ColumnCount} columns, no problem", "an error") : null);

    public static IEnumerable<CsvCorpusCase> OfPapaParse(string folder) =>
        from json in Directory.EnumerateFiles(Path.Combine(folder, "papaparse"), "*.json").Order(StringComparer.Ordinal)
        let file = $"papaparse/{Path.GetFileNameWithoutExtension(json)}.csv"
        let root = JsonDocument.Parse(System.IO.File.ReadAllText(json)).RootElement
        select new CsvCorpusCase("papaparse", file, root.GetProperty("config").GetRawText(), ct => ComparePapaParse(Path.Combine(folder, file), root, ct));

    private static CsvCorpusDifference? ComparePapaParse(string path, JsonElement root, CancellationToken ct)
    {
        var expected = root.GetProperty("expected");
        var rows = expected.GetProperty("data").EnumerateArray().ToList();
        var isCore = Path.GetFileName(path).StartsWith("core", StringComparison.Ordinal);
        var options = new CsvOptions { HasHeader = false, MissingMarks = [] };
        // Papa Parse's full parser guesses the delimiter; its core splits at commas.
        if (!isCore && new FileInfo(path).Length > 0 && Try(() => CsvDetector.Detect(path, ct)) is { } detected) options = options with { Delimiter = detected.Delimiter };
        var preview = 0;
        var change = PapaParseFunctions.GetValueOrDefault(Path.GetFileNameWithoutExtension(path));
        if (options is { HasHeader: false }) options = options with { BadLines = BadLineAction.Widen };
        foreach (var setting in root.GetProperty("config").EnumerateObject())
        {
            var (kind, text) = (setting.Value.ValueKind, setting.Value.ToString());
            switch (setting.Name)
            {
                // The function of the only test that has one gives this.
                case "delimiter" when text == "<function>": options = options with { Delimiter = "$ " }; break;
                case "delimiter" when text != "\n": options = options with { Delimiter = text }; break;
                case "newline": options = options with { LineEnd = text }; break;
                case "skipEmptyLines" when text == "greedy": options = options with { BlankLines = BlankLineAction.PassOverEmptyRecords }; break;
                case "quoteChar": options = options with { Quote = text[0] }; break;
                case "escapeChar": options = options with { Escape = text[0] }; break;
                case "comments" when kind == JsonValueKind.String: options = options with { CommentPrefix = text }; break;
                case "comments" when kind == JsonValueKind.True: options = options with { CommentPrefix = "#" }; break;
                case "skipFirstNLines": options = options with { SkipLines = Math.Max(0, setting.Value.GetInt32()) }; break;
                case "header": options = options with { HasHeader = kind == JsonValueKind.True, BadLines = BadLineAction.Repair }; break;
                case "preview": preview = setting.Value.GetInt32(); break;
                case "transform" or "transformHeader" when change is null: return new("", "cells changed by a function that is not recorded", IsComparable: false);
            }
        }
        // Papa Parse's core leaves the header among the rows and renames in it.
        if (options.HasHeader && rows.Count > 0 && rows[0].ValueKind == JsonValueKind.Array)
        {
            var header = Rows(rows)[0];
            return CompareRows(path, options, Rows(rows).Skip(1).ToList(), [.. header.Select(name => name.Replace('_', ' '))], null, false, ct, change);
        }
        var hasErrors = expected.TryGetProperty("errors", out var errors) && errors.EnumerateArray().Any(error => error.GetProperty("type").GetString() is "Quotes" or "FieldMismatch");
        var named = rows.FirstOrDefault(row => row.ValueKind == JsonValueKind.Object);
        return CompareRows(path, options, Rows(rows), named.ValueKind == JsonValueKind.Object ? Names(named) : null, preview > 0 ? preview : null, hasErrors, ct, change);
    }

    /// <summary>What the functions in Papa Parse's own tests make of a value, its column and its name; the reading is compared after them.</summary>
    private sealed record PapaParseFunction(Func<string, int, string> Value, Func<string, int, string> Name);

    private static readonly Dictionary<string, PapaParseFunction> PapaParseFunctions = new()
    {
        ["core-060"] = new((value, _) => value, (name, _) => Lower(name)),
        ["parse-017"] = new((value, _) => value, (name, _) => Lower(name)),
        ["parse-018"] = new((value, _) => value, (name, c) => c % 2 == 1 ? Lower(name) : name),
        ["parse-037"] = new((value, _) => Lower(value), (name, _) => name),
        ["parse-038"] = new((value, c) => c % 2 == 1 ? Lower(value) : value, (name, _) => name),
        ["parse-039"] = new((value, c) => c == 1 ? value.ToUpperInvariant() : value, (name, _) => name),
    };

    private static string Lower(string text) => text.ToLowerInvariant();

    public static IEnumerable<CsvCorpusCase> OfDuckDb(string folder)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(folder, "duckdb/expectations.json")));
        foreach (var file in document.RootElement.EnumerateObject())
            foreach (var expectation in file.Value.EnumerateArray().Select(element => element.Clone()).DistinctBy(element => element.GetRawText()))
            {
                var settings = expectation.TryGetProperty("reader_options", out var text) ? text.GetString()! : "";
                yield return new CsvCorpusCase("duckdb", file.Name, expectation.GetProperty("expect").GetString() + ": " + settings, ct => CompareDuckDb(Path.Combine(folder, file.Name), settings, expectation, ct));
            }
    }

    private static CsvCorpusDifference? CompareDuckDb(string path, string settings, JsonElement expectation, CancellationToken ct)
    {
        var expect = expectation.GetProperty("expect").GetString()!;
        string[] result = expectation.TryGetProperty("result", out var lines) ? [.. lines.EnumerateArray().Select(line => line.GetString()!)] : [];
        var theirs = expect switch { "error" => "error: " + expectation.GetProperty("message_contains").GetString(), "accepted" => "read", _ => Show(result.Select(line => line.Split('\t'))) };
        try
        {
            using var source = SourceFile.Open(path, Path.GetTempPath(), ct);
            if (source.Format != SourceFormat.Text) return new("reads the file as " + source.Format, theirs);
            var duck = DuckDbOptions.Parse(settings);
            // Without a hint the dialect is told from the file, as DuckDB's sniffer does.
            var options = duck.Apply(duck.AutoDetect ? CsvDetector.Detect(source.Path, ct, duck.Apply) : new CsvOptions { HasHeader = false });
            var reading = CsvCorpusReading.Read(source.Path, options with { MissingMarks = duck.MissingMarks ?? [] }, ct);
            // Where there is one column DuckDB takes a blank line for a missing value.
            if (duck.PadsWithNull && reading.ColumnCount == 1)
            {
                options = options with { BlankLines = BlankLineAction.Keep };
                reading = CsvCorpusReading.Read(source.Path, options with { MissingMarks = duck.MissingMarks ?? [] }, ct);
            }
            if (duck.ColumnNames(reading) is { } names)
            {
                options = options with { ColumnNames = names, HasHeader = duck.HasHeader(reading) ?? options.HasHeader };
                reading = CsvCorpusReading.Read(source.Path, options with { MissingMarks = duck.MissingMarks ?? [] }, ct);
            }
            // A table that is not recorded gave the type; the message tells which type and which value.
            if (expect == "error" && duck.Types.Count == 0 && Misfit.Match(expectation.GetProperty("message_contains").GetString()!) is { Success: true } misfit && Kind(misfit.Groups["type"].Value) is { } asked)
            {
                var chosen = reading.Columns.Where((_, c) => Enumerable.Range(0, reading.RowCount).Any(row => reading.Text(row, c) == misfit.Groups["value"].Value)).ToDictionary(column => column.Name, _ => asked);
                reading = CsvCorpusReading.Read(source.Path, options with { MissingMarks = duck.MissingMarks ?? [], Kinds = chosen }, ct);
            }
            if (duck.Types.Count > 0)
            {
                var kinds = reading.Columns.Select((column, c) => (column.Name, Type: duck.TypeOf(column.Name, c))).Where(column => Kind(column.Type) is not null).ToDictionary(column => column.Name, column => Kind(column.Type)!.Value);
                reading = CsvCorpusReading.Read(source.Path, options with { MissingMarks = duck.MissingMarks ?? [], Kinds = kinds }, ct);
            }
            // One query counted the rows of both files.
            var elsewhere = Path.GetFileName(path) switch { "half1.csv" => "half2.csv", "half2.csv" => "half1.csv", _ => null };
            if (expect == "row count" && elsewhere is not null)
            {
                var other = CsvCorpusReading.Read(Path.Combine(Path.GetDirectoryName(path)!, elsewhere), options, ct).RowCount;
                return result is [var sum] && sum == $"{reading.RowCount + other}" ? null : new($"{reading.RowCount} and {other} rows", theirs);
            }
            var difference = expect switch
            {
                "accepted" => null,
                "error" => reading.ProblemCount > 0 ? null : new($"reads {reading.RowCount} rows of {reading.ColumnCount} columns without a problem", theirs),
                "row count" => int.TryParse(result[0], out var count) && result.Length == 1 ? count == Rows(reading, duck).Count ? null : new($"{Rows(reading, duck).Count} rows", $"{count} rows") : new("", theirs, IsComparable: false),
                "sniffed" => CompareSniffed(reading, result),
                "all rows" => CompareAll(reading, Rows(reading, duck), result),
                _ => CompareSelection(reading, Rows(reading, duck), result),
            };
            return difference is not null && duck.NotExpressible is { } why ? new("no such option: " + why, theirs) : difference;
        }
        catch (Exception e) when (e is CsvFormatException or ArgumentException)
        {
            return expect == "error" ? null : new("refused: " + e.Message, theirs);
        }
    }

    private static readonly System.Text.RegularExpressions.Regex Misfit = new("string \"(?<value>[^\"]*)\" to '(?<type>[A-Z ]+)'");

    /// <summary>The rows that fit; DuckDB's ignore_errors leaves out rows with a value that does not fit its column, ours keep them with the value missing.</summary>
    private static List<int> Rows(CsvCorpusReading reading, DuckDbOptions duck)
    {
        var bad = duck.IgnoreErrors ? reading.Problems.Where(problem => problem.Column is not null || !duck.PadsWithNull).Select(problem => problem.Line).ToHashSet() : [];
        return [.. Enumerable.Range(0, reading.RowCount).Where(row => !bad.Contains(reading.Line(row)))];
    }

    private static CsvCorpusDifference? CompareAll(CsvCorpusReading reading, List<int> rows, string[] result)
    {
        // One column: a tab belongs to the value.
        var expected = result.Select(line => reading.ColumnCount == 1 ? [line] : line.Split('\t')).ToList();
        if (expected.Count == rows.Count && expected.Select((cells, i) => Is(reading, rows[i], cells)).All(same => same)) return null;
        // An ORDER BY may have been in the query, which is not recorded.
        var free = rows.ToList();
        if (expected.Count == rows.Count && expected.All(cells => free.FindIndex(row => Is(reading, row, cells)) is >= 0 and var at && Remove(free, at))) return null;
        return new(Show(rows.Select(reading.Row)), Show(expected));

        static bool Remove(List<int> list, int at)
        {
            list.RemoveAt(at);
            return true;
        }
    }

    private static bool Is(CsvCorpusReading reading, int row, string[] cells) => cells.Length == reading.ColumnCount && cells.Select((cell, c) => reading.IsCell(row, c, cell)).All(same => same);

    /// <summary>The query is not recorded: rows of full width must be among ours, a number alone is taken for the count of rows.</summary>
    private static CsvCorpusDifference? CompareSelection(CsvCorpusReading reading, List<int> rows, string[] result)
    {
        var expected = result.Select(line => reading.ColumnCount == 1 ? [line] : line.Split('\t')).ToList();
        if (expected.Count > 0 && expected.All(cells => rows.Any(row => Is(reading, row, cells)))) return null;
        if (expected is [[var only]] && int.TryParse(only, out var count) && count == rows.Count) return null;
        // Columns chosen and reordered.
        if (expected.Count > 0 && expected.All(cells => rows.Any(row => cells.All(cell => Enumerable.Range(0, reading.ColumnCount).Any(c => reading.IsCell(row, c, cell)))))) return null;
        return new(Show(rows.Select(reading.Row)), Show(expected), IsComparable: false);
    }

    /// <summary>Names, kinds and marks of the dialect, in whatever order they were asked for.</summary>
    private static CsvCorpusDifference? CompareSniffed(CsvCorpusReading reading, string[] result)
    {
        var wrong = new List<string>();
        foreach (var line in result)
        {
            // A tab that is the delimiter leaves nothing between its neighbours; a list of columns holds none.
            foreach (var token in line.Split('\t'))
            {
                if (token.StartsWith("[{", StringComparison.Ordinal))
                {
                    var columns = DuckDbOptions.ParseColumns(token);
                    if (columns.Count != reading.ColumnCount || columns.Where((column, c) => !Matches(column, c)).Any())
                        wrong.Add("columns " + string.Join(", ", reading.Columns.Select(column => $"{column.Name} {column.Kind}")));
                }
                else if (token is "\"" or "'" && reading.Options.Quote != token[0]) wrong.Add($"quote {reading.Options.Quote}");
                else if (token is "," or ";" or "|" && reading.Options.Delimiter != token) wrong.Add($"delimiter {reading.Options.Delimiter}");
                else if (token == "#" && reading.Options.CommentPrefix != "#") wrong.Add("no comments");
            }
        }
        return wrong.Count == 0 ? null : new(string.Join("; ", wrong), Show(result.Select(line => line.Split('\t'))));

        bool Matches((string Name, string Type) column, int c)
        {
            var kind = reading.Columns[c].Kind;
            var name = reading.Columns[c].Name;
            if (name != column.Name && !(name == $"column_{c + 1}" && column.Name == $"column{c}")) return false;
            return Kind(column.Type) switch
            {
                ColumnKind.Numeric => kind == ColumnKind.Numeric,
                ColumnKind.DateTime => kind == ColumnKind.DateTime,
                ColumnKind.Boolean => kind == ColumnKind.Boolean,
                _ => kind is ColumnKind.Category or ColumnKind.Text or ColumnKind.Boolean,
            };
        }
    }

    private static ColumnKind? Kind(string type) => type.ToUpperInvariant() switch
    {
        ['D', 'E', 'C', 'I', 'M', 'A', 'L', ..] => ColumnKind.Numeric,
        "BIGINT" or "INTEGER" or "INT" or "INT32" or "SMALLINT" or "TINYINT" or "DOUBLE" or "FLOAT" or "HUGEINT" => ColumnKind.Numeric,
        "DATE" or "TIMESTAMP" or "TIMESTAMPTZ" or "TIMESTAMP WITH TIME ZONE" => ColumnKind.DateTime,
        "BOOLEAN" or "BOOL" => ColumnKind.Boolean,
        "VARCHAR" or "TIME" => ColumnKind.Text,
        _ => null,
    };

    public static IEnumerable<CsvCorpusCase> OfCsvLint(string folder)
    {
        foreach (var (file, valid) in new (string, bool)[] { ("inconsistent-line-endings", false), ("inconsistent-line-endings-unquoted", false), ("white space in filename", true), ("cr-line-endings", true), ("crlf-line-endings", true), ("lf-line-endings", true), ("windows-line-endings", true), ("valid", true), ("valid_many_rows", true), ("invalid-byte-sequence", false), ("invalid_many_rows", false), ("title-row", true) })
            yield return new CsvCorpusCase("csvlint", $"csvlint/{file}.csv", valid ? "valid" : "invalid", ct =>
            {
                var path = Path.Combine(folder, $"csvlint/{file}.csv");
                var options = Try(() => CsvDetector.Detect(path, ct));
                // What csvlint asks of all files, that all lines end as the first does, is a choice here.
                if (options is not null && file.StartsWith("inconsistent", StringComparison.Ordinal))
                {
                    var text = System.IO.File.ReadAllText(path);
                    var end = text.IndexOfAny(['\r', '\n']);
                    options = options with { LineEnd = text[end] == '\n' ? "\n" : text[end + 1] == '\n' ? "\r\n" : "\r" };
                }
                var read = options is null ? null : Try(() => CsvTableReader.Read(path, options, null, ct));
                if (file == "title-row" && read is { } titled) return titled.Options.SkipLines > 0 || !titled.Options.HasHeader ? null : new("takes the first line for the header", "the first line is a title");
                var ours = read is null ? "refused" : read.ProblemCount > 0 ? $"{read.ProblemCount} problems" : "no problem";
                return (read is { ProblemCount: 0 }) == valid ? null : new(ours, valid ? "valid" : "invalid");
            });
    }

    private static CsvCorpusDifference? CompareRows(string path, CsvOptions options, List<string[]> expected, string[]? names, int? preview, bool hasErrors, CancellationToken ct, PapaParseFunction? change = null)
    {
        // Blank lines are passed over, as pandas does; some of the corpora keep them as rows of one empty cell.
        expected = [.. expected.Where(row => row is not [var only] || only.Trim().Length > 0)];
        try
        {
            var reading = CsvCorpusReading.Read(path, options, ct);
            var count = Math.Min(reading.RowCount, preview ?? int.MaxValue);
            var same = count == expected.Count && expected.Select((cells, row) => cells.Length <= Math.Max(reading.ColumnCount, 1)
                && Enumerable.Range(0, reading.ColumnCount).All(c => change is null ? reading.IsCell(row, c, cells.ElementAtOrDefault(c) ?? "", trims: false) : change.Value(reading.Text(row, c), c) == (cells.ElementAtOrDefault(c) ?? ""))).All(fits => fits);
            if (!same) return new(Show(Enumerable.Range(0, count).Select(reading.Row)) + (reading.ProblemCount > 0 ? $", {reading.ProblemCount} problems" : ""), Show(expected));
            if (names is not null && !reading.Columns.Take(names.Length).Select((column, c) => IsName(change?.Name(column.Name, c) ?? column.Name, names[c], c)).All(fits => fits))
                return new("columns " + string.Join(", ", reading.Columns.Select(column => column.Name)), "columns " + string.Join(", ", names));
            return hasErrors && reading.ProblemCount == 0 ? new("no problem", "an error besides the rows") : null;
        }
        catch (CsvFormatException e)
        {
            return expected.Count == 0 ? null : new("refused: " + e.Message, Show(expected));
        }

        // A repeated name is numbered from 2 here, from 1 there.
        static bool IsName(string ours, string theirs, int c) => ours == theirs || (theirs.Length == 0 && ours == $"column_{c + 1}") || ours.Split('_')[0] == theirs.Split(' ', '_')[0];
    }

    private static List<string[]> Rows(List<JsonElement> rows) => [.. rows.Select(row => row.ValueKind == JsonValueKind.Object
        ? row.EnumerateObject().Where(cell => cell.Name != "__parsed_extra").Select(cell => Cell(cell.Value)).ToArray()
        : row.EnumerateArray().Select(Cell).ToArray())];

    private static string Cell(JsonElement cell) => cell.ValueKind == JsonValueKind.Null ? "" : cell.ToString();

    private static string[] Names(JsonElement row) => [.. row.EnumerateObject().Where(cell => cell.Name != "__parsed_extra").Select(cell => cell.Name)];

    private static T? Try<T>(Func<T> read) where T : class
    {
        try
        {
            return read();
        }
        catch (CsvFormatException)
        {
            return null;
        }
    }

    private static string Show(IEnumerable<string[]> rows)
    {
        const int maxLength = 160;
        var text = new StringBuilder();
        var count = 0;
        foreach (var row in rows)
        {
            count++;
            if (text.Length < maxLength) text.Append(count > 1 ? " / " : "").Append(string.Join(" | ", row.Select(cell => cell.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\0", "\\0", StringComparison.Ordinal))));
        }
        return $"{count} rows: " + (text.Length <= maxLength ? text : text.ToString(0, maxLength) + "…");
    }
}

/// <summary>DuckDB's options of read_csv as ours.</summary>
internal sealed record DuckDbOptions
{
    private readonly Dictionary<string, string> _given = new(StringComparer.OrdinalIgnoreCase);

    public string? NotExpressible { get; private init; }
    public bool AutoDetect => Flag("auto_detect") ?? true;
    public bool IgnoreErrors => Flag("ignore_errors") == true || Flag("store_rejects") == true;
    public IReadOnlyList<string>? MissingMarks { get; private init; }

    /// <summary>Types by name, or by place where the name is empty.</summary>
    public IReadOnlyList<(string Name, string Type)> Types { get; private init; } = [];

    public string TypeOf(string name, int column)
    {
        if (_given.ContainsKey("columns")) return column < Types.Count ? Types[column].Type : "";
        var byName = Types.FirstOrDefault(type => type.Name == name);
        return byName.Type ?? (column < Types.Count && Types[column].Name.Length == 0 ? Types[column].Type : "");
    }

    public static DuckDbOptions Parse(string settings)
    {
        var options = new DuckDbOptions();
        string? notExpressible = null;
        IReadOnlyList<string>? marks = null;
        List<(string, string)> types = [];
        foreach (var setting in Split(settings))
        {
            var at = setting.IndexOf('=', StringComparison.Ordinal);
            if (at < 0) continue;
            var (name, value) = (setting[..at].Trim().ToLowerInvariant(), setting[(at + 1)..].Trim().TrimEnd(')').Trim());
            if (name is "columns" or "types" or "dtypes" or "column_types")
            {
                value = setting[(at + 1)..].Trim();
                types = ParseColumns(value);
            }
            // A placeholder for many values: {buffer_size}.
            if (value.StartsWith('{') && !value.Contains(':', StringComparison.Ordinal)) continue;
            var text = Unquote(value);
            options._given[name] = text;
            notExpressible = name switch
            {
                "max_line_size" or "maximum_line_size" => "a limit to the length of lines",
                _ => null,
            } ?? notExpressible;
            if (name is "nullstr" or "null") marks = value.StartsWith('[') ? [.. Split(value[1..^1]).Select(item => Unquote(item.Trim()))] : [text];
        }
        return options with { NotExpressible = notExpressible, MissingMarks = marks, Types = types };
    }

    public CsvOptions Apply(CsvOptions options)
    {
        if ((Get("delim") ?? Get("sep") ?? Get("delimiter")) is { } delimiter) options = options with { Delimiter = delimiter.Length == 0 ? "\u001F" : delimiter };
        // DuckDB looks for a dialect with as many columns as are declared: none splits where there is one.
        else if (_given.ContainsKey("columns") && Types.Count == 1) options = options with { Delimiter = "\u001F" };
        if (Get("quote") is { } quote) options = options with { Quote = quote.Length == 0 ? CsvOptions.NoQuote : quote[0] };
        if (Get("escape") is { } escape) options = options with { Escape = escape.Length == 0 || escape[0] == options.Quote ? null : escape[0] };
        // Outside its strict mode DuckDB takes an escape before any character.
        if (Flag("strict_mode") == false && options.Escape is not null) options = options with { EscapesEverywhere = true };
        if (Get("new_line") is { Length: > 0 } lineEnd) options = options with { LineEnd = lineEnd.Replace("\\r", "\r", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal) };
        if (Flag("header") is { } header) options = options with { HasHeader = header };
        if (Get("skip") is { } skip && int.TryParse(skip, out var lines)) options = options with { SkipLines = lines };
        if (Get("comment") is { } comment) options = options with { CommentPrefix = comment.Length == 0 ? null : comment, CommentsWithinLines = comment.Length > 0 };
        if (Get("decimal_separator") is [var mark]) options = options with { DecimalMark = mark, ThousandsSeparator = options.ThousandsSeparator == mark ? null : options.ThousandsSeparator };
        if (Get("thousands") is [var separator]) options = options with { ThousandsSeparator = separator };
        if (Get("encoding") is { } encoding) options = options with { Encoding = encoding.ToLowerInvariant() switch { "latin-1" => "iso-8859-1", "utf-16" => "utf-16", var name => name.Replace('_', '-') } };
        // DuckDB tells no encodings: what is not given is UTF-8.
        else options = options with { Encoding = "utf-8" };
        if (PadsWithNull) options = options with { BadLines = BadLineAction.Widen };
        else if (IgnoreErrors) options = options with { BadLines = BadLineAction.Skip };
        return options;
    }

    /// <summary>The names of "columns", which say how many there are, or of "names", after which the file's go on; null where neither is given.</summary>
    public IReadOnlyList<string>? ColumnNames(CsvCorpusReading reading)
    {
        if (_given.ContainsKey("columns") && Types.Count > 0) return [.. Types.Select(type => type.Name)];
        if (Get("names") is not { Length: > 2 } list) return null;
        var names = Split(list[1..^1]).Select(name => Unquote(name.Trim())).ToList();
        if (names.Any(string.IsNullOrWhiteSpace)) throw new ArgumentException("A name is blank.");
        while (names.Count < reading.ColumnCount) names.Add("");
        return names;
    }

    /// <summary>Where DuckDB is told the columns, its first record is a header if it holds their names or a text where a number is declared; null where it is not told or does not guess.</summary>
    public bool? HasHeader(CsvCorpusReading reading)
    {
        if (!_given.ContainsKey("columns") || !AutoDetect || Flag("header") is not null) return null;
        string[] first = reading.Options.HasHeader ? [.. reading.Columns.Select(column => column.Name)] : reading.RowCount > 0 ? reading.Row(0) : [];
        return first.Zip(Types).All(pair => pair.First.Equals(pair.Second.Name, StringComparison.OrdinalIgnoreCase))
            || first.Zip(Types).Any(pair => pair.Second.Type.ToUpperInvariant() is "INTEGER" or "INT" or "BIGINT" or "DOUBLE" or "DECIMAL" or "FLOAT" && !double.TryParse(pair.First, CultureInfo.InvariantCulture, out _));
    }

    /// <summary>Records of any length fit: shorter ones are filled up.</summary>
    public bool PadsWithNull => Flag("null_padding") == true;

    private string? Get(string name) => _given.TryGetValue(name, out var text) ? text : null;

    private bool? Flag(string name) => Get(name)?.ToUpperInvariant() switch { "TRUE" or "1" => true, "FALSE" or "0" => false, _ => null };

    /// <summary>{'a': 'INTEGER', …}, [{'name': a, 'type': INTEGER}, …], ['INTEGER', …] or STRUCT_PACK(a := 'INTEGER', …).</summary>
    public static List<(string Name, string Type)> ParseColumns(string text)
    {
        var columns = new List<(string, string)>();
        if (text.StartsWith("[{", StringComparison.Ordinal))
        {
            foreach (var column in text[2..^2].Split("}, {"))
            {
                var at = column.LastIndexOf(", 'type': ", StringComparison.Ordinal);
                columns.Add((Unquote(column["'name': ".Length..at].Replace("\\'", "''", StringComparison.Ordinal)), column[(at + 10)..]));
            }
            return columns;
        }
        var start = text.IndexOfAny(['{', '[', '(']);
        if (start < 0) return columns;
        foreach (var item in Split(text[(start + 1)..].TrimEnd(')', ']', '}')))
        {
            var at = item.IndexOf(':', StringComparison.Ordinal);
            columns.Add(at < 0 ? ("", Unquote(item.Trim())) : (Unquote(item[..at].Trim()), Unquote(item[(at + 1)..].TrimStart('=').Trim())));
        }
        return columns;
    }

    private static string Unquote(string text)
    {
        if (text is ['"', .., '"']) return text[1..^1];
        if (text is ['\'', .., '\'']) text = text[1..^1].Replace("''", "'", StringComparison.Ordinal);
        return text == "\\t" ? "\t" : text;
    }

    /// <summary>At commas outside quotes and brackets.</summary>
    private static IEnumerable<string> Split(string text)
    {
        var (depth, quoted, start) = (0, false, 0);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\'') quoted = !quoted;
            else if (quoted) continue;
            else if (text[at] is '(' or '[' or '{') depth++;
            else if (text[at] is ')' or ']' or '}') depth--;
            else if (text[at] == ',' && depth <= 0)
            {
                yield return text[start..at];
                start = at + 1;
            }
        }
        if (start < text.Length) yield return text[start..];
    }
}
