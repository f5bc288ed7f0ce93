using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>What a person should know of a column of categories or texts: what stands for missing, spellings, numbers and dates in disguise, too many or too rare values.</summary>
internal static class TextFindings
{
    private const int FewestRowsOfACategory = 10;
    private const int FewestRowsForRareCategories = 200;
    private const int MostValuesKept = 20;
    private static readonly HashSet<string> SurelyMissing = ["na", "nan", "null", "missing", "notavailable", "notapplicable", "undefined", "nodata", "nodataavailable", "novalue", "blank", "div0", "nil"];
    private static readonly HashSet<string> MaybeMissing = ["unknown", "unk", "none", "notknown", "tbd", "tba", "unspecified", "notspecified", "notprovided", "notgiven", "noanswer", "noresponse", "dontknow", "empty", "void"];

    public static void Add(ColumnProfile column, DictionaryColumn texts, Table sample, bool isTarget, string where, List<DataWarning> found)
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
        var words = used.Where(code => StandsForMissing(texts.Values[code])).ToArray();
        // + and - are a pair of names, as are "none" and "missing" by themselves.
        if (words.Length == used.Length || used.Any(code => texts.Values[code].Trim() == "+")) words = [];
        if (words.Length > 0 && !isTarget)
            found.Add(new(WarningCode.DisguisedMissing, words.Any(code => IsSurelyMissing(texts.Values[code])) ? WarningSeverity.Warning : WarningSeverity.Note, [column.Name],
                $"{Words.Examples(words.Select(code => $"'{texts.Values[code]}' ({Words.Count(counts[code], "row", "rows")})"))}{where} may stand for a missing value; first on line {words.Min(code => lines[code])}.")
            { Values = [.. words.Select(code => texts.Values[code].Trim()).Distinct(StringComparer.OrdinalIgnoreCase)], Line = words.Min(code => lines[code]) });
        var rest = used.Except(words).ToArray();
        var blanks = rest.Where(code => texts.Values[code].Trim().Length < texts.Values[code].Length).ToArray();
        if (blanks.Length > 0)
            found.Add(new(WarningCode.SurroundingBlanks, WarningSeverity.Note, [column.Name], $"{Words.Count(blanks.Sum(code => counts[code]), "value begins or ends", "values begin or end")} with a blank{where}, the first on line {blanks.Min(code => lines[code])}.") { Line = blanks.Min(code => lines[code]) });
        if (column.Kind != ColumnKind.Text)
        {
            var variants = rest.GroupBy(code => texts.Values[code].Trim(), StringComparer.OrdinalIgnoreCase).Where(g => g.Select(code => texts.Values[code].Trim()).Distinct().Count() > 1).ToArray();
            if (variants.Length > 0)
                found.Add(new(WarningCode.CaseVariants, WarningSeverity.Warning, [column.Name], $"Written in several ways: {Words.Examples(variants.Select(g => string.Join(" / ", g.Select(code => $"'{texts.Values[code]}'"))))}.") { Values = [.. variants.Select(g => g.Key)] });
        }
        if (rest.Length > 2 && column.Kind != ColumnKind.Boolean && FindWriting() is { } writing)
        {
            found.Add(writing);
            return;
        }
        if (isTarget || found.Any(w => w.Code == WarningCode.IdLike && w.Columns.Contains(column.Name))) return;
        var threshold = Math.Max(50, 0.05 * present);
        var isWide = column.Kind == ColumnKind.Category && column.DistinctCount > threshold || column.Kind == ColumnKind.Text && column.DistinctCount > 50 && column.Lengths is { Mean: < 25 };
        // A sample has the fewer of each the smaller it is.
        var fewest = FewestRowsOfACategory * (double)sample.RowCount / Math.Max(sample.RowCount, column.RowCount);
        int[] rare = [.. rest.Where(code => counts[code] < fewest)];
        var rareWords = $"{Words.Count(rare.Length, "value has", "values have")} fewer than {FewestRowsOfACategory} rows each, {Words.Percent(rare.Sum(code => counts[code]), present)} of the rows together{where}";
        if (isWide)
            found.Add(new(WarningCode.HighCardinality, WarningSeverity.Note, [column.Name], $"{Words.Count(column.DistinctCount, "different value", "different values")} in {Words.Count(column.RowCount - column.MissingCount, "row", "rows")}; {rareWords}.") { Values = Kept(rare) });
        else if (column.Kind == ColumnKind.Category && rare.Length > 1 && present >= FewestRowsForRareCategories && rest.Length - rare.Length > 1)
            found.Add(new(WarningCode.RareCategories, WarningSeverity.Note, [column.Name], $"{rareWords}: {Words.Examples(rare.OrderBy(code => counts[code]).Select(code => $"'{texts.Values[code]}' ({counts[code]})"))}. A model learns nothing from so few.") { Values = Kept(rare) });

