using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces numbers by ln(1 + value), which draws in long right tails; every value must be above -1.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
public sealed record Log1pStep(
    [property: FieldWords("Columns to transform", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Log transform";
    public override string Summary => $"ln(1 + value) of {StepColumns.Describe(Columns, "all numeric columns")}";
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table) =>
    [
        .. StepColumns.CheckAllNumeric(table, Columns),
        .. StepColumns.CheckRange(table, StepColumns.Resolve(table, Columns, StepColumns.IsNumeric), value => value <= -1, "-1 or less", "more than -1"),
    ];

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedLog1p(StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric));
    }
}

public sealed record FittedLog1p(IReadOnlyList<string> Columns) : FittedStep
{
    /// <summary>A value of -1 or less, which training rows do not have, becomes missing.</summary>
    public override Table Replay(Table rows) => StepColumns.Change(rows, Columns, (column, _) => StepColumns.Map(column, Log1p));

    public override Func<double, double> NumberMap(string column) => Columns.Contains(column) ? Log1p : Unchanged;

    /// <summary>ln(1 + x) without the loss of digits near 0 that <see cref="double.LogP1"/> has; NaN for -1 or less.</summary>
    /// <remarks>Kahan's correction: Goldberg (1991), What every computer scientist should know about floating-point arithmetic, theorem 4.</remarks>
    internal static double Log1p(double x)
    {
        if (!(x > -1)) return double.NaN;
        var u = 1 + x;
        return u == 1 || double.IsPositiveInfinity(u) ? x : Math.Log(u) * (x / (u - 1));
    }
}
