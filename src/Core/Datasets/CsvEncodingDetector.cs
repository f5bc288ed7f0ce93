using System.Text.Unicode;
using UtfUnknown;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Tells in which encoding a text file is written, and whether it is text at all.</summary>
internal static class CsvEncodingDetector
{
    private const int HeadLength = 1 << 16;
    private const int WindowLength = 1 << 18;
    private const double MinConfidence = 0.7;
    private const double MaxNulFraction = 0.001;

    /// <summary>Of a file of some hundred bytes one NUL is already more than <see cref="MaxNulFraction"/>.</summary>
    private const int MaxShortLength = 1000;
    private const double MaxNulFractionOfShortText = 0.34;

    /// <summary>
    /// Guesses among these are no evidence: a few accented letters fit most of them (UTF.Unknown takes Münster and Göteborg for ISO 8859-2). The most common is taken
    /// instead. UTF-8 is among them as the file has just failed its check.
    /// </summary>
    private static readonly string[] LatinScripts =
    [
        "us-ascii", "utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-15", "iso-8859-16",
        "windows-1250", "windows-1252", "windows-1254", "windows-1257", "windows-1258", "ibm852", "x-mac-ce",
    ];

    private static readonly (byte[] Start, string Name)[] ByteOrderMarks =
    [
        // UTF-32 before UTF-16, as its mark starts with that of UTF-16.
        ([0xFF, 0xFE, 0, 0], "utf-32"), ([0, 0, 0xFE, 0xFF], "utf-32BE"),
        ([0xEF, 0xBB, 0xBF], "utf-8"), ([0xFF, 0xFE], "utf-16"), ([0xFE, 0xFF], "utf-16BE"),
    ];

    private static readonly (byte[] Start, string Name)[] BinaryTypes =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG image"), ([0xFF, 0xD8, 0xFF], "a JPEG image"), ("GIF8"u8.ToArray(), "a GIF image"),
        ([(byte)'P', (byte)'K', 3, 4], "a ZIP archive or an Excel workbook"), ([0xD0, 0xCF, 0x11, 0xE0], "an old Excel or Office file"),
        ("%PDF-"u8.ToArray(), "a PDF document"), ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "an ELF program"),
        ("SQLite format 3\0"u8.ToArray(), "a SQLite database"), ("PAR1"u8.ToArray(), "a Parquet file"), ("ARROW1"u8.ToArray(), "an Arrow file"),
        ([0x1F, 0x8B], "a gzip archive"), ("BZh"u8.ToArray(), "a bzip2 archive"), ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "an xz archive"),
        ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive"), ([(byte)'7', (byte)'z', 0xBC, 0xAF], "a 7-Zip archive"),
    ];

    /// <returns>A name for <see cref="CsvOptions.Encoding"/>.</returns>
    /// <exception cref="CsvFormatException">The file is empty or binary.</exception>
    public static string Detect(Stream bytes, CancellationToken ct)
    {
        var buffer = new byte[HeadLength];
        var head = buffer.AsSpan(0, bytes.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        if (head.IsEmpty) throw new CsvFormatException("The file is empty (0 bytes). Expected text with a record a line.");
        foreach (var (start, name) in BinaryTypes)
            if (head.StartsWith(start)) throw new CsvFormatException($"The file is {name}. Expected a text file with delimited fields (CSV).");
        foreach (var (start, name) in ByteOrderMarks)
            if (head.StartsWith(start)) return name;
        if (FindUtf16(head) is { } utf16) return utf16;
        if (head.Count((byte)0) > Math.Max(MaxNulFraction * head.Length, MayBeDamagedText(head) ? MaxNulFractionOfShortText * head.Length : 0))
            throw new CsvFormatException($"The file is binary: {head.Count((byte)0):N0} of its first {head.Length:N0} bytes are NUL. Expected a text file with delimited fields (CSV).");
        return FindInvalidUtf8(bytes, ct) is { } offset ? GuessCodePage(bytes, offset) : "utf-8";
    }

    /// <summary>Whether a short file is text but for its NULs: UTF-8 without control characters, as no program or image is.</summary>
    private static bool MayBeDamagedText(ReadOnlySpan<byte> head)
    {
        if (head.Length > MaxShortLength || !Utf8.IsValid(head)) return false;
        foreach (var value in head)
            if (value is < (byte)' ' and not (0 or (byte)'\t' or (byte)'\r' or (byte)'\n')) return false;
        return true;
    }

    /// <summary>UTF-16 without a byte order mark: delimiters, digits and line ends have a zero byte, always on the same side.</summary>
    private static string? FindUtf16(ReadOnlySpan<byte> head)
    {
        // Two bytes a character: a whole file of an odd number of bytes is none.
        if (head.Length < HeadLength && head.Length % 2 == 1) return null;
        int even = 0, odd = 0, pairs = head.Length / 2;
        for (var i = 0; i + 1 < head.Length; i += 2)
        {
            if (head[i] == 0) even++;
            if (head[i + 1] == 0) odd++;
        }
        if (odd > pairs / 10 && odd > 10 * even) return "utf-16";
        return even > pairs / 10 && even > 10 * odd ? "utf-16BE" : null;
    }

    /// <summary>Offset of a byte near the first one that is not UTF-8, or null where the whole file is.</summary>
    private static long? FindInvalidUtf8(Stream bytes, CancellationToken ct)
    {
        bytes.Position = 0;
        var buffer = new byte[1 << 20];
        var kept = 0;
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            var read = bytes.ReadAtLeast(buffer.AsSpan(kept), buffer.Length - kept, throwOnEndOfStream: false);
            var filled = kept + read;
            var atEnd = filled < buffer.Length;
            // A character may lie across two blocks: its first bytes wait for the rest.
            kept = atEnd ? 0 : CountIncompleteTail(buffer.AsSpan(0, filled));
            var block = buffer.AsSpan(0, filled - kept);
            if (!Utf8.IsValid(block))
            {
                Utf8.ToUtf16(block, new char[block.Length], out var valid, out _, replaceInvalidSequences: false);
                return bytes.Position - filled + valid;
            }
            if (atEnd) return null;
            buffer.AsSpan(filled - kept, kept).CopyTo(buffer);
        }
    }

    /// <summary>Number of bytes at the end that start a character without finishing it, 0 to 3.</summary>
    private static int CountIncompleteTail(ReadOnlySpan<byte> block)
    {
        for (var back = 1; back <= Math.Min(3, block.Length); back++)
        {
            var value = block[^back];
            if (value < 0x80) return 0;
            if (value < 0xC0) continue;
            var length = value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : 2;
            return back < length ? back : 0;
        }
        return 0;
    }

    /// <summary>Guesses the script from the text around the first byte that is not UTF-8; windows-1252 for Latin letters and where the guess is weak.</summary>
    private static string GuessCodePage(Stream bytes, long offset)
    {
        bytes.Position = Math.Max(0, offset - WindowLength / 4);
        var window = new byte[WindowLength];
        var length = bytes.ReadAtLeast(window, window.Length, throwOnEndOfStream: false);
        var guess = CharsetDetector.DetectFromBytes(window, 0, length).Detected;
        return guess?.Encoding is { } encoding && guess.Confidence >= MinConfidence && !LatinScripts.Contains(encoding.WebName) ? encoding.WebName : "windows-1252";
    }
}
