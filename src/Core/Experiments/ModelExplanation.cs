using ModelWorkbench.Core.Explanations;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What the explanation pages show of a model.</summary>
/// <param name="Contributions">What columns add to answers; null with a reason where it could not be told.</param>
/// <param name="ContributionsNote">That reason.</param>
/// <param name="Dependence">How answers move with a column, for the columns that add most.</param>
/// <param name="Surrogate">The model's answers in a few rules; null where there are too few rows.</param>
/// <param name="Errors">Where it errs, on validation rows.</param>
public sealed record ModelExplanation(ContributionReport? Contributions, string? ContributionsNote, IReadOnlyList<PartialDependence> Dependence, SurrogateTree? Surrogate, ErrorReport Errors)
{
    /// <summary>Which columns the model uses together; null where it was not told, and in explanations from before there were any.</summary>
    public Interactions? Interactions { get; init; }

    /// <summary>Why there are none.</summary>
    public string? InteractionsNote { get; init; }

    /// <summary>How far the rows that the model is judged on are from those that it learnt from; null in explanations from before there was any.</summary>
    public IReadOnlyList<PartDrift>? Drift { get; init; }

    /// <summary>The name of each answer: the number's, the second of two classes', or each class's.</summary>
    /// <param name="target">Of the number, where nothing else names it.</param>
    public IReadOnlyList<string> AnswerNames(string target) => Contributions?.Of ?? Surrogate?.Of ?? [target];
}

/// <summary>What input columns add to the answers for some training rows (<see cref="Models.RowContributions"/>).</summary>
/// <param name="Of">The name of each sum: the number's, the second of two classes', or each class's.</param>
/// <param name="Base">Mean of the background rows, one a sum.</param>
/// <param name="RowCount">Rows that were explained.</param>
/// <param name="BackgroundCount">Rows that stand for the usual.</param>
/// <param name="Columns">Those that add most first.</param>
public sealed record ContributionReport(ContributionScale Scale, bool IsExact, IReadOnlyList<string> Of, IReadOnlyList<double> Base, int RowCount, int BackgroundCount, IReadOnlyList<ColumnContributions> Columns);

/// <param name="Column">As it stands in the file.</param>
/// <param name="MeanAbsolute">Mean size of what it adds, one a sum.</param>
/// <param name="Points">For the first columns alone: every row.</param>
public sealed record ColumnContributions(string Column, IReadOnlyList<double> MeanAbsolute, ContributionPoints? Points);

/// <param name="Texts">The column's value in each row; null for missing.</param>
/// <param name="Positions">Where the value lies among all rows', 0 to 1: its rank; for categories in the order of what they add. Null for missing.</param>
/// <param name="Added">One list a sum: what the column adds in each row.</param>
public sealed record ContributionPoints(IReadOnlyList<string?> Texts, IReadOnlyList<float?> Positions, IReadOnlyList<float[]> Added);

/// <summary>A shallow tree that was taught the model's answers.</summary>
/// <param name="Of">What the means are of: the number, the second of two classes, or each class.</param>
/// <param name="Leaves">From yes to no.</param>
/// <param name="Explained">Share of the variance of the model's answers that the tree tells, on rows that it did not learn from; 1 is all.</param>
/// <param name="Agreement">For classes, share of those rows where tree and model say the same.</param>
/// <param name="RowCount">Rows that it learnt from.</param>
/// <remarks>Craven and Shavlik (1996), Extracting tree-structured representations of trained networks, NIPS 8.</remarks>
public sealed record SurrogateTree(IReadOnlyList<string> Of, IReadOnlyList<SurrogateLeaf> Leaves, double? Explained, double? Agreement, int RowCount);

/// <param name="Conditions">All hold.</param>
/// <param name="RowCount">Rows that the tree learnt from.</param>
/// <param name="Means">Mean answer of the model.</param>
public sealed record SurrogateLeaf(IReadOnlyList<TreeCondition> Conditions, int RowCount, IReadOnlyList<double> Means);

/// <summary>Where a model errs, by the answers of models of the folds that had not seen the row; the mean of them where a row was judged more than once.</summary>
/// <param name="RowCount">Validation rows.</param>
/// <param name="Slices">Parts with more errors than the rest; null where there are too few rows.</param>
/// <param name="Columns">Of the worst rows' values.</param>
/// <param name="Worst">Largest error first; of each pair of actual and predicted class there are some.</param>
/// <param name="Groups">How the groups of a column fare, for every column that has groups; those whose groups differ most first.</param>
public sealed record ErrorReport(int RowCount, ErrorSlices? Slices, IReadOnlyList<string> Columns, IReadOnlyList<WorstRow> Worst, IReadOnlyList<GroupReport> Groups)
{
    /// <summary>Of two classes: the probability of the second from which on it counts as the answer here; null for the likelier class.</summary>
    public double? Threshold { get; init; }
}

/// <param name="Line">1-based line of the file on which the row starts.</param>
/// <param name="Actual">The truth.</param>
/// <param name="Predicted">The answer.</param>
/// <param name="Error">For classes 1 less the probability of the truth; for numbers the distance.</param>
/// <param name="Values">As texts; null for missing.</param>
public sealed record WorstRow(int Line, string Actual, string Predicted, double Error, IReadOnlyList<string?> Values)
{
    /// <summary>0-based row of the dataset; null in explanations from before it was kept.</summary>
    public int? Row { get; init; }
}
