namespace ModelWorkbench.Core.Datasets;

/// <summary>Reads a CSV file into a table and reports everything that did not fit.</summary>
/// <remarks>
/// The file is read twice: once to decide the kinds on the evidence of all rows, once to fill columns of those kinds. That keeps memory
/// to the table itself; keeping the texts of every column until its kind is known would cost several times as much.
/// </remarks>
public static class CsvTableReader
{
    private const int MaxProblems = 100;
    private const int MaxFoundLength = 100;
    private const int RowsBetweenReports = 4096;

    /// <param name="path">The file.</param>
    /// <param name="options">How it is written; kinds given there win over the evidence, and a value that does not fit becomes missing and a problem. Kinds of columns that the file does not have are passed over.</param>
    /// <param name="bytesRead">Progress from 0 to the length of the file, never backwards; each of the two readings counts for half.</param>
    /// <param name="ct">Checked every few thousand rows.</param>
    /// <exception cref="CsvFormatException">There is no record, a quote is never closed, or a limit is exceeded (1 Mi characters a field, 10,000 columns).</exception>
    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    public static CsvReadResult Read(string path, CsvOptions options, Action<long>? bytesRead, CancellationToken ct)
    {
        Check(options);
        var numbers = new NumberParser(options.DecimalMark);
        var marks = new MissingMarks(options.MissingMarks);

        var names = Array.Empty<string>();
        var evidence = Array.Empty<ColumnEvidence>();
        var rowCount = 0;
        ForEachRow(path, options, position => bytesRead?.Invoke(position / 2), ct,
            first =>
            {
                names = options.HasHeader ? NameColumns(first) : [.. Enumerable.Range(1, first.FieldCount).Select(number => $"column_{number}")];
                evidence = [.. names.Select(name => new ColumnEvidence(numbers, options.Kinds.TryGetValue(name, out var kind) ? kind : null))];
            },
            record =>
            {
                record.FindMisplacedQuote();
                var count = Math.Min(record.FieldCount, names.Length);
                for (var c = 0; c < count; c++)
                {
                    var text = record.Field(c).Trim();
                    if (!marks.Contains(text)) evidence[c].Add(text);
                }
                rowCount++;
            });
        if (names.Length == 0) throw new CsvFormatException("The file has no records, only blank lines. Expected a record a line.");

        var builders = Array.ConvertAll(evidence, column => ColumnBuilder.Create(column, numbers, rowCount));
        var lines = new int[rowCount];
        var problems = new ProblemList();
        var dateWarningDue = Array.ConvertAll(evidence, column => column.Kind == ColumnKind.DateTime && column.DateIsAmbiguous);
        var row = 0;
        var length = new FileInfo(path).Length;
        ForEachRow(path, options, position => bytesRead?.Invoke(length / 2 + (position + 1) / 2), ct,
        first =>
        {
            if (options.HasHeader) NoteRecordProblems(first, names, options, problems);
        },
        record =>
        {
            // The original of a data set never changes; anything else is the caller's mistake.
            if (row == rowCount) throw new IOException($"'{path}' grew while it was read.");
            lines[row] = record.Line;
            NoteRecordProblems(record, names, options, problems);
            var count = Math.Min(record.FieldCount, names.Length);
            for (var c = 0; c < count; c++)
            {
                var written = record.Field(c);
                var trimmed = written.Trim();
                if (marks.Contains(trimmed)) continue;
                if (!builders[c].Set(row, written, trimmed)) problems.Add(record.Line, names[c], trimmed, builders[c].Expected);
                else if (dateWarningDue[c])
                {
                    dateWarningDue[c] = false;
                    problems.Add(record.Line, names[c], trimmed, "a date of which day and month can be told apart; read as mm/dd/yyyy");
                }
            }
            row++;
        });
        if (row != rowCount) throw new IOException($"'{path}' shrank while it was read.");

        var table = new Table([.. builders.Select((builder, c) => builder.Build(names[c]))], lines);
        var kinds = table.Columns.ToDictionary(column => column.Name, column => column.Kind);
        return new CsvReadResult(table, options with { Kinds = kinds }, problems.First, problems.Count);
    }

    private static void Check(CsvOptions options)
    {
        if (options.Delimiter == options.Quote || options.Delimiter is '\r' or '\n' || options.Quote is '\r' or '\n')
            throw new ArgumentException($"The delimiter is '{options.Delimiter}' and the quote is '{options.Quote}'. Expected two different characters, neither a line end.", nameof(options));
        if (options.DecimalMark is not ('.' or ','))
            throw new ArgumentException($"The decimal mark is '{options.DecimalMark}'. Expected '.' or ','.", nameof(options));
    }

    /// <param name="first">Called with the first record, whether it is the header or a row.</param>
    /// <param name="each">Called with every row.</param>
    private static void ForEachRow(string path, CsvOptions options, Action<long> position, CancellationToken ct, Action<CsvRecords> first, Action<CsvRecords> each)
    {
        using var bytes = CsvText.OpenBytes(path);
        using var records = new CsvRecords(CsvText.OpenText(bytes, options.Encoding), options.Delimiter, options.Quote);
        if (!records.Read()) return;
        first(records);
        if (options.HasHeader) records.FindMisplacedQuote();
        else each(records);
        for (var count = 0; records.Read(); count++)
        {
            if (count % RowsBetweenReports == 0)
            {
                ct.ThrowIfCancellationRequested();
                position(bytes.Position);
            }
            each(records);
        }
        position(bytes.Position);
    }

    /// <summary>The names in the header, trimmed; a blank one becomes column_N, a repeated one name_2, name_3, …</summary>
    private static string[] NameColumns(CsvRecords header)
    {
        var written = new string[header.FieldCount];
        for (var c = 0; c < written.Length; c++) written[c] = header.Field(c).Trim().ToString();
        // A name made up for a repeated or blank one must not take a name that stands in the header.
        var taken = new HashSet<string>(written, StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var names = new string[written.Length];
        for (var c = 0; c < names.Length; c++)
        {
            var name = written[c];
            if (name.Length == 0 || !used.Add(name))
            {
                var stem = name.Length == 0 ? "column" : name;
                for (var number = name.Length == 0 ? c + 1 : 2; !taken.Add(name = $"{stem}_{number}"); number++) { }
                used.Add(name);
            }
            names[c] = name;
        }
        return names;
    }

    private static void NoteRecordProblems(CsvRecords record, string[] names, CsvOptions options, ProblemList problems)
    {
        if (record.FieldCount != names.Length)
            problems.Add(record.Line, null, CountFields(record.FieldCount), CountFields(names.Length));
        if (record.FindMisplacedQuote() is >= 0 and var field)
            problems.Add(record.Line, field < names.Length ? names[field] : null, record.Field(field), $"a delimiter or the end of the line after the closing quote ({options.Quote})");
        if (record.Raw.Contains('\uFFFD'))
            problems.Add(record.Line, null, record.Raw.TrimEnd("\r\n"), $"text in the encoding {options.Encoding}");
    }

    private static string CountFields(int count) => count == 1 ? "1 field" : $"{count} fields";

    private sealed class ProblemList
    {
        private readonly List<CsvProblem> _first = [];

        public IReadOnlyList<CsvProblem> First => _first;
        public int Count { get; private set; }

        public void Add(int line, string? column, ReadOnlySpan<char> found, string expected)
        {
            if (Count++ >= MaxProblems) return;
            var text = found.Length <= MaxFoundLength ? found.ToString() : string.Concat(found[..MaxFoundLength], "…");
            _first.Add(new CsvProblem(line, column, text, expected));
        }
    }
}
