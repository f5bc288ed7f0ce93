using System.Numerics.Tensors;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>Linear models most of whose weights are 0.</summary>
/// <remarks>
/// The mean loss plus alpha times the sum of absolute weights is least where many weights are exactly 0: Tibshirani (1996), Regression shrinkage and selection via the lasso, JRSS B 58. Along the path alpha falls until as many features have a weight as are wanted;
/// those weights are then learnt again without the penalty, which would keep them too small: Meinshausen (2007), Relaxed lasso, CSDA 52. Solved by FISTA: Beck and Teboulle (2009), SIAM J. Imaging Sciences 2(1).
/// </remarks>
public static class SparseWeights
{
    private const int MostRows = 20_000;
    private const int FewestRows = 1_000;
    private const int MostNumbers = 1_000_000;
    private const double Falls = 0.75;
    private const int PathSteps = 40;
    private const int MostSteps = 2_000;

    // Of the largest weight. Along the path it only matters which weights are 0.
    private const double PathPrecision = 1e-4, Precision = 1e-7;

    // What remains of the largest penalty on the features that were chosen: without any, weights of rows that can be told apart would grow without end.
    private const double Rest = 1e-3;

    /// <summary>Null, or why it cannot be done to a model.</summary>
    public static string? WhyNot(Scorer scorer) =>
        scorer is EnsembleScorer ? "An ensemble's members would each be learnt anew; take a single model of the leaderboard."
        : ScorerOptimiser.Within(scorer).Last() is not LinearScorer linear ? "Only linear models have weights."
        : scorer is ProjectedScorer || ScorerOptimiser.Within(scorer).Any(s => s is ProjectedScorer) ? "Each principal component takes all features."
        : linear.FeatureCount < 2 ? "There is one feature." : null;

    /// <param name="scorer">The linear model, which may be wrapped.</param>
    /// <param name="rows">What it learnt from.</param>
    /// <param name="share">Of the features with a weight that keep one at most.</param>
    /// <param name="seed">Of the sample, where rows are many.</param>
    /// <param name="cancellationToken">Looked at in every step.</param>
    public static Scorer Learn(Scorer scorer, TrainingData rows, double share, int seed, CancellationToken cancellationToken)
    {
        if (!(share is > 0 and < 1)) throw new ArgumentException($"A share of {share} features cannot keep a weight; expected above 0, below 1.", nameof(share));
        var linear = (LinearScorer)ScorerOptimiser.Within(scorer).Last();
        var most = (int)Math.Clamp(MostNumbers / (long)linear.FeatureCount, FewestRows, MostRows);
        if (rows.Labels.Length > most) rows = rows.Take(RowSample.Take(rows.Labels.Length, most, seed));
        var wrap = scorer as ExponentialScorer;
        if (wrap is not null) rows = rows with { Labels = Array.ConvertAll(rows.Labels, l => (float)Math.Log(1.0 + l)) };
        var used = Enumerable.Range(0, linear.FeatureCount).Count(j => Enumerable.Range(0, linear.Biases.Length).Any(k => linear.Weights[(k * linear.FeatureCount) + j] != 0));
        var problem = new Problem(rows);
        var wanted = Math.Max(1, (int)(share * used));
        var chosen = problem.Choose(wanted, cancellationToken);
        var learnt = problem.Solve(Rest * problem.LargestPenalty, chosen, null, Precision, cancellationToken);
        return wrap is null ? learnt : new ExponentialScorer(learnt, wrap.Factor, wrap.Ceiling);
    }

    /// <summary>Minimises the mean loss (half the squared error, or the log loss) plus <paramref name="alpha"/> times the sum of absolute weights; biases are not penalised.</summary>
    internal static LinearScorer Solve(TrainingData rows, double alpha, CancellationToken cancellationToken) => new Problem(rows).Solve(alpha, null, null, Precision, cancellationToken);

    private sealed class Problem
    {
        private readonly LearningTask _task;
        private readonly int _rows;

        // Features and a 1 for the bias.
        private readonly int _width;
        private readonly int _sums;
        private readonly double[] _values;
        private readonly double[] _weights;
        private readonly float[] _labels;
        private readonly double _step;

        public Problem(TrainingData rows)
        {
            (_task, _rows, _width, _labels) = (rows.Task, rows.Labels.Length, rows.Features.FeatureCount + 1, rows.Labels);
            _sums = _task == LearningTask.Multiclass ? rows.ClassCount : 1;
            _values = new double[(long)_rows * _width];
            _weights = new double[_rows];
            var total = rows.Weights?.Sum(w => (double)w) ?? _rows;
            for (var row = 0; row < _rows; row++)
            {
                rows.Features.Read(row, Row(row));
                Row(row)[_width - 1] = 1;
                _weights[row] = (rows.Weights?[row] ?? 1) / total;
            }
            _step = 1 / (Curvature() * (_task switch { LearningTask.Regression => 1, LearningTask.Binary => 0.25, _ => 0.5 }));
            var bias = Solve(double.PositiveInfinity, new bool[_width - 1], null, Precision, CancellationToken.None);
            var gradient = new double[_sums * _width];
            Gradient(Join(bias), gradient);
            LargestPenalty = Enumerable.Range(0, gradient.Length).Where(i => i % _width < _width - 1).Max(i => Math.Abs(gradient[i]));
        }

        /// <summary>The least for which all weights are 0.</summary>
        public double LargestPenalty { get; }

        private Span<double> Row(int row) => _values.AsSpan(row * _width, _width);

