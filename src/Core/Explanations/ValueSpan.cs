using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Where most of some numbers lie, so that a few extreme ones do not take all of a colour scale.</summary>
/// <param name="From">The 2nd percentile.</param>
/// <param name="To">The 98th percentile, above <paramref name="From"/>.</param>
public sealed record ValueSpan(double From, double To)
{
    private const double Share = 0.02;

    /// <param name="values">Those that are not finite do not count.</param>
    /// <returns>Null where there are none, or they do not differ there.</returns>
    public static ValueSpan? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        if (sorted.Length == 0) return null;
        var span = new ValueSpan(StepStatistics.Quantile(sorted, Share), StepStatistics.Quantile(sorted, 1 - Share));
        return span.To > span.From ? span : null;
    }

    /// <summary>As far to both sides of 0, for differences.</summary>
    public ValueSpan Around0 => Math.Max(Math.Abs(From), Math.Abs(To)) is var far ? new ValueSpan(-far, far) : this;
}
