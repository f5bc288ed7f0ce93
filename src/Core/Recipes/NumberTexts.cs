using System.Globalization;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The mark between whole part and fraction; the other one, a blank or an apostrophe may stand between thousands.</summary>
public enum DecimalMark { Point, Comma }

/// <summary>Reads numbers as people write them: <c>$1,299.00</c>, <c>45%</c>, <c>(12.50)</c>, <c>1 234,5 €</c>, <c>2100 - 2850</c>, <c>19.67 kmpl</c>, <c>10,000+</c>.</summary>
/// <param name="mark">The decimal mark.</param>
/// <param name="percentAsFraction">Whether 45% is 0.45; otherwise 45.</param>
/// <param name="magnitudes">Whether <c>1.2k</c>, <c>19M</c> and <c>3bn</c> stand for thousands, millions and billions; otherwise such letters are a unit.</param>
/// <remarks>Stands word for word in exported C# programs.</remarks>
internal sealed class NumberTexts(DecimalMark mark, bool percentAsFraction, bool magnitudes)
{
    internal static readonly string[] CurrencyWords =
        ["US$", "A$", "C$", "NZ$", "HK$", "S$", "R$", "Rs.", "Rs", "kr.", "kr", "zł", "Kč", "Ft", "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN", "ZAR", "RUB", "TRY", "KRW", "SGD", "HKD"];
    private static readonly string[] About = ["~", "≈", "ca.", "approx."];

    /// <summary>The number that the text stands for, of a range its middle.</summary>
    /// <returns>NaN where the text is no number: two numbers that are no range, a date, a word.</returns>
    public double Read(string text)
    {
        var rest = text.AsSpan().Trim();
        var negative = false;
        if (rest.Length > 2 && rest[0] == '(' && rest[^1] == ')')
        {
            negative = true;
            rest = rest[1..^1].Trim();
        }
        foreach (var about in About)
            if (rest.StartsWith(about, StringComparison.OrdinalIgnoreCase)) { rest = rest[about.Length..].TrimStart(); break; }
        if (!TryAmount(ref rest, out var value, out var unit)) return double.NaN;
        if (!rest.IsEmpty)
        {
            if (!TrySkipRangeMark(ref rest) || !TryAmount(ref rest, out var end, out var endUnit) || !rest.IsEmpty || end < value) return double.NaN;
            // In "10 - 20%" and "1 - 2k" the mark at the end is meant for both.
            value = value / 2 * (unit == 1 ? endUnit : unit) + end / 2 * endUnit;
        }
        else value *= unit;
        return double.IsFinite(value) ? negative ? -value : value : double.NaN;
    }

    /// <summary>Sign, currency, digits, then what they are counted in; <paramref name="unit"/> is what the digits are to be multiplied by.</summary>
    private bool TryAmount(ref ReadOnlySpan<char> rest, out double value, out double unit)
    {
        (value, unit) = (double.NaN, 1);
        var negative = false;
        var signs = 0;
        var currencies = 0;
        for (; ; )
        {
            rest = rest.TrimStart();
            if (rest.IsEmpty) return false;
            if (rest[0] is '+' or '-' or '−' && signs++ == 0) { negative = rest[0] != '+'; rest = rest[1..]; }
            else if (TrySkipCurrency(ref rest) && currencies++ == 0) continue;
            else break;
        }
        if (!TryDigits(ref rest, out value)) return false;
        if (negative) value = -value;
        rest = rest.TrimStart();
        unit = SkipUnit(ref rest);
        rest = rest.TrimStart();
        return true;
    }

    private static bool TrySkipCurrency(ref ReadOnlySpan<char> rest)
    {
        foreach (var word in CurrencyWords)
        {
            if (!rest.StartsWith(word, StringComparison.Ordinal)) continue;
            // "krone" does not begin with the currency "kr".
            if (char.IsLetter(word[^1]) && rest.Length > word.Length && char.IsLetter(rest[word.Length])) continue;
            rest = rest[word.Length..];
            return true;
        }
        if (char.GetUnicodeCategory(rest[0]) != UnicodeCategory.CurrencySymbol) return false;
        rest = rest[1..];
        return true;
    }

