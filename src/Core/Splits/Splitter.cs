using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>Divides rows as a plan says, the same way for the same seed and rows.</summary>
/// <remarks>Stratified parts of a random split hold of every class its share of the rows to within one row; those of a grouped split as near as whole groups allow. A missing class counts as a class of its own.</remarks>
public static class Splitter
{
    /// <summary>Locks away the test set; the rest is for training.</summary>
    /// <param name="rows">Prepared rows. The parts are without the plan's hidden column.</param>
    /// <param name="stratifyBy">The column with the classes, or null; used where the plan is stratified. In a random split a class with a single row stays in training.</param>
    /// <param name="plan">The method, the shares and the seed.</param>
    /// <param name="by">The plan's column, one value a row, where it is not among the columns of <paramref name="rows"/>.</param>
    /// <exception cref="SplitException">The rows are too few for the plan, the plan is out of range, or its column does not suit it.</exception>
    public static DataSplit Split(Table rows, string? stratifyBy, SplitPlan plan, Column? by = null)
    {
        if (plan.Check(rows.RowCount) is { Count: > 0 } problems) throw new SplitException(problems);
        by = plan.Column is null ? null : by ?? rows.Find(plan.Column) ?? throw Refuse($"There is no column '{plan.Column}' that {plan.Role}. The columns are: {string.Join(", ", rows.Columns.Select(c => c.Name))}.");
        if (by is not null) ThrowIfUnsuitable(by, rows, plan);
        var held = plan.Method switch
        {
            SplitMethod.OwnColumn => OwnTest(rows, by!, stratifyBy, plan),
            _ when plan.TestFraction == 0 => new bool[rows.RowCount],
            SplitMethod.Grouped => HoldOutGroups(rows, by!, stratifyBy, plan, plan.TestFraction, plan.NeededValues - 1),
            SplitMethod.TimeOrdered => HoldOutLatest(by!, plan.TestFraction, plan.NeededValues - 1),
            _ => HoldOut(Strata(rows, stratifyBy, plan), rows.RowCount, plan.TestFraction, new Random(plan.Seed)),
        };
        var seen = plan.HiddenColumn is { } hidden && rows.Find(hidden) is not null ? rows.Without([hidden]) : rows;
        return new DataSplit(new TrainingRows(seen, Where(held, false), by), new LockedTestSet(seen, Where(held, true)));
    }

    /// <summary>Divides the training rows for comparing trials.</summary>
    /// <remarks>A random or grouped split with two folds or more has every row in exactly one validation part of each repeat; parts of a random split differ in size by at most one row.
    /// In order of time each fold learns from all rows before its validation part and from none after it: the first rows are in no validation part, and the last in no training part.
    /// An own column with validation rows gives one fold; with numbers of folds each number is a validation part once; else its training rows are cut as a random split.</remarks>
    /// <param name="rows">The training rows of <see cref="Split"/>.</param>
    /// <param name="stratifyBy">As in <see cref="Split"/>. Every class of at least two rows is in the training part of each fold of a random split.</param>
    /// <param name="plan">As in <see cref="Split"/>.</param>
    /// <returns>The folds of the first repeat, then those of the next; the first repeat is the same however many follow. Positions are those of rows in the table of <paramref name="rows"/>.</returns>
    /// <exception cref="ArgumentException">There are fewer rows than folds, the plan is out of range, or it is not the plan that the rows were split by.</exception>
    public static IReadOnlyList<Fold> Folds(TrainingRows rows, string? stratifyBy, SplitPlan plan)
    {
        var table = rows.Table;
        if (plan.Folds is < 1 or > SplitPlan.MaximumFolds)
            throw new ArgumentException($"The number of folds is {plan.Folds}; expected 1 to {SplitPlan.MaximumFolds}.", nameof(plan));
        if (plan.Method != SplitMethod.Random && rows.By is null)
            throw new ArgumentException($"The training rows come from a random split, and the plan divides them by column '{plan.Column}'; expected the same plan for both.", nameof(plan));
        return plan.Method switch
        {
            SplitMethod.Grouped => GroupFolds(table, rows.By!, stratifyBy, plan),
            SplitMethod.TimeOrdered => TimeFolds(table, rows.By!, plan),
            SplitMethod.OwnColumn => OwnFolds(table, rows.By!, stratifyBy, plan),
            _ => RandomFolds(table, stratifyBy, plan),
        };
    }

