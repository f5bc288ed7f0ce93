using System.Globalization;

namespace ModelWorkbench.Core.Datasets;

/// <summary>In which order and with which marks a date is written.</summary>
internal enum DateOrder
{
    /// <summary>2026-01-31, with or without a time of day and an offset (ISO 8601).</summary>
    Iso,

    /// <summary>2026/01/31</summary>
    YearSlash,

    /// <summary>31.01.2026</summary>
    DayDot,

    /// <summary>01/31/2026</summary>
    MonthSlash,

    /// <summary>31/01/2026</summary>
    DaySlash,
}

/// <summary>Reads dates of one order into UTC ticks.</summary>
internal sealed class DateParser(DateOrder order)
{
    private static readonly string[][] Formats =
    [
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mmK",
            // As PostgreSQL and BigQuery write moments: 2026-01-31 08:00:00+00, 2026-01-31 08:00:00 UTC.
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzz", "yyyy-MM-dd HH:mm:ss.FFFFFFFzz", "yyyy-MM-dd HH:mm:ss.FFFFFFF 'UTC'"],
        WithTime("yyyy/M/d"),
        WithTime("d.M.yyyy"),
        WithTime("M/d/yyyy"),
        WithTime("d/M/yyyy"),
    ];

    private readonly string[] _formats = Formats[(int)order];

    // A column is mostly written in one way: the format that fitted last is tried first.
    private int _last;

    public static int OrderCount => Formats.Length;

    /// <summary>How a date of this order looks, for messages.</summary>
    public string Example => order switch
    {
        DateOrder.Iso => "yyyy-mm-dd",
        DateOrder.YearSlash => "yyyy/mm/dd",
        DateOrder.DayDot => "dd.mm.yyyy",
        DateOrder.MonthSlash => "mm/dd/yyyy",
        _ => "dd/mm/yyyy",
    };

    /// <param name="text">Without surrounding blanks.</param>
    /// <param name="ticks">UTC ticks; a time without an offset is taken as UTC.</param>
    public bool TryParse(ReadOnlySpan<char> text, out long ticks)
    {
        ticks = DateTimeColumn.MissingTicks;
        if (text.Length is < 8 or > 40 || !char.IsAsciiDigit(text[0])) return false;
        if (PlainDate.TryParse(order, text, out ticks)) return true;
        for (var i = 0; i < _formats.Length; i++)
        {
            var format = (_last + i) % _formats.Length;
            if (!DateTime.TryParseExact(text, _formats[format], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)) continue;
            _last = format;
            ticks = moment.Ticks;
            return true;
        }
        return false;
    }

    private static string[] WithTime(string date) => [date, date + " H:mm", date + " H:mm:ss"];
}
