using System.Numerics.Tensors;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tuning;

/// <summary>The truth of the validation rows, fold by fold, for scoring mixtures of out-of-fold predictions.</summary>
/// <param name="Metric">What counts.</param>
/// <param name="Task">What is learnt.</param>
/// <param name="ClassCount">Outputs a row; 1 for regression.</param>
/// <param name="Labels">By fold, then row.</param>
public sealed record ValidationTruth(Metric Metric, LearningTask Task, int ClassCount, IReadOnlyList<float[]> Labels)
{
    /// <summary>The metric's mean over the folds weighted by their rows, as a loss: lower is better.</summary>
    /// <param name="outputs">By fold: row-major outputs.</param>
    /// <param name="folds">Which folds count; null for all.</param>
    /// <returns>Null where it is undefined on every fold.</returns>
    public double? Loss(IReadOnlyList<double[]> outputs, IReadOnlyList<int>? folds = null)
    {
        var (sum, rows) = (0.0, 0L);
        foreach (var fold in folds ?? [.. Enumerable.Range(0, Labels.Count)])
        {
            if (MetricCalculator.Compute(Metric, Task, Labels[fold], outputs[fold], ClassCount) is not { } score) continue;
            sum += score * Labels[fold].Length;
            rows += Labels[fold].Length;
        }
        return rows == 0 ? null : (Metric.HigherIsBetter ? -1 : 1) * sum / rows;
    }
}

/// <summary>Weights of an ensemble, chosen greedily: again and again the model is added, with replacement, whose addition helps the mean of all added so far most.</summary>
/// <remarks>Caruana, Niculescu-Mizil, Crew and Ksikes (2004), Ensemble selection from libraries of models, ICML.</remarks>
public static class GreedyEnsemble
{
    private const int Rounds = 25;

    /// <param name="truth">Of the validation rows.</param>
    /// <param name="candidates">By candidate, then fold: out-of-fold outputs.</param>
    /// <param name="folds">The folds to choose on; null for all.</param>
    /// <param name="threads">At least 1; the result does not depend on it.</param>
    /// <param name="cancellationToken">Looked at between rounds.</param>
    /// <returns>One weight a candidate, summing to 1; the shortest list of additions with the least loss.</returns>
    public static double[] Select(ValidationTruth truth, IReadOnlyList<IReadOnlyList<double[]>> candidates, IReadOnlyList<int>? folds, int threads, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(candidates.Count);
        int[] used = [.. folds ?? [.. Enumerable.Range(0, truth.Labels.Count)]];
        var sum = truth.Labels.Select((_, fold) => new double[candidates[0][fold].Length]).ToArray();
        var counts = new int[candidates.Count];
        var (bestLoss, best) = (double.PositiveInfinity, (int[]?)null);
        for (var round = 0; round < Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var losses = new double[candidates.Count];
            Parallel.For(0, candidates.Count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, candidate =>
            {
                var mixed = new double[sum.Length][];
                foreach (var fold in used) mixed[fold] = Mix(sum[fold], candidates[candidate][fold], round + 1);
                losses[candidate] = truth.Loss(mixed, used) ?? double.PositiveInfinity;
            });
            var added = Array.IndexOf(losses, losses.Min());
            counts[added]++;
            foreach (var fold in used) TensorPrimitives.Add(sum[fold], candidates[added][fold], sum[fold]);
            if (losses[added] < bestLoss - 1e-12) (bestLoss, best) = (losses[added], (int[])counts.Clone());
            // Only one candidate: every further round would be the same.
            if (candidates.Count == 1) break;
        }
        best ??= counts;
        var total = (double)best.Sum();
        return Array.ConvertAll(best, c => c / total);
    }

    /// <summary>The weighted mean of the candidates' outputs, by fold.</summary>
    public static double[][] Combine(IReadOnlyList<IReadOnlyList<double[]>> candidates, IReadOnlyList<double> weights)
    {
        var combined = candidates[0].Select(fold => new double[fold.Length]).ToArray();
        for (var candidate = 0; candidate < candidates.Count; candidate++)
        {
            if (weights[candidate] == 0) continue;
            for (var fold = 0; fold < combined.Length; fold++)
                TensorPrimitives.MultiplyAdd(candidates[candidate][fold], weights[candidate], combined[fold], combined[fold]);
        }
        return combined;
    }

    private static double[] Mix(double[] sum, double[] added, int count)
    {
        var mixed = new double[sum.Length];
        TensorPrimitives.Add(sum, added, mixed);
        TensorPrimitives.Divide(mixed, count, mixed);
        return mixed;
    }
}
