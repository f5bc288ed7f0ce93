using System.Globalization;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Splits;

/// <summary>A split that suits the data, and why, for people.</summary>
public sealed partial record SplitProposal(SplitPlan Plan, string Reason)
{
    private const int FewRows = 500;
    private const int SmallRows = 1_500;
    private const int MostRowsForFolds = 12_000;
    private const long MostCellsForFolds = 1_000_000;

    private const int FewestGroups = 10;
    private const double FewestRowsOfAGroup = 1.5;

    // An id of few values with many rows each is rather a code of a kind of thing than of one thing.
    private const double MostRowsOfAnId = 20;
    private const int FewestTimes = 20;
    private const double SortedShare = 0.99;

    /// <summary>What a person chose otherwise, for people: <c>3 folds instead of 5</c>; empty where the split is as proposed.</summary>
    /// <remarks>Stratification counts only where it does something: not in order of time, nor for numbers.</remarks>
    public IReadOnlyList<string> Changes(SplitPlan split, bool hasClasses)
    {
        List<string> changes = [];
        if (split.Method != Plan.Method || split.Column != Plan.Column) changes.Add($"{Way(split)} instead of {Way(Plan)}");
        if (split.TestFraction != Plan.TestFraction) changes.Add(string.Create(CultureInfo.InvariantCulture, $"{split.TestFraction * 100:0.##} % locked test rows instead of {Plan.TestFraction * 100:0.##} %"));
        if (split.Folds != Plan.Folds) changes.Add($"{Words(split.Folds, "fold")} instead of {Plan.Folds}");
        // In order of time there is one way to cut only.
        if (split.Repeats != Plan.Repeats && split.Method != SplitMethod.TimeOrdered) changes.Add($"{Words(split.Repeats, "repeat")} instead of {Plan.Repeats}");
        if (split.Stratified != Plan.Stratified && hasClasses && split.Method != SplitMethod.TimeOrdered) changes.Add(split.Stratified ? "stratified" : "not stratified");
        if (split.Seed != Plan.Seed) changes.Add(string.Create(CultureInfo.InvariantCulture, $"seed {split.Seed} instead of {Plan.Seed}"));
        return changes;
    }

    private static string Way(SplitPlan plan) => plan.Method switch
    {
        SplitMethod.Grouped => $"in whole groups of one {plan.Column}",
        SplitMethod.TimeOrdered => $"in order of {plan.Column}",
        SplitMethod.OwnColumn => $"as {plan.Column} says",
        _ => "at random",
    };

    /// <summary>Chance, cut by size: repeated cross-validation where rows are few and one cut says little; cross-validation up to where one fold says enough and five trainings take long.</summary>
    public static SplitProposal BySize(long rowCount, int columnCount, bool hasClasses)
    {
        var rows = Words(rowCount, "row");
        var plan = new SplitPlan(Stratified: hasClasses);
        return rowCount switch
        {
            <= FewRows => new(plan with { Repeats = 3 }, $"The rows are cut into five folds three times, because with {rows} a single cut says as much about chance as about models."),
            <= SmallRows => new(plan with { Repeats = 2 }, $"The rows are cut into five folds twice, because with {rows} a single cut says something about chance too."),
            <= MostRowsForFolds when rowCount * columnCount <= MostCellsForFolds => new(plan, $"Five folds, so that each of the {rows} judges once."),
            _ => new(plan with { Folds = 1 }, $"One hold-out, because {rows} with {Words(columnCount, "column")} are enough to judge by, and five trainings would take long."),
        };
    }

    /// <summary>By a column that marks the parts, by time, by groups, or by chance.</summary>
    /// <param name="table">The rows, or an even sample of them in their order.</param>
    /// <param name="target">The column to predict.</param>
    /// <param name="hasClasses">Whether the target holds classes.</param>
    /// <param name="profile">Of all rows, where the table is a sample of them; null where it is all.</param>
    public static SplitProposal Propose(Table table, string target, bool hasClasses, DatasetProfile? profile = null)
    {
        var rowCount = profile?.RowCount ?? table.RowCount;
        var bySize = BySize(rowCount, table.ColumnCount, hasClasses);
        if (table.RowCount == 0) return bySize;
        var columns = table.Columns.Where(c => c.Name != target && c.CountMissing() == 0).ToArray();
        if (columns.FirstOrDefault(c => IsNamedLikeParts(c.Name) && OwnParts.IsLikely(c)) is { } own)
            return new(bySize.Plan with { Method = SplitMethod.OwnColumn, Column = own.Name }, $"The parts are those that {own.Name} names ({Values(own)}).");
        var times = columns.Where(IsTime).Select(c => (Column: c, Order: Sortedness(c))).OrderByDescending(t => t.Order >= SortedShare).ToArray();
        var timeOrdered = bySize.Plan with { Method = SplitMethod.TimeOrdered, Repeats = 1 };
        if (times is [{ Order: >= SortedShare } sorted, ..])
            return new(timeOrdered with { Column = sorted.Column.Name }, $"Models are judged on the latest rows, because the rows are in order of {sorted.Column.Name} ({Span(sorted.Column)}) and new rows will be later still.");
        foreach (var column in columns)
            if (RowsOfAGroup(column, table, profile) is { } average)
                return new(bySize.Plan with { Method = SplitMethod.Grouped, Column = column.Name }, string.Create(CultureInfo.InvariantCulture, $"Rows of one {column.Name} stay together, because it repeats {average:0.#} times on average."));
        return times is [var named, ..]
            ? new(timeOrdered with { Column = named.Column.Name }, $"Models are judged on the latest rows, because {named.Column.Name} says when each row was ({Span(named.Column)}) and new rows will be later still.")
            : bySize;
    }

