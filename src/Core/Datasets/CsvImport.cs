namespace ModelWorkbench.Core.Datasets;

/// <summary>Reads a CSV text in two passes and in memory that does not grow with it: one decides the kinds on the evidence of all rows, one makes the table part by part.</summary>
internal sealed class CsvImport
{
    private const int MaxProblems = 100;
    private const int MaxFoundLength = 100;
    private const int MaxRowsPerPart = 65_536;
    private const int MaxCellsPerPart = 1 << 24;
    private const int MaxCharactersPerPart = 1 << 25;

    private readonly string _path;
    private readonly CsvOptions _options;
    private readonly OpenQuote _openQuote;
    private readonly NumberParser _numbers;
    private readonly MissingMarks _commonMarks;
    private MissingMarks[] _marks = [];

    /// <summary>In these encodings 32 bytes are control characters that no text has; in others of one byte they are letters.</summary>
    private readonly bool _isLatin;
    private readonly List<CsvProblem> _problems = [];
    private string[] _names = [];

    /// <summary>Fields of the longest record where they are to decide on the number of columns, otherwise 0.</summary>
    private int _widestFieldCount;
    private ColumnEvidence[] _evidence = [];

    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is written.</param>
    /// <param name="refuseOpenQuote">Whether a quote that is never closed is refused even where lines that do not fit are mended: the file may be cut.</param>
    public CsvImport(string path, CsvOptions options, bool refuseOpenQuote = false)
    {
        Check(options);
        _openQuote = refuseOpenQuote || options.BadLines == BadLineAction.Stop ? OpenQuote.Refuse : OpenQuote.ReadAsText;
        _path = path;
        _options = options;
        _numbers = new NumberParser(options.DecimalMark, options.ThousandsSeparator);
        _commonMarks = new MissingMarks(options.MissingMarks);
        _isLatin = options.Encoding.StartsWith("iso-8859-", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Called with every problem in file order, with whole texts, while the table is filled; null to keep only the first 100, shortened.</summary>
    public Action<CsvProblem>? EachProblem { get; init; }

    public int RowCount { get; private set; }
    public IReadOnlyList<ColumnHeader> Columns { get; private set; } = [];
    public IReadOnlyList<CsvProblem> Problems => _problems;
    public int ProblemCount { get; private set; }
    public int SkippedCount { get; private set; }

    /// <summary>The options with the kind of every column filled in.</summary>
    public CsvOptions Options => _options with { Kinds = Columns.ToDictionary(column => column.Name, column => column.Kind) };

    /// <summary>First pass: names, kinds and the number of rows.</summary>
    /// <param name="progress">Bytes and rows so far; called by this thread.</param>
    public void Survey(Action<long, long>? progress, CancellationToken ct)
    {
        if (_options is { BadLines: BadLineAction.Widen, ColumnNames.Count: 0 })
            ForEachRecord(null, ct, first => _widestFieldCount = first.FieldCount, record => _widestFieldCount = Math.Max(_widestFieldCount, record.FieldCount));
        ColumnWorkers? workers = null;
        RecordBatch? batch = null;
        try
        {
            ForEachRecord(progress, ct,
                first =>
                {
                    _names = NameColumns(first);
                    _evidence = [.. _names.Select(name => new ColumnEvidence(_numbers, _options.Kinds.TryGetValue(name, out var kind) ? kind : null))];
                    _marks = [.. _names.Select(name => _options.ColumnMissingMarks.TryGetValue(name, out var own) ? new MissingMarks(own) : _commonMarks)];
                    workers = new ColumnWorkers(_names.Length, Weigh, _ => { }, ct);
                    batch = workers.Rent();
                },
                record =>
                {
                    // The second pass lists what does not fit; here only what changes the table counts.
                    if (_options.BadLines is BadLineAction.Skip or BadLineAction.Stop && FindProblem(record) is { } problem)
                    {
                        if (_options.BadLines == BadLineAction.Stop)
                            throw new CsvFormatException($"Line {problem.Line}{(problem.Column is { } column ? $", column '{column}'" : "")}: found {problem.Found}. Expected {problem.Expected}. The reading stops here, as the options say.");
                        SkippedCount++;
                        return;
                    }
                    if (RowCount == int.MaxValue) throw new CsvFormatException($"The file has more than {int.MaxValue:N0} rows. Expected no more.");
                    RowCount++;
                    batch!.Add(record);
                    if (!batch.IsFull) return;
                    workers!.Hand(batch);
                    batch = workers.Rent();
                });
            if (workers is null) throw new CsvFormatException("The file has no records, only blank lines. Expected a record a line.");
            if (batch!.RowCount > 0) workers.Hand(batch);
            workers.Finish(ct);
        }
        // A worker has failed; finishing says why.
        catch (OperationCanceledException) when (workers is { Stopped.IsCancellationRequested: true } && !ct.IsCancellationRequested)
        {
            workers.Finish(ct);
        }
        finally
        {
            workers?.Dispose();
        }
        Columns = [.. _names.Select((name, c) => new ColumnHeader(name, _evidence[c].Kind))];
    }

    private void Weigh(RecordBatch batch, int first, int step)
    {
        for (var c = first; c < _names.Length; c += step)
        {
            var evidence = _evidence[c];
            var marks = _marks[c];
            for (var row = 0; row < batch.RowCount; row++)
            {
                var text = batch.Field(row, c).Trim();
                if (!marks.Contains(text)) evidence.Add(text);
            }
        }
    }

    /// <summary>Second pass: makes the table.</summary>
    /// <param name="take">Called with every part in order, by one thread at a time; at least once.</param>
    /// <param name="progress">Bytes and rows so far; called by this thread.</param>
    public void Fill(Action<Table> take, Action<long, long>? progress, CancellationToken ct)
    {
        var builders = Array.ConvertAll(_evidence, evidence => ColumnBuilder.Create(evidence, _numbers));
        var dateWarningDue = Array.ConvertAll(_evidence, evidence => evidence.Kind == ColumnKind.DateTime && evidence.DateIsAmbiguous);
        var maxRows = Math.Clamp(MaxCellsPerPart / _names.Length, 1, MaxRowsPerPart);
        using var workers = new ColumnWorkers(_names.Length, (batch, first, step) => Build(batch, first, step, builders, dateWarningDue), batch => Complete(batch, take), ct);
        var batch = workers.Rent();
        var lines = new List<int>(maxRows);
        var characters = 0L;
        var rows = 0;
        try
        {
            StartPart();
            ForEachRecord(progress, ct,
                first =>
                {
                    if (_options.HasHeader) NoteRecordProblems(first, problem => Keep([problem], 1));
                },
                record =>
                {
                    var fits = NoteRecordProblems(record, problem => batch.Problems.Add((batch.RowCount, -1, problem)));
                    if (!fits && _options.BadLines == BadLineAction.Skip) return;
                    // The original of a data set never changes; anything else is the caller's mistake.
                    if (rows == RowCount) throw new IOException($"'{_path}' grew while it was read.");
                    batch.Add(record);
                    lines.Add(record.Line);
                    rows++;
                    if (lines.Count == maxRows || characters + batch.CharacterCount >= MaxCharactersPerPart) HandPart();
                    else if (batch.IsFull)
                    {
                        var next = batch.FirstRow + batch.RowCount;
                        var capacity = batch.PartCapacity;
                        characters += batch.CharacterCount;
                        workers.Hand(batch);
                        batch = workers.Rent();
                        batch.FirstRow = next;
                        batch.PartCapacity = capacity;
                    }
                });
            if (rows != RowCount) throw new IOException($"'{_path}' shrank while it was read.");
            if (lines.Count > 0 || RowCount == 0) HandPart();
            workers.Finish(ct);
        }
        // A worker has failed; finishing says why.
        catch (OperationCanceledException) when (workers.Stopped.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            workers.Finish(ct);
        }

        void StartPart() => batch.PartCapacity = Math.Min(maxRows, RowCount - rows);

        void HandPart()
        {
            batch.PartLines = [.. lines];
            batch.PartColumns = new Column[_names.Length];
            lines.Clear();
            characters = 0;
            workers.Hand(batch);
            batch = workers.Rent();
            StartPart();
        }
    }

    private void Build(RecordBatch batch, int first, int step, ColumnBuilder[] builders, bool[] dateWarningDue)
    {
        for (var c = first; c < _names.Length; c += step)
        {
            var builder = builders[c];
            if (batch.FirstRow == 0) builder.Start(batch.PartCapacity);
            var marks = _marks[c];
            var misfits = 0;
            for (var row = 0; row < batch.RowCount; row++)
            {
                var written = batch.Field(row, c);
                var trimmed = written.Trim();
                if (marks.Contains(trimmed)) continue;
                if (!builder.Set(batch.FirstRow + row, written, trimmed))
                {
                    if (misfits++ < MaxProblems || EachProblem is not null) Add(batch, row, c, trimmed, builder.Expected);
                }
                else if (dateWarningDue[c])
                {
                    dateWarningDue[c] = false;
                    Add(batch, row, c, trimmed, "a date of which day and month can be told apart; read as mm/dd/yyyy");
                }
            }
            if (misfits > MaxProblems && EachProblem is null) Interlocked.Add(ref batch.FurtherProblemCount, misfits - MaxProblems);
            if (batch.PartLines is { } lines) batch.PartColumns[c] = builder.Build(_names[c], lines.Length);
        }
    }

    private void Add(RecordBatch batch, int row, int column, ReadOnlySpan<char> found, string expected)
    {
        var problem = Problem(batch.Lines[row], _names[column], found, expected);
        lock (batch.Problems) batch.Problems.Add((row, column, problem));
    }

    private void Complete(RecordBatch batch, Action<Table> take)
    {
        if (batch.Problems.Count > 0)
            Keep(batch.Problems.OrderBy(problem => problem.Row).ThenBy(problem => problem.Column).Select(problem => problem.Problem), batch.Problems.Count + batch.FurtherProblemCount);
        if (batch.PartLines is { } lines) take(new Table(batch.PartColumns, lines));
    }

    private void Keep(IEnumerable<CsvProblem> problems, int count)
    {
        if (EachProblem is null) _problems.AddRange(problems.Take(MaxProblems - _problems.Count));
        else
            foreach (var problem in problems) EachProblem(problem);
        ProblemCount = (int)Math.Min(int.MaxValue, (long)ProblemCount + count);
    }

    private static void Check(CsvOptions options)
    {
        if (string.IsNullOrEmpty(options.Delimiter) || options.Delimiter.Contains(options.Quote) || options.Delimiter.AsSpan().ContainsAny('\r', '\n') || options.Quote is '\r' or '\n')
            throw new ArgumentException($"The delimiter is '{options.Delimiter}' and the quote is '{options.Quote}'. Expected a delimiter that holds neither the quote nor a line end.", nameof(options));
        if (options.ThousandsSeparator is { } separator && (separator == options.DecimalMark || char.IsAsciiLetterOrDigit(separator)))
            throw new ArgumentException($"The thousands separator is '{separator}' and the decimal mark is '{options.DecimalMark}'. Expected two different characters, no digit or letter.", nameof(options));
        if (options.SkipLines < 0) throw new ArgumentException($"{options.SkipLines} lines are to be skipped. Expected 0 or more.", nameof(options));
        if (options.Escape is { } escape && (options.Delimiter.Contains(escape) || escape is '\r' or '\n'))
            throw new ArgumentException($"The escape is '{escape}' and the delimiter is '{options.Delimiter}'. Expected an escape that is no line end and does not stand in the delimiter.", nameof(options));
        if (options.DecimalMark is not ('.' or ','))
            throw new ArgumentException($"The decimal mark is '{options.DecimalMark}'. Expected '.' or ','.", nameof(options));
        if (options.LineEnd is not (null or "\n" or "\r\n" or "\r"))
            throw new ArgumentException($"The line end is '{options.LineEnd}'. Expected LF, CRLF or CR, or none chosen.", nameof(options));
        if (options.CommentPrefix is { Length: > 0 } comment && (options.Delimiter.StartsWith(comment, StringComparison.Ordinal) || (options.CommentsWithinLines && options.Delimiter.Contains(comment, StringComparison.Ordinal)) || comment[0] == options.Quote))
            throw new ArgumentException($"Comments start with '{comment}', the delimiter is '{options.Delimiter}' and the quote is '{options.Quote}'. Expected a mark that stands in neither.", nameof(options));
        if (options.ColumnNames.Where(name => !string.IsNullOrWhiteSpace(name)).GroupBy(name => name.Trim(), StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"The column name '{twice.Key}' is given {twice.Count()} times. Expected names that differ.", nameof(options));
        if (options.ColumnNames.Count > CsvRecords.MaxColumns)
            throw new ArgumentException($"{options.ColumnNames.Count:N0} column names are given. Expected at most {CsvRecords.MaxColumns:N0}.", nameof(options));
    }

    /// <param name="first">Called with the first record, whether it is the header or a row.</param>
    /// <param name="each">Called with every row.</param>
    private void ForEachRecord(Action<long, long>? progress, CancellationToken ct, Action<CsvRecords> first, Action<CsvRecords> each)
    {
        const int rowsBetweenReports = 4096;
        using var bytes = CsvText.OpenBytes(_path);
        using var records = new CsvRecords(CsvText.OpenText(bytes, _options.Encoding), _options, _openQuote);
        ct.ThrowIfCancellationRequested();
        if (!records.Read()) return;
        first(records);
        records.UsualFieldCount = _names.Length;
        var rows = 0L;
        if (!_options.HasHeader)
        {
            each(records);
            rows++;
        }
        for (; records.Read(); rows++)
        {
            if (rows % rowsBetweenReports == 0)
            {
                ct.ThrowIfCancellationRequested();
                progress?.Invoke(bytes.Position, rows);
            }
            each(records);
        }
        progress?.Invoke(bytes.Position, rows);
    }

    /// <summary>The names given or in the header, trimmed; a blank one becomes column_N, a repeated one name_2, name_3, …</summary>
    private string[] NameColumns(CsvRecords first)
    {
        var given = _options.ColumnNames;
        var names = new string[given.Count > 0 ? given.Count : Math.Max(first.FieldCount, _widestFieldCount)];
        for (var c = 0; c < names.Length; c++)
            names[c] = c < given.Count && !string.IsNullOrWhiteSpace(given[c]) ? given[c].Trim() : _options.HasHeader && c < first.FieldCount ? first.Field(c).Trim().ToString() : "";
        return ColumnNames.MakeDistinct(names);
    }

    private CsvProblem? FindProblem(CsvRecords record)
    {
        CsvProblem? first = null;
        NoteRecordProblems(record, problem => first ??= problem);
        return first;
    }

    /// <returns>Whether the record fits.</returns>
    private bool NoteRecordProblems(CsvRecords record, Action<CsvProblem> note)
    {
        var fits = true;
        // A delimiter at the end of the line begins no field worth the name.
        var endsWithDelimiter = record.FieldCount == _names.Length + 1 && record.Field(_names.Length).Trim().IsEmpty;
        if (record.FieldCount != _names.Length && !endsWithDelimiter) Note(Problem(record.Line, null, CountFields(record.FieldCount), CountFields(_names.Length)));
        if (record.MisplacedQuote is >= 0 and var field)
            Note(record.HasOpenQuote ? Problem(record.Line, field < _names.Length ? _names[field] : null, record.Field(field), $"a closing quote ({_options.Quote}) before the end of the file; the quote is read as a character") : Problem(record.Line, field < _names.Length ? _names[field] : null, record.Field(field), $"a delimiter or the end of the line after the closing quote ({_options.Quote})"));
        if (record.HasOtherLineEnd) Note(Problem(record.Line, null, "a line end of another kind outside quotes", $"lines that end with {(_options.LineEnd == "\n" ? "LF" : _options.LineEnd == "\r" ? "CR" : "CRLF")}"));
        if (record.Raw.Contains('\0')) Note(Problem(record.Line, null, "a NUL character", "text"));
        if (record.Raw.Contains('\uFFFD')) Note(Problem(record.Line, null, record.Raw.TrimEnd("\r\n"), $"text in the encoding {_options.Encoding}"));
        if (_isLatin && record.Raw.ContainsAnyInRange('\u0080', '\u009F')) Note(Problem(record.Line, null, $"a control character above U+0080 (U+{(int)record.Raw[record.Raw.IndexOfAnyInRange('\u0080', '\u009F')]:X4})", $"text in the encoding {_options.Encoding}; it may be another one"));
        return fits;

        void Note(CsvProblem problem)
        {
            fits = false;
            note(problem with { Text = Shorten(record.Raw.TrimEnd("\r\n")) });
        }
    }

    private static string CountFields(int count) => count == 1 ? "1 field" : $"{count} fields";

    private CsvProblem Problem(int line, string? column, ReadOnlySpan<char> found, string expected) =>
        new(line, column, Shorten(found), expected);

    private string Shorten(ReadOnlySpan<char> text) => text.Length <= MaxFoundLength || EachProblem is not null ? text.ToString() : string.Concat(text[..MaxFoundLength], "…");
}
