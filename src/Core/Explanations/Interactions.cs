using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Which columns a model uses together: how much of what two columns do is more than what each does by itself.</summary>
/// <param name="Columns">As they stand in the file.</param>
/// <param name="Strength">Friedman's H of each pair, 0 to 1: 0 where what the columns do adds up, 1 where neither does anything alone. The diagonal is null.</param>
/// <param name="Effect">In the unit of the answer: root mean square of what the pair does beyond its two columns; tells whether a high H is of anything that matters.</param>
/// <param name="RowCount">Rows that it was measured on.</param>
/// <remarks>Friedman and Popescu (2008), Annals of Applied Statistics 2(3), equation 44, its root. Of several answers the sums of squares are added.</remarks>
public sealed record Interactions(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<double?>> Strength, IReadOnlyList<IReadOnlyList<double?>> Effect, int RowCount)
{
    /// <param name="rows">At least two; the time goes with their square.</param>
    /// <param name="columns">Those that are paired.</param>
    /// <param name="predict">The answers to rows: row-major, <paramref name="answerCount"/> a row.</param>
    /// <param name="answerCount">Answers a row.</param>
    /// <param name="progress">Called with 0 to 1, ascending; or null.</param>
    /// <param name="cancellationToken">Looked at before each pair.</param>
    public static Interactions Compute(Table rows, IReadOnlyList<string> columns, Func<Table, double[]> predict, int answerCount, Action<double>? progress, CancellationToken cancellationToken)
    {
        var n = rows.RowCount;
        // Every row with the columns of every other: the value of each row n times, beside all rows.
        var all = rows.Take([.. Enumerable.Range(0, n * n).Select(i => i % n)]);
        int[] fixedAt = [.. Enumerable.Range(0, n * n).Select(i => i / n)];
        double[][] alone = [.. columns.Select(name => Dependence([name]))];
        var strength = columns.Select(_ => new double?[columns.Count]).ToArray();
        var effect = columns.Select(_ => new double?[columns.Count]).ToArray();
        var (done, pairs) = (0, columns.Count * (columns.Count - 1) / 2);
        for (var j = 0; j < columns.Count; j++)
            for (var k = j + 1; k < columns.Count; k++)
            {
                var both = Dependence([columns[j], columns[k]]);
                var (beyond, whole) = (0.0, 0.0);
                for (var i = 0; i < both.Length; i++)
                {
                    var rest = both[i] - alone[j][i] - alone[k][i];
                    beyond += rest * rest;
                    whole += both[i] * both[i];
                }
                // Rounding alone would make much of a pair that does nothing.
                strength[j][k] = strength[k][j] = whole < 1e-20 * both.Length ? 0 : Math.Min(1, Math.Sqrt(beyond / whole));
                effect[j][k] = effect[k][j] = Math.Sqrt(beyond / n);
                progress?.Invoke((double)++done / pairs);
            }
        return new Interactions([.. columns], strength, effect, n);

        // For each row the mean answer when these columns of all rows are as in it, less the mean of that.
        double[] Dependence(string[] together)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var mixed = all;
            foreach (var name in together) mixed = mixed.With(rows[name].Take(fixedAt));
            var answers = predict(mixed);
            var means = new double[n * answerCount];
            for (var i = 0; i < n * n; i++)
                for (var k = 0; k < answerCount; k++) means[(fixedAt[i] * answerCount) + k] += answers[(i * answerCount) + k] / n;
            for (var k = 0; k < answerCount; k++)
            {
                var centre = Enumerable.Range(0, n).Average(i => means[(i * answerCount) + k]);
                for (var i = 0; i < n; i++) means[(i * answerCount) + k] -= centre;
            }
            return means;
        }
    }
}
