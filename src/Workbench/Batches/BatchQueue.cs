using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Batches;

/// <summary>A job cannot be made or changed; the message is for the person.</summary>
public sealed class BatchException(int statusCode, string title, string message) : Exception(message)
{
    /// <summary>The HTTP status that says so.</summary>
    public int StatusCode { get; } = statusCode;

    public string Title { get; } = title;
}

/// <summary>Where a running job stands, in memory: ahead of its row by what is not yet on the disk.</summary>
/// <param name="Progress">Rows and bytes.</param>
/// <param name="BytesTotal">Of the unpacked file; 0 while it is unpacked.</param>
/// <param name="Left">What it may be expected to take yet; null while that cannot be told.</param>
public sealed record BatchState(BatchProgress Progress, long BytesTotal, TimeSpan? Left);

/// <summary>Scores files one after the other, person by person in turn, at a lower priority than requests.</summary>
/// <remarks>
/// Which comes next is a question to the database; in memory there is only a wake-up. The answer grows in a file beside the database. Every second it is flushed, and then the row says how far it is: whatever ends the program, the job goes
/// on from there at the next start, with what came after cut off.
/// </remarks>
public sealed class BatchQueue : BackgroundService
{
    private static readonly TimeSpan BetweenPoints = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromHours(1);

    private readonly IDbContextFactory<AppDb> _databases;
    private readonly LiveModels _models;
    private readonly ArtefactStore _artefacts;
    private readonly UploadStore _uploads;
    private readonly AuditLog _audit;
    private readonly TimeProvider _time;
    private readonly IOptions<WorkbenchOptions> _options;
    private readonly ILogger<BatchQueue> _logger;
    private readonly string _folder;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _running = [];
    private readonly ConcurrentDictionary<int, BatchState> _states = [];

    public BatchQueue(IDbContextFactory<AppDb> databases, LiveModels models, ArtefactStore artefacts, UploadStore uploads, AuditLog audit, TimeProvider time, IOptions<WorkbenchOptions> options, ILogger<BatchQueue> logger)
    {
        (_databases, _models, _artefacts, _uploads, _audit, _time, _options, _logger) = (databases, models, artefacts, uploads, audit, time, options, logger);
        _folder = Path.Combine(Path.GetDirectoryName(artefacts.TemporaryFolder)!, "batches");
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The job with this id changed. Raised a few times a second while one runs.</summary>
    public event Action<int>? Changed;

    public BatchState? StateOf(int id) => _states.GetValueOrDefault(id);

    /// <summary>Jobs of a workspace, newest first.</summary>
    /// <param name="workspaceId">Which.</param>
    /// <param name="endpoint">Of this endpoint alone; null for all.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<BatchJobRow>> ListAsync(int workspaceId, string? endpoint, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        return await db.BatchJobs.AsNoTracking().Where(b => b.WorkspaceId == workspaceId && (endpoint == null || b.EndpointName == endpoint)).OrderByDescending(b => b.Id).ToListAsync(cancellationToken);
    }

