using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What may make the figures of an experiment look better than new rows will prove them, or uneven from fold to fold; found on the split alone, before any model is trained.</summary>
/// <param name="Validation">Validation rows that equal a row their models learnt from; null where there is none.</param>
/// <param name="Test">Locked test rows that equal a training row; null where there is none.</param>
/// <param name="GiveAways">Columns that all but give the target away, measured on training rows.</param>
/// <param name="ClassGaps">Classes that some fold cannot learn or is not judged on.</param>
/// <param name="Shift">How the target moves with time; null where it does not, or rows are not in order of time.</param>
public sealed record SplitFindings(RepeatedRows? Validation, RepeatedRows? Test, IReadOnlyList<DataWarning> GiveAways, IReadOnlyList<ClassGap> ClassGaps, TargetShift? Shift)
{
    private const int MostExamples = 10;
    private const int MostMeasuredRows = 20_000;
    private const int FewestMeasuredRows = 500;
    private const long MostMeasuredCells = 4_000_000;
    private const double NotableShift = 0.1;

    public bool IsEmpty => this is { Validation: null, Test: null, GiveAways.Count: 0, ClassGaps.Count: 0, Shift: null };

    /// <summary>Looks at all rows once. Of the locked test rows only the features are read, never the target.</summary>
    /// <param name="rows">The prepared rows that were split.</param>
    /// <param name="split">Their parts.</param>
    /// <param name="folds">Of the training rows.</param>
    /// <param name="target">What is predicted.</param>
    /// <param name="plan">By which they were split.</param>
    /// <param name="cancellationToken">Looked at between columns.</param>
    public static SplitFindings Find(Table rows, DataSplit split, IReadOnlyList<Fold> folds, Target target, SplitPlan plan, CancellationToken cancellationToken)
    {
        var features = rows.Without(plan.HiddenColumn is { } hidden ? [target.Column, hidden] : [target.Column]);
        var (validation, test) = features.ColumnCount == 0 ? (null, null) : FindRepeated(features, split, folds, cancellationToken);
        var training = split.Training.Table;
        var labels = target.Labels(training);
        return new SplitFindings(
            validation, test, FindGiveAways(training, target.Column, plan.Seed, cancellationToken),
            target.Task == LearningTask.Regression ? [] : FindClassGaps(folds, target.Classes, Array.ConvertAll(labels, l => (int)l)),
            plan.Method == SplitMethod.TimeOrdered ? FindShift(folds[^1], target, labels) : null);
    }

    private static (RepeatedRows? Validation, RepeatedRows? Test) FindRepeated(Table features, DataSplit split, IReadOnlyList<Fold> folds, CancellationToken cancellationToken)
    {
        var hashes = Hash(features, cancellationToken);
        var training = split.Training.Positions;
        var lines = features.LineNumbers;

        // Rows of the training table with the same features have the same number; a row that stands alone has none.
        var firstWith = new Dictionary<ulong, int>(training.Length);
        var twins = new int[training.Length];
        var groups = 0;
        Array.Fill(twins, -1);
        for (var row = 0; row < training.Length; row++)
        {
            if (firstWith.TryAdd(hashes[training[row]], row)) continue;
            var first = firstWith[hashes[training[row]]];
            if (twins[first] < 0) twins[first] = groups++;
            twins[row] = twins[first];
        }

        var (isJudged, isRepeated) = (new bool[training.Length], new bool[training.Length]);
        var examples = new List<RepeatedRow>();
        var learnt = new int[groups];
        foreach (var fold in folds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Array.Fill(learnt, -1);
            foreach (var row in fold.Training.Positions)
                if (twins[row] >= 0 && learnt[twins[row]] < 0) learnt[twins[row]] = row;
            foreach (var row in fold.Validation.Positions)
            {
                isJudged[row] = true;
                if (twins[row] < 0 || learnt[twins[row]] < 0 || isRepeated[row]) continue;
                isRepeated[row] = true;
                if (examples.Count < MostExamples) examples.Add(new RepeatedRow(lines[training[row]], lines[training[learnt[twins[row]]]]));
            }
        }
        var validation = RepeatedRows.Of(isRepeated.Count(r => r), isJudged.Count(j => j), examples);

        var (repeated, testExamples) = (0, new List<RepeatedRow>());
        foreach (var row in split.Test.Positions)
        {
            if (!firstWith.TryGetValue(hashes[row], out var first)) continue;
            repeated++;
            if (testExamples.Count < MostExamples) testExamples.Add(new RepeatedRow(lines[row], lines[training[first]]));
        }
        return (validation, RepeatedRows.Of(repeated, split.Test.RowCount, testExamples));
    }

