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
    public static string? PrefixOf(string text)
    {
        var parts = text.Split('_', 3);
        return parts.Length == 3 ? $"{parts[0]}_{parts[1]}" : null;
    }

    public static bool Matches(string text, byte[] hash) => CryptographicOperations.FixedTimeEquals(HashOf(text), hash);

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
