using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Measures how much a model leans on each source column, by shuffling the column among the rows and scoring again.</summary>
public static class PermutationImportanceCalculator
{
    /// <summary>More rows cost time and change the picture little; of more an even sample is taken.</summary>
    public const int MaximumRows = 2_000;

    /// <param name="rows">Rows the model has not learnt from, with the target.</param>
    /// <param name="columns">The source columns to shuffle, one at a time; a column and its one-hot features are thus shuffled together.</param>
    /// <param name="score">The metric of the model on the rows it is given; it is called 1 + columns * repeats times.</param>
    /// <param name="metric">What <paramref name="score"/> measures.</param>
    /// <param name="repeats">Shuffles a column, at least 1.</param>
    /// <param name="seed">Decides the sample and the shuffles.</param>
    /// <param name="progress">Called with 0 to 1, ascending; or null.</param>
    /// <param name="cancellationToken">Looked at before each scoring.</param>
    /// <returns>Most important first; the standard deviation has n in the denominator, as in scikit-learn.</returns>
    /// <remarks>Breiman (2001), Machine Learning 45(1); scikit-learn's permutation_importance. Of columns that say the same, each may look unimportant, as the other stands in for it.</remarks>
    public static PermutationImportance Compute(
        Table rows, IReadOnlyList<string> columns, Func<Table, double> score, Metric metric, int repeats, int seed, Action<double>? progress, CancellationToken cancellationToken)
    {
        if (repeats < 1) throw new ArgumentException($"Found {repeats} repeats, expected at least 1.", nameof(repeats));
        var sample = RowSample.Take(rows.RowCount, MaximumRows, seed);
        rows = sample.Length == rows.RowCount ? rows : rows.Take(sample);
        cancellationToken.ThrowIfCancellationRequested();
        var baseline = score(rows);

        var random = new Random(seed);
        var order = Enumerable.Range(0, rows.RowCount).ToArray();
        var importances = new List<ColumnImportance>(columns.Count);
        foreach (var name in columns)
        {
            var drops = new double[repeats];
            for (var r = 0; r < repeats; r++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                random.Shuffle(order);
                var shuffled = score(rows.With(rows[name].Take(order)));
                drops[r] = metric.HigherIsBetter ? baseline - shuffled : shuffled - baseline;
            }
            var mean = drops.Average();
            importances.Add(new ColumnImportance(name, mean, Math.Sqrt(drops.Average(drop => (drop - mean) * (drop - mean)))));
            progress?.Invoke((double)importances.Count / columns.Count);
        }
        return new PermutationImportance(metric.Id, rows.RowCount, repeats, [.. importances.OrderByDescending(i => i.MeanDrop)]);
    }
}
