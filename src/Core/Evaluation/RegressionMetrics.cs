using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>Figures of merit for predicted numbers; actual and predicted have the same length n, at least 1.</summary>
/// <remarks>A parameter <c>counts</c> says how often each row counts, as in a draw with replacement; empty for once each.</remarks>
public static class RegressionMetrics
{
    /// <summary>Root of the mean squared error, in the target's unit; 0 is perfect.</summary>
    public static double Rmse(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted, ReadOnlySpan<int> counts = default)
    {
        if (counts.IsEmpty) return TensorPrimitives.Distance(actual, predicted) / Math.Sqrt(actual.Length);
        var (sum, rows) = (0.0, 0L);
        for (var row = 0; row < actual.Length; row++)
        {
            sum += counts[row] * (actual[row] - predicted[row]) * (actual[row] - predicted[row]);
            rows += counts[row];
        }
        return Math.Sqrt(sum / rows);
    }

    /// <summary>Mean absolute error, in the target's unit; 0 is perfect.</summary>
    public static double Mae(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted, ReadOnlySpan<int> counts = default)
    {
        var (sum, rows) = (0.0, 0L);
        for (var row = 0; row < actual.Length; row++)
        {
            var count = ClassificationMetrics.Count(counts, row);
            sum += count * Math.Abs(actual[row] - predicted[row]);
            rows += count;
        }
        return sum / rows;
    }

    /// <summary>Share of the target's variance that is explained: 1 - squared errors / squared deviations from the mean.</summary>
    /// <returns>At most 1; below 0 where the mean would be the better prediction; null where the actual numbers are all equal.</returns>
    /// <remarks>Coefficient of determination: Draper and Smith (1998), Applied Regression Analysis, chapter 1.</remarks>
    public static double? RSquared(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted, ReadOnlySpan<int> counts = default)
    {
        var (total, rows) = (0.0, 0L);
        for (var row = 0; row < actual.Length; row++)
        {
            var count = ClassificationMetrics.Count(counts, row);
            total += count * actual[row];
            rows += count;
        }
        var mean = total / rows;
        double? first = null;
        var (errors, deviations, constant) = (0.0, 0.0, true);
        for (var row = 0; row < actual.Length; row++)
        {
            if (ClassificationMetrics.Count(counts, row) is not (> 0 and var count)) continue;
            errors += count * (actual[row] - predicted[row]) * (actual[row] - predicted[row]);
            deviations += count * (actual[row] - mean) * (actual[row] - mean);
            first ??= actual[row];
            constant &= actual[row] == first;
        }
        return constant ? null : 1 - errors / deviations;
    }

    /// <summary>Mean of the absolute error as a share of the actual number's size; 0 is perfect.</summary>
    /// <returns>Null where an actual number is 0, as the share is then undefined.</returns>
    /// <remarks>scikit-learn's mean_absolute_percentage_error, which divides by 2.2e-16 in place of 0.</remarks>
    public static double? Mape(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted, ReadOnlySpan<int> counts = default)
    {
        var (sum, rows) = (0.0, 0L);
        for (var row = 0; row < actual.Length; row++)
        {
            // Also where a draw leaves the row out: the figure is of all rows or of none.
            if (actual[row] == 0) return null;
            var count = ClassificationMetrics.Count(counts, row);
            sum += count * (Math.Abs(actual[row] - predicted[row]) / Math.Abs(actual[row]));
            rows += count;
        }
        return sum / rows;
    }

    /// <summary>Median of the absolute error, in the target's unit; 0 is perfect.</summary>
    /// <remarks>scikit-learn's median_absolute_error.</remarks>
    public static double MedianAbsoluteError(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted)
    {
        var (errors, rows) = AscendingErrors(actual, predicted);
        return Median(errors, rows, default);
    }

    /// <summary>Absolute errors in ascending order, with their rows.</summary>
    internal static (double[] Errors, int[] Rows) AscendingErrors(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted)
    {
        var (errors, rows) = (new double[actual.Length], new int[actual.Length]);
        for (var row = 0; row < rows.Length; row++) (errors[row], rows[row]) = (Math.Abs(actual[row] - predicted[row]), row);
        Array.Sort(errors, rows);
        return (errors, rows);
    }

    /// <summary>The middle one, or the mean of the two in the middle.</summary>
    /// <param name="ascending">Values in ascending order.</param>
    /// <param name="rows">The row of each value.</param>
    /// <param name="counts">By row.</param>
    internal static double Median(ReadOnlySpan<double> ascending, ReadOnlySpan<int> rows, ReadOnlySpan<int> counts)
    {
        var total = 0L;
        if (counts.IsEmpty) total = ascending.Length;
        else foreach (var count in counts) total += count;
        var (passed, lower) = (0L, double.NaN);
        for (var i = 0; i < ascending.Length; i++)
        {
            passed += ClassificationMetrics.Count(counts, rows[i]);
            if (double.IsNaN(lower) && 2 * passed >= total) lower = ascending[i];
            if (2 * passed > total) return lower == ascending[i] ? lower : (lower + ascending[i]) / 2;
        }
        return lower;
    }
}
