using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>A metric on a part of the rows: those with one value in a column, or with a number within a range.</summary>
/// <param name="MetricId">Of <see cref="Metric"/>.</param>
/// <param name="Column">As it stands in the file; null for all rows.</param>
/// <param name="Value">What the column holds, as text; null where a range is meant.</param>
/// <param name="From">Smallest number of the range, which belongs to it; null where it has no lower end.</param>
/// <param name="To">Largest number of the range, which belongs to it; null where it has no upper end.</param>
public sealed record SegmentMeasure(string MetricId, string? Column = null, string? Value = null, double? From = null, double? To = null)
{
    /// <summary>Every reason why this makes no sense; empty where it does.</summary>
    /// <param name="columns">Of the file.</param>
    public IReadOnlyList<string> Problems(IReadOnlyCollection<string> columns)
    {
        List<string> problems = [];
        if (Metric.All.All(m => m.Id != MetricId)) problems.Add($"There is no metric '{MetricId}'. The metrics are: {string.Join(", ", Metric.All.Select(m => m.Id))}.");
        var isRange = From is not null || To is not null;
        if (Column is null && (Value is not null || isRange)) problems.Add("A value or a range is given without a column; expected the column that holds it.");
        if (Column is { } column && !columns.Contains(column)) problems.Add($"There is no column '{column}'. The columns are: {string.Join(", ", columns.Take(20))}{(columns.Count > 20 ? ", …" : "")}.");
        if (Column is not null && Value is null && !isRange) problems.Add($"Of column '{Column}' neither a value nor a range is given; expected one of them.");
        if (Value is not null && isRange) problems.Add("Both a value and a range are given; expected one of them.");
        if (From is { } from && !double.IsFinite(from) || To is { } to && !double.IsFinite(to)) problems.Add("An end of the range is not a number; expected one.");
        if (From > To) problems.Add(FormattableString.Invariant($"The range is {From} to {To}; expected its smaller end first."));
        return problems;
    }

    /// <summary>As the end of a sentence: <c>where region is North</c>; empty for all rows.</summary>
    [JsonIgnore]
    public string Where => (Column, Value, From, To) switch
    {
        (null, _, _, _) => "",
        (_, { } value, _, _) => $" where {Column} is {value}",
        (_, _, { } from, { } to) => string.Create(CultureInfo.InvariantCulture, $" where {Column} is {from} to {to}"),
        (_, _, { } from, _) => string.Create(CultureInfo.InvariantCulture, $" where {Column} is at least {from}"),
        _ => string.Create(CultureInfo.InvariantCulture, $" where {Column} is at most {To}"),
    };

    /// <summary>Measures on rows that the judged models had not seen.</summary>
    /// <param name="rows">As they stand in the file; n of them.</param>
    /// <param name="task">What was learnt.</param>
    /// <param name="labels">The truth: 0-based classes or numbers; length n.</param>
    /// <param name="outputs">Row-major: K probabilities a row, or the number; length n * K.</param>
    /// <param name="classCount">K; 1 for regression.</param>
    /// <param name="threshold">Of two classes: the probability of the second from which on it is predicted; null for the likelier.</param>
    public SegmentFigure Measure(Table rows, LearningTask task, float[] labels, double[] outputs, int classCount, double? threshold = null)
    {
        var metric = Metric.Parse(MetricId);
        if (!metric.Tasks.Contains(task)) return new SegmentFigure(null, 0, $"{metric.Name} is not defined for {task.ToString().ToLowerInvariant()}.");
        if (Column is { } name && rows.Find(name) is null) return new SegmentFigure(null, 0, $"The rows have no column '{name}'.");
        if (WhyNoRange(rows) is { } reason) return new SegmentFigure(null, 0, reason);
        var chosen = RowsOf(rows);
        if (chosen.Length == 0) return new SegmentFigure(null, 0, "No row that the model had not seen is in the segment.");
        var (own, answers) = (new float[chosen.Length], new double[chosen.Length * classCount]);
        foreach (var (place, row) in chosen.Index())
        {
            own[place] = labels[row];
            outputs.AsSpan(row * classCount, classCount).CopyTo(answers.AsSpan(place * classCount));
        }
        var figure = MetricCalculator.Compute(metric, task, own, answers, classCount, threshold);
        return new SegmentFigure(figure, chosen.Length, figure is null ? $"{metric.Name} is undefined on these rows." : null);
    }

    private string? WhyNoRange(Table rows) => Value is null && Column is { } name && rows[name] is var column and not NumericColumn ? $"Column '{name}' holds {column.Kind.ToString().ToLowerInvariant()} values; a range needs numbers." : null;

    private int[] RowsOf(Table rows)
    {
        if (Column is not { } name) return [.. Enumerable.Range(0, rows.RowCount)];
        var column = rows[name];
        if (Value is null)
        {
            var numbers = (NumericColumn)column;
            return [.. Enumerable.Range(0, rows.RowCount).Where(row => numbers.Values[row] >= (From ?? double.NegativeInfinity) && numbers.Values[row] <= (To ?? double.PositiveInfinity))];
        }
        // 3, 3.0 and 3e0 are one number.
        if (column is NumericColumn values && double.TryParse(Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var wanted))
            return [.. Enumerable.Range(0, rows.RowCount).Where(row => values.Values[row] == wanted)];
        return [.. Enumerable.Range(0, rows.RowCount).Where(row => column.GetText(row) == Value)];
    }
}

/// <param name="Figure">Null where there is none.</param>
/// <param name="RowCount">Rows of the segment.</param>
/// <param name="WhyNot">Why there is no figure.</param>
public sealed record SegmentFigure(double? Figure, int RowCount, string? WhyNot = null);
