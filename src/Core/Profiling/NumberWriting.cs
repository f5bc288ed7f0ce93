using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>How the numbers in a column of texts are written, on the evidence of all its values together.</summary>
/// <param name="Decimal">The mark between whole part and fraction.</param>
/// <param name="Magnitudes">Whether letters such as k and M stand for thousands and millions; otherwise they are a unit.</param>
/// <param name="Units">Currency, percent sign or unit beside the digits, the most frequent first; one at most where the numbers can be compared as they stand.</param>
/// <param name="Plain">Whether all that were read are numbers without any mark, as a program writes them.</param>
/// <param name="ReadCount">Rows that are read as numbers.</param>
/// <param name="UnreadCount">Rows that hold something else.</param>
/// <param name="Doubts">What the texts leave open and how it is taken, a sentence each.</param>
public sealed record NumberWriting(DecimalMark Decimal, bool Magnitudes, IReadOnlyList<string> Units, bool Plain, int ReadCount, int UnreadCount, IReadOnlyList<string> Doubts)
{
    private const double FewestRead = 0.8;
    private const int MostUnits = 5;

    /// <summary>Whether reading the digits alone would mix what cannot be compared: kg and lb, $ and €.</summary>
    public bool HasDifferentUnits => Units.Count > 1;

    /// <param name="texts">The different texts that are neither missing nor stand for it.</param>
    /// <param name="counts">Rows of each.</param>
    /// <param name="unread">Indexes into <paramref name="texts"/> of those that are no numbers.</param>
    /// <returns>Null where less than four in five rows hold a number, or where the numbers only count in words of many kinds, as addresses do.</returns>
    internal static NumberWriting? Of(IReadOnlyList<string> texts, IReadOnlyList<int> counts, out int[] unread)
    {
        unread = [];
        var total = counts.Sum();
        // Most columns of texts show at once that they hold none.
        var (seen, digits) = (0, 0);
        for (var i = 0; i < texts.Count && i < 200; i++)
        {
            seen += counts[i];
            if (texts[i].AsSpan().ContainsAnyInRange('0', '9')) digits += counts[i];
        }
        if (digits < 0.5 * seen || texts.Count == 0) return null;

        var (point, comma) = (new Reading(texts, counts, DecimalMark.Point, magnitudes: true), new Reading(texts, counts, DecimalMark.Comma, magnitudes: true));
        var found = comma.Rows > point.Rows ? comma : point;
        if (found.Rows < FewestRead * total) return null;
        var doubts = new List<string>();
        if (point.Rows == comma.Rows && Enumerable.Range(0, texts.Count).FirstOrDefault(i => double.IsFinite(point.Values[i]) && point.Values[i] != comma.Values[i], -1) is >= 0 and var either)
            doubts.Add($"'{texts[either]}' could be {Text(point.Values[either])} or, with a decimal comma, {Text(comma.Values[either])}, and no value tells which: it is read as {Text(point.Values[either])}.");

        var magnitudes = MeansMagnitudes(found, texts, counts, doubts);
        if (!magnitudes) found = new Reading(texts, counts, found == comma ? DecimalMark.Comma : DecimalMark.Point, magnitudes: false);
        int[] read = [.. Enumerable.Range(0, texts.Count).Where(i => double.IsFinite(found.Values[i]))];
        unread = [.. Enumerable.Range(0, texts.Count).Except(read)];

        var units = read.Where(i => found.Marks[i].Unit.Length > 0).GroupBy(i => Plainly(found.Marks[i].Unit)).Select(g => (Unit: found.Marks[g.MaxBy(i => counts[i])].Unit, Rows: g.Sum(i => counts[i]))).OrderByDescending(u => u.Rows).ToArray();
        var withUnit = units.Sum(u => u.Rows);
        if (units.Length > 0 && (units.Length > MostUnits || units.All(u => u.Unit is "st" or "nd" or "rd" or "th"))) return null;
        // "2, 3, 4, 5more" are names of levels; a currency or percent sign is clear even where it is rare.
        if (units.Length == 1 && withUnit < 0.5 * found.Rows && !IsSign(units[0].Unit)) return null;
        if (units.Length > 1 && read.Length < 10) return null;
        if (units.Length == 1 && withUnit < found.Rows)
        {
            var without = read.First(i => found.Marks[i].Unit.Length == 0);
            doubts.Add(units[0].Unit == "%"
                ? $"{Words.Count(found.Rows - withUnit, "value has", "values have")} no percent sign: '{texts[without]}' is read as it stands, 45% as 0.45."
                : $"{Words.Count(found.Rows - withUnit, "value has", "values have")} no '{units[0].Unit}' beside the number and are taken to be in it too, such as '{texts[without]}'.");
        }
        if (read.Where(i => found.Marks[i].IsRange).ToArray() is { Length: > 0 } ranges)
            doubts.Add($"Of a range such as '{texts[ranges[0]]}' the middle is read, {Text(found.Values[ranges[0]])}.");
        var plain = read.All(i => double.TryParse(texts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out _));
        return new NumberWriting(found.Mark, magnitudes, [.. units.Select(u => u.Unit)], plain, found.Rows, total - found.Rows, doubts);
    }

    /// <summary>k, bn, million are clear, as is any of them beside a currency or together with another; a lone m, b or t is rather a unit.</summary>
    private static bool MeansMagnitudes(Reading found, IReadOnlyList<string> texts, IReadOnlyList<int> counts, List<string> doubts)
    {
        int[] marked = [.. Enumerable.Range(0, texts.Count).Where(i => double.IsFinite(found.Values[i]) && found.Marks[i].Magnitude.Length > 0)];
        if (marked.Length == 0) return false;
        var words = marked.Select(i => found.Marks[i].Magnitude).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        if (words.Length > 1 || words[0].Length > 1 || words[0] is "k" or "K" || marked.Any(i => IsSign(found.Marks[i].Unit))) return true;
        var millions = words[0] is "M" or "B" && marked.Sum(i => (long)counts[i]) < found.Rows;
        doubts.Add($"'{texts[marked[0]]}' could be {Text(found.Values[marked[0]])}, or in a unit '{words[0]}': it is read as {(millions ? "the former" : "the latter")}.");
        return millions;
    }

    private static bool IsSign(string unit) => unit == "%" || unit.Length > 0 && (NumberTexts.CurrencyWords.Contains(unit.Trim()) || unit.Trim().Any(c => char.GetUnicodeCategory(c) == UnicodeCategory.CurrencySymbol));

    /// <summary>Year and years, kg and Kg. are one unit.</summary>
    private static string Plainly(string unit)
    {
        var plain = unit.Trim().TrimEnd('.').ToLowerInvariant();
        return plain.Length > 3 && plain.EndsWith('s') ? plain[..^1] : plain;
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private sealed class Reading
    {
        public Reading(IReadOnlyList<string> texts, IReadOnlyList<int> counts, DecimalMark mark, bool magnitudes)
        {
            Mark = mark;
            var reader = new NumberTexts(mark, percentAsFraction: true, magnitudes);
            (Values, Marks) = (new double[texts.Count], new NumberMarks[texts.Count]);
            for (var i = 0; i < texts.Count; i++)
            {
                Values[i] = reader.Read(texts[i], out Marks[i]);
                if (double.IsFinite(Values[i])) Rows += counts[i];
            }
        }

        public DecimalMark Mark { get; }
        public double[] Values { get; }
        public NumberMarks[] Marks { get; }
        public int Rows { get; }
    }
}
