using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>Puts a backup back, and proves it before anything may use it.</summary>
public static class Restore
{
    /// <summary>Restores a whole backup into an empty folder, and the database into an empty one where that is on a server.</summary>
    /// <param name="partial">Whether a backup may be restored that was made although files were missing.</param>
    /// <exception cref="BackupException">The folder or the database is not empty, or the backup is not whole; then nothing is left in the folder.</exception>
    public static async Task<BackupManifest> IntoEmptyAsync(string from, DatabasePlace place, bool partial, CancellationToken cancellationToken)
    {
        var dataFolder = place.DataFolder;
        if (File.Exists(dataFolder)) throw new BackupException($"'{dataFolder}' is a file; expected an empty folder, or a path where one can be made.");
        if (Directory.Exists(dataFolder) && Directory.EnumerateFileSystemEntries(dataFolder).Any()) throw new BackupException($"The folder '{dataFolder}' is not empty; expected an empty one, so that nothing is written over. Choose another, and keep this one until the restored workbench was looked at.");
        if (!Path.Exists(from)) throw new BackupException($"There is no backup '{from}'.");
        var wasThere = Directory.Exists(dataFolder);
        Directory.CreateDirectory(dataFolder);
        try
        {
            var found = new Dictionary<string, BackupFile>(StringComparer.Ordinal);
            byte[]? content = null;
            await ReadAsync(from, async (path, mode, stream) =>
            {
                if (path == BackupManifest.FileName)
                {
                    content = await BytesOfAsync(stream, cancellationToken);
                    return;
                }
                if (!BackupManifest.IsPath(path)) throw new BackupException($"The backup holds '{path}', which is no file of a backup.");
                found[path] = await WriteAsync(Path.Combine(dataFolder, path), path, mode, stream, cancellationToken);
            }, cancellationToken);
            var manifest = Check(content, found);
            if (manifest.Missing.Count > 0 && !partial)
                throw new BackupException($"The backup was made although {manifest.Missing.Count} files were missing or damaged: {string.Join(", ", manifest.Missing.Take(3))}{(manifest.Missing.Count > 3 ? ", …" : "")}. To restore what is there, add --partial.");
            await ProveAsync(dataFolder, manifest.Missing, cancellationToken);
            if (place.IsServer)
            {
                await PostgresSchema.FillAsync(place, StorageSetup.DatabaseFile(dataFolder), mayReplace: false, cancellationToken);
                foreach (var moved in new DirectoryInfo(dataFolder).GetFiles(BackupManifest.Database + "*")) moved.Delete();
            }
            return manifest;
        }
        catch
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(dataFolder).ToArray())
                if (Directory.Exists(entry)) Directory.Delete(entry, recursive: true);
                else File.Delete(entry);
            if (!wasThere) Directory.Delete(dataFolder);
            throw;
        }
    }

    /// <summary>Puts a copy of the database alone in the place of the one in a data folder, which is set aside.</summary>
    /// <returns>Where the database went that was there; null where there was none.</returns>
    /// <exception cref="BackupException">A workbench runs on the folder, or the copy does not hold together, or files that it names are missing or damaged; then nothing is changed.</exception>
    public static async Task<string?> DatabaseAsync(string copy, DatabasePlace place, bool partial, CancellationToken cancellationToken)
    {
        var dataFolder = place.DataFolder;
        if (!File.Exists(copy)) throw new BackupException($"There is no file '{copy}'.");
        if (!Directory.Exists(dataFolder)) throw new BackupException($"There is no folder '{dataFolder}'; a copy of the database goes into the data folder that holds the files it names.");
        using var ours = DataFolderLock.TryTake(dataFolder) ?? throw new BackupException($"A workbench runs on '{dataFolder}'. Stop it first.");
        var path = StorageSetup.DatabaseFile(dataFolder);
        var part = path + ".restored";
        File.Copy(copy, part, overwrite: true);
        try
        {
            if (DatabaseCopies.Check(part) is { } problem) throw new BackupException($"The copy '{copy}' does not hold together: {problem}");
            if (DatabaseStart.SchemaOf(part) is null) throw new BackupException($"'{copy}' is no database of Model Workbench.");
            var missing = await MissingAsync(part, dataFolder, cancellationToken);
            if (missing.Count > 0 && !partial) throw new BackupException($"{missing.Count} files that the copy names are missing from the data folder or damaged: {string.Join(", ", missing.Take(3))}{(missing.Count > 3 ? ", …" : "")}. To restore nevertheless, add --partial.");
            if (place.IsServer) return await PostgresSchema.FillAsync(place, part, mayReplace: true, cancellationToken) is { } replaced ? $"the schema {replaced} of the same database" : null;
            var aside = File.Exists(path) ? $"{path}.replaced-{TimeProvider.System.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}" : null;
            // What stands in the log beside the database belongs to the one that goes.
            foreach (var suffix in (string[])["-wal", "-shm"])
                if (File.Exists(path + suffix)) File.Move(path + suffix, (aside ?? path + ".left") + suffix, overwrite: true);
            DurableFile.Flush(part);
            if (aside is not null) File.Move(path, aside);
            DurableFile.Move(part, path);
            return aside;
        }
        finally
        {
            foreach (var left in (string[])[part, part + "-journal", part + "-wal", part + "-shm"]) File.Delete(left);
        }
    }

    /// <summary>Reads a backup through: every file that the manifest names is there, with its hash.</summary>
    /// <exception cref="BackupException">It is not whole.</exception>
    public static async Task<BackupManifest> CheckAsync(string from, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, BackupFile>(StringComparer.Ordinal);
        byte[]? content = null;
        await ReadAsync(from, async (path, _, stream) =>
        {
            if (path == BackupManifest.FileName) content = await BytesOfAsync(stream, cancellationToken);
            else found[path] = await CopyAsync(path, stream, Stream.Null, cancellationToken);
        }, cancellationToken);
        return Check(content, found);
    }

    private static BackupManifest Check(byte[]? content, Dictionary<string, BackupFile> found)
    {
        if (content is null) throw new BackupException($"The backup has no {BackupManifest.FileName}: it was not finished, or is none.");
        BackupManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<BackupManifest>(content, BackupManifest.Json) ?? throw new BackupException($"The {BackupManifest.FileName} of the backup is empty.");
        }
        catch (JsonException e)
        {
            throw new BackupException($"The {BackupManifest.FileName} of the backup cannot be read: {e.Message}", e);
        }
        if (manifest.Format > BackupManifest.CurrentFormat) throw new BackupException($"The backup has format {manifest.Format}, written by version {manifest.Program}; this program knows formats up to {BackupManifest.CurrentFormat}.");
        foreach (var file in manifest.Files)
        {
            if (!found.TryGetValue(file.Path, out var actual)) throw new BackupException($"The backup lacks '{file.Path}', which it says it holds.");
            if (actual != file) throw new BackupException($"'{file.Path}' of the backup is damaged: its content has the hash {actual.Sha256}, expected {file.Sha256}.");
        }
        if (found.Keys.Except(manifest.Files.Select(f => f.Path), StringComparer.Ordinal).FirstOrDefault() is { } other) throw new BackupException($"The backup holds '{other}', which its {BackupManifest.FileName} does not name.");
        return manifest;
    }

    /// <summary>The database holds together, and every file that it names is there with its hash.</summary>
    private static async Task ProveAsync(string dataFolder, IReadOnlyList<string> known, CancellationToken cancellationToken)
    {
        var path = StorageSetup.DatabaseFile(dataFolder);
        if (!File.Exists(path)) throw new BackupException("The backup holds no database.");
        if (DatabaseCopies.Check(path) is { } problem) throw new BackupException($"The database of the backup does not hold together: {problem}");
        if ((await MissingAsync(path, dataFolder, cancellationToken)).Except(known).FirstOrDefault() is { } missing) throw new BackupException($"The database of the backup names the file {missing}, which the backup does not hold.");
    }

    private static async Task<IReadOnlyList<string>> MissingAsync(string database, string dataFolder, CancellationToken cancellationToken)
    {
        await using var db = Backup.OpenDatabase(database);
        // The names stand in columns that a database of another schema may not have; the program looks again when it has changed the schema.
        if (DatabaseStart.SchemaOf(database) != db.Database.GetMigrations().Last()) return [];
        var artefacts = new ArtefactStore(dataFolder);
        List<string> missing = [];
        foreach (var sha256 in await ArtefactNames.OfAsync(db, artefacts, cancellationToken))
            if (artefacts.PathOf(sha256) is var path && (!File.Exists(path) || await Backup.HashOfAsync(path, cancellationToken) != sha256)) missing.Add(sha256);
        return missing;
    }

    /// <param name="each">Path, mode and content of every file.</param>
    private static async Task ReadAsync(string from, Func<string, UnixFileMode, Stream, Task> each, CancellationToken cancellationToken)
    {
        if (Directory.Exists(from))
        {
            foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
                await each(Path.GetRelativePath(from, path).Replace('\\', '/'), OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(path), file);
            }
            return;
        }
        try
        {
            await using var file = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
            await using Stream unpacked = from.EndsWith("gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
            await using var tar = new TarReader(unpacked);
            while (await tar.GetNextEntryAsync(cancellationToken: cancellationToken) is { } entry)
                if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile) await each(entry.Name, entry.Mode, entry.DataStream ?? Stream.Null);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new BackupException($"'{from}' cannot be read to its end: {e.Message}", e);
        }
    }

    private static async Task<BackupFile> WriteAsync(string target, string path, UnixFileMode mode, Stream content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        BackupFile written;
        await using (var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
        {
            written = await CopyAsync(path, content, file, cancellationToken);
            DurableFile.Flush(file);
        }
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(target, mode);
        return written;
    }

    private static async Task<BackupFile> CopyAsync(string path, Stream from, Stream to, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        var bytes = 0L;
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            bytes += read;
        }
        return new BackupFile(path, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static async Task<byte[]> BytesOfAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
