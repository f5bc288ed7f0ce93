using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Explanations;

/// <summary>What a model says on average when one column of all rows takes the same value.</summary>
/// <param name="Column">As it stands in the file.</param>
/// <param name="IsOrdered">Numbers and moments; else categories.</param>
/// <param name="Values">The values that it took, ascending or the most frequent first; invariant text.</param>
/// <param name="Means">One row an answer (the number, the second of two classes, or each class), one number a value.</param>
/// <param name="Curves">For one answer: some rows by themselves, one number a value; empty for several answers.</param>
/// <param name="Shares">Of the rows: for categories those with the value; for numbers those nearest to it.</param>
/// <remarks>Friedman (2001), Annals of Statistics 29(5), as scikit-learn's partial_dependence with method "brute". Where columns go together, it asks for rows that never occur.</remarks>
public sealed record PartialDependence(string Column, bool IsOrdered, IReadOnlyList<string> Values, IReadOnlyList<double[]> Means, IReadOnlyList<double[]> Curves, double[] Shares)
{
    private const int MostPoints = 25;
    private const int MostCategories = 25;
    private const int CurveCount = 40;

    /// <summary>Why a column has no such curve; null where it has.</summary>
    public static string? WhyNot(Column column) => column switch
    {
        DictionaryColumn { Kind: ColumnKind.Text } => "It is text.",
        _ when column.CountMissing() == column.Length => "It is missing in every row.",
        _ => null,
    };

    /// <param name="rows">At least one row.</param>
    /// <param name="column">Its name; <see cref="WhyNot"/> says nothing against it.</param>
    /// <param name="predict">The answers to rows: row-major, <paramref name="answerCount"/> a row.</param>
    /// <param name="answerCount">Answers a row.</param>
    /// <param name="cancellationToken">Looked at between values.</param>
    public static PartialDependence Compute(Table rows, string column, Func<Table, double[]> predict, int answerCount, CancellationToken cancellationToken)
    {
        var source = rows[column];
        var (values, shares) = Grid(source);
        var means = Enumerable.Range(0, answerCount).Select(_ => new double[values.Length]).ToArray();
        var curves = answerCount > 1 ? [] : Enumerable.Range(0, Math.Min(CurveCount, rows.RowCount)).Select(_ => new double[values.Length]).ToArray();
        var texts = new string[values.Length];
        for (var v = 0; v < values.Length; v++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // The column with one value in every row.
            var same = source.Take([.. Enumerable.Repeat(values[v], rows.RowCount)]);
            texts[v] = source.GetText(values[v])!;
            var answers = predict(rows.With(same));
            for (var k = 0; k < answerCount; k++)
            {
                for (var row = 0; row < rows.RowCount; row++) means[k][v] += answers[(row * answerCount) + k];
                means[k][v] /= rows.RowCount;
            }
            for (var c = 0; c < curves.Length; c++) curves[c][v] = answers[(int)((long)c * rows.RowCount / curves.Length)];
        }
        return new PartialDependence(column, source is not DictionaryColumn, texts, means, curves, shares);
    }

    /// <summary>Rows that have the values of the grid, and how many rows stand for each.</summary>
    private static (int[] Rows, double[] Shares) Grid(Column column)
    {
        int[] present = [.. Enumerable.Range(0, column.Length).Where(row => !column.IsMissing(row))];
        if (column is DictionaryColumn names)
        {
            var groups = present.GroupBy(row => names.Codes[row]).OrderByDescending(g => g.Count()).ThenBy(g => names.Values[g.Key], StringComparer.Ordinal).Take(MostCategories).ToArray();
            return ([.. groups.Select(g => g.First())], [.. groups.Select(g => (double)g.Count() / column.Length)]);
        }
        var values = Discretizer.Numbers(column);
        int[] ordered = [.. present.OrderBy(row => values[row])];
        // Quantiles, so that there are most points where there are most rows; each value once.
        var points = new List<int>();
        for (var i = 0; i < Math.Min(MostPoints, ordered.Length); i++)
        {
            var row = ordered[ordered.Length == 1 ? 0 : (int)((long)i * (ordered.Length - 1) / Math.Max(1, Math.Min(MostPoints, ordered.Length) - 1))];
            if (points.Count == 0 || values[row] > values[points[^1]]) points.Add(row);
        }
        var shares = new double[points.Count];
        var at = 0;
        foreach (var row in ordered)
        {
            while (at + 1 < points.Count && values[row] - values[points[at]] > values[points[at + 1]] - values[row]) at++;
            shares[at] += 1.0 / column.Length;
        }
        return ([.. points], shares);
    }
}
