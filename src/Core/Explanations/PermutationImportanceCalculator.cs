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
        return Compute(rows.RowCount, [.. columns.Select(name => new[] { name })], 1, Score, metric, repeats, seed, progress, cancellationToken);

        double Score(IReadOnlyList<string> shuffled, int[] order)
        {
            var mixed = rows;
            foreach (var name in shuffled) mixed = mixed.With(rows[name].Take(order));
            return score(mixed);
        }
    }

    /// <param name="rowCount">Rows that are shuffled, all of them.</param>
    /// <param name="columns">What is shuffled together, one group at a time: single columns, and groups of them.</param>
    /// <param name="threads">At least 1; with more, <paramref name="score"/> is called by several at a time.</param>
    /// <param name="score">The metric of the model when these columns take their values from the rows in this order; with no column, as the rows are.</param>
    /// <param name="metric">What <paramref name="score"/> measures.</param>
    /// <param name="repeats">Shuffles a group, at least 1.</param>
    /// <param name="seed">Decides the shuffles, whatever the number of threads.</param>
    /// <param name="progress">Called with 0 to 1, ascending; or null.</param>
    /// <param name="cancellationToken">Looked at before each scoring.</param>
    /// <returns>Most important first: single columns as such, the others as groups.</returns>
    public static PermutationImportance Compute(
        int rowCount, IReadOnlyList<IReadOnlyList<string>> columns, int threads, Func<IReadOnlyList<string>, int[], double> score, Metric metric, int repeats, int seed, Action<double>? progress, CancellationToken cancellationToken)
    {
        if (repeats < 1) throw new ArgumentException($"Found {repeats} repeats, expected at least 1.", nameof(repeats));
        cancellationToken.ThrowIfCancellationRequested();
        int[] asTheyAre = [.. Enumerable.Range(0, rowCount)];
        var baseline = score([], asTheyAre);
        var (measured, done, gate) = (new ColumnImportance[columns.Count], 0, new Lock());
        try
        {
            Parallel.For(0, columns.Count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, group =>
            {
                // Its own, so that the order in which groups get their turn changes nothing.
                var random = new Random(unchecked((seed * 397) + group));
                var order = asTheyAre.ToArray();
                var drops = new double[repeats];
                for (var r = 0; r < repeats; r++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    random.Shuffle(order);
                    var shuffled = score(columns[group], order);
                    drops[r] = metric.HigherIsBetter ? baseline - shuffled : shuffled - baseline;
                }
                var mean = drops.Average();
                measured[group] = new ColumnImportance(columns[group][0], mean, Math.Sqrt(drops.Average(drop => (drop - mean) * (drop - mean))));
                lock (gate) progress?.Invoke((double)++done / columns.Count);
            });
        }
        catch (AggregateException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw e.Flatten().InnerExceptions[0];
        }
        return new PermutationImportance(metric.Id, rowCount, repeats, [.. measured.Where((_, i) => columns[i].Count == 1).OrderByDescending(i => i.MeanDrop)])
        {
            Groups = [.. measured.Index().Where(m => columns[m.Index].Count > 1).Select(m => new GroupImportance(columns[m.Index], m.Item.MeanDrop, m.Item.StandardDeviation)).OrderByDescending(g => g.MeanDrop)],
        };
    }
}
