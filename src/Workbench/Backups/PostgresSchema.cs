using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Storage;
using Npgsql;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>The schema of a PostgreSQL database: looked at, made, changed, replaced. PostgreSQL changes it in one transaction: there is the old one or the new one, whatever ends the program.</summary>
public static class PostgresSchema
{
    private const int OldestServer = 13;

    // It may be there, and empty, after a first start that was ended.
    private const string History = "__EFMigrationsHistory";

    // What binds a database to the folder with the files that it names: with another folder, those files would look like nobody's.
    private const string IdentityTable = "WorkbenchFolder";
    private const string IdentityFile = "database-id";

    /// <returns>Why the program cannot work with this database, for people; null where it can. The database is left as it was then.</returns>
    public static async Task<string?> PrepareAsync(DatabasePlace place, CancellationToken cancellationToken)
    {
        try
        {
            await using var db = place.Open();
            var known = db.Database.GetMigrations().ToArray();
            await using var server = await place.ConnectAsync(cancellationToken);
            if (await WhyNotServerAsync(place, server, cancellationToken) is { } unfit) return unfit;
            var applied = await AppliedAsync(server, cancellationToken);
            if (applied.Count == 0)
            {
                if ((await TablesAsync(server, cancellationToken)).FirstOrDefault(t => t != History) is { } other) return $"The database {place.Name} is not one of Model Workbench: it holds the table {other}, and no list of schema changes. It was left as it is; expected an empty database, or one of a workbench.";
                if (WhyNotBegin(place) is { } inUse) return inUse;
            }
            else
            {
                if (WhyNotKnown(place, applied, known) is { } newer) return newer;
                if (await WhyNotOursAsync(place, server, cancellationToken) is { } foreign) return foreign;
                if (applied.Count < known.Length) await DatabaseCopies.CopyBeforeAsync(place, applied[^1], known[^1], cancellationToken);
            }
            if (applied.Count < known.Length) await db.Database.MigrateAsync(cancellationToken);
            await BindAsync(place.DataFolder, server, cancellationToken);
            return null;
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            return Unreachable(place, e);
        }
    }

    /// <summary>For commands, which change no schema.</summary>
    public static async Task<string?> WhyNotUseAsync(DatabasePlace place, CancellationToken cancellationToken)
    {
        try
        {
            await using var db = place.Open();
            await using var server = await place.ConnectAsync(cancellationToken);
            var applied = await AppliedAsync(server, cancellationToken);
            if (applied.Count == 0) return $"There is no workbench in the database {place.Name}. Start one there first, or look at the setting Workbench:Database.";
            return applied[^1] != db.Database.GetMigrations().Last()
                ? $"The database {place.Name} has the schema {applied[^1]}, this program (version {Api.ManagementApi.ProgramVersion}) has {db.Database.GetMigrations().Last()}. Start the workbench of this version on it once, or use the newer program."
                : await WhyNotOursAsync(place, server, cancellationToken);
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            return Unreachable(place, e);
        }
    }

    /// <summary>For people, with the server's words; it does not name passwords.</summary>
    public static string Unreachable(DatabasePlace place, Exception e) => $"The database {place.Name} cannot be used: {e.Message.TrimEnd('.')}. Look at the setting Workbench:Database, and whether the server runs and lets this machine in.";