    /// <summary>Rows to hold out, rounded up as scikit-learn's train_test_split does, but never all.</summary>
    internal static int HeldOutCount(int rowCount, double fraction) => Math.Clamp((int)Math.Ceiling(rowCount * fraction), 0, Math.Max(0, rowCount - 1));

    private static void ThrowIfUnsuitable(Column by, Table rows, SplitPlan plan)
    {
        if (by.Length != rows.RowCount) throw new ArgumentException($"Column '{by.Name}' has {by.Length} values for {rows.RowCount} rows.", nameof(by));
        var missing = by.CountMissing();
        if (missing > 0)
        {
            var first = Enumerable.Range(0, by.Length).First(by.IsMissing);
            throw Refuse($"Column '{by.Name}' {plan.Role}, and {(missing == 1 ? "1 row has" : string.Create(CultureInfo.InvariantCulture, $"{missing:N0} rows have"))} no value in it ({(missing == 1 ? "" : "first on ")}line {rows.LineNumbers[first]}); expected one in every row. A recipe step can leave out rows without a value.");
        }
        switch (plan.Method)
        {
            case SplitMethod.Grouped:
                if (ColumnCodes.Of(by).Count is var groups && groups < plan.NeededValues)
                    throw Refuse($"Column '{by.Name}' has {(groups == 1 ? $"the same value '{by.GetText(0)}' in all rows" : $"{groups} different values")}; expected at least {plan.NeededValues}, as {Needs(plan)} no group in common.");
                break;
            case SplitMethod.TimeOrdered:
                if (by is DictionaryColumn) throw Refuse($"Column '{by.Name}' holds {(by.Kind == ColumnKind.Category ? "categories" : by.Kind == ColumnKind.Boolean ? "true and false" : "text")}, found '{by.GetText(0)}' on line {rows.LineNumbers[0]}; expected dates or numbers. A recipe step can read dates from text.");
                if (TimeParts.Of(by).DistinctCount is var times && times < plan.NeededValues)
                    throw Refuse($"Column '{by.Name}' has {(times == 1 ? $"the same time {by.GetText(0)} in all rows" : $"{times} different times")}; expected at least {plan.NeededValues}, as {Needs(plan)} no time in common.");
                break;
            case SplitMethod.OwnColumn:
                if (OwnParts.Of(by).Problems(by, rows.LineNumbers, plan) is { Count: > 0 } problems) throw new SplitException(problems);
                break;
        }
    }

    private static string Needs(SplitPlan plan) => $"{(plan.Folds == 1 ? "training and validation rows" : $"{plan.Folds} folds")}{(plan.TestFraction > 0 ? " and the locked test set" : "")} have";

    private static SplitException Refuse(string message) => new([new SplitProblem(message, nameof(SplitPlan.Column))]);

