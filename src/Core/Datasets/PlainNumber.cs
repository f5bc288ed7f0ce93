namespace ModelWorkbench.Core.Datasets;

/// <summary>Reads the numbers that make up nearly all files, sign and up to 18 digits with or without a decimal mark, several times as fast as the general parser.</summary>
internal static class PlainNumber
{
    private const int MaxDigits = 18;
    private const long MaxExact = 1L << 53;

    // Powers of ten that a double holds exactly.
    private static readonly double[] Powers =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <typeparam name="T">Characters, or bytes of ASCII.</typeparam>
    /// <returns>False where the text is not so simple; it may be a number all the same.</returns>
    /// <remarks>
    /// The quotient of two whole numbers that doubles hold exactly is rounded once, so it is the double nearest to the decimal number, as the general
    /// parser gives it: Clinger (1990), How to read floating point numbers accurately, PLDI.
    /// </remarks>
    public static bool TryParse<T>(ReadOnlySpan<T> text, T decimalMark, out double value) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        value = double.NaN;
        var at = 0;
        var negative = false;
        if (text.Length > 0 && int.CreateTruncating(text[0]) is '-' or '+')
        {
            negative = int.CreateTruncating(text[0]) == '-';
            at = 1;
        }
        var start = at;
        if (text.Length - start is 0 or > MaxDigits + 1) return false;
        long digits = 0;
        var mark = -1;
        for (; at < text.Length; at++)
        {
            var digit = (uint)(int.CreateTruncating(text[at]) - '0');
            if (digit <= 9) digits = digits * 10 + digit;
            else if (text[at] == decimalMark && mark < 0 && at > start) mark = at;
            else return false;
        }
        var decimals = mark < 0 ? 0 : text.Length - mark - 1;
        if (digits > MaxExact || (mark < 0 && text.Length - start > MaxDigits)) return false;
        value = decimals == 0 ? digits : digits / Powers[decimals];
        if (negative) value = -value;
        return true;
    }
}

/// <summary>Reads the dates that make up nearly all files: digits at their places, with or without hours, minutes and seconds.</summary>
internal static class PlainDate
{
    /// <returns>False where the text is not so simple; it may be a date all the same.</returns>
    public static bool TryParse(DateOrder order, ReadOnlySpan<char> text, out long ticks)
    {
        ticks = DateTimeColumn.MissingTicks;
        var (mark, yearFirst) = order switch
        {
            DateOrder.Iso => ('-', true),
            DateOrder.YearSlash => ('/', true),
            DateOrder.DayDot => ('.', false),
            _ => ('/', false),
        };
        var at = 0;
        if (!ReadNumber(text, ref at, out var first, out var firstLength) || !Skip(text, ref at, mark)) return false;
        if (!ReadNumber(text, ref at, out var second, out var secondLength) || !Skip(text, ref at, mark)) return false;
        if (!ReadNumber(text, ref at, out var third, out var thirdLength)) return false;
        var (year, yearLength, month, monthLength, day, dayLength) = yearFirst ? (first, firstLength, second, secondLength, third, thirdLength)
            : order == DateOrder.MonthSlash ? (third, thirdLength, first, firstLength, second, secondLength)
            : (third, thirdLength, second, secondLength, first, firstLength);
        if (yearLength != 4 || monthLength > 2 || dayLength > 2 || (order == DateOrder.Iso && (monthLength != 2 || dayLength != 2))) return false;
        if (year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month)) return false;
        int hour = 0, minute = 0, seconds = 0;
        if (at < text.Length)
        {
            if (text[at] != ' ' && !(order == DateOrder.Iso && text[at] == 'T')) return false;
            at++;
            if (!ReadNumber(text, ref at, out hour, out var hourLength) || hourLength > 2 || (order == DateOrder.Iso && hourLength != 2) || hour > 23) return false;
            if (!Skip(text, ref at, ':') || !ReadNumber(text, ref at, out minute, out var minuteLength) || minuteLength != 2 || minute > 59) return false;
            if (at < text.Length && (!Skip(text, ref at, ':') || !ReadNumber(text, ref at, out seconds, out var secondsLength) || secondsLength != 2 || seconds > 59)) return false;
            if (at < text.Length) return false;
        }
        ticks = new DateTime(year, month, day, hour, minute, seconds, DateTimeKind.Utc).Ticks;
        return true;
    }

    private static bool ReadNumber(ReadOnlySpan<char> text, ref int at, out int number, out int length)
    {
        var start = at;
        number = 0;
        for (; at < text.Length && at - start < 5 && char.IsAsciiDigit(text[at]); at++) number = number * 10 + (text[at] - '0');
        length = at - start;
        return length > 0;
    }

    private static bool Skip(ReadOnlySpan<char> text, ref int at, char mark) => at < text.Length && text[at++] == mark;
}
