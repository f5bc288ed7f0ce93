using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Explanations;

/// <summary>A question about a raw value, in words.</summary>
/// <param name="Column">As it stands in the file.</param>
/// <param name="Text">What holds of it: <c>at most 5.5</c>, <c>is Month-to-month or Two year</c>.</param>
public sealed record TreeCondition(string Column, string Text);

/// <summary>A part of the rows that a tree cut out.</summary>
/// <param name="Conditions">All of them hold; empty for a tree without a split.</param>
/// <param name="Rows">0-based, of the table that the tree learnt from, or that was sorted into it.</param>
/// <param name="Means">Of the rows that the tree learnt from: one a target.</param>
public sealed record TreePart(IReadOnlyList<TreeCondition> Conditions, int[] Rows, double[] Means);

/// <summary>A shallow decision tree over raw columns, made to be read: numbers are cut in two, categories into those on either side, a missing value is a value.</summary>
/// <remarks>Least squares over all targets together, CART: Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, chapter 8; categories in the order of their mean: section 9.4 there.</remarks>
public sealed class ReadableTree
{
    private const int MostCategories = 50;

    private readonly Node _root;

    private ReadableTree(Node root) => _root = root;

    /// <summary>A node: a leaf where it has no question.</summary>
    private sealed class Node(double[] means, int count)
    {
        public double[] Means { get; } = means;
        public int Count { get; } = count;
        public Question? Asked { get; set; }
        public Node? Yes { get; set; }
        public Node? No { get; set; }
    }

    /// <summary>Holds of a row, or does not.</summary>
    private abstract record Question(string Column)
    {
        public abstract Func<int, bool> Of(Table rows);
        public abstract (string Yes, string No) Text { get; }
    }

    private sealed record AtMost(string Column, double Threshold, bool MissingToo, bool IsTime, bool HadMissing) : Question(Column)
    {
        private const double SecondsPerDay = 86_400;

        public override Func<int, bool> Of(Table rows)
        {
            var values = Discretizer.Numbers(rows[Column]);
            return row => double.IsNaN(values[row]) ? MissingToo : values[row] <= Threshold;
        }

        public override (string Yes, string No) Text
        {
            get
            {
                var at = IsTime ? new DateTimeColumn(Column, [(long)Math.Round(Threshold * SecondsPerDay) * TimeSpan.TicksPerSecond]).GetText(0)! : Threshold.ToString("G6", CultureInfo.InvariantCulture);
                // Whether missing values go along is told only where there were some.
                return ($"{(IsTime ? "until" : "at most")} {at}{(HadMissing && MissingToo ? " or missing" : "")}", $"{(IsTime ? "after" : "above")} {at}{(HadMissing && !MissingToo ? " or missing" : "")}");
            }
        }
    }

    private sealed record OneOf(string Column, IReadOnlySet<string> Names, bool MissingToo, IReadOnlyList<string> Others, bool HadMissing) : Question(Column)
    {
        private const int MostTold = 6;

        public override Func<int, bool> Of(Table rows)
        {
            var column = (DictionaryColumn)rows[Column];
            bool[] known = [.. column.Values.Select(Names.Contains)];
            return row => column.Codes[row] is var code && code < 0 ? MissingToo : known[code];
        }

        public override (string Yes, string No) Text => ($"is {List(Names, MissingToo)}", $"is {List(Others, !MissingToo)}");

        private string List(IEnumerable<string> names, bool missing)
        {
            // Missing is told on the side where it stands, and only where it was one of the values.
            string[] all = [.. names.Order(StringComparer.Ordinal), .. missing && HadMissing ? ["missing"] : Array.Empty<string>()];
            return all.Length == 0 ? "any other value" : all.Length <= MostTold ? string.Join(" or ", all) : $"{string.Join(" or ", all.Take(MostTold))} or one of {all.Length - MostTold} more";
        }
    }

