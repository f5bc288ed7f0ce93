using System.Globalization;

namespace ModelWorkbench.Core.Datasets;

internal enum NumberFit
{
    Number,

    /// <summary>Written as a number, but infinite or not a number: 1e999, inf.</summary>
    NotFinite,

    NotANumber,
}

/// <summary>Reads numbers with the given decimal mark: sign, digits, exponent; no thousands separators.</summary>
internal sealed class NumberParser(char decimalMark)
{
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
        value = double.NaN;
        return text.TrimStart("+-").Equals("inf", StringComparison.OrdinalIgnoreCase) ? NumberFit.NotFinite : NumberFit.NotANumber;
    }
}
