namespace ModelWorkbench.Core.Recipes;

/// <summary>Means of the target by category.</summary>
/// <remarks>Micci-Barreca (2001), SIGKDD Explorations 3(1). Stands word for word in exported C# programs.</remarks>
internal static class TargetMeans
{
    /// <summary>A fold for each row, of equal size but for one row.</summary>
    public static int[] AssignFolds(int rowCount, int folds, int seed)
    {
        var assigned = new int[rowCount];
        for (var row = 0; row < rowCount; row++) assigned[row] = row % folds;
        new Random(seed).Shuffle(assigned);
        return assigned;
    }

    /// <summary>For each row the mean of the target in the other folds' rows of its category, drawn towards their mean.</summary>
    /// <param name="categories">0 to <paramref name="categoryCount"/> - 1, one a row.</param>
    /// <param name="truth">The target, one a row; NaN where it is missing.</param>
    /// <param name="foldOfRow">0 to <paramref name="folds"/> - 1, one a row.</param>
    public static double[] CrossFit(int[] categories, int categoryCount, double[] truth, int[] foldOfRow, int folds, double smoothing)
    {
        var sums = new double[categoryCount, folds];
        var counts = new int[categoryCount, folds];
        var (foldSums, foldCounts) = (new double[folds], new int[folds]);
        for (var row = 0; row < truth.Length; row++)
        {
            if (!double.IsFinite(truth[row])) continue;
            sums[categories[row], foldOfRow[row]] += truth[row];
            counts[categories[row], foldOfRow[row]]++;
            foldSums[foldOfRow[row]] += truth[row];
            foldCounts[foldOfRow[row]]++;
        }
        var values = new double[categoryCount, folds];
        for (var fold = 0; fold < folds; fold++)
        {
            double all = 0;
            var allCount = 0;
            // Summed up over the other folds rather than taken off the whole: not one digit comes from the row itself.
            for (var other = 0; other < folds; other++)
                if (other != fold) (all, allCount) = (all + foldSums[other], allCount + foldCounts[other]);
            var prior = allCount == 0 ? 0 : all / allCount;
            for (var category = 0; category < categoryCount; category++)
            {
                double sum = 0;
                var count = 0;
                for (var other = 0; other < folds; other++)
                    if (other != fold) (sum, count) = (sum + sums[category, other], count + counts[category, other]);
                values[category, fold] = Smooth(sum, count, prior, smoothing);
            }
        }
        var encoded = new double[truth.Length];
        for (var row = 0; row < encoded.Length; row++) encoded[row] = values[categories[row], foldOfRow[row]];
        return encoded;
    }

    /// <summary>A mean drawn towards the prior, which counts as that of so many rows.</summary>
    public static double Smooth(double sum, int count, double prior, double smoothing) => count == 0 ? prior : (sum + smoothing * prior) / (count + smoothing);
}
