using System.Data.Common;
using System.Globalization;
using Npgsql;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Keeps a second workbench out of the same database of a server, as <see cref="DataFolderLock"/> does for a folder: a lock of the session, which the server lets go of when the connection ends, however it does.</summary>
public sealed class DatabaseLock : IAsyncDisposable
{
    // What a program that was killed a moment ago held, its server lets go of as soon as it notices.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    // A server must not take a machine for alive for hours that has lost its power: then the lock would be held for nobody.
    private static readonly string Take = $"SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SELECT pg_try_advisory_lock({PostgresLocks.Program.ToString(CultureInfo.InvariantCulture)})";

    // With the second between two checks less than the five within which whoever asks is to be told that the server is away.
    private const int CheckSeconds = 2;

    private readonly DatabasePlace _place;
    private NpgsqlConnection? _connection;
    private volatile bool _isHeld, _isDisposed;

    private DatabaseLock(DatabasePlace place) => _place = place;

    /// <summary>Whether it was held when that was last looked at; the database is not asked while it is not.</summary>
    public bool IsHeld => _isHeld;

    /// <returns>The lock; null where another workbench holds it.</returns>
    /// <exception cref="DbException">The server does not answer, or refuses.</exception>
    public static async Task<DatabaseLock?> TryTakeAsync(DatabasePlace place, CancellationToken cancellationToken)
    {
        var taken = new DatabaseLock(place);
        var since = TimeProvider.System.GetTimestamp();
        do
        {
            if (await taken.TryAsync(cancellationToken)) return taken;
            await Task.Delay(BetweenAttempts, cancellationToken);
        }
        while (TimeProvider.System.GetElapsedTime(since) < Patience);
        await taken.DisposeAsync();
        return null;
    }

    /// <summary>Asks the server whether the connection is still there.</summary>
    /// <returns>Null, or why it is not.</returns>
    public async Task<Exception?> CheckAsync(CancellationToken cancellationToken)
    {
        if (!_isHeld || _connection is not { } connection) return new InvalidOperationException("It is not held.");
        var command = new NpgsqlCommand("SELECT 1", connection) { CommandTimeout = CheckSeconds };
        var asked = command.ExecuteScalarAsync(cancellationToken);
        try
        {
            // Not by the command's own patience alone: at its end it asks the server to cancel, which takes seconds more where that stands still.
            await asked.WaitAsync(TimeSpan.FromSeconds(CheckSeconds), cancellationToken);
            await command.DisposeAsync();
            return null;
        }
        catch (TimeoutException e)
        {
            _isHeld = false;
            _connection = null;
            _ = DisposeAfterAsync(asked, connection);
            return e;
        }
        catch (Exception e) when (e is DbException or InvalidOperationException or IOException)
        {
            _isHeld = false;
            return e;
        }
    }

    private static async Task DisposeAfterAsync(Task asked, NpgsqlConnection connection)
    {
        try
        {
            await asked;
        }
        catch (Exception e) when (e is DbException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // Nobody waits for it.
        }
        await connection.DisposeAsync();
    }

    /// <exception cref="NpgsqlException">It is not held.</exception>
    public void EnsureHeld()
    {
        if (!_isHeld) throw new NpgsqlException("The connection that keeps other workbenches out of the database is lost; until there is one again, the database is not asked.");
    }

    /// <summary>Tries to have it, by a new connection.</summary>
    /// <returns>Whether it is held now; not where another workbench, or the server for a connection that is gone, holds it.</returns>
    /// <exception cref="DbException">The server does not answer, or refuses.</exception>
    public async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        await LetGoAsync();
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var connection = await _place.ConnectAsync(cancellationToken);
        bool held;
        try
        {
            await using var command = new NpgsqlCommand(Take, connection);
            held = await command.ExecuteScalarAsync(cancellationToken) is true;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
        if (!held)
        {
            await connection.DisposeAsync();
            return false;
        }
        (_connection, _isHeld) = (connection, true);
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        return LetGoAsync();
    }

    private async ValueTask LetGoAsync()
    {
        _isHeld = false;
        if (Interlocked.Exchange(ref _connection, null) is { } connection) await connection.DisposeAsync();
    }
}

/// <summary>Looks whether the <see cref="DatabaseLock"/> is still held. Where it was lost, the database is not asked until it is there again; where another workbench has it, the program ends.</summary>
public sealed class DatabaseWatch(DatabaseLock held, StorageTrouble trouble, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<DatabaseWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    // Longer than a server takes to notice that a connection is gone.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DateTimeOffset? refusedSince = null;
        using var timer = new PeriodicTimer(Between, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (held.IsHeld)
            {
                if (await held.CheckAsync(stoppingToken) is { } lost) logger.LogError("The database does not answer, or has ended the connection: {Reason}", lost.Message);
                continue;
            }
            try
            {
                if (await held.TryAsync(stoppingToken))
                {
                    // Those of before are broken, and each would fail whoever is given it.
                    NpgsqlConnection.ClearAllPools();
                    trouble.Forget();
                    refusedSince = null;
                    logger.LogWarning("The database answers again");
                    continue;
                }
                refusedSince ??= time.GetUtcNow();
                if (time.GetUtcNow() - refusedSince < Patience) continue;
                logger.LogCritical("Another workbench has taken the database; this one ends");
                lifetime.StopApplication();
                return;
            }
            catch (Exception e) when (e is DbException or IOException or InvalidOperationException or TimeoutException)
            {
                // Not there yet.
                logger.LogDebug(e, "The database does not answer yet");
            }
        }
    }
}
