using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Recipes;

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
        // The files first: one that is written after this is not among them, whatever the rows say.
        var files = artefacts.All().ToList();
        var named = await NamedAsync(cancellationToken);
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

    private async Task<HashSet<string>> NamedAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var versions = await db.DatasetVersions.Select(v => new { v.FileSha256, v.TableSha256, v.SampleSha256 }).ToListAsync(cancellationToken);
        var imports = await db.Imports.Select(i => i.FileSha256).ToListAsync(cancellationToken);
        var experiments = await db.Experiments.Select(e => e.TableSha256).ToListAsync(cancellationToken);
        var trials = await db.Trials.Select(t => new { t.ModelSha256, t.ReportSha256, t.FinalReportSha256, t.PredictionsSha256, t.LadderSha256, t.ExplanationSha256, t.ExportsSha256 }).ToListAsync(cancellationToken);
        var published = await db.EndpointVersions.Select(v => v.ModelSha256).ToListAsync(cancellationToken);
        var batches = await db.BatchJobs.Select(b => new { b.ModelSha256, b.SourceSha256, b.ResultSha256 }).ToListAsync(cancellationToken);
        var exports = new List<string>();
        foreach (var report in trials.Select(t => t.ExportsSha256).OfType<string>()) exports.AddRange(await ExportFilesAsync(report, cancellationToken));
        IEnumerable<string?> all =
        [
            .. exports,
            .. versions.SelectMany(v => new[] { v.FileSha256, v.TableSha256, v.SampleSha256 }), .. imports, .. experiments,
            .. trials.SelectMany(t => new[] { t.ModelSha256, t.ReportSha256, t.FinalReportSha256, t.PredictionsSha256, t.LadderSha256, t.ExplanationSha256, t.ExportsSha256 }), .. published,
            .. batches.SelectMany(b => new[] { b.ModelSha256, b.SourceSha256, b.ResultSha256 }),
        ];
        return all.OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The files that a report of exports names; none where it is damaged: then nobody can ask for them either.</summary>
    private async Task<IEnumerable<string>> ExportFilesAsync(string sha256, CancellationToken cancellationToken)
    {
        try
        {
            var report = JsonSerializer.Deserialize<ExportReport>(await artefacts.ReadVerifiedAsync(sha256, cancellationToken), CoreJson.Options);
            return report?.Entries.Select(e => e.File?.Sha256).OfType<string>() ?? [];
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return [];
        }
    }
}
