using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>Residuals along a column: ten parts of equally many rows by its value, or one for each of its names.</summary>
/// <param name="IsOrdered">Numbers and moments; else names.</param>
/// <param name="Parts">Ascending, or the most frequent name first; missing values of names last, as a part of their own.</param>
/// <param name="Places">The part of each row, 0-based; null where it is in none: a missing number, a rare name.</param>
public sealed record ResidualsAlong(bool IsOrdered, IReadOnlyList<ResidualPart> Parts, int?[] Places)
{
    /// <summary>What missing values are called.</summary>
    public const string Missing = "missing";

    private const int PartCount = 10;

    /// <param name="column">n values.</param>
    /// <param name="residuals">Actual - predicted, one a row.</param>
    /// <param name="mostNames">Rarer names are left out.</param>
    public static ResidualsAlong Of(Column column, double[] residuals, int mostNames)
    {
        if (column.Length != residuals.Length) throw new ArgumentException($"Found {residuals.Length} residuals for {column.Length} rows.", nameof(residuals));
        return column is DictionaryColumn names ? ByName(names, residuals, mostNames) : ByValue(column, residuals);
    }

    private static ResidualsAlong ByValue(Column column, double[] residuals)
    {
        var values = Discretizer.Numbers(column);
        int[] ordered = [.. Enumerable.Range(0, values.Length).Where(row => !column.IsMissing(row)).OrderBy(row => values[row])];
        var (parts, places) = (new List<ResidualPart>(), new int?[values.Length]);
        for (var from = 0; from < ordered.Length;)
        {
            // To where a tenth more are in, and on to the end of the same value.
            var to = Math.Max(from + 1, (int)((long)(parts.Count + 1) * ordered.Length / PartCount));
            while (to < ordered.Length && values[ordered[to]] == values[ordered[to - 1]]) to++;
            var rows = ordered[from..to];
            var middle = rows[rows.Length / 2];
            parts.Add(new ResidualPart(Name(column, rows[0], rows[^1]), rows.Length, rows.Average(row => residuals[row])) { Middle = values[middle], MiddleText = column.GetText(middle) });
            foreach (var row in rows) places[row] = parts.Count - 1;
            from = to;
        }
        return new ResidualsAlong(true, parts, places);
    }

    private static string Name(Column column, int first, int last)
    {
        var (from, to) = (Text(first), Text(last));
        return from == to ? from : $"{from} to {to}";

        string Text(int row) => column is NumericColumn numbers ? numbers.Values[row].ToString("G5", CultureInfo.InvariantCulture) : column.GetText(row)!;
    }

    private static ResidualsAlong ByName(DictionaryColumn names, double[] residuals, int mostNames)
    {
        var codes = names.Codes.ToArray();
        var groups = codes.Index().GroupBy(c => c.Item, c => c.Index).OrderBy(g => g.Key < 0).ThenByDescending(g => g.Count()).ThenBy(g => g.Key < 0 ? "" : names.Values[g.Key], StringComparer.Ordinal).ToList();
        var kept = groups.Where(g => g.Key >= 0).Take(mostNames).Concat(groups.Where(g => g.Key < 0)).ToList();
        var places = new int?[codes.Length];
        foreach (var (place, group) in kept.Index())
            foreach (var row in group) places[row] = place;
        return new ResidualsAlong(false, [.. kept.Select(g => new ResidualPart(g.Key < 0 ? Missing : names.Values[g.Key], g.Count(), g.Average(row => residuals[row])))], places);
    }
}

/// <param name="Name">The range, or the value.</param>
/// <param name="RowCount">Its rows.</param>
/// <param name="MeanResidual">Mean of actual - predicted: above 0 the predictions are too low.</param>
public sealed record ResidualPart(string Name, int RowCount, double MeanResidual)
{
    /// <summary>For numbers and moments (days): the median of the part.</summary>
    public double? Middle { get; init; }

    /// <summary>The same as text.</summary>
    public string? MiddleText { get; init; }
}
