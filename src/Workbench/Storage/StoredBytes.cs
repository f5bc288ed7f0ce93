using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Storage;

/// <param name="Bytes">Of files that a workspace keeps, each counted once however often it is named.</param>
/// <param name="Quota">What it may keep; 0 for any amount.</param>
public sealed record StoredState(long Bytes, long Quota);

/// <summary>What each workspace keeps on the disk, and whether there is room for more of it.</summary>
public sealed class StoredBytes(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, UploadStore uploads, IOptions<WorkbenchOptions> options)
{
    /// <summary>Data with its originals, models and reports, files to be scored with their results, and uploads under way in their full length.</summary>
    public async Task<StoredState> OfAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        HashSet<string> named = new(StringComparer.Ordinal);
        void Add(IEnumerable<string?> hashes) => named.UnionWith(hashes.OfType<string>());
        foreach (var v in await db.DatasetVersions.Where(v => db.Datasets.Any(d => d.Id == v.DatasetId && d.WorkspaceId == workspaceId)).Select(v => new { v.FileSha256, v.TableSha256, v.SampleSha256 }).ToListAsync(cancellationToken)) Add([v.FileSha256, v.TableSha256, v.SampleSha256]);
        foreach (var t in await db.Trials.Where(t => db.Experiments.Any(e => e.Id == t.ExperimentId && e.WorkspaceId == workspaceId)).Select(t => new { t.ModelSha256, t.ReportSha256, t.PredictionsSha256, t.ExplanationSha256, t.LadderSha256 }).ToListAsync(cancellationToken)) Add([t.ModelSha256, t.ReportSha256, t.PredictionsSha256, t.ExplanationSha256, t.LadderSha256]);
        Add(await db.Experiments.Where(e => e.WorkspaceId == workspaceId).Select(e => e.TableSha256).ToListAsync(cancellationToken));
        Add(await db.EndpointVersions.Where(v => db.Endpoints.Any(e => e.Id == v.EndpointId && e.WorkspaceId == workspaceId)).Select(v => v.ModelSha256).ToListAsync(cancellationToken));
        foreach (var b in await db.BatchJobs.Where(b => b.WorkspaceId == workspaceId).Select(b => new { b.SourceSha256, b.ResultSha256 }).ToListAsync(cancellationToken)) Add([b.SourceSha256, b.ResultSha256]);
        var bytes = await Task.Run(() => named.Sum(sha256 => new FileInfo(artefacts.PathOf(sha256)) is { Exists: true } file ? file.Length : 0), cancellationToken);
        return new StoredState(bytes + uploads.OpenBytes(workspaceId), options.Value.WorkspaceQuotaBytes);
    }

    /// <summary>Null, or why a workspace may not keep so many bytes more.</summary>
    public async Task<string?> WhyNotAsync(int workspaceId, long more, CancellationToken cancellationToken)
    {
        if (options.Value.WorkspaceQuotaBytes == 0) return null;
        var (bytes, quota) = await OfAsync(workspaceId, cancellationToken);
        return bytes + more <= quota ? null
            : $"The file has {Shell.Figures.Bytes(more)}, and the workspace keeps {Shell.Figures.Bytes(bytes)} already; expected at most {Shell.Figures.Bytes(quota)} together ({nameof(WorkbenchOptions.WorkspaceQuotaMegabytes)}). Delete data, experiments or scored files that are no longer needed.";
    }
}
