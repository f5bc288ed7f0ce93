using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ModelWorkbench.Workbench.Access;

/// <summary>A random secret that is handed out once: <c>mwk_1a2b3c4d_…</c>. Only prefix and hash are kept.</summary>
/// <param name="Text">What the person gets.</param>
/// <param name="Prefix">Kind and public part, unique: what the row is found by.</param>
/// <param name="Hash">SHA-256 of the whole text; enough, as the secret part has 256 random bits.</param>
public sealed record Secret(string Text, string Prefix, byte[] Hash)
{
    public static Secret Create(string kind)
    {
        var prefix = $"{kind}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var text = $"{prefix}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";
        return new Secret(text, prefix, HashOf(text));
    }

    /// <summary>The part a row is found by, or null where the text is not of this form.</summary>
    public static string? PrefixOf(string text) => PrefixOf(text.AsSpan()) is { IsEmpty: false } prefix ? prefix.ToString() : null;

    /// <summary>As <see cref="PrefixOf(string)"/>; empty where the text is not of this form.</summary>
    public static ReadOnlySpan<char> PrefixOf(ReadOnlySpan<char> text)
    {
        var kind = text.IndexOf('_');
        if (kind < 0) return [];
        var rest = text[(kind + 1)..].IndexOf('_');
        return rest < 0 ? [] : text[..(kind + 1 + rest)];
    }

    /// <summary>Whether this is the text that the hash was made of; takes the same time for any wrong one.</summary>
    public static bool Matches(ReadOnlySpan<char> text, byte[] hash)
    {
        Span<byte> bytes = stackalloc byte[MostCharacters];
        Span<byte> found = stackalloc byte[SHA256.HashSizeInBytes];
        if (text.Length > MostCharacters || !Ascii.IsValid(text)) return false;
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)], found);
        return CryptographicOperations.FixedTimeEquals(found, hash);
    }

    // Longer than any secret that was ever handed out.
    private const int MostCharacters = 128;

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
