using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Makes dataset versions out of files in the background, two at a time, person by person in turn. What was queued or running when the program ended is begun again at the next start.</summary>
public sealed class ImportQueue(
    IDbContextFactory<AppDb> databases, DatasetStore datasets, ArtefactStore artefacts, UploadStore uploads, AuditLog audit, IOptions<WorkbenchOptions> settings, TimeProvider time, ILogger<ImportQueue> logger) : BackgroundService
{
    private const int Workers = 2;

    private readonly FairQueue<int> _queue = new();
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _running = [];
    private readonly ConcurrentDictionary<int, ImportProgress> _progress = [];

    /// <summary>The import with this id changed. Raised a few times a second while one runs.</summary>
    public event Action<int>? Changed;

    public ImportProgress? ProgressOf(int id) => _progress.GetValueOrDefault(id);

    /// <summary>Imports a finished upload.</summary>
    /// <param name="uploadId">The upload; its file is taken over.</param>
    /// <param name="options">How to read it, or null to detect.</param>
    /// <param name="datasetId">The dataset that gets a version; null for a new dataset.</param>
    /// <param name="workspaceId">Where the dataset belongs.</param>
    /// <param name="cancellationToken">Cancels before anything is queued.</param>
    /// <exception cref="UploadException">There is no such upload, or it is not finished.</exception>
    /// <exception cref="LimitException">The person has as many waiting and running as may be.</exception>
    public async Task<ImportRow> EnqueueUploadAsync(string uploadId, CsvOptions? options, int? datasetId, int workspaceId, CancellationToken cancellationToken)
    {
        if (await uploads.FindAsync(uploadId, cancellationToken) is not var (upload, offset)) throw new UploadException(404, "There is no such upload.");
        if (offset != upload.Length) throw new UploadException(409, FormattableString.Invariant($"The upload has {offset} of {upload.Length} bytes. Expected all of them before it is imported."));
        return await EnqueueAsync(new ImportRow { WorkspaceId = workspaceId, FileName = upload.FileName, UploadId = uploadId, Options = options, DatasetId = datasetId, CreatedAt = time.GetUtcNow() }, cancellationToken);
    }

    /// <summary>Reads the original of the version that is looked at again, for a new version; the older ones stay, whatever comes of it.</summary>
    public Task<ImportRow> EnqueueReadingAsync(DatasetRow dataset, CsvOptions options, CancellationToken cancellationToken) =>
        EnqueueAsync(new ImportRow { WorkspaceId = dataset.WorkspaceId, FileName = dataset.FileName, FileSha256 = dataset.FileSha256, Options = options, DatasetId = dataset.Id, CreatedAt = time.GetUtcNow() }, cancellationToken);

    private async Task<ImportRow> EnqueueAsync(ImportRow row, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        row.UserId = Actor.Current.UserId;
        if (row.UserId is { } person)
            LimitException.ThrowIfReached(await db.Imports.CountAsync(i => i.UserId == person && (i.Status == ImportStatus.Queued || i.Status == ImportStatus.Running), cancellationToken), settings.Value.MaxFilesPerPerson, "files", nameof(WorkbenchOptions.MaxFilesPerPerson));
        db.Imports.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        await audit.AppendAsync(db, "import", FormattableString.Invariant($"import {row.Id} ({row.FileName})"), new { dataset = row.DatasetId, readAgain = row.IsReadingAgain }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _queue.Add(row.UserId, row.Id);
        Report(row.Id);
        return row;
    }

    public async Task<ImportRow?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Imports.AsNoTracking().SingleOrDefaultAsync(i => i.Id == id, cancellationToken);
    }

    /// <summary>Imports of a workspace that are not done with: waiting, running, or failed and not put away; newest first.</summary>
    public async Task<IReadOnlyList<ImportRow>> OpenAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Imports.AsNoTracking().Where(i => i.WorkspaceId == workspaceId && (i.Status == ImportStatus.Queued || i.Status == ImportStatus.Running || i.Status == ImportStatus.Failed))
            .OrderByDescending(i => i.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Ends an import that waits or runs; its file is removed unless a dataset has it.</summary>
    /// <returns>Whether there was something to end.</returns>
    public async Task<bool> CancelAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var ended = await db.Imports.Where(i => i.Id == id && (i.Status == ImportStatus.Queued || i.Status == ImportStatus.Running))
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.Status, ImportStatus.Cancelled).SetProperty(i => i.FinishedAt, time.GetUtcNow()), cancellationToken) == 1;
        if (!ended) return false;
        if (_running.TryGetValue(id, out var running)) await running.CancelAsync();
        else await ForgetFileAsync(id, cancellationToken);
        Report(id);
        return true;
    }

    /// <summary>Tries a failed import again, with other options if some are given.</summary>
    /// <returns>Whether it had failed.</returns>
    public async Task<bool> RetryAsync(int id, CsvOptions? options, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Imports.SingleOrDefaultAsync(i => i.Id == id && i.Status == ImportStatus.Failed, cancellationToken) is not { } row) return false;
        (row.Status, row.Reason, row.FinishedAt, row.Options) = (ImportStatus.Queued, null, null, options ?? row.Options);
        await db.SaveChangesAsync(cancellationToken);
        _queue.Add(row.UserId, id);
        Report(id);
        return true;
    }

    /// <summary>Puts a failed import away, and its file with it.</summary>
    /// <returns>Whether it had failed.</returns>
    public async Task<bool> DismissAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Imports.SingleOrDefaultAsync(i => i.Id == id && i.Status == ImportStatus.Failed, cancellationToken) is not { } row) return false;
        row.Status = ImportStatus.Cancelled;
        await db.SaveChangesAsync(cancellationToken);
        await ForgetFileAsync(id, cancellationToken);
        Report(id);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using (var db = await databases.CreateDbContextAsync(stoppingToken))
            foreach (var import in await db.Imports.Where(i => i.Status == ImportStatus.Queued || i.Status == ImportStatus.Running).OrderBy(i => i.Id).Select(i => new { i.Id, i.UserId }).ToListAsync(stoppingToken))
                _queue.Add(import.UserId, import.Id);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(stoppingToken)));
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var id = await _queue.TakeAsync(stoppingToken);
            using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            // An id may stand in the queue twice: queued while the program started.
            if (!_running.TryAdd(id, cancelling)) continue;
            try
            {
                await RunAsync(id, cancelling.Token);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // Begun again at the next start.
                throw;
            }
            catch (OperationCanceledException)
            {
                await ForgetFileAsync(id, stoppingToken);
            }
            catch (Exception e) when (e is CsvFormatException or InvalidDataException or UploadException)
            {
                await FailAsync(id, e.Message, stoppingToken);
            }
            catch (IOException e) when (DiskSpace.IsFull(e))
            {
                await FailAsync(id, $"The disk of the data folder is full; {DiskSpace.Describe(artefacts.TemporaryFolder)}. Make room and try again.", stoppingToken);
            }
            catch (Exception e)
            {
                logger.LogError(e, "Import {Id} failed", id);
                await FailAsync(id, $"The file could not be imported: {e.Message}", stoppingToken);
            }
            finally
            {
                _running.TryRemove(id, out _);
                _progress.TryRemove(id, out _);
            }
            Report(id);
        }
    }

    private async Task RunAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Imports.SingleOrDefaultAsync(i => i.Id == id && (i.Status == ImportStatus.Queued || i.Status == ImportStatus.Running), cancellationToken) is not { } row) return;
        row.Status = ImportStatus.Running;
        if (row.FileSha256 is null)
        {
            Note(id, new ImportProgress(0, "Keeping the original", 0));
            row.FileSha256 = await artefacts.AddAsync(uploads.PathOf(row.UploadId!), cancellationToken);
        }
        await db.SaveChangesAsync(cancellationToken);
        // The row names the kept file from here on.
        if (row.UploadId is { } uploadId) uploads.Delete(uploadId);
        Note(id, new ImportProgress(0, "Reading", 0));
        var dataset = await datasets.ImportKeptAsync(row.FileSha256, row.FileName, row.Options, row.DatasetId, row.WorkspaceId, new Listener(progress => Note(id, progress)), cancellationToken)
            ?? throw new InvalidDataException("The dataset was deleted meanwhile.");
        // What was finished at the moment it was cancelled is finished.
        await db.Imports.Where(i => i.Id == id).ExecuteUpdateAsync(set => set.SetProperty(i => i.Status, ImportStatus.Completed)
            .SetProperty(i => i.DatasetId, dataset.Id).SetProperty(i => i.UploadId, (string?)null).SetProperty(i => i.FinishedAt, time.GetUtcNow()), CancellationToken.None);
    }

    private async Task FailAsync(int id, string reason, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Imports.Where(i => i.Id == id && i.Status != ImportStatus.Cancelled)
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.Status, ImportStatus.Failed).SetProperty(i => i.Reason, reason).SetProperty(i => i.FinishedAt, time.GetUtcNow()), cancellationToken);
    }

    /// <summary>Removes the upload and the kept file of an import that came to nothing, the latter unless something else has it.</summary>
    private async Task ForgetFileAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Imports.AsNoTracking().SingleOrDefaultAsync(i => i.Id == id, cancellationToken) is not { } row) return;
        if (row.UploadId is { } uploadId) uploads.Delete(uploadId);
        if (row.FileSha256 is not { } sha256) return;
        var isUsed = await db.DatasetVersions.AnyAsync(v => v.FileSha256 == sha256, cancellationToken)
            || await db.Imports.AnyAsync(i => i.Id != id && i.FileSha256 == sha256 && i.Status != ImportStatus.Cancelled && i.Status != ImportStatus.Completed, cancellationToken);
        if (!isUsed) File.Delete(artefacts.PathOf(sha256));
    }

    private void Note(int id, ImportProgress progress)
    {
        _progress[id] = progress;
        Report(id);
    }

    private void Report(int id)
    {
        foreach (var subscriber in Changed?.GetInvocationList() ?? [])
        {
            try
            {
                ((Action<int>)subscriber)(id);
            }
            catch (Exception e)
            {
                // A page that cannot listen must not end the import it listens to.
                logger.LogWarning(e, "A listener to import {Id} failed", id);
            }
        }
    }

    /// <summary>Called on the importing thread, unlike <see cref="Progress{T}"/>, whose reports may overtake one another.</summary>
    private sealed class Listener(Action<ImportProgress> listen) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => listen(value);
    }
}
