using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>What a date is taken apart into.</summary>
public enum DatePart
{
    Year,

    /// <summary>1 to 4.</summary>
    Quarter,

    /// <summary>1 to 12.</summary>
    Month,

    /// <summary>Of the month, 1 to 31.</summary>
    Day,

    /// <summary>0 Monday to 6 Sunday, as pandas' dayofweek.</summary>
    Weekday,

    /// <summary>0 to 23, UTC.</summary>
    Hour,

    /// <summary>Days, with fractions, since a day.</summary>
    DaysSince,
}

/// <summary>Takes dates apart into numbers: <c>sold_year</c>, <c>sold_month</c>, <c>sold_days</c>.</summary>
/// <param name="Column">A column of dates; texts are read as dates by a step before.</param>
/// <param name="Parts">At least one.</param>
/// <param name="Since">For <see cref="DatePart.DaysSince"/>: an ISO 8601 date; null for the earliest of the training rows.</param>
/// <param name="KeepSource">Whether the dates stay.</param>
public sealed record DatePartsStep(
    [property: FieldWords("Column of dates", Kinds = [ColumnKind.DateTime])] string Column,
    [property: FieldWords("Parts")] IReadOnlyList<DatePart> Parts,
    [property: FieldWords("Days since", Help = "For the part days since: a date such as 2024-01-01; empty for the earliest of the training rows.")] string? Since = null,
    [property: FieldWords("Keep the dates")] bool KeepSource = false) : RecipeStep
{
    public override string Title => "Date parts";
    public override string Summary => $"{Column}: {string.Join(", ", Parts.Select(p => p == DatePart.DaysSince ? $"days since {Since ?? "the earliest training row"}" : p.ToString().ToLowerInvariant()))}";
    public override bool Learns => Since is null && Parts.Contains(DatePart.DaysSince);
    public override IReadOnlyList<string> InputColumns => [Column];
    public override IReadOnlyList<string> NewColumns => [.. Parts.Select(part => FittedDateParts.NameOf(Column, part))];

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckNames(table, [Column]);
        if (Parts.Count == 0) problems.Add(new StepProblem("No part is chosen; at least one was expected."));
        if (Since is not null && !ColumnConversion.TryParseMoment(Since, out _))
            problems.Add(new StepProblem($"Days are counted since '{Since}'; expected {ColumnConversion.Expected(ColumnKind.DateTime)}."));
        problems.AddRange(StepColumns.CheckFree(table, NewColumns));
        if (table.Find(Column) is not { } column) return problems;
        if (column.Kind != ColumnKind.DateTime)
            problems.Add(new StepProblem($"Column '{Column}' holds {StepColumns.Noun(column.Kind)}; a column of dates was expected. Read the dates from the text before this step.", Column));
        else if (Learns && column.CountMissing() == column.Length)
            problems.Add(new StepProblem($"Column '{Column}' has no date in {StepColumns.Count(column.Length, "row")} to count from; give a date.", Column));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var since = Since;
        if (Learns)
        {
            var earliest = long.MaxValue;
            foreach (var ticks in ((DateTimeColumn)rows[Column]).Ticks)
                if (ticks != DateTimeColumn.MissingTicks && ticks < earliest) earliest = ticks;
            since = new DateTimeColumn(Column, [earliest]).GetText(0);
        }
        return new FittedDateParts(Column, Parts, since, KeepSource, Learns);
    }
}

/// <param name="Since">ISO 8601; null where no days are counted.</param>
/// <param name="SinceLearnt">Whether that is the earliest date of the training rows.</param>
public sealed record FittedDateParts(string Column, IReadOnlyList<DatePart> Parts, string? Since, bool KeepSource, bool SinceLearnt) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => SinceLearnt ? [new LearntValue(Column, "earliest", Since!)] : [];
    public override IReadOnlyList<ColumnOrigin> Origins => [.. Parts.Select(part => new ColumnOrigin(NameOf(Column, part), [Column]))];
    public override IReadOnlyList<string> Removed => KeepSource ? [] : [Column];

    public override Func<double, double>? NumberMap(string column) => column == Column ? null : Unchanged;

    /// <summary>The parts of a missing date are missing.</summary>
    public override Table Replay(Table rows)
    {
        var ticks = rows[Column] is DateTimeColumn dates ? dates.Ticks
            : throw new ArgumentException($"Column '{Column}' holds {StepColumns.Noun(rows[Column].Kind)}; dates were expected, as in training.", nameof(rows));
        var columns = new List<Column>(Parts.Count);
        foreach (var part in Parts)
        {
            var map = MapOf(part);
            var values = new double[ticks.Length];
            for (var row = 0; row < values.Length; row++) values[row] = map(ticks[row]);
            columns.Add(new NumericColumn(NameOf(Column, part), values));
        }
        return StepColumns.Replace(rows, Column, columns, KeepSource);
    }

    /// <summary>From the ticks of a moment to this part of it; NaN for a missing one.</summary>
    internal Func<long, double> MapOf(DatePart part)
    {
        var since = Since is not null && ColumnConversion.TryParseMoment(Since, out var moment) ? moment : 0;
        return ticks => ticks == DateTimeColumn.MissingTicks ? double.NaN : Part(ticks, part, since);
    }

    internal static string NameOf(string column, DatePart part) => $"{column}_{(part == DatePart.DaysSince ? "days" : part.ToString().ToLowerInvariant())}";

    private static double Part(long ticks, DatePart part, long since)
    {
        if (part == DatePart.DaysSince) return (double)(ticks - since) / TimeSpan.TicksPerDay;
        var moment = new DateTime(ticks, DateTimeKind.Utc);
        return part switch
        {
            DatePart.Year => moment.Year,
            DatePart.Quarter => (moment.Month + 2) / 3,
            DatePart.Month => moment.Month,
            DatePart.Day => moment.Day,
            DatePart.Weekday => ((int)moment.DayOfWeek + 6) % 7,
            _ => moment.Hour,
        };
    }
}
