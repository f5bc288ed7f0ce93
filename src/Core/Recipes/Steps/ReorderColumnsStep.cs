using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Puts columns first, in the order in which they are named; the others follow as they stood.</summary>
/// <param name="Columns">At least one; the target may be among them.</param>
public sealed record ReorderColumnsStep([property: FieldWords("Columns to put first", IsOrdered = true)] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Reorder columns";
    public override string Summary => $"{StepColumns.Describe(Columns, "none chosen")} first";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => true;

    public override IReadOnlyList<StepProblem> Check(Table table) =>
        Columns.Count == 0 ? [new StepProblem("No column is chosen; at least one was expected.")] : StepColumns.CheckNames(table, Columns);

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedReorderColumns(Columns);
    }
}

public sealed record FittedReorderColumns(IReadOnlyList<string> Columns) : FittedStep
{
    /// <summary>A column that is not there is passed over: at prediction that is the target.</summary>
    public override Func<double, double> NumberMap(string column) => Unchanged;

    public override Table Replay(Table rows)
    {
        var first = Columns.ToHashSet(StringComparer.Ordinal);
        return new Table([.. Columns.Select(rows.Find).OfType<Column>(), .. rows.Columns.Where(c => !first.Contains(c.Name))], rows.LineNumbers.ToArray(), rows.RowCount);
    }
}
