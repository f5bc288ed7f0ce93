using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>How an association between two columns is measured.</summary>
public enum AssociationMeasure
{
    /// <summary>Two numeric columns: the linear correlation, -1 to 1.</summary>
    Pearson,

    /// <summary>Two columns of names: 0 to 1, with the bias correction of Bergsma (2013), Journal of the Korean Statistical Society 42(3).</summary>
    CramersV,

    /// <summary>Names and numbers: the correlation ratio eta, 0 to 1, the root of the share of the variance that lies between the names.</summary>
    CorrelationRatio,
}

/// <summary>How much one column tells of the target.</summary>
/// <param name="Column">The column.</param>
/// <param name="MutualInformation">In nats; numbers in ten bins of equal frequency, at most 20 names and the rest as one, missing as a value of its own. Never below 0.</param>
/// <param name="Gini">Normalised Gini of a model with this column alone, learnt on half of the rows and judged on the other; 0 is guessing, 1 perfect; of several classes the mean over rows. Null where it is undefined.</param>
/// <param name="WeakestGini">As <paramref name="Gini"/>, of the class that it tells worst; equal to it where there are fewer than three.</param>
/// <param name="Auc">For two classes: the area under the ROC curve of that model; else null.</param>
/// <param name="RSquared">For a numeric target: the share of the variance that that model explains on the other half; else null.</param>
public sealed record TargetAssociation(string Column, double MutualInformation, double? Gini, double? WeakestGini, double? Auc, double? RSquared);

/// <summary>Associations of every column with every other.</summary>
/// <param name="Columns">Names in order of rows and columns of the matrix; at most 60.</param>
/// <param name="Values">Square; null where undefined.</param>
/// <param name="Measures">What each value is; the diagonal of numbers is Pearson, of names Cramér's V.</param>
public sealed record AssociationMatrix(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<double?>> Values, IReadOnlyList<IReadOnlyList<AssociationMeasure>> Measures);

/// <summary>How columns hang together, measured on a sample.</summary>
/// <param name="RowCount">Rows of the sample.</param>
/// <param name="WithTarget">Strongest first; empty where no target is chosen.</param>
/// <param name="Between">The heat map: the target first where there is one, then the columns most related to it, else in order of the table.</param>
/// <param name="LeftOut">Columns that the heat map has no room or no measure for (free text).</param>
public sealed record Associations(int RowCount, IReadOnlyList<TargetAssociation> WithTarget, AssociationMatrix Between, IReadOnlyList<string> LeftOut)
{
    private const int MaxColumns = 60;
    private const int MaxNames = 100;

    /// <param name="sample">At most about 100,000 rows.</param>
    /// <param name="target">A column, or null.</param>
    /// <exception cref="KeyNotFoundException">The target is not a column.</exception>
    public static Associations Measure(Table sample, string? target, CancellationToken ct)
    {
        var withTarget = target is null ? [] : MeasureTarget(sample, target, ct);
        var order = target is null
            ? sample.Columns.Select(c => c.Name)
            : withTarget.Select(a => a.Column).Prepend(target);
        var columns = order.Select(name => sample[name]).Where(IsMeasurable).Take(MaxColumns).ToArray();
        var numbers = columns.Select(c => c is DictionaryColumn ? null : Discretizer.Numbers(c)).ToArray();
        var levels = columns.Select(c => c is DictionaryColumn ? Discretizer.Names(c, MaxNames, missingIsLevel: false) : null).ToArray();
        var values = new double?[columns.Length][];
        var measures = new AssociationMeasure[columns.Length][];
        for (var i = 0; i < columns.Length; i++) (values[i], measures[i]) = (new double?[columns.Length], new AssociationMeasure[columns.Length]);
        Parallel.For(0, columns.Length, new ParallelOptions { CancellationToken = ct }, i =>
        {
            for (var j = i; j < columns.Length; j++)
            {
                ct.ThrowIfCancellationRequested();
                var measure = numbers[i] is not null && numbers[j] is not null ? AssociationMeasure.Pearson
                    : numbers[i] is null && numbers[j] is null ? AssociationMeasure.CramersV : AssociationMeasure.CorrelationRatio;
                var value = measure switch
                {
                    AssociationMeasure.Pearson => Statistics.Pearson(numbers[i]!, numbers[j]!),
                    AssociationMeasure.CramersV => i == j ? (levels[i]!.Count > 1 ? 1 : null) : Statistics.CramersV(levels[i]!, levels[j]!),
                    _ => Statistics.CorrelationRatio(levels[i] ?? levels[j]!, numbers[i] ?? numbers[j]!),
                };
                (values[i][j], values[j][i]) = (value, value);
                (measures[i][j], measures[j][i]) = (measure, measure);
            }
        });
        var names = columns.Select(c => c.Name).ToArray();
        return new Associations(sample.RowCount, withTarget, new AssociationMatrix(names, values, measures), [.. sample.Columns.Select(c => c.Name).Except(names)]);
    }

