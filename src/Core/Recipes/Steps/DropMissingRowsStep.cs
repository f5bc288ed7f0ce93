using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Leaves out rows in which one of the columns has no value.</summary>
/// <param name="Columns">Where to look; empty for all columns, the target included.</param>
public sealed record DropMissingRowsStep(
    [property: FieldWords("Columns to look at", NoneMeans = "None chosen: rows with a missing value in any column")] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Drop rows with missing values";
    public override string Summary => $"rows without a value in {StepColumns.Describe(Columns, "any column")}";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => true;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckNames(table, Columns);
        if (problems.Count == 0 && table.RowCount > 0 && Resolve(table).Replay(table).RowCount == 0)
            problems.Add(new StepProblem($"No row would be left: each of the {StepColumns.Count(table.RowCount, "row")} has a missing value in {StepColumns.Describe(Columns, "some column")}."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return Resolve(rows);
    }

    private FittedDropMissingRows Resolve(Table table) => new(StepColumns.Resolve(table, Columns));
}

public sealed record FittedDropMissingRows(IReadOnlyList<string> Columns) : FittedStep
{
    public override bool DropsRows => true;

    public override Table Replay(Table rows)
    {
        var columns = Columns.Select(name => rows[name]).ToArray();
        return StepColumns.Where(rows, row => !Array.Exists(columns, c => c.IsMissing(row)));
    }
}
