using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Health;

/// <param name="Kind">experiment, import or batch.</param>
/// <param name="Id">In its address.</param>
/// <param name="Text">What it is about.</param>
/// <param name="Status">running or queued.</param>
public sealed record WorkItem(string Kind, int Id, string Text, string Status);

/// <param name="Kind">What the bytes are.</param>
/// <param name="Files">How many.</param>
public sealed record DiskUse(string Kind, long Bytes, int Files);

/// <param name="FreeBytes">On the disk of the data folder.</param>
/// <param name="FloorBytes">Below it the program is not ready.</param>
public sealed record DiskState(long FreeBytes, long TotalBytes, long FloorBytes, IReadOnlyList<DiskUse> Uses);

/// <param name="ProcessBytes">Resident memory of the web process.</param>
/// <param name="ManagedBytes">Of it, the managed heap.</param>
/// <param name="AvailableBytes">What the system or container gives the process.</param>
/// <param name="TrainingLimitBytes">At which a training process is ended.</param>
public sealed record MemoryState(long ProcessBytes, long ManagedBytes, long AvailableBytes, long TrainingLimitBytes);

/// <param name="Kind">SQLite or PostgreSQL, and which.</param>
/// <param name="Copies">That are kept.</param>
/// <param name="NewestCopyAt">Null where there is none.</param>
/// <param name="CopyFailure">Why the last daily copy came to nothing; null where it did not.</param>
public sealed record DatabaseState(string Kind, long Bytes, string Schema, int Copies, DateTimeOffset? NewestCopyAt, string? NewestCopyFile, string? CopyFailure, long AuditEntries, string AuditHead);

/// <summary>The keys that cookies of signed-in browsers are sealed with.</summary>
/// <param name="EncryptedAtRest">Whether all of them are; who can read the files of those that are not can sign in as anybody.</param>
public sealed record KeyRingState(int Count, DateTimeOffset? NewestAt, bool EncryptedAtRest);

/// <param name="WhyNot">Why it cannot be used here; null where it can.</param>
public sealed record TrainerState(string Id, string Name, string? WhyNot);

/// <summary>How the program is and what it has to do: for whoever operates it.</summary>
public sealed record SystemReport(string Version, string Runtime, DateTimeOffset StartedAt, double UptimeSeconds, ReadinessReport Readiness, IReadOnlyList<ServiceFault> Faults, IReadOnlyList<string> SilentEndpoints, IReadOnlyList<PersonOnline> People, IReadOnlyList<WorkItem> Work,
    DiskState Disk, MemoryState Memory, ModelMemoryState Models, DatabaseState Database, KeyRingState Keys, IReadOnlyDictionary<string, string> Settings, IReadOnlyList<TrainerState> Trainers);

/// <summary>Gathers the <see cref="SystemReport"/>.</summary>
public sealed class SystemReader(IDbContextFactory<AppDb> databases, DatabasePlace place, Readiness readiness, ServiceWatch watch, LiveModels models, ModelMemory modelMemory, OpenPages pages, ArtefactStore artefacts, DatabaseCopies copies, BackupSchedule schedule, AuditLog audit, IOptions<WorkbenchOptions> options, TimeProvider time)
{
    // What is below the data folder, and what it is called for people.
    private static readonly (string Folder, string Kind)[] Folders =
        [("artefacts", "Data, models and reports"), ("backups", "Copies of the database"), ("uploads", "Unfinished uploads"), ("batches", "Files being scored"), ("tmp", "Work in progress"), ("keys", "Keys of signing in")];

    private static readonly DateTimeOffset Started = Process.GetCurrentProcess().StartTime.ToUniversalTime();

