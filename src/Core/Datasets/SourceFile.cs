using System.IO.Compression;

namespace ModelWorkbench.Core.Datasets;

/// <summary>What a source file holds once it is unpacked.</summary>
public enum SourceFormat
{
    Text,
    Parquet,
}

/// <summary>A file as it was uploaded, opened by its content, whatever its name: text, gzip, a ZIP archive with one data file, or Parquet.</summary>
/// <remarks>Packed files are unpacked into a temporary file, which goes when this is disposed: a text is read several times, and detection needs to go back.</remarks>
public sealed class SourceFile : IDisposable
{
    private const int BlockLength = 1 << 20;

    /// <summary>Packed text hardly ever shrinks more; Deflate's limit, which bombs come near to, is about 1,030.</summary>
    private const int MaxRatio = 300;

    /// <summary>Up to this length any ratio will do.</summary>
    private const long AlwaysAllowed = 64L << 20;

    private const long MaxLength = 200L << 30;

    /// <summary>What is left to others on the disk.</summary>
    private const long FreeDiskReserve = 512L << 20;

    private readonly string? _temporary;

    private SourceFile(string path, SourceFormat format, string? temporary)
    {
        Path = path;
        Format = format;
        _temporary = temporary;
    }

    /// <summary>The file to read: the source itself, or the temporary file into which it was unpacked.</summary>
    public string Path { get; }

    public SourceFormat Format { get; }

    /// <param name="sourcePath">The file.</param>
    /// <param name="temporaryFolder">Where a packed file is unpacked.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <param name="unpacked">Told the fraction of the packed bytes read, 0 to 1.</param>
    /// <param name="maxLength">Unpacks so many bytes at most and leaves out the rest without a word: enough for a preview. Null for the whole.</param>
    /// <exception cref="CsvFormatException">An archive is damaged, encrypted, does not hold exactly one data file, or would unpack to too much; the message is for the person who uploaded it.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public static SourceFile Open(string sourcePath, string temporaryFolder, CancellationToken ct, Action<double>? unpacked = null, long? maxLength = null)
    {
        ct.ThrowIfCancellationRequested();
        using var source = new FileStream(sourcePath, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        Span<byte> start = stackalloc byte[4];
        start = start[..source.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        source.Position = 0;
        if (start.StartsWith("PAR1"u8)) return new SourceFile(sourcePath, SourceFormat.Parquet, null);
        if (start.StartsWith("PK\x05\x06"u8)) throw new CsvFormatException("The ZIP archive is empty. Expected an archive with one CSV file.");
        if (!start.StartsWith("PK\x03\x04"u8) && !(start.Length > 1 && start[0] == 0x1F && start[1] == 0x8B)) return new SourceFile(sourcePath, SourceFormat.Text, null);

        var temporary = System.IO.Path.Combine(temporaryFolder, $"unpacked-{Guid.NewGuid():N}.tmp");
        try
        {
            Unpack(source, temporary, start[0] == 'P' ? "ZIP archive" : "gzip file", unpacked, maxLength, ct);
            return new SourceFile(temporary, TellFormat(temporary), temporary);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    public void Dispose()
    {
        if (_temporary is not null) File.Delete(_temporary);
    }

    private static void Unpack(FileStream source, string temporary, string what, Action<double>? unpacked, long? maxLength, CancellationToken ct)
    {
        try
        {
            if (what == "gzip file")
            {
                using var gzip = new GZipStream(source, CompressionMode.Decompress, leaveOpen: true);
                Copy(gzip, source, source.Length, what, temporary, unpacked, maxLength, ct);
                return;
            }
            using var archive = new ZipArchive(source, ZipArchiveMode.Read, leaveOpen: true);
            var entry = ChooseEntry(archive);
            if (entry.IsEncrypted) throw new CsvFormatException($"'{entry.FullName}' in the ZIP archive is encrypted. Expected an archive without a password.");
            using var bytes = entry.Open();
            var length = Copy(bytes, source, entry.CompressedLength, what, temporary, unpacked, maxLength, ct);
            if (length != entry.Length && length != maxLength)
                throw new CsvFormatException($"The ZIP archive is damaged: '{entry.FullName}' has {length:N0} bytes. Expected {entry.Length:N0}, as the archive says.");
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw new CsvFormatException($"The {what} is damaged or cut off: {e.Message} Expected a whole {what}.", e);
        }
    }

    /// <summary>The one data file in the archive.</summary>
    private static ZipArchiveEntry ChooseEntry(ZipArchive archive)
    {
        var files = archive.Entries.Where(entry => !entry.FullName.EndsWith('/') && !IsClutter(entry)).ToList();
        if (files.Any(entry => entry.FullName == "[Content_Types].xml"))
            throw new CsvFormatException("The file is an Excel workbook or another Office document. Expected CSV; the program that wrote it can save it as such.");
        if (files.Count == 1) return files[0];
        var data = files.Where(entry => System.IO.Path.GetExtension(entry.Name).ToLowerInvariant() is ".csv" or ".tsv" or ".txt" or ".tab" or ".data" or ".parquet").ToList();
        if (data.Count == 1) return data[0];
        var names = string.Join(", ", files.Take(5).Select(entry => $"'{entry.FullName}'")) + (files.Count > 5 ? ", …" : "");
        throw new CsvFormatException(files.Count == 0
            ? "The ZIP archive holds no file. Expected an archive with one CSV file."
            : $"The ZIP archive holds {files.Count:N0} files, {data.Count:N0} of them with a name of a data file: {names}. Expected one CSV file.");

        static bool IsClutter(ZipArchiveEntry entry) =>
            entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal) || entry.Name is ".DS_Store" or "Thumbs.db" or "desktop.ini";
    }

    /// <returns>The number of bytes written.</returns>
    private static long Copy(Stream bytes, FileStream source, long packedLength, string what, string temporary, Action<double>? unpacked, long? maxLength, CancellationToken ct)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(temporary))!;
        using var target = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        var drive = new DriveInfo(folder);
        var limit = Math.Min(MaxLength, drive.AvailableFreeSpace - FreeDiskReserve);
        var block = new byte[BlockLength];
        var length = 0L;
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            var wanted = (int)Math.Min(block.Length, (maxLength ?? long.MaxValue) - length);
            if (wanted == 0) return length;
            var read = bytes.ReadAtLeast(block.AsSpan(0, wanted), wanted, throwOnEndOfStream: false);
            if (read == 0) break;
            length += read;
            if (length > AlwaysAllowed && length / MaxRatio > packedLength)
                throw new CsvFormatException($"The {what} unpacks to more than {MaxRatio} times its {packedLength:N0} bytes. Expected a data file, not a decompression bomb; unpack it yourself if it is sound.");
            if (length > limit)
                throw new CsvFormatException($"The {what} unpacks to more than {Math.Max(0, limit):N0} bytes, the most that may be put on this server's disk at the moment. Expected a smaller file.");
            target.Write(block, 0, read);
            unpacked?.Invoke(Math.Min(1, (double)source.Position / source.Length));
        }
        target.Flush();
        return length;
    }

    private static SourceFormat TellFormat(string path)
    {
        using var bytes = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        start = start[..bytes.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        return start.StartsWith("PAR1"u8) ? SourceFormat.Parquet : SourceFormat.Text;
    }
}
