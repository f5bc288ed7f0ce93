using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>What a table holds, column by column, measured on all rows.</summary>
/// <param name="RowCount">All rows.</param>
/// <param name="DuplicateRowCount">Rows that equal an earlier row in all columns; missing equals missing.</param>
/// <param name="Columns">One a column, in order.</param>
/// <remarks>Members that were added later have defaults, so that profiles written before can still be read.</remarks>
public sealed record DatasetProfile(int RowCount, int DuplicateRowCount, IReadOnlyList<ColumnProfile> Columns)
{
    /// <summary>Whether <see cref="DuplicateRowCount"/> is an estimate, as beyond 20 million different rows.</summary>
    public bool DuplicateRowsEstimated { get; init; }

    /// <summary>Groups of columns of the same kind with equal values in all rows, two or more names a group, in order of the table; constant columns are in none.</summary>
    public IReadOnlyList<IReadOnlyList<string>> DuplicateColumns { get; init; } = [];
}

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
    /// <summary>Whether <see cref="DistinctCount"/> is an estimate with a standard error of 0.8 %.</summary>
    public bool DistinctEstimated { get; init; }

    /// <summary>Whether the counts of <see cref="TopValues"/> are lower bounds; they fall short by less than <see cref="TopValuesError"/>.</summary>
    public bool TopValuesEstimated { get; init; }

    /// <summary>By how many rows a count of <see cref="TopValues"/> falls short at most; a value with more rows than this is among those that were counted. 0 where counts are exact.</summary>
    public int TopValuesError { get; init; }

    /// <summary>For category, text and boolean columns with at least one value; else null.</summary>
    public TextLengths? Lengths { get; init; }

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
public sealed record NumericSummary(double Minimum, double FirstQuartile, double Median, double ThirdQuartile, double Maximum, double Mean, double StandardDeviation)
{
    /// <summary>The 1 % quantile; null in profiles from before it was measured, as all that follow.</summary>
    public double? Percentile1 { get; init; }
    public double? Percentile5 { get; init; }
    public double? Percentile95 { get; init; }
    public double? Percentile99 { get; init; }

    /// <summary>Adjusted Fisher-Pearson coefficient (pandas' <c>skew</c>): 0 is symmetric, positive has a long tail of large values; null below three values or without spread.</summary>
    public double? Skewness { get; init; }

    /// <summary>Values that are 0; null for dates.</summary>
    public int? ZeroCount { get; init; }

    /// <summary>Values below 0; null for dates.</summary>
    public int? NegativeCount { get; init; }

    /// <summary>Whether the quantiles and the histogram are estimates: the rank of a quantile is off by about 0.1 % of the values, hardly ever by more than 0.3 %.</summary>
    public bool QuantilesEstimated { get; init; }
}

/// <summary>Characters (UTF-16 units) of the values that are not missing, every row counted.</summary>
public sealed record TextLengths(int Minimum, double Mean, int Maximum);

public sealed record ValueCount(string Value, int Count);

/// <summary>Counts of values in bins of equal width.</summary>
/// <param name="Edges">Ascending, one more than there are bins; the last bin includes its right edge.</param>
/// <param name="Counts">Values a bin.</param>
public sealed record Histogram(IReadOnlyList<double> Edges, IReadOnlyList<int> Counts);
