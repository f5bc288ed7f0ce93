namespace ModelWorkbench.Core.Profiling;

/// <summary>Mean, spread and skewness of values that come in pieces.</summary>
/// <remarks>Pieces are joined by the formulas of Chan, Golub and LeVeque (1979), for the third moment those of Pébay (2008), Sandia report SAND2008-6212.
/// Values beyond 1e75 are counted in units of 2^700, so that their squares and cubes stay within the doubles.</remarks>
internal sealed class Moments
{
    private const double Large = 1e75;
    private const int UnitShift = -700;
    private double _scale = 1;
    private double _count, _mean, _squares, _cubes;

    /// <param name="values">No NaN.</param>
    /// <param name="largest">The largest of their absolute values.</param>
    /// <param name="weights">How often each value counts; empty for once each.</param>
    public void Add(ReadOnlySpan<double> values, double largest, ReadOnlySpan<int> weights = default)
    {
        if (values.IsEmpty) return;
        if (largest > Large && _scale == 1)
        {
            _scale = Math.ScaleB(1, UnitShift);
            _mean *= _scale;
            _squares *= _scale * _scale;
            _cubes = 0;
        }
        double count = 0, shift = 0;
        var first = values[0] * _scale;
        if (weights.IsEmpty)
        {
            count = values.Length;
            foreach (var value in values) shift += value * _scale - first;
        }
        else
            for (var i = 0; i < values.Length; i++)
            {
                count += weights[i];
                shift += weights[i] * (values[i] * _scale - first);
            }
        var mean = first + shift / count;
        double rest = 0, squares = 0, cubes = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var difference = values[i] * _scale - mean;
            var weight = weights.IsEmpty ? 1 : weights[i];
            rest += weight * difference;
            var square = weight * difference * difference;
            squares += square;
            cubes += square * difference;
        }
        // What rounding left of the mean.
        mean += rest / count;
        squares -= rest * rest / count;
        Join(count, mean, Math.Max(0, squares), cubes);
    }

    private void Join(double count, double mean, double squares, double cubes)
    {
        if (_count == 0)
        {
            (_count, _mean, _squares, _cubes) = (count, mean, squares, cubes);
            return;
        }
        var all = _count + count;
        var delta = mean - _mean;
        _cubes += cubes + delta * delta * delta * _count * count * (_count - count) / (all * all) + 3 * delta * (_count * squares - count * _squares) / all;
        _squares += squares + delta * delta * _count * count / all;
        _mean += delta * count / all;
        _count = all;
    }

    public double Mean => _mean / _scale;
    public double StandardDeviation => _count < 2 ? 0 : Math.Min(double.MaxValue, Math.Sqrt(_squares / (_count - 1)) / _scale);

    public double? Skewness
    {
        get
        {
            if (_count < 3 || !(_squares > 0)) return null;
            var skewness = _cubes / _count / Math.Pow(_squares / _count, 1.5) * Math.Sqrt(_count * (_count - 1)) / (_count - 2);
            return double.IsFinite(skewness) && _scale == 1 ? skewness : null;
        }
    }
}
