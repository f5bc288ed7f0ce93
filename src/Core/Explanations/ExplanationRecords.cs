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
public sealed record PermutationImportance(string MetricId, int RowCount, int Repeats, IReadOnlyList<ColumnImportance> Columns);

/// <summary>Principal components of the prepared features, ready to be drawn.</summary>
/// <param name="ExplainedVarianceRatio">All components (at most 50), descending; sums to at most 1.</param>
/// <param name="First">Score on the first component, one a shown row.</param>
/// <param name="Second">Score on the second component; all 0 where there is only one feature.</param>
/// <param name="Labels">Class name of each shown row, or null for regression.</param>
/// <param name="Targets">Target value of each shown row for regression, or null.</param>
/// <param name="FeatureNames">The features the components are made of.</param>
/// <param name="Loadings">For the first two components one weight a feature.</param>
/// <param name="RowCount">Rows that the components were computed on; at most 5,000 are shown.</param>
public sealed record PcaReport(
    IReadOnlyList<double> ExplainedVarianceRatio,
    IReadOnlyList<double> First,
    IReadOnlyList<double> Second,
    IReadOnlyList<string>? Labels,
    IReadOnlyList<double>? Targets,
    IReadOnlyList<string> FeatureNames,
    IReadOnlyList<IReadOnlyList<double>> Loadings,
    int RowCount);