    /// <summary>Makes the tables, or sets those aside that are there, and fills them with the rows of a file: all in one transaction.</summary>
    /// <param name="file">A database of SQLite of ours to change: it is brought to the schema of this program.</param>
    /// <param name="mayReplace">Whether tables that are there are set aside, rather than that nothing is done.</param>
    /// <returns>The schema of the database that holds what was there; null where there was nothing.</returns>
    /// <exception cref="BackupException">It cannot be done; then nothing is changed.</exception>
    public static async Task<string?> FillAsync(DatabasePlace place, string file, bool mayReplace, CancellationToken cancellationToken)
    {
        try
        {
            await using (var source = StorageSetup.Open(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }))
            {
                if (DatabaseStart.SchemaOf(file) is var found && !source.Database.GetMigrations().Contains(found)) throw new BackupException($"The backup has the schema {found}, which this program (version {Api.ManagementApi.ProgramVersion}) does not know; restore it with the newer program.");
                await source.Database.MigrateAsync(cancellationToken);
            }
            await using var held = await DatabaseLock.TryTakeAsync(place, cancellationToken) ?? throw new BackupException($"A workbench runs on the database {place.Name}. Stop it first.");
            await using var server = await place.ConnectAsync(cancellationToken);
            if (await WhyNotServerAsync(place, server, cancellationToken) is { } unfit) throw new BackupException(unfit);
            await using var all = await server.BeginTransactionAsync(cancellationToken);
            string? aside = null;
            if (await TablesAsync(server, cancellationToken) is var tables && tables.Any(t => t != History))
            {
                if (!mayReplace) throw new BackupException($"The database {place.Name} is not empty; expected an empty one, so that nothing is written over. Make another (createdb), and name it in the setting Workbench:Database.");
                aside = $"replaced_{TimeProvider.System.GetUtcNow().ToString("yyyyMMdd_HHmmss", CultureInfo.InvariantCulture)}";
                await ExecuteAsync(server, $"CREATE SCHEMA {Quoted(aside)}", cancellationToken);
                foreach (var table in tables) await ExecuteAsync(server, $"ALTER TABLE {Quoted(table)} SET SCHEMA {Quoted(aside)}", cancellationToken);
                // The triggers of the tables go with them; what they call would be made anew under the same name.
                foreach (var function in await FunctionsAsync(server, cancellationToken)) await ExecuteAsync(server, $"ALTER FUNCTION {Quoted(function)}() SET SCHEMA {Quoted(aside)}", cancellationToken);
            }
            await using (var db = place.Open()) await ExecuteAsync(server, db.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.NoTransactions), cancellationToken);
            await PostgresCopy.FromFileAsync(file, server, cancellationToken);
            await BindAsync(place.DataFolder, server, cancellationToken);
            await all.CommitAsync(cancellationToken);
            return aside;
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            throw new BackupException(Unreachable(place, e), e);
        }
    }

    /// <summary>The changes of the schema that were made to it, in order; none where it is not ours.</summary>
    public static async Task<IReadOnlyList<string>> AppliedAsync(NpgsqlConnection server, CancellationToken cancellationToken)
    {
        List<string> applied = [];
        await using (var look = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", server) { Parameters = { new() { Value = Quoted(History) } } })
            if (await look.ExecuteScalarAsync(cancellationToken) is not true) return applied;
        await using var select = new NpgsqlCommand($"SELECT \"MigrationId\" FROM {Quoted(History)} ORDER BY \"MigrationId\" COLLATE \"C\"", server);
        await using var rows = await select.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) applied.Add(rows.GetString(0));
        return applied;
    }

    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    internal static async Task ExecuteAsync(NpgsqlConnection server, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, server) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<string?> WhyNotServerAsync(DatabasePlace place, NpgsqlConnection server, CancellationToken cancellationToken)
    {
        if (server.PostgreSqlVersion.Major < OldestServer) return $"The server of the database {place.Name} is PostgreSQL {server.PostgreSqlVersion}; expected {OldestServer} or newer.";
        await using var command = new NpgsqlCommand("SELECT current_setting('server_encoding'), pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, current_schema(), current_setting('synchronous_commit') = 'off' OR current_setting('fsync') = 'off'", server);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        if (row.GetString(0) != "UTF8") return $"The database {place.Name} keeps text as {row.GetString(0)}; expected UTF8: createdb --encoding UTF8 --template template0.";
        if (row.GetBoolean(1)) return $"The database {place.Name} can only be read; expected one that can be written: the primary, not its standby.";
        if (row.IsDBNull(2)) return $"There is no schema in the database {place.Name} that tables could be made in; expected one, such as public, in the user's search_path.";
        if (row.GetBoolean(3)) await Console.Error.WriteLineAsync($"The server of the database {place.Name} does not wait for its disk (fsync or synchronous_commit is off): what was acknowledged may be gone after a loss of power.");
        return null;
    }

    private static string? WhyNotKnown(DatabasePlace place, IReadOnlyList<string> applied, string[] known) =>
        applied.Except(known, StringComparer.Ordinal).Order(StringComparer.Ordinal).LastOrDefault() is { } newer
            ? $"The database {place.Name} was written by a newer program: its schema is {newer}, this program (version {Api.ManagementApi.ProgramVersion}) knows the schemas up to {known[^1]}. Start the newer program, or restore a copy that was made before the change. {DatabaseStart.Advice(place.DataFolder)}"
            : null;

    // A data folder that has something of its own belongs to another database.
    private static string? WhyNotBegin(DatabasePlace place)
    {
        var artefacts = Path.Combine(place.DataFolder, BackupManifest.Artefacts);
        if (File.Exists(StorageSetup.DatabaseFile(place.DataFolder)))
            return $"The database {place.Name} is empty, but the data folder has a database of SQLite, '{StorageSetup.DatabaseFile(place.DataFolder)}'. To move to PostgreSQL, make a backup with the setting Workbench:Database empty, and restore it into another folder with it set; see the README.";
        return Directory.Exists(artefacts) && Directory.EnumerateFiles(artefacts, "*", SearchOption.AllDirectories).Any()
            ? $"The database {place.Name} is empty, but the data folder '{place.DataFolder}' holds files that another database named. Look at the setting Workbench:Database, or choose an empty folder. {DatabaseStart.Advice(place.DataFolder)}"
            : null;
    }

    private static async Task<string?> WhyNotOursAsync(DatabasePlace place, NpgsqlConnection server, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand($"SELECT \"Id\" FROM {Quoted(IdentityTable)}", server);
        if (await select.ExecuteScalarAsync(cancellationToken) is not string bound) return null;
        var path = Path.Combine(place.DataFolder, IdentityFile);
        var found = File.Exists(path) ? (await File.ReadAllTextAsync(path, cancellationToken)).Trim() : null;
        return found == bound ? null : $"The database {place.Name} belongs to another data folder than '{place.DataFolder}': its id is {bound}, '{path}' {(found is null ? "is not there" : $"says {found}")}. Name the folder that belongs to it by --data, or a database of its own in the setting Workbench:Database.";
    }

    private static async Task BindAsync(string dataFolder, NpgsqlConnection server, CancellationToken cancellationToken)
    {
        var path = Path.Combine(dataFolder, IdentityFile);
        if (!File.Exists(path))
        {
            var part = path + ".part";
            await File.WriteAllTextAsync(part, Guid.NewGuid().ToString(), cancellationToken);
            DurableFile.Flush(part);
            DurableFile.Move(part, path);
        }
        await using var command = new NpgsqlCommand($"INSERT INTO {Quoted(IdentityTable)} (\"Id\") SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM {Quoted(IdentityTable)})", server) { Parameters = { new() { Value = (await File.ReadAllTextAsync(path, cancellationToken)).Trim() } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static Task<IReadOnlyList<string>> TablesAsync(NpgsqlConnection server, CancellationToken cancellationToken) =>
        NamesAsync(server, "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname", cancellationToken);

    private static Task<IReadOnlyList<string>> FunctionsAsync(NpgsqlConnection server, CancellationToken cancellationToken) =>
        NamesAsync(server, "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prorettype = 'trigger'::regtype AND proname LIKE 'AuditEntries%' ORDER BY proname", cancellationToken);

    private static async Task<IReadOnlyList<string>> NamesAsync(NpgsqlConnection server, string sql, CancellationToken cancellationToken)
    {
        List<string> names = [];
        await using var select = new NpgsqlCommand(sql, server);
        await using var rows = await select.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) names.Add(rows.GetString(0));
        return names;
    }
}
