using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Free text as word weights: term frequency times inverse document frequency, each row scaled to length 1; missing text is all zeros.</summary>
/// <param name="Column">The source column.</param>
/// <param name="Words">Lower-case words, the ones found in the most training rows.</param>
/// <param name="InverseDocumentFrequencies">One a word: ln((1 + n) / (1 + rows with the word)) + 1.</param>
/// <remarks>The same words and weights as scikit-learn's TfidfVectorizer with its defaults, given this vocabulary.</remarks>
public sealed record TextEncoder(string Column, IReadOnlyList<string> Words, IReadOnlyList<double> InverseDocumentFrequencies) : ColumnEncoder(Column)
{
    public const int MaximumWords = 300;

    private readonly FrozenDictionary<string, int> _index = Words.Index().ToFrozenDictionary(w => w.Item, w => w.Index, StringComparer.Ordinal);

    public override IReadOnlyList<string> FeatureNames { get; } = [.. Words.Select(w => $"{Column}: {w}")];

    public override void Encode(Column column, float[] values, int first, int stride)
    {
        var weights = MapTexts(column, Weigh);
        for (var row = 0; row < weights.Length; row++)
            foreach (var (word, weight) in weights[row]) values[row * stride + first + word] = weight;
    }

    private (int Word, float Weight)[] Weigh(string? text)
    {
        if (text is null) return [];
        var counts = new SortedDictionary<int, int>();
        foreach (var word in SplitWords(text))
            if (_index.TryGetValue(word, out var index)) counts[index] = counts.GetValueOrDefault(index) + 1;
        var length = Math.Sqrt(counts.Sum(c => Math.Pow(c.Value * InverseDocumentFrequencies[c.Key], 2)));
        return [.. counts.Select(c => (c.Key, (float)(c.Value * InverseDocumentFrequencies[c.Key] / length)))];
    }

    internal static ColumnEncoder? Fit(Column column, CancellationToken cancellationToken)
    {
        var rowsByText = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var row = 0; row < column.Length; row++)
            if (column.GetText(row) is { } text) rowsByText[text] = rowsByText.GetValueOrDefault(text) + 1;
        if (rowsByText.Count == 0 || (rowsByText.Count == 1 && rowsByText.First().Value == column.Length)) return null;

        var rowsByWord = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (text, rows) in rowsByText)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var word in SplitWords(text).ToHashSet(StringComparer.Ordinal)) rowsByWord[word] = rowsByWord.GetValueOrDefault(word) + rows;
        }
        if (rowsByWord.Count == 0) return null;
        var chosen = rowsByWord.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal).Take(MaximumWords).ToArray();
        return new TextEncoder(column.Name, [.. chosen.Select(w => w.Key)], [.. chosen.Select(w => Math.Log((1.0 + column.Length) / (1.0 + w.Value)) + 1)]);
    }

    /// <summary>Runs of two or more letters, digits or underscores, lower-cased: scikit-learn's <c>(?u)\b\w\w+\b</c>.</summary>
    internal static IEnumerable<string> SplitWords(string text)
    {
        var lower = text.ToLowerInvariant();
        int start = 0, runes = 0, at = 0;
        while (at < lower.Length)
        {
            Rune.DecodeFromUtf16(lower.AsSpan(at), out var rune, out var consumed);
            if (IsWordCharacter(rune))
            {
                if (runes++ == 0) start = at;
            }
            else
            {
                if (runes >= 2) yield return lower[start..at];
                runes = 0;
            }
            at += consumed;
        }
        if (runes >= 2) yield return lower[start..];
    }

    /// <summary>Python's <c>\w</c>, which unlike .NET's leaves out combining marks and connectors other than the underscore.</summary>
    private static bool IsWordCharacter(Rune rune) => rune.Value == '_' || Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
