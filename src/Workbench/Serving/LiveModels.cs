using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>All published models, loaded and proved, with the keys that open them. Requests read from here alone, never from the database.</summary>
public sealed class LiveModels(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, ILogger<LiveModels> logger)
{
    private sealed record Endpoint(LiveModel? Model, string ModelSha256, string? Failure, Dictionary<string, byte[]> KeyHashes);

    private readonly ConcurrentDictionary<string, Endpoint> _endpoints = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WeakReference<ModelPackage>> _packages = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loading = new(1);

    public LiveModel? Find(string name) => _endpoints.GetValueOrDefault(name)?.Model;

    /// <summary>The model that a caller asks for; null where there is none, or it cannot be loaded.</summary>
    public LiveModel? Find(string name, ModelChoice choice) => Has(name, choice) ? Find(name) : null;

    /// <summary>Whether there is such a version or alias, whether or not it answers.</summary>
    public bool Has(string name, ModelChoice choice) =>
        Exists(name) && choice.Alias is null or "champion" && (choice.Version is not { } version || Find(name)?.Version == version);

    /// <summary>The versions that can be asked, ascending.</summary>
    public IReadOnlyList<int> VersionsOf(string name) => Find(name) is { } model ? [model.Version] : [];

    /// <summary>Why a published model does not answer, or null.</summary>
    public string? FailureOf(string name) => _endpoints.GetValueOrDefault(name)?.Failure;

    public bool Exists(string name) => _endpoints.ContainsKey(name);

    public bool Opens(string name, ReadOnlySpan<char> key) =>
        _endpoints.GetValueOrDefault(name) is { } endpoint
        && endpoint.KeyHashes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(Secret.PrefixOf(key), out var hash) && Secret.Matches(key, hash);

    /// <summary>The names of all endpoints, in order.</summary>
    public IReadOnlyList<string> Names => [.. _endpoints.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Loads every published endpoint; one that cannot be loaded does not keep the others from answering.</summary>
    public async Task LoadAllAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var name in await db.Endpoints.Select(e => e.Name).ToListAsync(cancellationToken)) await LoadAsync(name, cancellationToken);
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

    private async Task<Endpoint?> ReadEndpointAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Endpoints.AsNoTracking().Include(e => e.Versions).Include(e => e.Keys).SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is not { } row) return null;
        var keys = row.Keys.Where(k => k.RevokedAt is null).ToDictionary(k => k.Prefix, k => k.Hash, StringComparer.Ordinal);
        var version = row.Versions.Single(v => v.Number == row.LiveVersion);
        // By the hash too: an endpoint that was deleted and made again has a version 1 again.
        if (_endpoints.GetValueOrDefault(name) is { Model: not null } live && live.Model.Version == version.Number && live.ModelSha256 == version.ModelSha256) return live with { KeyHashes = keys };
        try
        {
            return new Endpoint(new LiveModel(name, version.Number, await ReadAsync(version.ModelSha256, cancellationToken)), version.ModelSha256, null, keys);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            logger.LogError(e, "Endpoint {Name}, version {Version} does not answer: its model cannot be loaded", name, version.Number);
            return new Endpoint(null, version.ModelSha256, e.Message, keys);
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
}
