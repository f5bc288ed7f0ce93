using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Measures one column that comes in pieces, in bounded memory. Exact while there are few enough different values; sketches beyond.</summary>
internal abstract class ColumnMeter(string name, ColumnKind kind, int exactValues)
{
    private ulong _content;

    protected ValueCounter Values { get; } = new(exactValues);

    /// <summary>Null while the values are counted exactly.</summary>
    protected HyperLogLog? Distinct { get; private set; }

    protected int RowCount { get; private set; }
    protected int MissingCount { get; private set; }
    public string Name => name;
    public ColumnKind Kind => kind;

    /// <summary>Of all values in order.</summary>
    public ulong Content => _content;

    /// <param name="column">The next piece.</param>
    /// <param name="hashes">Filled with the hash of every row's value; as long as the column.</param>
    public void Add(Column column, Span<ulong> hashes)
    {
        MissingCount += AddValues(column, hashes);
        RowCount += column.Length;
        OnPieceEnd();
        var content = _content;
        foreach (var hash in hashes) content = content * 0xD6E8FEB86659FD93 + hash;
        _content = content;
    }

    /// <returns>Missing rows.</returns>
    protected abstract int AddValues(Column column, Span<ulong> hashes);

    public abstract ColumnProfile Build();

    protected void Count(ulong hash, long value, int times = 1)
    {
        if (!Values.Add(hash, value, times))
        {
            Distinct = new HyperLogLog();
            foreach (var entry in Values.Entries()) Distinct.Add(entry.Hash);
            OnTooMany();
            Values.KeepFrequent();
            Values.Add(hash, value, times);
        }
        Distinct?.Add(hash);
    }

    protected virtual void OnPieceEnd() { }

    /// <summary>The counts are still complete; from now on they are not.</summary>
    protected virtual void OnTooMany() { }

    protected ColumnProfile Describe(NumericSummary? numbers, IReadOnlyList<ValueCount> top, Histogram? histogram) =>
        new(name, kind, RowCount, MissingCount, Distinct is null ? Values.Count : (int)Math.Min(Math.Round(Distinct.Estimate()), RowCount - MissingCount), numbers, top, histogram)
        {
            DistinctEstimated = Distinct is not null,
            TopValuesEstimated = Values.Error > 0,
            TopValuesError = Values.Error,
        };

    protected IReadOnlyList<ValueCount> Top(Func<long, string> toText)
    {
        const int most = 10;
        var entries = Values.Entries().Select(entry => (entry.Value, entry.Count)).ToArray();
        if (entries.Length > most)
        {
            // Only values that may be among the top are turned into text.
            var counts = Array.ConvertAll(entries, entry => entry.Count);
            Array.Sort(counts);
            var least = counts[^most];
            entries = [.. entries.Where(entry => entry.Count >= least)];
        }
        return [.. entries.Select(entry => new ValueCount(toText(entry.Value), entry.Count)).OrderByDescending(value => value.Count).ThenBy(value => value.Value, StringComparer.Ordinal).Take(most)];
    }

    public static ColumnMeter For(Column column, int exactValues, int sketchCapacity) => column switch
    {
        DictionaryColumn => new TextMeter(column.Name, column.Kind, exactValues),
        NumericColumn or DateTimeColumn => new ScaleMeter(column.Name, column.Kind, exactValues, sketchCapacity),
        _ => throw new ArgumentException($"Column '{column.Name}' is a {column.GetType().Name}. Expected numbers, dates or texts.", nameof(column)),
    };
}

/// <summary>Numbers and dates.</summary>
internal sealed class ScaleMeter(string name, ColumnKind kind, int exactValues, int sketchCapacity) : ColumnMeter(name, kind, exactValues)
{
    private const int MaxBins = 30;
    private readonly Moments _moments = new();
    private QuantileSketch? _quantiles;
    private double[] _present = [];
    private double _minimum = double.PositiveInfinity, _maximum = double.NegativeInfinity;
    private int _zeros, _negatives;

    // Values counted in the pieces before, and how many of the present piece the sketch has from the counts.
    private int _before, _skip;

    private double ToNumber(long value) => Kind == ColumnKind.Numeric ? BitConverter.Int64BitsToDouble(value) : value;

