using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>A figure of a group, with its 95 % interval.</summary>
/// <param name="Value">Null where it is undefined: no row of the group is positive.</param>
/// <param name="Interval">Wilson's for shares, the mean ± 1.96 standard errors for errors.</param>
public sealed record GroupFigure(double? Value, MetricInterval? Interval);

/// <param name="Name">The value that its rows share, or the range.</param>
/// <param name="RowCount">Rows.</param>
/// <param name="Figures">In the order of <see cref="GroupReport.FigureNames"/>.</param>
public sealed record GroupRow(string Name, int RowCount, IReadOnlyList<GroupFigure> Figures);

/// <summary>How a model treats the groups of a column.</summary>
/// <param name="Column">As it stands in the file.</param>
/// <param name="Groups">Largest first; ranges of numbers ascending.</param>
/// <param name="Differences">For each figure the largest less the smallest of the groups with at least 30 rows; null where fewer than two have it.</param>
public sealed record GroupReport(string Column, IReadOnlyList<GroupRow> Groups, IReadOnlyList<double?> Differences)
{
    /// <summary>Smaller groups say too little to be compared.</summary>
    public const int FewestCompared = 30;

    private const int MostGroups = 12;
    private const int Ranges = 4;
    private const int MostGrades = 6;

    /// <summary>What is told of each group.</summary>
    /// <remarks>Hardt, Price and Srebro (2016), Equality of opportunity in supervised learning, NIPS 29: equalised odds asks that the rates of hits and of false alarms do not differ.</remarks>
    public static IReadOnlyList<string> FigureNames(LearningTask task) => task switch
    {
        LearningTask.Binary => ["Accuracy", "Selection rate", "True positive rate", "False positive rate"],
        LearningTask.Multiclass => ["Accuracy"],
        _ => ["Mean absolute error", "Mean of predicted − actual"],
    };

    /// <summary>What a figure means.</summary>
    public static string MeaningOf(string figure) => figure switch
    {
        "Accuracy" => "Share of the group's rows predicted correctly.",
        "Selection rate" => "Share of the group's rows predicted as the second class. Demographic parity asks that it does not differ.",
        "True positive rate" => "Of the group's rows of the second class, the share predicted so. Equal opportunity asks that it does not differ.",
        "False positive rate" => "Of the group's rows of the first class, the share predicted as the second. With the true positive rate: equalised odds.",
        "Mean absolute error" => "In the target's unit.",
        _ => "Above 0: the model says too much for the group; below: too little. In the target's unit.",
    };

    /// <param name="column">Categories of at most 12 values, booleans, or numbers, which are cut at their quartiles where they have more than 6 values.</param>
    /// <param name="task">What is predicted.</param>
    /// <param name="labels">The truth: 0-based classes or numbers; length n.</param>
    /// <param name="answers">Predicted classes or numbers; length n.</param>
    /// <returns>Null where the column has no groups.</returns>
    public static GroupReport? Compute(Column column, LearningTask task, float[] labels, double[] answers)
    {
        if (GroupsOf(column) is not { Count: > 1 } groups) return null;
        GroupRow[] rows = [.. groups.Select(g => new GroupRow(g.Name, g.Rows.Length, FiguresOf(task, Array.ConvertAll(g.Rows, r => labels[r]), Array.ConvertAll(g.Rows, r => answers[r]))))];
        var compared = rows.Where(r => r.RowCount >= FewestCompared).ToArray();
        return new GroupReport(column.Name, rows, [.. Enumerable.Range(0, FigureNames(task).Count).Select(f =>
        {
            double[] known = [.. compared.Select(r => r.Figures[f].Value).OfType<double>()];
            return known.Length < 2 ? (double?)null : known.Max() - known.Min();
        })]);
    }

    private static List<(string Name, int[] Rows)>? GroupsOf(Column column)
    {
        var all = Enumerable.Range(0, column.Length);
        if (column is DictionaryColumn { Kind: not ColumnKind.Text } names)
        {
            var groups = all.GroupBy(row => names.Codes[row]).ToArray();
            return groups.Length > MostGroups ? null : [.. groups.Select(g => (g.Key < 0 ? "missing" : names.Values[g.Key], g.ToArray())).OrderByDescending(g => g.Item2.Length)];
        }
        if (column is not NumericColumn numbers) return null;
        var values = numbers.Values.ToArray();
        double[] present = [.. values.Where(v => !double.IsNaN(v)).Order()];
        if (present.Length == 0) return null;
        // 0 and 1, or a few grades, are names rather than numbers.
        if (present.Distinct().Count() <= MostGrades) return [.. all.GroupBy(row => values[row]).OrderBy(g => double.IsNaN(g.Key) ? double.PositiveInfinity : g.Key).Select(g => (double.IsNaN(g.Key) ? "missing" : Text(g.Key), g.ToArray()))];
        double[] cuts = [.. Enumerable.Range(1, Ranges - 1).Select(i => present[(int)((long)i * (present.Length - 1) / Ranges)]).Distinct().Where(cut => cut < present[^1])];
        var found = all.GroupBy(row => double.IsNaN(values[row]) ? int.MaxValue : cuts.Count(cut => values[row] > cut)).OrderBy(g => g.Key);
        return [.. found.Select(g => (g.Key == int.MaxValue ? "missing" : NameOf(g.Key), g.ToArray()))];

        string NameOf(int range) => range == 0 ? $"at most {Text(cuts.Length > 0 ? cuts[0] : present[^1])}" : range == cuts.Length ? $"above {Text(cuts[^1])}" : $"above {Text(cuts[range - 1])} to {Text(cuts[range])}";

        static string Text(double value) => value.ToString("G5", CultureInfo.InvariantCulture);
    }

    private static IReadOnlyList<GroupFigure> FiguresOf(LearningTask task, float[] labels, double[] answers)
    {
        if (task == LearningTask.Regression)
        {
            double[] errors = [.. labels.Zip(answers, (label, answer) => answer - label)], sizes = Array.ConvertAll(errors, Math.Abs);
            return [new GroupFigure(sizes.Average(), SampleIntervals.OfMean(sizes)), new GroupFigure(errors.Average(), SampleIntervals.OfMean(errors))];
        }
        var correct = Share(labels.Zip(answers, (label, answer) => label == (float)answer));
        if (task == LearningTask.Multiclass) return [correct];
        var rows = labels.Zip(answers).ToArray();
        return [correct, Share(answers.Select(a => a == 1)), Share(rows.Where(r => r.First == 1).Select(r => r.Second == 1)), Share(rows.Where(r => r.First == 0).Select(r => r.Second == 1))];
    }

    private static GroupFigure Share(IEnumerable<bool> holds)
    {
        var (hits, count) = (0, 0);
        foreach (var hit in holds)
        {
            count++;
            if (hit) hits++;
        }
        return new GroupFigure(count == 0 ? null : (double)hits / count, SampleIntervals.OfShare(hits, count));
    }
}
