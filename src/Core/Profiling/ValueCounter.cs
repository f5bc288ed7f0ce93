using System.Runtime.CompilerServices;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Counts of values by their 64-bit hash: exact until there are too many different ones, from then on the frequent ones with a known error.</summary>
/// <remarks>Beyond the limit: Misra and Gries (1982), in the batched form of Anderson, Bevin, Lang, Liberty, Rhodes and Thaler (2017), "A high-performance algorithm
/// for identifying frequent items in data streams", IMC: where the table is full, the median count is taken off all counts.</remarks>
/// <param name="limit">Different values counted exactly.</param>
internal sealed class ValueCounter(int limit)
{
    private const int FrequentCapacity = 8192;
    private ulong[] _hashes = new ulong[32];
    private long[] _values = new long[32];
    private int[] _counts = new int[32];
    private int _capacity = limit;

    /// <summary>Different values held.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a value was left out or a count is too small.</summary>
    public bool Estimated { get; private set; }

    /// <summary>By how much a count may fall short.</summary>
    public int Error { get; private set; }

    /// <param name="hash">Different for different values.</param>
    /// <param name="value">What the hash stands for.</param>
    /// <param name="times">Rows with it, at least 1.</param>
    /// <returns>Whether it was counted; false where the limit of exact counting is reached: call <see cref="KeepFrequent"/> and add it again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(ulong hash, long value, int times = 1)
    {
        var mask = _counts.Length - 1;
        for (var slot = (int)(hash >> 32) & mask; ; slot = (slot + 1) & mask)
        {
            if (_counts[slot] == 0) return AddNew(slot, hash, value, times);
            if (_hashes[slot] != hash) continue;
            _counts[slot] += times;
            return true;
        }
    }

    private bool AddNew(int slot, ulong hash, long value, int times)
    {
        if (Count == _capacity)
        {
            if (!Estimated) return false;
            TakeOffMedian();
            return Add(hash, value, times);
        }
        (_hashes[slot], _values[slot], _counts[slot]) = (hash, value, times);
        if (++Count * 2 > _counts.Length) Resize(_counts.Length * 2, 0);
        return true;
    }

    /// <summary>From now on only frequent values are kept.</summary>
    public void KeepFrequent()
    {
        Estimated = true;
        _capacity = Math.Min(_capacity, FrequentCapacity);
        if (Count >= _capacity)
        {
            var sorted = Counts();
            Array.Sort(sorted);
            TakeOff(sorted[Math.Max(0, sorted.Length - _capacity / 2)]);
        }
    }

    private void TakeOffMedian()
    {
        var sorted = Counts();
        Array.Sort(sorted);
        TakeOff(sorted[sorted.Length / 2]);
    }

    private void TakeOff(int least)
    {
        Error += least;
        Count = _counts.Count(count => count > least);
        Resize(Math.Max(32, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_capacity * 2)), least);
    }

    private int[] Counts() => [.. _counts.Where(count => count > 0)];

    private void Resize(int slots, int takeOff)
    {
        var (hashes, values, counts) = (_hashes, _values, _counts);
        (_hashes, _values, _counts) = (new ulong[slots], new long[slots], new int[slots]);
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] <= takeOff) continue;
            var slot = (int)(hashes[i] >> 32) & (slots - 1);
            while (_counts[slot] != 0) slot = (slot + 1) & (slots - 1);
            (_hashes[slot], _values[slot], _counts[slot]) = (hashes[i], values[i], counts[i] - takeOff);
        }
    }

    public IEnumerable<(ulong Hash, long Value, int Count)> Entries()
    {
        for (var i = 0; i < _counts.Length; i++)
            if (_counts[i] > 0) yield return (_hashes[i], _values[i], _counts[i]);
    }
}
