using Microsoft.EntityFrameworkCore;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Frees the bytes of files that no row names any more: of deleted datasets, discarded experiments, models that were made anew.</summary>
/// <remarks>A file may be written a moment before the row that names it; only files that have not been touched for <see cref="Grace"/> are looked at.</remarks>
public sealed class ArtefactSweeper(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, TimeProvider time, ILogger<ArtefactSweeper> logger) : BackgroundService
{
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    /// <summary>Removes what nothing names.</summary>
    /// <param name="grace">Younger files stay.</param>
    /// <param name="cancellationToken">Looked at between files.</param>
    /// <returns>Bytes freed.</returns>
    public async Task<long> SweepAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        // A backup that is being written may need files that nothing names any more; they go the next time.
        using var noBackup = DataFolderLock.TryTake(artefacts.DataFolder, DataFolderLock.Backup);
        if (noBackup is null) return 0;
        // The files first: one that is written after this is not among them, whatever the rows say.
        var files = artefacts.All().ToList();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var named = await ArtefactNames.OfAsync(db, artefacts, cancellationToken);
        var (freed, count) = (0L, 0);
        foreach (var sha256 in files.Where(f => !named.Contains(f)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await artefacts.DeleteAsync(sha256, time.GetUtcNow() - grace, cancellationToken) is not { } bytes) continue;
            (freed, count) = (freed + bytes, count + 1);
        }
        if (count > 0) logger.LogInformation("Freed {Bytes} bytes of {Count} files that nothing names any more", freed, count);
        return freed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Grace, time);
        do
        {
            try
            {
                await SweepAsync(Grace, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Space that is not freed is no reason to stop serving.
                logger.LogWarning(e, "Unused files could not be removed; they are looked at again later");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
