namespace ModelWorkbench.Core.Trainers;

/// <summary>How weighted sums become outputs.</summary>
public enum LinearLink : byte
{
    /// <summary>Regression: the sum is the number.</summary>
    Identity,

    /// <summary>Binary: the sum is the log-odds of the second class.</summary>
    Logistic,

    /// <summary>Multiclass: one sum a class, exponentials over their total.</summary>
    Softmax,

    /// <summary>Multiclass: one sum a class, the log-odds against the rest, scaled to sum to 1.</summary>
    OneVersusAll,
}

/// <summary>Weighted sums of the features. Calibration by Platt scaling is a factor and an offset, and is folded into weights and bias.</summary>
public sealed class LinearScorer : Scorer
{
    private readonly double[] _weights;
    private readonly double[] _biases;

    /// <param name="weights">K rows of d weights, row-major; K is 1 for identity and logistic, else the number of classes.</param>
    /// <param name="biases">Length K.</param>
    /// <param name="link">How sums become outputs.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or a number is not finite.</exception>
    public LinearScorer(double[] weights, double[] biases, LinearLink link)
        : base(biases.Length == 0 ? 0 : weights.Length / biases.Length, link == LinearLink.Logistic ? 2 : biases.Length)
    {
        if (weights.Length != FeatureCount * biases.Length)
            throw new ArgumentException($"{weights.Length} weights cannot be split over {biases.Length} outputs.", nameof(weights));
        if (biases.Length != SumCount(link, OutputCount))
            throw new ArgumentException($"A {link} link with {OutputCount} outputs cannot have {biases.Length} sums.", nameof(biases));
        if (!weights.All(double.IsFinite) || !biases.All(double.IsFinite))
            throw new ArgumentException("A weight or bias is not finite.", nameof(weights));
        (_weights, _biases, Link) = (weights, biases, link);
    }

    public LinearLink Link { get; }

    /// <summary>K rows of d weights.</summary>
    public ReadOnlySpan<double> Weights => _weights;

    public ReadOnlySpan<double> Biases => _biases;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        features = features[..FeatureCount];
        for (var k = 0; k < _biases.Length; k++)
        {
            var weights = _weights.AsSpan(k * features.Length, features.Length);
            var sum = _biases[k];
            for (var j = 0; j < weights.Length; j++) sum += weights[j] * features[j];
            outputs[k] = sum;
        }
        Finish(Link, outputs[..OutputCount]);
    }

    /// <summary>From sums to outputs.</summary>
    internal static void Finish(LinearLink link, Span<double> outputs)
    {
        switch (link)
        {
            case LinearLink.Logistic:
                outputs[1] = Links.Sigmoid(outputs[0]);
                outputs[0] = 1 - outputs[1];
                break;
            case LinearLink.Softmax:
                Links.Softmax(outputs);
                break;
            case LinearLink.OneVersusAll:
                Links.OneVersusAll(outputs);
                break;
        }
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        foreach (var bias in _biases) writer.Write(bias);
        foreach (var weight in _weights) writer.Write(weight);
    }

    internal static LinearScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var link = reader.ReadEnum<LinearLink>("link");
        var sums = SumCount(link, outputCount);
        if (sums is null) throw reader.Damage("number of outputs", $"{outputCount}", $"one that suits a {link} link");
        var biases = reader.ReadFiniteDoubles(sums.Value, "biases");
        return new LinearScorer(reader.ReadFiniteDoubles((long)sums.Value * featureCount, "weights"), biases, link);
    }

    /// <summary>Null where the link cannot have so many outputs.</summary>
    internal static int? SumCount(LinearLink link, int outputCount) => link switch
    {
        LinearLink.Identity => outputCount == 1 ? 1 : null,
        LinearLink.Logistic => outputCount == 2 ? 1 : null,
        _ => outputCount >= 2 ? outputCount : null,
    };
}
