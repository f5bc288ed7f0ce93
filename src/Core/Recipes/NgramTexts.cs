using System.Globalization;
using System.Text;

namespace ModelWorkbench.Core.Recipes;

public enum NgramUnit
{
    /// <summary>Runs of two or more letters, digits or underscores.</summary>
    Word,

    /// <summary>Characters, blanks among them.</summary>
    Character,
}

/// <summary>Takes texts apart into n-grams, as scikit-learn's CountVectorizer does with its defaults.</summary>
/// <remarks>Stands word for word in exported C# programs.</remarks>
internal static class NgramTexts
{
    /// <summary>All n-grams of a text in order, repeated as often as they occur.</summary>
    public static IEnumerable<string> Split(string text, NgramUnit unit, int shortest, int longest)
    {
        if (unit == NgramUnit.Word)
        {
            var words = Words(text.ToLowerInvariant());
            for (var length = shortest; length <= longest; length++)
                for (var start = 0; start + length <= words.Count; start++)
                    yield return length == 1 ? words[start] : string.Join(' ', words.Skip(start).Take(length));
            yield break;
        }
        var (plain, starts) = Characters(text.ToLowerInvariant());
        for (var length = shortest; length <= longest; length++)
            for (var start = 0; start + length < starts.Count; start++)
                yield return plain[starts[start]..starts[start + length]];
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        int start = 0, runes = 0, at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            // What Python calls \w.
            var inWord = rune.Value == '_' || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            if (inWord)
            {
                if (runes++ == 0) start = at;
            }
            else
            {
                if (runes >= 2) words.Add(text[start..at]);
                runes = 0;
            }
            at += rune.Utf16SequenceLength;
        }
        if (runes >= 2) words.Add(text[start..]);
        return words;
    }

    /// <summary>The text with runs of blanks as one, and where each character begins, the end included.</summary>
    private static (string Text, List<int> Starts) Characters(string text)
    {
        var plain = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        var runes = text.EnumerateRunes().ToArray();
        for (var i = 0; i < runes.Length; i++)
        {
            // Two or more blanks of any sort become one; a single one stays what it is.
            if (Rune.IsWhiteSpace(runes[i]) && i + 1 < runes.Length && Rune.IsWhiteSpace(runes[i + 1]))
            {
                while (i + 1 < runes.Length && Rune.IsWhiteSpace(runes[i + 1])) i++;
                starts.Add(plain.Length);
                plain.Append(' ');
                continue;
            }
            starts.Add(plain.Length);
            plain.Append(runes[i].ToString());
        }
        starts.Add(plain.Length);
        return (plain.ToString(), starts);
    }
}
