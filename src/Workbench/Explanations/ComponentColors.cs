using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Plots;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>What can colour the rows of a report.</summary>
public static class ComponentColors
{
    public const string Target = "target";
    public const string Prediction = "prediction";
    public const string Error = "error";

    /// <summary>Before the name of a column of the dataset.</summary>
    public const string ColumnPrefix = "column:";

    private const double DaysOfYear = 365.2425;

    /// <summary>The column asked for, or null where it is none.</summary>
    public static string? ColumnOf(string color) => color.StartsWith(ColumnPrefix, StringComparison.Ordinal) ? color[ColumnPrefix.Length..] : null;

    /// <summary>The class or number of each shown row.</summary>
    /// <param name="report">The components.</param>
    /// <param name="color">As in the address; what the report does not have is taken for the target.</param>
    /// <param name="targetName">The target's column.</param>
    /// <param name="column">Values of the column that is asked for, one a shown row; null where it is none, or not read.</param>
    public static PointColors Of(PcaReport report, string color, string targetName, Column? column) => (color, report.Answers) switch
    {
        (Prediction, { Labels: { } labels }) => new PointColors.Classes($"predicted {targetName}", labels),
        (Prediction, { Values: { } values }) => new PointColors.Scale($"predicted {targetName}", [.. values.Select(v => v ?? double.NaN)]),
        (Error, { } answers) => OfErrors(report, answers, targetName),
        _ when column is not null && ColumnOf(color) == column.Name => OfColumn(column),
        _ when report.Labels is { } labels => new PointColors.Classes(targetName, labels),
        _ => new PointColors.Scale(targetName, report.Targets ?? []),
    };

    private static PointColors.Scale OfErrors(PcaReport report, PcaAnswers answers, string targetName)
    {
        var scale = new PointColors.Scale($"error of {targetName}", [.. answers.Errors.Select(e => (double?)e ?? double.NaN)]);
        // Too low and too high by as much are as far from the middle of the scale.
        return report.Targets is null ? scale : scale with { Span = scale.Span?.Around0 };
    }

    private static PointColors OfColumn(Column column) => column switch
    {
        NumericColumn numbers => new PointColors.Scale(column.Name, numbers.Values.ToArray()),
        DateTimeColumn times => new PointColors.Scale($"{column.Name} (year)", [.. Enumerable.Range(0, column.Length).Select(row => times.IsMissing(row) ? double.NaN : YearOf(times.Ticks[row]))]),
        _ => new PointColors.Classes(column.Name, [.. Enumerable.Range(0, column.Length).Select(column.GetText)]),
    };

    /// <summary>Years with their parts: 2024.5 is the middle of 2024.</summary>
    private static double YearOf(long ticks)
    {
        var moment = new DateTime(ticks, DateTimeKind.Utc);
        return moment.Year + ((moment.DayOfYear - 1) / DaysOfYear);
    }
}