    /// <summary>Dates named as the time of the row, or any dates by which the rows are sorted; numbers only where both hold.</summary>
    private static bool IsTime(Column column) => column switch
    {
        DateTimeColumn when OtherTimeName().IsMatch(column.Name) => false,
        DateTimeColumn => (TimeName().IsMatch(Spaced(column.Name)) || Sortedness(column) >= SortedShare) && ColumnCodes.Of(column).Count >= FewestTimes,
        NumericColumn => TimestampName().IsMatch(Spaced(column.Name)) && Sortedness(column) >= SortedShare && ColumnCodes.Of(column).Count >= Math.Max(FewestTimes, column.Length / 10),
        _ => false,
    };

    /// <summary>Share of neighbouring rows that do not run backwards, or do not run forwards, whichever is more.</summary>
    private static double Sortedness(Column column)
    {
        if (column is DictionaryColumn || column.Length < 2) return 0;
        var (up, down) = (0, 0);
        for (var row = 1; row < column.Length; row++)
        {
            var difference = column is DateTimeColumn dates ? dates.Ticks[row].CompareTo(dates.Ticks[row - 1]) : ((NumericColumn)column).Values[row].CompareTo(((NumericColumn)column).Values[row - 1]);
            if (difference >= 0) up++;
            if (difference <= 0) down++;
        }
        return (double)Math.Max(up, down) / (column.Length - 1);
    }

    /// <summary>How many rows share a value on average, where the column names what rows are about, and more than once.</summary>
    /// <returns>Null where it does not group rows.</returns>
    private static double? RowsOfAGroup(Column column, Table table, DatasetProfile? profile)
    {
        var isEntity = EntityName().IsMatch(Spaced(column.Name));
        if (!isEntity && !IdName().IsMatch(Spaced(column.Name))) return null;
        if (column is DateTimeColumn || column.Kind == ColumnKind.Boolean || column is NumericColumn numbers && numbers.Values.ToArray().Any(v => v != Math.Floor(v))) return null;
        var (codes, count) = ColumnCodes.Of(column);
        var measured = profile?.Columns.FirstOrDefault(c => c.Name == column.Name);
        var distinct = Math.Max(count, measured?.DistinctCount ?? 0);
        var average = (double)(measured is null ? table.RowCount : profile!.RowCount) / distinct;
        if (distinct < FewestGroups || average < FewestRowsOfAGroup || !isEntity && average > MostRowsOfAnId) return null;
        // Of a sample the average speaks alone: two rows of one thing seldom come into it together.
        if (measured is not null && measured.RowCount > table.RowCount) return average;
        return ColumnCodes.Rows(codes, count).Where(rows => rows.Length > 1).Sum(rows => rows.Length) >= table.RowCount / 2 ? average : null;
    }

    private static string Values(Column own)
    {
        var (codes, count) = ColumnCodes.Of(own);
        var names = ColumnCodes.Rows(codes, count).Select(rows => own.GetText(rows[0])!).Order(StringComparer.Ordinal).ToArray();
        return string.Join(", ", names.Take(5)) + (names.Length > 5 ? ", …" : "");
    }

    private static string Span(Column time)
    {
        var order = TimeParts.Of(time).Rows;
        var (first, last) = (order(0, 1)[0], order(time.Length - 1, time.Length)[0]);
        return $"{time.GetText(first)} to {time.GetText(last)}";
    }

    private static string Words(long count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    /// <summary><c>customerID</c>, <c>customer_id</c> and <c>Customer Id</c> as <c>customer id</c>.</summary>
    private static string Spaced(string name) => Boundary().Replace(name, " ").ToLowerInvariant().Trim();

    private static bool IsNamedLikeParts(string name) => PartsName().IsMatch(Spaced(name));

    [GeneratedRegex(@"[ _.\-/]+|(?<=[a-z0-9])(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Boundary();

    [GeneratedRegex(@"^((data ?)?(split|set|subset|partition)|usage|(cv |k)?folds?( id| no| number)?|split ?set|train ?test( split)?)$", RegexOptions.CultureInvariant)]
    private static partial Regex PartsName();

    [GeneratedRegex(@"\b(date|datetime|time|timestamp|dteday|day|created|period|moment|when)\b|date$", RegexOptions.CultureInvariant)]
    private static partial Regex TimeName();

    /// <summary>Dates of other things than of the row.</summary>
    [GeneratedRegex(@"birth|dob|expir|\bdue|hire|hiring|deadline|maturity|built", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex OtherTimeName();

    [GeneratedRegex(@"\b(timestamp|datetime|unixtime|epoch|time|ts)\b", RegexOptions.CultureInvariant)]
    private static partial Regex TimestampName();

    [GeneratedRegex(@"^(?!.*\b(type|kind|category|class|status|group|state|zip|country|region|city|area|department|grade)\b).*\b(id|uuid|guid)$", RegexOptions.CultureInvariant)]
    private static partial Regex IdName();

    [GeneratedRegex(@"^(the )?(customer|client|patient|subject|user|person|participant|respondent|household|member|student|pupil|player|driver|device|machine|session|visitor|account|employee|animal|speaker|donor|passenger|group|family)( ?(id|no|number|nr|key|code|uuid|guid))?$", RegexOptions.CultureInvariant)]
    private static partial Regex EntityName();
}