    /// <summary>Every column but the target by itself, strongest first.</summary>
    internal static IReadOnlyList<TargetAssociation> MeasureTarget(Table sample, string target, CancellationToken ct)
    {
        var truth = sample[target];
        int[] known = [.. Enumerable.Range(0, sample.RowCount).Where(row => !truth.IsMissing(row))];
        var rows = known.Length == sample.RowCount ? sample : sample.Take(known);
        var solo = new SoloModel(rows[target]);
        var targetLevels = solo.IsNumeric ? Discretizer.Bins(rows[target]) : Discretizer.Names(rows[target], 20, missingIsLevel: true);
        var others = rows.Columns.Where(c => c.Name != target).ToArray();
        var found = new TargetAssociation[others.Length];
        Parallel.For(0, others.Length, new ParallelOptions { CancellationToken = ct }, c =>
        {
            var levels = others[c] is DictionaryColumn ? Discretizer.Names(others[c], 20, missingIsLevel: true) : Discretizer.Bins(others[c]);
            found[c] = solo.Measure(others[c], Statistics.MutualInformation(levels, targetLevels));
        });
        return [.. found.OrderByDescending(a => a.Gini ?? -1).ThenByDescending(a => a.MutualInformation)];
    }

    private static bool IsMeasurable(Column column) => column.Kind != ColumnKind.Text;
}

/// <summary>Values as level numbers.</summary>
/// <param name="Codes">One a row, 0 to <paramref name="Count"/> - 1, or -1 where the value is missing.</param>
/// <param name="Count">How many levels.</param>
internal sealed record Levels(int[] Codes, int Count);

internal static class Discretizer
{
    private const int BinCount = 10;

    /// <summary>Numbers and dates; NaN is missing.</summary>
    public static double[] Numbers(Column column) => column switch
    {
        NumericColumn numbers => numbers.Values.ToArray(),
        DateTimeColumn dates => Array.ConvertAll(dates.Ticks.ToArray(), t => t == DateTimeColumn.MissingTicks ? double.NaN : t / (double)TimeSpan.TicksPerDay),
        _ => throw new ArgumentException($"Column '{column.Name}' holds no numbers.", nameof(column)),
    };

    /// <summary>The most frequent names and one level for the rest.</summary>
    public static Levels Names(Column column, int most, bool missingIsLevel)
    {
        var keys = Keys(column);
        var ranks = keys.Where(k => k >= 0).GroupBy(k => k).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Select((g, i) => (g.Key, Level: Math.Min(i, most))).ToDictionary(p => p.Key, p => p.Level);
        var count = Math.Min(ranks.Count, most + 1);
        var codes = Array.ConvertAll(keys, k => k >= 0 ? ranks[k] : missingIsLevel ? count : -1);
        return new Levels(codes, count + (missingIsLevel && codes.Contains(count) ? 1 : 0));
    }

    /// <summary>Ten bins of equal frequency; fewer where values repeat. Missing is a level of its own.</summary>
    public static Levels Bins(Column column)
    {
        var numbers = Numbers(column);
        var edges = Edges(numbers, BinCount);
        var codes = Array.ConvertAll(numbers, v => double.IsNaN(v) ? edges.Length + 1 : Bin(edges, v));
        return new Levels(codes, edges.Length + 2);
    }

    /// <summary>Inner edges: the quantiles, without repeats; a value equal to an edge lies above it.</summary>
    public static double[] Edges(IEnumerable<double> numbers, int bins)
    {
        var sorted = numbers.Where(v => !double.IsNaN(v)).ToArray();
        if (sorted.Length == 0) return [];
        Array.Sort(sorted);
        return [.. Enumerable.Range(1, bins - 1).Select(i => sorted[(int)((long)i * sorted.Length / bins)]).Where(v => v > sorted[0]).Distinct()];
    }

