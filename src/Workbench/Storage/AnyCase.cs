namespace ModelWorkbench.Workbench.Storage;

/// <summary>Patterns for <c>EF.Functions.Like(column.ToLower(), pattern, AnyCase.Escape)</c>, which finds letters of ASCII in any case, whichever database: LIKE itself sees cases in PostgreSQL and does not in SQLite.</summary>
internal static class AnyCase
{
    public const string Escape = "\\";

    /// <returns>Null where there is nothing to look for.</returns>
    public static string? StartsWith(string? text) => Pattern(text) is { } pattern ? pattern + "%" : null;

    /// <returns>Null where there is nothing to look for.</returns>
    public static string? Contains(string? text) => Pattern(text) is { } pattern ? $"%{pattern}%" : null;

    // As lower() of both databases does it: other letters stay as they are.
    private static string? Pattern(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : string.Concat(text.Trim().Select(c => char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c)).Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_");
}
