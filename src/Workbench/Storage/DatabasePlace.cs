using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Settings;
using Npgsql;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Where the facts are: in a file of SQLite in the data folder, or in a database of a PostgreSQL server. The files that they name are in the data folder either way.</summary>
public sealed class DatabasePlace
{
    /// <summary>How long the one who writes waits for a turn.</summary>
    public const int LockSeconds = 25;

    // For a connection, and for asking the server to cancel what nobody waits for any more: whoever asked is to be told within five seconds that it stands still.
    private const int ConnectSeconds = 2;

    private const int PostgresPort = 5432;

    private readonly NpgsqlConnectionStringBuilder? _server;

    /// <param name="dataFolder">Where the files are.</param>
    /// <param name="connection">Connection string of PostgreSQL; empty for the file of SQLite.</param>
    /// <exception cref="ArgumentException">It is no connection string; <see cref="WhyNot"/> says why.</exception>
    public DatabasePlace(string dataFolder, string connection = "")
    {
        DataFolder = dataFolder;
        if (connection.Length > 0) _server = Completed(new NpgsqlConnectionStringBuilder(connection));
    }

    public string DataFolder { get; }

    /// <summary>Whether it is PostgreSQL.</summary>
    public bool IsServer => _server is not null;

    /// <summary>With the password.</summary>
    /// <exception cref="InvalidOperationException">It is a file.</exception>
    public string Connection => _server?.ToString() ?? throw new InvalidOperationException("The database is a file of SQLite.");

    /// <summary>For people, in quotation marks where it is a name; without user and password.</summary>
    public string Name => _server is null ? $"'{StorageSetup.DatabaseFile(DataFolder)}'" : $"'{_server.Database}' on {_server.Host}{(_server.Port == PostgresPort ? "" : $":{_server.Port.ToString(CultureInfo.InvariantCulture)}")}";

    /// <summary>What can be said of a connection string to people and in logs.</summary>
    public static string Shown(string connection)
    {
        if (connection.Length == 0) return "";
        if (WhyNot(connection) is not null) return "(not readable)";
        var found = new NpgsqlConnectionStringBuilder(connection);
        return new NpgsqlConnectionStringBuilder { Host = found.Host, Port = found.Port, Database = found.Database, Username = found.Username, SslMode = found.SslMode }.ToString();
    }

    /// <summary>Why a connection string cannot be used.</summary>
    /// <returns>What was found, without quoting it, as it holds a password; null where it can be used.</returns>
    public static string? WhyNot(string connection)
    {
        try
        {
            var found = new NpgsqlConnectionStringBuilder(connection);
            return string.IsNullOrWhiteSpace(found.Host) ? "names no Host" : string.IsNullOrWhiteSpace(found.Database) ? "names no Database" : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or OverflowException or InvalidCastException)
        {
            return connection.Contains("://", StringComparison.Ordinal) ? "is a URL" : $"cannot be read ({e.Message.Split('\n', '(')[0].Trim().TrimEnd('.')})";
        }
    }

    /// <summary>A database outside the program's services: before it starts, or in a command.</summary>
    public AppDb Open() => _server is null
        ? StorageSetup.Open(new SqliteConnectionStringBuilder { DataSource = StorageSetup.DatabaseFile(DataFolder), Pooling = false })
        : StorageSetup.OpenServer(new NpgsqlConnectionStringBuilder(Connection) { Pooling = false }.ToString());

    /// <summary>A connection of its own to the server, which nobody else is given when it is closed.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Connection) { Pooling = false }.ToString());
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Bytes that the database takes.</summary>
    public async Task<long> SizeAsync(CancellationToken cancellationToken)
    {
        if (_server is null) return new DirectoryInfo(DataFolder).GetFiles("workbench.db*").Sum(f => f.Exists ? f.Length : 0);
        await using var connection = await ConnectAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static DatabasePlace Of(WorkbenchOptions settings, string dataFolder) => new(dataFolder, settings.Database);

    private static NpgsqlConnectionStringBuilder Completed(NpgsqlConnectionStringBuilder server)
    {
        server.ApplicationName ??= "Model Workbench";
        server.Options = $"{server.Options} -c lock_timeout={LockSeconds}s".Trim();
        if (!server.ShouldSerialize("Timeout")) server.Timeout = ConnectSeconds;
        // Each kind of encryption that is tried first waits as long again.
        if (!server.ShouldSerialize("GSS Encryption Mode")) server.GssEncryptionMode = GssEncryptionMode.Disable;
        // Values of rows and parameters in messages would end up in logs.
        (server.IncludeErrorDetail, server.PersistSecurityInfo, server.LogParameters) = (false, false, false);
        // A transaction of ours is never a part of somebody else's.
        server.Enlist = false;
        return server;
    }
}
