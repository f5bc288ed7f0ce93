using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Trainers;

/// <summary>The training rows themselves; a row is answered by those nearest to it, and for classes by the class shares of all as one more neighbour: else a class that no neighbour has would be impossible.</summary>
/// <remarks>Inverse distance weighting as in scikit-learn: where neighbours lie exactly on the row, they alone count. Features are held within ±<see cref="NeuralScorer.LargestInput"/> deviations, so that one outlier does not decide who is near.</remarks>
public sealed class NeighboursScorer : Scorer
{
    private readonly float[] _rows;
    private readonly float[] _labels;
    private readonly float[]? _weights;
    private readonly int _count;
    private readonly bool _byDistance, _manhattan;
    private readonly double[] _shares;

    /// <param name="rows">n rows of features, row-major.</param>
    /// <param name="labels">0-based classes or numbers; length n.</param>
    /// <param name="weights">How much each row counts, above 0; null where all count alike.</param>
    /// <param name="count">Neighbours asked, 1 to n.</param>
    /// <param name="byDistance">Nearer ones count more.</param>
    /// <param name="manhattan">Distance as the sum of the differences, instead of the root of their squares.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public NeighboursScorer(int featureCount, int outputCount, float[] rows, float[] labels, float[]? weights, int count, bool byDistance, bool manhattan) : base(featureCount, outputCount)
    {
        if (labels.Length == 0 || rows.Length != (long)labels.Length * featureCount || (weights is not null && weights.Length != labels.Length) || count < 1 || count > labels.Length)
            throw new ArgumentException($"{rows.Length} values, {labels.Length} labels and {count} neighbours do not fit together with {featureCount} features.", nameof(rows));
        if (outputCount > 1 && labels.Any(l => !(l >= 0 && l < outputCount && l == MathF.Floor(l)))) throw new ArgumentException($"A label is not one of {outputCount} classes.", nameof(labels));
        (_labels, _weights, _count, _byDistance, _manhattan) = (labels, weights, count, byDistance, manhattan);
        _rows = new float[rows.Length];
        NeuralScorer.Clip(rows, _rows);
        _shares = new double[outputCount];
        if (outputCount == 1) return;
        // One row more a class, so that none is impossible.
        double total = labels.Length + outputCount;
        Array.Fill(_shares, 1 / total);
        foreach (var label in labels) _shares[(int)label] += 1 / total;
    }

    /// <summary>n rows of features, row-major, held within the bounds.</summary>
    internal ReadOnlySpan<float> Rows => _rows;

    internal ReadOnlySpan<float> Labels => _labels;

    /// <summary>How much each row counts; empty where all count alike.</summary>
    internal ReadOnlySpan<float> Weights => _weights;

    /// <summary>Neighbours asked.</summary>
    internal int Count => _count;

    internal bool ByDistance => _byDistance;

    internal bool IsManhattan => _manhattan;

    /// <summary>What the one more neighbour says: class shares, or 0 for numbers.</summary>
    internal ReadOnlySpan<double> Shares => _shares;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        Span<float> held = FeatureCount <= 2048 ? stackalloc float[FeatureCount] : new float[FeatureCount];
        NeuralScorer.Clip(features[..FeatureCount], held);
        outputs = outputs[..OutputCount];
        // The nearest so far, farthest first: a heap, so that most rows cost one comparison.
        Span<float> distances = stackalloc float[_count];
        Span<int> nearest = stackalloc int[_count];
        var found = 0;
        for (var row = 0; row < _labels.Length; row++)
        {
            var other = _rows.AsSpan(row * FeatureCount, FeatureCount);
            var distance = _manhattan ? Manhattan(held, other) : TensorPrimitives.Distance<float>(held, other);
            if (found < _count)
            {
                distances[found] = distance;
                nearest[found] = row;
                if (++found == _count)
                    for (var i = (_count / 2) - 1; i >= 0; i--) SiftDown(distances, nearest, i);
            }
            else if (distance < distances[0])
            {
                distances[0] = distance;
                nearest[0] = row;
                SiftDown(distances, nearest, 0);
            }
        }
        outputs.Clear();
        var onTheRow = _byDistance && distances.Contains(0f);
        var total = 0.0;
        for (var i = 0; i < _count; i++)
        {
            double weight = !_byDistance ? 1 : onTheRow ? (distances[i] == 0 ? 1 : 0) : 1.0 / distances[i];
            weight *= _weights?[nearest[i]] ?? 1;
            total += weight;
            var label = _labels[nearest[i]];
            if (OutputCount == 1) outputs[0] += weight * label;
            else outputs[(int)label] += weight;
        }
        if (OutputCount == 1) outputs[0] /= total;
        else
            for (var k = 0; k < outputs.Length; k++) outputs[k] = ((outputs[k] / total * _count) + _shares[k]) / (_count + 1);
    }

    private static float Manhattan(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++) sum += MathF.Abs(a[i] - b[i]);
        return sum;
    }

    private static void SiftDown(Span<float> distances, Span<int> rows, int parent)
    {
        while (true)
        {
            var child = (2 * parent) + 1;
            if (child >= distances.Length) return;
            if (child + 1 < distances.Length && distances[child + 1] > distances[child]) child++;
            if (distances[child] <= distances[parent]) return;
            (distances[child], distances[parent]) = (distances[parent], distances[child]);
            (rows[child], rows[parent]) = (rows[parent], rows[child]);
            parent = child;
        }
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write7BitEncodedInt(_labels.Length);
        writer.Write7BitEncodedInt(_count);
        writer.Write((byte)((_byDistance ? 1 : 0) | (_manhattan ? 2 : 0) | (_weights is not null ? 4 : 0)));
        foreach (var value in _rows) writer.Write(value);
        foreach (var label in _labels) writer.Write(label);
        foreach (var weight in _weights ?? []) writer.Write(weight);
    }

    internal static NeighboursScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var rows = reader.ReadCount(1, int.MaxValue, "number of rows");
        var count = reader.ReadCount(1, Math.Min(rows, 10_000), "number of neighbours");
        var flags = reader.ReadByte("flags");
        if (flags > 7) throw reader.Damage("flags", $"{flags}", "0 to 7");
        var values = reader.ReadFiniteSingles((long)rows * featureCount, "rows");
        var labels = reader.ReadFiniteSingles(rows, "labels");
        var weights = (flags & 4) != 0 ? reader.ReadFiniteSingles(rows, "weights") : null;
        try
        {
            return new NeighboursScorer(featureCount, outputCount, values, labels, weights, count, (flags & 1) != 0, (flags & 2) != 0);
        }
        catch (ArgumentException e)
        {
            throw reader.Damage("rows", e.Message, "rows and labels that fit together");
        }
    }
}
