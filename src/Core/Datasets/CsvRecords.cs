using Sylvan.Data.Csv;

namespace ModelWorkbench.Core.Datasets;

/// <summary>The records of a CSV text one after the other, each with the line on which it starts. Blank lines are passed over.</summary>
/// <remarks>Sylvan.Data.Csv splits, or <see cref="CsvSplitter"/> where the options ask for more than it can do; this class adds line numbers, limits and the check of quotes.</remarks>
internal sealed class CsvRecords : IDisposable
{
    public const int MaxColumns = 10_000;
    public const int MaxFieldLength = 1 << 20;
    public const int MaxRecordLength = 1 << 24;

    private readonly TextReader _text;
    private readonly CsvDataReaderOptions _options;
    private readonly char _delimiter;
    private readonly char _quote;
    private readonly char _escape;
    private readonly int _skipLines;
    private readonly string? _commentPrefix;
    private readonly OpenQuote _openQuote;
    private readonly BlankLineAction _blankLines;

    /// <summary>Null where Sylvan.Data.Csv splits.</summary>
    private readonly CsvSplitter? _splitter;
    private CsvDataReader? _reader;
    private int _nextLine = 1;
    private int _skippedLines;

    /// <summary>The fields as they are read where the record is not written as it should be; null where they are those of the splitter.</summary>
    private List<string>? _mended;

    /// <summary>The record with an open quote, which is no longer the reader's.</summary>
    private string? _openRecord;
    private string? _afterOpenRecord;
    private int _openRecordCount;

    public CsvRecords(TextReader text, CsvOptions options, OpenQuote openQuote = OpenQuote.Ignore)
    {
        _text = text;
        _openQuote = openQuote;
        _blankLines = options.BlankLines;
        _delimiter = options.Delimiter[0];
        // Quotes cannot be switched off and must be ASCII; the control character DEL stands in no text that people write.
        _quote = options.Quote == CsvOptions.NoQuote ? '\u007F' : options.Quote;
        _escape = options.Escape ?? _quote;
        _skipLines = options.SkipLines;
        _commentPrefix = string.IsNullOrEmpty(options.CommentPrefix) ? null : options.CommentPrefix;
        if (CsvSplitter.IsNeeded(options))
        {
            _splitter = new CsvSplitter(text, options, openQuote);
            _options = new CsvDataReaderOptions();
            return;
        }
        _options = new CsvDataReaderOptions
        {
            HasHeaders = false,
            Delimiter = _delimiter,
            Quote = _quote,
            Escape = _escape,
            // Lax keeps reading after a misplaced quote, so that every such record can be reported, not only the first.
            CsvStyle = CsvStyle.Lax,
            // Comment lines cannot be switched off; U+FFFF is no character and stands in no text.
            Comment = _commentPrefix is [var comment] ? comment : '\uFFFF',
            CommentHandler = (Action<string>)(_ => _nextLine++),
            ResultSetMode = ResultSetMode.SingleResult,
            BufferSize = 1 << 16,
            MaxBufferSize = MaxRecordLength,
        };
    }

    /// <summary>1-based line on which the current record starts.</summary>
    public int Line { get; private set; }

    public int FieldCount => _mended?.Count ?? _reader!.RowFieldCount;

    /// <summary>The text of a field without its quotes; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<char> Field(int index) => _mended is { } fields ? fields[index] : _reader!.GetFieldSpan(index);

    /// <summary>The current record as it stands in the text, line end included.</summary>
    public ReadOnlySpan<char> Raw => _openRecord is { } record ? record : _splitter is { } splitter ? splitter.Raw : _reader!.GetRawRecordSpan();

    /// <summary>The fields that the records have; 0 where it is not known. Says how a record with misplaced quotes is meant.</summary>
    public int UsualFieldCount { get; set; }

    /// <summary>The 0-based field of the current record with text after its closing quote or with an open quote; -1 where there is none or quotes are not looked at.</summary>
    public int MisplacedQuote { get; private set; } = -1;

    /// <summary>Whether a quote of the current record is never closed; it is read as a character like others, up to the end of its line.</summary>
    public bool HasOpenQuote => _openRecord is not null || _splitter is { HasOpenQuote: true };

    /// <summary>Whether a line end of another kind than the chosen one stands in the current record outside quotes.</summary>
    public bool HasOtherLineEnd => _splitter is { HasOtherLineEnd: true };

    /// <summary>Goes to the next record that is not blank.</summary>
    /// <exception cref="CsvFormatException">A limit is exceeded, or a quote is never closed.</exception>
    public bool Read()
    {
        while (MoveNext())
        {
            Line = _nextLine;
            _nextLine += CountLineEnds(Raw);
            if (_blankLines != BlankLineAction.Keep && Raw.Trim(" \r\n").IsEmpty) continue;
            if ((_splitter is not null || _commentPrefix is { Length: > 1 }) && _commentPrefix is not null && Raw.StartsWith(_commentPrefix, StringComparison.Ordinal)) continue;
            if (_splitter is null && _openQuote != OpenQuote.Ignore) CheckQuotes();
            CheckLimits();
            if (_blankLines == BlankLineAction.PassOverEmptyRecords && HasOnlyBlankFields()) continue;
            return true;
        }
        return false;
    }

