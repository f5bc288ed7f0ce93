using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Columns that all but give the target away by themselves, or two of them as a sum.</summary>
internal static class LeakFindings
{
    // DataRobot's published thresholds for the normalised Gini of one column.
    private const double ModerateLeak = 0.85;
    private const double HighLeak = 0.975;
    private const int FewestRowsForLeaks = 500;
    private const int MostClasses = 100;

    /// <param name="sample">Rows to measure on.</param>
    /// <param name="target">The column to predict.</param>
    /// <param name="found">Is added to.</param>
    /// <param name="ct">Heeded between columns.</param>
    public static void Add(Table sample, string target, List<DataWarning> found, CancellationToken ct)
    {
        var truth = sample[target];
        if (truth.Kind == ColumnKind.DateTime || truth.Kind == ColumnKind.Text && ((DictionaryColumn)truth).Codes.ToArray().Distinct().Count() > MostClasses) return;
        foreach (var solo in Associations.MeasureTarget(sample, target, ct))
        {
            if (solo.WeakestGini is not { } gini || gini < ModerateLeak) continue;
            // In a small table a single good column is no wonder; only one that never errs is.
            if (sample.RowCount < FewestRowsForLeaks && gini < 0.999) continue;
            var high = gini >= HighLeak && (solo.RSquared is not { } r2 || r2 >= 0.97);
            found.Add(new(WarningCode.LeakageSuspect, high ? WarningSeverity.Serious : WarningSeverity.Note, [solo.Column],
                $"By itself it {(high ? "all but gives away" : "tells much of")} the target (normalised Gini {gini.ToString("0.000", CultureInfo.InvariantCulture)} on rows not learnt from). Is it known before the target is?"));
        }
        if (truth is not NumericColumn sums) return;
        var numbers = sample.Columns.OfType<NumericColumn>().Where(c => c.Name != target).Take(60).ToArray();
        for (var i = 0; i < numbers.Length; i++)
            for (var j = i + 1; j < numbers.Length; j++)
            {
                if (!IsSum(numbers[i].Values, numbers[j].Values, sums.Values)) continue;
                found.Add(new(WarningCode.LeakageSuspect, WarningSeverity.Serious, [numbers[i].Name, numbers[j].Name], $"{numbers[i].Name} + {numbers[j].Name} is the target in every row."));
            }
    }

    private static bool IsSum(ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> sum)
    {
        var (seen, both) = (0, 0);
        for (var i = 0; i < sum.Length; i++)
        {
            if (double.IsNaN(a[i]) || double.IsNaN(b[i]) || double.IsNaN(sum[i])) continue;
            if (Math.Abs(a[i] + b[i] - sum[i]) > 1e-9 * Math.Max(1, Math.Abs(sum[i]))) return false;
            seen++;
            if (a[i] != 0 && b[i] != 0) both++;
        }
        return seen >= 20 && both >= 10;
    }
}
