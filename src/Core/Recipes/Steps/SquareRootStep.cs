using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces numbers by their square root, which draws in right tails of counts and areas; no value may be below 0.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
public sealed record SquareRootStep(
    [property: FieldWords("Columns to transform", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Square root";
    public override string Summary => $"square root of {StepColumns.Describe(Columns, "all numeric columns")}";
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table) =>
    [
        .. StepColumns.CheckAllNumeric(table, Columns),
        .. StepColumns.CheckRange(table, StepColumns.Resolve(table, Columns, StepColumns.IsNumeric), value => value < 0, "less than 0", "0 or more"),
    ];

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedSquareRoot(StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric));
    }
}

public sealed record FittedSquareRoot(IReadOnlyList<string> Columns) : FittedStep
{
    /// <summary>A value below 0, which training rows do not have, becomes missing.</summary>
    public override Table Replay(Table rows) => StepColumns.Change(rows, Columns, (column, _) => StepColumns.Map(column, Root));

    public override Func<double, double> NumberMap(string column) => Columns.Contains(column) ? Root : Unchanged;

    private static double Root(double value) => value >= 0 ? Math.Sqrt(value) : double.NaN;
}
