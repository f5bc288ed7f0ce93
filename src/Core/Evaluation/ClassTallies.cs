namespace ModelWorkbench.Core.Evaluation;

/// <summary>Rows by class: all that figures of merit ask of a confusion matrix, without its square of the classes in cells.</summary>
/// <param name="Hits">Rows of each class that are predicted as it; length K.</param>
/// <param name="Support">Rows of each class; length K.</param>
/// <param name="Predicted">Rows that are predicted as each class; length K.</param>
public sealed record ClassTallies(int[] Hits, int[] Support, int[] Predicted)
{
    /// <param name="truth">0-based classes; length n.</param>
    /// <param name="predicted">Length n.</param>
    /// <param name="classCount">K.</param>
    /// <param name="counts">How often each row counts; empty for once each.</param>
    public static ClassTallies Of(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classCount, ReadOnlySpan<int> counts = default)
    {
        var tallies = new ClassTallies(new int[classCount], new int[classCount], new int[classCount]);
        for (var row = 0; row < truth.Length; row++)
        {
            var count = ClassificationMetrics.Count(counts, row);
            tallies.Support[truth[row]] += count;
            tallies.Predicted[predicted[row]] += count;
            if (truth[row] == predicted[row]) tallies.Hits[truth[row]] += count;
        }
        return tallies;
    }

    /// <param name="confusion">Rows by true class (first index) and predicted class (second index).</param>
    public static implicit operator ClassTallies(int[][] confusion) =>
        new([.. confusion.Select((row, c) => row[c])], [.. confusion.Select(row => row.Sum())], [.. Enumerable.Range(0, confusion.Length).Select(c => confusion.Sum(row => row[c]))]);
}
