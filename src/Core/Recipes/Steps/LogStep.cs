using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces numbers by their natural logarithm; every value must be above 0.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
public sealed record LogStep(
    [property: FieldWords("Columns to transform", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Natural logarithm";
    public override string Summary => $"ln(value) of {StepColumns.Describe(Columns, "all numeric columns")}";
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table) =>
    [
        .. StepColumns.CheckAllNumeric(table, Columns),
        .. StepColumns.CheckRange(table, StepColumns.Resolve(table, Columns, StepColumns.IsNumeric), value => value <= 0, "0 or less", "more than 0"),
    ];

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedLog(StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric));
    }
}

public sealed record FittedLog(IReadOnlyList<string> Columns) : FittedStep
{
    /// <summary>A value of 0 or less, which training rows do not have, becomes missing.</summary>
    public override Table Replay(Table rows) => StepColumns.Change(rows, Columns, (column, _) => StepColumns.Map(column, Log));

    public override Func<double, double> NumberMap(string column) => Columns.Contains(column) ? Log : Unchanged;

    private static double Log(double value) => value > 0 ? Math.Log(value) : double.NaN;
}
