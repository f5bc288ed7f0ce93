using System.Numerics;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Counts rows that were there before, by 64-bit hashes: exact up to 20 million different rows (256 MB), estimated beyond.</summary>
/// <remarks>Beyond: only hashes that end in zeros are kept, as many zeros as needed, and what is found among them is scaled up: Gibbons (2001), "Distinct sampling", VLDB.
/// Two of 20 million different rows share a hash with a chance of 1 in 100,000.</remarks>
internal sealed class RowDuplicates(int limit = 20_000_000)
{
    private readonly long[] _duplicatesByZeros = new long[65];
    private ulong[] _hashes = new ulong[1024];
    private int _count;
    private int _zeros;

    public bool Estimated => _zeros > 0;

    public double Count() => _duplicatesByZeros.Skip(_zeros).Sum() * Math.ScaleB(1, _zeros);

    public void Add(ReadOnlySpan<ulong> rows)
    {
        foreach (var row in rows)
        {
            // 0 marks a free slot; a hash that is 0 counts as another one.
            var hash = row == 0 ? 1ul << 32 : row;
            var zeros = BitOperations.TrailingZeroCount(hash);
            if (zeros < _zeros) continue;
            if (!TryPut(hash)) { _duplicatesByZeros[zeros]++; continue; }
            if (++_count > limit) Thin();
            else if (_count > _hashes.Length / 5 * 4) Rebuild(_hashes.Length * 2);
        }
    }

    private bool TryPut(ulong hash)
    {
        var mask = _hashes.Length - 1;
        var slot = (int)(hash >> 32) & mask;
        for (; _hashes[slot] != 0; slot = (slot + 1) & mask)
            if (_hashes[slot] == hash) return false;
        _hashes[slot] = hash;
        return true;
    }

    private void Thin()
    {
        _zeros++;
        Rebuild(_hashes.Length);
    }

    private void Rebuild(int slots)
    {
        var hashes = _hashes;
        _hashes = new ulong[slots];
        _count = 0;
        foreach (var hash in hashes)
            if (hash != 0 && BitOperations.TrailingZeroCount(hash) >= _zeros && TryPut(hash)) _count++;
    }
}
