using System.Globalization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Monitoring;

/// <summary>How a version did on rows whose truth is known, beside what its training promised.</summary>
/// <param name="RowCount">Rows with truth.</param>
/// <param name="Metric">Its id: accuracy for classes, mean absolute error for numbers.</param>
/// <param name="Low">End of the 95 % interval: Wilson's for a share; for an error the mean ± 1.96 standard errors, null for a single row.</param>
/// <param name="High">The other end.</param>
/// <param name="InTraining">The same metric on rows that the trial had not seen; null where the experiment is gone.</param>
public sealed record LiveQuality(int Version, int RowCount, string Metric, double Value, double? Low, double? High, double? InTraining)
{
    /// <summary>By how much it is worse than training promised: points of a score, of an error the share by which it is higher. 0 where it is not worse, or chance explains it; null where nobody knows what was promised.</summary>
    public double? Loss
    {
        get
        {
            if (InTraining is not { } promised) return null;
            var isScore = Evaluation.Metric.Parse(Metric).HigherIsBetter;
            if (isScore ? !(High < promised) : !(Low > promised)) return 0;
            // Where no error was promised, any is as bad as twice the promised one.
            return isScore ? promised - Value : promised > 0 ? Value / promised - 1 : 1;
        }
    }

    /// <param name="rows">Answers and truths, as the model writes its answers.</param>
    /// <param name="inTraining">By metric; null where nobody knows.</param>
    /// <returns>Null where there is no row to judge by.</returns>
    public static LiveQuality? Judge(int version, LearningTask task, IEnumerable<(string Answer, string Truth)> rows, IReadOnlyDictionary<string, double?>? inTraining)
    {
        var isNumber = task == LearningTask.Regression;
        var metric = isNumber ? Evaluation.Metric.Mae.Id : Evaluation.Metric.Accuracy.Id;
        double[] scores = isNumber ? [.. rows.Select(r => Math.Abs(Parse(r.Answer) - Parse(r.Truth))).Where(double.IsFinite)] : [.. rows.Select(r => r.Answer == r.Truth ? 1.0 : 0.0)];
        if (scores.Length == 0) return null;
        var interval = isNumber ? SampleIntervals.OfMean(scores) : SampleIntervals.OfShare(scores.Sum(), scores.Length);
        return new LiveQuality(version, scores.Length, metric, scores.Average(), interval?.Low, interval?.High, inTraining?.GetValueOrDefault(metric));
    }

    private static double Parse(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
}
