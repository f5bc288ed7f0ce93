using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>How much each row counts when models learn. When they are judged, every row counts once.</summary>
/// <param name="Column">A column of numbers: a row of weight 2 teaches as much as the same row twice, one of weight 0 nothing. No model sees it. Null: all rows alike.</param>
/// <param name="BalanceClasses">Every class teaches as much as every other, however few its rows: rare classes are found more often, at the price of false alarms,
/// and probabilities are those of a world in which all classes are equally common.</param>
public sealed record RowWeighting(string? Column = null, bool BalanceClasses = false)
{
    public static RowWeighting None { get; } = new();

    /// <summary>Every reason why rows cannot be weighed like this; empty where they can.</summary>
    /// <param name="rows">Whose target is known, with all columns.</param>
    /// <param name="target">The column to predict.</param>
    /// <param name="task">What is learnt.</param>
    /// <param name="splitColumn">What divides the rows; null where chance does.</param>
    public IReadOnlyList<string> Problems(Table rows, string target, LearningTask task, string? splitColumn)
    {
        List<string> problems = [];
        if (BalanceClasses && task == LearningTask.Regression) problems.Add("Classes are to count alike, but a number is predicted, which has no classes.");
        if (Column is null) return problems;
        if (Column == target) problems.Add($"'{Column}' is the target, so it cannot be what the rows weigh.");
        else if (Column == splitColumn) problems.Add($"'{Column}' divides the rows into parts, so it cannot be what they weigh.");
        else if (rows.Find(Column) is not { } column) problems.Add($"There is no column '{Column}' that says what the rows weigh. The columns are: {string.Join(", ", rows.Columns.Select(c => c.Name))}.");
        else if (column is not NumericColumn numbers) problems.Add($"The weight column '{Column}' holds {column.Kind.ToString().ToLowerInvariant()} values; expected numbers.");
        else if (ProblemOf(numbers, rows.LineNumbers) is { } problem) problems.Add(problem);
        return problems;
    }

    private string? ProblemOf(NumericColumn weights, ReadOnlySpan<int> lines)
    {
        var (bad, first, sum) = (0, -1, 0.0);
        for (var row = 0; row < weights.Length; row++)
        {
            if (weights.Values[row] is >= 0 and <= float.MaxValue and var weight) { sum += weight; continue; }
            if (bad++ == 0) first = row;
        }
        if (bad > 0) return $"Line {lines[first]}, column '{Column}': expected a weight of at least 0, found {(weights.IsMissing(first) ? "none" : $"'{weights.GetText(first)}'")}{(bad > 1 ? $"; the same in {bad - 1:N0} more rows" : "")}.";
        return sum > 0 ? null : $"The weight column '{Column}' is 0 in all rows; expected at least one above it.";
    }

    /// <summary>What the column says, by the row's line in the file; null where rows weigh alike.</summary>
    internal IReadOnlyDictionary<int, float>? Read(Table table)
    {
        if (Column is null) return null;
        var column = (NumericColumn)table[Column];
        var weights = new Dictionary<int, float>(table.RowCount);
        for (var row = 0; row < table.RowCount; row++) weights[table.LineNumbers[row]] = (float)column.Values[row];
        return weights;
    }

    /// <summary>The weights of the training rows and of the rows that tell when to stop, in the same measure.</summary>
    /// <param name="byLine">As <see cref="Read"/>.</param>
    /// <param name="training">What is learnt from.</param>
    /// <param name="labels">Its labels, one a row.</param>
    /// <param name="validation">Null where there is none.</param>
    /// <param name="validationLabels">One a row.</param>
    /// <param name="classCount">1 for regression.</param>
    /// <returns>Those of the training rows have the mean 1; null where all weigh alike.</returns>
    /// <exception cref="TrainingFailedException">All training rows weigh nothing.</exception>
    internal (float[]? Training, float[]? Validation) Of(IReadOnlyDictionary<int, float>? byLine, Table training, float[] labels, Table? validation, float[] validationLabels, int classCount)
    {
        if (byLine is null && !BalanceClasses) return (null, null);
        var own = Own(training);
        var total = own.Sum(w => (double)w);
        if (!(total > 0)) throw new TrainingFailedException($"All rows to learn from have the weight 0 in column '{Column}'.");
        var factors = new double[classCount];
        Array.Fill(factors, labels.Length / total);
        if (BalanceClasses)
        {
            var sums = new double[classCount];
            foreach (var (row, label) in labels.Index()) sums[(int)label] += own[row];
            var present = sums.Count(s => s > 0);
            for (var k = 0; k < classCount; k++) factors[k] = sums[k] > 0 ? labels.Length / (present * sums[k]) : 1;
        }
        return (Weigh(own, labels), validation is null ? null : Weigh(Own(validation), validationLabels));

        float[] Own(Table rows)
        {
            var weights = new float[rows.RowCount];
            for (var row = 0; row < weights.Length; row++) weights[row] = byLine?[rows.LineNumbers[row]] ?? 1;
            return weights;
        }

        float[] Weigh(float[] weights, float[] of) => [.. weights.Select((w, row) => (float)(w * factors[classCount > 1 ? (int)of[row] : 0]))];
    }
}
