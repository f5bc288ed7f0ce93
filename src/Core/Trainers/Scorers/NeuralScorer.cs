using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A fully connected layer.</summary>
/// <param name="Inputs">Values it takes.</param>
/// <param name="Weights">One row of inputs an output.</param>
/// <param name="Biases">One an output.</param>
public sealed record NeuralLayer(int Inputs, float[] Weights, float[] Biases);

/// <summary>A fully connected network with rectified linear units between the layers. Features are held within ±<see cref="LargestInput"/> deviations, so that one outlier cannot drive every unit.</summary>
public sealed class NeuralScorer : Scorer
{
    public const float LargestInput = 8;

    private const int LargestLayer = 4096;

    private readonly NeuralLayer[] _layers;
    private readonly int _widest;

    /// <param name="featureCount">Inputs of the first layer.</param>
    /// <param name="outputCount">Classes, or 1.</param>
    /// <param name="layers">Each takes what the one before gives.</param>
    /// <param name="link">How the last layer's values become outputs.</param>
    /// <param name="mean">Added to a number.</param>
    /// <param name="scale">A number is multiplied by this first.</param>
    /// <exception cref="ArgumentException">The layers do not fit together.</exception>
    public NeuralScorer(int featureCount, int outputCount, IReadOnlyList<NeuralLayer> layers, LinearLink link, double mean, double scale) : base(featureCount, outputCount)
    {
        var inputs = featureCount;
        foreach (var layer in layers)
        {
            if (layer.Inputs != inputs || layer.Weights.Length != (long)inputs * layer.Biases.Length)
                throw new ArgumentException($"A layer takes {layer.Inputs} values and has {layer.Weights.Length} weights for {layer.Biases.Length} outputs; {inputs} values come in.", nameof(layers));
            inputs = layer.Biases.Length;
        }
        if (layers.Count == 0 || link == LinearLink.OneVersusAll || inputs != (link == LinearLink.Logistic ? 1 : outputCount) || (link == LinearLink.Logistic && outputCount != 2) || (link == LinearLink.Identity && outputCount != 1))
            throw new ArgumentException($"The last of {layers.Count} layers gives {inputs} values, which do not suit a {link} link with {outputCount} outputs.", nameof(layers));
        _layers = [.. layers];
        _widest = Math.Max(featureCount, layers.Max(l => l.Biases.Length));
        (Link, Mean, Scale) = (link, mean, scale);
    }

    public IReadOnlyList<NeuralLayer> Layers => _layers;
    public LinearLink Link { get; }
    public double Mean { get; }
    public double Scale { get; }

    /// <summary>Whether all weights are finite: training that diverged leaves others.</summary>
    internal bool IsFinite => double.IsFinite(Mean) && double.IsFinite(Scale) && _layers.All(l => l.Weights.All(float.IsFinite) && l.Biases.All(float.IsFinite));

    internal static void Clip(ReadOnlySpan<float> features, Span<float> inputs) => TensorPrimitives.Clamp(features, -LargestInput, LargestInput, inputs);

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        // On the stack where it fits there: no garbage on the hot path.
        Span<float> buffer = _widest <= 2048 ? stackalloc float[2 * _widest] : new float[2 * _widest];
        var current = buffer[.._widest];
        var next = buffer[_widest..];
        Clip(features[..FeatureCount], current);
        for (var l = 0; l < _layers.Length; l++)
        {
            var layer = _layers[l];
            for (var o = 0; o < layer.Biases.Length; o++)
            {
                var value = TensorPrimitives.Dot<float>(layer.Weights.AsSpan(o * layer.Inputs, layer.Inputs), current[..layer.Inputs]) + layer.Biases[o];
                next[o] = l < _layers.Length - 1 && value < 0 ? 0 : value;
            }
            var spare = current;
            current = next;
            next = spare;
        }
        switch (Link)
        {
            case LinearLink.Logistic:
                outputs[1] = Links.Sigmoid(current[0]);
                outputs[0] = 1 - outputs[1];
                break;
            case LinearLink.Softmax:
                for (var k = 0; k < OutputCount; k++) outputs[k] = current[k];
                Links.Softmax(outputs[..OutputCount]);
                break;
            default:
                outputs[0] = (current[0] * Scale) + Mean;
                break;
        }
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write((byte)Link);
        writer.Write(Mean);
        writer.Write(Scale);
        writer.Write7BitEncodedInt(_layers.Length);
        foreach (var layer in _layers)
        {
            writer.Write7BitEncodedInt(layer.Biases.Length);
            foreach (var bias in layer.Biases) writer.Write(bias);
            foreach (var weight in layer.Weights) writer.Write(weight);
        }
    }

    internal static NeuralScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var link = reader.ReadEnum<LinearLink>("link");
        var mean = reader.ReadFiniteDouble("mean");
        var scale = reader.ReadFiniteDouble("scale");
        var layers = new NeuralLayer[reader.ReadCount(1, 16, "number of layers")];
        var inputs = featureCount;
        for (var l = 0; l < layers.Length; l++)
        {
            var outputs = reader.ReadCount(1, LargestLayer, "units of a layer");
            var biases = reader.ReadFiniteSingles(outputs, "biases");
            layers[l] = new NeuralLayer(inputs, reader.ReadFiniteSingles((long)outputs * inputs, "weights"), biases);
            inputs = outputs;
        }
        try
        {
            return new NeuralScorer(featureCount, outputCount, layers, link, mean, scale);
        }
        catch (ArgumentException e)
        {
            throw reader.Damage("layers", e.Message, "layers that fit together");
        }
    }
}