    public static int Bin(double[] edges, double value)
    {
        var found = Array.BinarySearch(edges, value);
        return found >= 0 ? found + 1 : ~found;
    }

    private static int[] Keys(Column column)
    {
        if (column is DictionaryColumn names) return names.Codes.ToArray();
        var index = new Dictionary<double, int>();
        return Array.ConvertAll(Numbers(column), v =>
        {
            if (double.IsNaN(v)) return -1;
            if (!index.TryGetValue(v, out var key)) index.Add(v, key = index.Count);
            return key;
        });
    }
}

internal static class Statistics
{
    /// <summary>Linear correlation over the rows where both are known; null below two rows or where one is constant.</summary>
    public static double? Pearson(double[] x, double[] y)
    {
        double count = 0, meanX = 0, meanY = 0, xx = 0, yy = 0, xy = 0;
        for (var i = 0; i < x.Length; i++)
        {
            if (double.IsNaN(x[i]) || double.IsNaN(y[i])) continue;
            count++;
            var (dx, dy) = (x[i] - meanX, y[i] - meanY);
            meanX += dx / count;
            meanY += dy / count;
            xx += dx * (x[i] - meanX);
            yy += dy * (y[i] - meanY);
            xy += dx * (y[i] - meanY);
        }
        var product = Math.Sqrt(xx) * Math.Sqrt(yy);
        return count < 2 || !(product > 0) || !double.IsFinite(product) ? null : Math.Clamp(xy / product, -1, 1);
    }

    /// <summary>Over the rows where both are known; null where one has a single level.</summary>
    public static double? CramersV(Levels a, Levels b)
    {
        var (table, rows, columns, count) = Cross(a, b);
        var (r, c) = (rows.Count(n => n > 0), columns.Count(n => n > 0));
        if (r < 2 || c < 2) return null;
        var phi2 = -1.0;
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < columns.Length; j++)
                if (table[i * columns.Length + j] is > 0 and var n) phi2 += (double)n * n / ((double)rows[i] * columns[j]);
        var correction = 1.0 / (count - 1);
        var corrected = Math.Max(0, phi2 - (r - 1) * (c - 1) * correction);
        var (rr, cc) = (r - (r - 1) * (r - 1) * correction, c - (c - 1) * (c - 1) * correction);
        var least = Math.Min(rr, cc) - 1;
        return least <= 0 ? null : Math.Min(1, Math.Sqrt(corrected / least));
    }

    /// <summary>Over the rows where both are known; null where the numbers are constant.</summary>
    public static double? CorrelationRatio(Levels names, double[] numbers)
    {
        var sums = new double[names.Count];
        var counts = new int[names.Count];
        double count = 0, mean = 0, all = 0;
        for (var i = 0; i < numbers.Length; i++)
        {
            if (names.Codes[i] < 0 || double.IsNaN(numbers[i])) continue;
            count++;
            var difference = numbers[i] - mean;
            mean += difference / count;
            all += difference * (numbers[i] - mean);
        }
        for (var i = 0; i < numbers.Length; i++)
        {
            if (names.Codes[i] < 0 || double.IsNaN(numbers[i])) continue;
            sums[names.Codes[i]] += numbers[i] - mean;
            counts[names.Codes[i]]++;
        }
        if (!(all > 0) || !double.IsFinite(all)) return null;
        var between = 0.0;
        for (var level = 0; level < sums.Length; level++)
            if (counts[level] > 0) between += sums[level] * sums[level] / counts[level];
        return Math.Sqrt(Math.Clamp(between / all, 0, 1));
    }

    /// <summary>In nats, over the rows where both have a level: sum of p(a, b) ln(p(a, b) / (p(a) p(b))).</summary>
    public static double MutualInformation(Levels a, Levels b)
    {
        var (table, rows, columns, count) = Cross(a, b);
        var sum = 0.0;
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < columns.Length; j++)
                if (table[i * columns.Length + j] is > 0 and var n) sum += n / count * Math.Log(n * count / ((double)rows[i] * columns[j]));
        return Math.Max(0, sum);
    }

    private static (int[] Table, int[] Rows, int[] Columns, double Count) Cross(Levels a, Levels b)
    {
        var (table, rows, columns, count) = (new int[a.Count * b.Count], new int[a.Count], new int[b.Count], 0.0);
        for (var i = 0; i < a.Codes.Length; i++)
        {
            if (a.Codes[i] < 0 || b.Codes[i] < 0) continue;
            table[a.Codes[i] * b.Count + b.Codes[i]]++;
            rows[a.Codes[i]]++;
            columns[b.Codes[i]]++;
            count++;
        }
        return (table, rows, columns, count);
    }

    /// <summary>cov(y, rank of prediction) / cov(y, rank of y), tied ranks averaged: for two classes 2 AUC - 1.</summary>
    /// <remarks>The covariance form of the Gini coefficient: Lerman and Yitzhaki (1984), Economics Letters 15(3-4).</remarks>
    public static double? NormalizedGini(double[] truth, double[] predictions)
    {
        if (truth.Length < 2) return null;
        var (mean, best) = (truth.Average(), 0.0);
        var found = 0.0;
        var (ranks, ideal) = (MidRanks(predictions), MidRanks(truth));
        for (var i = 0; i < truth.Length; i++)
        {
            found += (truth[i] - mean) * ranks[i];
            best += (truth[i] - mean) * ideal[i];
        }
        return best > 0 ? found / best : null;
    }

    private static double[] MidRanks(double[] values)
    {
        var sorted = (double[])values.Clone();
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort(sorted, order);
        var ranks = new double[values.Length];
        for (var start = 0; start < sorted.Length;)
        {
            var end = start + 1;
            while (end < sorted.Length && sorted[end] == sorted[start]) end++;
            for (var i = start; i < end; i++) ranks[order[i]] = (start + end - 1) / 2.0;
            start = end;
        }
        return ranks;
    }
}

