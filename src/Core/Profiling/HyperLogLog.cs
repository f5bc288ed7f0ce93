using System.Numerics;
using System.Runtime.CompilerServices;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Estimates how many different values there are, in 16 KB; standard error 0.81 %.</summary>
/// <remarks>Flajolet, Fusy, Gandouet and Meunier (2007); the estimator without bias correction tables is that of Ertl (2017), "New cardinality estimation algorithms for
/// HyperLogLog sketches", algorithm 6.</remarks>
internal sealed class HyperLogLog
{
    private const int IndexBits = 14;
    private const int Registers = 1 << IndexBits;
    private const int RankBits = 64 - IndexBits;
    private readonly byte[] _ranks = new byte[Registers];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong hash)
    {
        var rank = (byte)(BitOperations.LeadingZeroCount((hash << IndexBits) | (1ul << (IndexBits - 1))) + 1);
        ref var held = ref _ranks[hash >> RankBits];
        if (rank > held) held = rank;
    }

    public double Estimate()
    {
        var histogram = new int[RankBits + 2];
        foreach (var rank in _ranks) histogram[rank]++;
        var z = Registers * Tau(1 - (double)histogram[RankBits + 1] / Registers);
        for (var k = RankBits; k >= 1; k--) z = 0.5 * (z + histogram[k]);
        z += Registers * Sigma((double)histogram[0] / Registers);
        return Registers / (2 * Math.Log(2)) * Registers / z;
    }

    private static double Sigma(double x)
    {
        if (x == 1) return double.PositiveInfinity;
        double y = 1, z = x, before;
        do
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        } while (z != before);
        return z;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1) return 0;
        double y = 1, z = 1 - x, before;
        do
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        } while (z != before);
        return z / 3;
    }
}
