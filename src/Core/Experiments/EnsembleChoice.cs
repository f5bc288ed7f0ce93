using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Chooses the weights of an ensemble on the validation rows, or on a sample where they are many.</summary>
internal sealed class EnsembleChoice
{
    /// <summary>Rows that weights are chosen on: more make the choice slower and hardly better.</summary>
    private const int MostRows = 12_000;

    private const int PartsOfOneFold = 5;
    private const double SmallestWeight = 0.03;

    private readonly ExperimentData _data;
    private readonly int _threads;

    // A part is what is left out of the choice at a time: a fold, or a share of the rows where there is only one fold.
    private readonly List<(int Fold, int[] Rows)> _parts;

    // Of each part, the rows that weights are chosen on.
    private readonly int[][] _chosen;
    private readonly ValidationTruth _truth;

    /// <param name="data">The validation rows.</param>
    /// <param name="threads">At least 1; the choice does not depend on it.</param>
    public EnsembleChoice(ExperimentData data, int threads)
    {
        (_data, _threads) = (data, threads);
        var labels = data.ValidationLabels;
        _parts = labels.Count > 1
            ? [.. labels.Select((l, fold) => (fold, Enumerable.Range(0, l.Length).ToArray()))]
            : [.. PartsOf(labels[0].Length, data.Plan.Split.Seed).Select(rows => (0, rows))];
        _chosen = [.. PartSample.Take([.. _parts.Select(p => p.Rows.Length)], MostRows, data.Plan.Split.Seed).Select((rows, part) => Array.ConvertAll(rows, r => _parts[part].Rows[r]))];
        _truth = new ValidationTruth(data.Metric, data.Target.Task, data.ClassCount, [.. _parts.Select((p, i) => Array.ConvertAll(_chosen[i], r => labels[p.Fold][r]))]);
    }

    /// <param name="candidates">By candidate, then fold: outputs.</param>
    /// <returns>One weight a candidate, summing to 1.</returns>
    public double[] Weights(IReadOnlyList<IReadOnlyList<double[]>> candidates, CancellationToken cancellationToken) =>
        Trim(GreedyEnsemble.Select(_truth, Gather(candidates), null, _threads, cancellationToken));

    /// <summary>How ensembles would have answered whose weights were chosen without the rows they answer: what the choosing itself flatters is not in it.</summary>
    /// <returns>By fold: outputs.</returns>
    public double[][] CrossFitted(IReadOnlyList<IReadOnlyList<double[]>> candidates, CancellationToken cancellationToken)
    {
        var width = _data.ClassCount;
        var gathered = Gather(candidates);
        var crossFitted = _data.ValidationLabels.Select(labels => new double[labels.Length * width]).ToArray();
        for (var part = 0; part < _parts.Count; part++)
        {
            var others = Enumerable.Range(0, _parts.Count).Where(p => p != part).ToArray();
            var weights = Trim(GreedyEnsemble.Select(_truth, gathered, others, _threads, cancellationToken));
            var (fold, rows) = _parts[part];
            for (var candidate = 0; candidate < candidates.Count; candidate++)
            {
                if (weights[candidate] == 0) continue;
                var own = candidates[candidate][fold];
                foreach (var row in rows)
                    for (var k = 0; k < width; k++) crossFitted[fold][row * width + k] += weights[candidate] * own[row * width + k];
            }
        }
        var sharpness = Calibration.FitSharpness(_data, crossFitted);
        foreach (var fold in crossFitted) Trainers.SharpenedScorer.Sharpen(fold, width, sharpness);
        return crossFitted;
    }

    /// <summary>The plan's metric of outputs for all validation rows; null where it is undefined on every fold.</summary>
    public double? Score(IReadOnlyList<double[]> outputs) =>
        new ValidationTruth(_data.Metric, _data.Target.Task, _data.ClassCount, _data.ValidationLabels).Loss(outputs) is { } loss ? _data.Metric.HigherIsBetter ? -loss : loss : null;

    private IReadOnlyList<double[]>[] Gather(IReadOnlyList<IReadOnlyList<double[]>> candidates)
    {
        var width = _data.ClassCount;
        return [.. candidates.Select(c => (IReadOnlyList<double[]>)[.. _parts.Select((p, i) =>
        {
            var gathered = new double[_chosen[i].Length * width];
            for (var row = 0; row < _chosen[i].Length; row++) c[p.Fold].AsSpan(_chosen[i][row] * width, width).CopyTo(gathered.AsSpan(row * width));
            return gathered;
        })])];
    }

    /// <summary>Members of little weight cost time at every prediction and change nothing.</summary>
    private static double[] Trim(double[] weights)
    {
        var kept = Array.ConvertAll(weights, w => w >= SmallestWeight ? w : 0);
        var sum = kept.Sum();
        return sum > 0 ? Array.ConvertAll(kept, w => w / sum) : weights;
    }

    private static IEnumerable<int[]> PartsOf(int rowCount, int seed)
    {
        var rows = Enumerable.Range(0, rowCount).ToArray();
        new Random(seed).Shuffle(rows);
        var parts = Math.Min(PartsOfOneFold, Math.Max(2, rowCount));
        return Enumerable.Range(0, parts).Select(p => rows.Where((_, i) => i % parts == p).Order().ToArray()).Where(p => p.Length > 0);
    }
}
