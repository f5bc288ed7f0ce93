using System.Globalization;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

public enum WarningSeverity
{
    /// <summary>Good to know; nothing needs to be done.</summary>
    Note,

    /// <summary>Worth a step of the recipe.</summary>
    Warning,

    /// <summary>A model would be worthless or could not be trained.</summary>
    Serious,
}

public enum WarningCode
{
    Constant, NearConstant, IdLike, DuplicateRows, DuplicateColumns, DisguisedMissing, MixedKinds, HighCardinality, RareClasses, Imbalance, MissingTarget,
    Skewed, Outliers, DatesAsText, NumbersAsText, MostlyMissing, SurroundingBlanks, CaseVariants, LeakageSuspect,
}

/// <summary>Something in the data that a person should know before training.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Columns">The columns it is about; empty for all.</param>
/// <param name="Message">With figures and place.</param>
public sealed record DataWarning(WarningCode Code, WarningSeverity Severity, IReadOnlyList<string> Columns, string Message)
{
    /// <summary>The values it is about: those that stand for missing, the texts among numbers.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>The 1-based line of the first of them, where there is one.</summary>
    public int? Line { get; init; }
}

/// <summary>Looks for what makes models bad or training fail.</summary>
public static partial class DataWarnings
{
    // DataRobot's published thresholds for the normalised Gini of one column.
    private const double ModerateLeak = 0.85;
    private const double HighLeak = 0.975;
    private const int FewestRowsForLeaks = 500;
    private static readonly string[] MissingWords = ["unknown", "n/a", "na", "none", "null", "missing", "not available", "not known", "undefined", "?", "-", "--", ".", "tbd", "unspecified"];
    private static readonly string[] ImpossibleZeroWords = ["pressure", "bmi", "glucose", "insulin", "weight", "height", "thickness", "cholesterol"];
    private static readonly double[] Sentinels = [-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999];

    /// <param name="profile">Of all rows.</param>
    /// <param name="sample">At most about 100,000 of the rows; where it holds fewer than the profile, counts of single values are those of the sample and the message says so.</param>
    /// <param name="target">The column to predict, or null.</param>
    /// <returns>The most severe first, then in order of the table.</returns>
    public static IReadOnlyList<DataWarning> Find(DatasetProfile profile, Table sample, string? target, CancellationToken ct)
    {
        var found = new List<DataWarning>();
        if (profile.DuplicateRowCount > 0)
            found.Add(new(WarningCode.DuplicateRows, 100L * profile.DuplicateRowCount >= profile.RowCount ? WarningSeverity.Warning : WarningSeverity.Note, [],
                $"{(profile.DuplicateRowsEstimated ? "About " : "")}{Count(profile.DuplicateRowCount, "row equals", "rows equal")} an earlier row in all columns ({Percent(profile.DuplicateRowCount, profile.RowCount)})."));
        foreach (var group in profile.DuplicateColumns)
            found.Add(new(WarningCode.DuplicateColumns, WarningSeverity.Warning, group, $"{string.Join(", ", group)} hold the same values in all rows."));
        var where = sample.RowCount < profile.RowCount ? $" in a sample of {Count(sample.RowCount, "row", "rows")}" : "";
        foreach (var column in profile.Columns)
        {
            ct.ThrowIfCancellationRequested();
            var isTarget = column.Name == target;
            var present = column.RowCount - column.MissingCount;
            if (isTarget) FindTarget(column, found);
            if (column.DistinctCount <= 1)
            {
                if (column.RowCount > 1 && !isTarget)
                    found.Add(new(WarningCode.Constant, WarningSeverity.Warning, [column.Name], present == 0 ? "It has no value at all." : column.MissingCount == 0 ? $"All rows have the value '{column.TopValues[0].Value}'." : $"The only value is '{column.TopValues[0].Value}'; {Count(column.MissingCount, "row has", "rows have")} none."));
                continue;
            }
            if (sample.Find(column.Name) is not { } values) continue;
            if (!isTarget && column.MissingFraction >= 0.5)
                found.Add(new(WarningCode.MostlyMissing, WarningSeverity.Warning, [column.Name], $"{Percent(column.MissingCount, column.RowCount)} of the values are missing."));
            var top = column.TopValues[0];
            if (!isTarget && present >= 100 && top.Count >= 0.99 * present)
                found.Add(new(WarningCode.NearConstant, WarningSeverity.Note, [column.Name], $"{Percent(top.Count, present)} of the values are '{top.Value}'."));
            if (!isTarget && IsIdentifier(column, present))
                found.Add(new(WarningCode.IdLike, WarningSeverity.Warning, [column.Name], $"{Count(column.DistinctCount, "different value", "different values")} in {Count(present, "row", "rows")}: it names the row and cannot help with new ones."));
            if (values is DictionaryColumn texts) FindInTexts(column, texts, sample, isTarget, where, found);
            else if (values is NumericColumn numbers && !isTarget) FindInNumbers(column, numbers, sample, where, found);
        }
        if (target is not null && sample.Find(target) is not null) FindLeaks(sample, target, found, ct);
        return [.. found.OrderByDescending(warning => warning.Severity)];
    }

