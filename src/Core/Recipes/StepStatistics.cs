using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The statistics that steps learn from a column of numbers; missing and infinite values do not count.</summary>
internal static class StepStatistics
{
    /// <summary>The finite values, in order of rows.</summary>
    public static double[] Present(Column column)
    {
        var values = StepColumns.Numeric(column).Values;
        var present = new double[values.Length];
        var count = 0;
        foreach (var value in values)
            if (double.IsFinite(value)) present[count++] = value;
        Array.Resize(ref present, count);
        return present;
    }

    /// <summary>The finite values, ascending.</summary>
    public static double[] Sorted(Column column)
    {
        var present = Present(column);
        Array.Sort(present);
        return present;
    }

    /// <summary>The smallest and the largest finite value; at least one is there.</summary>
    public static (double Smallest, double Largest) Range(Column column)
    {
        var (smallest, largest) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in StepColumns.Numeric(column).Values)
        {
            if (!double.IsFinite(value)) continue;
            if (value < smallest) smallest = value;
            if (value > largest) largest = value;
        }
        return (smallest, largest);
    }

    /// <param name="values">At least one.</param>
    public static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0, correction = 0;
        foreach (var value in values)
        {
            // Neumaier's sum: what rounding loses is added at the end.
            var next = sum + value;
            correction += Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }
        var mean = (sum + correction) / values.Length;
        if (double.IsFinite(mean)) return mean;
        // The sum of huge numbers may exceed double where their mean does not.
        mean = 0;
        foreach (var value in values) mean += value / values.Length;
        return mean;
    }

    /// <summary>Standard deviation with n in the denominator, as scikit-learn's StandardScaler; infinite where squares exceed double.</summary>
    public static double Deviation(ReadOnlySpan<double> values, double mean)
    {
        double squares = 0, rest = 0;
        foreach (var value in values)
        {
            var off = value - mean;
            squares += off * off;
            rest += off;
        }
        // The corrected two-pass form: rest is 0 but for rounding.
        return Math.Sqrt(Math.Max(0, (squares - rest * rest / values.Length) / values.Length));
    }

    /// <summary>The quantile with linear interpolation between neighbours, as numpy's default (type 7 of Hyndman and Fan, 1996).</summary>
    /// <param name="sorted">Ascending, at least one.</param>
    /// <param name="share">0 to 1.</param>
    public static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var below = (int)Math.Floor(position);
        var above = Math.Min(below + 1, sorted.Length - 1);
        var weight = position - below;
        return sorted[below] == sorted[above] ? sorted[below] : sorted[below] * (1 - weight) + sorted[above] * weight;
    }
}
