using System.Text;

namespace ModelWorkbench.Core.Datasets;

/// <summary>The beginning of a text file, on which options can be tried at once, whatever the size of the file.</summary>
public sealed class CsvHead
{
    private const int MaxLength = 1 << 18;
    private const int Attempts = 4;

    private readonly byte[] _bytes;

    private CsvHead(byte[] bytes, bool isWhole) => (_bytes, IsWhole) = (bytes, isWhole);

    /// <summary>Whether the file has no more than this.</summary>
    public bool IsWhole { get; }

    /// <param name="sourcePath">The file as it was uploaded, packed or not.</param>
    /// <param name="temporaryFolder">Where a packed file's beginning is unpacked.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <returns>Null for a file that is not text, such as Parquet.</returns>
    /// <exception cref="CsvFormatException">An archive is damaged or does not hold one data file.</exception>
    public static CsvHead? Open(string sourcePath, string temporaryFolder, CancellationToken ct)
    {
        using var source = SourceFile.Open(sourcePath, temporaryFolder, ct, maxLength: MaxLength + 1);
        if (source.Format != SourceFormat.Text) return null;
        using var file = CsvText.OpenBytes(source.Path);
        var bytes = new byte[MaxLength];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return new CsvHead(bytes[..length], length < MaxLength || file.ReadByte() < 0);
    }

    /// <summary>The first lines as they stand in the file.</summary>
    /// <exception cref="CsvFormatException">There is no encoding of that name.</exception>
    public IReadOnlyList<string> Lines(string encoding, int count)
    {
        using var text = CsvText.OpenText(new MemoryStream(_bytes), encoding);
        var lines = new List<string>();
        while (lines.Count < count && text.ReadLine() is { } line) lines.Add(line);
        return lines;
    }

    /// <summary>Reads the beginning as the whole file would be read; kinds are decided on the evidence of these rows.</summary>
    /// <param name="options">How the file is written.</param>
    /// <param name="temporaryFolder">For a file of some hundred kilobytes, removed before this returns.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <exception cref="CsvFormatException">It cannot be read this way.</exception>
    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    public CsvReadResult Read(CsvOptions options, string temporaryFolder, CancellationToken ct)
    {
        using var reader = CsvText.OpenText(new MemoryStream(_bytes), options.Encoding);
        var text = reader.ReadToEnd();
        var length = IsWhole ? text.Length : LastLineEnd(text, text.Length);
        var path = Path.Combine(temporaryFolder, Guid.NewGuid().ToString("N"));
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                File.WriteAllText(path, text[..length], new UTF8Encoding(false));
                try
                {
                    var read = CsvTableReader.Read(path, options with { Encoding = "utf-8" }, null, refuseOpenQuote: !IsWhole && attempt < Attempts, ct);
                    return read with { Options = read.Options with { Encoding = options.Encoding } };
                }
                // The cut may lie inside a quoted field.
                catch (CsvFormatException) when (!IsWhole && attempt < Attempts && LastLineEnd(text, length / 2) is > 0 and var shorter)
                {
                    length = shorter;
                }
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The length of the text up to and with its last line end before the limit; the limit where there is none.</summary>
    private static int LastLineEnd(string text, int limit) => text.AsSpan(0, limit).LastIndexOfAny('\r', '\n') is >= 0 and var at ? at + 1 : limit;
}
