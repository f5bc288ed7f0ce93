using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>What goes where a value is missing.</summary>
public enum FillMethod
{
    [Description("the mean")] Mean,
    [Description("the median")] Median,
    [Description("the most frequent value")] MostFrequent,
    [Description("a constant")] Constant,
}

/// <summary>Puts a value where none is: learnt from the training rows, or a constant.</summary>
/// <param name="Columns">Which columns; empty for all that the method can fill (mean and median: the numeric ones) but <paramref name="GroupBy"/>.</param>
/// <param name="Method">Mean and median need numbers; of equally frequent values the smallest is taken, as scikit-learn's SimpleImputer does.</param>
/// <param name="Constant">For <see cref="FillMethod.Constant"/>: the value in invariant form, of the columns' kind.</param>
/// <param name="GroupBy">A column: what is filled in is learnt for each of its values; for a group without values, or one that training rows did not have, that of all rows is taken. Null for no groups.</param>
/// <param name="Flag">Whether a column <c>age_was_missing</c> tells which values were missing. Named columns all get one; of "all columns" those that have missing values.</param>
public sealed record FillMissingStep(
    [property: FieldWords("Columns to fill")] IReadOnlyList<string> Columns,
    [property: FieldWords("Fill with")] FillMethod Method,
    [property: FieldWords("Constant", Help = "Numbers with a decimal point, dates as 2024-05-31.")] string? Constant = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault), FieldWords("For each group of", Help = "The value is learnt for each value of this column; for groups that training rows did not have, that of all rows is taken.", NoneMeans = "no groups")] string? GroupBy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault), FieldWords("Add a column that tells which values were missing")] bool Flag = false) : RecipeStep
{
    /// <summary>Beyond this a group is rather an identifier, and the model would carry a value for each.</summary>
    public const int MostGroups = 10_000;

    public override IReadOnlyList<StepField> Fields =>
    [
        .. StepField.Derive(this).Where(f => f.Name switch { "constant" => Method == FillMethod.Constant, "groupBy" => Method != FillMethod.Constant, _ => true })
            .Select(f => f is StepField.ColumnList columns
                ? columns with { Kinds = NeedsNumbers ? [ColumnKind.Numeric] : [], NoneMeans = NeedsNumbers ? "None chosen: all numeric columns" : "None chosen: all columns" }
                : f)
            // What the columns may be hangs on the method, so that comes first.
            .OrderBy(f => f.Name == "columns"),
    ];

    public override string Title => "Fill missing values";
    public override bool Learns => Method != FillMethod.Constant;
    public override IReadOnlyList<string> InputColumns => GroupBy is null || Columns.Count == 0 ? Columns : [.. Columns, GroupBy];
    public override IReadOnlyList<string> NewColumns => Flag ? [.. Columns.Select(FlagName)] : [];

    public override string Summary => $"{StepColumns.Describe(Columns, NeedsNumbers ? "all numeric columns" : "all columns")}: " + Method switch
    {
        FillMethod.Mean => "mean of the training rows",
        FillMethod.Median => "median of the training rows",
        FillMethod.MostFrequent => "most frequent value of the training rows",
        _ => $"'{Constant}'",
    } + (GroupBy is null ? "" : $" with the same {GroupBy}") + (Flag ? ", with a column that tells what was missing" : "");

    private bool NeedsNumbers => Method is FillMethod.Mean or FillMethod.Median;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var columns = Resolve(table);
        var problems = NeedsNumbers ? StepColumns.CheckNumeric(table, columns) : StepColumns.CheckNames(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem(NeedsNumbers ? "There is no numeric column." : "There is no column."));
        if (GroupBy is not null) CheckGroups(table, columns, problems);
        if (Flag) problems.AddRange(StepColumns.CheckFree(table, [.. columns.Select(FlagName)]));
        if (Method == FillMethod.Constant && string.IsNullOrEmpty(Constant))
        {
            problems.Add(new StepProblem("The constant to fill in is empty."));
            return problems;
        }
        foreach (var column in columns.Distinct().Select(table.Find).OfType<Column>())
        {
            if (Method == FillMethod.Constant)
            {
                if (WhyNotConstant(column) is { } reason) problems.Add(new StepProblem(reason, column.Name));
            }
            else if (column.CountMissing() == column.Length)
                problems.Add(new StepProblem($"Column '{column.Name}' has no value in {StepColumns.Count(column.Length, "row")} to learn from; drop it or fill it with a constant.", column.Name));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var columns = Resolve(rows);
        var groups = GroupBy is null ? null : Groups(rows[GroupBy]);
        return new FittedFillMissing([.. columns.Select(name => new ColumnFill(name, Learn(rows[name])) { ByGroup = groups is null ? null : LearnByGroup(rows[name], groups) })])
        {
            GroupBy = GroupBy,
            Flagged = Flag ? [.. Columns.Count > 0 ? columns : columns.Where(name => rows[name].CountMissing() > 0)] : null,
        };
    }

    internal static string FlagName(string column) => column + "_was_missing";

    private IReadOnlyList<string> Resolve(Table table) =>
        StepColumns.Resolve(table, Columns, column => column.Name != GroupBy && (!NeedsNumbers || StepColumns.IsNumeric(column)));

    private void CheckGroups(Table table, IReadOnlyList<string> columns, List<StepProblem> problems)
    {
        if (Method == FillMethod.Constant) problems.Add(new StepProblem("A constant is the same for all groups; choose mean, median or most frequent value, or no groups.", GroupBy));
        if (columns.Contains(GroupBy!)) problems.Add(new StepProblem($"Column '{GroupBy}' makes the groups, so it cannot be filled by them.", GroupBy));
        else if (table.Find(GroupBy!) is not { } column) problems.AddRange(StepColumns.CheckNames(table, [GroupBy!]));
        else if (Groups(column).Count is var count and > MostGroups)
            problems.Add(new StepProblem($"Column '{GroupBy}' has {count} different values, expected at most {MostGroups} groups.", GroupBy));
    }

    private string? WhyNotConstant(Column column)
    {
        var expected = column switch
        {
            NumericColumn when !ColumnConversion.TryParseNumber(Constant!, out _) => ColumnConversion.Expected(ColumnKind.Numeric),
            DateTimeColumn when !ColumnConversion.TryParseMoment(Constant!, out _) => ColumnConversion.Expected(ColumnKind.DateTime),
            DictionaryColumn { Kind: ColumnKind.Boolean, Values.Count: > 0 } names when !names.Values.Contains(Constant!) => string.Join(" or ", names.Values),
            _ => null,
        };
        return expected is null ? null : $"Column '{column.Name}' holds {StepColumns.Noun(column.Kind)}: found the constant '{Constant}', expected {expected}.";
    }

    /// <summary>The rows of each group, 0-based; rows whose group is missing are in none.</summary>
    private static Dictionary<string, List<int>> Groups(Column column)
    {
        var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        if (column is DictionaryColumn names)
        {
            var byCode = new List<int>?[names.Values.Count];
            for (var row = 0; row < names.Length; row++)
                if (names.Codes[row] is >= 0 and var code) (byCode[code] ??= []).Add(row);
            for (var code = 0; code < byCode.Length; code++)
                if (byCode[code] is { } rows) groups.Add(names.Values[code], rows);
            return groups;
        }
        for (var row = 0; row < column.Length; row++)
        {
            if (column.GetText(row) is not { } text) continue;
            if (!groups.TryGetValue(text, out var rows)) groups.Add(text, rows = []);
            rows.Add(row);
        }
        return groups;
    }

    private SortedDictionary<string, string> LearnByGroup(Column column, Dictionary<string, List<int>> groups)
    {
        var fills = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (group, rows) in groups)
        {
            var part = column.Take(rows.FindAll(row => !column.IsMissing(row)).ToArray());
            if (part.Length > 0) fills.Add(group, Learn(part));
        }
        return fills;
    }

    private string Learn(Column column) => (Method, column) switch
    {
        (FillMethod.Constant, _) => Constant!,
        (FillMethod.Mean, NumericColumn numbers) => Text(Mean(Present(numbers))),
        (FillMethod.Median, NumericColumn numbers) => Text(Median(Sorted(Present(numbers)))),
        (_, NumericColumn numbers) => Text(Mode(Sorted(Present(numbers)))),
        (_, DateTimeColumn moments) => new DateTimeColumn(column.Name, [Mode(Sorted(Array.FindAll(moments.Ticks.ToArray(), ticks => ticks != DateTimeColumn.MissingTicks)))]).GetText(0)!,
        (_, DictionaryColumn names) => Mode(names),
        _ => throw new ArgumentException($"Column '{column.Name}' is of an unknown type {column.GetType().Name}.", nameof(column)),
    };

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double[] Present(NumericColumn column) => Array.FindAll(column.Values.ToArray(), value => !double.IsNaN(value));

    private static T[] Sorted<T>(T[] values)
    {
        Array.Sort(values);
        return values;
    }

    private static double Mean(double[] values)
    {
        var mean = values.Average();
        // The sum of huge numbers may exceed double where their mean does not.
        return double.IsFinite(mean) ? mean : values.Sum(value => value / values.Length);
    }

    private static double Median(double[] sorted) => sorted[(sorted.Length - 1) / 2] / 2 + sorted[sorted.Length / 2] / 2;

    /// <summary>The value of the longest run; of equally long ones the first, which is the smallest.</summary>
    private static T Mode<T>(T[] sorted) where T : IEquatable<T>
    {
        var (best, longest) = (sorted[0], 0);
        for (var start = 0; start < sorted.Length;)
        {
            var end = start;
            while (end < sorted.Length && sorted[end].Equals(sorted[start])) end++;
            if (end - start > longest) (best, longest) = (sorted[start], end - start);
            start = end;
        }
        return best;
    }

    private static string Mode(DictionaryColumn column)
    {
        var counts = new Dictionary<int, int>();
        foreach (var code in column.Codes)
            if (code >= 0) counts[code] = counts.GetValueOrDefault(code) + 1;
        return counts.Select(c => (Value: column.Values[c.Key], Count: c.Value)).OrderByDescending(v => v.Count).ThenBy(v => v.Value, StringComparer.Ordinal).First().Value;
    }
}

