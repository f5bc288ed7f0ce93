using System.ComponentModel;
using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>Which part of a date is written first where all three are numbers.</summary>
public enum DatePartOrder
{
    [Description("the year: 2024-05-31")] YearFirst,
    [Description("the day: 31.05.2024")] DayFirst,
    [Description("the month: 05/31/2024")] MonthFirst,
}

/// <summary>Reads dates as people write them: <c>31.05.2024</c>, <c>5/31/24 2:30 PM</c>, <c>September 9, 2019</c>, <c>25-Sep-19</c>, <c>20240531</c>.</summary>
/// <param name="order">How dates of three numbers are written.</param>
/// <remarks>Stands word for word in exported C# programs.</remarks>
internal sealed class DateTexts(DatePartOrder order)
{
    /// <summary>What may follow a date; custom format strings of .NET.</summary>
    internal static readonly string[] Times = ["", " H:mm", " H:mm:ss", " H:mm:ss.FFFFFFF", " h:mm tt", " h:mm:ss tt", " h:mmtt"];
    private static readonly string[] Named = ["MMMM d, yyyy", "MMM d, yyyy", "MMMM d yyyy", "MMM d yyyy", "d MMMM yyyy", "d MMM yyyy", "d-MMM-yyyy", "d-MMM-yy", "d MMM yy", "MMM-yyyy", "MMM yyyy", "MMMM yyyy", "yyyy-MMM-d", "MMM. d, yyyy", "dddd, MMMM d, yyyy", "ddd, d MMM yyyy", "ddd MMM d yyyy"];
    private static readonly string[] YearFirst = [.. Numbers("yyyy{0}M{0}d"), "yyyyMMdd", "yyyy-MM", "yyyy/MM"];
    private static readonly string[] DayFirst = [.. Numbers("d{0}M{0}yyyy"), .. Numbers("d{0}M{0}yy")];
    private static readonly string[] MonthFirst = [.. Numbers("M{0}d{0}yyyy"), .. Numbers("M{0}d{0}yy")];

    /// <summary>How a date may be written; custom format strings of .NET.</summary>
    internal static string[] Dates(DatePartOrder order) => order switch
    {
        DatePartOrder.YearFirst => [.. YearFirst, .. Numbers("yy{0}M{0}d"), .. Named],
        DatePartOrder.DayFirst => [.. DayFirst, .. YearFirst, .. Named],
        _ => [.. MonthFirst, .. YearFirst, .. Named],
    };

    private readonly string[] _formats = [.. Times.SelectMany(time => Dates(order).Select(date => date + time))];

    // A column is mostly written in one way: the format that fitted last is tried first. No text fits two formats in different ways, so this changes no result.
    private int _last;

    public long Read(string text)
    {
        var trimmed = text.AsSpan().Trim();
        if (trimmed.Length is < 6 or > 60 || !trimmed.ContainsAnyInRange('0', '9')) return DateTimeColumn.MissingTicks;
        if (TryExact(trimmed, _last, out var ticks) || ColumnConversion.TryParseMoment(text, out ticks)) return ticks;
        for (var format = 0; format < _formats.Length; format++)
            if (format != _last && TryExact(trimmed, format, out ticks))
            {
                _last = format;
                return ticks;
            }
        return DateTimeColumn.MissingTicks;
    }

    private bool TryExact(ReadOnlySpan<char> text, int format, out long ticks)
    {
        var found = DateTime.TryParseExact(text, _formats[format], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowInnerWhite, out var moment);
        ticks = found ? moment.Ticks : DateTimeColumn.MissingTicks;
        return found;
    }

    private static IEnumerable<string> Numbers(string pattern) => new[] { "-", "/", ".", " " }.Select(mark => string.Format(CultureInfo.InvariantCulture, pattern, $"'{mark}'"));
}
