using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Moves outliers to the nearest bound; the bounds are learnt from the training rows.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
/// <param name="Method">Which values are outliers.</param>
/// <param name="Factor">For <see cref="OutlierMethod.Iqr"/>: how many interquartile ranges beyond the quartiles.</param>
/// <param name="LowerQuantile">For <see cref="OutlierMethod.Quantiles"/>: 0 to 1; 0 leaves small values alone.</param>
/// <param name="UpperQuantile">For <see cref="OutlierMethod.Quantiles"/>: 0 to 1; 1 leaves large values alone.</param>
public sealed record ClipOutliersStep(
    IReadOnlyList<string> Columns, OutlierMethod Method = OutlierMethod.Iqr, double Factor = 1.5, double LowerQuantile = 0.01, double UpperQuantile = 0.99) : RecipeStep
{
    public override string Title => "Clip outliers";
    public override string Summary => $"{StepColumns.Describe(Columns, "all numeric columns")} to {OutlierBounds.Describe(Method, Factor, LowerQuantile, UpperQuantile)}";
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table) => OutlierBounds.Check(table, Columns, Method, Factor, LowerQuantile, UpperQuantile);

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedClipOutliers([.. StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric)
            .Select(name => OutlierBounds.Learn(rows[name], Method, Factor, LowerQuantile, UpperQuantile))]);
    }
}

public sealed record FittedClipOutliers(IReadOnlyList<OutlierBounds> Bounds) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => OutlierBounds.Learnt(Bounds);

    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Bounds.Select(b => b.Column)], (column, i) =>
    {
        var (lower, upper) = (Bounds[i].Lower, Bounds[i].Upper);
        return StepColumns.Map(column, value => Math.Clamp(value, lower, upper));
    });
}