    /// <summary>One number a row, equal where all values are equal; missing equals missing.</summary>
    private static ulong[] Hash(Table features, CancellationToken cancellationToken)
    {
        var sums = new ulong[features.RowCount];
        for (var c = 0; c < features.ColumnCount; c++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // An odd number of its own for each column, so that values that change places count as different.
            var factor = ValueHash.Of(c) | 1;
            switch (features.Columns[c])
            {
                case NumericColumn numbers:
                    for (var row = 0; row < sums.Length; row++)
                        sums[row] += factor * (numbers.Values[row] switch { double.NaN => ValueHash.Missing, 0 => ValueHash.Of(0L), var value => ValueHash.Of(BitConverter.DoubleToInt64Bits(value)) });
                    break;
                case DateTimeColumn dates:
                    for (var row = 0; row < sums.Length; row++) sums[row] += factor * ValueHash.Of(dates.Ticks[row]);
                    break;
                case DictionaryColumn names:
                    ulong[] hashes = [ValueHash.Missing, .. names.Values.Select(ValueHash.Of)];
                    for (var row = 0; row < sums.Length; row++) sums[row] += factor * hashes[names.Codes[row] + 1];
                    break;
            }
        }
        return sums;
    }

    private static IReadOnlyList<DataWarning> FindGiveAways(Table training, string target, int seed, CancellationToken cancellationToken)
    {
        var found = new List<DataWarning>();
        var most = (int)Math.Clamp(MostMeasuredCells / Math.Max(1, training.ColumnCount), FewestMeasuredRows, MostMeasuredRows);
        var sample = training.RowCount <= most ? training : training.Take(RowSample.Take(training.RowCount, most, seed));
        LeakFindings.Add(sample, target, found, cancellationToken);
        return [.. found.Where(w => w.Severity == WarningSeverity.Serious)];
    }

    private static List<ClassGap> FindClassGaps(IReadOnlyList<Fold> folds, IReadOnlyList<string> classes, int[] labels)
    {
        var rows = Count(labels, Enumerable.Range(0, labels.Length));
        var learnt = folds.Select(f => Count(labels, f.Training.Positions.ToArray())).ToArray();
        var judged = folds.Select(f => Count(labels, f.Validation.Positions.ToArray())).ToArray();
        return
        [
            .. classes.Select((name, c) => new ClassGap(name, rows[c], Without(learnt, c), Without(judged, c)))
                .Where(gap => gap.NotLearntIn.Count > 0 || gap.NotJudgedIn.Count > 0)
                .OrderByDescending(gap => gap.NotLearntIn.Count).ThenByDescending(gap => gap.NotJudgedIn.Count),
        ];

        int[] Count(int[] labels, IEnumerable<int> positions)
        {
            var counts = new int[classes.Count];
            foreach (var row in positions) counts[labels[row]]++;
            return counts;
        }

        static int[] Without(int[][] counts, int c) => [.. Enumerable.Range(1, counts.Length).Where(fold => counts[fold - 1][c] == 0)];
    }