    private bool TryDigits(ref ReadOnlySpan<char> rest, out double value)
    {
        var decimalMark = mark == DecimalMark.Point ? '.' : ',';
        var digits = new System.Text.StringBuilder(24);
        var i = 0;
        while (i < rest.Length && char.IsAsciiDigit(rest[i])) digits.Append(rest[i++]);
        if (i is > 0 and <= 3)
        {
            // Groups of three, or (lakh and crore) of two and at the end three; all behind the same mark.
            var group = '\0';
            while (i < rest.Length && IsThousandsMark(rest[i], decimalMark) && (group == '\0' || rest[i] == group) && GroupLength(rest[(i + 1)..], rest[i]) is > 0 and var length)
            {
                group = rest[i];
                digits.Append(rest.Slice(i + 1, length));
                i += 1 + length;
            }
        }
        var whole = digits.Length;
        if (i + 1 < rest.Length && rest[i] == decimalMark && char.IsAsciiDigit(rest[i + 1]))
        {
            digits.Append('.');
            for (i++; i < rest.Length && char.IsAsciiDigit(rest[i]); i++) digits.Append(rest[i]);
        }
        else if (whole > 0 && i < rest.Length && rest[i] == decimalMark && (i + 1 == rest.Length || char.IsWhiteSpace(rest[i + 1]) || rest[i + 1] == '-'))
        {
            // "5." and the Swiss "5.-".
            i += i + 1 < rest.Length && rest[i + 1] == '-' && i + 2 == rest.Length ? 2 : 1;
        }
        if (digits.Length == 0) { value = double.NaN; return false; }
        if (i + 1 < rest.Length && rest[i] is 'e' or 'E')
        {
            var end = i + 1;
            if (rest[end] is '+' or '-') end++;
            var first = end;
            while (end < rest.Length && char.IsAsciiDigit(rest[end])) end++;
            if (end > first) { digits.Append(rest[i..end]); i = end; }
        }
        rest = rest[i..];
        return double.TryParse(digits.ToString(), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
    }

    private static bool IsThousandsMark(char c, char decimalMark) => c is '\'' or '’' or ' ' or '\u00a0' or '\u202f' or '\u2009' || (c != decimalMark && c is ',' or '.' && c != decimalMark);

    /// <summary>2 or 3 digits, then no further one; 0 where there is no such group.</summary>
    private static int GroupLength(ReadOnlySpan<char> rest, char mark)
    {
        var length = 0;
        while (length < rest.Length && char.IsAsciiDigit(rest[length])) length++;
        if (length == 3) return 3;
        // 12,34,567: two digits only where another group follows.
        return length == 2 && mark == ',' && rest.Length > 3 && rest[2] == ',' && GroupLength(rest[3..], mark) > 0 ? 2 : 0;
    }

    private double SkipUnit(ref ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty) return 1;
        if (rest[0] == '+' && rest.Length == 1) { rest = default; return 1; }
        if (rest[0] == '%') { rest = rest[1..]; return percentAsFraction ? 0.01 : 1; }
        if (rest[0] == '‰') { rest = rest[1..]; return percentAsFraction ? 0.001 : 0.1; }
        var factor = magnitudes ? SkipMagnitude(ref rest) : 1;
        rest = rest.TrimStart();
        if (!rest.IsEmpty && rest[0] == '+' && rest.Length == 1) { rest = default; return factor; }
        // A unit begins with a letter, a currency or a mark such as °; digits may only follow a letter directly (m2).
        var start = rest;
        var i = 0;
        while (i < rest.Length)
        {
            var c = rest[i];
            var afterLetter = i > 0 && char.IsLetter(rest[i - 1]);
            if (char.IsLetter(c) || c is '°' or '²' or '³' or 'µ' or '"' or '″' || char.GetUnicodeCategory(c) == UnicodeCategory.CurrencySymbol) i++;
            else if (afterLetter && (c is '.' or '^' || (char.IsAsciiDigit(c) && (i + 1 == rest.Length || !char.IsAsciiDigit(rest[i + 1]))))) i++;
            else if (i > 0 && c == '/' && i + 1 < rest.Length && char.IsLetter(rest[i + 1])) i++;
            else if (i > 0 && char.IsWhiteSpace(c) && i + 1 < rest.Length && char.IsLetter(rest[i + 1]) && !IsTo(rest[(i + 1)..])) i++;
            else break;
        }
        // "to" right after the digits belongs to a range.
        if (IsTo(start)) return factor;
        rest = rest[i..];
        return factor;
    }

    private static double SkipMagnitude(ref ReadOnlySpan<char> rest)
    {
        ReadOnlySpan<(string Word, double Factor)> words =
            [("thousand", 1e3), ("million", 1e6), ("billion", 1e9), ("trillion", 1e12), ("mio", 1e6), ("mrd", 1e9), ("lakh", 1e5), ("crore", 1e7), ("bn", 1e9), ("k", 1e3), ("m", 1e6), ("b", 1e9), ("t", 1e12)];
        foreach (var (word, factor) in words)
        {
            if (!rest.StartsWith(word, StringComparison.OrdinalIgnoreCase) || (rest.Length > word.Length && char.IsLetter(rest[word.Length]))) continue;
            rest = rest[word.Length..];
            return factor;
        }
        return 1;
    }

    private static bool IsTo(ReadOnlySpan<char> rest) => rest.Length > 2 && rest.StartsWith("to", StringComparison.OrdinalIgnoreCase) && !char.IsLetter(rest[2]);

    private static bool TrySkipRangeMark(ref ReadOnlySpan<char> rest)
    {
        foreach (var word in new[] { "-", "–", "—", "−", "..", "to" })
        {
            if (!rest.StartsWith(word, StringComparison.OrdinalIgnoreCase)) continue;
            rest = rest[word.Length..].TrimStart();
            return true;
        }
        return false;
    }
}
