using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>Looks at the database before the program uses it, and brings its schema up to date. Whatever ends the program meanwhile, the database has the old schema or the new one.</summary>
/// <remarks>A database of SQLite is changed in a copy, which then takes the place of the database: a change of the schema may be several transactions, and one that ended in the middle of them would be neither.</remarks>
public static class DatabaseStart
{
    // SQLITE_ERROR; what is damaged has other numbers.
    private const int NoSuchTable = 1;

    private static readonly byte[] Header = "SQLite format 3\0"u8.ToArray();

    /// <returns>Why the program cannot work with this database, for people; null where it can. The database is left as it was then.</returns>
    public static async Task<string?> PrepareAsync(DatabasePlace place, CancellationToken cancellationToken)
    {
        if (place.IsServer) return await PostgresSchema.PrepareAsync(place, cancellationToken);
        var dataFolder = place.DataFolder;
        var path = StorageSetup.DatabaseFile(dataFolder);
        var copy = path + ".new";
        // Left by a start that was ended.
        foreach (var left in (string[])[copy, copy + "-journal", copy + "-wal", copy + "-shm"]) File.Delete(left);
        await using var target = StorageSetup.Open(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false });
        var known = target.Database.GetMigrations().ToArray();
        if (!File.Exists(path))
        {
            if (Directory.Exists(Path.Combine(dataFolder, "artefacts")) && Directory.EnumerateFiles(Path.Combine(dataFolder, "artefacts"), "*", SearchOption.AllDirectories).Any())
                return $"The database '{path}' is missing, but the data folder holds files that it named (or one on a server did, which the setting Workbench:Database would name). {Advice(dataFolder)}";
        }
        else
        {
            if (await DamageAsync(path, cancellationToken) is { } damage) return $"The database '{path}' cannot be used: {damage} It was left as it is. {Advice(dataFolder)}";
            if (Applied(path) is not { Count: > 0 } applied) return $"The database '{path}' is not one of Model Workbench: it has no list of schema changes. It was left as it is. {Advice(dataFolder)}";
            if (applied.Except(known, StringComparer.Ordinal).Order(StringComparer.Ordinal).LastOrDefault() is { } newer)
                return $"The database '{path}' was written by a newer program: its schema is {newer}, this program (version {Api.ManagementApi.ProgramVersion}) knows the schemas up to {known[^1]}. Start the newer program, or restore a copy that was made before the change. {Advice(dataFolder)}";
            if (applied.Count == known.Length) return null;
            // Into one file; nobody else has it open, as the data folder is ours.
            using (var connection = DatabaseCopies.Open(path, SqliteOpenMode.ReadWrite)) DatabaseCopies.Execute(connection, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;");
            File.Copy(await DatabaseCopies.CopyBeforeAsync(place, applied[^1], known[^1], cancellationToken), copy, overwrite: true);
            // A program that was killed while it changed the schema in place leaves a lock behind, on which the next one would wait for ever.
            using (var connection = DatabaseCopies.Open(copy, SqliteOpenMode.ReadWrite)) DatabaseCopies.Execute(connection, "DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
        }
        await target.Database.MigrateAsync(cancellationToken);
        await target.Database.CloseConnectionAsync();
        DurableFile.Flush(copy);
        DurableFile.Move(copy, path, overwrite: true);
        return null;
    }

    /// <summary>For commands, which change no schema.</summary>
    /// <returns>Why the database cannot be used; null where it can.</returns>
    public static async Task<string?> WhyNotUseAsync(DatabasePlace place, CancellationToken cancellationToken)
    {
        if (place.IsServer) return await PostgresSchema.WhyNotUseAsync(place, cancellationToken);
        var path = StorageSetup.DatabaseFile(place.DataFolder);
        try
        {
            using var db = Backup.OpenDatabase(path);
            return SchemaOf(path) is var schema && schema == db.Database.GetMigrations().Last() ? null
                : $"The database '{path}' has the schema {schema ?? "of another program"}, this program (version {Api.ManagementApi.ProgramVersion}) has {db.Database.GetMigrations().Last()}. Start the workbench of this version on it once, or use the newer program.";
        }
        catch (SqliteException e)
        {
            return $"The database '{path}' cannot be used: {e.Message.TrimEnd('.')}. {Advice(place.DataFolder)}";
        }
    }

    /// <summary>The schema of a database.</summary>
    /// <returns>The last change of the schema that was made to it; null where it is not ours.</returns>
    public static string? SchemaOf(string path) => Applied(path) is { Count: > 0 } applied ? applied[^1] : null;

    private static async Task<string?> DamageAsync(string path, CancellationToken cancellationToken)
    {
        var start = new byte[Header.Length];
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            if (file.Length == 0) return "it is empty.";
            if (await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken) < start.Length || !start.AsSpan().SequenceEqual(Header)) return "it does not begin as a database of SQLite does; it was overwritten.";
        }
        return DatabaseCopies.Check(path, quick: true) is { } problem ? $"{problem.TrimEnd('.')}." : null;
    }

    private static List<string> Applied(string path)
    {
        List<string> applied = [];
        using var connection = DatabaseCopies.Open(path, SqliteOpenMode.ReadOnly);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT MigrationId FROM __EFMigrationsHistory ORDER BY MigrationId";
        try
        {
            using var reader = command.ExecuteReader();
            while (reader.Read()) applied.Add(reader.GetString(0));
        }
        catch (SqliteException e) when (e.SqliteErrorCode == NoSuchTable)
        {
            // Of another program.
        }
        return applied;
    }

    internal static string Advice(string dataFolder) => DatabaseCopies.ListAll(dataFolder) is [var newest, ..] copies
        ? $"The newest of {copies.Count} copies is of {newest.At:yyyy-MM-dd HH:mm} UTC; put it in place with: Workbench restore --from '{newest.Path}' --data '{dataFolder}'"
        : $"There is no copy of it in '{DatabaseCopies.FolderOf(dataFolder)}'. If you have a backup, restore it into an empty folder with: Workbench restore --from BACKUP --data FOLDER";
}