/// <summary>A model of one column: the mean of the target in each bin or of each name, learnt on half of the rows and judged on the other half, so that a name tag tells nothing. Of texts also the one word that tells most.</summary>
internal sealed class SoloModel
{
    private const int Bins = 64;
    private const int MostClasses = 30;

    /// <summary>A name's mean is drawn to that of all rows as by so many rows more.</summary>
    private const double Smoothing = 2;
    private readonly List<double[]> _truths = [];
    private readonly bool[] _held;
    private readonly int _classCount;

    public SoloModel(Column target)
    {
        IsNumeric = target is NumericColumn numbers && !IsClasses(numbers);
        _held = new bool[target.Length];
        for (var row = 0; row < _held.Length; row++) _held[row] = (ValueHash.Of(row) & 1) == 1;
        if (IsNumeric) { _truths.Add(Discretizer.Numbers(target)); return; }
        if (target is DateTimeColumn) return;
        var levels = Discretizer.Names(target, MostClasses, missingIsLevel: false);
        _classCount = levels.Count;
        for (var level = levels.Count == 2 ? 1 : 0; level < levels.Count; level++) _truths.Add(Array.ConvertAll(levels.Codes, c => c == level ? 1.0 : 0));
    }

    public bool IsNumeric { get; }

    private static bool IsClasses(NumericColumn numbers)
    {
        var distinct = new HashSet<double>();
        foreach (var value in numbers.Values)
            if (!double.IsNaN(value) && (value != Math.Floor(value) || distinct.Add(value) && distinct.Count > 20)) return false;
        return true;
    }

    public TargetAssociation Measure(Column column, double mutualInformation)
    {
        var whole = Measure(column.Name, mutualInformation, Codes(column, out var count), count, null);
        // A word in a sentence gives away as much as the sentence would if it came again.
        if (column.Kind != ColumnKind.Text || IsNumeric || WordPlaces((DictionaryColumn)column) is not { Length: > 0 } words) return whole;
        var byWord = Measure(column.Name, mutualInformation, new int[column.Length], 2, words);
        return (byWord.WeakestGini ?? 0) > (whole.WeakestGini ?? 0) ? byWord : whole;
    }

