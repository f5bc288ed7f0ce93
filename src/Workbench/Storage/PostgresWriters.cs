using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>One writes at a time, as SQLite has it: what a transaction has read, nobody changes before it ends. So the stores need not know which database they write to, and the chain of the audit log cannot fork.</summary>
/// <param name="held">Of the program that serves, which asks the server only while that answers; null for commands, which write beside it.</param>
public sealed class PostgresWriters(DatabaseLock? held) : DbCommandInterceptor, IDbTransactionInterceptor, IDbConnectionInterceptor
{
    // A turn is waited for longer than an answer; the server gives up first and says what was waited for.
    private const int TurnSeconds = DatabasePlace.LockSeconds + 5;

    // Of this program, within one database. The server lets go of it at the end of the transaction.
    private static readonly string Turn = $"SELECT pg_advisory_xact_lock({PostgresLocks.Writer.ToString(CultureInfo.InvariantCulture)})";

    public DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result)
    {
        held?.EnsureHeld();
        using var command = TurnFor(connection, result);
        command.ExecuteNonQuery();
        return result;
    }

    public async ValueTask<DbTransaction> TransactionStartedAsync(DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        held?.EnsureHeld();
        await using var command = TurnFor(connection, result);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return result;
    }

    public override InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        TakeTurn(command);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        TakeTurn(command);
        return ValueTask.FromResult(result);
    }

    // Before a connection is tried that takes seconds to fail.
    public InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        held?.EnsureHeld();
        return result;
    }

    public ValueTask<InterceptionResult> ConnectionOpeningAsync(DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(ConnectionOpening(connection, eventData, result));

    private static DbCommand TurnFor(DbConnection connection, DbTransaction transaction)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction, command.CommandTimeout) = (Turn, transaction, TurnSeconds);
        return command;
    }

    // A change that is one statement is its own transaction; several in one command are one, too.
    private void TakeTurn(DbCommand command)
    {
        if (command.Transaction is not null) return;
        held?.EnsureHeld();
        command.CommandTimeout = Math.Max(command.CommandTimeout, TurnSeconds);
        command.CommandText = $"{Turn};\n{command.CommandText}";
    }
}

/// <summary>Numbers of advisory locks, which hold within one database.</summary>
public static class PostgresLocks
{
    /// <summary>Of the one who writes, for a transaction.</summary>
    public const long Writer = 0x4D57_0001;

    /// <summary>Of the one program that serves, as long as it runs.</summary>
    public const long Program = 0x4D57_0002;
}
