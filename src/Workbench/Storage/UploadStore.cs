using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>A file on its way here.</summary>
/// <param name="Id">32 hexadecimal digits; nobody can guess another's.</param>
/// <param name="FileName">As the person knows it.</param>
/// <param name="Length">Bytes it will have.</param>
/// <param name="WorkspaceId">Where it was begun; only there can it be used.</param>
public sealed record Upload(string Id, string FileName, long Length, int WorkspaceId = WorkspaceRow.FirstId);

/// <summary>An upload cannot be begun or continued; the message is for the person.</summary>
public sealed class UploadException(int statusCode, string message) : Exception(message)
{
    /// <summary>The HTTP status that says so.</summary>
    public int StatusCode { get; } = statusCode;
}

/// <summary>Files that arrive in pieces: what has arrived is kept across lost connections and restarts, for a day.</summary>
/// <remarks>A file of bytes and one of JSON an upload below <c>uploads/</c> of the data folder; the length of the former is how far it has come.</remarks>
public sealed class UploadStore
{
    private const int MaxOpenUploads = 100;
    private const long SpareBytes = 64L << 20;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly long _floor;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _locks = [];

    /// <param name="dataFolder">Made where it is not there.</param>
    /// <param name="time">Uploads age by it.</param>
    /// <param name="floor">Bytes of the disk that stay free.</param>
    public UploadStore(string dataFolder, TimeProvider time, long floor = 0)
    {
        _floor = Math.Max(floor, SpareBytes);
        _folder = Path.Combine(dataFolder, "uploads");
        _time = time;
        Directory.CreateDirectory(_folder);
    }

    /// <exception cref="UploadException">Too many uploads are open, or the disk has no room for it.</exception>
    public async Task<Upload> CreateAsync(string fileName, long length, int workspaceId, CancellationToken cancellationToken)
    {
        Sweep();
        var open = Directory.GetFiles(_folder, "*.json").Length;
        if (open >= MaxOpenUploads) throw new UploadException(429, $"{open} uploads are unfinished; expected at most {MaxOpenUploads}. Finish or cancel some; those that nothing happens to are removed after a day.");
        // What others announced will come, though it takes no room yet.
        ThrowUnlessRoom(length + Open().Sum(u => u.Length - (new FileInfo(BytesPath(u.Id)) is { Exists: true } arrived ? arrived.Length : 0)));
        var upload = new Upload(Guid.NewGuid().ToString("N"), fileName, length, workspaceId);
        await using (File.Create(BytesPath(upload.Id))) { }
        await File.WriteAllTextAsync(FactsPath(upload.Id), JsonSerializer.Serialize(upload), cancellationToken);
        return upload;
    }

    /// <returns>The upload and the bytes that have arrived; null where there is none (any more).</returns>
    public async Task<(Upload Upload, long Offset)?> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (!IsId(id) || !File.Exists(FactsPath(id)) || !File.Exists(BytesPath(id))) return null;
        var upload = JsonSerializer.Deserialize<Upload>(await File.ReadAllTextAsync(FactsPath(id), cancellationToken))!;
        return (upload, new FileInfo(BytesPath(id)).Length);
    }

    /// <summary>Appends what arrives. Whatever arrived before the connection was lost is kept.</summary>
    /// <returns>The bytes that have arrived.</returns>
    /// <exception cref="UploadException">There is no such upload, another request writes to it, the offset is not where it ends, more bytes come than were announced, or the disk is full.</exception>
    public async Task<long> AppendAsync(string id, long offset, Stream content, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not var (upload, _)) throw new UploadException(404, "There is no such upload. It may have been finished or cancelled, or nothing happened to it for a day.");
        var gate = _locks.GetOrAdd(id, _ => new SemaphoreSlim(1));
        // A connection that died may not be known as dead yet; a second one must not write beside it.
        if (!await gate.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken)) throw new UploadException(423, "Another request is sending this upload.");
        try
        {
            await using var file = new FileStream(BytesPath(id), FileMode.Open, FileAccess.Write, FileShare.Read, 1 << 16, useAsync: true);
            if (file.Length != offset) throw new UploadException(409, string.Create(CultureInfo.InvariantCulture, $"The upload has {file.Length} bytes; the request starts at {offset}."));
            ThrowUnlessRoom(upload.Length - offset);
            file.Position = offset;
            var buffer = new byte[1 << 20];
            try
            {
                while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                {
                    if (file.Position + read > upload.Length) throw new UploadException(413, string.Create(CultureInfo.InvariantCulture, $"More than the announced {upload.Length} bytes were sent."));
                    await file.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                }
                await file.FlushAsync(CancellationToken.None);
                if (file.Position == upload.Length) DurableFile.Flush(file);
            }
            catch (IOException e) when (DiskSpace.IsFull(e))
            {
                throw new UploadException(507, $"The disk of the data folder is full; {DiskSpace.Describe(_folder)}. What arrived is kept for a day: make room and go on.");
            }
            return file.Position;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The finished file, for the one who takes it over and deletes it.</summary>
    public string PathOf(string id) => IsId(id) ? BytesPath(id) : throw new ArgumentException($"'{id}' is no upload id.", nameof(id));

    /// <summary>Forgets the upload and its bytes.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Delete(string id)
    {
        if (!IsId(id)) return false;
        var existed = File.Exists(FactsPath(id));
        // The facts first: bytes without facts are swept, facts without bytes would be an upload that cannot go on.
        File.Delete(FactsPath(id));
        File.Delete(BytesPath(id));
        _locks.TryRemove(id, out _);
        return existed;
    }

    /// <summary>What unfinished uploads of a workspace will have, once they have arrived.</summary>
    public long OpenBytes(int workspaceId) => Open().Where(u => u.WorkspaceId == workspaceId).Sum(u => u.Length);

    private IEnumerable<Upload> Open()
    {
        foreach (var path in Directory.GetFiles(_folder, "*.json"))
        {
            Upload? upload = null;
            try
            {
                upload = JsonSerializer.Deserialize<Upload>(File.ReadAllText(path));
            }
            catch (Exception e) when (e is IOException or JsonException)
            {
                // It was finished, or is being begun, while it was looked at.
            }
            if (upload is not null) yield return upload;
        }
    }

    /// <summary>Removes uploads to which nothing happened for a day.</summary>
    public void Sweep()
    {
        var oldest = _time.GetUtcNow() - Lifetime;
        foreach (var file in Directory.GetFiles(_folder))
        {
            var id = Path.GetFileNameWithoutExtension(file);
            var bytes = BytesPath(id);
            var touched = File.Exists(bytes) ? File.GetLastWriteTimeUtc(bytes) : File.GetLastWriteTimeUtc(file);
            if (touched >= oldest) continue;
            if (IsId(id)) Delete(id);
            else File.Delete(file);
        }
    }

    private void ThrowUnlessRoom(long bytes)
    {
        // The file, and beside it the table that is made of it; the latter is mostly much smaller.
        if (!DiskSpace.HasRoom(_folder, bytes, _floor))
            throw new UploadException(507, $"The file needs {Shell.Figures.Bytes(bytes)}, but {DiskSpace.Describe(_folder, _floor)}. Make room on the disk of the data folder and try again.");
    }

    private static bool IsId(string id) => id.Length == 32 && !id.AsSpan().ContainsAnyExcept("0123456789abcdef");
    private string BytesPath(string id) => Path.Combine(_folder, id + ".part");
    private string FactsPath(string id) => Path.Combine(_folder, id + ".json");
}
