using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Trainers;

/// <summary>The column that is to be predicted, and how its values become labels.</summary>
/// <param name="Column">The column's name.</param>
/// <param name="Task">What is to be learnt.</param>
/// <param name="Classes">The class names in label order; for binary the second is the positive class; empty for regression.</param>
public sealed record Target(string Column, LearningTask Task, IReadOnlyList<string> Classes)
{
    public const int MaximumClasses = 1000;

    /// <summary>Integers with no more distinct values than this may be classes.</summary>
    private const int MaximumIntegerClasses = 20;

    private Dictionary<string, int>? _index;

    /// <summary>Of two classes: the probability of the second from which on it is the answer; null for the likelier of the two.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Threshold { get; init; }

    /// <summary>The task that the values suggest: numbers with many or broken values are a regression, everything else is classes.</summary>
    /// <exception cref="ArgumentException">There is no such column, or it cannot be a target: it is constant, empty, or a date.</exception>
    public static LearningTask ProposeTask(Table table, string column)
    {
        var target = FindColumn(table, column);
        var distinct = DistinctTexts(target);
        if (distinct.Count < 2)
            throw new ArgumentException($"Column '{column}' cannot be a target: expected at least two different values, found {(distinct.Count == 0 ? "none" : $"only '{distinct.First()}'")}.");
        if (target is NumericColumn numbers)
        {
            if (distinct.Count > MaximumIntegerClasses) return LearningTask.Regression;
            var present = 0;
            foreach (var value in numbers.Values)
            {
                if (double.IsNaN(value)) continue;
                if (value != Math.Floor(value)) return LearningTask.Regression;
                present++;
            }
            // A handful of rows with a different integer each is a scale, not a list of classes.
            if (present < 5 * distinct.Count) return LearningTask.Regression;
        }
        return distinct.Count == 2 ? LearningTask.Binary : LearningTask.Multiclass;
    }

    /// <summary>Fixes the labels from all rows that have one; the classes are sorted by number where all are numbers, else by character code.</summary>
    /// <exception cref="ArgumentException">The values do not suit the task; the message says what was found and expected.</exception>
    public static Target Create(Table rows, string column, LearningTask task)
    {
        var target = FindColumn(rows, column);
        if (task == LearningTask.Regression)
        {
            var regression = new Target(column, task, []);
            var any = false;
            for (var row = 0; row < rows.RowCount; row++)
                if (!target.IsMissing(row))
                {
                    any = true;
                    regression.Label(rows, target, row);
                }
            return any ? regression : throw new ArgumentException($"Column '{column}' cannot be a target: expected numbers, found no value.");
        }
        var distinct = DistinctTexts(target);
        if (task == LearningTask.Binary && distinct.Count != 2)
            throw new ArgumentException($"Binary classification needs exactly 2 classes in column '{column}', found {distinct.Count}{Examples(distinct)}.");
        if (distinct.Count < 2)
            throw new ArgumentException($"Classification needs at least 2 classes in column '{column}', found {distinct.Count}{Examples(distinct)}.");
        if (distinct.Count > MaximumClasses)
            throw new ArgumentException($"Classification takes at most {MaximumClasses:N0} classes, found {distinct.Count:N0} in column '{column}'. For numbers on a scale choose regression.");
        return new Target(column, task, Sort(distinct));
    }

    /// <summary>Position of the class that is the answer to a row: by the threshold where there is one, else the likeliest.</summary>
    public int Decide(ReadOnlySpan<double> probabilities) => Decide(probabilities, Threshold);

    /// <inheritdoc cref="Decide(ReadOnlySpan{double})"/>
    public static int Decide(ReadOnlySpan<double> probabilities, double? threshold) =>
        threshold is { } from && probabilities.Length == 2 ? probabilities[1] >= from ? 1 : 0 : Likeliest(probabilities);

    /// <summary>Position of the largest of a row's probabilities; the first of several.</summary>
    public static int Likeliest(ReadOnlySpan<double> probabilities)
    {
        var best = 0;
        for (var i = 1; i < probabilities.Length; i++)
            if (probabilities[i] > probabilities[best]) best = i;
        return best;
    }

    /// <summary>One label a row: the 0-based class, or the number.</summary>
    /// <exception cref="ArgumentException">A row has no label, or one that was not among the classes; the message names the line.</exception>
    public float[] Labels(Table rows)
    {
        var target = FindColumn(rows, Column);
        var labels = new float[rows.RowCount];
        for (var row = 0; row < labels.Length; row++) labels[row] = Label(rows, target, row);
        return labels;
    }

    private float Label(Table rows, Column target, int row)
    {
        var line = rows.LineNumbers[row];
        if (target.IsMissing(row)) throw new ArgumentException($"Line {line}, column '{Column}': expected a target value, found none.");
        if (Task == LearningTask.Regression)
        {
            var number = target is NumericColumn numbers ? numbers.Values[row] : ParseNumber(target.GetText(row)!);
            return float.IsFinite((float)number) ? (float)number
                : throw new ArgumentException($"Line {line}, column '{Column}': expected a number between -3.4e38 and 3.4e38, found '{target.GetText(row)}'.");
        }
        _index ??= Classes.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
        return _index.TryGetValue(target.GetText(row)!, out var label) ? label
            : throw new ArgumentException($"Line {line}, column '{Column}': expected one of the {Classes.Count} classes{Examples(Classes)}, found '{target.GetText(row)}'.");
    }

    /// <exception cref="ArgumentException">There is no such column, or it holds dates.</exception>
    private static Column FindColumn(Table table, string column)
    {
        var found = table.Find(column)
            ?? throw new ArgumentException($"There is no column '{column}'. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}.");
        return found.Kind != ColumnKind.DateTime ? found
            : throw new ArgumentException($"Column '{column}' cannot be a target: expected numbers or classes, found dates.");
    }

    private static HashSet<string> DistinctTexts(Column column)
    {
        if (column is NumericColumn numbers)
        {
            var values = new HashSet<double>();
            foreach (var value in numbers.Values)
                if (!double.IsNaN(value)) values.Add(value);
            return [.. values.Select(v => v.ToString("R", CultureInfo.InvariantCulture))];
        }
        var texts = new HashSet<string>(StringComparer.Ordinal);
        for (var row = 0; row < column.Length; row++)
            if (column.GetText(row) is { } text) texts.Add(text);
        return texts;
    }

    private static IReadOnlyList<string> Sort(HashSet<string> texts)
    {
        return texts.All(t => double.IsFinite(ParseNumber(t)))
            ? [.. texts.OrderBy(ParseNumber).ThenBy(t => t, StringComparer.Ordinal)]
            : [.. texts.Order(StringComparer.Ordinal)];
    }

    private static double ParseNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    private static string Examples(IReadOnlyCollection<string> texts) =>
        texts.Count == 0 ? "" : $" ({string.Join(", ", texts.Take(5))}{(texts.Count > 5 ? ", …" : "")})";
}
