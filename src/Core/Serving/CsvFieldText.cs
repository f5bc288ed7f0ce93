using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Serving;

/// <summary>Writes a text as a field of a file that is written in a certain way, so that a reader of that file finds the text again.</summary>
internal sealed class CsvFieldText(CsvOptions options)
{
    private readonly char? _quote = options.Quote == CsvOptions.NoQuote ? null : options.Quote;

    public string Delimiter => options.Delimiter;

    public char DecimalMark => options.DecimalMark;

    /// <summary>In quotes where it holds the delimiter, a quote, an escape or a line break, or begins or ends with a blank. Where the file has no quotes, blanks stand for what would end the field.</summary>
    public string Ready(string text)
    {
        if (_quote is not { } quote)
        {
            // Longer first: of "\r\n" one blank.
            foreach (var end in (string[])["\r\n", "\r", "\n", Delimiter]) text = text.Replace(end, " ", StringComparison.Ordinal);
            return text;
        }
        var needsQuotes = text.Length > 0 && (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]) || text.AsSpan().IndexOfAny('\r', '\n', quote) >= 0 || text.Contains(Delimiter, StringComparison.Ordinal))
            || (options.Escape is { } own && text.Contains(own))
            || (options.CommentPrefix is { Length: > 0 } comment && text.Contains(comment, StringComparison.Ordinal));
        if (!needsQuotes) return text;
        if (options.Escape is { } escape && escape != quote) text = text.Replace($"{escape}", $"{escape}{escape}", StringComparison.Ordinal).Replace($"{quote}", $"{escape}{quote}", StringComparison.Ordinal);
        else text = text.Replace($"{quote}", $"{quote}{quote}", StringComparison.Ordinal);
        return $"{quote}{text}{quote}";
    }
}