/// <summary>What is filled into a column: the value in invariant form, which loses nothing.</summary>
public sealed record ColumnFill(string Column, string Value)
{
    /// <summary>For each group its own value; null where there are no groups.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? ByGroup { get; init; }
}

public sealed record FittedFillMissing(IReadOnlyList<ColumnFill> Fills) : FittedStep
{
    /// <summary>The column whose values are the groups; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GroupBy { get; init; }

    /// <summary>The columns that get another beside them that tells what was missing; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Flagged { get; init; }

    public override IReadOnlyList<LearntValue> Learnt =>
    [
        .. Fills.SelectMany(fill => new[] { new LearntValue(fill.Column, "fill", fill.Value) }
            .Concat(fill.ByGroup is null ? [] : LearntValue.Cut(fill.Column, fill.ByGroup.Select(g => new LearntValue(fill.Column, $"fill where {GroupBy} is {g.Key}", g.Value))))),
    ];

    public override IReadOnlyList<ColumnOrigin> Origins =>
    [
        .. GroupBy is null ? [] : Fills.Select(fill => new ColumnOrigin(fill.Column, [fill.Column, GroupBy])),
        .. (Flagged ?? []).Select(name => new ColumnOrigin(FillMissingStep.FlagName(name), [name])),
    ];

    public override Table Replay(Table rows)
    {
        var flags = (Flagged ?? []).Select(name => StepColumns.Flag(FillMissingStep.FlagName(name), rows[name].Length, rows[name].IsMissing)).ToArray();
        var group = GroupBy is null ? null : rows[GroupBy];
        var filled = StepColumns.Change(rows, [.. Fills.Select(fill => fill.Column)], (column, i) =>
            column.CountMissing() == 0 ? column : Fills[i].ByGroup is { } byGroup && group is not null ? FillByGroup(column, Fills[i].Value, byGroup, group) : Fill(column, Fills[i].Value));
        return flags.Length == 0 ? filled : StepColumns.Append(filled, flags);
    }

