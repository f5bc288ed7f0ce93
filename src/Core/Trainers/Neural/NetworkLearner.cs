using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Trainers;

/// <summary>The weights of a network while it learns. One thread; the same seed gives the same weights.</summary>
internal sealed class NetworkLearner
{
    private const float FirstMomentDecay = 0.9f;
    private const float SecondMomentDecay = 0.999f;

    private readonly TrainingData _data;
    private readonly float _learningRate, _weightDecay, _dropout;
    private readonly float _mean, _scale;
    private readonly Random _random;
    private readonly Layer[] _layers;
    private readonly int[] _order;
    private readonly int _batch;
    private readonly float[] _input;
    private readonly float _meanDecay;
    private long _steps;

    /// <summary>A layer: weights, one row of inputs an output; its running mean; what Adam remembers; and the values of the row in work.</summary>
    private sealed class Layer(int inputs, int outputs)
    {
        public int Inputs => inputs;
        public int Outputs => outputs;
        public readonly Parameters Weights = new(inputs * outputs), Biases = new(outputs);
        public readonly float[] Values = new float[outputs], Errors = new float[outputs];
        public readonly bool[] Dropped = new bool[outputs];
    }

    private sealed class Parameters(int count)
    {
        public readonly float[] Value = new float[count], Mean = new float[count], Gradient = new float[count], First = new float[count], Second = new float[count];
        public readonly float[] Scratch = new float[count];
    }

    public NetworkLearner(TrainingData data, int units, int hiddenLayers, float learningRate, float weightDecay, float dropout, int seed)
    {
        _data = data;
        (_learningRate, _weightDecay, _dropout) = (learningRate, weightDecay, dropout);
        _random = new Random(seed);
        _order = [.. Enumerable.Range(0, data.Labels.Length)];
        _batch = Math.Clamp(data.Labels.Length / 50, 32, 256);
        _input = new float[data.Features.FeatureCount];
        // The mean reaches back about two passes over the rows, and further where passes are short.
        var steps = Math.Max(1, data.Labels.Length / _batch);
        _meanDecay = 1 - (1f / Math.Clamp(2 * steps, 20, 1000));
        if (data.Task == LearningTask.Regression)
        {
            _mean = (float)data.Labels.Average(l => (double)l);
            _scale = (float)Math.Sqrt(data.Labels.Average(l => (l - _mean) * (double)(l - _mean)));
            if (!(_scale > 0)) _scale = 1;
        }
        var outputs = data.Task == LearningTask.Multiclass ? data.ClassCount : 1;
        int[] sizes = [data.Features.FeatureCount, .. Enumerable.Repeat(units, hiddenLayers), outputs];
        _layers = [.. Enumerable.Range(0, sizes.Length - 1).Select(l => new Layer(sizes[l], sizes[l + 1]))];
        foreach (var layer in _layers)
        {
            // He et al. (2015), Delving deep into rectifiers; the last layer begins with small answers.
            var deviation = Math.Sqrt(2.0 / layer.Inputs) * (layer == _layers[^1] ? 0.3 : 1);
            foreach (ref var weight in layer.Weights.Value.AsSpan()) weight = (float)(Gaussian() * deviation);
        }
    }

    /// <summary>One pass over the rows in random order.</summary>
    public void Learn(CancellationToken cancellationToken)
    {
        _random.Shuffle(_order);
        for (var start = 0; start < _order.Length; start += _batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var end = Math.Min(start + _batch, _order.Length);
            foreach (var layer in _layers)
            {
                Array.Clear(layer.Weights.Gradient);
                Array.Clear(layer.Biases.Gradient);
            }
            var weight = 0f;
            for (var i = start; i < end; i++)
            {
                var rowWeight = _data.Weights?[_order[i]] ?? 1;
                if (rowWeight == 0) continue;
                weight += rowWeight;
                Forward(_order[i]);
                Backward(_order[i], rowWeight);
            }
            if (weight > 0) Update(1 / weight);
        }
    }

    /// <summary>The running mean of the weights as it stands now.</summary>
    public NeuralScorer ToScorer()
    {
        // Before many steps the mean still holds the zeros it began with.
        var correction = 1 / (1 - MathF.Pow(_meanDecay, Math.Max(1, _steps)));
        return new NeuralScorer(_data.Features.FeatureCount, _data.Task == LearningTask.Binary ? 2 : _layers[^1].Outputs,
            [.. _layers.Select(l => new NeuralLayer(l.Inputs, Array.ConvertAll(l.Weights.Mean, w => w * correction), Array.ConvertAll(l.Biases.Mean, b => b * correction)))],
            _data.Task switch { LearningTask.Binary => LinearLink.Logistic, LearningTask.Multiclass => LinearLink.Softmax, _ => LinearLink.Identity },
            _mean, _data.Task == LearningTask.Regression ? _scale : 1);
    }

