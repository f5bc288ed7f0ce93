using System.Security.Cryptography;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Files by the SHA-256 of their content, below <c>artefacts/</c> of the data folder. A file is there whole or not at all.</summary>
/// <remarks>Written under a temporary name, flushed to disk, then renamed. A row may name a file only after this returned.</remarks>
public sealed class ArtefactStore
{
    private readonly string _folder;

    // Taking a file in and removing one do not overlap: what is being named again is not removed.
    private readonly SemaphoreSlim _changing = new(1);

    /// <param name="dataFolder">Made where it is not there.</param>
    /// <param name="floor">Bytes of its disk that stay free when files are taken in.</param>
    public ArtefactStore(string dataFolder, long floor = 0)
    {
        DataFolder = dataFolder;
        Floor = floor;
        _folder = Path.Combine(dataFolder, "artefacts");
        TemporaryFolder = Path.Combine(dataFolder, "tmp");
        Directory.CreateDirectory(_folder);
        Directory.CreateDirectory(TemporaryFolder);
    }

    public string DataFolder { get; }

    /// <summary>For files in the making, on the same file system as the store; emptied at start.</summary>
    public string TemporaryFolder { get; }

    /// <summary>Bytes of the disk that stay free when files are taken in.</summary>
    public long Floor { get; }

    /// <summary>Whether a file of this length can be taken in.</summary>
    public bool HasRoom(long bytes) => DiskSpace.HasRoom(TemporaryFolder, bytes, Floor);

    public string NewTemporaryPath() => Path.Combine(TemporaryFolder, Guid.NewGuid().ToString("N"));

    /// <summary>Where the content with this hash lies.</summary>
    /// <exception cref="ArgumentException">Not 64 lower-case hexadecimal digits.</exception>
    public string PathOf(string sha256)
    {
        if (sha256.Length != 64 || sha256.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            throw new ArgumentException($"'{sha256}' is not a SHA-256 in lower-case hexadecimal digits.", nameof(sha256));
        return Path.Combine(_folder, sha256[..2], sha256);
    }

    /// <summary>Takes a finished temporary file into the store and gives its hash; a file with the same content is kept only once, a damaged one replaced.</summary>
    public async Task<string> AddAsync(string temporaryPath, CancellationToken cancellationToken)
    {
        string sha256;
        await using (var file = new FileStream(temporaryPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true))
        {
            sha256 = await HashAsync(file, cancellationToken);
            DurableFile.Flush(file);
        }
        var path = PathOf(sha256);
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (await HoldsAsync(path, sha256, cancellationToken))
            {
                // Young again: the row that names it is about to be written.
                File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
                File.Delete(temporaryPath);
                return sha256;
            }
            DurableFile.Move(temporaryPath, path, overwrite: true);
            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
            return sha256;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>The hashes of all files in the store.</summary>
    public IEnumerable<string> All() => Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Select(path => Path.GetFileName(path)).Where(name => name.Length == 64);

    /// <summary>Removes a file that was last touched before a moment.</summary>
    /// <returns>Its bytes, or null where it is younger or not there.</returns>
    public async Task<long?> DeleteAsync(string sha256, DateTimeOffset untouchedSince, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var file = new FileInfo(PathOf(sha256));
            if (!file.Exists || file.LastWriteTimeUtc > untouchedSince.UtcDateTime) return null;
            var bytes = file.Length;
            file.Delete();
            return bytes;
        }
        finally
        {
            _changing.Release();
        }
    }

    private static async Task<bool> HoldsAsync(string path, string sha256, CancellationToken cancellationToken)
    {
        if (!File.Exists(path)) return false;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, useAsync: true);
        return await HashAsync(file, cancellationToken) == sha256;
    }

    private static async Task<string> HashAsync(Stream content, CancellationToken cancellationToken) =>
        Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));

    public async Task<string> AddBytesAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var temporary = NewTemporaryPath();
        await File.WriteAllBytesAsync(temporary, content, cancellationToken);
        return await AddAsync(temporary, cancellationToken);
    }

    /// <summary>The whole content, checked against its hash.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or its content no longer has this hash.</exception>
    public async Task<byte[]> ReadVerifiedAsync(string sha256, CancellationToken cancellationToken)
    {
        var path = PathOf(sha256);
        if (!File.Exists(path)) throw new InvalidDataException($"Artefact {sha256} is missing from the data folder.");
        var content = await File.ReadAllBytesAsync(path, cancellationToken);
        var found = Convert.ToHexStringLower(SHA256.HashData(content));
        return found == sha256 ? content : throw new InvalidDataException($"Artefact {sha256} is damaged: its content now has the hash {found}.");
    }

    /// <summary>The content as a stream, checked against its hash before a byte of it is handed out.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or its content no longer has this hash.</exception>
    public async Task<Stream> OpenVerifiedAsync(string sha256, CancellationToken cancellationToken)
    {
        var path = PathOf(sha256);
        if (!File.Exists(path)) throw new InvalidDataException($"Artefact {sha256} is missing from the data folder.");
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, useAsync: true);
        try
        {
            var found = await HashAsync(file, cancellationToken);
            if (found != sha256) throw new InvalidDataException($"Artefact {sha256} is damaged: its content now has the hash {found}.");
            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>Throws away what an interrupted run left half-made. Only at start, before anything is written.</summary>
    public void EmptyTemporaryFolder()
    {
        Directory.Delete(TemporaryFolder, recursive: true);
        Directory.CreateDirectory(TemporaryFolder);
    }
}
