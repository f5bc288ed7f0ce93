using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>Columns, dates and figures of a card in words.</summary>
public static class CardText
{
    private const int MostValues = 5;
    private const int LongestValue = 40;

    /// <summary>A moment that means the same wherever the card is read: <c>2026-03-01 14:05 UTC</c>.</summary>
    public static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    public static string Kind(ColumnKind kind) => kind switch
    {
        ColumnKind.Numeric => "number",
        ColumnKind.DateTime => "date",
        _ => kind.ToString().ToLowerInvariant(),
    };

    /// <summary>What a column is to the model.</summary>
    public static string Role(string column, ExperimentPlan plan) =>
        column == plan.Target ? "target"
        : plan.IgnoredColumns.Contains(column) ? "left out"
        : column == plan.Weights?.Column ? "weight"
        : column != plan.Split.Column ? "feature"
        : plan.Split.Method switch
        {
            SplitMethod.Grouped => "group",
            SplitMethod.TimeOrdered => "feature, orders the rows",
            _ => "part",
        };

    /// <summary>Where its values lie, or which there are.</summary>
    public static string Values(ColumnProfile column)
    {
        if (column.Numbers is { } numbers)
            return column.Kind == ColumnKind.DateTime
                ? $"{Day(numbers.Minimum)} to {Day(numbers.Maximum)}"
                : $"{Figures.Number(numbers.Minimum)} to {Figures.Number(numbers.Maximum)}, median {Figures.Number(numbers.Median)}";
        if (column.Kind == ColumnKind.Text && column.Lengths is { } lengths) return $"{Figures.Count(lengths.Minimum)} to {Figures.Count(lengths.Maximum)} characters";
        return Listed([.. column.TopValues.Select(v => $"{Short(v.Value)} ({Figures.Count(v.Count)})")], column.DistinctCount);
    }

    /// <summary>As <see cref="Values(ColumnProfile)"/>, of the training rows.</summary>
    public static string Values(InputColumn column) =>
        column.Minimum is { } minimum ? $"{Figures.Number(minimum)} to {Figures.Number(column.Maximum)}, median {Figures.Number(column.Median)}"
        : column.Earliest is { } earliest ? $"{earliest} to {column.Latest}"
        : column.Choices is { } choices ? Listed([.. choices.Select(Short)], choices.Count)
        : "";

    /// <summary>Of a metric: <c>0.8500 to 0.9500</c>.</summary>
    public static string Interval(MetricInterval? interval) => interval is null ? Figures.None : $"{Figures.Metric(interval.Low)} to {Figures.Metric(interval.High)}";

    private static string Listed(IReadOnlyList<string> values, int count) => string.Join(", ", values.Take(MostValues)) + (count > MostValues ? $" and {Figures.Count(count - Math.Min(MostValues, values.Count))} more" : "");

    private static string Short(string value) => Plots.PlotText.Shorten(value, LongestValue);

    private static string Day(double ticks) => new DateTime((long)Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), DateTimeKind.Utc).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
