using System.Buffers;
using System.Text;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Text that PostgreSQL takes: it refuses U+0000, and halves of surrogate pairs. Nothing is lost of the first; of the second SQLite keeps U+FFFD, too.</summary>
/// <remarks>U+0000 is written as U+0010 (data link escape) and @, U+0010 itself as U+0010 and P, as in ^@ and ^P. JSON never holds either, it writes them as \u0000 and \u0010.</remarks>
public static class PostgresText
{
    private const char Escape = '\u0010';

    private static readonly SearchValues<char> Escaped = SearchValues.Create('\0', Escape);

    public static string Write(string text)
    {
        if (text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return !text.AsSpan().ContainsAny(Escaped) ? text : text.Replace($"{Escape}", $"{Escape}P", StringComparison.Ordinal).Replace("\0", $"{Escape}@", StringComparison.Ordinal);
    }

    public static string Read(string text) =>
        !text.Contains(Escape) ? text : text.Replace($"{Escape}@", "\0", StringComparison.Ordinal).Replace($"{Escape}P", $"{Escape}", StringComparison.Ordinal);
}