    protected override int AddValues(Column column, Span<ulong> hashes)
    {
        if (_present.Length < column.Length) _present = new double[column.Length];
        var present = 0;
        if (column is NumericColumn numbers)
        {
            var values = numbers.Values;
            for (var row = 0; row < values.Length; row++)
            {
                // Adding 0 makes -0 and 0 the same value, as they compare equal.
                var value = values[row] + 0.0;
                if (double.IsNaN(value)) { hashes[row] = ValueHash.Missing; continue; }
                var bits = BitConverter.DoubleToInt64Bits(value);
                var hash = ValueHash.Of(bits);
                hashes[row] = hash;
                Count(hash, bits);
                _present[present++] = value;
            }
        }
        else
        {
            var ticks = ((DateTimeColumn)column).Ticks;
            for (var row = 0; row < ticks.Length; row++)
            {
                if (ticks[row] == DateTimeColumn.MissingTicks) { hashes[row] = ValueHash.Missing; continue; }
                var hash = ValueHash.Of(ticks[row]);
                hashes[row] = hash;
                Count(hash, ticks[row]);
                _present[present++] = ticks[row];
            }
        }
        Measure(_present.AsSpan(0, present));
        return column.Length - present;
    }

    private void Measure(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty) return;
        double minimum = _minimum, maximum = _maximum;
        int zeros = 0, negatives = 0;
        foreach (var value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
            if (value == 0) zeros++;
            if (value < 0) negatives++;
        }
        (_minimum, _maximum) = (minimum, maximum);
        _zeros += zeros;
        _negatives += negatives;
        _moments.Add(values, Math.Max(Math.Abs(minimum), Math.Abs(maximum)));
        if (_quantiles is null) return;
        for (var i = _skip; i < values.Length; i++) _quantiles.Add(values[i]);
        _skip = 0;
    }

    protected override void OnTooMany()
    {
        _quantiles = new QuantileSketch(sketchCapacity);
        var counted = 0;
        foreach (var (_, value, count) in Values.Entries())
        {
            counted += count;
            var number = ToNumber(value);
            for (var i = 0; i < count; i++) _quantiles.Add(number);
        }
        // So many values of the present piece are among the counts.
        _skip = counted - _before;
    }

    public override ColumnProfile Build()
    {
        var top = Top(value => Kind == ColumnKind.Numeric ? ToNumber(value).ToString("R", CultureInfo.InvariantCulture) : new DateTimeColumn("", [value]).GetText(0)!);
        if (MissingCount == RowCount) return Describe(null, top, null);
        var (values, weights) = _quantiles is null ? ExactPoints() : _quantiles.Points();
        if (_quantiles is not null)
        {
            values[0] = _minimum;
            values[^1] = _maximum;
        }
        var points = new Points(values, weights);
        var summary = new NumericSummary(_minimum, points.Quantile(0.25), points.Quantile(0.5), points.Quantile(0.75), _maximum, Math.Clamp(_moments.Mean, _minimum, _maximum), _minimum == _maximum ? 0 : _moments.StandardDeviation)
        {
            Percentile1 = points.Quantile(0.01),
            Percentile5 = points.Quantile(0.05),
            Percentile95 = points.Quantile(0.95),
            Percentile99 = points.Quantile(0.99),
            Skewness = _minimum == _maximum ? null : _moments.Skewness,
            ZeroCount = Kind == ColumnKind.Numeric ? _zeros : null,
            NegativeCount = Kind == ColumnKind.Numeric ? _negatives : null,
            QuantilesEstimated = _quantiles is not null,
        };
        return Describe(summary, top, points.Bin(RowCount - MissingCount));
    }

    private (double[] Values, double[] Weights) ExactPoints()
    {
        var entries = Values.Entries().ToArray();
        var values = Array.ConvertAll(entries, entry => ToNumber(entry.Value));
        var weights = Array.ConvertAll(entries, entry => (double)entry.Count);
        Array.Sort(values, weights);
        return (values, weights);
    }

    protected override void OnPieceEnd() => _before = RowCount - MissingCount;

    /// <summary>Ascending values, each of which stands for so many.</summary>
    private sealed class Points
    {
        private readonly double[] _values;
        private readonly double[] _upTo;

        public Points(double[] values, double[] weights)
        {
            _values = values;
            _upTo = new double[values.Length];
            var sum = 0.0;
            for (var i = 0; i < values.Length; i++) _upTo[i] = sum += weights[i];
        }

        /// <summary>Quantile with linear interpolation between closest ranks.</summary>
        /// <remarks>Hyndman and Fan (1996), The American Statistician 50(4), type 7; the default of NumPy and pandas.</remarks>
        public double Quantile(double fraction)
        {
            var rank = fraction * (_upTo[^1] - 1);
            var low = Math.Floor(rank);
            var (before, after) = (At(low), At(low + 1));
            if (before == after) return before;
            var weight = rank - low;
            return before * (1 - weight) + after * weight;
        }

        /// <summary>The value of the 0-based rank.</summary>
        private double At(double rank)
        {
            var found = Array.BinarySearch(_upTo, rank);
            return _values[Math.Min(found >= 0 ? found + 1 : ~found, _values.Length - 1)];
        }

        /// <summary>Bins of equal width from the smallest to the largest value; a constant gets one bin around it.</summary>
        public Histogram Bin(int count)
        {
            double low = _values[0], high = _values[^1];
            if (low == high)
            {
                var margin = Math.Max(0.5, Math.Abs(low) * 1e-6);
                return new Histogram([low - margin, high + margin], [count]);
            }
            // As NumPy's linspace; where the range is beyond the doubles, halves are taken.
            var bins = Math.Min(MaxBins, _values.Length);
            var scale = double.IsFinite(high - low) ? 1 : 0.5;
            var step = (scale * high - scale * low) / bins;
            var edges = new double[bins + 1];
            for (var i = 0; i < bins; i++) edges[i] = (scale * low + i * step) / scale;
            edges[bins] = high;
            var sums = new double[bins];
            var bin = 0;
            for (var i = 0; i < _values.Length; i++)
            {
                while (bin < bins - 1 && _values[i] >= edges[bin + 1]) bin++;
                sums[bin] += _upTo[i] - (i == 0 ? 0 : _upTo[i - 1]);
            }
            // A sketch stands for a few values more or less; rounding the running sum keeps the total right.
            var counts = new int[bins];
            var (sum, given) = (0.0, 0);
            for (var i = 0; i < bins; i++)
            {
                sum += sums[i];
                var upTo = (int)Math.Round(sum * count / _upTo[^1]);
                counts[i] = upTo - given;
                given = upTo;
            }
            return new Histogram(edges, counts);
        }
    }
}

