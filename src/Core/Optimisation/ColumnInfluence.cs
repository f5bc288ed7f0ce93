using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>How much a model's answers hang on each column: by how much they change where the column's values are dealt out anew among the rows.</summary>
/// <remarks>Permutation importance (Breiman 2001, Random forests) of the answers themselves: it needs no truth, so training rows tell it without flattering the model.</remarks>
public static class ColumnInfluence
{
    /// <param name="scorer">What was learnt.</param>
    /// <param name="encoder">That made the features.</param>
    /// <param name="features">Rows to ask about.</param>
    /// <param name="seed">Of the dealing.</param>
    /// <param name="cancellationToken">Stops between columns.</param>
    /// <returns>The columns of the encoder, the most telling first, with the mean absolute change over all rows and outputs.</returns>
    public static IReadOnlyList<(string Column, double Influence)> Of(Scorer scorer, FittedFeatureEncoder encoder, FeatureMatrix features, int seed, CancellationToken cancellationToken)
    {
        var (rows, stride) = (features.RowCount, features.FeatureCount);
        double[] before = new double[rows * scorer.OutputCount], after = new double[before.Length];
        scorer.ScoreRows(features.Values, stride, rows, before);
        var order = Enumerable.Range(0, rows).ToArray();
        var dealt = (float[])features.Values.Clone();
        var found = new List<(string Column, double Influence)>();
        var first = 0;
        foreach (var column in encoder.Columns)
        {
            cancellationToken.ThrowIfCancellationRequested();
            new Random(seed).Shuffle(order);
            // All features of a column move together: half of a category would be no category.
            var width = column.FeatureNames.Count;
            for (var row = 0; row < rows; row++) features.Row(order[row]).Slice(first, width).CopyTo(dealt.AsSpan((row * stride) + first));
            scorer.ScoreRows(dealt, stride, rows, after);
            found.Add((column.Column, before.Zip(after).Average(pair => Math.Abs(pair.First - pair.Second))));
            for (var row = 0; row < rows; row++) features.Row(row).Slice(first, width).CopyTo(dealt.AsSpan((row * stride) + first));
            first += width;
        }
        return [.. found.OrderByDescending(c => c.Influence)];
    }
}
