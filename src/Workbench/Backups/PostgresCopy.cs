using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using ModelWorkbench.Workbench.Storage;
using Npgsql;
using NpgsqlTypes;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>Takes all rows of a PostgreSQL database to a file of SQLite, and of such a file to PostgreSQL: so every backup and copy is one file of one form, and leads from either database to either.</summary>
/// <remarks>It goes by the columns that are there, not by the model of this program: a copy is also made before the schema is changed. Both databases call a schema by the same name.</remarks>
public static class PostgresCopy
{
    private static readonly DateTimeOffsetToBinaryConverter Binary = new();

    /// <param name="IsIdentity">Whether the database counts it up by itself.</param>
    private sealed record Column(string Name, string Type, bool IsIdentity);

    /// <summary>Copies the database as it stands at one moment, while others read and write it.</summary>
    /// <param name="path">Of a file that is not there.</param>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    /// <exception cref="IOException">It has a schema that this program does not know.</exception>
    public static async Task ToFileAsync(DatabasePlace place, string path, CancellationToken cancellationToken)
    {
        await using var server = await place.ConnectAsync(cancellationToken);
        await using var moment = await server.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await ExecuteAsync(server, "SET TRANSACTION READ ONLY", cancellationToken);
        if (await PostgresSchema.AppliedAsync(server, cancellationToken) is not [.., var schema]) throw new IOException($"The database {place.Name} is not one of Model Workbench.");
        await using (var db = StorageSetup.Open(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }))
        {
            var migrator = db.GetService<IMigrator>();
            if (!db.GetService<IMigrationsAssembly>().Migrations.ContainsKey(schema)) throw new IOException($"The database {place.Name} has the schema {schema}, which this program does not know.");
            await migrator.MigrateAsync(schema, cancellationToken);
        }
        using var file = DatabaseCopies.Open(path, SqliteOpenMode.ReadWrite);
        // Nobody has it yet: it is flushed when it is whole.
        DatabaseCopies.Execute(file, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF");
        using var all = file.BeginTransaction();
        foreach (var (table, columns) in await ColumnsAsync(server, file, cancellationToken))
        {
            DatabaseCopies.Execute(file, $"DELETE FROM {Quoted(table)}");
            await WriteAsync(server, file, table, columns, cancellationToken);
            foreach (var counted in columns.Where(c => c.IsIdentity))
            {
                await using var last = new NpgsqlCommand("SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass)", server) { Parameters = { new() { Value = Quoted(table) }, new() { Value = counted.Name } } };
                if (await last.ExecuteScalarAsync(cancellationToken) is not long value) continue;
                using var sequence = file.CreateCommand();
                sequence.CommandText = "DELETE FROM sqlite_sequence WHERE name = $table; INSERT INTO sqlite_sequence (name, seq) VALUES ($table, $value)";
                sequence.Parameters.AddWithValue("$table", table);
                sequence.Parameters.AddWithValue("$value", value);
                sequence.ExecuteNonQuery();
            }
        }
        all.Commit();
    }

    /// <summary>Writes the rows of a file into tables that were just made.</summary>
    /// <param name="server">Within a transaction.</param>
    /// <param name="path">With the same schema.</param>
    public static async Task FromFileAsync(string path, NpgsqlConnection server, CancellationToken cancellationToken)
    {
        using var file = DatabaseCopies.Open(path, SqliteOpenMode.ReadOnly);
        var tables = await ColumnsAsync(server, file, cancellationToken);
        // Tables name each other in a ring: whether all are there is looked at when all are.
        var keys = await ForeignKeysAsync(server, cancellationToken);
        foreach (var (table, key) in keys) await ExecuteAsync(server, $"ALTER TABLE {Quoted(table)} ALTER CONSTRAINT {Quoted(key)} DEFERRABLE INITIALLY DEFERRED", cancellationToken);
        // What the schema itself put there.
        foreach (var (table, _) in tables) await ExecuteAsync(server, $"DELETE FROM {Quoted(table)}", cancellationToken);
        foreach (var (table, columns) in tables)
        {
            await ReadAsync(file, server, table, columns, cancellationToken);
            foreach (var counted in columns.Where(c => c.IsIdentity))
            {
                using var last = file.CreateCommand();
                last.CommandText = $"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = $table), 0), coalesce((SELECT max({Quoted(counted.Name)}) FROM {Quoted(table)}), 0))";
                last.Parameters.AddWithValue("$table", table);
                var value = Convert.ToInt64(last.ExecuteScalar(), CultureInfo.InvariantCulture);
                await using var sequence = new NpgsqlCommand("SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3, $4)", server) { Parameters = { new() { Value = Quoted(table) }, new() { Value = counted.Name }, new() { Value = Math.Max(1, value) }, new() { Value = value > 0 } } };
                await sequence.ExecuteNonQueryAsync(cancellationToken);
            }
        }
        await ExecuteAsync(server, "SET CONSTRAINTS ALL IMMEDIATE", cancellationToken);
        foreach (var (table, key) in keys) await ExecuteAsync(server, $"ALTER TABLE {Quoted(table)} ALTER CONSTRAINT {Quoted(key)} NOT DEFERRABLE", cancellationToken);
    }

