using Microsoft.Data.Sqlite;
using Npgsql;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>What a failure of the disk or of the database is for the one who asked.</summary>
/// <param name="Status">507 where there is no room, 503 where the disk or the database does not do its work.</param>
/// <param name="Title">In a few words.</param>
/// <param name="Detail">What it means, and what to do.</param>
public sealed record StorageFault(int Status, string Title, string Detail)
{
    // https://www.sqlite.org/rescode.html
    private const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NoDatabase = 26;

    // errno of Linux and macOS, as .NET gives it in HResult.
    private const int InputOutputErrno = 5, ReadOnlyErrno = 30;

    private static readonly StorageFault ServerAway = new(StatusCodes.Status503ServiceUnavailable, "Database unreachable", "The database server does not answer. What was asked for is not kept; try again in a moment.");

    private static readonly StorageFault ServerBusy = new(StatusCodes.Status503ServiceUnavailable, "Database busy", "The database was held by something else for too long. Nothing was changed; try again in a moment.");

    /// <returns>Null where neither disk nor database is to blame.</returns>
    public static StorageFault? Of(Exception fault)
    {
        for (var e = fault; e is not null; e = e.InnerException)
            switch (e)
            {
                // Whoever asked has gone; the server says the same of a command that took too long.
                case OperationCanceledException:
                    return null;
                case SqliteException { SqliteErrorCode: Full }:
                case IOException full when DiskSpace.IsFull(full):
                    return new StorageFault(StatusCodes.Status507InsufficientStorage, "Disk full", "The disk of the data folder is full. Nothing was changed; make room and try again.");
                case SqliteException { SqliteErrorCode: Busy or Locked }:
                    return new StorageFault(StatusCodes.Status503ServiceUnavailable, "Database busy", "The database was held by something else for too long. Nothing was changed; try again in a moment.");
                case SqliteException { SqliteErrorCode: ReadOnly or InputOutput or Corrupt or CannotOpen or NoDatabase }:
                case IOException { HResult: InputOutputErrno or ReadOnlyErrno }:
                    return new StorageFault(StatusCodes.Status503ServiceUnavailable, "Disk error", "The disk of the data folder answered with an error. What was asked for is not kept; the program's log says more.");
                case PostgresException refused:
                    return Of(refused);
                case NpgsqlException { InnerException: TimeoutException }:
                    return ServerBusy;
                case NpgsqlException:
                    return ServerAway;
            }
        return null;
    }

    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    private static StorageFault? Of(PostgresException refused) => refused.SqlState switch
    {
        PostgresErrorCodes.DiskFull => new StorageFault(StatusCodes.Status507InsufficientStorage, "Database disk full", "The disk of the database server is full. Nothing was changed; make room there and try again."),
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.TooManyConnections => ServerBusy,
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => ServerAway,
        // Of connections, of resources, of rights and read-only servers, of the server's own disk.
        ['0', '8', ..] or ['5', '3', ..] or ['2', '8', ..] or ['5', '8', ..] or ['X', 'X', ..] or ['3', 'D', ..] or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege =>
            new StorageFault(StatusCodes.Status503ServiceUnavailable, "Database error", $"The database server answered with an error ({refused.SqlState}). What was asked for is not kept; the program's log says more."),
        // What was asked is wrong, not the server.
        _ => null,
    };
}

/// <summary>Remembers when disk or database failed last, so that requests are sent elsewhere for a while.</summary>
public sealed class StorageTrouble(TimeProvider time)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private sealed record Noted(StorageFault Fault, DateTimeOffset At);

    private volatile Noted? _last;

    /// <summary>The failure of the last minute; null where there was none.</summary>
    public StorageFault? Recent => _last is { } last && time.GetUtcNow() - last.At < Remembered ? last.Fault : null;

    /// <summary>It is over: what failed is known to work again.</summary>
    public void Forget() => _last = null;

    /// <summary>Takes note of a failure.</summary>
    /// <returns>What it is for the one who asked; null where neither disk nor database is to blame.</returns>
    public StorageFault? Note(Exception exception)
    {
        if (StorageFault.Of(exception) is not { } fault) return null;
        _last = new Noted(fault, time.GetUtcNow());
        return fault;
    }
}
