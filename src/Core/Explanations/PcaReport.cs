using System.Text.Json.Serialization;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Principal components of the prepared features, centred and scaled to unit variance, ready to be drawn.</summary>
/// <param name="ExplainedVarianceRatio">The first components (at most 50), descending; sums to at most 1.</param>
/// <param name="First">Score on the first component, one a shown row.</param>
/// <param name="Second">Score on the second component; all 0 where there is only one feature.</param>
/// <param name="Labels">Class name of each shown row, or null for regression.</param>
/// <param name="Targets">Target value of each shown row for regression, or null.</param>
/// <param name="FeatureNames">Of the features that a scored component leans on most, in feature order.</param>
/// <param name="Loadings">For each scored component one weight a named feature: the coordinates of the component, which has length 1 over all features.</param>
/// <param name="RowCount">Rows that the components were computed on; at most 5,000 are shown.</param>
/// <remarks>Reports of a time before the properties below have none of them: two scored components, and all features named.</remarks>
public sealed record PcaReport(
    IReadOnlyList<double> ExplainedVarianceRatio,
    IReadOnlyList<double> First,
    IReadOnlyList<double> Second,
    IReadOnlyList<string>? Labels,
    IReadOnlyList<double>? Targets,
    IReadOnlyList<string> FeatureNames,
    IReadOnlyList<IReadOnlyList<double>> Loadings,
    int RowCount)
{
    /// <summary>All features that the components are made of.</summary>
    public int FeatureCount { get; init; } = FeatureNames.Count;

    /// <summary>Whether the components were found by random projection rather than from all eigenvectors.</summary>
    public bool IsRandomised { get; init; }

    /// <summary>Scores on the third component and those after it, one a shown row.</summary>
    public IReadOnlyList<IReadOnlyList<float>> Further { get; init; } = [];

    /// <summary>How many components hold 90, 95 and 99 % of the variance.</summary>
    public IReadOnlyList<VarianceMark> Marks { get; init; } = VarianceMark.Of(ExplainedVarianceRatio);

    /// <summary>The 0-based row of the dataset that each shown row was read from; null where it was not kept.</summary>
    public IReadOnlyList<int>? Rows { get; init; }

    /// <summary>What the trial answered for the shown rows when it was judged; null where it was not kept.</summary>
    public PcaAnswers? Answers { get; init; }

    /// <summary>Components with scores and loadings, 1 to 10.</summary>
    [JsonIgnore]
    public int ScoredCount => Math.Min(2 + Further.Count, Loadings.Count);

    /// <summary>Scores on a component, one a shown row.</summary>
    /// <param name="component">0-based, below <see cref="ScoredCount"/>.</param>
    public IReadOnlyList<double> Scores(int component) => component switch
    {
        0 => First,
        1 => Second,
        _ => [.. Further[component - 2].Select(score => (double)score)],
    };

    /// <summary>The features that a component leans on most, the strongest first.</summary>
    /// <param name="component">0-based, below <see cref="ScoredCount"/>.</param>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<FeatureLoading> Strongest(int component, int count) =>
        [.. FeatureNames.Zip(Loadings[component], (name, loading) => new FeatureLoading(name, loading)).OrderByDescending(f => Math.Abs(f.Loading)).Take(count)];

    /// <summary>The features with the longest arrows on two components, the longest first.</summary>
    public IReadOnlyList<FeatureArrow> Arrows(int x, int y, int count) =>
        [.. FeatureNames.Select((name, i) => new FeatureArrow(name, LoadingOf(x, i), LoadingOf(y, i))).OrderByDescending(a => (a.X * a.X) + (a.Y * a.Y)).Take(count)];

    /// <summary>The shown rows next to one of them on two components, itself first.</summary>
    /// <param name="shown">Its place among the shown rows.</param>
    /// <param name="x">0-based component.</param>
    /// <param name="y">0-based component.</param>
    /// <param name="count">Neighbours at most, beside itself.</param>
    /// <returns>Places among the shown rows.</returns>
    public IReadOnlyList<int> Nearest(int shown, int x, int y, int count)
    {
        var (across, up) = (Scores(x), Scores(y));
        return
        [
            shown,
            .. Enumerable.Range(0, across.Count).Where(i => i != shown)
                .OrderBy(i => Math.Pow(across[i] - across[shown], 2) + Math.Pow(up[i] - up[shown], 2)).Take(count),
        ];
    }

    // The only component of a single feature is shown against one that does not exist.
    private double LoadingOf(int component, int feature) => component < Loadings.Count ? Loadings[component][feature] : 0;
}

/// <param name="Feature">Its name, such as <c>age</c> or <c>sex=male</c>.</param>
/// <param name="Loading">Weight of the feature in the component, -1 to 1.</param>
public sealed record FeatureLoading(string Feature, double Loading);

/// <summary>A feature on two components.</summary>
public sealed record FeatureArrow(string Feature, double X, double Y);

/// <summary>How many of the first components hold a share of the variance.</summary>
/// <param name="Share">0 to 1.</param>
/// <param name="Components">Null where the known components do not reach it.</param>
public sealed record VarianceMark(double Share, int? Components)
{
    /// <summary>Rounding of a sum that is all of the variance must not cost a component.</summary>
    private const double Slack = 1e-9;

    /// <summary>For 90, 95 and 99 %.</summary>
    /// <param name="ratios">Shares of the variance, descending.</param>
    public static IReadOnlyList<VarianceMark> Of(IReadOnlyList<double> ratios) => [.. new[] { 0.9, 0.95, 0.99 }.Select(share => new VarianceMark(share, CountFor(ratios, share)))];

    private static int? CountFor(IReadOnlyList<double> ratios, double share)
    {
        var sum = 0.0;
        for (var i = 0; i < ratios.Count; i++)
            if ((sum += ratios[i]) >= share - Slack) return i + 1;
        return null;
    }
}

/// <summary>What a trial answered for the shown rows, by models that had not seen them; null for rows that were never held out.</summary>
/// <param name="Labels">The likeliest class, or null for regression.</param>
/// <param name="Values">The predicted number for regression, or null.</param>
/// <param name="Errors">For regression the target less the prediction; for classes 1 less the probability of the true class: 0 is right and sure, 1 wrong and sure.</param>
public sealed record PcaAnswers(IReadOnlyList<string?>? Labels, IReadOnlyList<double?>? Values, IReadOnlyList<float?> Errors);
