namespace ModelWorkbench.Core.Serving;

/// <summary>NaN, Infinity and -Infinity as Python's json module and others write them, outside texts.</summary>
internal static class BareNumbers
{
    public static bool Find(ReadOnlySpan<byte> json) => json.IndexOf("NaN"u8) >= 0 || json.IndexOf("Infinity"u8) >= 0;

    /// <summary>The same text, as long as before, with each of them as an empty text, which is a missing value.</summary>
    public static byte[] Quote(ReadOnlySpan<byte> json)
    {
        var mended = json.ToArray();
        var isText = false;
        for (var at = 0; at < mended.Length; at++)
        {
            var rest = mended.AsSpan(at);
            if (isText)
            {
                if (rest[0] == '\\') at++;
                else if (rest[0] == '"') isText = false;
            }
            else if (rest[0] == '"') isText = true;
            else if (LengthOf(rest) is > 0 and var length)
            {
                rest[..length].Fill((byte)' ');
                rest[0] = rest[1] = (byte)'"';
                at += length - 1;
            }
        }
        return mended;
    }

    private static int LengthOf(ReadOnlySpan<byte> text) =>
        text.StartsWith("NaN"u8) ? 3 : text.StartsWith("Infinity"u8) ? 8 : text.StartsWith("-Infinity"u8) ? 9 : 0;
}
