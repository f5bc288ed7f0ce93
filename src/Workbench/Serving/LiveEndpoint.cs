using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Which model of an endpoint a caller asks for; the traffic decides where neither is given.</summary>
public readonly record struct ModelChoice(int? Version = null, string? Alias = null);

/// <summary>A key as requests need it.</summary>
public sealed class LiveKey(EndpointKeyRow row)
{
    private long _lastUsed = row.LastUsedAt?.UtcTicks ?? 0;

    public int Id { get; } = row.Id;
    public string Prefix { get; } = row.Prefix;
    public EndpointScopes Scopes { get; } = row.Scopes;
    private readonly byte[] _hash = row.Hash;
    private readonly DateTimeOffset? _expiresAt = row.ExpiresAt;

    /// <summary>UTC ticks; 0 for never.</summary>
    public long LastUsedTicks => Volatile.Read(ref _lastUsed);

    // The text that fitted the hash. Hashing takes longer than a small model's answer, and a key is sent thousands of times; memory alone knows it.
    private volatile string? _text;

    public bool Opens(ReadOnlySpan<char> text, DateTimeOffset now)
    {
        if (_expiresAt <= now) return false;
        if (_text is { } known && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(text), MemoryMarshal.AsBytes(known.AsSpan()))) return true;
        if (!Secret.Matches(text, _hash)) return false;
        _text = text.ToString();
        return true;
    }

    public void MarkUsed(DateTimeOffset now) => Volatile.Write(ref _lastUsed, now.UtcTicks);
}

/// <summary>A version that can be asked; its model is read when somebody does, and forgotten where memory is short and others are asked for.</summary>
public sealed class LiveVersion(int number, string modelSha256)
{
    private readonly Lock _reading = new();
    private Task<LiveModel?>? _read;
    private long _usedAt;

    public int Number { get; } = number;
    public string ModelSha256 { get; } = modelSha256;

    /// <summary>Null while it is not loaded, or cannot be. Whoever has taken it keeps it, also when it is forgotten here.</summary>
    public volatile LiveModel? Model;

    /// <summary>Why it cannot be loaded; null while it can.</summary>
    public volatile string? Failure;

    /// <summary>What its file says; null until it was read once.</summary>
    public volatile ModelManifest? Manifest;

    /// <summary>What it did since the workbench started; null until it was loaded once.</summary>
    public volatile VersionFigures? Figures;

    /// <summary>Milliseconds since the machine started.</summary>
    internal long UsedAt => Volatile.Read(ref _usedAt);

    internal void MarkUsed() => Volatile.Write(ref _usedAt, Environment.TickCount64);

    /// <summary>However many ask at once, it is read a single time, and all get that.</summary>
    internal Task<LiveModel?> ReadOnce(Func<Task<LiveModel?>> read)
    {
        lock (_reading)
        {
            return Model is { } loaded ? Task.FromResult<LiveModel?>(loaded) : _read ??= ReadAsync();
        }

        async Task<LiveModel?> ReadAsync()
        {
            // The task has to be known before it ends.
            await Task.Yield();
            try
            {
                return await read();
            }
            finally
            {
                lock (_reading) _read = null;
            }
        }
    }
}

/// <summary>An endpoint as requests see it. Immutable but for models that are loaded on demand: every change makes a new one, so a request never sees half of a change.</summary>
public sealed class LiveEndpoint
{
    private readonly Dictionary<string, LiveKey>.AlternateLookup<ReadOnlySpan<char>> _keys;
    private readonly LiveVersion[] _byPercent;
    private static uint _turn;

