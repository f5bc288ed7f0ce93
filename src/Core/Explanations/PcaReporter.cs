using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Shows rows of many features on the two directions in which they vary most.</summary>
public static class PcaReporter
{
    public const int MaximumShownRows = 5_000;
    public const int MaximumComponents = 50;

    /// <summary>Components with scores and loadings.</summary>
    public const int MaximumScored = 10;

    /// <summary>Features named for each scored component.</summary>
    public const int NamedFeatures = 30;

    /// <summary>Beyond this many features the components are found by random projection: all eigenvectors would take more than a person waits.</summary>
    public const int MaximumExactFeatures = 500;

    /// <summary>More would not fit beside a model that is being trained.</summary>
    public const int MaximumFeatures = 20_000;

    private const int MostRows = 20_000;
    private const int FewestRows = 100;

    // 10 million numbers take seconds.
    private const int MostCells = 10_000_000;

    // So few that the scree of a wide table still shows where its variance ends.
    private const int RandomisedComponentCount = 20;

    /// <summary>Rows to compute the components on: fewer where each has many features.</summary>
    public static int MaximumRows(int featureCount) => Math.Clamp(MostCells / Math.Max(1, featureCount), FewestRows, MostRows);

    /// <summary>Null, or the reason why there can be no report, said before anything is computed.</summary>
    public static string? WhyNot(int rowCount, int featureCount) =>
        rowCount < 2 ? $"Principal components need at least 2 rows, found {rowCount}."
        : featureCount < 1 ? "There is no feature."
        : featureCount > MaximumFeatures ? $"Principal components are computed for at most {MaximumFeatures} features, found {featureCount}."
        : null;

    /// <summary>Computes the components on all rows and the coordinates of the shown ones.</summary>
    /// <param name="features">n rows without missing values.</param>
    /// <param name="labels">The class name of each row, or null; length n.</param>
    /// <param name="targets">The target of each row for regression, or null; length n.</param>
    /// <param name="standardize">Whether the features still have to be brought to unit variance.</param>
    /// <param name="seed">Decides which rows are shown where there are more than <see cref="MaximumShownRows"/>, and with what directions random projection begins.</param>
    /// <param name="cancellationToken">Looked at every few hundred rows.</param>
    /// <param name="rows">The 0-based row of the dataset that each row was read from, or null; length n.</param>
    /// <exception cref="ArgumentException"><see cref="WhyNot"/> gives a reason, lengths differ, or a value is missing.</exception>
    public static PcaReport Create(
        FeatureMatrix features, IReadOnlyList<string>? labels, IReadOnlyList<double>? targets, bool standardize, int seed, CancellationToken cancellationToken, IReadOnlyList<int>? rows = null)
    {
        if (WhyNot(features.RowCount, features.FeatureCount) is { } reason) throw new ArgumentException(reason, nameof(features));
        if ((labels?.Count ?? features.RowCount) != features.RowCount) throw new ArgumentException($"Found {labels!.Count} labels for {features.RowCount} rows.", nameof(labels));
        if ((targets?.Count ?? features.RowCount) != features.RowCount) throw new ArgumentException($"Found {targets!.Count} targets for {features.RowCount} rows.", nameof(targets));
        if ((rows?.Count ?? features.RowCount) != features.RowCount) throw new ArgumentException($"Found {rows!.Count} row numbers for {features.RowCount} rows.", nameof(rows));

        var (rowCount, featureCount) = (features.RowCount, features.FeatureCount);
        var isExact = featureCount <= MaximumExactFeatures;
        // All shares are known at no cost where all eigenvectors are computed anyway.
        var components = isExact
            ? PrincipalComponents.Fit(rowCount, featureCount, features.Read, featureCount, standardize, cancellationToken)
            : RandomisedComponents.Fit(rowCount, featureCount, features.Read, RandomisedComponentCount, standardize, seed, cancellationToken);

        var shown = RowSample.Take(rowCount, MaximumShownRows, seed);
        var scored = Math.Min(MaximumScored, featureCount);
        var leading = components with { Components = components.Components[..scored] };
        var scores = Enumerable.Range(0, Math.Max(2, scored)).Select(_ => new double[shown.Length]).ToArray();
        var (row, ofRow) = (new double[featureCount], new double[scored]);
        for (var i = 0; i < shown.Length; i++)
        {
            if (i % 100 == 0) cancellationToken.ThrowIfCancellationRequested();
            features.Read(shown[i], row);
            leading.Project(row, ofRow);
            for (var c = 0; c < scored; c++) scores[c][i] = ofRow[c];
        }
        int[] named = [.. leading.Components.SelectMany(Strongest).Distinct().Order()];
        return new PcaReport(
            [.. components.ExplainedVarianceRatio.Take(MaximumComponents)], scores[0], scores[1],
            labels is null ? null : [.. shown.Select(i => labels[i])],
            targets is null ? null : [.. shown.Select(i => targets[i])],
            [.. named.Select(j => features.Names[j])],
            [.. leading.Components.Select(c => (IReadOnlyList<double>)[.. named.Select(j => c[j])])],
            rowCount)
        {
            FeatureCount = featureCount,
            IsRandomised = !isExact,
            Further = [.. scores.Skip(2).Select(s => Array.ConvertAll(s, score => (float)score))],
            Marks = VarianceMark.Of(components.ExplainedVarianceRatio),
            Rows = rows is null ? null : [.. shown.Select(i => rows[i])],
        };
    }

    private static IEnumerable<int> Strongest(double[] component) => Enumerable.Range(0, component.Length).OrderByDescending(j => Math.Abs(component[j])).Take(NamedFeatures);
}