    private static void FindTarget(ColumnProfile target, List<DataWarning> found)
    {
        if (target.MissingCount > 0)
            found.Add(new(WarningCode.MissingTarget, WarningSeverity.Warning, [target.Name], $"{Count(target.MissingCount, "row has", "rows have")} no value in the target; nothing can be learnt from {(target.MissingCount == 1 ? "it" : "them")}."));
        var present = target.RowCount - target.MissingCount;
        var classes = target.DistinctCount <= 10 && (target.Kind != ColumnKind.Numeric || target.TopValues.All(v => !v.Value.Contains('.')));
        if (target.DistinctCount < 2)
            found.Add(new(WarningCode.Constant, WarningSeverity.Serious, [target.Name], "The target has fewer than two different values; there is nothing to learn."));
        if (!classes || target.DistinctCount < 2) return;
        var rarest = target.TopValues[^1];
        if (rarest.Count < 0.1 * present && rarest.Count * 10 < target.TopValues[0].Count)
            found.Add(new(WarningCode.Imbalance, WarningSeverity.Note, [target.Name], $"Class '{rarest.Value}' has {Percent(rarest.Count, present)} of the rows, '{target.TopValues[0].Value}' {Percent(target.TopValues[0].Count, present)}: accuracy says little, look at measures per class.") { Values = [rarest.Value] });
        var rare = target.TopValues.Where(v => v.Count < 10).ToArray();
        if (rare.Length > 0)
            found.Add(new(WarningCode.RareClasses, WarningSeverity.Note, [target.Name], $"Classes with fewer than 10 rows: {Examples(rare.Select(v => $"'{v.Value}' ({v.Count})"))}.") { Values = [.. rare.Select(v => v.Value)] });
    }

    /// <summary>A different value in (nearly) every row: whole numbers that fill their range, or short texts.</summary>
    private static bool IsIdentifier(ColumnProfile column, int present)
    {
        if (present < 20) return false;
        var plain = string.Concat(column.Name.Where(char.IsLetterOrDigit)).ToLowerInvariant();
        var isNamed = plain is "id" or "index" or "rownames" or "rownumber" or "key" or "uuid" || column.Name.EndsWith("ID", StringComparison.Ordinal) || column.Name.EndsWith("Id", StringComparison.Ordinal) || column.Name.EndsWith("_id", StringComparison.OrdinalIgnoreCase);
        if (column.DistinctCount < 0.99 * present) return false;
        if (column.Kind == ColumnKind.Numeric)
            return column.Numbers is { } n && n.Minimum == Math.Floor(n.Minimum) && column.TopValues.All(v => !v.Value.Contains('.')) && (isNamed || column.DistinctCount == present && n.Maximum - n.Minimum < 1.5 * present);
        // Sentences that differ are text to learn from; names and numbers of things are not.
        return column.Kind is ColumnKind.Text or ColumnKind.Category && (isNamed || column.DistinctCount >= 0.999 * present && column.Lengths is { Mean: <= 20 });
    }