/// <summary>Categories, texts and truth values.</summary>
internal sealed class TextMeter(string name, ColumnKind kind, int exactValues) : ColumnMeter(name, kind, exactValues)
{
    private const int MaxCharacters = 8_000_000;
    private const int MaxTexts = 80_000;
    private readonly Dictionary<ulong, string> _texts = [];
    private string?[] _known = [];
    private ulong[] _hashes = [];
    private int[] _counts = [];
    private int _characters;
    private int _shortest = int.MaxValue, _longest;
    private long _length;

    protected override int AddValues(Column column, Span<ulong> hashes)
    {
        var texts = (DictionaryColumn)column;
        var size = texts.Values.Count;
        if (_counts.Length < size)
        {
            Array.Resize(ref _counts, size);
            Array.Resize(ref _hashes, size);
            Array.Resize(ref _known, size);
        }
        var missing = 0;
        foreach (var code in texts.Codes)
        {
            if (code < 0) missing++;
            else _counts[code]++;
        }
        for (var code = 0; code < size; code++)
        {
            var count = _counts[code];
            if (count == 0) continue;
            _counts[code] = 0;
            var text = texts.Values[code];
            // Chunks of one file often share their texts: the same object has the same hash.
            if (!ReferenceEquals(_known[code], text))
            {
                _known[code] = text;
                _hashes[code] = ValueHash.Of(text);
            }
            AddText(_hashes[code], text, count);
        }
        var codes = texts.Codes;
        for (var row = 0; row < codes.Length; row++) hashes[row] = codes[row] < 0 ? ValueHash.Missing : _hashes[codes[row]];
        // Not to hold the texts of a chunk that is gone.
        if (size > Values.Count * 2 && Distinct is not null) Array.Clear(_known);
        return missing;
    }

    private void AddText(ulong hash, string text, int count)
    {
        _shortest = Math.Min(_shortest, text.Length);
        _longest = Math.Max(_longest, text.Length);
        _length += (long)count * text.Length;
        Count(hash, (long)hash, count);
        if (!_texts.TryAdd(hash, text)) return;
        _characters += text.Length;
        if (_texts.Count > MaxTexts || _characters > MaxCharacters) Prune();
    }

    /// <summary>Texts whose count is no longer kept are let go; where the kept ones are too long together, all but the frequent ones.</summary>
    private void Prune()
    {
        if (Distinct is not null)
        {
            var kept = Values.Entries().Select(entry => entry.Hash).ToHashSet();
            foreach (var hash in _texts.Keys.Where(hash => !kept.Contains(hash)).ToArray()) _texts.Remove(hash);
            _characters = _texts.Values.Sum(text => text.Length);
        }
        if (_characters <= MaxCharacters) return;
        foreach (var entry in Values.Entries().OrderBy(entry => entry.Count).ThenByDescending(entry => _texts.GetValueOrDefault(entry.Hash)?.Length ?? 0).ToArray())
        {
            if (_characters <= MaxCharacters / 2) break;
            if (_texts.Remove(entry.Hash, out var text)) _characters -= text.Length;
        }
    }

    public override ColumnProfile Build()
    {
        var top = Top(value => _texts.GetValueOrDefault((ulong)value) ?? "").Where(value => value.Value.Length > 0 || _texts.ContainsValue("")).ToArray();
        return Describe(null, top, null) with { Lengths = MissingCount == RowCount ? null : new TextLengths(_shortest, (double)_length / (RowCount - MissingCount), _longest) };
    }
}