    /// <summary>Learns a tree.</summary>
    /// <param name="rows">n rows; text columns, and categories of more than 50 values, are left aside.</param>
    /// <param name="columns">Those that may be asked for.</param>
    /// <param name="targets">Row-major, n rows of K numbers.</param>
    /// <param name="targetCount">K, at least 1.</param>
    /// <param name="depth">Questions in a row, at most.</param>
    /// <param name="fewestRows">In a part, at least.</param>
    /// <param name="cancellationToken">Looked at between columns.</param>
    public static ReadableTree Fit(Table rows, IReadOnlyList<string> columns, double[] targets, int targetCount, int depth, int fewestRows, CancellationToken cancellationToken)
    {
        if (targets.Length != rows.RowCount * targetCount) throw new ArgumentException($"Found {targets.Length} targets, expected {targetCount} for each of {rows.RowCount} rows.", nameof(targets));
        var askable = columns.Select(name => rows[name]).Where(c => c is NumericColumn or DateTimeColumn || (c is DictionaryColumn { Kind: not ColumnKind.Text } categories && categories.Values.Count <= MostCategories)).ToArray();
        var numbers = askable.ToDictionary(c => c.Name, c => c is DictionaryColumn ? [] : Discretizer.Numbers(c), StringComparer.Ordinal);
        return new ReadableTree(Grow([.. Enumerable.Range(0, rows.RowCount)], depth));

        Node Grow(int[] own, int left)
        {
            var sums = new double[targetCount];
            foreach (var row in own)
                for (var k = 0; k < targetCount; k++) sums[k] += targets[(row * targetCount) + k];
            var node = new Node([.. sums.Select(s => own.Length == 0 ? 0 : s / own.Length)], own.Length);
            if (left == 0 || own.Length < 2 * fewestRows) return node;
            var (best, gain) = ((Question?)null, 1e-12 * own.Length);
            foreach (var column in askable)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var found = column is DictionaryColumn categories ? BestSet(categories, own, sums) : BestThreshold(column, numbers[column.Name], own, sums);
                if (found is { } candidate && candidate.Gain > gain) (best, gain) = (candidate.Question, candidate.Gain);
            }
            if (best is null) return node;
            var holds = best.Of(rows);
            node.Asked = best;
            node.Yes = Grow([.. own.Where(holds)], left - 1);
            node.No = Grow([.. own.Where(row => !holds(row))], left - 1);
            return node;
        }

        // How much the squared errors shrink where rows are cut in two.
        double Gain(double[] yes, int count, double[] sums, int total)
        {
            var gain = 0.0;
            for (var k = 0; k < targetCount; k++)
            {
                var no = sums[k] - yes[k];
                gain += (yes[k] * yes[k] / count) + (no * no / (total - count)) - (sums[k] * sums[k] / total);
            }
            return gain;
        }

        (Question Question, double Gain)? BestThreshold(Column column, double[] values, int[] own, double[] sums)
        {
            int[] present = [.. own.Where(row => !double.IsNaN(values[row])).OrderBy(row => values[row])];
            var missing = new double[targetCount];
            foreach (var row in own)
                if (double.IsNaN(values[row])) for (var k = 0; k < targetCount; k++) missing[k] += targets[(row * targetCount) + k];
            var missingCount = own.Length - present.Length;
            (Question, double)? best = null;
            var bestGain = 0.0;
            var (yes, with) = (new double[targetCount], new double[targetCount]);
            for (var i = 0; i + 1 < present.Length; i++)
            {
                for (var k = 0; k < targetCount; k++) yes[k] += targets[(present[i] * targetCount) + k];
                if (values[present[i]] == values[present[i + 1]]) continue;
                foreach (var along in missingCount > 0 ? (bool[])[false, true] : [false])
                {
                    var count = i + 1 + (along ? missingCount : 0);
                    if (count < fewestRows || own.Length - count < fewestRows) continue;
                    for (var k = 0; k < targetCount; k++) with[k] = yes[k] + (along ? missing[k] : 0);
                    var gain = Gain(with, count, sums, own.Length);
                    if (gain <= bestGain) continue;
                    bestGain = gain;
                    best = (new AtMost(column.Name, Between(values[present[i]], values[present[i + 1]]), along, column is DateTimeColumn, missingCount > 0), gain);
                }
            }
            return best;
        }