    private void Forward(int row)
    {
        NeuralScorer.Clip(_data.Features.Row(row), _input);
        var values = _input;
        for (var l = 0; l < _layers.Length; l++)
        {
            var layer = _layers[l];
            for (var o = 0; o < layer.Outputs; o++)
                layer.Values[o] = TensorPrimitives.Dot(layer.Weights.Value.AsSpan(o * layer.Inputs, layer.Inputs), values) + layer.Biases.Value[o];
            if (l == _layers.Length - 1) break;
            for (var o = 0; o < layer.Outputs; o++)
            {
                layer.Dropped[o] = layer.Values[o] <= 0 || (_dropout > 0 && _random.NextSingle() < _dropout);
                layer.Values[o] = layer.Dropped[o] ? 0 : layer.Values[o] / (1 - _dropout);
            }
            values = layer.Values;
        }
    }

    private void Backward(int row, float weight)
    {
        var last = _layers[^1];
        var label = _data.Labels[row];
        switch (_data.Task)
        {
            case LearningTask.Regression:
                last.Errors[0] = weight * (last.Values[0] - ((label - _mean) / _scale));
                break;
            case LearningTask.Binary:
                last.Errors[0] = weight * ((1 / (1 + MathF.Exp(-last.Values[0]))) - label);
                break;
            default:
                // Relative to the largest: the exponential of a sure answer overflows.
                TensorPrimitives.Subtract(last.Values, TensorPrimitives.Max<float>(last.Values), last.Errors);
                TensorPrimitives.Exp<float>(last.Errors, last.Errors);
                TensorPrimitives.Divide(last.Errors, TensorPrimitives.Sum<float>(last.Errors), last.Errors);
                last.Errors[(int)label] -= 1;
                if (weight != 1) TensorPrimitives.Multiply(last.Errors, weight, last.Errors);
                break;
        }
        for (var l = _layers.Length - 1; l >= 0; l--)
        {
            var layer = _layers[l];
            var below = l > 0 ? _layers[l - 1] : null;
            var inputs = below?.Values ?? _input;
            if (below is not null) Array.Clear(below.Errors);
            for (var o = 0; o < layer.Outputs; o++)
            {
                var error = layer.Errors[o];
                if (error == 0) continue;
                layer.Biases.Gradient[o] += error;
                var gradient = layer.Weights.Gradient.AsSpan(o * layer.Inputs, layer.Inputs);
                TensorPrimitives.MultiplyAdd(inputs, error, gradient, gradient);
                if (below is not null) TensorPrimitives.MultiplyAdd(layer.Weights.Value.AsSpan(o * layer.Inputs, layer.Inputs), error, below.Errors, below.Errors);
            }
            if (below is null) break;
            for (var o = 0; o < below.Outputs; o++) below.Errors[o] = below.Dropped[o] ? 0 : below.Errors[o] / (1 - _dropout);
        }
    }

    private void Update(float scale)
    {
        _steps++;
        var step = _learningRate / (1 - MathF.Pow(FirstMomentDecay, _steps));
        var correction = 1 / (1 - MathF.Pow(SecondMomentDecay, _steps));
        foreach (var layer in _layers)
        {
            Update(layer.Weights, scale, step, correction, _weightDecay);
            Update(layer.Biases, scale, step, correction, 0);
        }
    }

    private void Update(Parameters p, float scale, float step, float correction, float decay)
    {
        var scratch = p.Scratch.AsSpan();
        TensorPrimitives.Multiply(p.Gradient, scale, p.Gradient);
        TensorPrimitives.Lerp(p.Gradient, p.First, FirstMomentDecay, p.First);
        TensorPrimitives.Multiply(p.Gradient, p.Gradient, scratch);
        TensorPrimitives.Lerp(scratch, p.Second, SecondMomentDecay, p.Second);
        TensorPrimitives.Multiply(p.Second, correction, scratch);
        TensorPrimitives.Sqrt(scratch, scratch);
        TensorPrimitives.Add(scratch, 1e-8f, scratch);
        TensorPrimitives.Divide(p.First, scratch, scratch);
        if (decay > 0) TensorPrimitives.Multiply(p.Value, 1 - (_learningRate * decay), p.Value);
        TensorPrimitives.MultiplyAdd(scratch, -step, p.Value, p.Value);
        TensorPrimitives.Lerp(p.Value, p.Mean, _meanDecay, p.Mean);
    }

    private double Gaussian() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