    private static List<Fold> RandomFolds(Table table, string? stratifyBy, SplitPlan plan)
    {
        if (table.RowCount < Math.Max(2, plan.Folds))
            throw new SplitException([new SplitProblem($"{table.RowCount} training rows cannot be divided into {(plan.Folds == 1 ? "training and validation rows" : $"{plan.Folds} folds")}; expected at least {Math.Max(2, plan.Folds)}.", nameof(SplitPlan.Folds))]);
        var strata = Strata(table, stratifyBy, plan);
        var random = new Random(plan.Seed);
        if (plan.Folds == 1) return [MakeFold(table, HoldOut(strata, table.RowCount, SplitPlan.HoldOutFraction, random))];

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
            folds.AddRange(MakeFolds(table, foldOf, plan.Folds));
        }
        return folds;
    }

    private static List<Fold> GroupFolds(Table table, Column by, string? stratifyBy, SplitPlan plan)
    {
        if (plan.Folds == 1) return [MakeFold(table, HoldOutGroups(table, by, stratifyBy, plan, SplitPlan.HoldOutFraction, leave: 1))];
        var (groupOf, count) = ColumnCodes.Of(by);
        var groups = GroupParts.Counts(groupOf, count, Classes(table, stratifyBy, plan));
        var random = new Random(plan.Seed);
        var shares = Enumerable.Repeat(1.0 / plan.Folds, plan.Folds).ToArray();
        var folds = new List<Fold>();
        for (var repeat = 0; repeat < plan.Repeats; repeat++)
        {
            var parts = GroupParts.Assign(groups, GroupParts.Order(groups, random), shares);
            GroupParts.FillEmpty(parts, groups, plan.Folds);
            folds.AddRange(MakeFolds(table, Array.ConvertAll(groupOf, g => parts[g]), plan.Folds));
        }
        return folds;
    }

    private static bool[] HoldOutGroups(Table rows, Column by, string? stratifyBy, SplitPlan plan, double fraction, int leave)
    {
        var (groupOf, count) = ColumnCodes.Of(by);
        var groups = GroupParts.Counts(groupOf, count, Classes(rows, stratifyBy, plan));
        var held = GroupParts.HoldOut(groups, fraction, leave, new Random(plan.Seed));
        return Array.ConvertAll(groupOf, g => held[g]);
    }

    private static List<Fold> TimeFolds(Table table, Column by, SplitPlan plan)
    {
        var times = TimeParts.Of(by);
        if (plan.Folds == 1) return [MakeFold(table, HoldOutLatest(by, SplitPlan.HoldOutFraction, leave: 1))];
        // Equal validation parts at the end, as scikit-learn's TimeSeriesSplit.
        var size = Math.Max(1, table.RowCount / (plan.Folds + 1));
        int[] cuts = [.. times.Cuts([.. Enumerable.Range(0, plan.Folds).Select(fold => table.RowCount - (plan.Folds - fold) * size)]), table.RowCount];
        return [.. Enumerable.Range(0, plan.Folds).Select(fold => new Fold(new TrainingRows(table, times.Rows(0, cuts[fold])), new ValidationRows(table, times.Rows(cuts[fold], cuts[fold + 1]))))];
    }

    private static bool[] HoldOutLatest(Column by, double fraction, int leave)
    {
        var times = TimeParts.Of(by);
        var cut = times.Cuts([by.Length - HeldOutCount(by.Length, fraction)], leave)[0];
        var held = new bool[by.Length];
        foreach (var row in times.Rows(cut, by.Length)) held[row] = true;
        return held;
    }

    private static bool[] OwnTest(Table rows, Column by, string? stratifyBy, SplitPlan plan)
    {
        var own = OwnParts.Of(by);
        if (own.HasTest) return own.IsTest;
        if (plan.TestFraction == 0) return new bool[rows.RowCount];
        if (own.Folds.Count > 0) return own.IsFold(own.Folds[^1]);
        // Training and validation rows give the same share, so that both are left.
        var (parts, count) = ColumnCodes.Of(by);
        var classes = Classes(rows, stratifyBy, plan);
        var strata = classes is null ? ColumnCodes.Rows(parts, count)
            : [.. ColumnCodes.Rows(parts, count).SelectMany(part => part.GroupBy(row => classes[row]).Select(g => g.ToArray()))];
        return HoldOut(strata, rows.RowCount, plan.TestFraction, new Random(plan.Seed));
    }

    private static List<Fold> OwnFolds(Table table, Column by, string? stratifyBy, SplitPlan plan)
    {
        var own = OwnParts.Of(by);
        if (own.Folds.Count > 0) return [.. own.Folds.Select(number => MakeFold(table, own.IsFold(number)))];
        return own.HasValidation ? [MakeFold(table, own.IsValidation)] : RandomFolds(table, stratifyBy, plan);
    }

    private static IEnumerable<Fold> MakeFolds(Table table, int[] foldOf, int count) =>
        Enumerable.Range(0, count).Select(fold => MakeFold(table, Array.ConvertAll(foldOf, f => f == fold)));

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
            throw new SplitException([new SplitProblem($"{rowCount} rows in {sizes.Length} classes leave no row to hold out, as each class keeps one for training; expected a class with more rows, or a plan that is not stratified.", nameof(SplitPlan.Stratified))]);
        return counts;
    }

    /// <summary>The rows of each class in order, classes in order of their first row; one stratum where the plan is not stratified.</summary>
    private static int[][] Strata(Table rows, string? stratifyBy, SplitPlan plan)
    {
        if (!plan.Stratified || stratifyBy is null) return [[.. Enumerable.Range(0, rows.RowCount)]];
        var (codes, count) = ColumnCodes.Of(rows[stratifyBy]);
        return ColumnCodes.Rows(codes, count);
    }

    private static int[]? Classes(Table rows, string? stratifyBy, SplitPlan plan) => plan.Stratified && stratifyBy is not null ? ColumnCodes.Of(rows[stratifyBy]).Codes : null;

    private static int[] Where(bool[] held, bool value) => [.. Enumerable.Range(0, held.Length).Where(row => held[row] == value)];
}
