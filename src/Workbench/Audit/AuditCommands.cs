namespace ModelWorkbench.Workbench.Audit;

/// <summary>The audit log on the command line; beside a running workbench, or without one.</summary>
public static class AuditCommands
{
    private const int Broken = 1;

    /// <returns>The exit code: 0 where all entries fit, 1 where one does not.</returns>
    public static async Task<int> VerifyAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var check = await services.GetRequiredService<AuditLog>().VerifyAsync(cancellationToken);
        await (check.IsIntact ? Console.Out : Console.Error).WriteLineAsync(check.Describe());
        return check.IsIntact ? 0 : Broken;
    }

    /// <summary>Prints a line of JSON an entry.</summary>
    public static async Task<int> ExportAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await foreach (var row in services.GetRequiredService<AuditLog>().ReadAllAsync(cancellationToken)) Console.WriteLine(AuditLog.LineOf(row));
        return 0;
    }
}
