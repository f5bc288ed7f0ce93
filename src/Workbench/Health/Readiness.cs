using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Health;

/// <param name="IsReady">Whether requests should be sent here.</param>
/// <param name="Reasons">Why not.</param>
/// <param name="Warnings">What somebody should look at, although requests are answered.</param>
public sealed record ReadinessReport(bool IsReady, IReadOnlyList<string> Reasons, IReadOnlyList<string> Warnings);

/// <summary>Whether the program can do its work now: asked by load balancers, several times a second perhaps, so an answer holds for a second.</summary>
public sealed class Readiness(IDbContextFactory<AppDb> databases, LiveModels models, ServiceWatch watch, StorageTrouble trouble, ArtefactStore artefacts, IHostApplicationLifetime lifetime, IOptions<WorkbenchOptions> options, TimeProvider time, ILogger<Readiness> logger)
{
    private static readonly TimeSpan Holds = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _looking = new(1);
    private ReadinessReport? _last;
    private long _lastAt;

    public async Task<ReadinessReport> AskAsync(CancellationToken cancellationToken)
    {
        // Never an answer of before.
        if (lifetime.ApplicationStopping.IsCancellationRequested) return new ReadinessReport(false, ["The program is ending."], []);
        if (_last is { } known && time.GetElapsedTime(Volatile.Read(ref _lastAt)) < Holds) return known;
        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } meanwhile && time.GetElapsedTime(_lastAt) < Holds) return meanwhile;
            var report = await LookAsync();
            if (!report.IsReady && _last is not { IsReady: false }) logger.LogWarning("Not ready: {Reasons}", string.Join(" ", report.Reasons));
            else if (report.IsReady && _last is { IsReady: false }) logger.LogWarning("Ready again");
            _last = report;
            Volatile.Write(ref _lastAt, time.GetTimestamp());
            return report;
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task<ReadinessReport> LookAsync()
    {
        List<string> reasons = [];
        try
        {
            using var patience = new CancellationTokenSource(DatabasePatience, time);
            await using var db = await databases.CreateDbContextAsync(patience.Token);
            // SQLite cannot be told to stop waiting.
            _ = await db.Endpoints.AnyAsync(patience.Token).WaitAsync(DatabasePatience, time, patience.Token);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or OperationCanceledException or TimeoutException or InvalidOperationException)
        {
            reasons.Add(e switch
            {
                Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: var code } => $"The database does not answer (SQLite error {code}).",
                Npgsql.PostgresException { SqlState: var code } => $"The database does not answer (PostgreSQL error {code}).",
                _ => "The database does not answer.",
            });
        }
        if (trouble.Recent is { } recent) reasons.Add($"{recent.Title}, within the last minute.");
        var free = DiskSpace.Free(artefacts.TemporaryFolder);
        if (free < options.Value.DiskFloorBytes) reasons.Add($"The disk of the data folder has {Figures.Bytes(free)} free; expected at least {Figures.Bytes(options.Value.DiskFloorBytes)} (DiskFloorMegabytes).");
        IReadOnlyList<string> warnings =
        [
            // Anybody may ask: which ones stands on the system's page.
            .. models.Endpoints.Count(e => e.Champion.Failure is not null) is > 0 and var silent ? new[] { $"{Figures.Count(silent, "published model")} cannot be loaded." } : [],
            .. watch.Faults.Any(f => time.GetUtcNow() - f.At < TimeSpan.FromMinutes(5)) ? new[] { "Work in the background failed and begins anew." } : [],
        ];
        return new ReadinessReport(reasons.Count == 0, reasons, warnings);
    }
}
