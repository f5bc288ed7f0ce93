using System.Runtime.InteropServices;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Weighted sums whose weights are whole multiples of a step that each sum has for itself.</summary>
public sealed class QuantisedLinearScorer : Scorer
{
    private readonly short[] _weights;
    private readonly double[] _steps;
    private readonly double[] _biases;

    private QuantisedLinearScorer(int featureCount, int outputCount, LinearLink link, int bits, short[] weights, double[] steps, double[] biases)
        : base(featureCount, outputCount) => (Link, Bits, _weights, _steps, _biases) = (link, bits, weights, steps, biases);

    public LinearLink Link { get; }

    /// <summary>Of a weight: 8 or 16.</summary>
    public int Bits { get; }

    /// <summary>Rounds weights to the nearest multiple of a step: the largest weight of the sum over the largest whole number.</summary>
    /// <exception cref="ArgumentException">Other bits than 8 or 16.</exception>
    public static QuantisedLinearScorer Quantise(LinearScorer linear, int bits)
    {
        if (bits is not (8 or 16)) throw new ArgumentException($"Weights can have 8 or 16 bits; found {bits}.", nameof(bits));
        var largest = (1 << (bits - 1)) - 1;
        var (count, sums) = (linear.FeatureCount, linear.Biases.Length);
        var (weights, steps) = (new short[linear.Weights.Length], new double[sums]);
        for (var k = 0; k < sums; k++)
        {
            var own = linear.Weights.Slice(k * count, count);
            var size = 0.0;
            foreach (var weight in own) size = Math.Max(size, Math.Abs(weight));
            steps[k] = size / largest is var step && double.IsNormal(step) ? step : 1;
            for (var j = 0; j < count; j++) weights[(k * count) + j] = (short)Math.Clamp(Math.Round(own[j] / steps[k]), -largest, largest);
        }
        return new QuantisedLinearScorer(count, linear.OutputCount, linear.Link, bits, weights, steps, linear.Biases.ToArray());
    }

    /// <summary>The same model with its weights multiplied out.</summary>
    public LinearScorer Expand() => new([.. _weights.Select((weight, i) => weight * _steps[i / FeatureCount])], [.. _biases], Link);

    /// <summary>The same model without features whose weights are 0: the same answers.</summary>
    /// <param name="features">Those that stay, ascending.</param>
    internal QuantisedLinearScorer Keep(int[] features) =>
        new(features.Length, OutputCount, Link, Bits, [.. Enumerable.Range(0, _biases.Length).SelectMany(k => features.Select(j => _weights[(k * FeatureCount) + j]))], _steps, _biases);

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        features = features[..FeatureCount];
        for (var k = 0; k < _biases.Length; k++)
        {
            var weights = _weights.AsSpan(k * features.Length, features.Length);
            var sum = 0.0;
            for (var j = 0; j < weights.Length; j++) sum += weights[j] * (double)features[j];
            outputs[k] = (sum * _steps[k]) + _biases[k];
        }
        LinearScorer.Finish(Link, outputs[..OutputCount]);
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        writer.Write((byte)Bits);
        writer.Write7BitEncodedInt(_biases.Length);
        foreach (var bias in _biases) writer.Write(bias);
        foreach (var step in _steps) writer.Write(step);
        if (Bits == 16) writer.Write(MemoryMarshal.AsBytes(_weights.AsSpan()));
        else foreach (var weight in _weights) writer.Write((sbyte)weight);
    }

    internal static QuantisedLinearScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var link = reader.ReadEnum<LinearLink>("link");
        var bits = reader.ReadByte("bits");
        if (bits is not (8 or 16)) throw reader.Damage("bits", $"{bits}", "8 or 16");
        var sums = reader.ReadCount(1, Target.MaximumClasses, "number of sums");
        if (sums != LinearScorer.SumCount(link, outputCount)) throw reader.Damage("number of sums", $"{sums}", $"as a {link} link with {outputCount} outputs has");
        var biases = reader.ReadFiniteDoubles(sums, "biases");
        var steps = reader.ReadFiniteDoubles(sums, "steps");
        var count = (long)sums * featureCount;
        if (count * bits / 8 > reader.Remaining) throw reader.Damage("weights", $"{reader.Remaining} bytes to the end", $"{count} weights of {bits} bits");
        var bytes = reader.Next((int)(count * bits / 8), "weights");
        var weights = new short[count];
        if (bits == 16) MemoryMarshal.Cast<byte, short>(bytes).CopyTo(weights);
        else for (var i = 0; i < weights.Length; i++) weights[i] = (sbyte)bytes[i];
        return new QuantisedLinearScorer(featureCount, outputCount, link, bits, weights, steps, biases);
    }
}
