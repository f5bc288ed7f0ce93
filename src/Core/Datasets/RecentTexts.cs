namespace ModelWorkbench.Core.Datasets;

/// <summary>Some of the texts met lately, each with a code: spares hashing them in full where values repeat.</summary>
internal sealed class RecentTexts
{
    private const int Size = 256;
    private readonly string?[] _texts = new string?[Size];
    private readonly int[] _codes = new int[Size];

    /// <returns>The code of the text, or -1 where it is not among them.</returns>
    public int Find(ReadOnlySpan<char> text)
    {
        var slot = SlotOf(text);
        return _texts[slot] is { } known && text.SequenceEqual(known) ? _codes[slot] : -1;
    }

    public void Add(ReadOnlySpan<char> text, int code)
    {
        // Long texts seldom repeat, and keeping them would cost memory.
        if (text.Length > 64) return;
        var slot = SlotOf(text);
        _texts[slot] = text.ToString();
        _codes[slot] = code;
    }

    public void Add(string text, int code)
    {
        var slot = SlotOf(text);
        _texts[slot] = text;
        _codes[slot] = code;
    }

    public void Clear() => Array.Clear(_texts);

    private static int SlotOf(ReadOnlySpan<char> text) =>
        text.IsEmpty ? 0 : (int)((uint)(text.Length * 0x9E3779B1u + text[0] * 0x85EBCA6Bu + text[text.Length / 2] * 0xC2B2AE35u + text[^1] * 0x27D4EB2Fu) >> 24);
}