    public override Func<double, double>? NumberMap(string column)
    {
        if (Fills.FirstOrDefault(f => f.Column == column) is not { } fill) return Unchanged;
        // By group it hangs on another column.
        if (fill.ByGroup is not null || !ColumnConversion.TryParseNumber(fill.Value, out var number)) return null;
        return value => double.IsNaN(value) ? number : value;
    }

    /// <summary>Fills a short column once a group, and takes from there: each kind of column knows how to read its value.</summary>
    private static Column FillByGroup(Column column, string fallback, IReadOnlyDictionary<string, string> byGroup, Column group)
    {
        var fills = byGroup.Values.Append(fallback).Distinct(StringComparer.Ordinal).ToArray();
        var position = fills.Index().ToDictionary(f => f.Item, f => f.Index, StringComparer.Ordinal);
        var other = position[fallback];
        int[]? byCode = group is DictionaryColumn names ? [.. names.Values.Select(value => byGroup.TryGetValue(value, out var fill) ? position[fill] : other)] : null;
        int Choose(int row)
        {
            if (byCode is not null) return ((DictionaryColumn)group).Codes[row] is >= 0 and var code ? byCode[code] : other;
            return group.GetText(row) is { } text && byGroup.TryGetValue(text, out var fill) ? position[fill] : other;
        }
        switch (column)
        {
            case NumericColumn numbers:
                var values = numbers.Values.ToArray();
                var numbersByFill = fills.Select(fill => ((NumericColumn)Fill(new NumericColumn(column.Name, [double.NaN]), fill)).Values[0]).ToArray();
                for (var row = 0; row < values.Length; row++)
                    if (double.IsNaN(values[row])) values[row] = numbersByFill[Choose(row)];
                return new NumericColumn(column.Name, values);
            case DateTimeColumn moments:
                var ticks = moments.Ticks.ToArray();
                var ticksByFill = fills.Select(fill => ((DateTimeColumn)Fill(new DateTimeColumn(column.Name, [DateTimeColumn.MissingTicks]), fill)).Ticks[0]).ToArray();
                for (var row = 0; row < ticks.Length; row++)
                    if (ticks[row] == DateTimeColumn.MissingTicks) ticks[row] = ticksByFill[Choose(row)];
                return new DateTimeColumn(column.Name, ticks);
            case DictionaryColumn texts:
                var all = texts.Values.ToList();
                var index = all.Index().ToDictionary(v => v.Item, v => v.Index, StringComparer.Ordinal);
                var codeByFill = new int[fills.Length];
                for (var i = 0; i < fills.Length; i++)
                {
                    if (!index.TryGetValue(fills[i], out codeByFill[i])) { index.Add(fills[i], codeByFill[i] = all.Count); all.Add(fills[i]); }
                }
                var codes = texts.Codes.ToArray();
                for (var row = 0; row < codes.Length; row++)
                    if (codes[row] < 0) codes[row] = codeByFill[Choose(row)];
                return new DictionaryColumn(column.Name, column.Kind, codes, [.. all]);
            default:
                throw new ArgumentException($"Column '{column.Name}' is of an unknown type {column.GetType().Name}.", nameof(column));
        }
    }

    private static Column Fill(Column column, string value)
    {
        switch (column)
        {
            case NumericColumn numbers when ColumnConversion.TryParseNumber(value, out var number):
                var values = numbers.Values.ToArray();
                values.AsSpan().Replace(double.NaN, number);
                return new NumericColumn(column.Name, values);
            case DateTimeColumn moments when ColumnConversion.TryParseMoment(value, out var moment):
                var ticks = moments.Ticks.ToArray();
                ticks.AsSpan().Replace(DateTimeColumn.MissingTicks, moment);
                return new DateTimeColumn(column.Name, ticks);
            case DictionaryColumn names:
                var texts = names.Values.ToList();
                var code = texts.IndexOf(value);
                if (code < 0) { code = texts.Count; texts.Add(value); }
                var codes = names.Codes.ToArray();
                codes.AsSpan().Replace(DictionaryColumn.MissingCode, code);
                return new DictionaryColumn(column.Name, column.Kind, codes, [.. texts]);
            default:
                throw new ArgumentException($"Column '{column.Name}' holds {StepColumns.Noun(column.Kind)}; '{value}' was learnt from a column of another kind.", nameof(column));
        }
    }
}