        /// <summary>The features that are the first to have a weight as the penalty falls, at most so many.</summary>
        public bool[] Choose(int wanted, CancellationToken cancellationToken)
        {
            var (chosen, alpha) = (new bool[_width - 1], LargestPenalty);
            double[]? at = null;
            for (var i = 0; i < PathSteps; i++)
            {
                alpha *= Falls;
                var solved = Solve(alpha, null, at, PathPrecision, cancellationToken);
                at = Join(solved);
                var sizes = Enumerable.Range(0, chosen.Length).Select(j => Enumerable.Range(0, _sums).Max(k => Math.Abs(at[(k * _width) + j]))).ToArray();
                if (sizes.Count(s => s > 0) <= wanted)
                {
                    for (var j = 0; j < sizes.Length; j++) chosen[j] = sizes[j] > 0;
                    continue;
                }
                // Several came at once: the largest of the new ones fill what room there is.
                foreach (var j in Enumerable.Range(0, sizes.Length).Where(j => sizes[j] > 0 && !chosen[j]).OrderByDescending(j => sizes[j]).Take(wanted - chosen.Count(c => c)).ToArray()) chosen[j] = true;
                break;
            }
            return chosen;
        }

        /// <param name="among">Features that may have a weight; null for all.</param>
        /// <param name="start">Weights to begin with.</param>
        /// <param name="precision">Of the largest weight: it ends where no weight moves further.</param>
        public LinearScorer Solve(double alpha, bool[]? among, double[]? start, double precision, CancellationToken cancellationToken)
        {
            double[] at = start?.ToArray() ?? new double[_sums * _width], ahead = [.. at], gradient = new double[at.Length];
            var momentum = 1.0;
            for (var step = 0; step < MostSteps; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Gradient(ahead, gradient);
                var (moved, size, against) = (0.0, 0.0, 0.0);
                var next = new double[at.Length];
                for (var i = 0; i < at.Length; i++)
                {
                    var feature = i % _width;
                    var value = ahead[i] - (_step * gradient[i]);
                    if (feature < _width - 1) value = among is not null && !among[feature] ? 0 : Math.CopySign(Math.Max(0, Math.Abs(value) - (_step * alpha)), value);
                    next[i] = value;
                    moved = Math.Max(moved, Math.Abs(value - at[i]));
                    size = Math.Max(size, Math.Abs(value));
                    against += (ahead[i] - value) * (value - at[i]);
                }
                // The momentum that leads uphill is given up: O'Donoghue and Candès (2015), Adaptive restart.
                var following = against > 0 ? 1 : (1 + Math.Sqrt(1 + (4 * momentum * momentum))) / 2;
                var lead = against > 0 ? 0 : (momentum - 1) / following;
                for (var i = 0; i < at.Length; i++) ahead[i] = next[i] + (lead * (next[i] - at[i]));
                (at, momentum) = (next, following);
                if (moved <= precision * Math.Max(1e-3, size)) break;
            }
            var count = _width - 1;
            double[] weights = [.. Enumerable.Range(0, _sums).SelectMany(k => at.AsSpan(k * _width, count).ToArray())];
            return MlNetLinear.Build(weights, [.. Enumerable.Range(0, _sums).Select(k => at[(k * _width) + count])],
                _task switch { LearningTask.Regression => LinearLink.Identity, LearningTask.Binary => LinearLink.Logistic, _ => LinearLink.Softmax });
        }

        private double[] Join(LinearScorer linear) => [.. Enumerable.Range(0, _sums).SelectMany(k => linear.Weights.Slice(k * (_width - 1), _width - 1).ToArray().Append(linear.Biases[k]))];

        /// <summary>Of the mean loss.</summary>
        private void Gradient(double[] at, double[] gradient)
        {
            Array.Clear(gradient);
            var off = new double[_sums];
            for (var row = 0; row < _rows; row++)
            {
                var values = Row(row);
                for (var k = 0; k < _sums; k++) off[k] = TensorPrimitives.Dot<double>(values, at.AsSpan(k * _width, _width));
                switch (_task)
                {
                    case LearningTask.Regression:
                        off[0] -= _labels[row];
                        break;
                    case LearningTask.Binary:
                        off[0] = Links.Sigmoid(off[0]) - _labels[row];
                        break;
                    default:
                        Links.Softmax(off);
                        off[(int)_labels[row]] -= 1;
                        break;
                }
                for (var k = 0; k < _sums; k++)
                {
                    var own = gradient.AsSpan(k * _width, _width);
                    TensorPrimitives.MultiplyAdd(values, _weights[row] * off[k], own, own);
                }
            }
        }

        /// <summary>The largest eigenvalue of the weighted second moments, by power iteration, and a little more.</summary>
        private double Curvature()
        {
            var vector = new double[_width];
            var random = new Random(1);
            for (var j = 0; j < vector.Length; j++) vector[j] = random.NextDouble() + 0.5;
            var size = 1.0;
            for (var i = 0; i < 50; i++)
            {
                TensorPrimitives.Divide(vector, TensorPrimitives.Norm<double>(vector), vector);
                var next = new double[_width];
                for (var row = 0; row < _rows; row++) TensorPrimitives.MultiplyAdd(Row(row), _weights[row] * TensorPrimitives.Dot<double>(Row(row), vector), next, next);
                size = TensorPrimitives.Norm<double>(next);
                vector = next;
            }
            return 1.02 * size;
        }
    }
}
