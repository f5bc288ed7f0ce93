using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Makes values that only stand for "missing" missing: -999, 0 where it is impossible, "unknown".</summary>
/// <param name="Columns">Which columns, the target too where it is named; empty for all but the target.</param>
/// <param name="Values">At least one. In numeric columns those that are numbers are looked for, in date columns those that are dates, elsewhere the texts, in any case of letters.</param>
public sealed record ValuesToMissingStep(
    [property: FieldWords("Columns to look at", NoneMeans = "None chosen: all columns")] IReadOnlyList<string> Columns,
    [property: FieldWords("Values that stand for missing", Help = "Such as -999, 0 or unknown.")] IReadOnlyList<string> Values) : RecipeStep
{
    public override string Title => "Values to missing";
    public override string Summary => $"{StepColumns.Describe(Columns, "all columns")}: {(Values.Count == 0 ? "no value chosen" : string.Join(", ", Values.Select(v => $"'{v}'")))}";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => Columns.Count > 0;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckNames(table, Columns);
        if (Values.Count == 0) return [.. problems, new StepProblem("No value is chosen; at least one was expected.")];
        foreach (var column in Columns.Distinct().Select(table.Find).OfType<Column>())
        {
            if (column is NumericColumn && !Values.Any(v => ColumnConversion.TryParseNumber(v.Trim(), out _)))
                problems.Add(new StepProblem($"Column '{column.Name}' holds numbers: found {string.Join(", ", Values.Select(v => $"'{v}'"))}, expected {ColumnConversion.Expected(ColumnKind.Numeric)}.", column.Name));
            if (column is DateTimeColumn && !Values.Any(v => ColumnConversion.TryParseMoment(v, out _)))
                problems.Add(new StepProblem($"Column '{column.Name}' holds dates: found {string.Join(", ", Values.Select(v => $"'{v}'"))}, expected {ColumnConversion.Expected(ColumnKind.DateTime)}.", column.Name));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedValuesToMissing(StepColumns.Resolve(rows, Columns), Values);
    }
}

public sealed record FittedValuesToMissing(IReadOnlyList<string> Columns, IReadOnlyList<string> Values) : FittedStep
{
    private double[] Numbers => [.. Values.Select(v => ColumnConversion.TryParseNumber(v.Trim(), out var number) ? number : double.NaN).Where(double.IsFinite)];

    public override Func<double, double> NumberMap(string column)
    {
        if (!Columns.Contains(column)) return Unchanged;
        var numbers = Numbers;
        return value => Array.IndexOf(numbers, value) >= 0 ? double.NaN : value;
    }

    public override Table Replay(Table rows)
    {
        var texts = Values.Select(v => v.Trim()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var numbers = Numbers;
        long[] moments = [.. Values.Select(v => ColumnConversion.TryParseMoment(v, out var ticks) ? ticks : DateTimeColumn.MissingTicks)];
        return StepColumns.ChangePresent(rows, Columns, column =>
        {
            switch (column)
            {
                case NumericColumn found:
                    var values = found.Values.ToArray();
                    foreach (var number in numbers) values.AsSpan().Replace(number, double.NaN);
                    return new NumericColumn(column.Name, values);
                case DateTimeColumn found:
                    var ticks = found.Ticks.ToArray();
                    foreach (var moment in moments) ticks.AsSpan().Replace(moment, DateTimeColumn.MissingTicks);
                    return new DateTimeColumn(column.Name, ticks);
                default:
                    return StepColumns.Map((DictionaryColumn)column, text => texts.Contains(text.Trim()) ? null : text);
            }
        });
    }
}
