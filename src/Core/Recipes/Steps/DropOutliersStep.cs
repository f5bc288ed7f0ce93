using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Leaves rows with an outlier out of training; rows that the model is judged on or asked about are all kept, so the figures stay honest.</summary>
/// <param name="Columns">Numeric columns, the target too where it is named; empty for all but the target.</param>
/// <param name="Method">Which values are outliers.</param>
/// <param name="Factor">For <see cref="OutlierMethod.Iqr"/>: how many interquartile ranges beyond the quartiles.</param>
/// <param name="LowerQuantile">For <see cref="OutlierMethod.Quantiles"/>: 0 to 1; 0 leaves small values alone.</param>
/// <param name="UpperQuantile">For <see cref="OutlierMethod.Quantiles"/>: 0 to 1; 1 leaves large values alone.</param>
public sealed record DropOutliersStep(
    [property: FieldWords("Columns to look at", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns,
    [property: FieldWords("Outliers are")] OutlierMethod Method = OutlierMethod.Iqr,
    [property: FieldWords("Interquartile ranges beyond the quartiles", Help = "1.5 is Tukey's rule for outliers, 3 for far outliers.")] double Factor = 1.5,
    [property: FieldWords("Lower quantile", Help = "0 to 1; 0 leaves small values alone.")] double LowerQuantile = 0.01,
    [property: FieldWords("Upper quantile", Help = "0 to 1; 1 leaves large values alone.")] double UpperQuantile = 0.99) : RecipeStep
{
    public override IReadOnlyList<StepField> Fields =>
        [.. StepField.Derive(this).Where(f => f.Name switch { "factor" => Method == OutlierMethod.Iqr, "lowerQuantile" or "upperQuantile" => Method == OutlierMethod.Quantiles, _ => true })];

    public override string Title => "Drop outlier rows";
    public override string Summary => $"training rows with a value in {StepColumns.Describe(Columns, "any numeric column")} beyond {OutlierBounds.Describe(Method, Factor, LowerQuantile, UpperQuantile)}";
    public override bool Learns => true;
    public override bool TrainingOnly => true;
    public override bool AllowsTarget => Columns.Count > 0;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = OutlierBounds.Check(table, Columns, Method, Factor, LowerQuantile, UpperQuantile);
        if (problems.Count == 0 && table.RowCount > 0 && Learn(table).Replay(table).RowCount == 0)
            problems.Add(new StepProblem($"No row would be left: each of the {StepColumns.Count(table.RowCount, "row")} has an outlier in {StepColumns.Describe(Columns, "some column")}."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return Learn(rows);
    }

    private FittedDropOutliers Learn(Table rows) => new([.. StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric)
        .Select(name => OutlierBounds.Learn(rows[name], Method, Factor, LowerQuantile, UpperQuantile))]);
}

public sealed record FittedDropOutliers(IReadOnlyList<OutlierBounds> Bounds) : FittedStep
{
    public override bool DropsRows => true;
    public override bool TrainingOnly => true;
    public override IReadOnlyList<LearntValue> Learnt => OutlierBounds.Learnt(Bounds);

    /// <summary>A missing value is no outlier.</summary>
    public override Table Replay(Table rows)
    {
        var columns = Bounds.Select(b => StepColumns.Numeric(rows[b.Column])).ToArray();
        var outside = new bool[rows.RowCount];
        for (var c = 0; c < columns.Length; c++)
        {
            var values = columns[c].Values;
            var (lower, upper) = (Bounds[c].Lower, Bounds[c].Upper);
            for (var row = 0; row < values.Length; row++) outside[row] |= values[row] < lower || values[row] > upper;
        }
        return StepColumns.Where(rows, row => !outside[row]);
    }
}
