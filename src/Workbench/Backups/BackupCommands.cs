using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>Backup and restore on the command line.</summary>
public static class BackupCommands
{
    private const int Failed = 1;

    /// <returns>The exit code: 0, or 1 where the backup could not be made or is not whole.</returns>
    public static async Task<int> BackupAsync(IServiceProvider services, string to, CancellationToken cancellationToken)
    {
        try
        {
            var manifest = await Backup.MakeAsync(services.GetRequiredService<DatabasePlace>(), to, services.GetRequiredService<TimeProvider>(), cancellationToken);
            await services.GetRequiredService<AuditLog>().RecordAsync("backup", to, new { manifest.At, files = manifest.Files.Count, missing = manifest.Missing.Count }, manifest.Missing.Count == 0 ? AuditResult.Ok : AuditResult.Failed, cancellationToken: cancellationToken);
            Console.WriteLine($"Backup of {manifest.At:yyyy-MM-dd HH:mm:ss} UTC in {to}: {Figures.Count(manifest.Files.Count, "file")}, {Figures.Bytes(manifest.Files.Sum(f => f.Bytes))}, read back and every hash fits.");
            if (manifest.Missing.Count == 0) return 0;
            await Console.Error.WriteLineAsync($"It is not whole: {Figures.Count(manifest.Missing.Count, "file")} that the database names {(manifest.Missing.Count == 1 ? "was" : "were")} missing or damaged:");
            foreach (var sha256 in manifest.Missing) await Console.Error.WriteLineAsync($"  {sha256}");
            return Failed;
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"No backup was made. {e.Message}");
            return Failed;
        }
    }

    public static async Task<int> RestoreAsync(string from, DatabasePlace place, bool partial, CancellationToken cancellationToken)
    {
        var dataFolder = place.DataFolder;
        var into = place.IsServer ? $"{dataFolder} and the database {place.Name}" : dataFolder;
        try
        {
            if (File.Exists(from) && !Backup.IsTar(from))
            {
                var aside = await Restore.DatabaseAsync(from, place, partial, cancellationToken);
                Console.WriteLine($"The database of {into} is the copy {from} now.{(aside is null ? "" : $" The one that was there is {aside}.")}");
                return 0;
            }
            var manifest = await Restore.IntoEmptyAsync(from, place, partial, cancellationToken);
            Console.WriteLine($"Restored the state of {manifest.At:yyyy-MM-dd HH:mm:ss} UTC into {into}: {Figures.Count(manifest.Files.Count, "file")}, every hash fits, the database holds together. Audit log: {Figures.Count(manifest.AuditCount, "entry", "entries")}, head {manifest.AuditHead}.");
            return 0;
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"Nothing was restored. {e.Message}");
            return Failed;
        }
    }
}