    /// <summary>For each of the more frequent words, whether a row has it.</summary>
    private static bool[][] WordPlaces(DictionaryColumn column)
    {
        const int mostRows = 20_000, mostWords = 300, fewestTexts = 5;
        var texts = column.Values.Take(mostRows).Select(text => text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries).Take(200).Select(word => word.Trim('.', ',', ';', ':', '!', '?', '(', ')', '"').ToLowerInvariant()).ToHashSet()).ToArray();
        var frequent = texts.SelectMany(words => words).GroupBy(word => word).Select(g => (Word: g.Key, Texts: g.Count())).Where(w => w.Texts >= fewestTexts && w.Texts < texts.Length)
            .OrderByDescending(w => w.Texts).ThenBy(w => w.Word, StringComparer.Ordinal).Take(mostWords);
        return [.. frequent.Select(w =>
        {
            var has = texts.Select(words => words.Contains(w.Word)).ToArray();
            return Array.ConvertAll(column.Codes.ToArray(), code => code >= 0 && code < has.Length && has[code]);
        })];
    }

    /// <summary>The word whose presence tells most of the truth on the rows to learn from.</summary>
    private bool[] BestWord(bool[][] words, double[] truth)
    {
        return words.MaxBy(has =>
        {
            double all = 0, sum = 0, with = 0, sumWith = 0;
            for (var row = 0; row < truth.Length; row++)
            {
                if (_held[row]) continue;
                (all, sum) = (all + 1, sum + truth[row]);
                if (has[row]) (with, sumWith) = (with + 1, sumWith + truth[row]);
            }
            return Math.Abs(sumWith * all - sum * with);
        })!;
    }

    /// <param name="name">Of the column.</param>
    /// <param name="mutualInformation">Measured before.</param>
    /// <param name="codes">A level a row.</param>
    /// <param name="count">Of levels.</param>
    /// <param name="words">Instead of the levels, the presence of the one that tells most of each class; or null.</param>
    private TargetAssociation Measure(string name, double mutualInformation, int[] codes, int count, bool[][]? words)
    {
        int[] held = [.. Enumerable.Range(0, _held.Length).Where(row => _held[row])];
        double weights = 0, sum = 0;
        double? weakest = null, r2 = null;
        foreach (var truth in _truths)
        {
            if (words is not null) codes = Array.ConvertAll(BestWord(words, truth), has => has ? 1 : 0);
            var (sums, counts) = (new double[count], new double[count]);
            double all = 0, rows = 0;
            for (var row = 0; row < truth.Length; row++)
            {
                if (_held[row]) continue;
                all += truth[row];
                rows++;
                sums[codes[row]] += truth[row];
                counts[codes[row]]++;
            }
            var mean = rows == 0 ? 0 : all / rows;
            double Predict(int row) => (sums[codes[row]] + Smoothing * mean) / (counts[codes[row]] + Smoothing);
            var expected = Array.ConvertAll(held, row => truth[row]);
            var predicted = Array.ConvertAll(held, Predict);
            if (Statistics.NormalizedGini(expected, predicted) is not { } gini) continue;
            var weight = IsNumeric ? 1 : expected.Sum();
            sum += weight * gini;
            weights += weight;
            // A class of a few rows says nothing about the column.
            if (IsNumeric || weight >= 5) weakest = weakest is { } least ? Math.Min(least, gini) : gini;
            if (IsNumeric)
            {
                var average = expected.Average();
                r2 = 1 - expected.Zip(predicted, (e, p) => (e - p) * (e - p)).Sum() / expected.Sum(e => (e - average) * (e - average));
            }
        }
        double? mixed = weights > 0 ? sum / weights : null;
        return new TargetAssociation(name, mutualInformation, mixed, weakest ?? mixed, _classCount == 2 ? (mixed + 1) / 2 : null, r2);
    }

    private int[] Codes(Column column, out int count)
    {
        if (column is DictionaryColumn names)
        {
            count = names.Values.Count + 1;
            var missing = count - 1;
            return Array.ConvertAll(names.Codes.ToArray(), c => c < 0 ? missing : c);
        }
        var numbers = Discretizer.Numbers(column);
        var edges = Discretizer.Edges(numbers.Where((_, row) => !_held[row]), Bins);
        count = edges.Length + 2;
        return Array.ConvertAll(numbers, v => double.IsNaN(v) ? edges.Length + 1 : Discretizer.Bin(edges, v));
    }
}
