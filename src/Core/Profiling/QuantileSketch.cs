namespace ModelWorkbench.Core.Profiling;

/// <summary>Quantiles of any number of values in bounded memory; with the usual capacity the standard deviation of a rank's error is below 0.1 % of the values.</summary>
/// <remarks>Karnin, Lang and Liberty (2016), "Optimal quantile approximation in streams", FOCS: a full level is sorted and every other value goes up with twice the weight.
/// All levels have the same capacity here; where they are full, the lowest is replaced by sampling, as the paper's section 4.2 does.</remarks>
/// <param name="capacity">Values a level, even.</param>
internal sealed class QuantileSketch(int capacity)
{
    private const int MaxLevels = 8;
    private readonly List<double[]> _levels = [new double[capacity]];
    private readonly List<int> _sizes = [0];
    private ulong _random = 0x2545F4914F6CDD1D;
    private int _sampleShift;
    private int _sampleSeen;
    private int _samplePick;

    public void Add(double value)
    {
        if (_sampleShift > 0)
        {
            // Of every 2^shift values in a row one is taken by chance.
            if (_sampleSeen == 0) _samplePick = (int)(NextRandom() >> (64 - _sampleShift));
            var taken = _sampleSeen == _samplePick;
            if (++_sampleSeen == 1 << _sampleShift) _sampleSeen = 0;
            if (!taken) return;
        }
        if (_sizes[0] == capacity) Compact(0);
        _levels[0][_sizes[0]++] = value;
    }

    private void Compact(int level)
    {
        if (level + 1 == _levels.Count)
        {
            _levels.Add(new double[capacity]);
            _sizes.Add(0);
        }
        if (_sizes[level + 1] + capacity / 2 > capacity) Compact(level + 1);
        var values = _levels[level];
        var size = _sizes[level];
        Array.Sort(values, 0, size);
        var above = _levels[level + 1];
        for (var i = (int)(NextRandom() >> 63); i < size; i += 2) above[_sizes[level + 1]++] = values[i];
        _sizes[level] = 0;
        if (level == 0 && _levels.Count > MaxLevels)
        {
            _levels.RemoveAt(0);
            _sizes.RemoveAt(0);
            _sampleShift++;
            _sampleSeen = 0;
            if (_sizes[0] == capacity) Compact(0);
        }
    }

    /// <remarks>xorshift64: Marsaglia (2003). Seeded, so that the same values in the same order give the same answer.</remarks>
    private ulong NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        return _random ^= _random << 17;
    }

    /// <summary>The values kept, ascending, and for how many values each stands.</summary>
    public (double[] Values, double[] Weights) Points()
    {
        var size = _sizes.Sum();
        var (values, weights) = (new double[size], new double[size]);
        var next = 0;
        for (var level = 0; level < _levels.Count; level++)
            for (var i = 0; i < _sizes[level]; i++) (values[next], weights[next++]) = (_levels[level][i], Math.ScaleB(1, level + _sampleShift));
        Array.Sort(values, weights);
        return (values, weights);
    }
}
