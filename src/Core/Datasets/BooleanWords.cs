namespace ModelWorkbench.Core.Datasets;

/// <summary>Pairs of words that mean true and false.</summary>
internal static class BooleanWords
{
    public static IReadOnlyList<(string True, string False)> Pairs { get; } = [("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f")];

    /// <summary>For columns of which a person says that they are boolean: numbers alone do not suggest it.</summary>
    public static IReadOnlyList<(string True, string False)> PairsOnDemand { get; } = [.. Pairs, ("1", "0")];

    public static bool Holds((string True, string False) pair, ReadOnlySpan<char> text) =>
        text.Equals(pair.True, StringComparison.OrdinalIgnoreCase) || text.Equals(pair.False, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the two values are the two words of a known pair, in any case of letters.</summary>
    public static bool ArePair(string one, string other) =>
        !one.Equals(other, StringComparison.OrdinalIgnoreCase) && Pairs.Any(pair => Holds(pair, one) && Holds(pair, other));
}
