using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>Makes a copy of the database a day.</summary>
public sealed class BackupSchedule(DatabaseCopies copies, IOptions<WorkbenchOptions> options, TimeProvider time, ILogger<BackupSchedule> logger) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromDays(1);
    private static readonly TimeSpan Looks = TimeSpan.FromMinutes(5);

    /// <summary>Why the last attempt came to nothing; null where it did not.</summary>
    public string? Failure { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.DailyDatabaseCopies == 0) return;
        using var timer = new PeriodicTimer(Looks, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await LookAsync(stoppingToken);
    }

    /// <summary>Makes a copy where the last one is a day old.</summary>
    /// <returns>Whether one was made.</returns>
    public async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        if (copies.List() is [var newest, ..] && time.GetUtcNow() - newest.At < Between) return false;
        try
        {
            await copies.MakeAsync(options.Value.DailyDatabaseCopies, cancellationToken);
            Failure = null;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Data.Common.DbException or Microsoft.EntityFrameworkCore.DbUpdateException)
        {
            logger.LogError(e, "The daily copy of the database could not be made; it is tried again in {Minutes} minutes", Looks.TotalMinutes);
            Failure = e.Message;
            return false;
        }
    }
}
