using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>All endpoints with their models, loaded and proved, and the keys that open them. Requests read from here alone, never from the database.</summary>
public sealed class LiveModels(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, TimeProvider time, IOptions<WorkbenchOptions> options, ILogger<LiveModels> logger)
{
    private readonly ConcurrentDictionary<string, LiveEndpoint> _endpoints = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WeakReference<ModelPackage>> _packages = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loading = new(1);
    private readonly SemaphoreSlim _reading = new(Environment.ProcessorCount);

    public LiveEndpoint? FindEndpoint(string name) => _endpoints.GetValueOrDefault(name);

    /// <summary>The champion's model; null where there is no endpoint, or it cannot be loaded.</summary>
    public LiveModel? Find(string name) => _endpoints.GetValueOrDefault(name)?.Champion.Model;

    /// <summary>Why a published model does not answer, or null.</summary>
    public string? FailureOf(string name) => _endpoints.GetValueOrDefault(name)?.Champion.Failure;

    public bool Exists(string name) => _endpoints.ContainsKey(name);

    /// <summary>The names of all endpoints, in order.</summary>
    public IReadOnlyList<string> Names => [.. _endpoints.Keys.Order(StringComparer.Ordinal)];

    /// <summary>All endpoints, as they are now.</summary>
    public IEnumerable<LiveEndpoint> Endpoints => _endpoints.Values;

    /// <summary>Loads every published endpoint; one that cannot be loaded does not keep the others from answering.</summary>
    public async Task LoadAllAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var names = await db.Endpoints.Select(e => e.Name).ToListAsync(cancellationToken);
        await Parallel.ForEachAsync(names, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, async (name, ct) =>
        {
            if (await ReadEndpointAsync(name, ct) is { } endpoint) _endpoints[name] = endpoint;
        });
    }

    /// <summary>Takes over what the database says of this endpoint; one assignment swaps the old for the new.</summary>
    public async Task LoadAsync(string name, CancellationToken cancellationToken)
    {
        // One at a time: what an earlier reading found must not be put over what a later one found, such as a revoked key.
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (await ReadEndpointAsync(name, cancellationToken) is { } endpoint) _endpoints[name] = endpoint;
            else _endpoints.TryRemove(name, out _);
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<LiveEndpoint?> ReadEndpointAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Endpoints.AsNoTracking().AsSplitQuery().Include(e => e.Versions).Include(e => e.Keys).SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is not { } row) return null;
        var known = _endpoints.GetValueOrDefault(name);
        var versions = new Dictionary<int, LiveVersion>();
        foreach (var version in row.Versions.Where(v => v.RetiredAt is null))
        {
            // By the hash too: an endpoint that was deleted and made again has a version 1 again.
            versions[version.Number] = known?.Versions.GetValueOrDefault(version.Number) is { Failure: null } same && same.ModelSha256 == version.ModelSha256 ? same : new LiveVersion(version.Number, version.ModelSha256);
        }
        var keys = row.Keys.Where(k => k.RevokedAt is null).ToDictionary(k => k.Prefix, k => new LiveKey(k), StringComparer.Ordinal);
        foreach (var (prefix, key) in keys)
            if (known?.KeysByPrefix.GetValueOrDefault(prefix) is { LastUsedTicks: > 0 } used) key.MarkUsed(new DateTimeOffset(used.LastUsedTicks, TimeSpan.Zero));
        var endpoint = new LiveEndpoint(row, versions, keys, options.Value, known?.Room ?? new SemaphoreSlim(2 * Environment.ProcessorCount));
        // Before it is swapped in: no caller waits for a model that answers by default.
        foreach (var number in row.Routing.InUse.Append(row.LiveVersion).Distinct())
            if (versions.GetValueOrDefault(number) is { } inUse) await LoadAsync(name, inUse, cancellationToken);
        return endpoint;
    }

    /// <summary>The model of a version, read now if it was not before; null where it cannot be.</summary>
    public ValueTask<LiveModel?> LoadAsync(string name, LiveVersion version, CancellationToken cancellationToken) =>
        version.Model is { } loaded ? ValueTask.FromResult<LiveModel?>(loaded) : ReadModelAsync(name, version, cancellationToken);

    private async ValueTask<LiveModel?> ReadModelAsync(string name, LiveVersion version, CancellationToken cancellationToken)
    {
        if (version.Failure is not null) return null;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            return version.Model ??= new LiveModel(name, version.Number, await ReadAsync(version.ModelSha256, cancellationToken));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            logger.LogError(e, "Endpoint {Name}, version {Version} does not answer: its model cannot be loaded", name, version.Number);
            version.Failure = e.Message;
            return null;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Reads a model package after its hash, and proves its golden rows.</summary>
    /// <exception cref="InvalidDataException">Missing, damaged, or answering differently.</exception>
    public async Task<ModelPackage> ReadAsync(string modelSha256, CancellationToken cancellationToken)
    {
        // Publishing proves a model and then loads it, and several endpoints may share one: while it is in memory it is not read again.
        if (_packages.TryGetValue(modelSha256, out var known) && known.TryGetTarget(out var loaded)) return loaded;
        var content = await artefacts.ReadVerifiedAsync(modelSha256, cancellationToken);
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
