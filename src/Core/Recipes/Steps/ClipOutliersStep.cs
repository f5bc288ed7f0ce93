using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Moves outliers to the nearest bound; the bounds are learnt from the training rows.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
/// <param name="Method">Which values are outliers.</param>
/// <param name="Factor">For <see cref="OutlierMethod.Iqr"/>: how many interquartile ranges beyond the quartiles.</param>
/// <param name="LowerQuantile">For <see cref="OutlierMethod.Quantiles"/>: 0 to 1; 0 leaves small values alone.</param>
/// <param name="UpperQuantile">For <see cref="OutlierMethod.Quantiles"/>: 0 to 1; 1 leaves large values alone.</param>
public sealed record ClipOutliersStep(
    [property: FieldWords("Columns to look at", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns,
    [property: FieldWords("Outliers are")] OutlierMethod Method = OutlierMethod.Iqr,
    [property: FieldWords("Interquartile ranges beyond the quartiles", Help = "1.5 is Tukey's rule for outliers, 3 for far outliers.")] double Factor = 1.5,
    [property: FieldWords("Lower quantile", Help = "0 to 1; 0 leaves small values alone.")] double LowerQuantile = 0.01,
    [property: FieldWords("Upper quantile", Help = "0 to 1; 1 leaves large values alone.")] double UpperQuantile = 0.99) : RecipeStep
{
    public override IReadOnlyList<StepField> Fields =>
        [.. StepField.Derive(this).Where(f => f.Name switch { "factor" => Method == OutlierMethod.Iqr, "lowerQuantile" or "upperQuantile" => Method == OutlierMethod.Quantiles, _ => true })];

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

    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Bounds.Select(b => b.Column)], (column, i) => StepColumns.Map(column, MapOf(Bounds[i])));

    public override Func<double, double> NumberMap(string column) => Bounds.FirstOrDefault(b => b.Column == column) is { } bounds ? MapOf(bounds) : Unchanged;

    private static Func<double, double> MapOf(OutlierBounds bounds)
    {
        var (lower, upper) = (bounds.Lower, bounds.Upper);
        return value => Math.Clamp(value, lower, upper);
    }
}
