using System.Globalization;
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
    // The 97.5 % quantile of the normal distribution.
    private const double Z = 1.959964;

    /// <param name="rows">Answers and truths, as the model writes its answers.</param>
    /// <param name="inTraining">By metric; null where nobody knows.</param>
    /// <returns>Null where there is no row to judge by.</returns>
    public static LiveQuality? Judge(int version, LearningTask task, IEnumerable<(string Answer, string Truth)> rows, IReadOnlyDictionary<string, double?>? inTraining)
    {
        var isNumber = task == LearningTask.Regression;
        var metric = isNumber ? Evaluation.Metric.Mae.Id : Evaluation.Metric.Accuracy.Id;
        double[] scores = isNumber ? [.. rows.Select(r => Math.Abs(Parse(r.Answer) - Parse(r.Truth))).Where(double.IsFinite)] : [.. rows.Select(r => r.Answer == r.Truth ? 1.0 : 0.0)];
        if (scores.Length == 0) return null;
        var (low, high) = isNumber ? MeanInterval(scores) : WilsonInterval(scores.Sum(), scores.Length);
        return new LiveQuality(version, scores.Length, metric, scores.Average(), low, high, inTraining?.GetValueOrDefault(metric));
    }

    private static double Parse(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    /// <remarks>Wilson (1927), Journal of the American Statistical Association 22.</remarks>
    private static (double? Low, double? High) WilsonInterval(double right, double count)
    {
        var share = right / count;
        var middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count);
        var half = Z / (1 + Z * Z / count) * Math.Sqrt(share * (1 - share) / count + Z * Z / (4 * count * count));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    private static (double? Low, double? High) MeanInterval(double[] values)
    {
        if (values.Length < 2) return (null, null);
        var mean = values.Average();
        var half = Z * Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1) / values.Length);
        return (mean - half, mean + half);
    }
}
