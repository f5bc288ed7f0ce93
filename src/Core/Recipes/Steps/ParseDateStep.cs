using System.ComponentModel;
using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Which part of a date is written first where all three are numbers.</summary>
public enum DatePartOrder
{
    [Description("the year: 2024-05-31")] YearFirst,
    [Description("the day: 31.05.2024")] DayFirst,
    [Description("the month: 05/31/2024")] MonthFirst,
}

/// <summary>Reads dates out of texts: <c>31.05.2024</c>, <c>5/31/24 2:30 PM</c>, <c>September 9, 2019</c>, <c>25-Sep-19</c>, <c>20240531</c>.</summary>
/// <param name="Columns">At least one. A column that holds dates already stays as it is.</param>
/// <param name="Order">How dates of three numbers are written; month names are understood in English whatever the order.</param>
/// <param name="AllowMissing">Whether texts that are no date may become missing; otherwise they are a problem.</param>
public sealed record ParseDateStep(
    [property: FieldWords("Columns to read as dates")] IReadOnlyList<string> Columns,
    [property: FieldWords("Written first", Help = "For dates of three numbers; names of months are understood in any order.")] DatePartOrder Order,
    [property: FieldWords("Texts that are no date become missing")] bool AllowMissing = false) : RecipeStep
{
    public override string Title => "Read dates from text";
    public override string Summary => $"{StepColumns.Describe(Columns, "none chosen")}, {Order switch { DatePartOrder.YearFirst => "year first", DatePartOrder.DayFirst => "day first", _ => "month first" }}{(AllowMissing ? ", others become missing" : "")}";
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        if (Columns.Count == 0) return [new StepProblem("No column is chosen; at least one was expected.")];
        var problems = StepColumns.CheckNames(table, Columns);
        foreach (var name in Columns.Distinct())
        {
            if (table.Find(name) is not { } before || before.Kind == ColumnKind.DateTime) continue;
            if (before.Kind == ColumnKind.Boolean) { problems.Add(new StepProblem($"Column '{name}' holds {StepColumns.Noun(before.Kind)}; a text or category column was expected.", name)); continue; }
            if (AllowMissing) continue;
            var after = FittedParseDate.Read(before, Order);
            var (lost, first) = (0, -1);
            for (var row = 0; row < after.Length; row++)
                if (after.IsMissing(row) && !before.IsMissing(row) && lost++ == 0) first = row;
            if (lost > 0)
                problems.Add(new StepProblem(
                    $"{StepColumns.Count(lost, "value")} of column '{name}' cannot be read as dates, the first on line {table.LineNumbers[first]}: found '{before.GetText(first)}', expected a date such as {FittedParseDate.Example(Order)}.",
                    name, table.LineNumbers[first]));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedParseDate(Columns, Order);
    }
}

public sealed record FittedParseDate(IReadOnlyList<string> Columns, DatePartOrder Order) : FittedStep
{
    private static readonly string[] Times = ["", " H:mm", " H:mm:ss", " H:mm:ss.FFFFFFF", " h:mm tt", " h:mm:ss tt", " h:mmtt"];
    private static readonly string[] Named = ["MMMM d, yyyy", "MMM d, yyyy", "MMMM d yyyy", "MMM d yyyy", "d MMMM yyyy", "d MMM yyyy", "d-MMM-yyyy", "d-MMM-yy", "d MMM yy", "MMM-yyyy", "MMM yyyy", "MMMM yyyy", "yyyy-MMM-d", "MMM. d, yyyy", "dddd, MMMM d, yyyy", "ddd, d MMM yyyy", "ddd MMM d yyyy"];
    private static readonly string[] YearFirst = [.. Numbers("yyyy{0}M{0}d"), "yyyyMMdd", "yyyy-MM", "yyyy/MM"];
    private static readonly string[] DayFirst = [.. Numbers("d{0}M{0}yyyy"), .. Numbers("d{0}M{0}yy")];
    private static readonly string[] MonthFirst = [.. Numbers("M{0}d{0}yyyy"), .. Numbers("M{0}d{0}yy")];

    private static readonly Dictionary<DatePartOrder, string[]> Formats = new()
    {
        [DatePartOrder.YearFirst] = WithTimes([.. YearFirst, .. Numbers("yy{0}M{0}d"), .. Named]),
        [DatePartOrder.DayFirst] = WithTimes([.. DayFirst, .. YearFirst, .. Named]),
        [DatePartOrder.MonthFirst] = WithTimes([.. MonthFirst, .. YearFirst, .. Named]),
    };

    public override IReadOnlyList<string> ReadTexts => Columns;

    /// <summary>Texts that are no date become missing.</summary>
    public override Table Replay(Table rows) => StepColumns.Change(rows, Columns, (column, _) => Read(column, Order));

    internal static string Example(DatePartOrder order) => order switch
    {
        DatePartOrder.YearFirst => "2024-05-31, 20240531 or May 31, 2024",
        DatePartOrder.DayFirst => "31.05.2024, 31/5/24 or 31 May 2024",
        _ => "05/31/2024, 5-31-24 or May 31, 2024",
    };

    internal static Column Read(Column column, DatePartOrder order)
    {
        switch (column)
        {
            case DateTimeColumn:
                return column;
            case DictionaryColumn texts:
                var reader = new Reader(Formats[order]);
                var byCode = new long[texts.Values.Count];
                for (var code = 0; code < byCode.Length; code++) byCode[code] = reader.Read(texts.Values[code]);
                var ticks = new long[texts.Length];
                for (var row = 0; row < ticks.Length; row++) ticks[row] = texts.Codes[row] is >= 0 and var code ? byCode[code] : DateTimeColumn.MissingTicks;
                return new DateTimeColumn(column.Name, ticks);
            default:
                // Numbers such as 20240531.
                var numbers = new Reader(Formats[order]);
                var moments = new long[column.Length];
                for (var row = 0; row < moments.Length; row++) moments[row] = column.GetText(row) is { } text ? numbers.Read(text) : DateTimeColumn.MissingTicks;
                return new DateTimeColumn(column.Name, moments);
        }
    }

    private static IEnumerable<string> Numbers(string pattern) => new[] { "-", "/", ".", " " }.Select(mark => string.Format(CultureInfo.InvariantCulture, pattern, $"'{mark}'"));

    private static string[] WithTimes(string[] dates) => [.. Times.SelectMany(time => dates.Select(date => date + time))];

    private sealed class Reader(string[] formats)
    {
        // A column is mostly written in one way: the format that fitted last is tried first. No text fits two formats in different ways, so this changes no result.
        private int _last;

        public long Read(string text)
        {
            var trimmed = text.AsSpan().Trim();
            if (trimmed.Length is < 6 or > 60 || !trimmed.ContainsAnyInRange('0', '9')) return DateTimeColumn.MissingTicks;
            if (TryExact(trimmed, _last, out var ticks) || ColumnConversion.TryParseMoment(text, out ticks)) return ticks;
            for (var format = 0; format < formats.Length; format++)
                if (format != _last && TryExact(trimmed, format, out ticks))
                {
                    _last = format;
                    return ticks;
                }
            return DateTimeColumn.MissingTicks;
        }

        private bool TryExact(ReadOnlySpan<char> text, int format, out long ticks)
        {
            var found = DateTime.TryParseExact(text, formats[format], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowInnerWhite, out var moment);
            ticks = found ? moment.Ticks : DateTimeColumn.MissingTicks;
            return found;
        }
    }
}