    /// <summary>Compares what the last fold learns from with what it is judged on: both are training rows of the experiment, the locked test set stays closed.</summary>
    private static TargetShift? FindShift(Fold last, Target target, float[] labels)
    {
        var earlier = Array.ConvertAll(last.Training.Positions.ToArray(), row => (double)labels[row]);
        var later = Array.ConvertAll(last.Validation.Positions.ToArray(), row => (double)labels[row]);
        var scale = 1.0 / earlier.Length + 1.0 / later.Length;
        if (target.Task == LearningTask.Regression)
        {
            var distance = KolmogorovSmirnov(earlier, later);
            // The critical value at 0.1 %: such a distance is seen by chance once in a thousand experiments.
            return distance < NotableShift || distance < 1.95 * Math.Sqrt(scale) ? null : new TargetShift(distance, earlier.Average(), later.Average(), []);
        }
        var shares = target.Classes.Select((name, c) => new ClassShift(name, Share(earlier, c), Share(later, c))).ToArray();
        var moved = shares.Sum(s => Math.Abs(s.LaterShare - s.EarlierShare)) / 2;
        // Pearson's chi-squared of both samples against the shares of all; its 99.9 % quantile by Wilson and Hilferty (1931).
        var all = target.Classes.Select((_, c) => Share([.. earlier, .. later], c)).ToArray();
        var chiSquared = shares.Zip(all).Where(s => s.Second > 0).Sum(s => (s.First.LaterShare - s.First.EarlierShare) * (s.First.LaterShare - s.First.EarlierShare) / (s.Second * scale));
        var degrees = Math.Max(1, all.Count(a => a > 0) - 1);
        var critical = degrees * Math.Pow(1 - 2.0 / (9 * degrees) + 3.09 * Math.Sqrt(2.0 / (9 * degrees)), 3);
        return moved < NotableShift || chiSquared < critical ? null
            : new TargetShift(moved, null, null, [.. shares.OrderByDescending(s => Math.Abs(s.LaterShare - s.EarlierShare)).Take(3)]);

        static double Share(double[] values, int c) => values.Count(v => (int)v == c) / (double)values.Length;
    }

    /// <summary>The largest distance between the distribution functions of two samples, 0 to 1.</summary>
    internal static double KolmogorovSmirnov(double[] a, double[] b)
    {
        var (x, y) = (a.Order().ToArray(), b.Order().ToArray());
        var (i, j, largest) = (0, 0, 0.0);
        while (i < x.Length && j < y.Length)
        {
            var value = Math.Min(x[i], y[j]);
            while (i < x.Length && x[i] == value) i++;
            while (j < y.Length && y[j] == value) j++;
            largest = Math.Max(largest, Math.Abs((double)i / x.Length - (double)j / y.Length));
        }
        return largest;
    }
}

/// <summary>Rows whose features all equal those of a row that was learnt from.</summary>
/// <param name="Count">At least 1.</param>
/// <param name="RowCount">All rows of the part.</param>
/// <param name="Examples">The first of them, at most ten.</param>
public sealed record RepeatedRows(int Count, int RowCount, IReadOnlyList<RepeatedRow> Examples)
{
    /// <summary>0 to 1.</summary>
    public double Share => (double)Count / RowCount;

    internal static RepeatedRows? Of(int count, int rowCount, IReadOnlyList<RepeatedRow> examples) => count == 0 ? null : new RepeatedRows(count, rowCount, examples);
}

/// <param name="Line">Of the source file.</param>
/// <param name="TrainingLine">Of the row that was learnt from.</param>
public sealed record RepeatedRow(int Line, int TrainingLine);

/// <summary>A class that not all folds have rows of.</summary>
/// <param name="Class">Its name.</param>
/// <param name="RowCount">Among the training rows of the experiment.</param>
/// <param name="NotLearntIn">1-based numbers of the folds whose models never see it.</param>
/// <param name="NotJudgedIn">1-based numbers of the folds without a validation row of it.</param>
public sealed record ClassGap(string Class, int RowCount, IReadOnlyList<int> NotLearntIn, IReadOnlyList<int> NotJudgedIn);

/// <summary>How the target differs between the rows that the last fold learns from and the later ones it is judged on.</summary>
/// <param name="Distance">0 to 1. Numbers: the Kolmogorov-Smirnov distance; classes: the share of the rows that would have to change their class.</param>
/// <param name="EarlierMean">For numbers.</param>
/// <param name="LaterMean">For numbers.</param>
/// <param name="Classes">The classes that moved most, at most three.</param>
public sealed record TargetShift(double Distance, double? EarlierMean, double? LaterMean, IReadOnlyList<ClassShift> Classes);

/// <param name="EarlierShare">0 to 1.</param>
/// <param name="LaterShare">0 to 1.</param>
public sealed record ClassShift(string Class, double EarlierShare, double LaterShare);