    private bool MoveNext()
    {
        _mended = null;
        _openRecord = null;
        MisplacedQuote = -1;
        try
        {
            if (_splitter is not null) return MoveNext(_splitter);
            if (_afterOpenRecord is { } rest)
            {
                // The reader before it is not disposed of, as the file would be closed, of which others ask the position.
                _reader = CsvDataReader.Create(new StringReader(rest), _options);
                _afterOpenRecord = null;
            }
            if (_reader is null)
            {
                SkipLines();
                _reader = CsvDataReader.Create(_text, _options);
            }
            return _reader.Read();
        }
        catch (Exception e) when (e is CsvRecordTooLargeException or CsvRecordTooLongException)
        {
            throw new CsvFormatException(
                $"The record that starts on line {_nextLine} is longer than {MaxRecordLength:N0} characters. " +
                $"Expected shorter records; often the cause is a quote ({_quote}) that is opened and never closed.", e);
        }
    }

    private bool MoveNext(CsvSplitter splitter)
    {
        for (; _skippedLines < _skipLines; _skippedLines++)
        {
            if (!splitter.SkipLine()) return false;
            _nextLine += CountLineEnds(splitter.Raw);
        }
        if (!splitter.Read(_nextLine)) return false;
        _mended = splitter.Fields;
        MisplacedQuote = splitter.MisplacedQuote;
        return true;
    }

    private bool HasOnlyBlankFields()
    {
        for (var i = 0; i < FieldCount; i++)
            if (!Field(i).Trim().IsEmpty) return false;
        return true;
    }

    private void SkipLines()
    {
        for (var skipped = 0; skipped < _skipLines; skipped++)
        {
            var character = _text.Read();
            if (character < 0) return;
            while (character is not (-1 or '\r' or '\n')) character = _text.Read();
            if (character == '\r' && _text.Peek() == '\n') _text.Read();
            _nextLine++;
        }
    }

    private void CheckLimits()
    {
        if (FieldCount > MaxColumns)
            throw new CsvFormatException($"The record on line {Line} has {FieldCount:N0} fields. Expected at most {MaxColumns:N0} columns.");
        if (Raw.Length <= MaxFieldLength) return;
        for (var i = 0; i < FieldCount; i++)
            if (Field(i).Length > MaxFieldLength)
                throw new CsvFormatException($"Field {i + 1} of the record on line {Line} has {Field(i).Length:N0} characters. Expected at most {MaxFieldLength:N0}.");
    }

    /// <summary>Looks for quotes that do not stand where they should, and reads the record as it is meant.</summary>
    /// <exception cref="CsvFormatException">A quote is opened and never closed, and that is to be refused or happens often.</exception>
    private void CheckQuotes()
    {
        const int maxOpenRecords = 100;
        var raw = Raw;
        if (!raw.Contains(_quote)) return;
        var padded = false;
        var field = 0;
        for (var at = 0; at < raw.Length; field++)
        {
            var first = at;
            while (at < raw.Length && raw[at] == ' ' && _delimiter != ' ') at++;
            if (at < raw.Length && raw[at] == _quote && (at == first || ClosesBeforeDelimiter(raw, at)))
            {
                padded |= at > first;
                var opened = at;
                at = FindClosingQuote(raw, at + 1);
                if (at < 0)
                {
                    if (_openQuote == OpenQuote.Refuse || ++_openRecordCount > maxOpenRecords)
                        throw new CsvFormatException($"The quote ({_quote}) opened on line {Line + CountLineEnds(raw[..opened])}, field {field + 1}, is never closed. Expected a closing quote before the end of the file.");
                    ReadOpenRecord(field);
                    return;
                }
                at++;
                // Blanks around the quotes are common and harmless.
                var closed = at;
                while (at < raw.Length && raw[at] == ' ' && _delimiter != ' ') at++;
                padded |= at > closed;
                if (MisplacedQuote < 0 && at < raw.Length && raw[at] != _delimiter && raw[at] is not ('\r' or '\n')) MisplacedQuote = field;
            }
            var rest = raw[at..].IndexOf(_delimiter);
            if (rest < 0) break;
            at += rest + 1;
        }
        if (!padded && MisplacedQuote < 0) return;
        var mended = SplitLeniently(raw);
        // "the "legend"" ends with a quote of the text and one that closes, which look like a doubled one.
        if (MisplacedQuote >= 0 && UsualFieldCount > 0 && mended?.Count != UsualFieldCount && _escape == _quote) mended = SplitLeniently(raw, doubledMayClose: true);
        // A quote within a quoted field that is not doubled: what is meant is what gives the usual number of fields, if that is known.
        if (mended is not null && (MisplacedQuote < 0 || UsualFieldCount == 0 || mended.Count == UsualFieldCount)) _mended = mended;
    }

