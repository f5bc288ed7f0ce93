using System.Text;

namespace ModelWorkbench.Core.Datasets;

/// <summary>
/// Splits a CSV text in the ways that Sylvan.Data.Csv does not know: a delimiter of several characters or beyond ASCII, one chosen way to end lines, comments within lines, escapes
/// outside quotes. Several times slower, so only where the options ask for it.
/// </summary>
/// <remarks>
/// A quote closes a field only before a delimiter, a comment or the end of the line, blanks between them aside; another one is a character of the field, and reported. A quote that
/// never closes is a character, and so are the other quotes of its line.
/// </remarks>
internal sealed class CsvSplitter(TextReader text, CsvOptions options, OpenQuote openQuote)
{
    private const int End = -1;

    private readonly string _delimiter = options.Delimiter;
    private readonly char? _quote = options.Quote == CsvOptions.NoQuote ? null : options.Quote;
    private readonly char? _escape = options.Escape == options.Quote ? null : options.Escape;
    private readonly bool _skipsBlanks = options.Delimiter[0] != ' ';
    private readonly string? _comment = string.IsNullOrEmpty(options.CommentPrefix) ? null : options.CommentPrefix;
    private readonly StringBuilder _field = new();
    private char[] _buffer = new char[1 << 16];
    private int _start;
    private int _length;
    private int _recordLength;
    private bool _atEnd;

    public List<string> Fields { get; private set; } = [];

    /// <summary>The record as it stands in the text, line end included.</summary>
    public ReadOnlySpan<char> Raw => _buffer.AsSpan(_start, _recordLength);

    /// <summary>The 0-based field with a quote that does not stand where it should; -1 where there is none.</summary>
    public int MisplacedQuote { get; private set; }

    public bool HasOpenQuote { get; private set; }

    /// <summary>Whether a line end of another kind than the chosen one stands outside quotes.</summary>
    public bool HasOtherLineEnd { get; private set; }

    /// <summary>Whether the options ask for more than Sylvan.Data.Csv can do.</summary>
    public static bool IsNeeded(CsvOptions options) =>
        options.Delimiter.Length > 1 || !char.IsAscii(options.Delimiter[0]) || !char.IsAscii(options.Quote) || options.LineEnd is not null
        || (options.CommentsWithinLines && !string.IsNullOrEmpty(options.CommentPrefix)) || (options.EscapesEverywhere && options.Escape is not null);

    /// <summary>Goes to the next line, whatever is in it.</summary>
    public bool SkipLine()
    {
        StartRecord();
        return At(0) != End && SplitOff(ToLineEnd(0));
    }

    /// <summary>Goes to the next record; a blank line or a line of comment is one too.</summary>
    /// <exception cref="CsvFormatException">A quote is never closed where that is to be refused, or the record is too long.</exception>
    public bool Read(int line)
    {
        StartRecord();
        if (At(0) == End) return false;
        if (_comment is not null && StartsWith(0, _comment)) return SplitOff(ToLineEnd(0));
        var end = Split(heedsQuotes: true);
        if (end == End)
        {
            if (openQuote == OpenQuote.Refuse)
                throw new CsvFormatException($"The quote ({_quote}) opened on line {line}, field {Fields.Count + 1}, or on a line below within that field, is never closed. Expected a closing quote before the end of the file.");
            var field = Fields.Count;
            end = Split(heedsQuotes: false);
            MisplacedQuote = Math.Min(field, Fields.Count - 1);
            HasOpenQuote = true;
        }
        return SplitOff(end);
    }

    private void StartRecord()
    {
        _start += _recordLength;
        _recordLength = 0;
        Fields = [];
        MisplacedQuote = -1;
        HasOpenQuote = false;
        HasOtherLineEnd = false;
    }

    private bool SplitOff(int length)
    {
        _recordLength = length;
        return true;
    }

