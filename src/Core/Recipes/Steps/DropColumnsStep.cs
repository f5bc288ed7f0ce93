using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Leaves out columns.</summary>
/// <param name="Columns">At least one.</param>
public sealed record DropColumnsStep([property: FieldWords("Columns to drop")] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Drop columns";
    public override string Summary => StepColumns.Describe(Columns, "none chosen");
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        if (Columns.Count == 0) return [new StepProblem("No column is chosen; at least one was expected.")];
        var problems = StepColumns.CheckNames(table, Columns);
        if (problems.Count == 0 && Columns.Count == table.ColumnCount)
            problems.Add(new StepProblem($"No column would be left: all {table.ColumnCount} are to be dropped."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedDropColumns(Columns);
    }
}

public sealed record FittedDropColumns(IReadOnlyList<string> Columns) : FittedStep
{
    public override IReadOnlyList<string> Removed => Columns;

    public override Func<double, double> NumberMap(string column) => Unchanged;

    public override Table Replay(Table rows) => rows.Without(Columns);
}
