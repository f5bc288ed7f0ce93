using System.Globalization;

namespace ModelWorkbench.Core.Datasets;

internal enum NumberFit
{
    Number,

    /// <summary>Written as a number, but infinite or not a number: 1e999, inf.</summary>
    NotFinite,

    NotANumber,
}

/// <summary>Reads numbers with the given decimal mark: sign, digits, exponent; groups of three digits only where a separator is given.</summary>
/// <param name="decimalMark">'.' or ','.</param>
/// <param name="thousandsSeparator">Null where digits are not grouped; a blank stands for the no-break blanks as well.</param>
internal sealed class NumberParser(char decimalMark, char? thousandsSeparator = null)
{
    private const int MaxGroupedLength = 64;

    private readonly NumberFormatInfo _format = new() { NumberDecimalSeparator = decimalMark.ToString(), NumberGroupSeparator = "" };

    /// <param name="text">Without surrounding blanks.</param>
    /// <param name="value">The number, or NaN where it is none.</param>
    public NumberFit Parse(ReadOnlySpan<char> text, out double value)
    {
        const NumberStyles styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (PlainNumber.TryParse(text, decimalMark, out value)) return NumberFit.Number;
        if (double.TryParse(text, styles, _format, out value))
        {
            if (double.IsFinite(value)) return NumberFit.Number;
            value = double.NaN;
            return NumberFit.NotFinite;
        }
        if (thousandsSeparator is { } separator && TryParseGrouped(text, separator, out value)) return NumberFit.Number;
        value = double.NaN;
        return text.TrimStart("+-").Equals("inf", StringComparison.OrdinalIgnoreCase) ? NumberFit.NotFinite : NumberFit.NotANumber;
    }

    /// <summary>1,234,567.8: one to three digits that do not start with 0, then groups of exactly three.</summary>
    private bool TryParseGrouped(ReadOnlySpan<char> text, char separator, out double value)
    {
        value = double.NaN;
        if (text.Length is 0 or > MaxGroupedLength) return false;
        Span<char> plain = stackalloc char[MaxGroupedLength];
        int length = 0, at = 0, digits = 0, groups = 0;
        if (text[0] is '-' or '+') plain[length++] = text[at++];
        if (at < text.Length && text[at] == '0') return false;
        for (; at < text.Length; at++)
        {
            if (char.IsAsciiDigit(text[at]))
            {
                digits++;
                plain[length++] = text[at];
                continue;
            }
            if (!IsSeparator(text[at], separator)) break;
            if (groups == 0 ? digits is 0 or > 3 : digits != 3) return false;
            groups++;
            digits = 0;
        }
        if (groups == 0 || digits != 3) return false;
        if (at < text.Length && text[at] != decimalMark) return false;
        text[at..].CopyTo(plain[length..]);
        length += text.Length - at;
        return double.TryParse(plain[..length], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, _format, out value) && double.IsFinite(value);
    }

    private static bool IsSeparator(char character, char separator) => character == separator
        || (separator == ' ' && character is ('\u00A0' or '\u202F')) || (separator == '\'' && character == '\u2019');
}