    /// <param name="defaults">Limits where the endpoint has none of its own.</param>
    /// <param name="room">Requests that are worked on at once; shared by all states of the endpoint.</param>
    public LiveEndpoint(EndpointRow row, IReadOnlyDictionary<int, LiveVersion> versions, IReadOnlyDictionary<string, LiveKey> keys, WorkbenchOptions defaults, SemaphoreSlim room)
    {
        Room = room;
        var settings = row.Settings;
        Rate = new CallRate(settings.RequestsPerSecond ?? (defaults.PredictionsPerSecond == 0 ? null : defaults.PredictionsPerSecond), settings.Burst ?? Math.Max(defaults.PredictionBurst, settings.RequestsPerSecond ?? 0), settings.RequestsPerDay);
        MostRows = Math.Min(settings.MaxRows ?? defaults.MaxPredictionRows, defaults.MaxPredictionRows);
        MostMegabytes = Math.Min(settings.MaxBodyMegabytes ?? defaults.MaxPredictionMegabytes, defaults.MaxPredictionMegabytes);
        (Name, WorkspaceId, CreatedAt, Versions, Routing, Settings) = (row.Name, row.WorkspaceId, row.CreatedAt, versions, row.Routing, row.Settings);
        Disclosure = new Disclosure(settings.LabelsOnly, settings.ScoreDecimals);
        Champion = versions[row.LiveVersion];
        KeysByPrefix = new Dictionary<string, LiveKey>(keys, StringComparer.Ordinal);
        _keys = KeysByPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
        _byPercent = [.. row.Routing.Traffic.SelectMany(share => Enumerable.Repeat(versions.GetValueOrDefault(share.Version, Champion), share.Percent))];
        if (row.Routing.Shadow is { } shadow) Shadow = versions.GetValueOrDefault(shadow.Version);
    }

    public string Name { get; }

    public int WorkspaceId { get; }

    public DateTimeOffset CreatedAt { get; }

    /// <summary>Answers where the caller names no version and no traffic is split.</summary>
    public LiveVersion Champion { get; }

    /// <summary>All that are not retired, by number.</summary>
    public IReadOnlyDictionary<int, LiveVersion> Versions { get; }

    public EndpointRouting Routing { get; }

    public EndpointSettings Settings { get; }

    /// <summary>What each key may send.</summary>
    public CallRate Rate { get; }

    public int MostRows { get; }

    public int MostMegabytes { get; }

    /// <summary>How much of the answers callers are told.</summary>
    public Disclosure Disclosure { get; }

    /// <summary>One for each request that may be worked on at once.</summary>
    internal SemaphoreSlim Room { get; }

    /// <summary>Answers copies for comparison; null for none.</summary>
    public LiveVersion? Shadow { get; }

    internal Dictionary<string, LiveKey> KeysByPrefix { get; }

    /// <summary>The key that this text is; null where it is none of this endpoint's, or expired.</summary>
    public LiveKey? FindKey(ReadOnlySpan<char> text, DateTimeOffset now) => _keys.TryGetValue(Secret.PrefixOf(text), out var key) && key.Opens(text, now) ? key : null;

    /// <summary>The version that answers; null where there is no such version or alias.</summary>
    /// <param name="stickyKey">Callers with the same one get the same version while the traffic stays as it is; empty for any.</param>
    public LiveVersion? Choose(ModelChoice choice, ReadOnlySpan<char> stickyKey)
    {
        if (choice.Version is { } number) return Versions.GetValueOrDefault(number);
        if (choice.Alias is { } alias) return alias == EndpointRouting.Champion ? Champion : Routing.Aliases.TryGetValue(alias, out var named) ? Versions.GetValueOrDefault(named) : null;
        return _byPercent.Length == 0 ? Champion : _byPercent[PointOf(stickyKey) * (uint)_byPercent.Length / Points];
    }

    /// <summary>Whether this request is copied to the shadow.</summary>
    public bool IsShadowed() => Shadow is not null && Routing.Shadow is { } shadow && PointOf([]) < shadow.Percent * (Points / 100);

    private const uint Points = 10_000;

    private static uint PointOf(ReadOnlySpan<char> stickyKey)
    {
        // Without a key each request takes the next point of a sequence that fills the range evenly.
        if (stickyKey.IsEmpty) return (uint)((ulong)(Interlocked.Increment(ref _turn) * 2_654_435_769u) * Points >> 32);
        // FNV-1a, and a last mixing, as its lower bits follow the last character.
        var hash = 2_166_136_261u;
        foreach (var character in stickyKey) hash = (hash ^ character) * 16_777_619u;
        hash ^= hash >> 16;
        hash *= 0x85EB_CA6B;
        hash ^= hash >> 13;
        return (uint)((ulong)hash * Points >> 32);
    }
}