        (Question Question, double Gain)? BestSet(DictionaryColumn column, int[] own, double[] sums)
        {
            // A missing value is one more category, the last.
            var groups = column.Values.Count + 1;
            var (ofGroup, counts) = (new double[groups * targetCount], new int[groups]);
            foreach (var row in own)
            {
                var group = column.Codes[row] < 0 ? groups - 1 : column.Codes[row];
                counts[group]++;
                for (var k = 0; k < targetCount; k++) ofGroup[(group * targetCount) + k] += targets[(row * targetCount) + k];
            }
            int[] present = [.. Enumerable.Range(0, groups).Where(g => counts[g] > 0)];
            if (present.Length < 2) return null;
            // With several targets the order of the one whose means lie furthest apart.
            double Mean(int group, int k) => ofGroup[(group * targetCount) + k] / counts[group];
            var widest = Enumerable.Range(0, targetCount).MaxBy(k => present.Max(g => Mean(g, k)) - present.Min(g => Mean(g, k)));
            int[] ordered = [.. present.OrderBy(g => Mean(g, widest))];
            (Question, double)? best = null;
            var (bestGain, yes, count) = (0.0, new double[targetCount], 0);
            for (var i = 0; i + 1 < ordered.Length; i++)
            {
                for (var k = 0; k < targetCount; k++) yes[k] += ofGroup[(ordered[i] * targetCount) + k];
                count += counts[ordered[i]];
                if (count < fewestRows || own.Length - count < fewestRows) continue;
                var gain = Gain(yes, count, sums, own.Length);
                if (gain <= bestGain) continue;
                bestGain = gain;
                var chosen = ordered[..(i + 1)];
                best = (new OneOf(column.Name, Names(chosen).ToHashSet(StringComparer.Ordinal), chosen.Contains(groups - 1), [.. Names(ordered[(i + 1)..])], counts[groups - 1] > 0), gain);
            }
            return best;

            IEnumerable<string> Names(int[] own) => own.Where(g => g < groups - 1).Select(g => column.Values[g]);
        }
    }

    /// <summary>Sorts rows into the parts of the tree, in the order of its leaves from yes to no.</summary>
    /// <param name="rows">With the columns that it learnt from.</param>
    public IReadOnlyList<TreePart> Parts(Table rows)
    {
        var parts = new List<TreePart>();
        Collect(_root, [.. Enumerable.Range(0, rows.RowCount)], []);
        return parts;

        void Collect(Node node, int[] own, IReadOnlyList<(Question Asked, bool IsYes)> path)
        {
            if (node.Asked is not { } asked)
            {
                parts.Add(new TreePart([.. path.Where((step, i) => !path.Skip(i + 1).Any(later => Says(later, step))).Select(step => new TreeCondition(step.Asked.Column, step.IsYes ? step.Asked.Text.Yes : step.Asked.Text.No))], own, node.Means));
                return;
            }
            var holds = asked.Of(rows);
            Collect(node.Yes!, [.. own.Where(holds)], [.. path, (asked, true)]);
            Collect(node.No!, [.. own.Where(row => !holds(row))], [.. path, (asked, false)]);
        }

        // A later cut to the same side, and a later choice among fewer categories, says what an earlier one said.
        static bool Says((Question Asked, bool IsYes) later, (Question Asked, bool IsYes) earlier) =>
            later.Asked.Column == earlier.Asked.Column && (later.Asked is OneOf || later.IsYes == earlier.IsYes);
    }

    /// <summary>Halfway, or the lower one where there is no number between.</summary>
    private static double Between(double low, double high)
    {
        var middle = low + ((high - low) / 2);
        return middle < high ? middle : low;
    }
}
