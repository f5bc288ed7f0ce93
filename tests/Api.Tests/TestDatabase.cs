using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using ModelWorkbench.Workbench.Storage;
using Npgsql;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The database of a test: SQLite in its data folder; where WORKBENCH_TEST_POSTGRES holds the connection string of a PostgreSQL server, one of its own there, which goes with the folder.</summary>
public static class TestDatabase
{
    private static readonly string Everywhere = Environment.GetEnvironmentVariable("WORKBENCH_TEST_POSTGRES") ?? "";
    private static readonly ConcurrentDictionary<string, string> Servers = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string> Made = new(StringComparer.Ordinal);

    static TestDatabase() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Drop("/");

    /// <summary>Whether tests run on a server that say nothing else.</summary>
    public static bool IsServer => Everywhere.Length > 0;

    /// <summary>Leaves a test out that is about the file of SQLite itself.</summary>
    public static void SkipOnServer(string why) => Assert.SkipWhen(IsServer, $"On PostgreSQL: {why}");

    /// <summary>Data folders below this one have their databases on a server.</summary>
    public static void Use(string folder, string server) => Servers[Path.GetFullPath(folder)] = server;

    /// <summary>The setting Workbench:Database for a data folder; the database is made where it is not there.</summary>
    public static string ConnectionOf(string dataFolder)
    {
        var path = Path.GetFullPath(dataFolder);
        var server = Servers.FirstOrDefault(s => IsBelow(path, s.Key)).Value ?? Everywhere;
        return server.Length == 0 ? "" : Made.GetOrAdd(path, _ =>
        {
            var name = "test_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..16];
            OnServer(server, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)", $"CREATE DATABASE {name}");
            return new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 }.ToString();
        });
    }

    public static DatabasePlace PlaceOf(string dataFolder) => new(dataFolder, ConnectionOf(dataFolder));

    /// <summary>A connection past the program.</summary>
    public static DbConnection Open(string dataFolder)
    {
        DbConnection connection = ConnectionOf(dataFolder) is { Length: > 0 } server
            ? new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ToString())
            : new SqliteConnection($"Data Source={StorageSetup.DatabaseFile(dataFolder)};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>Changes something past the program.</summary>
    public static void Execute(string dataFolder, string sql)
    {
        using var connection = Open(dataFolder);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The first value that a query gives.</summary>
    public static object? Ask(string dataFolder, string sql)
    {
        using var connection = Open(dataFolder);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>Removes the databases of the data folders below a folder.</summary>
    public static void Drop(string folder)
    {
        foreach (var (path, connection) in Made.Where(m => IsBelow(m.Key, folder)).ToArray())
        {
            Made.TryRemove(path, out _);
            var name = new NpgsqlConnectionStringBuilder(connection).Database;
            try
            {
                OnServer(new NpgsqlConnectionStringBuilder(connection) { Database = "postgres" }.ToString(), $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            }
            catch (NpgsqlException)
            {
                // The server went before it, with all its databases.
            }
        }
        Servers.TryRemove(folder, out _);
    }

    private static bool IsBelow(string path, string folder) => folder == "/" || path == folder || path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static void OnServer(string server, params string[] statements)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ToString());
        connection.Open();
        foreach (var sql in statements)
        {
            using var command = new NpgsqlCommand(sql, connection);
            command.ExecuteNonQuery();
        }
    }
}
