using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Shows rows of many features on the two directions in which they vary most.</summary>
public static class PcaReporter
{
    public const int MaximumShownRows = 5_000;
    public const int MaximumComponents = 50;

    /// <summary>Null, or the reason why there can be no report, said before anything is computed.</summary>
    public static string? WhyNot(int rowCount, int featureCount) =>
        rowCount < 2 ? $"Principal components need at least 2 rows, found {rowCount}."
        : featureCount < 1 ? "There is no feature."
        : featureCount > PrincipalComponents.MaximumFeatures ? $"Principal components are computed for at most {PrincipalComponents.MaximumFeatures} features, found {featureCount}."
        : null;

    /// <summary>Computes the components on all rows and the coordinates of the shown ones.</summary>
    /// <param name="features">n rows without missing values.</param>
    /// <param name="labels">The class name of each row, or null; length n.</param>
    /// <param name="targets">The target of each row for regression, or null; length n.</param>
    /// <param name="standardize">Whether the features still have to be brought to unit variance.</param>
    /// <param name="seed">Decides which rows are shown where there are more than <see cref="MaximumShownRows"/>.</param>
    /// <param name="cancellationToken">Looked at every few hundred rows.</param>
    /// <exception cref="ArgumentException"><see cref="WhyNot"/> gives a reason, lengths differ, or a value is missing.</exception>
    public static PcaReport Create(
        FeatureMatrix features, IReadOnlyList<string>? labels, IReadOnlyList<double>? targets, bool standardize, int seed, CancellationToken cancellationToken)
    {
        if (WhyNot(features.RowCount, features.FeatureCount) is { } reason) throw new ArgumentException(reason, nameof(features));
        if ((labels?.Count ?? features.RowCount) != features.RowCount) throw new ArgumentException($"Found {labels!.Count} labels for {features.RowCount} rows.", nameof(labels));
        if ((targets?.Count ?? features.RowCount) != features.RowCount) throw new ArgumentException($"Found {targets!.Count} targets for {features.RowCount} rows.", nameof(targets));

        var components = PrincipalComponents.Fit(
            features.RowCount, features.FeatureCount, features.Read, Math.Min(MaximumComponents, features.FeatureCount), standardize, cancellationToken);

        var shown = RowSample.Take(features.RowCount, MaximumShownRows, seed);
        var (first, second) = (new double[shown.Length], new double[shown.Length]);
        var row = new double[features.FeatureCount];
        var scores = new double[components.Components.Length];
        for (var i = 0; i < shown.Length; i++)
        {
            features.Read(shown[i], row);
            components.Project(row, scores);
            first[i] = scores[0];
            second[i] = scores.Length > 1 ? scores[1] : 0;
        }
        return new PcaReport(
            components.ExplainedVarianceRatio, first, second,
            labels is null ? null : [.. shown.Select(i => labels[i])],
            targets is null ? null : [.. shown.Select(i => targets[i])],
            features.Names,
            [components.Components[0], components.Components.ElementAtOrDefault(1) ?? new double[features.FeatureCount]],
            features.RowCount);
    }
}
