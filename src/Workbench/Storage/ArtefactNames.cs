using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Which files a database names.</summary>
public static class ArtefactNames
{
    /// <summary>The hashes of all files that some row needs, itself or by a report that it names.</summary>
    public static async Task<HashSet<string>> OfAsync(AppDb db, ArtefactStore artefacts, CancellationToken cancellationToken)
    {
        var versions = await db.DatasetVersions.Select(v => new { v.FileSha256, v.TableSha256, v.SampleSha256 }).ToListAsync(cancellationToken);
        // One that is done with has left its file to the dataset, or to nobody.
        var imports = await db.Imports.Where(i => i.Status == ImportStatus.Queued || i.Status == ImportStatus.Running || i.Status == ImportStatus.Failed).Select(i => i.FileSha256).ToListAsync(cancellationToken);
        var experiments = await db.Experiments.Select(e => e.TableSha256).ToListAsync(cancellationToken);
        var trials = await db.Trials.Select(t => new { t.ModelSha256, t.ReportSha256, t.FinalReportSha256, t.PredictionsSha256, t.LadderSha256, t.ExplanationSha256, t.ExportsSha256 }).ToListAsync(cancellationToken);
        var published = await db.EndpointVersions.Select(v => v.ModelSha256).ToListAsync(cancellationToken);
        var batches = await db.BatchJobs.Select(b => new { b.ModelSha256, b.SourceSha256, b.ResultSha256 }).ToListAsync(cancellationToken);
        var exports = new List<string>();
        foreach (var report in trials.Select(t => t.ExportsSha256).OfType<string>()) exports.AddRange(await ExportFilesAsync(report, artefacts, cancellationToken));
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
    private static async Task<IEnumerable<string>> ExportFilesAsync(string sha256, ArtefactStore artefacts, CancellationToken cancellationToken)
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