    private static void FindInTexts(ColumnProfile column, DictionaryColumn texts, Table sample, bool isTarget, string where, List<DataWarning> found)
    {
        var counts = new int[texts.Values.Count];
        var lines = new int[counts.Length];
        var present = 0;
        for (var row = 0; row < texts.Length; row++)
        {
            if (texts.Codes[row] is not (>= 0 and var code)) continue;
            if (counts[code]++ == 0) lines[code] = sample.LineNumbers[row];
            present++;
        }
        int[] used = [.. Enumerable.Range(0, counts.Length).Where(code => counts[code] > 0)];
        var words = used.Where(code => MissingWords.Contains(texts.Values[code].Trim().ToLowerInvariant()) || texts.Values[code].Trim().Length == 0).ToArray();
        if (words.Length > 0 && words.Length < used.Length && !isTarget)
            found.Add(new(WarningCode.DisguisedMissing, WarningSeverity.Note, [column.Name], $"{Examples(words.Select(code => $"'{texts.Values[code]}' ({Count(counts[code], "row", "rows")})"))}{where} may stand for a missing value; first on line {words.Min(code => lines[code])}.") { Values = [.. words.Select(code => texts.Values[code].Trim()).Distinct()], Line = words.Min(code => lines[code]) });
        var rest = used.Except(words).ToArray();
        var blanks = rest.Where(code => texts.Values[code].Trim().Length < texts.Values[code].Length).ToArray();
        if (blanks.Length > 0)
            found.Add(new(WarningCode.SurroundingBlanks, WarningSeverity.Note, [column.Name], $"{Count(blanks.Sum(code => counts[code]), "value begins or ends", "values begin or end")} with a blank{where}, the first on line {blanks.Min(code => lines[code])}.") { Line = blanks.Min(code => lines[code]) });
        if (column.Kind != ColumnKind.Text)
        {
            var variants = rest.GroupBy(code => texts.Values[code].Trim(), StringComparer.OrdinalIgnoreCase).Where(g => g.Select(code => texts.Values[code].Trim()).Distinct().Count() > 1).ToArray();
            if (variants.Length > 0)
                found.Add(new(WarningCode.CaseVariants, WarningSeverity.Warning, [column.Name], $"Written in several ways: {Examples(variants.Select(g => string.Join(" / ", g.Select(code => $"'{texts.Values[code]}'"))))}.") { Values = [.. variants.Select(g => g.Key)] });
        }
        if (rest.Length > 2 && column.Kind != ColumnKind.Boolean)
        {
            var total = rest.Sum(code => (long)counts[code]);
            int[] numbers = [.. rest.Where(code => NumberText().IsMatch(texts.Values[code]))];
            var numeric = numbers.Sum(code => (long)counts[code]);
            int[] others = [.. rest.Except(numbers)];
            if (numeric == total)
            {
                found.Add(new(WarningCode.NumbersAsText, WarningSeverity.Warning, [column.Name], $"All {total:N0} values{where} are numbers written as text, such as {Examples(numbers.Take(3).Select(code => $"'{texts.Values[code]}'"))}.") { Values = [.. numbers.Take(3).Select(code => texts.Values[code])] });
                return;
            }
            if (numeric >= 0.95 * total && others.Length <= 20)
            {
                found.Add(new(WarningCode.MixedKinds, WarningSeverity.Warning, [column.Name], $"{Count(others.Sum(code => counts[code]), "text", "texts")} in {Count(total, "value", "numbers")}{where}: {Examples(others.Select(code => $"line {lines[code]} '{texts.Values[code]}'"))}.") { Values = [.. others.Select(code => texts.Values[code].Trim())], Line = others.Min(code => lines[code]) });
                return;
            }
            var dates = rest.Where(code => DateText().IsMatch(texts.Values[code])).Sum(code => (long)counts[code]);
            if (dates >= 0.95 * total)
            {
                found.Add(new(WarningCode.DatesAsText, WarningSeverity.Warning, [column.Name], $"{Percent(dates, total)} of the values{where} look like dates, such as '{texts.Values[rest[0]]}'.") { Values = [.. rest.Take(3).Select(code => texts.Values[code])] });
                return;
            }
        }
        if (isTarget || found.Any(w => w.Code == WarningCode.IdLike && w.Columns.Contains(column.Name))) return;
        var threshold = Math.Max(50, 0.05 * present);
        if (column.Kind == ColumnKind.Category && column.DistinctCount > threshold || column.Kind == ColumnKind.Text && column.DistinctCount > 50 && column.Lengths is { Mean: < 25 })
            found.Add(new(WarningCode.HighCardinality, WarningSeverity.Note, [column.Name], $"{Count(column.DistinctCount, "different value", "different values")} in {Count(column.RowCount - column.MissingCount, "row", "rows")}."));
    }

