using System.Globalization;
using System.Text;

namespace ModelWorkbench.Core.Datasets;

/// <summary>How a table is written as CSV.</summary>
/// <param name="Delimiter">Between fields: comma, semicolon, tab or another character that is no letter, digit, quote or line end.</param>
/// <param name="DecimalSeparator"><c>.</c> or <c>,</c>.</param>
/// <param name="HarmlessFormulas">Whether texts that a spreadsheet would run as a formula get an apostrophe before them; such texts no longer read back as they were.</param>
public sealed record CsvWriteOptions(char Delimiter = ',', char DecimalSeparator = '.', bool HarmlessFormulas = false)
{
    /// <summary>Why a file cannot be written this way, or null.</summary>
    public string? WhyNot() =>
        Delimiter is '"' or '\r' or '\n' or '\0' or '.' or '-' or '+' || char.IsLetterOrDigit(Delimiter) ? $"The delimiter is '{Delimiter}'; expected a character that no number, word or line end contains, such as ',' ';' or a tab."
        : DecimalSeparator is not ('.' or ',') ? $"The decimal mark is '{DecimalSeparator}'; expected '.' or ','."
        : Delimiter == DecimalSeparator ? "Delimiter and decimal mark are both ','; expected two different ones, such as ';' and ','."
        : null;
}

/// <summary>Writes tables as CSV (RFC 4180, UTF-8, CR LF), piece by piece; what is read back has the same cells.</summary>
/// <remarks>
/// A missing value is an empty field. Formulas are made harmless as OWASP proposes (CSV Injection, owasp.org/www-community/attacks/CSV_Injection): a text that starts with
/// = + - @, a tab or a line end, or the full-width form of such a sign, gets an apostrophe before it. Numbers and dates of columns of that kind are never formulas and stay.
/// </remarks>
public sealed class CsvTableWriter
{
    private readonly CsvWriteOptions _options;
    private readonly NumberFormatInfo _numbers;
    private readonly TextWriter _writer;

    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    public CsvTableWriter(TextWriter writer, CsvWriteOptions options)
    {
        if (options.WhyNot() is { } reason) throw new ArgumentException(reason, nameof(options));
        (_writer, _options) = (writer, options);
        _numbers = new NumberFormatInfo { NumberDecimalSeparator = options.DecimalSeparator.ToString() };
    }

    /// <summary>UTF-8 without a mark at the start.</summary>
    public static Encoding Encoding { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    public void WriteHeader(IReadOnlyList<string> names) => WriteTexts(names);

    /// <summary>One line; null is an empty field.</summary>
    public void WriteTexts(IReadOnlyList<string?> texts)
    {
        for (var c = 0; c < texts.Count; c++)
        {
            if (c > 0) _writer.Write(_options.Delimiter);
            if (texts[c] is { } text) WriteText(text);
        }
        _writer.Write("\r\n");
    }

    public void WriteRows(Table rows, CancellationToken cancellationToken)
    {
        // A text is made ready once, however many rows hold it.
        var texts = rows.Columns.Select(column => column is DictionaryColumn names ? new string?[names.Values.Count] : []).ToArray();
        for (var row = 0; row < rows.RowCount; row++)
        {
            if (row % 1024 == 0) cancellationToken.ThrowIfCancellationRequested();
            for (var c = 0; c < rows.ColumnCount; c++)
            {
                if (c > 0) _writer.Write(_options.Delimiter);
                switch (rows.Columns[c])
                {
                    case NumericColumn numbers:
                        if (!double.IsNaN(numbers.Values[row])) WriteNumber(numbers.Values[row]);
                        break;
                    case DictionaryColumn names when names.Codes[row] is >= 0 and var code:
                        _writer.Write(texts[c][code] ??= Ready(names.Values[code]));
                        break;
                    case DateTimeColumn moments:
                        _writer.Write(moments.GetText(row));
                        break;
                }
            }
            // A line without anything is skipped by most readers, and would be a row lost.
            if (rows.ColumnCount == 1 && rows.Columns[0].IsMissing(row)) _writer.Write("\"\"");
            _writer.Write("\r\n");
        }
    }

    private void WriteNumber(double number)
    {
        Span<char> text = stackalloc char[32];
        if (number.TryFormat(text, out var length, "R", _numbers)) _writer.Write(text[..length]);
        else _writer.Write(number.ToString("R", _numbers));
    }

    private void WriteText(string text) => _writer.Write(Ready(text));

    private string Ready(string text)
    {
        if (_options.HarmlessFormulas && text.Length > 0 && IsFormulaSign(text[0])) text = "'" + text;
        var needsQuotes = text.Length == 0 || char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]) || text.AsSpan().IndexOfAny("\"\r\n") >= 0 || text.Contains(_options.Delimiter);
        return needsQuotes ? "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : text;
    }

    private static bool IsFormulaSign(char first) => first is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠';
}