    public async Task<BatchJobRow?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        return await db.BatchJobs.AsNoTracking().SingleOrDefaultAsync(b => b.Id == id, cancellationToken);
    }

    /// <summary>The version that a job would get.</summary>
    /// <param name="version">Null for the live one.</param>
    /// <exception cref="BatchException">There is no such endpoint or version.</exception>
    public async Task<EndpointVersionRow> VersionAsync(string endpoint, int? version, CancellationToken cancellationToken) => (await FindVersionAsync(endpoint, version, cancellationToken)).Version;

    private async Task<(int WorkspaceId, EndpointVersionRow Version)> FindVersionAsync(string endpoint, int? version, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        if (await db.Endpoints.AsNoTracking().Include(e => e.Versions.OrderBy(v => v.Number)).SingleOrDefaultAsync(e => e.Name == endpoint, cancellationToken) is not { } row)
            throw new BatchException(404, "Unknown endpoint", $"There is no endpoint '{endpoint}'.");
        var number = version ?? row.LiveVersion;
        var open = row.Versions.Where(v => v.RetiredAt is null).Select(v => v.Number).Order();
        return (row.WorkspaceId, row.Versions.SingleOrDefault(v => v.Number == number && v.RetiredAt is null)
            ?? throw new BatchException(404, "Unknown version", $"The endpoint '{endpoint}' has no version {number} that can be asked; expected {string.Join(", ", open)}."));
    }

    /// <summary>Makes a job of a finished upload; its file is taken over.</summary>
    /// <exception cref="BatchException">There is no such upload, or it is not finished.</exception>
    /// <exception cref="CsvFormatException">The file cannot be scored by this version, as far as its beginning tells.</exception>
    public async Task<BatchJobRow> AddUploadAsync(string endpoint, int? version, string uploadId, CsvOptions? options, CancellationToken cancellationToken)
    {
        var (workspaceId, model) = await FindVersionAsync(endpoint, version, cancellationToken);
        if (await _uploads.FindAsync(uploadId, cancellationToken) is not var (upload, offset)) throw new BatchException(404, "Unknown upload", $"There is no upload '{uploadId}'. It may have been used or cancelled, or nothing happened to it for a day.");
        if (offset != upload.Length) throw new BatchException(409, "Unfinished upload", FormattableString.Invariant($"The upload has {offset} of {upload.Length} bytes; expected all of them before it is scored."));
        ThrowUnlessRoom(_uploads.PathOf(uploadId), upload.FileName);
        await CheckAsync(model, _uploads.PathOf(uploadId), options, cancellationToken);
        return await AddAsync(new BatchJobRow { WorkspaceId = workspaceId, EndpointName = endpoint, Version = model.Number, ModelSha256 = model.ModelSha256, FileName = upload.FileName, UploadId = uploadId, Options = options }, cancellationToken);
    }

    /// <summary>Makes a job of a file that is taken over.</summary>
    /// <param name="temporaryPath">In the temporary folder of the artefacts.</param>
    /// <exception cref="BatchException">There is no such endpoint or version.</exception>
    /// <exception cref="CsvFormatException">The file cannot be scored by this version, as far as its beginning tells.</exception>
    public async Task<BatchJobRow> AddFileAsync(string endpoint, int? version, string temporaryPath, string fileName, CancellationToken cancellationToken)
    {
        var (workspaceId, model) = await FindVersionAsync(endpoint, version, cancellationToken);
        ThrowUnlessRoom(temporaryPath, fileName);
        await CheckAsync(model, temporaryPath, null, cancellationToken);
        var sha256 = await _artefacts.AddAsync(temporaryPath, cancellationToken);
        return await AddAsync(new BatchJobRow { WorkspaceId = workspaceId, EndpointName = endpoint, Version = model.Number, ModelSha256 = model.ModelSha256, FileName = fileName, SourceSha256 = sha256 }, cancellationToken);
    }

    /// <summary>Before it begins: the file is unpacked, and the answer is about as long, with a few columns more.</summary>
    private void ThrowUnlessRoom(string path, string fileName)
    {
        const int packing = 8;
        var bytes = new FileInfo(path).Length * (Path.GetExtension(fileName).ToLowerInvariant() is ".gz" or ".zip" ? packing : 1) * 2;
        var free = DiskSpace.Free(_folder) - _options.Value.DiskFloorBytes;
        if (free < bytes) throw new BatchException(507, "No room", $"Scoring the file takes about {Shell.Figures.Bytes(bytes)} of the disk, and {Shell.Figures.Bytes(Math.Max(0, free))} may be used ({DiskSpace.Describe(_folder)}, {Shell.Figures.Bytes(_options.Value.DiskFloorBytes)} are left alone). Make room and try again.");
    }

    private async Task CheckAsync(EndpointVersionRow model, string path, CsvOptions? options, CancellationToken cancellationToken)
    {
        ModelPackage package;
        try
        {
            package = await _models.ReadAsync(model.ModelSha256, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new BatchException(503, "The model does not answer", e.Message);
        }
        await Task.Run(() => BatchFile.CheckHead(path, options, package.Manifest.Signature, _artefacts.TemporaryFolder, cancellationToken), cancellationToken);
    }

    private async Task<BatchJobRow> AddAsync(BatchJobRow row, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        row.CreatedAt = _time.GetUtcNow();
        row.UserId = Actor.Current.UserId;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (row.UserId is { } person)
            LimitException.ThrowIfReached(await db.BatchJobs.CountAsync(b => b.UserId == person && (b.Status == BatchJobStatus.Queued || b.Status == BatchJobStatus.Running), cancellationToken), _options.Value.MaxFilesPerPerson, "files to be scored", nameof(WorkbenchOptions.MaxFilesPerPerson));
        db.BatchJobs.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        await _audit.AppendAsync(db, "batch.start", Subject(row), new { row.Version }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _wake.Writer.TryWrite(true);
        Report(row.Id);
        return row;
    }

    /// <summary>Ends a job that waits or runs; what is done of it is kept, so that it can go on.</summary>
    /// <returns>Whether there was something to end.</returns>
    public async Task<bool> CancelAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        var ended = await db.BatchJobs.Where(b => b.Id == id && (b.Status == BatchJobStatus.Queued || b.Status == BatchJobStatus.Running))
            .ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, BatchJobStatus.Cancelled).SetProperty(b => b.FinishedAt, _time.GetUtcNow()), cancellationToken) == 1;
        if (!ended) return false;
        if (_running.TryGetValue(id, out var running)) await running.CancelAsync();
        Report(id);
        return true;
    }

    /// <summary>Lets a job that failed, was cancelled or interrupted go on where it stopped.</summary>
    /// <returns>Whether there was something to go on with.</returns>
    public async Task<bool> ResumeAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        var resumed = await db.BatchJobs.Where(b => b.Id == id && (b.Status == BatchJobStatus.Failed || b.Status == BatchJobStatus.Cancelled || b.Status == BatchJobStatus.Interrupted))
            .ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, BatchJobStatus.Queued).SetProperty(b => b.Reason, (string?)null).SetProperty(b => b.FinishedAt, (DateTimeOffset?)null), cancellationToken) == 1;
        if (!resumed) return false;
        _wake.Writer.TryWrite(true);
        Report(id);
        return true;
    }

    /// <summary>Removes a job that has ended, with its file and its result.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> RemoveAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        // Cancelled a moment ago, it may still be writing.
        if (_running.ContainsKey(id) || await db.BatchJobs.SingleOrDefaultAsync(b => b.Id == id && b.Status != BatchJobStatus.Queued && b.Status != BatchJobStatus.Running, cancellationToken) is not { } row) return false;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.BatchJobs.Remove(row);
        await db.SaveChangesAsync(cancellationToken);
        await _audit.AppendAsync(db, "batch.delete", Subject(row), cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        File.Delete(PartOf(id));
        if (row.UploadId is { } uploadId) _uploads.Delete(uploadId);
        // Files by their hash go when nothing names them any more.
        Report(id);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using (var db = await _databases.CreateDbContextAsync(stoppingToken))
        {
            await db.BatchJobs.Where(b => b.Status == BatchJobStatus.Running || b.Status == BatchJobStatus.Interrupted)
                .ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, BatchJobStatus.Queued).SetProperty(b => b.Reason, (string?)null).SetProperty(b => b.FinishedAt, (DateTimeOffset?)null), stoppingToken);
            var known = (await db.BatchJobs.Select(b => b.Id).ToListAsync(stoppingToken)).Select(PartOf).ToHashSet(StringComparer.Ordinal);
            foreach (var orphan in Directory.GetFiles(_folder).Where(path => !known.Contains(path))) File.Delete(orphan);
        }
        var swept = DateTimeOffset.MinValue;
        while (true)
        {
            if (_time.GetUtcNow() - swept > BetweenSweeps)
            {
                await SweepAsync(stoppingToken);
                swept = _time.GetUtcNow();
            }
            int? next;
            await using (var db = await _databases.CreateDbContextAsync(stoppingToken))
                next = await NextAsync(db, stoppingToken);
            if (next is { } id) await RunAndTellAsync(id, stoppingToken);
            else
            {
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                waiting.CancelAfter(BetweenSweeps);
                try
                {
                    await _wake.Reader.ReadAsync(waiting.Token);
                }
                catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
                {
                    // Time to look for jobs that are old enough to go.
                }
            }
        }
    }

    /// <summary>The job that is scored next; null where none waits.</summary>
    private static async Task<int?> NextAsync(AppDb db, CancellationToken cancellationToken)
    {
        var waiting = await db.BatchJobs.Where(b => b.Status == BatchJobStatus.Queued).OrderBy(b => b.Id).Select(b => new { b.Id, b.UserId }).ToListAsync(cancellationToken);
        if (waiting.Count == 0) return null;
        Dictionary<int, DateTimeOffset?> lastTurns = [];
        foreach (var person in waiting.Select(b => b.UserId).Distinct())
            lastTurns[person ?? 0] = await db.BatchJobs.Where(b => b.UserId == person && b.StartedAt != null).OrderByDescending(b => b.StartedAt).Select(b => b.StartedAt).FirstOrDefaultAsync(cancellationToken);
        return Turns.InTurn(waiting, b => b.UserId, person => lastTurns[person ?? 0])[0].Id;
    }

    /// <summary>Removes jobs that ended too long ago.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (_options.Value.BatchRetentionDays == 0) return;
        var oldest = _time.GetUtcNow().AddDays(-_options.Value.BatchRetentionDays);
        List<int> old;
        await using (var db = await _databases.CreateDbContextAsync(cancellationToken))
            old = await db.BatchJobs.Where(b => b.Status != BatchJobStatus.Queued && b.Status != BatchJobStatus.Running && b.FinishedAt < oldest).Select(b => b.Id).ToListAsync(cancellationToken);
        foreach (var id in old) await RemoveAsync(id, cancellationToken);
    }

    private async Task RunAndTellAsync(int id, CancellationToken stoppingToken)
    {
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        _running[id] = cancelling;
        try
        {
            await RunAsync(id, cancelling.Token);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await EndAsync(id, BatchJobStatus.Interrupted, "The program ended while it ran. It goes on at the next start.");
            throw;
        }
        catch (OperationCanceledException)
        {
            // Its row says so.
        }
        catch (CsvFormatException e)
        {
            await EndAsync(id, BatchJobStatus.Failed, e.Message);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            await EndAsync(id, BatchJobStatus.Interrupted, $"The disk of the data folder is full; {DiskSpace.Describe(_folder)}. Make room and let it go on: what is done is kept.");
        }
        catch (Exception e)
        {
            _logger.LogError(e, "Batch {Id} failed", id);
            await EndAsync(id, BatchJobStatus.Failed, $"The file could not be scored: {e.Message}");
        }
        finally
        {
            _running.TryRemove(id, out _);
            _states.TryRemove(id, out _);
        }
        Report(id);
    }

    private async Task RunAsync(int id, CancellationToken cancellationToken)
    {
        BatchJobRow row;
        await using (var db = await _databases.CreateDbContextAsync(cancellationToken))
        {
            // Unless it was cancelled a moment ago.
            var begun = await db.BatchJobs.Where(b => b.Id == id && b.Status == BatchJobStatus.Queued)
                .ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, BatchJobStatus.Running).SetProperty(b => b.StartedAt, b => b.StartedAt ?? _time.GetUtcNow()), cancellationToken) == 1;
            if (!begun) return;
            row = await db.BatchJobs.AsNoTracking().SingleAsync(b => b.Id == id, cancellationToken);
            Report(id);
            if (row.UploadId is { } uploadId)
            {
                row.SourceSha256 = await _artefacts.AddAsync(_uploads.PathOf(uploadId), cancellationToken);
                row.UploadId = null;
                // The row names the kept file from here on. A cancelled job keeps its status.
                await db.BatchJobs.Where(b => b.Id == id).ExecuteUpdateAsync(set => set.SetProperty(b => b.SourceSha256, row.SourceSha256).SetProperty(b => b.UploadId, (string?)null), cancellationToken);
                _uploads.Delete(uploadId);
            }
        }
        var package = await _models.ReadAsync(row.ModelSha256, cancellationToken);
        await Task.Factory.StartNew(() =>
        {
            LowPriority.Take();
            Score(row, new Predictor(package), cancellationToken);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var result = await _artefacts.AddAsync(PartOf(id), CancellationToken.None);
        await using (var db = await _databases.CreateDbContextAsync(CancellationToken.None))
            await db.BatchJobs.Where(b => b.Id == id).ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, BatchJobStatus.Completed).SetProperty(b => b.ResultSha256, result)
                .SetProperty(b => b.SourceSha256, (string?)null).SetProperty(b => b.Reason, (string?)null).SetProperty(b => b.FinishedAt, _time.GetUtcNow()), CancellationToken.None);
    }

    private void Score(BatchJobRow row, Predictor predictor, CancellationToken cancellationToken)
    {
        _states[row.Id] = new BatchState(BatchProgress.None, 0, null);
        using var source = BatchFile.OpenSource(_artefacts.PathOf(row.SourceSha256!), _artefacts.TemporaryFolder, cancellationToken);
        var file = BatchFile.Open(source.Path, row.Options, predictor.Signature, cancellationToken);
        var total = new FileInfo(source.Path).Length;
        using var output = new FileStream(PartOf(row.Id), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 1);
        var done = new BatchProgress(row.RowsDone, row.ErrorRows, row.BytesDone, row.OutputBytes, row.FirstErrors);
        // Where the file was lost, or taken into the store a moment before the end of the program, there is nothing to go on from.
        if (output.Length < done.OutputBytes) done = BatchProgress.None;
        output.SetLength(done.OutputBytes);
        output.Position = done.OutputBytes;
        // Before the first row: a later run must read the file in the same way.
        row.Options = file.Options;
        Keep(row, done, total);

        var (began, pointed, told) = (_time.GetTimestamp(), _time.GetTimestamp(), 0L);
        var first = done;
        var last = done;
        try
        {
            var scorer = new BatchScorer(predictor, file) { ThreadBegins = LowPriority.Take };
            last = scorer.Run(output, done, progress =>
            {
                last = progress;
                if (_time.GetElapsedTime(told) >= BetweenReports)
                {
                    told = _time.GetTimestamp();
                    var (seconds, bytes) = (_time.GetElapsedTime(began).TotalSeconds, progress.BytesRead - first.BytesRead);
                    _states[row.Id] = new BatchState(progress, total, bytes <= 0 ? null : TimeSpan.FromSeconds(seconds * (total - progress.BytesRead) / bytes));
                    Report(row.Id);
                }
                if (_time.GetElapsedTime(pointed) < BetweenPoints) return;
                DurableFile.Flush(output);
                Keep(row, progress, total);
                pointed = _time.GetTimestamp();
            }, cancellationToken);
        }
        finally
        {
            DurableFile.Flush(output);
            Keep(row, last, total);
        }
    }

    /// <summary>Writes down what is on the disk.</summary>
    private void Keep(BatchJobRow row, BatchProgress progress, long total)
    {
        using var db = _databases.CreateDbContext();
        db.BatchJobs.Where(b => b.Id == row.Id).ExecuteUpdate(set => set.SetProperty(b => b.Options, row.Options).SetProperty(b => b.RowsDone, progress.Rows).SetProperty(b => b.ErrorRows, progress.ErrorRows)
            .SetProperty(b => b.FirstErrors, progress.FirstErrors).SetProperty(b => b.BytesDone, progress.BytesRead).SetProperty(b => b.BytesTotal, total).SetProperty(b => b.OutputBytes, progress.OutputBytes));
    }

    private async Task EndAsync(int id, BatchJobStatus status, string reason)
    {
        await using var db = await _databases.CreateDbContextAsync(CancellationToken.None);
        await db.BatchJobs.Where(b => b.Id == id && b.Status == BatchJobStatus.Running)
            .ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, status).SetProperty(b => b.Reason, reason).SetProperty(b => b.FinishedAt, _time.GetUtcNow()), CancellationToken.None);
    }

    private static string Subject(BatchJobRow row) => FormattableString.Invariant($"batch {row.Id} ({row.FileName}, endpoint {row.EndpointName})");

    private string PartOf(int id) => Path.Combine(_folder, FormattableString.Invariant($"{id}.csv"));

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
                // A page that cannot listen must not end the job it listens to.
                _logger.LogWarning(e, "A listener to batch {Id} failed", id);
            }
        }
    }
}