    private static void FindInNumbers(ColumnProfile column, NumericColumn numbers, Table sample, string where, List<DataWarning> found)
    {
        if (column.Numbers is not { } summary || column.DistinctCount <= 10 || found.Any(w => w.Code == WarningCode.IdLike && w.Columns.Contains(column.Name))) return;
        // Missing marks among numbers stand apart from all other values and come more than once.
        var disguised = new List<double>();
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
            var lone = sentinel == -1 ? summary.NegativeCount > 0 && nearest >= 1 && count >= 0.01 * near : nearest > 0.5 * Math.Max(spread, 1);
            if (lone) disguised.Add(sentinel);
        }
        var zeros = ImpossibleZeros(column, summary, numbers);
        if (zeros) disguised.Add(0);
        if (disguised.Count > 0)
        {
            var values = numbers.Values;
            int first = -1, count = 0;
            for (var row = 0; row < values.Length; row++)
                if (disguised.Contains(values[row])) { count++; if (first < 0) first = row; }
            // Many zeros are rather "there is none" (no garage) than "not known", unless the name says that zero is impossible.
            var sure = disguised is not [0.0] || NamesAnImpossibleZero(column.Name) || count <= 0.05 * (column.RowCount - column.MissingCount);
            found.Add(new(WarningCode.DisguisedMissing, sure ? WarningSeverity.Warning : WarningSeverity.Note, [column.Name], $"{string.Join(", ", disguised.Select(v => v.ToString(CultureInfo.InvariantCulture)))} in {(first < 0 ? Count(summary.ZeroCount ?? 0, "row", "rows") : Count(count, "row", "rows") + where)} seems to stand for a missing value: no other value comes near{(first < 0 ? "" : $"; first on line {sample.LineNumbers[first]}")}.")
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
            found.Add(new(WarningCode.Outliers, WarningSeverity.Note, [column.Name], $"{Count(outliers, "value lies", "values lie")} more than ten interquartile ranges away{where}, the first on line {line}.") { Line = line });
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

    private static void FindLeaks(Table sample, string target, List<DataWarning> found, CancellationToken ct)
    {
        var truth = sample[target];
        if (truth.Kind is ColumnKind.Text or ColumnKind.DateTime) return;
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

    private static string Count(long count, string one, string many) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");

    private static string Percent(long part, long all) => (100.0 * part / Math.Max(1, all)).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private static string Examples(IEnumerable<string> texts)
    {
        var all = texts.ToArray();
        return string.Join(", ", all.Take(5)) + (all.Length > 5 ? $" and {all.Length - 5} more" : "");
    }

    /// <summary>Currency, thousands, percent, parentheses for negative, of a range both ends.</summary>
    [GeneratedRegex(@"^\s*\(?[-+]?\s*[$€£¥₹]?\s*[-+]?(\d{1,3}([,' ]\d{2,3})+|\d+)?(\.\d+)?(?<=\d)\s*[%€$£]?\)?(\s*(-|–|to)\s*[$€£¥₹]?\s*\d[\d,]*(\.\d+)?\s*[%€$£]?)?\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex NumberText();

    [GeneratedRegex(@"^\s*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ]?[A-Za-z]{3,9}\.?[- ,]*\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|[A-Za-z]{3}-\d{4})([ T]\d{1,2}:\d{2}.*)?\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex DateText();
}
