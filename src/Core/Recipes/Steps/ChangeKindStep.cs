using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Reads the values of a column as another kind: numbers that are codes as categories, text as numbers.</summary>
/// <param name="Column">The column; it may be the target.</param>
/// <param name="Kind">What it is to be.</param>
/// <param name="AllowMissing">Whether values that cannot be converted may become missing; otherwise they are a problem.</param>
public sealed record ChangeKindStep(
    string Column,
    [property: FieldWords("New kind")] ColumnKind Kind,
    [property: FieldWords("Values that cannot be read become missing")] bool AllowMissing = false) : RecipeStep
{
    public override string Title => "Change column kind";
    public override string Summary => $"{Column} to {StepColumns.Noun(Kind)}{(AllowMissing ? ", others become missing" : "")}";
    public override IReadOnlyList<string> InputColumns => [Column];
    public override bool AllowsTarget => true;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckNames(table, [Column]);
        if (problems.Count > 0 || AllowMissing) return problems;
        var before = table[Column];
        var after = ColumnConversion.Convert(before, Kind);
        var (lost, first) = (0, -1);
        for (var row = 0; row < table.RowCount; row++)
        {
            if (!after.IsMissing(row) || before.IsMissing(row)) continue;
            if (lost++ == 0) first = row;
        }
        if (lost > 0)
            problems.Add(new StepProblem(
                $"{StepColumns.Count(lost, "value")} of column '{Column}' cannot be read as {StepColumns.Noun(Kind)}, the first on line {table.LineNumbers[first]}: found '{before.GetText(first)}', expected {ColumnConversion.Expected(Kind)}.",
                Column, table.LineNumbers[first]));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedChangeKind(Column, Kind);
    }
}

public sealed record FittedChangeKind(string Column, ColumnKind Kind) : FittedStep
{
    public override IReadOnlyList<string> ReadTexts => Kind is ColumnKind.Numeric or ColumnKind.DateTime or ColumnKind.Text ? [Column] : [];

    public override Func<double, double>? NumberMap(string column) => column == Column ? null : Unchanged;

    /// <summary>Values that cannot be converted become missing. A column that is not there is passed over: at prediction that is the target.</summary>
    public override Table Replay(Table rows) => rows.Find(Column) is { } column ? rows.With(ColumnConversion.Convert(column, Kind)) : rows;
}
