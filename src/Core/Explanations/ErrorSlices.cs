using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Explanations;

/// <summary>A part of the rows on which a model errs more, or less, than on the others.</summary>
/// <param name="Conditions">What its rows have in common.</param>
/// <param name="RowCount">Rows of the half that it was measured on.</param>
/// <param name="MeanError">Of these.</param>
/// <param name="RestError">Of the other rows of that half.</param>
/// <param name="PValue">Chance of a difference this large where there is none: Welch's test, times the number of parts that were looked at.</param>
public sealed record ErrorSlice(IReadOnlyList<TreeCondition> Conditions, int RowCount, double MeanError, double RestError, double PValue)
{
    private const double BeyondChance = 0.05;

    /// <summary>Whether the model errs more on these rows than on the others, beyond chance.</summary>
    [JsonIgnore]
    public bool IsWorse => MeanError > RestError && PValue < BeyondChance;
}

/// <summary>Where a model errs: a shallow tree over its errors.</summary>
/// <param name="Slices">Worst first; empty where errors do not hang on any column.</param>
/// <param name="MeanError">Of all rows that slices were measured on.</param>
/// <param name="RowCount">Rows of the half that slices were measured on; as many were used to find them.</param>
/// <remarks>
/// Found on one half of the rows, measured on the other, so that a slice is not made of the very errors that it is judged by.
/// Chung, Kraska, Polyzotis, Tae and Whang (2019), Slice Finder, IEEE TKDE 32(12); Welch (1947), Biometrika 34; Bonferroni.
/// </remarks>
public sealed record ErrorSlices(IReadOnlyList<ErrorSlice> Slices, double MeanError, int RowCount)
{
    private const int Depth = 3;
    private const int FewestRows = 20;
    private const double FewestShare = 0.02;

    /// <param name="rows">n rows as they stand in the file.</param>
    /// <param name="columns">Those that may be asked for.</param>
    /// <param name="errors">One a row, 0 is perfect: what slices are found by.</param>
    /// <param name="told">One a row: what slices are measured by; the same, or 1 for a wrong answer.</param>
    /// <param name="seed">Decides the halves.</param>
    /// <param name="cancellationToken">Looked at between columns.</param>
    /// <returns>Null where there are too few rows to find and to measure on.</returns>
    public static ErrorSlices? Find(Table rows, IReadOnlyList<string> columns, double[] errors, double[] told, int seed, CancellationToken cancellationToken)
    {
        if (rows.RowCount < 4 * FewestRows) return null;
        int[] shuffled = [.. Enumerable.Range(0, rows.RowCount)];
        new Random(seed).Shuffle(shuffled);
        int[] found = [.. shuffled.Take(rows.RowCount / 2).Order()], measured = [.. shuffled.Skip(rows.RowCount / 2).Order()];
        var tree = ReadableTree.Fit(rows.Take(found), columns, Array.ConvertAll(found, row => errors[row]), 1, Depth, Math.Max(FewestRows, (int)(FewestShare * found.Length)), cancellationToken);
        var parts = tree.Parts(rows.Take(measured));
        double[] own = Array.ConvertAll(measured, row => told[row]);
        var slices = new List<ErrorSlice>();
        if (parts.Count > 1)
        {
            foreach (var part in parts.Where(p => p.Rows.Length >= 2 && p.Rows.Length <= own.Length - 2))
            {
                var inside = part.Rows.ToHashSet();
                double[] one = [.. part.Rows.Select(row => own[row])], other = [.. Enumerable.Range(0, own.Length).Where(row => !inside.Contains(row)).Select(row => own[row])];
                slices.Add(new ErrorSlice(part.Conditions, one.Length, one.Average(), other.Average(), Math.Min(1, Welch(one, other) * parts.Count)));
            }
        }
        return new ErrorSlices([.. slices.OrderByDescending(s => s.MeanError)], own.Average(), own.Length);
    }

    /// <summary>Two-sided p of Welch's test that two means are equal.</summary>
    internal static double Welch(double[] one, double[] other)
    {
        var (a, b) = (Variance(one) / one.Length, Variance(other) / other.Length);
        var difference = one.Average() - other.Average();
        if (a + b == 0) return difference == 0 ? 1 : 0;
        var freedom = (a + b) * (a + b) / ((a * a / (one.Length - 1)) + (b * b / (other.Length - 1)));
        return 2 * StudentT.CDF(0, 1, freedom, -Math.Abs(difference) / Math.Sqrt(a + b));
    }

    private static double Variance(double[] values)
    {
        var mean = values.Average();
        return values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1);
    }
}
