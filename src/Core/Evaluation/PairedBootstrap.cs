using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>An interval that holds the true figure in 95 of 100 cases.</summary>
public sealed record MetricInterval(double Low, double High);

/// <summary>How much better one model is than another on the same rows.</summary>
/// <param name="Interval">95 %: above 0 is better, whichever way the metric goes.</param>
/// <param name="P">Two-sided: how often draws would lie as far on the other side of 0 if the models were alike; 1 / draws to 1.</param>
public sealed record PairedGain(MetricInterval Interval, double P)
{
    /// <summary>Whether the difference is beyond chance at 5 %; the interval then leaves 0 out.</summary>
    public bool IsDistinguishable => P < 0.05;
}

/// <summary>The truth of the rows that are judged together.</summary>
/// <param name="Labels">0-based classes or numbers; length n.</param>
/// <param name="Rows">Which row of the table each is, in the same order: one that several repeats judge is drawn for all of them.</param>
public sealed record JudgedFold(float[] Labels, int[] Rows)
{
    /// <summary>Of rows that are judged once.</summary>
    public static JudgedFold Of(float[] labels) => new(labels, [.. Enumerable.Range(0, labels.Length)]);
}

/// <summary>How far a metric, and the difference of two models on the same rows, hangs on which rows there happen to be. A figure is the mean over the folds, weighted by their rows, as in a report.</summary>
/// <remarks>Percentile bootstrap: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. All models meet the same drawn rows, so what makes rows hard for two of them cancels out.</remarks>
public sealed class PairedBootstrap
{
    public const int Draws = 250;

    /// <summary>More rows cost time; of more, an even sample is drawn from, about the figure of all of them, and the interval is that of so many rows, a little too wide.</summary>
    public const int MostRows = 50_000;

    private readonly LearningTask _task;
    private readonly int _classCount, _seed, _rowCount;
    private readonly IReadOnlyList<Part> _parts;
    private readonly IReadOnlyList<JudgedFold> _folds;
    private readonly bool _isSampled;

    /// <param name="task">What was learnt.</param>
    /// <param name="classCount">Outputs a row.</param>
    /// <param name="folds">The truth, at least one row.</param>
    /// <param name="seed">Decides the draws.</param>
    public PairedBootstrap(LearningTask task, int classCount, IReadOnlyList<JudgedFold> folds, int seed)
    {
        (_task, _classCount, _seed) = (task, classCount, seed);
        var numbers = new Dictionary<int, int>();
        foreach (var row in folds.SelectMany(f => f.Rows)) numbers.TryAdd(row, numbers.Count);
        (_folds, _isSampled) = (folds, numbers.Count > MostRows);
        _rowCount = Math.Min(numbers.Count, MostRows);
        var drawn = new int[numbers.Count];
        if (_isSampled) Array.Fill(drawn, -1);
        for (var i = 0; i < _rowCount; i++) drawn[(int)((long)i * numbers.Count / _rowCount)] = i;
        _parts = [.. folds.Select(Keep).Where(part => part.Kept.Length > 0)];

        Part Keep(JudgedFold fold, int index)
        {
            int[] kept = [.. Enumerable.Range(0, fold.Rows.Length).Where(i => drawn[numbers[fold.Rows[i]]] >= 0)];
            return new Part(index, kept, Array.ConvertAll(kept, i => fold.Labels[i]), Array.ConvertAll(kept, i => drawn[numbers[fold.Rows[i]]]));
        }
    }

    /// <param name="Fold">0-based.</param>
    /// <param name="Kept">The fold's rows that are drawn from.</param>
    /// <param name="Labels">Of those.</param>
    /// <param name="Drawn">The place of each among all rows that are drawn from.</param>
    private sealed record Part(int Fold, int[] Kept, float[] Labels, int[] Drawn);

    // What ranks the rows by the probability of each class goes over all rows for every class and draw: with hundreds of classes that takes longer than training.
    private bool IsAffordable(Metric metric) =>
        !(metric == Metric.Auc || metric == Metric.AveragePrecision) || (long)_classCount * _rowCount * Draws <= MostRankedRows;

    private const long MostRankedRows = 500_000_000;

    /// <summary>Of every metric of the task, by its id; without those that are undefined on most draws, and without AUC and average precision where classes times rows are more than two million.</summary>
    /// <param name="outputs">Row-major outputs of each fold.</param>
    public IReadOnlyDictionary<string, MetricInterval> Intervals(IReadOnlyList<double[]> outputs)
    {
        Metric[] metrics = [.. Metric.For(_task).Where(IsAffordable)];
        var figures = Figures(metrics, outputs);
        return metrics.Zip(figures, (metric, ofDraws) => (metric.Id, Interval: Interval(ofDraws)))
            .Where(x => x.Interval is not null).ToDictionary(x => x.Id, x => x.Interval!);
    }

    /// <summary>Of one metric; null where it is undefined on most draws.</summary>
    /// <param name="metric">Defined for the task.</param>
    /// <param name="outputs">Row-major outputs of each fold.</param>
    public MetricInterval? Of(Metric metric, IReadOnlyList<double[]> outputs) => Interval(Figures([metric], outputs)[0]);

    /// <summary>Of how much worse another model is on the same rows: above 0 is worse, whichever way the metric goes.</summary>
    /// <param name="metric">Defined for the task.</param>
    /// <param name="outputs">Row-major outputs of each fold.</param>
    /// <param name="other">Those of the other model.</param>
    public MetricInterval? Loss(Metric metric, IReadOnlyList<double[]> outputs, IReadOnlyList<double[]> other) =>
        Interval([.. Figures([metric], outputs)[0].Zip(Figures([metric], other)[0], (a, b) => metric.HigherIsBetter ? a - b : b - a)]);