    /// <returns>Where the next record starts, or <see cref="End"/> where a quote never closes.</returns>
    private int Split(bool heedsQuotes)
    {
        (Fields, MisplacedQuote, HasOtherLineEnd) = ([], -1, false);
        for (var at = 0; ;)
        {
            _field.Clear();
            var misplaced = MisplacedQuote;
            var opened = heedsQuotes && _quote is not null ? PastBlanks(at) : at;
            if (heedsQuotes && _quote is { } quote && At(opened) == quote)
            {
                var closed = ReadQuoted(opened + 1);
                // Blanks before a quote that is not cleanly closed are part of an unquoted field.
                if (opened > at && (closed == End || MisplacedQuote != misplaced)) (opened, MisplacedQuote) = (at, misplaced);
                else if (closed == End) return End;
                else (opened, at) = (-1, PastBlanks(closed));
                if (opened >= 0) _field.Clear();
            }
            else opened = at;
            if (opened >= 0) at = ReadUnquoted(opened);
            Fields.Add(_field.ToString());
            if (StartsWith(at, _delimiter))
            {
                at += _delimiter.Length;
                continue;
            }
            if (IsCommentWithin(at)) at = ToContentEnd(at);
            return at + LineEndAt(at);
        }
    }

    /// <returns>Past the closing quote, or <see cref="End"/>.</returns>
    private int ReadQuoted(int at)
    {
        for (; ; )
        {
            var character = At(at);
            if (character == End) return End;
            if (character == _escape && At(at + 1) is var next && next != End && (options.EscapesEverywhere || next == _quote || next == _escape))
            {
                _field.Append((char)next);
                at += 2;
                continue;
            }
            if (character == _quote)
            {
                if (_escape is null && At(at + 1) == _quote) at++;
                else if (EndsField(PastBlanks(at + 1))) return at + 1;
                else if (MisplacedQuote < 0) MisplacedQuote = Fields.Count;
            }
            _field.Append((char)character);
            at++;
        }
    }

    /// <returns>Where the delimiter, the comment, the line end or the end of the text is.</returns>
    private int ReadUnquoted(int at)
    {
        var start = at;
        for (; !EndsField(at); at++)
        {
            var character = At(at);
            if (options.EscapesEverywhere && character == _escape && At(at + 1) != End && !(at == start && At(at + 1) == 'N' && EndsField(at + 2))) character = At(++at);
            else if (character is '\r' or '\n') HasOtherLineEnd = true;
            _field.Append((char)character);
        }
        return at;
    }

    private int PastBlanks(int at)
    {
        while (_skipsBlanks && At(at) == ' ') at++;
        return at;
    }

    private bool EndsField(int at) => At(at) == End || StartsWith(at, _delimiter) || LineEndAt(at) > 0 || IsCommentWithin(at);

    private bool IsCommentWithin(int at) => options.CommentsWithinLines && _comment is not null && StartsWith(at, _comment);

    /// <summary>The length of the line end that stands there; 0 where none does.</summary>
    private int LineEndAt(int at)
    {
        if (options.LineEnd is { } chosen) return StartsWith(at, chosen) ? chosen.Length : 0;
        return At(at) switch { '\n' => 1, '\r' => At(at + 1) == '\n' ? 2 : 1, _ => 0 };
    }

    private int ToContentEnd(int at)
    {
        while (At(at) != End && LineEndAt(at) == 0) at++;
        return at;
    }

    private int ToLineEnd(int at)
    {
        at = ToContentEnd(at);
        return at + LineEndAt(at);
    }

    private bool StartsWith(int at, string what)
    {
        for (var i = 0; i < what.Length; i++)
            if (At(at + i) != what[i]) return false;
        return true;
    }

    /// <summary>The character at a place counted from the start of the record, or <see cref="End"/>.</summary>
    private int At(int at)
    {
        while (_start + at >= _length && !_atEnd) Fill();
        return _start + at < _length ? _buffer[_start + at] : End;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _length - _start).CopyTo(_buffer);
            (_start, _length) = (0, _length - _start);
        }
        if (_length == _buffer.Length)
        {
            if (_length > CsvRecords.MaxRecordLength) throw new CsvRecordTooLongException();
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        var read = text.ReadBlock(_buffer, _length, _buffer.Length - _length);
        _atEnd = read == 0;
        _length += read;
    }
}

/// <summary>A record exceeds <see cref="CsvRecords.MaxRecordLength"/>; the reader of records says on which line.</summary>
internal sealed class CsvRecordTooLongException : Exception;
