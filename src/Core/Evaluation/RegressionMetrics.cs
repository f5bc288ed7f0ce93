using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>Figures of merit for predicted numbers; actual and predicted have the same length n, at least 1.</summary>
public static class RegressionMetrics
{
    /// <summary>Root of the mean squared error, in the target's unit; 0 is perfect.</summary>
    public static double Rmse(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted)
    {
        var distance = TensorPrimitives.Distance(actual, predicted);
        return distance / Math.Sqrt(actual.Length);
    }

    /// <summary>Mean absolute error, in the target's unit; 0 is perfect.</summary>
    public static double Mae(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted)
    {
        var sum = 0.0;
        for (var row = 0; row < actual.Length; row++) sum += Math.Abs(actual[row] - predicted[row]);
        return sum / actual.Length;
    }

    /// <summary>Share of the target's variance that is explained: 1 - squared errors / squared deviations from the mean.</summary>
    /// <returns>At most 1; below 0 where the mean would be the better prediction; null where the actual numbers are all equal.</returns>
    /// <remarks>Coefficient of determination: Draper and Smith (1998), Applied Regression Analysis, chapter 1.</remarks>
    public static double? RSquared(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted)
    {
        var mean = TensorPrimitives.Sum(actual) / actual.Length;
        var (errors, deviations, constant) = (0.0, 0.0, true);
        for (var row = 0; row < actual.Length; row++)
        {
            errors += (actual[row] - predicted[row]) * (actual[row] - predicted[row]);
            deviations += (actual[row] - mean) * (actual[row] - mean);
            constant &= actual[row] == actual[0];
        }
        return constant ? null : 1 - errors / deviations;
    }
}
