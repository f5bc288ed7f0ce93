using System.Text;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Opens CSV files as text.</summary>
internal static class CsvText
{
    private const int BufferSize = 1 << 16;

    static CsvText() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static FileStream OpenBytes(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.SequentialScan);

    /// <summary>Bytes that are not valid in the encoding become U+FFFD; a byte order mark wins over the name.</summary>
    /// <exception cref="CsvFormatException">There is no encoding of that name.</exception>
    public static StreamReader OpenText(Stream bytes, string encodingName)
    {
        try
        {
            return new StreamReader(bytes, Encoding.GetEncoding(encodingName), detectEncodingFromByteOrderMarks: true, BufferSize);
        }
        catch (ArgumentException e)
        {
            throw new CsvFormatException($"There is no text encoding named '{encodingName}'. Expected a name such as utf-8, utf-16 or windows-1252.", e);
        }
    }
}
