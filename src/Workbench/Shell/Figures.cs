using System.Globalization;

namespace ModelWorkbench.Workbench.Shell;

/// <summary>How numbers are written everywhere in the product: English decimals, thousands set apart by a narrow space; a dash where there is none.</summary>
public static class Figures
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    // U+202F NARROW NO-BREAK SPACE: a group mark that nobody reads as a decimal mark.
    private static readonly NumberFormatInfo Format = new() { NumberGroupSeparator = "\u202F", NegativeSign = "\u2212" };

    /// <summary>A whole number: <c>1 234 567</c>.</summary>
    public static string Count(long count) => count.ToString("N0", Format);

    /// <summary>A count with its noun: <c>1 row</c>, <c>1 234 rows</c>.</summary>
    /// <param name="plural">Needed where it is not the singular with an s.</param>
    public static string Count(long count, string singular, string? plural = null) =>
        $"{Count(count)} {(count == 1 ? singular : plural ?? singular + "s")}";

    /// <summary>A share from 0 to 1 as a percentage: <c>12.5 %</c>; a share that is not nothing and not all is never written as 0 % or 100 %.</summary>
    public static string Percent(double? share, int decimals = 1)
    {
        if (share is not { } value || !double.IsFinite(value)) return None;
        var step = Math.Pow(10, -decimals);
        var percent = value * 100;
        if (value > 0 && percent < step / 2) return $"< {step.ToString("F" + decimals, Format)} %";
        if (value < 1 && percent > 100 - step / 2) return $"> {(100 - step).ToString("F" + decimals, Format)} %";
        return (value is 0 or 1 ? percent.ToString("F0", Format) : percent.ToString("F" + decimals, Format)) + " %";
    }

    /// <summary>A metric's value: four decimals up to 10, fewer where the number is large, powers of ten where four decimals would show nothing.</summary>
    public static string Metric(double? value)
    {
        if (value is not { } number || double.IsNaN(number)) return None;
        if (double.IsInfinity(number)) return number > 0 ? "∞" : "−∞";
        return Math.Abs(number) switch
        {
            0 => "0.0000",
            < 0.0001 => Scientific(number),
            < 10 => number.ToString("F4", Format),
            < 1_000 => number.ToString("F2", Format),
            < 1e9 => number.ToString("N0", Format),
            _ => Scientific(number),
        };
    }

    /// <summary>A value of the data with at most <paramref name="digits"/> significant digits and no trailing zeros: <c>0.0123</c>, <c>1 234 500</c>.</summary>
    public static string Number(double? value, int digits = 5)
    {
        if (value is not { } number || double.IsNaN(number)) return None;
        if (double.IsInfinity(number)) return number > 0 ? "∞" : "−∞";
        if (number == 0) return "0";
        var magnitude = (int)Math.Floor(Math.Log10(Math.Abs(number)));
        if (magnitude is < -4 or > 9) return Scientific(number);
        var decimals = Math.Clamp(digits - 1 - magnitude, 0, 15);
        var text = Math.Round(number, decimals).ToString("N" + decimals, Format);
        return decimals == 0 ? text : text.TrimEnd('0').TrimEnd('.');
    }

    /// <summary>A size in powers of 1,000: <c>512 B</c>, <c>1.5 KB</c>, <c>2.3 GB</c>.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KB", "MB", "GB", "TB"];
        double size = bytes;
        var unit = 0;
        while (Math.Abs(size) >= 999.95 && unit < units.Length - 1)
        {
            size /= 1000;
            unit++;
        }
        return $"{size.ToString(unit == 0 ? "F0" : "F1", Format)} {units[unit]}";
    }

    /// <summary>A number of microseconds, in the unit that suits it.</summary>
    public static string Microseconds(double? microseconds) => microseconds is { } value && double.IsFinite(value) ? Seconds(value / 1e6) : None;

    /// <summary>A duration in the unit that suits it: <c>84 ns</c>, <c>12 µs</c>, <c>45 ms</c>, <c>1.2 s</c>, <c>3 min 20 s</c>, <c>2 h 5 min</c>.</summary>
    public static string Duration(TimeSpan duration) => Seconds(duration.TotalSeconds);

    private static string Seconds(double seconds) => seconds switch
    {
        < 0 => None,
        0 => "0 s",
        < 0.0000009995 => $"{(seconds * 1e9).ToString(seconds < 0.00000000995 ? "F1" : "F0", Format)} ns",
        < 0.0009995 => $"{(seconds * 1e6).ToString(seconds < 0.00000995 ? "F1" : "F0", Format)} µs",
        < 0.9995 => $"{(seconds * 1e3).ToString(seconds < 0.00995 ? "F1" : "F0", Format)} ms",
        < 59.95 => $"{seconds.ToString("F1", Format)} s",
        < 3599.5 => $"{(long)Math.Round(seconds) / 60} min {(long)Math.Round(seconds) % 60} s",
        _ => $"{(long)Math.Round(seconds / 60) / 60} h {(long)Math.Round(seconds / 60) % 60} min",
    };

    private static string Scientific(double number) => number.ToString("0.00e0", Format);
}