    /// <summary>The quote that closes, or -1.</summary>
    private int FindClosingQuote(ReadOnlySpan<char> raw, int start)
    {
        for (var at = start; ; at++)
        {
            var next = raw[at..].IndexOf(_quote);
            if (next < 0) return -1;
            at += next;
            if (_escape != _quote)
            {
                if (!IsEscaped(raw, start, at)) return at;
            }
            else if (at + 1 < raw.Length && raw[at + 1] == _quote) at++;
            else return at;
        }
    }

    private bool ClosesBeforeDelimiter(ReadOnlySpan<char> raw, int opened)
    {
        var closing = FindClosingQuote(raw, opened + 1);
        return closing >= 0 && EndsField(raw, closing + 1);
    }

    private bool EndsField(ReadOnlySpan<char> raw, int at)
    {
        while (at < raw.Length && raw[at] == ' ' && _delimiter != ' ') at++;
        return at >= raw.Length || raw[at] == _delimiter || raw[at] is '\r' or '\n';
    }

    /// <summary>Splits the record so that only a quote before a delimiter or the end closes; blanks around quotes are left out. Null where a quote has no such end.</summary>
    private List<string>? SplitLeniently(ReadOnlySpan<char> raw, bool doubledMayClose = false)
    {
        raw = raw.TrimEnd("\r\n");
        var fields = new List<string>();
        for (var at = 0; ;)
        {
            var start = at;
            while (start < raw.Length && raw[start] == ' ' && _delimiter != ' ') start++;
            int end;
            if (start < raw.Length && raw[start] == _quote && (start == at || ClosesBeforeDelimiter(raw, start)))
            {
                var closing = doubledMayClose ? FindAnyQuoteThatEndsField(raw, start + 1) : FindQuoteThatEndsField(raw, start + 1);
                if (closing < 0) return null;
                fields.Add(WithoutEscapes(raw[(start + 1)..closing]));
                end = raw[closing..].IndexOf(_delimiter) is >= 0 and var next ? closing + next : -1;
            }
            else
            {
                end = raw[at..].IndexOf(_delimiter) is >= 0 and var next ? at + next : -1;
                fields.Add((end < 0 ? raw[at..] : raw[at..end]).ToString());
            }
            if (end < 0) return fields;
            at = end + 1;
        }
    }

    /// <summary>The first quote that is not doubled or escaped and stands before a delimiter or the end; -1 where there is none.</summary>
    private int FindQuoteThatEndsField(ReadOnlySpan<char> raw, int start)
    {
        for (var at = start; at <= raw.Length; at++)
        {
            at = FindClosingQuote(raw, at);
            if (at < 0 || EndsField(raw, at + 1)) return at;
        }
        return -1;
    }

    private int FindAnyQuoteThatEndsField(ReadOnlySpan<char> raw, int start)
    {
        for (var at = start; at < raw.Length; at++)
            if (raw[at] == _quote && EndsField(raw, at + 1)) return at;
        return -1;
    }

    private string WithoutEscapes(ReadOnlySpan<char> quoted)
    {
        var text = quoted.ToString();
        return text.Contains(_escape) ? text.Replace($"{_escape}{_quote}", _quote.ToString(), StringComparison.Ordinal) : text;
    }

    /// <summary>The line with the open quote becomes a record of its own, its quotes characters like others; reading goes on with the next line.</summary>
    /// <remarks>The reader has taken all text up to the end of the file for the field, so that what follows is in memory.</remarks>
    private void ReadOpenRecord(int field)
    {
        var raw = Raw;
        var end = raw.IndexOfAny('\r', '\n');
        if (end >= 0) end += raw[end..].StartsWith("\r\n") ? 2 : 1;
        var record = (end < 0 ? raw : raw[..end]).ToString();
        _afterOpenRecord = end < 0 ? "" : raw[end..].ToString();
        _nextLine = Line + CountLineEnds(record);
        _mended = [.. record.TrimEnd('\r', '\n').Split(_delimiter)];
        _openRecord = record;
        MisplacedQuote = Math.Min(field, _mended.Count - 1);
    }

    /// <summary>Whether an odd number of escapes stands before the character.</summary>
    private bool IsEscaped(ReadOnlySpan<char> raw, int start, int at)
    {
        var escapes = 0;
        while (at - 1 - escapes >= start && raw[at - 1 - escapes] == _escape) escapes++;
        return escapes % 2 == 1;
    }

    private static int CountLineEnds(ReadOnlySpan<char> text)
    {
        var carriageReturns = text.Count('\r');
        var lineFeeds = text.Count('\n');
        return carriageReturns == 0 ? lineFeeds : lineFeeds + carriageReturns - text.Count("\r\n");
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _text.Dispose();
    }
}

/// <summary>What is done where a quote is opened and never closed.</summary>
internal enum OpenQuote
{
    /// <summary>Quotes are not looked at; all text up to the end of the file is one field.</summary>
    Ignore,

    /// <summary>The line is read with its quotes as characters like others.</summary>
    ReadAsText,

    Refuse,
}
