using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>What a person should know of a column of numbers or dates: values that stand for missing, long tails, values far out.</summary>
internal static class NumberFindings
{
    private static readonly string[] ImpossibleZeroWords = ["pressure", "bmi", "glucose", "insulin", "weight", "height", "thickness", "cholesterol"];
    private static readonly double[] Sentinels = [-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999];
    private static readonly long[] SentinelDates = [DateTime.MinValue.Ticks, new DateTime(1900, 1, 1).Ticks, new DateTime(1970, 1, 1).Ticks, new DateTime(9999, 12, 31).Ticks];

    public static void Add(ColumnProfile column, NumericColumn numbers, Table sample, string where, List<DataWarning> found)
    {
        if (column.Numbers is not { } summary || column.DistinctCount <= 10 || found.Any(w => w.Code == WarningCode.IdLike && w.Columns.Contains(column.Name))) return;
        // Missing marks among numbers stand apart from all other values and come more than once.
        var disguised = new List<double>();
        var zeros = numbers.Values.Count(0.0);
        foreach (var sentinel in Sentinels)
        {
            int count = 0, near = 0, beyond = 0;
            double nearest = double.PositiveInfinity;
            foreach (var value in numbers.Values)
            {
                if (double.IsNaN(value)) continue;
                if (value == sentinel) count++;
                else
                {
                    if (sentinel < 0 ? value <= sentinel : value >= sentinel) beyond++;
                    nearest = Math.Min(nearest, Math.Abs(value - sentinel));
                    near++;
                }
            }
            if (count < 2 || beyond > 0 || near == 0) continue;
            var spread = Math.Max(summary.Percentile95 ?? summary.ThirdQuartile, 0) - Math.Max(summary.Percentile5 ?? summary.FirstQuartile, 0);
            // -1 is but a step from 0: it stands for something else where it is the only negative value and more frequent than 0.
            var lone = sentinel == -1 ? summary.NegativeCount > 0 && nearest >= 1 && count >= 0.01 * near && count > zeros : nearest > 0.5 * Math.Max(spread, 1);
            if (lone) disguised.Add(sentinel);
        }
        if (ImpossibleZeros(column, summary, numbers)) disguised.Add(0);
        if (disguised.Count > 0)
        {
            var values = numbers.Values;
            int first = -1, count = 0;
            for (var row = 0; row < values.Length; row++)
                if (disguised.Contains(values[row])) { count++; if (first < 0) first = row; }
            // Many zeros are rather "there is none" (no garage) than "not known", unless the name says that zero is impossible.
            var sure = disguised is not [0.0] || NamesAnImpossibleZero(column.Name) || count <= 0.05 * (column.RowCount - column.MissingCount);
            found.Add(new(WarningCode.DisguisedMissing, sure ? WarningSeverity.Warning : WarningSeverity.Note, [column.Name], $"{string.Join(", ", disguised.Select(v => v.ToString(CultureInfo.InvariantCulture)))} in {(first < 0 ? Words.Count(summary.ZeroCount ?? 0, "row", "rows") : Words.Count(count, "row", "rows") + where)} {(disguised.Count == 1 ? "seems" : "seem")} to stand for a missing value: no other value comes near{(first < 0 ? "" : $"; first on line {sample.LineNumbers[first]}")}.")
            { Values = [.. disguised.Select(v => v.ToString(CultureInfo.InvariantCulture))], Line = first < 0 ? null : sample.LineNumbers[first] });
            return;
        }
        if (column.DistinctCount <= 20) return;
        if (summary.Skewness is > 3 or < -3)
            found.Add(new(WarningCode.Skewed, WarningSeverity.Note, [column.Name], $"Skewness {summary.Skewness.Value.ToString("0.#", CultureInfo.InvariantCulture)}: a long tail of {(summary.Skewness > 0 ? "large" : "small")} values."));
        var range = summary.ThirdQuartile - summary.FirstQuartile;
        if (range <= 0) return;
        var (low, high) = (summary.FirstQuartile - 10 * range, summary.ThirdQuartile + 10 * range);
        var (outliers, line) = (0, 0);
        for (var row = 0; row < numbers.Length; row++)
            if ((numbers.Values[row] < low || numbers.Values[row] > high) && outliers++ == 0) line = sample.LineNumbers[row];
        if (outliers > 0)
            found.Add(new(WarningCode.Outliers, WarningSeverity.Note, [column.Name], $"{Words.Count(outliers, "value lies", "values lie")} more than ten interquartile ranges away{where}, the first on line {line}.") { Line = line });
    }

    /// <summary>Zeros that stand apart: nothing is negative, and the other values keep away from zero as a bell does, by more than two of their standard deviations or half of their mean.</summary>
    private static bool ImpossibleZeros(ColumnProfile column, NumericSummary summary, NumericColumn numbers)
    {
        if (summary.Minimum != 0 || summary.ZeroCount is not > 1 || summary.ZeroCount > 0.6 * (column.RowCount - column.MissingCount) || column.DistinctCount <= 20) return false;
        double count = 0, mean = 0, squares = 0, least = double.PositiveInfinity;
        foreach (var value in numbers.Values)
        {
            if (double.IsNaN(value) || value == 0) continue;
            count++;
            var difference = value - mean;
            mean += difference / count;
            squares += difference * (value - mean);
            least = Math.Min(least, value);
        }
        if (count < 20) return false;
        var deviation = Math.Sqrt(squares / count);
        // Next to zero lies nothing: the gap is wide beside the steps between the other values.
        return mean > 2.5 * deviation && least > 0.2 * mean || NamesAnImpossibleZero(column.Name) && least > 0.05 * mean;
    }

    private static bool NamesAnImpossibleZero(string name) =>
        ImpossibleZeroWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>The first and the last day that programs know, and the days on which their clocks begin, where they come more than once and far from all other dates.</summary>
    public static void AddForDates(ColumnProfile column, DateTimeColumn dates, Table sample, string where, List<DataWarning> found)
    {
        if (column.DistinctCount <= 10) return;
        foreach (var sentinel in SentinelDates)
        {
            var (count, first, nearest) = (0, -1, long.MaxValue);
            for (var row = 0; row < dates.Length; row++)
            {
                if (dates.Ticks[row] == DateTimeColumn.MissingTicks) continue;
                if (dates.Ticks[row] != sentinel) nearest = Math.Min(nearest, Math.Abs(dates.Ticks[row] - sentinel));
                else if (count++ == 0) first = row;
            }
            if (count < 2 || nearest < 5 * 365 * TimeSpan.TicksPerDay) continue;
            var text = new DateTimeColumn("", [sentinel]).GetText(0)!;
            found.Add(new(WarningCode.DisguisedMissing, WarningSeverity.Warning, [column.Name], $"{text} in {Words.Count(count, "row", "rows")}{where} seems to stand for a missing value: no other date is within five years; first on line {sample.LineNumbers[first]}.") { Values = [text], Line = sample.LineNumbers[first] });
        }
    }
}
