using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>One number that brings a model's answers in line with what happened on rows it had not seen.</summary>
/// <param name="Sharpness">Classes: the power of the probabilities; 1 leaves them.</param>
/// <param name="Factor">Regression on the logarithm of the target: what answers are multiplied by; 1 leaves them.</param>
/// <remarks>A single number fitted on all validation rows hardly flatters the figures on the same rows.</remarks>
internal readonly record struct Calibration(double Sharpness, double Factor)
{
    /// <summary>Rows that a power is fitted on: more make it slower and no better.</summary>
    private const int MostRows = 12_000;

    // A gain below this share of the loss is not worth a model that is harder to explain.
    private const double SmallestGain = 0.002;
    private const double SmallestSharpness = 0.35, LargestSharpness = 2.8;

    public static Calibration None { get; } = new(1, 1);

    /// <param name="data">The validation rows.</param>
    /// <param name="outputs">By fold: row-major outputs for them.</param>
    /// <param name="isExponential">Whether they come from a model of the target's logarithm.</param>
    public static Calibration Fit(ExperimentData data, IReadOnlyList<double[]> outputs, bool isExponential)
    {
        if (data.Target.Task != LearningTask.Regression) return new Calibration(FitSharpness(data, outputs), 1);
        // The exponential of a mean logarithm is nearer to the median: right for absolute errors, too low for squared ones.
        if (!isExponential || (data.Metric != Metric.Rmse && data.Metric != Metric.RSquared)) return None;
        var actual = data.ValidationLabels.Sum(fold => fold.Sum(l => l + 1.0));
        var answered = outputs.Sum(fold => fold.Sum(o => o + 1));
        return new Calibration(1, answered > 0 ? Math.Clamp(actual / answered, 0.5, 2) : 1);
    }

    public void Apply(double[] outputs, int width)
    {
        SharpenedScorer.Sharpen(outputs, width, Sharpness);
        if (Factor != 1)
            foreach (ref var output in outputs.AsSpan()) output = (Factor * (output + 1)) - 1;
    }

    public Scorer Apply(Scorer scorer) =>
        scorer is ExponentialScorer exponential && Factor != 1 ? new ExponentialScorer(exponential.Inner, exponential.Factor * Factor, exponential.Ceiling)
        : Sharpness == 1 ? scorer : new SharpenedScorer(scorer, Sharpness);

    /// <param name="data">The validation rows.</param>
    /// <param name="outputs">By fold: row-major probabilities.</param>
    /// <returns>1 where rows do not all count alike in learning: probabilities then say something else than how often they are right on these rows.</returns>
    public static double FitSharpness(ExperimentData data, IReadOnlyList<double[]> outputs) =>
        data.Plan.IsWeighted ? 1 : FitSharpness(data.ValidationLabels, outputs, data.ClassCount, data.Plan.Split.Seed);

    /// <summary>The power of probabilities under which the rows are most likely; 1 where another gains next to nothing.</summary>
    /// <param name="labels">By fold: 0-based classes.</param>
    /// <param name="outputs">By fold: row-major probabilities.</param>
    /// <param name="width">Classes; for 1, which is numbers, the power is 1.</param>
    /// <param name="seed">Of the sample where rows are many.</param>
    public static double FitSharpness(IReadOnlyList<float[]> labels, IReadOnlyList<double[]> outputs, int width, int seed)
    {
        if (width < 2) return 1;
        var (logs, truths) = (new List<double[]>(), new List<int>());
        foreach (var (fold, rows) in PartSample.Take([.. labels.Select(l => l.Length)], MostRows, seed).Index())
            foreach (var row in rows)
            {
                logs.Add(Array.ConvertAll(outputs[fold][(row * width)..((row + 1) * width)], p => Math.Log(Math.Max(p, 1e-15))));
                truths.Add((int)labels[fold][row]);
            }
        // The loss is convex in the power, so halving the range by the sign of its slope finds the bottom.
        var (low, high) = (SmallestSharpness, LargestSharpness);
        for (var step = 0; step < 12; step++)
        {
            var middle = Math.Sqrt(low * high);
            if (Slope(middle) > 0) high = middle; else low = middle;
        }
        var best = Math.Sqrt(low * high);
        return Loss(best) < (1 - SmallestGain) * Loss(1) ? best : 1;

        double Loss(double power)
        {
            var loss = 0.0;
            for (var row = 0; row < logs.Count; row++)
            {
                var sum = 0.0;
                foreach (var log in logs[row]) sum += Math.Exp(power * log);
                loss += Math.Log(sum) - (power * logs[row][truths[row]]);
            }
            return loss;
        }

        double Slope(double power)
        {
            var slope = 0.0;
            for (var row = 0; row < logs.Count; row++)
            {
                var (sum, weighted) = (0.0, 0.0);
                foreach (var log in logs[row]) { var p = Math.Exp(power * log); (sum, weighted) = (sum + p, weighted + (p * log)); }
                slope += (weighted / sum) - logs[row][truths[row]];
            }
            return slope;
        }
    }
}
