using System.Collections.Concurrent;
using System.Threading.RateLimiting;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>How often a key may ask.</summary>
/// <param name="RequestsPerSecond">On the long run; null for no limit.</param>
/// <param name="Burst">At once, after a pause.</param>
/// <param name="RequestsPerDay">In a day of UTC; null for no limit.</param>
public sealed record CallRate(int? RequestsPerSecond, int Burst, int? RequestsPerDay);

/// <summary>A key that has sent all that it may send in a day.</summary>
/// <param name="Key">Public part of the key; empty for callers without one.</param>
public sealed record SpentQuota(string Endpoint, string Key, int RequestsPerDay);

/// <summary>Counts the requests of each key against its endpoint's limits. Counts live in memory: a restart begins a new day.</summary>
public sealed class CallerLimits(TimeProvider time) : IDisposable
{
    private sealed record Caller(CallRate Rate, TokenBucketRateLimiter? Bucket)
    {
        public int Day;
        public int CountOfDay;
    }

    private readonly ConcurrentDictionary<(string Endpoint, string Key), Caller> _callers = new();
    private readonly ConcurrentQueue<SpentQuota> _spent = new();

    /// <returns>Null where the request may go on; otherwise after which time it is worth asking again.</returns>
    /// <param name="key">Public part of the key; empty for callers without one, who share a limit.</param>
    public TimeSpan? TryEnter(string endpoint, string key, CallRate rate)
    {
        if (!_callers.TryGetValue((endpoint, key), out var caller) || !caller.Rate.Equals(rate)) caller = Renew(endpoint, key, rate);
        if (rate.RequestsPerDay is { } daily && CountToday(caller) is var count && count > daily)
        {
            if (count == daily + 1) _spent.Enqueue(new SpentQuota(endpoint, key, daily));
            return UntilMidnight();
        }
        if (caller.Bucket is not { } bucket) return null;
        using var lease = bucket.AttemptAcquire();
        if (lease.IsAcquired) return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var after) && after > TimeSpan.Zero ? after : TimeSpan.FromSeconds(1);
    }

    /// <summary>The quotas that were used up since this was asked last, for one who asks; each once a day.</summary>
    public IEnumerable<SpentQuota> TakeSpent()
    {
        while (_spent.TryPeek(out var spent))
        {
            yield return spent;
            // Only here: who could not write it down gets it again.
            _ = _spent.TryDequeue(out _);
        }
    }

    private Caller Renew(string endpoint, string key, CallRate rate)
    {
        var made = new Caller(rate, rate.RequestsPerSecond is not { } perSecond ? null : new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(rate.Burst, 1),
            // Tenths of a second where that gives whole tokens, so that callers at the limit go on evenly.
            ReplenishmentPeriod = perSecond % 10 == 0 ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(1),
            TokensPerPeriod = perSecond % 10 == 0 ? perSecond / 10 : perSecond,
            QueueLimit = 0,
            AutoReplenishment = true,
        }));
        return _callers.AddOrUpdate((endpoint, key), made, (_, known) =>
        {
            if (known.Rate.Equals(rate)) { made.Bucket?.Dispose(); return known; }
            known.Bucket?.Dispose();
            return made;
        });
    }

    private int CountToday(Caller caller)
    {
        var today = (int)(time.GetUtcNow().UtcTicks / TimeSpan.TicksPerDay);
        if (Volatile.Read(ref caller.Day) != today)
        {
            Volatile.Write(ref caller.CountOfDay, 0);
            Volatile.Write(ref caller.Day, today);
        }
        return Interlocked.Increment(ref caller.CountOfDay);
    }

    private TimeSpan UntilMidnight()
    {
        var now = time.GetUtcNow();
        return now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime;
    }

    public void Dispose()
    {
        foreach (var caller in _callers.Values) caller.Bucket?.Dispose();
    }
}