    private static async Task WriteAsync(NpgsqlConnection server, SqliteConnection file, string table, IReadOnlyList<Column> columns, CancellationToken cancellationToken)
    {
        var names = string.Join(", ", columns.Select(c => Quoted(c.Name)));
        using var insert = file.CreateCommand();
        insert.CommandText = $"INSERT INTO {Quoted(table)} ({names}) VALUES ({string.Join(", ", columns.Select((_, i) => $"$p{i}"))})";
        var parameters = columns.Select((_, i) => insert.Parameters.Add(new SqliteParameter($"$p{i}", DBNull.Value))).ToArray();
        // In the order of its first column, so that two copies of the same rows are the same.
        await using var select = new NpgsqlCommand($"SELECT {names} FROM {Quoted(table)} ORDER BY 1", server) { CommandTimeout = 0 };
        await using var rows = await select.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            for (var i = 0; i < parameters.Length; i++)
            {
                parameters[i].Value = rows.IsDBNull(i) ? DBNull.Value : columns[i].Type switch
                {
                    "bool" => rows.GetBoolean(i) ? 1L : 0L,
                    "timestamptz" => Binary.ConvertToProvider(rows.GetFieldValue<DateTimeOffset>(i))!,
                    // Of Identity's own, which EF writes as JSON itself.
                    "jsonb" => rows.GetString(i),
                    "text" => PostgresText.Read(rows.GetString(i)),
                    "int4" => (long)rows.GetInt32(i),
                    _ => rows.GetValue(i),
                };
            }
            insert.ExecuteNonQuery();
        }
    }

    private static async Task ReadAsync(SqliteConnection file, NpgsqlConnection server, string table, IReadOnlyList<Column> columns, CancellationToken cancellationToken)
    {
        var names = string.Join(", ", columns.Select(c => Quoted(c.Name)));
        using var select = file.CreateCommand();
        select.CommandTimeout = 0;
        select.CommandText = $"SELECT {names} FROM {Quoted(table)}";
        using var rows = select.ExecuteReader();
        await using var into = await server.BeginBinaryImportAsync($"COPY {Quoted(table)} ({names}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        while (rows.Read())
        {
            await into.StartRowAsync(cancellationToken);
            for (var i = 0; i < columns.Count; i++)
            {
                if (rows.IsDBNull(i)) await into.WriteNullAsync(cancellationToken);
                else await (columns[i].Type switch
                {
                    "bool" => into.WriteAsync(rows.GetInt64(i) != 0, NpgsqlDbType.Boolean, cancellationToken),
                    "timestamptz" => into.WriteAsync(((DateTimeOffset)Binary.ConvertFromProvider(rows.GetInt64(i))!).ToUniversalTime(), NpgsqlDbType.TimestampTz, cancellationToken),
                    "jsonb" => into.WriteAsync(rows.GetString(i), NpgsqlDbType.Jsonb, cancellationToken),
                    "text" => into.WriteAsync(PostgresText.Write(rows.GetString(i)), NpgsqlDbType.Text, cancellationToken),
                    "int4" => into.WriteAsync(checked((int)rows.GetInt64(i)), NpgsqlDbType.Integer, cancellationToken),
                    "int8" => into.WriteAsync(rows.GetInt64(i), NpgsqlDbType.Bigint, cancellationToken),
                    "float8" => into.WriteAsync(rows.GetDouble(i), NpgsqlDbType.Double, cancellationToken),
                    _ => into.WriteAsync(rows.GetFieldValue<byte[]>(i), NpgsqlDbType.Bytea, cancellationToken),
                });
            }
        }
        await into.CompleteAsync(cancellationToken);
    }

    /// <summary>The tables of the file with their columns as the server has them.</summary>
    private static async Task<IReadOnlyList<(string Table, IReadOnlyList<Column> Columns)>> ColumnsAsync(NpgsqlConnection server, SqliteConnection file, CancellationToken cancellationToken)
    {
        List<string> tables = [];
        using (var list = file.CreateCommand())
        {
            list.CommandText = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_EF%' ESCAPE '\\' ORDER BY name";
            using var names = list.ExecuteReader();
            while (names.Read()) tables.Add(names.GetString(0));
        }
        List<(string, IReadOnlyList<Column>)> all = [];
        foreach (var table in tables)
        {
            List<Column> columns = [];
            await using (var select = new NpgsqlCommand("SELECT a.attname, t.typname, a.attidentity <> '' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum", server) { Parameters = { new() { Value = Quoted(table) } } })
            await using (var rows = await select.ExecuteReaderAsync(cancellationToken))
                while (await rows.ReadAsync(cancellationToken)) columns.Add(new Column(rows.GetString(0), rows.GetString(1), rows.GetBoolean(2)));
            using var info = file.CreateCommand();
            info.CommandText = "SELECT name FROM pragma_table_info($table)";
            info.Parameters.AddWithValue("$table", table);
            List<string> expected = [];
            using (var names = info.ExecuteReader())
                while (names.Read()) expected.Add(names.GetString(0));
            if (!columns.Select(c => c.Name).Order(StringComparer.Ordinal).SequenceEqual(expected.Order(StringComparer.Ordinal)))
                throw new IOException($"The table {table} has the columns {string.Join(", ", columns.Select(c => c.Name))} in PostgreSQL; expected {string.Join(", ", expected)}.");
            if (columns.FirstOrDefault(c => c.Type is not ("bool" or "timestamptz" or "text" or "jsonb" or "int4" or "int8" or "float8" or "bytea")) is { } strange) throw new IOException($"The column {table}.{strange.Name} has the type {strange.Type}, which cannot be copied.");
            all.Add((table, columns));
        }
        return all;
    }

    private static async Task<IReadOnlyList<(string Table, string Key)>> ForeignKeysAsync(NpgsqlConnection server, CancellationToken cancellationToken)
    {
        List<(string, string)> keys = [];
        await using var select = new NpgsqlCommand("SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace ORDER BY 1, 2", server);
        await using var rows = await select.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) keys.Add((rows.GetString(0), rows.GetString(1)));
        return keys;
    }

    private static string Quoted(string name) => PostgresSchema.Quoted(name);

    private static Task ExecuteAsync(NpgsqlConnection server, string sql, CancellationToken cancellationToken) => PostgresSchema.ExecuteAsync(server, sql, cancellationToken);
}
