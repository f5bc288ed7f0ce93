using System.Buffers;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Tells which field texts mean "missing".</summary>
internal sealed class MissingMarks
{
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _marks;
    private readonly SearchValues<char> _firstCharacters;
    private readonly int _maxLength;

    public MissingMarks(IReadOnlyList<string> marks)
    {
        var trimmed = marks.Select(mark => mark.Trim()).Where(mark => mark.Length > 0).ToHashSet(StringComparer.Ordinal);
        _marks = trimmed.GetAlternateLookup<ReadOnlySpan<char>>();
        _firstCharacters = SearchValues.Create([.. trimmed.Select(mark => mark[0])]);
        _maxLength = trimmed.Count == 0 ? 0 : trimmed.Max(mark => mark.Length);
    }

    /// <param name="text">Without surrounding blanks.</param>
    public bool Contains(ReadOnlySpan<char> text) =>
        text.IsEmpty || (text.Length <= _maxLength && _firstCharacters.Contains(text[0]) && _marks.Contains(text));
}
