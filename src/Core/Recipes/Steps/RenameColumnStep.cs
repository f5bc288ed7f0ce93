using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Gives a column another name; the steps after this one use the new name.</summary>
public sealed record RenameColumnStep([property: FieldWords("Column")] string From, [property: FieldWords("New name")] string To) : RecipeStep
{
    public override string Title => "Rename column";
    public override string Summary => $"{From} to {To}";
    public override IReadOnlyList<string> InputColumns => [From];
    public override IReadOnlyList<string> NewColumns => [To];

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckNames(table, [From]);
        if (string.IsNullOrWhiteSpace(To)) problems.Add(new StepProblem($"The new name of column '{From}' is empty.", From));
        else if (To != From && table.Find(To) is not null) problems.Add(new StepProblem($"There is a column '{To}' already.", To));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedRenameColumn(From, To);
    }
}

public sealed record FittedRenameColumn(string From, string To) : FittedStep
{
    public override IReadOnlyList<ColumnOrigin> Origins => [new ColumnOrigin(To, [From])];
    public override IReadOnlyList<string> Removed => [From];

    public override Func<double, double>? NumberMap(string column) => column == From || column == To ? null : Unchanged;

    public override Table Replay(Table rows) => StepColumns.Change(rows, [From], (column, _) => column.Rename(To));
}
