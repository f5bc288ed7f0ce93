namespace ModelWorkbench.Core.Trainers;

/// <summary>What one feature adds to the sums.</summary>
/// <param name="Edges">Strictly ascending; bin b holds the values above <c>Edges[b - 1]</c> up to and including <c>Edges[b]</c>.</param>
/// <param name="Values">For each bin, and behind the last for missing values, one number a sum: length (edges + 2) * sums.</param>
public sealed record AdditiveCurve(float[] Edges, double[] Values);

/// <summary>The sum of one step function a feature, for each sum.</summary>
public sealed class AdditiveScorer : Scorer
{
    private readonly AdditiveCurve[] _curves;
    private readonly double[] _biases;

    /// <param name="curves">One a feature.</param>
    /// <param name="biases">One a sum.</param>
    /// <param name="link">How sums become outputs; identity, logistic or softmax.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or a number is not finite.</exception>
    public AdditiveScorer(AdditiveCurve[] curves, double[] biases, LinearLink link)
        : base(curves.Length, link == LinearLink.Logistic ? 2 : biases.Length)
    {
        if (link == LinearLink.OneVersusAll || biases.Length == 0 || (link != LinearLink.Softmax && biases.Length != 1) || (link == LinearLink.Softmax && biases.Length < 2))
            throw new ArgumentException($"A {link} link cannot have {biases.Length} sums.", nameof(biases));
        if (!biases.All(double.IsFinite)) throw new ArgumentException("A bias is not finite.", nameof(biases));
        foreach (var (feature, curve) in curves.Index())
        {
            if (curve.Values.Length != (curve.Edges.Length + 2L) * biases.Length)
                throw new ArgumentException($"Feature {feature} has {curve.Values.Length} values; expected {(curve.Edges.Length + 2L) * biases.Length}, for {curve.Edges.Length} edges and {biases.Length} sums.", nameof(curves));
            if (!curve.Values.All(double.IsFinite)) throw new ArgumentException($"A value of feature {feature} is not finite.", nameof(curves));
            for (var i = 0; i < curve.Edges.Length; i++)
                if (!float.IsFinite(curve.Edges[i]) || (i > 0 && !(curve.Edges[i] > curve.Edges[i - 1]))) throw new ArgumentException($"The edges of feature {feature} do not ascend.", nameof(curves));
        }
        (_curves, _biases, Link) = (curves, biases, link);
    }

    public LinearLink Link { get; }

    public IReadOnlyList<AdditiveCurve> Curves => _curves;

    public ReadOnlySpan<double> Biases => _biases;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        var sums = outputs[.._biases.Length];
        _biases.CopyTo(sums);
        for (var feature = 0; feature < _curves.Length; feature++)
        {
            var added = Added(feature, features[feature]);
            for (var k = 0; k < sums.Length; k++) sums[k] += added[k];
        }
        if (Link == LinearLink.Softmax) Links.Softmax(sums);
        if (Link != LinearLink.Logistic) return;
        outputs[1] = Links.Sigmoid(outputs[0]);
        outputs[0] = 1 - outputs[1];
    }

    /// <summary>What a value of a feature adds, one number a sum.</summary>
    internal ReadOnlySpan<double> Added(int feature, float value)
    {
        var (edges, values) = (_curves[feature].Edges, _curves[feature].Values);
        var bin = edges.Length + 1;
        if (!float.IsNaN(value))
        {
            var (low, high) = (0, edges.Length);
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (value <= edges[middle]) high = middle;
                else low = middle + 1;
            }
            bin = low;
        }
        return values.AsSpan(bin * _biases.Length, _biases.Length);
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        foreach (var bias in _biases) writer.Write(bias);
        foreach (var curve in _curves)
        {
            writer.Write7BitEncodedInt(curve.Edges.Length);
            foreach (var edge in curve.Edges) writer.Write(edge);
            foreach (var value in curve.Values) writer.Write(value);
        }
    }

    internal static AdditiveScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var link = reader.ReadEnum<LinearLink>("link");
        var biases = reader.ReadFiniteDoubles(link == LinearLink.Logistic ? 1 : outputCount, "biases");
        // At least a byte for the edges and two values a feature.
        if (featureCount > reader.Remaining) throw reader.Damage("curves", $"{reader.Remaining} bytes to the end", $"curves of {featureCount} features");
        var curves = new AdditiveCurve[featureCount];
        for (var feature = 0; feature < curves.Length; feature++)
        {
            var edges = reader.ReadFiniteSingles(reader.ReadCount(0, byte.MaxValue, "number of edges"), "edges");
            curves[feature] = new AdditiveCurve(edges, reader.ReadFiniteDoubles((edges.Length + 2L) * biases.Length, "values of a curve"));
        }
        try
        {
            var scorer = new AdditiveScorer(curves, biases, link);
            return scorer.OutputCount == outputCount ? scorer : throw reader.Damage("number of outputs", $"{outputCount}", $"{scorer.OutputCount}, as its link has");
        }
        catch (ArgumentException e)
        {
            throw reader.Damage("curves", e.Message, "curves that fit together");
        }
    }
}
