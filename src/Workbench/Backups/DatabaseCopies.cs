using System.Globalization;
using Microsoft.Data.Sqlite;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Backups;

/// <param name="Path">Of the file.</param>
/// <param name="At">When it was made.</param>
/// <param name="Bytes">Size.</param>
public sealed record DatabaseCopy(string Path, DateTimeOffset At, long Bytes);

/// <summary>Copies of the database below <c>backups/</c> of the data folder: one a day, and one before each change of the schema. They hold the facts; the files that they name lie beside them in the data folder. They are files of SQLite, also where the database is one of PostgreSQL.</summary>
public sealed class DatabaseCopies(DatabasePlace place, AuditLog audit, TimeProvider time)
{
    private const string Prefix = "workbench-";
    private const string BeforePrefix = "before-";
    private const int KeptBeforeMigrations = 3;

    private readonly SemaphoreSlim _making = new(1);

    private string Folder => FolderOf(place.DataFolder);

    public static string FolderOf(string dataFolder) => Path.Combine(dataFolder, "backups");

    /// <summary>Makes a copy now, and removes the oldest beyond those that are kept.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="System.Data.Common.DbException">The database cannot be read, or the copy does not hold together.</exception>
    public async Task<DatabaseCopy> MakeAsync(int kept, CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            var path = Path.Combine(Directory.CreateDirectory(Folder).FullName, $"{Prefix}{time.GetUtcNow().ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture)}.db");
            await Task.Run(() => CopyAsync(place, path, cancellationToken), cancellationToken);
            foreach (var old in List().Skip(Math.Max(1, kept))) File.Delete(old.Path);
            var bytes = new FileInfo(path).Length;
            await audit.RecordAsync("backup.database", Path.GetFileName(path), new { bytes }, cancellationToken: cancellationToken);
            return new DatabaseCopy(path, time.GetUtcNow(), bytes);
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>Those of the schedule and those that somebody asked for, the newest first.</summary>
    public IReadOnlyList<DatabaseCopy> List() => List(place.DataFolder, Prefix);

    /// <summary>All copies in a data folder, the newest first.</summary>
    public static IReadOnlyList<DatabaseCopy> ListAll(string dataFolder) => List(dataFolder, "");

    private static IReadOnlyList<DatabaseCopy> List(string dataFolder, string prefix) => !Directory.Exists(FolderOf(dataFolder)) ? [] :
        [.. new DirectoryInfo(FolderOf(dataFolder)).GetFiles(prefix + "*.db").OrderByDescending(f => f.LastWriteTimeUtc).ThenByDescending(f => f.Name, StringComparer.Ordinal).Select(f => new DatabaseCopy(f.FullName, f.LastWriteTimeUtc, f.Length))];

    /// <summary>A copy before the schema changes, named by both schemas.</summary>
    /// <returns>Its path.</returns>
    public static async Task<string> CopyBeforeAsync(DatabasePlace place, string from, string to, CancellationToken cancellationToken)
    {
        var dataFolder = place.DataFolder;
        var path = Path.Combine(Directory.CreateDirectory(FolderOf(dataFolder)).FullName, $"{BeforePrefix}{to}-with-{from}.db");
        File.Delete(path);
        await CopyAsync(place, path, cancellationToken);
        foreach (var old in List(dataFolder, BeforePrefix).Skip(KeptBeforeMigrations)) File.Delete(old.Path);
        return path;
    }

    /// <summary>Copies a database as it stands at one moment, while others read and write it. The copy is there whole or not at all, and was read through.</summary>
    public static async Task CopyAsync(DatabasePlace place, string target, CancellationToken cancellationToken)
    {
        var part = target + ".part";
        File.Delete(part);
        try
        {
            if (place.IsServer) await PostgresCopy.ToFileAsync(place, part, cancellationToken);
            else
            {
                using var connection = Open(StorageSetup.DatabaseFile(place.DataFolder), SqliteOpenMode.ReadWrite);
                using var command = connection.CreateCommand();
                command.CommandTimeout = 0;
                command.CommandText = "PRAGMA busy_timeout=30000; VACUUM INTO $target";
                command.Parameters.AddWithValue("$target", part);
                command.ExecuteNonQuery();
            }
            if (Check(part) is { } problem) throw new IOException($"The copy of the database does not hold together: {problem}");
            // SQLite leaves to its caller whether it has reached the disk.
            DurableFile.Flush(part);
            DurableFile.Move(part, target);
        }
        finally
        {
            foreach (var left in (string[])[part, part + "-journal", part + "-wal", part + "-shm"]) File.Delete(left);
        }
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Reads a database through.</summary>
    /// <param name="quick">Whether it may be left out that indexes fit their tables, which takes the most time.</param>
    /// <returns>What is wrong with it; null where nothing is.</returns>
    public static string? Check(string path, bool quick = false)
    {
        try
        {
            using var connection = Open(path, SqliteOpenMode.ReadOnly);
            using var command = connection.CreateCommand();
            command.CommandTimeout = 0;
            command.CommandText = quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)";
            return command.ExecuteScalar() as string is var answer && answer == "ok" ? null : answer ?? "no answer";
        }
        catch (SqliteException e)
        {
            return e.Message;
        }
    }

    public static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
