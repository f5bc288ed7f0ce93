using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>What a table holds, column by column, measured on all rows.</summary>
public sealed record DatasetProfile(int RowCount, int DuplicateRowCount, IReadOnlyList<ColumnProfile> Columns);

/// <summary>What one column holds.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="RowCount">All rows, missing ones included.</param>
/// <param name="MissingCount">Rows without a value.</param>
/// <param name="DistinctCount">Different values, missing not counted.</param>
/// <param name="Numbers">For numeric and date-time columns with at least one value (dates as UTC ticks); else null.</param>
/// <param name="TopValues">The most frequent values, at most ten, most frequent first; ties in order of the text.</param>
/// <param name="Histogram">For numeric and date-time columns with at least one value; else null.</param>
public sealed record ColumnProfile(
    string Name,
    ColumnKind Kind,
    int RowCount,
    int MissingCount,
    int DistinctCount,
    NumericSummary? Numbers,
    IReadOnlyList<ValueCount> TopValues,
    Histogram? Histogram)
{
    /// <summary>0 to 1; 0 where there is no row.</summary>
    public double MissingFraction => RowCount == 0 ? 0 : (double)MissingCount / RowCount;
}

/// <summary>Location and spread of the values that are not missing.</summary>
/// <param name="Minimum">The smallest value.</param>
/// <param name="FirstQuartile">25 % quantile, linear interpolation between closest ranks (NumPy's default).</param>
/// <param name="Median">50 % quantile.</param>
/// <param name="ThirdQuartile">75 % quantile.</param>
/// <param name="Maximum">The largest value.</param>
/// <param name="Mean">The arithmetic mean.</param>
/// <param name="StandardDeviation">With n - 1 in the denominator; 0 for a single value.</param>
public sealed record NumericSummary(double Minimum, double FirstQuartile, double Median, double ThirdQuartile, double Maximum, double Mean, double StandardDeviation);

public sealed record ValueCount(string Value, int Count);

/// <summary>Counts of values in bins of equal width.</summary>
/// <param name="Edges">Ascending, one more than there are bins; the last bin includes its right edge.</param>
/// <param name="Counts">Values a bin.</param>
public sealed record Histogram(IReadOnlyList<double> Edges, IReadOnlyList<int> Counts);
