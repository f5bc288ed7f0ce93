using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>All endpoints with the keys that open them, and their models, loaded and proved when they are asked for and kept within a budget of memory. Requests read from here alone, never from the database.</summary>
public sealed class LiveModels(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, ModelMemory memory, AuditLog audit, TimeProvider time, IOptions<WorkbenchOptions> options, ILogger<LiveModels> logger)
{
    private readonly ConcurrentDictionary<string, LiveEndpoint> _endpoints = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WeakReference<ModelPackage>> _packages = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loading = new(1);
    private readonly SemaphoreSlim _reading = new(Environment.ProcessorCount);

    public LiveEndpoint? FindEndpoint(string name) => _endpoints.GetValueOrDefault(name);

    /// <summary>The champion's model, read now if it is not loaded; null where there is no endpoint, or it cannot be loaded.</summary>
    public ValueTask<LiveModel?> FindAsync(string name, CancellationToken cancellationToken) =>
        FindEndpoint(name) is { } endpoint ? LoadAsync(name, endpoint.Champion, cancellationToken) : ValueTask.FromResult<LiveModel?>(null);

    /// <summary>What the champion's file says; null where there is no endpoint, or nobody has asked it yet since the workbench started.</summary>
    public ModelManifest? ManifestOf(string name) => FindEndpoint(name)?.Champion.Manifest;

    /// <summary>Why a published model does not answer, or null.</summary>
    public string? FailureOf(string name) => _endpoints.GetValueOrDefault(name)?.Champion.Failure;

    public bool Exists(string name) => _endpoints.ContainsKey(name);

    /// <summary>The names of all endpoints, in order.</summary>
    public IReadOnlyList<string> Names => [.. _endpoints.Keys.Order(StringComparer.Ordinal)];

    /// <summary>All endpoints, as they are now.</summary>
    public IEnumerable<LiveEndpoint> Endpoints => _endpoints.Values;

