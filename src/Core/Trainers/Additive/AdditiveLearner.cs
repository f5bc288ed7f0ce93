using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Learns the curves of an additive model round by round. Uses no chance and one thread, so the same rows give the same curves.</summary>
internal sealed class AdditiveLearner
{
    // The place of missing values behind the places of the largest number of bins.
    private const int MissingPlace = BinnedFeatures.Missing;
    private const int Places = MissingPlace + 1;

    private readonly TrainingData _data;
    private readonly BinnedFeatures _binned;
    private readonly byte[][]? _judgedBins;
    private readonly TrainingData? _judged;
    private readonly double _rate, _l2;
    private readonly int _leaves, _smallestLeaf, _outputs;

    // Numbers are learnt in units of their own spread, so that a penalty means the same for all targets.
    private readonly double _mean, _scale = 1;

    // Raw sums: by output, then row.
    private readonly float[][] _sums;
    private readonly float[][]? _judgedSums;
    private readonly float[][] _gradients, _hessians;
    private readonly double[] _bases;

    // By feature, then output, then place.
    private readonly double[][] _curves;

    public AdditiveLearner(TrainingData data, TrainingData? judged, double rate, int leaves, int smallestLeaf, double l2, int threads, CancellationToken cancellationToken)
    {
        (_data, _judged, _rate, _leaves, _smallestLeaf, _l2) = (data, judged, rate, leaves, smallestLeaf, l2);
        _outputs = data.Task == LearningTask.Multiclass ? data.ClassCount : 1;
        _binned = BinnedFeatures.Create(data.Features, threads, cancellationToken);
        _judgedBins = judged is null ? null : _binned.Bin(judged.Features);
        _curves = [.. Enumerable.Range(0, data.Features.FeatureCount).Select(_ => new double[_outputs * Places])];
        var total = data.Weights?.Sum(w => (double)w) ?? data.Labels.Length;
        _bases = new double[_outputs];
        if (data.Task == LearningTask.Regression)
        {
            _mean = data.Labels.Index().Sum(l => Weight(l.Index) * l.Item) / total;
            var deviation = Math.Sqrt(data.Labels.Index().Sum(l => Weight(l.Index) * (l.Item - _mean) * (l.Item - _mean)) / total);
            if (deviation > 0) _scale = deviation;
        }
        else
        {
            var shares = new double[data.ClassCount];
            foreach (var (row, label) in data.Labels.Index()) shares[(int)label] += Weight(row) * data.Labels.Length / total;
            // One row more for each class, so that none is impossible.
            if (_outputs == 1) _bases[0] = Math.Log((shares[1] + 1) / (shares[0] + 1));
            else for (var k = 0; k < _outputs; k++) _bases[k] = Math.Log((shares[k] + 1) / (data.Labels.Length + _outputs));
        }
        _sums = Filled(data.Labels.Length);
        _judgedSums = judged is null ? null : Filled(judged.Labels.Length);
        (_gradients, _hessians) = (Filled(data.Labels.Length), Filled(data.Labels.Length));

        float[][] Filled(int rows) => [.. _bases.Select(b => { var sums = new float[rows]; Array.Fill(sums, (float)b); return sums; })];
    }

    private double Weight(int row) => _data.Weights?[row] ?? 1;

