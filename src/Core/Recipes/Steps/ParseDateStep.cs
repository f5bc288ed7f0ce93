using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

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
    public override IReadOnlyList<string> ReadTexts => Columns;

    public override Func<double, double>? NumberMap(string column) => Columns.Contains(column) ? null : Unchanged;

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
                var reader = new DateTexts(order);
                var byCode = new long[texts.Values.Count];
                for (var code = 0; code < byCode.Length; code++) byCode[code] = reader.Read(texts.Values[code]);
                var ticks = new long[texts.Length];
                for (var row = 0; row < ticks.Length; row++) ticks[row] = texts.Codes[row] is >= 0 and var code ? byCode[code] : DateTimeColumn.MissingTicks;
                return new DateTimeColumn(column.Name, ticks);
            default:
                // Numbers such as 20240531.
                var numbers = new DateTexts(order);
                var moments = new long[column.Length];
                for (var row = 0; row < moments.Length; row++) moments[row] = column.GetText(row) is { } text ? numbers.Read(text) : DateTimeColumn.MissingTicks;
                return new DateTimeColumn(column.Name, moments);
        }
    }
}