    public async Task<SystemReport> ReadAsync(CancellationToken cancellationToken)
    {
        var uses = await Task.Run(ReadUses, cancellationToken);
        var (entries, head) = await audit.HeadAsync(cancellationToken);
        var kept = copies.List();
        var (free, total) = DiskSpace.FreeAndTotal(artefacts.DataFolder);
        using var process = Process.GetCurrentProcess();
        return new SystemReport(
            ManagementApi.ProgramVersion, System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription, Started, (time.GetUtcNow() - Started).TotalSeconds, await readiness.AskAsync(cancellationToken), watch.Faults,
            [.. models.Endpoints.Where(e => e.Champion.Failure is not null).Select(e => $"{e.Name}: {e.Champion.Failure}")], pages.People(), await ReadWorkAsync(cancellationToken),
            new DiskState(free, total, options.Value.DiskFloorBytes, uses),
            new MemoryState(process.WorkingSet64, GC.GetTotalMemory(false), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, options.Value.TrainingMemoryMegabytes * 1024L * 1024L),
            modelMemory.State,
            new DatabaseState(place.IsServer ? $"PostgreSQL, {place.Name}" : "SQLite, in the data folder", await place.SizeAsync(cancellationToken), await SchemaAsync(cancellationToken), kept.Count, kept.FirstOrDefault()?.At, kept.FirstOrDefault() is { } newest ? Path.GetFileName(newest.Path) : null, schedule.Failure, entries, head),
            ReadKeys(), ReadSettings(options.Value),
            [.. TrainerCatalog.All.Select(t => new TrainerState(t.Id, t.Name, Enum.GetValues<LearningTask>().Where(t.Supports).Select(task => t.WhyNot(Typical(task))).ToArray() is var reasons && reasons.Any(r => r is null) ? null : reasons.FirstOrDefault() ?? "It supports no task."))]);
    }

    private IReadOnlyList<DiskUse> ReadUses()
    {
        var root = artefacts.DataFolder;
        var database = new DirectoryInfo(root).GetFiles("workbench.db*");
        return
        [
            .. place.IsServer ? Array.Empty<DiskUse>() : [new DiskUse("Database", database.Sum(f => f.Length), database.Length)],
            .. Folders.Select(f => new DirectoryInfo(Path.Combine(root, f.Folder)) is { Exists: true } folder && folder.GetFiles("*", SearchOption.AllDirectories) is var files ? new DiskUse(f.Kind, files.Sum(SizeOf), files.Length) : new DiskUse(f.Kind, 0, 0)),
        ];
    }

    // It may have gone since it was listed.
    private static long SizeOf(FileInfo file) => file.Exists ? file.Length : 0;

    private async Task<IReadOnlyList<WorkItem>> ReadWorkAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var experiments = await db.Experiments.Where(e => e.Status == ExperimentStatus.Running || e.Status == ExperimentStatus.Queued).OrderBy(e => e.QueueOrder).Select(e => new { e.Id, e.DatasetName, e.Status }).ToListAsync(cancellationToken);
        var imports = await db.Imports.Where(i => i.Status == ImportStatus.Running || i.Status == ImportStatus.Queued).OrderBy(i => i.Id).Select(i => new { i.Id, i.FileName, i.Status }).ToListAsync(cancellationToken);
        var batches = await db.BatchJobs.Where(b => b.Status == BatchJobStatus.Running || b.Status == BatchJobStatus.Queued).OrderBy(b => b.Id).Select(b => new { b.Id, b.FileName, b.EndpointName, b.Status }).ToListAsync(cancellationToken);
        return
        [
            .. experiments.Select(e => new WorkItem("experiment", e.Id, e.DatasetName, e.Status.ToString().ToLowerInvariant())),
            .. imports.Select(i => new WorkItem("import", i.Id, i.FileName, i.Status.ToString().ToLowerInvariant())),
            .. batches.Select(b => new WorkItem("batch", b.Id, $"{b.FileName} by {b.EndpointName}", b.Status.ToString().ToLowerInvariant())),
        ];
    }

    private async Task<string> SchemaAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return (await db.Database.GetAppliedMigrationsAsync(cancellationToken)).LastOrDefault() ?? "unknown";
    }

    private KeyRingState ReadKeys()
    {
        var folder = Path.Combine(artefacts.DataFolder, BackupManifest.Keys);
        FileInfo[] files = Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles("key-*.xml") : [];
        return new KeyRingState(files.Length, files.Length == 0 ? null : files.Max(f => f.LastWriteTimeUtc), files.Length > 0 && files.All(f => File.ReadAllText(f.FullName).Contains("<encryptedSecret", StringComparison.Ordinal)));
    }

    private static IReadOnlyDictionary<string, string> ReadSettings(WorkbenchOptions options) => typeof(WorkbenchOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite)
        .ToDictionary(p => p.Name, p => p.Name == nameof(WorkbenchOptions.Database) ? DatabasePlace.Shown(options.Database) : Convert.ToString(p.GetValue(options), CultureInfo.InvariantCulture) ?? "");

    private static TrainingShape Typical(LearningTask task) => new(task, 1_000, 10, task switch { LearningTask.Regression => 0, LearningTask.Binary => 2, _ => 3 });
}
