using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>Divides rows by chance, the same way for the same seed and rows.</summary>
/// <remarks>Stratified parts hold of every class its share of the rows to within one row. A missing class counts as a class of its own.</remarks>
public static class Splitter
{
    /// <summary>Locks away the test set; the rest is for training.</summary>
    /// <param name="rows">Prepared rows.</param>
    /// <param name="stratifyBy">The column with the classes, or null; used where the plan is stratified. A class with a single row stays in training.</param>
    /// <param name="plan">The shares and the seed.</param>
    /// <exception cref="ArgumentException">The rows are too few for the plan, or the plan is out of range.</exception>
    public static DataSplit Split(Table rows, string? stratifyBy, SplitPlan plan)
    {
        ThrowIfAny(plan.Problems(rows.RowCount), nameof(plan));
        if (plan.TestFraction == 0) return new DataSplit(new TrainingRows(rows, [.. Enumerable.Range(0, rows.RowCount)]), new LockedTestSet(rows, []));
        var held = HoldOut(Strata(rows, stratifyBy, plan), rows.RowCount, plan.TestFraction, new Random(plan.Seed));
        return new DataSplit(new TrainingRows(rows, Where(held, false)), new LockedTestSet(rows, Where(held, true)));
    }

    /// <summary>Divides the training rows for comparing trials. With two folds or more every row is in exactly one validation part of each repeat, and the parts differ in size by at most one row.</summary>
    /// <param name="rows">The training rows of <see cref="Split"/>.</param>
    /// <param name="stratifyBy">As in <see cref="Split"/>. Every class of at least two rows is in the training part of each fold.</param>
    /// <param name="plan">The number of folds, of repeats, and the seed.</param>
    /// <returns>The folds of the first repeat, then those of the next; the first repeat is the same however many follow.</returns>
    /// <exception cref="ArgumentException">There are fewer rows than folds, or the plan is out of range.</exception>
    public static IReadOnlyList<Fold> Folds(TrainingRows rows, string? stratifyBy, SplitPlan plan)
    {
        var table = rows.Table;
        var needed = Math.Max(2, plan.Folds);
        if (plan.Folds is < 1 or > 20 || table.RowCount < needed)
            throw new ArgumentException($"{table.RowCount} training rows cannot be divided into {plan.Folds} folds; expected 1 to 20 folds and at least {needed} rows.", nameof(plan));
        var strata = Strata(table, stratifyBy, plan);
        var random = new Random(plan.Seed);
        if (plan.Folds == 1)
            return [MakeFold(table, HoldOut(strata, table.RowCount, SplitPlan.HoldOutFraction, random))];

        var folds = new List<Fold>();
        for (var repeat = 0; repeat < plan.Repeats; repeat++)
        {
            // Dealt like cards, on from class to class: sizes differ by at most one row, within each class and in all.
            var foldOf = new int[table.RowCount];
            var next = 0;
            foreach (var stratum in strata)
            {
                random.Shuffle(stratum);
                foreach (var row in stratum) foldOf[row] = next++ % plan.Folds;
            }
            folds.AddRange(Enumerable.Range(0, plan.Folds).Select(fold => MakeFold(table, Array.ConvertAll(foldOf, f => f == fold))));
        }
        return folds;
    }

    /// <summary>Rows to hold out, rounded up as scikit-learn's train_test_split does, but never all.</summary>
    internal static int HeldOutCount(int rowCount, double fraction) => Math.Clamp((int)Math.Ceiling(rowCount * fraction), 0, Math.Max(0, rowCount - 1));

    private static Fold MakeFold(Table table, bool[] validation) =>
        new(new TrainingRows(table, Where(validation, false)), new ValidationRows(table, Where(validation, true)));

    private static bool[] HoldOut(IReadOnlyList<int[]> strata, int rowCount, double fraction, Random random)
    {
        var total = HeldOutCount(rowCount, fraction);
        var counts = Apportion([.. strata.Select(s => s.Length)], total, rowCount);
        var held = new bool[rowCount];
        for (var s = 0; s < strata.Count; s++)
        {
            random.Shuffle(strata[s]);
            for (var i = 0; i < counts[s]; i++) held[strata[s][i]] = true;
        }
        return held;
    }

    /// <summary>Shares out <paramref name="total"/> by size: whole parts first, the rest to the largest remainders (Hamilton's method); each class keeps a row.</summary>
    private static int[] Apportion(int[] sizes, int total, int rowCount)
    {
        var counts = new int[sizes.Length];
        for (var s = 0; s < sizes.Length; s++) counts[s] = (int)((long)sizes[s] * total / rowCount);
        var rest = total - counts.Sum();
        var byRemainder = Enumerable.Range(0, sizes.Length)
            .Where(s => counts[s] < sizes[s] - 1)
            .OrderByDescending(s => (long)sizes[s] * total % rowCount);
        foreach (var s in byRemainder.Take(rest)) counts[s]++;
        if (counts.Sum() == 0)
            throw new ArgumentException($"{rowCount} rows in {sizes.Length} classes leave no row to hold out, as each class keeps one for training; expected a class with more rows, or a plan that is not stratified.");
        return counts;
    }

    /// <summary>The rows of each class in order, classes in order of their first row; one stratum where the plan is not stratified.</summary>
    private static int[][] Strata(Table rows, string? stratifyBy, SplitPlan plan)
    {
        var all = Enumerable.Range(0, rows.RowCount);
        if (!plan.Stratified || stratifyBy is null) return [[.. all]];
        var column = rows[stratifyBy];
        return [.. all.GroupBy(row => column.GetText(row)).Select(group => group.ToArray())];
    }

    private static int[] Where(bool[] held, bool value) => [.. Enumerable.Range(0, held.Length).Where(row => held[row] == value)];

    private static void ThrowIfAny(IReadOnlyList<string> problems, string parameter)
    {
        if (problems.Count > 0) throw new ArgumentException(string.Join(" ", problems), parameter);
    }
}