    /// <summary>One round over all features.</summary>
    public void Learn(CancellationToken cancellationToken)
    {
        var (gradients, hessians, counts, steps) = (new double[Places], new double[Places], new int[Places], new double[Places]);
        for (var feature = 0; feature < _curves.Length; feature++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_binned.Edges[feature].Length == 0 && !_binned.Bins[feature].AsSpan().Contains(BinnedFeatures.Missing)) continue;
            Differentiate();
            var bins = _binned.Bins[feature];
            for (var k = 0; k < _outputs; k++)
            {
                Array.Clear(gradients);
                Array.Clear(hessians);
                Array.Clear(counts);
                var (g, h) = (_gradients[k], _hessians[k]);
                for (var row = 0; row < bins.Length; row++)
                {
                    var place = bins[row];
                    gradients[place] += g[row];
                    hessians[place] += h[row];
                    counts[place]++;
                }
                if (!FitSteps(gradients, hessians, counts, _binned.Edges[feature].Length + 1, steps)) continue;
                var curve = _curves[feature].AsSpan(k * Places, Places);
                for (var place = 0; place < Places; place++) curve[place] += steps[place];
                Add(_sums[k], bins, steps);
                if (_judgedSums is not null) Add(_judgedSums[k], _judgedBins![feature], steps);
            }
        }
    }

    /// <summary>Mean loss on the rows put aside, weighted by their weights.</summary>
    public double JudgedLoss()
    {
        var (loss, total) = (0.0, 0.0);
        Span<double> outputs = stackalloc double[_outputs];
        for (var row = 0; row < _judged!.Labels.Length; row++)
        {
            double weight = _judged.Weights?[row] ?? 1;
            for (var k = 0; k < _outputs; k++) outputs[k] = _judgedSums![k][row];
            var label = _judged.Labels[row];
            switch (_data.Task)
            {
                case LearningTask.Regression:
                    var error = outputs[0] - ((label - _mean) / _scale);
                    loss += weight * error * error;
                    break;
                case LearningTask.Binary:
                    loss -= weight * Math.Log(Math.Max(1e-15, Links.Sigmoid(label > 0 ? outputs[0] : -outputs[0])));
                    break;
                default:
                    Links.Softmax(outputs);
                    loss -= weight * Math.Log(Math.Max(1e-15, outputs[(int)label]));
                    break;
            }
            total += weight;
        }
        return total > 0 ? loss / total : double.PositiveInfinity;
    }

    /// <summary>The model as it is now; each curve is centred on the training rows, so that its values say how far a feature moves the answer from the usual.</summary>
    public AdditiveScorer ToScorer()
    {
        var bases = _bases.Select(b => (b * _scale) + _mean).ToArray();
        var curves = new AdditiveCurve[_curves.Length];
        for (var feature = 0; feature < curves.Length; feature++)
        {
            var edges = _binned.Edges[feature];
            var places = edges.Length + 2;
            var values = new double[places * _outputs];
            var counts = new long[Places];
            foreach (var bin in _binned.Bins[feature]) counts[bin]++;
            for (var k = 0; k < _outputs; k++)
            {
                var curve = _curves[feature].AsSpan(k * Places, Places);
                var mean = 0.0;
                for (var place = 0; place < Places; place++) mean += curve[place] * counts[place] / _data.Labels.Length;
                bases[k] += mean * _scale;
                for (var place = 0; place < places; place++) values[(place * _outputs) + k] = (curve[place == places - 1 ? MissingPlace : place] - (place == places - 1 && counts[MissingPlace] == 0 ? 0 : mean)) * _scale;
            }
            curves[feature] = new AdditiveCurve(edges, values);
        }
        return new AdditiveScorer(curves, bases, _data.Task switch { LearningTask.Regression => LinearLink.Identity, LearningTask.Binary => LinearLink.Logistic, _ => LinearLink.Softmax });
    }

    private void Add(float[] sums, byte[] bins, double[] steps)
    {
        for (var row = 0; row < sums.Length; row++) sums[row] += (float)steps[bins[row]];
        // Beyond, a probability is 0 or 1 in every digit, and exponentials would overflow.
        if (_data.Task != LearningTask.Regression) TensorPrimitives.Clamp(sums, -60f, 60f, sums);
    }

    /// <summary>First and second derivatives of the loss by the raw sums.</summary>
    private void Differentiate()
    {
        var (labels, weights) = (_data.Labels, _data.Weights);
        if (_data.Task == LearningTask.Regression)
        {
            var (g, h, sums) = (_gradients[0], _hessians[0], _sums[0]);
            for (var row = 0; row < labels.Length; row++)
            {
                var weight = weights?[row] ?? 1;
                g[row] = weight * (sums[row] - (float)((labels[row] - _mean) / _scale));
                h[row] = weight;
            }
            return;
        }
        if (_outputs == 1)
        {
            TensorPrimitives.Sigmoid(_sums[0], _gradients[0]);
        }
        else
        {
            var total = new float[labels.Length];
            for (var k = 0; k < _outputs; k++)
            {
                TensorPrimitives.Exp(_sums[k], _gradients[k]);
                TensorPrimitives.Add(total, _gradients[k], total);
            }
            for (var k = 0; k < _outputs; k++) TensorPrimitives.Divide(_gradients[k], total, _gradients[k]);
        }
        for (var k = 0; k < _outputs; k++)
        {
            var (g, h) = (_gradients[k], _hessians[k]);
            var own = _outputs == 1 ? 1 : k;
            for (var row = 0; row < labels.Length; row++)
            {
                var (p, weight) = (g[row], weights?[row] ?? 1);
                g[row] = weight * (p - ((int)labels[row] == own ? 1 : 0));
                h[row] = weight * Math.Max(1e-6f, p * (1 - p));
            }
        }
    }

    /// <summary>Parts the bins of a feature greedily into levels and gives each the step of Newton's method, shortened by the rate.</summary>
    /// <returns>False where nothing is to be gained.</returns>
    private bool FitSteps(double[] gradients, double[] hessians, int[] counts, int binCount, double[] steps)
    {
        Array.Clear(steps);
        var parts = new List<(int From, int To, double Gradient, double Hessian, int Count)> { Part(0, binCount) };
        while (parts.Count < _leaves)
        {
            var (best, at, split) = (1e-9, -1, 0);
            for (var i = 0; i < parts.Count; i++)
            {
                var part = parts[i];
                if (part.Count < 2 * _smallestLeaf) continue;
                double gradient = 0, hessian = 0;
                var count = 0;
                for (var bin = part.From; bin < part.To - 1; bin++)
                {
                    gradient += gradients[bin];
                    hessian += hessians[bin];
                    count += counts[bin];
                    if (counts[bin] == 0 || count < _smallestLeaf) continue;
                    if (part.Count - count < _smallestLeaf) break;
                    var gain = Gain(gradient, hessian) + Gain(part.Gradient - gradient, part.Hessian - hessian) - Gain(part.Gradient, part.Hessian);
                    if (gain > best) (best, at, split) = (gain, i, bin + 1);
                }
            }
            if (at < 0) break;
            var (from, to) = (parts[at].From, parts[at].To);
            parts[at] = Part(from, split);
            parts.Add(Part(split, to));
        }
        var hasMissing = counts[MissingPlace] >= Math.Max(1, Math.Min(_smallestLeaf, 5));
        if (parts.Count == 1 && !hasMissing) return false;
        foreach (var part in parts)
            if (part.Hessian > 0) Array.Fill(steps, Step(part.Gradient, part.Hessian), part.From, part.To - part.From);
        if (hasMissing) steps[MissingPlace] = Step(gradients[MissingPlace], hessians[MissingPlace]);
        return true;

        (int, int, double, double, int) Part(int from, int to)
        {
            double gradient = 0, hessian = 0;
            var count = 0;
            for (var bin = from; bin < to; bin++) (gradient, hessian, count) = (gradient + gradients[bin], hessian + hessians[bin], count + counts[bin]);
            return (from, to, gradient, hessian, count);
        }

        double Gain(double gradient, double hessian) => gradient * gradient / (hessian + _l2);

        // No longer than four units before the rate: a nearly pure level would otherwise run away.
        double Step(double gradient, double hessian) => _rate * Math.Clamp(-gradient / (hessian + _l2), -4, 4);
    }
}