    /// <summary>How much better each of several models is than the first, on the same rows.</summary>
    /// <param name="metric">Defined for the task.</param>
    /// <param name="first">Row-major outputs of each fold.</param>
    /// <param name="others">Those of the other models.</param>
    /// <param name="thresholds">Of the first and the others: the probability of the second of two classes from which on it is answered, null for the likelier class; empty where all answer that.</param>
    /// <returns>In their order; null where the metric is undefined on most draws.</returns>
    /// <remarks>A draw without a difference counts for both sides, so that two models that answer alike have p = 1: Efron and Tibshirani (1993), chapter 15, with the achieved significance level of both tails.</remarks>
    public IReadOnlyList<PairedGain?> Gains(Metric metric, IReadOnlyList<double[]> first, IReadOnlyList<IReadOnlyList<double[]>> others, params IReadOnlyList<double?> thresholds)
    {
        var own = Figures([metric], first, thresholds.FirstOrDefault())[0];
        return [.. others.Select((other, i) => Gain([.. own.Zip(Figures([metric], other, thresholds.ElementAtOrDefault(i + 1))[0], (a, b) => metric.HigherIsBetter ? b - a : a - b)]))];
    }

    private static PairedGain? Gain(double?[] gains) => Interval(gains) is { } interval ? new PairedGain(interval, P([.. gains.OfType<double>()])) : null;

    /// <param name="gains">One a draw, at least one.</param>
    internal static double P(double[] gains) =>
        Math.Clamp(2.0 * Math.Min(gains.Count(g => g <= 0), gains.Count(g => g >= 0)) / gains.Length, 1.0 / gains.Length, 1);

    /// <returns>By metric, then by draw.</returns>
    private double?[][] Figures(IReadOnlyList<Metric> metrics, IReadOnlyList<double[]> outputs, double? threshold = null)
    {
        JudgedRows[] rows = [.. _parts.Select(part => new JudgedRows(_task, part.Labels, Kept(outputs[part.Fold], part.Kept), _classCount, threshold))];
        var figures = metrics.Select(_ => new double?[Draws]).ToArray();
        var shifts = _isSampled ? Shifts(metrics, outputs, rows, threshold) : null;
        Parallel.For(0, Draws, draw =>
        {
            var drawn = new int[_rowCount];
            for (var i = 0; i < drawn.Length; i++) drawn[(int)(RowSample.Chance(((long)draw * _rowCount) + i, _seed) * drawn.Length)]++;
            int[][] counts = [.. _parts.Select(part => Array.ConvertAll(part.Drawn, place => drawn[place]))];
            int[] totals = [.. counts.Select(ofPart => ofPart.Sum())];
            double?[][] ofParts = [.. rows.Select((part, i) => totals[i] == 0 ? new double?[metrics.Count] : part.Figures(metrics, counts[i]))];
            for (var m = 0; m < metrics.Count; m++)
            {
                var (sum, weight) = (0.0, 0L);
                for (var part = 0; part < rows.Length; part++)
                {
                    if (ofParts[part][m] is not { } figure) continue;
                    sum += figure * totals[part];
                    weight += totals[part];
                }
                figures[m][draw] = weight == 0 ? null : shifts is null ? sum / weight : Within(metrics[m], (sum / weight) + shifts[m]);
            }
        });
        return figures;
    }

    /// <summary>How far the figures of the rows that are drawn from are from those of all: errors so rare that the sample has none of them would else have an interval that leaves the figure out.</summary>
    private double[] Shifts(IReadOnlyList<Metric> metrics, IReadOnlyList<double[]> outputs, JudgedRows[] sampled, double? threshold)
    {
        (JudgedRows Rows, int Count)[] all = [.. _folds.Select((fold, i) => (Rows: new JudgedRows(_task, fold.Labels, outputs[i], _classCount, threshold), Count: fold.Labels.Length)).Where(fold => fold.Count > 0)];
        (JudgedRows Rows, int Count)[] some = [.. sampled.Select((part, i) => (part, _parts[i].Kept.Length))];
        return [.. metrics.Select(metric => Mean(all, metric) is { } whole && Mean(some, metric) is { } drawn ? whole - drawn : 0)];

        static double? Mean((JudgedRows Rows, int Count)[] folds, Metric metric)
        {
            var (sum, weight) = (0.0, 0L);
            foreach (var (rows, count) in folds)
            {
                if (rows.Figure(metric) is not { } figure) continue;
                sum += figure * count;
                weight += count;
            }
            return weight > 0 ? sum / weight : null;
        }
    }

    // No score is above 1, no loss below 0.
    private static double Within(Metric metric, double figure) => metric.HigherIsBetter ? Math.Min(1, figure) : Math.Max(0, figure);

    private double[] Kept(double[] outputs, int[] rows)
    {
        var kept = new double[rows.Length * _classCount];
        for (var i = 0; i < rows.Length; i++) outputs.AsSpan(rows[i] * _classCount, _classCount).CopyTo(kept.AsSpan(i * _classCount));
        return kept;
    }

    /// <param name="figures">One a draw.</param>
    /// <returns>Null where most are undefined.</returns>
    internal static MetricInterval? Interval(double?[] figures)
    {
        var known = figures.OfType<double>().Order().ToArray();
        if (known.Length < Draws / 2) return null;
        return new MetricInterval(At(0.025), At(0.975));

        double At(double share) => known[Math.Clamp((int)Math.Round(share * (known.Length - 1)), 0, known.Length - 1)];
    }
}
