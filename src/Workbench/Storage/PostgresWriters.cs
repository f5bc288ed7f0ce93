using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>One writes at a time, as SQLite has it: what a transaction has read, nobody changes before it ends. So the stores need not know which database they write to, and the chain of the audit log cannot fork.</summary>
/// <param name="held">Of the program that serves; null for commands, which write beside it.</param>
public sealed class PostgresWriters(DatabaseLock? held) : DbCommandInterceptor, IDbTransactionInterceptor
{
    // Of this program, within one database. The server lets go of it at the end of the transaction.
    private static readonly string Turn = $"SELECT pg_advisory_xact_lock({PostgresLocks.Writer.ToString(CultureInfo.InvariantCulture)})";

    public DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result)
    {
        Ensure();
        using var command = TurnFor(connection, result);
        command.ExecuteNonQuery();
        return result;
    }

    public async ValueTask<DbTransaction> TransactionStartedAsync(DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        Ensure();
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

    private static DbCommand TurnFor(DbConnection connection, DbTransaction transaction)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (Turn, transaction);
        return command;
    }

    // A change that is one statement is its own transaction; several in one command are one, too.
    private void TakeTurn(DbCommand command)
    {
        if (command.Transaction is not null) return;
        Ensure();
        command.CommandText = $"{Turn};\n{command.CommandText}";
    }

    private void Ensure()
    {
        if (held is { IsHeld: false }) throw new NpgsqlException("The connection that keeps other workbenches out of the database is lost; until there is one again, nothing is written.");
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