        IReadOnlyList<string> Kept(int[] codes) => [.. codes.OrderBy(code => counts[code]).Take(MostValuesKept).Select(code => texts.Values[code])];

        DataWarning? FindWriting()
        {
            string[] written = [.. rest.Select(code => texts.Values[code])];
            int[] rows = [.. rest.Select(code => counts[code])];
            string Unread(int[] places) => $"{Words.Count(places.Sum(i => rows[i]), "value is", "values are")} not: {Words.Examples(places.OrderBy(i => lines[rest[i]]).Select(i => $"line {lines[rest[i]]} '{written[i]}'"))}.";
            string Say(IEnumerable<string> sentences) => string.Join(" ", sentences.Where(s => s.Length > 0));
            if (NumberWriting.Of(written, rows, out var unread) is { } numbers)
            {
                int[] read = [.. Enumerable.Range(0, written.Length).Except(unread)];
                int? line = unread.Length > 0 ? unread.Min(i => lines[rest[i]]) : null;
                if (numbers.Plain && unread.Length > 0)
                    return numbers.UnreadCount > 0.05 * (numbers.ReadCount + numbers.UnreadCount) ? null : new(WarningCode.MixedKinds, WarningSeverity.Warning, [column.Name],
                        $"{Words.Count(numbers.UnreadCount, "text", "texts")} in {Words.Count(numbers.ReadCount, "number", "numbers")}{where}: {Words.Examples(unread.OrderBy(i => lines[rest[i]]).Select(i => $"line {lines[rest[i]]} '{written[i]}'"))}.")
                    { Values = [.. unread.Take(MostValuesKept).Select(i => written[i].Trim())], Line = line, Numbers = numbers };
                return new(WarningCode.NumbersAsText, WarningSeverity.Warning, [column.Name], Say(
                [
                    $"{(unread.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"All {numbers.ReadCount:N0} values") : string.Create(CultureInfo.InvariantCulture, $"{numbers.ReadCount:N0} of {numbers.ReadCount + numbers.UnreadCount:N0} values ({Words.Percent(numbers.ReadCount, numbers.ReadCount + numbers.UnreadCount)})"))}{where} are numbers written as text, such as {Words.Examples(read.Take(3).Select(i => $"'{written[i]}'"))}.",
                    unread.Length > 0 ? Unread(unread) : "",
                    numbers.HasDifferentUnits ? $"They are in different units ({Words.Examples(numbers.Units.Select(u => $"'{u}'"))}): bring them to one first, or reading them would mix what cannot be compared." : numbers.Units is [var unit] ? $"Beside each stands '{unit}'." : "",
                    .. numbers.Doubts,
                ]))
                { Values = [.. read.Take(3).Select(i => written[i])], Line = line, Numbers = numbers };
            }
            if (DateWriting.Of(written, rows, out unread) is not { } dates) return null;
            return new(WarningCode.DatesAsText, WarningSeverity.Warning, [column.Name], Say(
            [
                $"{Words.Percent(dates.ReadCount, dates.ReadCount + dates.UnreadCount)} of the values{where} are dates written as text, such as '{written[Enumerable.Range(0, written.Length).Except(unread).First()]}'.",
                unread.Length > 0 ? Unread(unread) : "",
                .. dates.Doubts,
            ]))
            { Values = [.. Enumerable.Range(0, written.Length).Except(unread).Take(3).Select(i => written[i])], Line = unread.Length > 0 ? unread.Min(i => lines[rest[i]]) : null, Dates = dates };
        }
    }

    /// <summary>Words and marks that stand for "missing", whatever their case and the brackets around them: N/A, (none), #NULL!, ---.</summary>
    private static bool StandsForMissing(string text) => IsSurelyMissing(text) || MaybeMissing.Contains(Plain(text));

    private static bool IsSurelyMissing(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length == 0) return true;
        var plain = Plain(trimmed);
        return plain.Length > 0 ? SurelyMissing.Contains(plain) && !(plain == "na" && trimmed.Length == 2 && trimmed != "NA") : trimmed.Length <= 4 && trimmed.All(c => c is '?' or '-' or '–' or '—' or '.' or '_' or '*' or '/' or '#');
    }

    /// <summary>Letters and digits alone, in lower case.</summary>
    private static string Plain(string text) => text.Length > 30 ? text : string.Concat(text.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
