using System.ComponentModel;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>What is taken off and divided by.</summary>
public enum ScaleMethod
{
    /// <summary>Mean 0, standard deviation 1 (n in the denominator).</summary>
    [Description("mean 0, standard deviation 1")] Standardize,

    /// <summary>Smallest 0, largest 1.</summary>
    [Description("smallest 0, largest 1")] MinMax,

    /// <summary>Median 0, the middle half of the values spans 1; outliers move it little.</summary>
    [Description("median 0, middle half spans 1 (outliers matter little)")] Robust,
}

/// <summary>Brings columns to one scale, learnt from the training rows.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
/// <param name="Method">How.</param>
/// <remarks>The same figures as scikit-learn's StandardScaler, MinMaxScaler and RobustScaler; like these a column that does not vary is only moved to 0.</remarks>
public sealed record ScaleStep(
    [property: FieldWords("Columns to scale", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns,
    [property: FieldWords("How")] ScaleMethod Method) : RecipeStep
{
    public override string Title => "Scale";
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override string Summary => $"{StepColumns.Describe(Columns, "all numeric columns")}: " + Method switch
    {
        ScaleMethod.Standardize => "to mean 0 and standard deviation 1",
        ScaleMethod.MinMax => "to 0 … 1",
        _ => "to median 0 and interquartile range 1",
    };

    public override IReadOnlyList<StepProblem> Check(Table table) => StepColumns.CheckAllNumeric(table, Columns, needValues: true);

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        ColumnScale[] scales = [.. StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric).Select(name => Learn(rows[name]))];
        var tooLarge = scales.Where(s => !double.IsFinite(s.Center) || !double.IsFinite(s.Scale))
            .Select(s => new StepProblem($"Column '{s.Column}' has values too large to measure their spread.", s.Column)).ToArray();
        return tooLarge.Length == 0 ? new FittedScale(Method, scales) : throw new RecipeException(0, Title, tooLarge);
    }

    private ColumnScale Learn(Column column)
    {
        double center, scale;
        switch (Method)
        {
            case ScaleMethod.Standardize:
                var values = StepStatistics.Present(column);
                center = StepStatistics.Mean(values);
                scale = StepStatistics.Deviation(values, center);
                // What rounding leaves of a constant must not be blown up to 1.
                if (scale <= 1e-13 * Math.Abs(center)) scale = 0;
                break;
            case ScaleMethod.MinMax:
                var (smallest, largest) = StepStatistics.Range(column);
                (center, scale) = (smallest, largest - smallest);
                break;
            default:
                var sorted = StepStatistics.Sorted(column);
                center = StepStatistics.Quantile(sorted, 0.5);
                scale = StepStatistics.Quantile(sorted, 0.75) - StepStatistics.Quantile(sorted, 0.25);
                break;
        }
        return new ColumnScale(column.Name, center, scale == 0 ? 1 : scale);
    }
}

/// <param name="Column">The column.</param>
/// <param name="Center">What is taken off.</param>
/// <param name="Scale">What the rest is divided by; not 0.</param>
public sealed record ColumnScale(string Column, double Center, double Scale);

public sealed record FittedScale(ScaleMethod Method, IReadOnlyList<ColumnScale> Scales) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt
    {
        get
        {
            var (center, scale) = Method switch
            {
                ScaleMethod.Standardize => ("mean", "standard deviation"),
                ScaleMethod.MinMax => ("minimum", "range"),
                _ => ("median", "interquartile range"),
            };
            return [.. Scales.SelectMany(s => new[] { new LearntValue(s.Column, center, s.Center), new LearntValue(s.Column, scale, s.Scale) })];
        }
    }

    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Scales.Select(s => s.Column)], (column, i) => StepColumns.Map(column, MapOf(Scales[i])));

    public override Func<double, double> NumberMap(string column) => Scales.FirstOrDefault(s => s.Column == column) is { } scale ? MapOf(scale) : Unchanged;

    private static Func<double, double> MapOf(ColumnScale scale)
    {
        var (center, divisor) = (scale.Center, scale.Scale);
        return value => (value - center) / divisor;
    }
}
