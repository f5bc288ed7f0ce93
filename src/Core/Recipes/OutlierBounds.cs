using System.ComponentModel;
using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>Which values count as outliers.</summary>
public enum OutlierMethod
{
    /// <summary>Farther from the middle half of the values than a multiple of its width.</summary>
    [Description("far beyond the quartiles")] Iqr,

    /// <summary>Below one quantile or above another.</summary>
    [Description("the smallest and largest share")] Quantiles,
}

/// <summary>From where on a value counts as an outlier.</summary>
/// <param name="Column">The column.</param>
/// <param name="Lower">The smallest value that does not.</param>
/// <param name="Upper">The largest value that does not.</param>
public sealed record OutlierBounds(string Column, double Lower, double Upper)
{
    /// <remarks>Tukey (1977), Exploratory Data Analysis: quartiles with a factor of 1.5 are his inner fences. Quantiles as numpy's default.</remarks>
    internal static OutlierBounds Learn(Column column, OutlierMethod method, double factor, double lower, double upper)
    {
        var sorted = StepStatistics.Sorted(column);
        if (method == OutlierMethod.Quantiles) return new OutlierBounds(column.Name, StepStatistics.Quantile(sorted, lower), StepStatistics.Quantile(sorted, upper));
        var (first, third) = (StepStatistics.Quantile(sorted, 0.25), StepStatistics.Quantile(sorted, 0.75));
        var reach = factor * (third - first);
        return new OutlierBounds(column.Name, Math.Max(first - reach, double.MinValue), Math.Min(third + reach, double.MaxValue));
    }

    internal static List<StepProblem> Check(Table table, IReadOnlyList<string> columns, OutlierMethod method, double factor, double lower, double upper)
    {
        var problems = StepColumns.CheckAllNumeric(table, columns, needValues: true);
        if (method == OutlierMethod.Iqr && !(factor >= 0 && double.IsFinite(factor)))
            problems.Add(new StepProblem(string.Create(CultureInfo.InvariantCulture, $"Found {factor} as the multiple of the interquartile range, expected a number of at least 0; 1.5 is usual.")));
        if (method == OutlierMethod.Quantiles && !(lower >= 0 && lower < upper && upper <= 1))
            problems.Add(new StepProblem(string.Create(CultureInfo.InvariantCulture, $"Found the quantiles {lower} and {upper}, expected 0 <= lower < upper <= 1, such as 0.01 and 0.99.")));
        return problems;
    }

    internal static string Describe(OutlierMethod method, double factor, double lower, double upper) => method == OutlierMethod.Iqr
        ? string.Create(CultureInfo.InvariantCulture, $"{factor} interquartile ranges beyond the quartiles")
        : string.Create(CultureInfo.InvariantCulture, $"the quantiles {lower} and {upper}");

    internal static IReadOnlyList<LearntValue> Learnt(IReadOnlyList<OutlierBounds> bounds) =>
        [.. bounds.SelectMany(b => new[] { new LearntValue(b.Column, "lower bound", b.Lower), new LearntValue(b.Column, "upper bound", b.Upper) })];
}
