namespace ModelWorkbench.Core.Explanations;

/// <summary>How much worse the model gets when one source column is shuffled among the rows.</summary>
/// <param name="Column">The column as the person knows it (not the one-hot feature).</param>
/// <param name="MeanDrop">Mean over the repeats of the metric's loss of quality; above 0: the model leans on the column.</param>
/// <param name="StandardDeviation">Over the repeats.</param>
public sealed record ColumnImportance(string Column, double MeanDrop, double StandardDeviation);

/// <param name="MetricId">The metric whose drop is measured.</param>
/// <param name="RowCount">Rows used.</param>
/// <param name="Repeats">Shuffles a column.</param>
/// <param name="Columns">Most important first.</param>
/// <remarks>Breiman (2001), Machine Learning 45(1); scikit-learn's permutation_importance.</remarks>
public sealed record PermutationImportance(string MetricId, int RowCount, int Repeats, IReadOnlyList<ColumnImportance> Columns)
{
    /// <summary>Columns that say much the same, shuffled together (<see cref="ColumnClusters"/>); most important first. Null in reports from before there were any.</summary>
    public IReadOnlyList<GroupImportance>? Groups { get; init; }
}

/// <param name="Columns">Shuffled in the same order, so that a row gets all its values from one other row.</param>
/// <param name="MeanDrop">As of a single column.</param>
/// <param name="StandardDeviation">Over the repeats.</param>
public sealed record GroupImportance(IReadOnlyList<string> Columns, double MeanDrop, double StandardDeviation);
