using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>Everything that a workbench knows, at one moment, while it runs: its database, the files that the database names, and the keys of signing in.</summary>
/// <remarks>The database comes first, as a file of SQLite whichever it is: what it names is never changed, and while a backup is written nothing is removed. Unfinished uploads are left out.</remarks>
public static class Backup
{
    private static readonly TimeSpan WaitForSweep = TimeSpan.FromMinutes(2);

    /// <summary>Whether a path names a file of all files, rather than a folder.</summary>
    public static bool IsTar(string path) => path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) || IsPacked(path);

    private static bool IsPacked(string path) => path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes a backup, and reads it back.</summary>
    /// <param name="place">Of the workbench, which may be running.</param>
    /// <param name="to">A folder that is empty or not there, or a file that is not there: .tar, .tar.gz or .tgz.</param>
    /// <exception cref="BackupException">It cannot be made.</exception>
    public static async Task<BackupManifest> MakeAsync(DatabasePlace place, string to, TimeProvider time, CancellationToken cancellationToken)
    {
        var dataFolder = place.DataFolder;
        if (IsTar(to) ? Path.Exists(to) : File.Exists(to) || Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any())
            throw new BackupException($"'{to}' is there already; expected {(IsTar(to) ? "a file that is not" : "an empty folder, one that is not there, or a file that ends in .tar, .tar.gz or .tgz")}.");
        if (Path.GetFullPath(to).StartsWith(Path.GetFullPath(dataFolder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)) throw new BackupException($"'{to}' lies in the data folder; expected a place outside, on another disk at best.");
        using var noSweep = await TakeLockAsync(dataFolder, cancellationToken);
        var snapshot = Path.Combine(Directory.CreateDirectory(Path.Combine(dataFolder, "backups")).FullName, $"{Guid.NewGuid():N}.snapshot");
        try
        {
            var at = time.GetUtcNow();
            var artefacts = new ArtefactStore(dataFolder);
            await DatabaseCopies.CopyAsync(place, snapshot, cancellationToken);
            var (named, schema, count, head) = await ReadSnapshotAsync(snapshot, artefacts, cancellationToken);
            await using Target target = IsTar(to) ? new TarTarget(to, IsPacked(to)) : new FolderTarget(to);
            List<BackupFile> files = [await target.AddAsync(BackupManifest.Database, snapshot, cancellationToken)];
            List<string> missing = [];
            foreach (var sha256 in named.Order(StringComparer.Ordinal))
            {
                var path = artefacts.PathOf(sha256);
                if (!File.Exists(path) || await HashOfAsync(path, cancellationToken) != sha256) missing.Add(sha256);
                else files.Add(await target.AddAsync($"{BackupManifest.Artefacts}/{sha256[..2]}/{sha256}", path, cancellationToken));
            }
            var keys = Path.Combine(dataFolder, BackupManifest.Keys);
            foreach (var key in Directory.Exists(keys) ? Directory.GetFiles(keys, "*.xml").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
                files.Add(await target.AddAsync($"{BackupManifest.Keys}/{Path.GetFileName(key)}", key, cancellationToken));
            if (Path.Combine(dataFolder, BackupManifest.SamplesMarker) is var marker && File.Exists(marker)) files.Add(await target.AddAsync(BackupManifest.SamplesMarker, marker, cancellationToken));
            var manifest = new BackupManifest(BackupManifest.CurrentFormat, ManagementApi.ProgramVersion, schema, at, count, head, files, missing);
            await target.CompleteAsync(JsonSerializer.SerializeToUtf8Bytes(manifest, BackupManifest.Json), cancellationToken);
            await Restore.CheckAsync(to, cancellationToken);
            return manifest;
        }
        catch (System.Data.Common.DbException e)
        {
            throw new BackupException($"The database cannot be read: {e.Message}", e);
        }
        finally
        {
            File.Delete(snapshot);
        }
    }

    private static async Task<IDisposable> TakeLockAsync(string dataFolder, CancellationToken cancellationToken)
    {
        var until = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (DataFolderLock.TryTake(dataFolder, DataFolderLock.Backup) is { } taken) return taken;
            if (TimeProvider.System.GetElapsedTime(until) > WaitForSweep) throw new BackupException("Another backup is being written, or unused files are being removed; try again later.");
            await Task.Delay(200, cancellationToken);
        }
    }

    private static async Task<(IReadOnlyCollection<string> Named, string Schema, long AuditCount, string AuditHead)> ReadSnapshotAsync(string snapshot, ArtefactStore artefacts, CancellationToken cancellationToken)
    {
        await using var db = OpenDatabase(snapshot);
        if ((await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any() || DatabaseStart.SchemaOf(snapshot) is not { } schema || !db.Database.GetMigrations().Contains(schema))
            throw new BackupException("The database has the schema of another version of the program; make the backup with that one, or start this one once.");
        var last = await db.AuditEntries.AsNoTracking().OrderByDescending(e => e.Id).FirstOrDefaultAsync(cancellationToken);
        return (await ArtefactNames.OfAsync(db, artefacts, cancellationToken), schema, last?.Id ?? 0, last?.Hash ?? AuditLog.NoHash);
    }

    internal static AppDb OpenDatabase(string path) =>
        StorageSetup.Open(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false });

    internal static async Task<string> HashOfAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }

    /// <summary>Where a backup is written to.</summary>
    private abstract class Target : IAsyncDisposable
    {
        public async Task<BackupFile> AddAsync(string path, string source, CancellationToken cancellationToken)
        {
            if (!BackupManifest.IsPath(path)) throw new BackupException($"'{source}' has a name that cannot stand in a backup.");
            await WriteAsync(path, source, cancellationToken);
            return new BackupFile(path, new FileInfo(source).Length, await HashOfAsync(source, cancellationToken));
        }

        protected abstract Task WriteAsync(string path, string source, CancellationToken cancellationToken);

        public abstract Task CompleteAsync(byte[] manifest, CancellationToken cancellationToken);

        public abstract ValueTask DisposeAsync();
    }

    private sealed class FolderTarget(string root) : Target
    {
        protected override async Task WriteAsync(string path, string source, CancellationToken cancellationToken)
        {
            var target = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await using (var from = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true))
            await using (var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
            {
                await from.CopyToAsync(file, 1 << 20, cancellationToken);
                DurableFile.Flush(file);
            }
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(target, File.GetUnixFileMode(source));
        }

        public override async Task CompleteAsync(byte[] manifest, CancellationToken cancellationToken)
        {
            var part = Path.Combine(root, BackupManifest.FileName + ".part");
            await using (var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                await file.WriteAsync(manifest, cancellationToken);
                DurableFile.Flush(file);
            }
            DurableFile.Move(part, Path.Combine(root, BackupManifest.FileName));
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class TarTarget : Target
    {
        private readonly string _path, _part;
        private readonly TarWriter _tar;
        private bool _isClosed;

        public TarTarget(string path, bool isPacked)
        {
            (_path, _part) = (path, path + ".part");
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            Stream file = new FileStream(_part, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true);
            _tar = new TarWriter(isPacked ? new GZipStream(file, CompressionLevel.Fastest) : file, TarEntryFormat.Pax);
        }

        protected override Task WriteAsync(string path, string source, CancellationToken cancellationToken) => _tar.WriteEntryAsync(source, path, cancellationToken);

        public override async Task CompleteAsync(byte[] manifest, CancellationToken cancellationToken)
        {
            await _tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, BackupManifest.FileName) { DataStream = new MemoryStream(manifest), Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite }, cancellationToken);
            await _tar.DisposeAsync();
            _isClosed = true;
            DurableFile.Flush(_part);
            DurableFile.Move(_part, _path);
        }

        public override async ValueTask DisposeAsync()
        {
            if (_isClosed) return;
            await _tar.DisposeAsync();
            File.Delete(_part);
        }
    }
}