    /// <summary>Learns of every published endpoint; models are read later, as they are asked for or by <see cref="ModelWarming"/>.</summary>
    public async Task LoadAllAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var row in await Rows(db).ToListAsync(cancellationToken)) _endpoints[row.Name] = Make(row, null);
    }

    private static IQueryable<EndpointRow> Rows(AppDb db) => db.Endpoints.AsNoTracking().AsSplitQuery().Include(e => e.Versions.OrderBy(v => v.Number)).Include(e => e.Keys.OrderBy(k => k.Id));

    /// <summary>Takes over what the database says of this endpoint; one assignment swaps the old for the new.</summary>
    public async Task LoadAsync(string name, CancellationToken cancellationToken)
    {
        // One at a time: what an earlier reading found must not be put over what a later one found, such as a revoked key.
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (await ReadEndpointAsync(name, cancellationToken) is { } endpoint) _endpoints[name] = endpoint;
            else _endpoints.TryRemove(name, out _);
            memory.Trim(Versions, null);
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<LiveEndpoint?> ReadEndpointAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Rows(db).SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is not { } row) return null;
        var endpoint = Make(row, _endpoints.GetValueOrDefault(name));
        // Before it is swapped in: no caller waits for a model that was just made to answer.
        foreach (var number in row.Routing.InUse.Append(row.LiveVersion).Distinct())
            if (endpoint.Versions.GetValueOrDefault(number) is { } inUse) await LoadAsync(name, inUse, cancellationToken);
        return endpoint;
    }

    private LiveEndpoint Make(EndpointRow row, LiveEndpoint? known)
    {
        var versions = new Dictionary<int, LiveVersion>();
        foreach (var version in row.Versions.Where(v => v.RetiredAt is null))
        {
            // By the hash too: an endpoint that was deleted and made again has a version 1 again.
            versions[version.Number] = known?.Versions.GetValueOrDefault(version.Number) is { Failure: null } same && same.ModelSha256 == version.ModelSha256 ? same : new LiveVersion(version.Number, version.ModelSha256);
        }
        var keys = row.Keys.Where(k => k.RevokedAt is null).ToDictionary(k => k.Prefix, k => new LiveKey(k), StringComparer.Ordinal);
        foreach (var (prefix, key) in keys)
            if (known?.KeysByPrefix.GetValueOrDefault(prefix) is { LastUsedTicks: > 0 } used) key.MarkUsed(new DateTimeOffset(used.LastUsedTicks, TimeSpan.Zero));
        return new LiveEndpoint(row, versions, keys, options.Value, known?.Room ?? new SemaphoreSlim(2 * Environment.ProcessorCount));
    }

    /// <summary>The model of a version, read now if it is not loaded; null where it cannot be.</summary>
    /// <param name="name">Of the endpoint.</param>
    /// <param name="version">Of it.</param>
    /// <param name="cancellationToken">Ends the waiting, not the reading: others may wait for it too.</param>
    public ValueTask<LiveModel?> LoadAsync(string name, LiveVersion version, CancellationToken cancellationToken)
    {
        version.MarkUsed();
        if (version.Model is { } loaded) return ValueTask.FromResult<LiveModel?>(loaded);
        return version.Failure is null ? new ValueTask<LiveModel?>(version.ReadOnce(() => ReadModelAsync(name, version)).WaitAsync(cancellationToken)) : ValueTask.FromResult<LiveModel?>(null);
    }

    private async Task<LiveModel?> ReadModelAsync(string name, LiveVersion version, bool isKept = true)
    {
        await _reading.WaitAsync();
        try
        {
            var began = Stopwatch.GetTimestamp();
            var package = await ReadAsync(version.ModelSha256, CancellationToken.None);
            version.Manifest = package.Manifest;
            if (!isKept) return null;
            var model = new LiveModel(name, version.Number, package, version.Figures);
            version.Figures = model.Figures;
            version.Model = model;
            memory.NoteLoad(Stopwatch.GetElapsedTime(began));
            memory.Trim(Versions, version);
            return model;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            logger.LogError(e, "Endpoint {Name}, version {Version} does not answer: its model cannot be loaded", name, version.Number);
            version.Failure = e.Message;
            await RecordAsync(name, version.Number, e.Message);
            return null;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Files do not change by themselves: that one did is somebody's doing, or the disk's.</summary>
    private async Task RecordAsync(string name, int version, string why)
    {
        try
        {
            await audit.RecordAsync("endpoint.damaged", $"endpoint {name}", new { version, why }, AuditResult.Failed, Actor.Workbench);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or DbUpdateException)
        {
            logger.LogError(e, "That version {Version} of endpoint {Name} cannot be loaded could not be written into the audit log", version, name);
        }
    }

    /// <summary>Whether the model of a version can be loaded, without keeping it: what its file says is known then, or why it cannot be read.</summary>
    internal Task ProveAsync(string name, LiveVersion version) => version.Model is not null || version.Manifest is not null ? Task.CompletedTask : ReadModelAsync(name, version, isKept: false);

    private IEnumerable<LiveVersion> Versions => Endpoints.SelectMany(e => e.Versions.Values);

    /// <summary>Reads a model package after its hash, and proves its golden rows.</summary>
    /// <exception cref="InvalidDataException">Missing, damaged, or answering differently.</exception>
    public async Task<ModelPackage> ReadAsync(string modelSha256, CancellationToken cancellationToken)
    {
        // Publishing proves a model and then loads it, and several endpoints may share one: while it is in memory it is not read again.
        if (_packages.TryGetValue(modelSha256, out var known) && known.TryGetTarget(out var loaded)) return loaded;
        var content = await artefacts.ReadVerifiedAsync(modelSha256, cancellationToken);
        memory.NoteSize(modelSha256, content.Length);
        var package = await Task.Run(() => ModelPackage.Read(new MemoryStream(content, writable: false)), cancellationToken);
        _packages[modelSha256] = new WeakReference<ModelPackage>(package);
        return package;
    }

    /// <summary>Writes down when keys were used last; called now and then, never by a request.</summary>
    public async Task WriteLastUsesAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var since = time.GetUtcNow().AddHours(-1);
        foreach (var key in Endpoints.SelectMany(e => e.KeysByPrefix.Values).Where(k => k.LastUsedTicks > since.UtcTicks).ToArray())
        {
            var used = new DateTimeOffset(key.LastUsedTicks, TimeSpan.Zero);
            await db.EndpointKeys.Where(k => k.Id == key.Id && (k.LastUsedAt == null || k.LastUsedAt < used)).ExecuteUpdateAsync(set => set.SetProperty(k => k.LastUsedAt, used), cancellationToken);
        }
    }
}
