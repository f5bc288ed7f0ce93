using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>An interval that holds the true figure in 95 of 100 cases.</summary>
public sealed record MetricInterval(double Low, double High);

/// <summary>How far a metric, and the difference of two models on the same rows, hangs on which rows there happen to be.</summary>
/// <remarks>Percentile bootstrap: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. Both models meet the same drawn rows, so what makes rows hard for both cancels out.</remarks>
public sealed class PairedBootstrap
{
    public const int Draws = 250;

    /// <summary>More rows cost time; of more, an even sample is drawn from and the interval is that of so many rows, a little too wide.</summary>
    public const int MostRows = 10_000;

    private readonly Metric _metric;
    private readonly LearningTask _task;
    private readonly int _classCount;
    private readonly float[] _labels;
    private readonly int[] _rows;
    private readonly int _seed;
    private readonly double?[] _base;

    /// <param name="metric">Defined for the task.</param>
    /// <param name="task">What was learnt.</param>
    /// <param name="labels">The truth; length n.</param>
    /// <param name="outputs">Of the model that others are held against, row-major.</param>
    /// <param name="classCount">Outputs a row.</param>
    /// <param name="seed">Decides the draws.</param>
    public PairedBootstrap(Metric metric, LearningTask task, float[] labels, double[] outputs, int classCount, int seed)
    {
        (_metric, _task, _classCount, _seed) = (metric, task, classCount, seed);
        _rows = labels.Length <= MostRows ? [.. Enumerable.Range(0, labels.Length)] : [.. Enumerable.Range(0, MostRows).Select(i => (int)((long)i * labels.Length / MostRows))];
        _labels = Array.ConvertAll(_rows, row => labels[row]);
        _base = Figures(outputs);
    }

    /// <summary>Of the model itself; null where the metric is undefined on most draws.</summary>
    public MetricInterval? Own => Interval(_base);

    /// <summary>Of how much worse another model is on the same rows: above 0 is worse, whichever way the metric goes.</summary>
    public MetricInterval? Loss(double[] outputs)
    {
        var other = Figures(outputs);
        return Interval([.. _base.Zip(other, (b, o) => _metric.HigherIsBetter ? b - o : o - b)]);
    }

    private double?[] Figures(double[] outputs)
    {
        var figures = new double?[Draws];
        Parallel.For(0, Draws, draw =>
        {
            var random = new Random(unchecked((_seed * 397) + draw));
            var (labels, drawn) = (new float[_rows.Length], new double[_rows.Length * _classCount]);
            for (var i = 0; i < _rows.Length; i++)
            {
                var pick = random.Next(_rows.Length);
                labels[i] = _labels[pick];
                outputs.AsSpan(_rows[pick] * _classCount, _classCount).CopyTo(drawn.AsSpan(i * _classCount));
            }
            figures[draw] = MetricCalculator.Compute(_metric, _task, labels, drawn, _classCount);
        });
        return figures;
    }

    private static MetricInterval? Interval(double?[] figures)
    {
        var known = figures.OfType<double>().Order().ToArray();
        if (known.Length < Draws / 2) return null;
        return new MetricInterval(At(0.025), At(0.975));

        double At(double share) => known[Math.Clamp((int)Math.Round(share * (known.Length - 1)), 0, known.Length - 1)];
    }
}
