using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Training rows as principal components and maps see them: prepared, missing numbers filled, categories and texts as features of 0 and 1.</summary>
/// <param name="Features">A sample of n rows where there are too many.</param>
/// <param name="Labels">Class names, or null for regression; length n.</param>
/// <param name="Targets">For regression, or null; length n.</param>
/// <param name="Rows">0-based, of the dataset; length n.</param>
internal sealed record ComponentRows(FeatureMatrix Features, IReadOnlyList<string>? Labels, IReadOnlyList<double>? Targets, int[] Rows)
{
    /// <param name="data">Whose training rows.</param>
    /// <param name="isScaled">Whether numbers are brought to unit variance; else they keep their units. Shifted they are in both, which components do not see.</param>
    /// <param name="cancellationToken">Looked at between columns.</param>
    /// <exception cref="ArgumentException">There are too few rows, or too many features.</exception>
    public static ComponentRows Of(ExperimentData data, bool isScaled, CancellationToken cancellationToken)
    {
        var part = data.Part(ExperimentData.All);
        var sampled = Sample(part.Training, PcaReporter.MaximumRows(1), data.Plan.Split.Seed, out var drawn);
        var encoder = FeatureEncoder.Fit(sampled, FeatureEncoding.OneHotStandardized, cancellationToken);
        // Asked before the features of a wide table fill the memory.
        if (PcaReporter.WhyNot(sampled.RowCount, encoder.FeatureNames.Count) is { } reason) throw new ArgumentException(reason);
        var rows = Sample(sampled, PcaReporter.MaximumRows(encoder.FeatureNames.Count), data.Plan.Split.Seed, out var fewer);
        var labels = Of(Of(part.TrainingLabels, drawn), fewer);
        var features = encoder.Encode(rows);
        if (!isScaled) Unscale(features, encoder);
        var isNumber = data.Target.Task == LearningTask.Regression;
        return new ComponentRows(features, isNumber ? null : [.. labels.Select(l => data.Target.Classes[(int)l])], isNumber ? [.. labels.Select(l => (double)l)] : null, data.DatasetRows(rows));

        static float[] Of(float[] values, int[]? rows) => rows is null ? values : Array.ConvertAll(rows, r => values[r]);
    }

    /// <summary>Their principal components.</summary>
    public PcaReport Components(ExperimentData data, bool isScaled, CancellationToken cancellationToken) =>
        PcaReporter.Create(Features, Labels, Targets, isScaled, data.Plan.Split.Seed, cancellationToken, Rows);

    /// <summary>The rows that the plot of components shows, or some of them, on a map that keeps neighbours.</summary>
    public NeighbourMap Map(ExperimentData data, Action<double> progress, CancellationToken cancellationToken)
    {
        if (Features.RowCount < FewestMapRows) throw new ArgumentException($"A map of neighbours needs at least {FewestMapRows} rows, found {Features.RowCount}.");
        var seed = data.Plan.Split.Seed;
        var (rowCount, featureCount) = (Features.RowCount, Features.FeatureCount);
        var count = Math.Min(NeighbourMap.MostComponents, Math.Min(featureCount, rowCount - 1));
        var components = featureCount <= PcaReporter.MaximumExactFeatures
            ? PrincipalComponents.Fit(rowCount, featureCount, Features.Read, count, standardize: true, cancellationToken)
            : RandomisedComponents.Fit(rowCount, featureCount, Features.Read, count, standardize: true, seed, cancellationToken);
        // Of those that the components show, so that each point has its colour and its answer.
        var shown = RowSample.Take(rowCount, PcaReporter.MaximumShownRows, seed);
        int[] placed = [.. RowSample.Take(shown.Length, NeighbourMap.MostRows, seed).Select(i => shown[i])];
        var (scores, row, ofRow) = (new float[placed.Length * count], new double[featureCount], new double[count]);
        foreach (var (place, i) in placed.Index())
        {
            Features.Read(i, row);
            components.Project(row, ofRow);
            for (var c = 0; c < count; c++) scores[(place * count) + c] = (float)ofRow[c];
        }
        return NeighbourMap.Create(scores, count, rowCount, featureCount, Array.ConvertAll(placed, i => Rows[i]), seed, progress, cancellationToken);
    }

    private const int FewestMapRows = 20;

    private static Table Sample(Table rows, int count, int seed, out int[]? drawn)
    {
        drawn = rows.RowCount <= count ? null : RowSample.Take(rows.RowCount, count, seed);
        return drawn is null ? rows : rows.Take(drawn);
    }

    /// <summary>Back to the units of the columns, but for where they begin.</summary>
    private static void Unscale(FeatureMatrix features, FittedFeatureEncoder encoder)
    {
        double[] scales = [.. encoder.Columns.SelectMany(ScalesOf)];
        for (var row = 0; row < features.RowCount; row++)
            for (var j = 0; j < scales.Length; j++)
                if (scales[j] != 1) features.Values[(row * scales.Length) + j] = (float)(features.Values[(row * scales.Length) + j] * scales[j]);
    }

    private static IEnumerable<double> ScalesOf(ColumnEncoder encoder) => encoder switch
    {
        NumericEncoder { Value: { } value } numbers => [value.Scale, .. Enumerable.Repeat(1.0, numbers.FeatureNames.Count - 1)],
        DateTimeEncoder moments => [.. moments.Parts.Select(p => p.Feature.Scale), .. Enumerable.Repeat(1.0, moments.FeatureNames.Count - moments.Parts.Count)],
        _ => Enumerable.Repeat(1.0, encoder.FeatureNames.Count),
    };
}
