using Sylvan.Data.Csv;

namespace ModelWorkbench.Core.Datasets;

/// <summary>The records of a CSV text one after the other, each with the line on which it starts. Blank lines are passed over.</summary>
/// <remarks>Sylvan.Data.Csv splits; this class adds line numbers, limits and the check of quotes.</remarks>
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
    private CsvDataReader? _reader;
    private int _nextLine = 1;

    public CsvRecords(TextReader text, CsvOptions options)
    {
        _text = text;
        _delimiter = options.Delimiter;
        // Quotes cannot be switched off and must be ASCII; the control character DEL stands in no text that people write.
        _quote = options.Quote == CsvOptions.NoQuote ? '\u007F' : options.Quote;
        _escape = options.Escape ?? _quote;
        _skipLines = options.SkipLines;
        _commentPrefix = string.IsNullOrEmpty(options.CommentPrefix) ? null : options.CommentPrefix;
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

    public int FieldCount => _reader!.RowFieldCount;

    /// <summary>The text of a field without its quotes; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<char> Field(int index) => _reader!.GetFieldSpan(index);

    /// <summary>The current record as it stands in the text, line end included.</summary>
    public ReadOnlySpan<char> Raw => _reader!.GetRawRecordSpan();

    /// <summary>Goes to the next record that is not blank.</summary>
    /// <exception cref="CsvFormatException">A limit is exceeded, or a quote is never closed.</exception>
    public bool Read()
    {
        while (MoveNext())
        {
            Line = _nextLine;
            _nextLine += CountLineEnds(Raw);
            if (Raw.Trim(" \r\n").IsEmpty) continue;
            if (_commentPrefix is { Length: > 1 } && Raw.StartsWith(_commentPrefix, StringComparison.Ordinal)) continue;
            CheckLimits();
            return true;
        }
        return false;
    }

    private bool MoveNext()
    {
        try
        {
            if (_reader is null)
            {
                SkipLines();
                _reader = CsvDataReader.Create(_text, _options);
            }
            return _reader.Read();
        }
        catch (CsvRecordTooLargeException e)
        {
            throw new CsvFormatException(
                $"The record that starts on line {_nextLine} is longer than {MaxRecordLength:N0} characters. " +
                $"Expected shorter records; often the cause is a quote ({_quote}) that is opened and never closed.", e);
        }
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

    /// <summary>Looks for text after a closing quote in the current record.</summary>
    /// <returns>The 0-based field in which it stands, or -1.</returns>
    /// <exception cref="CsvFormatException">A quote is opened and never closed.</exception>
    public int FindMisplacedQuote()
    {
        var raw = Raw;
        if (!raw.Contains(_quote)) return -1;
        var misplaced = -1;
        var field = 0;
        for (var at = 0; at < raw.Length; field++)
        {
            if (raw[at] == _quote)
            {
                var opened = at++;
                while (true)
                {
                    var next = at > raw.Length ? -1 : raw[at..].IndexOf(_quote);
                    if (next < 0)
                        throw new CsvFormatException($"The quote ({_quote}) opened on line {Line + CountLineEnds(raw[..opened])}, field {field + 1}, is never closed. Expected a closing quote before the end of the file.");
                    at += next + 1;
                    if (_escape != _quote)
                    {
                        if (IsEscaped(raw, opened + 1, at - 1)) continue;
                        break;
                    }
                    if (at >= raw.Length || raw[at] != _quote) break;
                    at++;
                }
                // Blanks after the closing quote are common and harmless.
                while (at < raw.Length && raw[at] == ' ') at++;
                if (misplaced < 0 && at < raw.Length && raw[at] != _delimiter && raw[at] is not ('\r' or '\n')) misplaced = field;
            }
            var rest = raw[at..].IndexOf(_delimiter);
            if (rest < 0) break;
            at += rest + 1;
        }
        return misplaced;
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
