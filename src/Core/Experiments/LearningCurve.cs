using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;

namespace ModelWorkbench.Core.Experiments;

/// <summary>How a model's score grows with the rows that it learns from: would more data help?</summary>
/// <param name="MetricId">The experiment's own.</param>
/// <param name="Points">Fewest rows first; the last is of all training rows of a fold.</param>
/// <remarks>Perlich, Provost and Simonoff (2003), JMLR 4; as scikit-learn's learning_curve, on the folds of the experiment.</remarks>
public sealed record LearningCurve(string MetricId, IReadOnlyList<LearningPoint> Points)
{
    // A difference within two standard errors is what other rows would do too.
    private const double BeyondChance = 2;
    private const int PointsOfTrend = 3;

    [JsonIgnore]
    private LearningPoint[] Judged => [.. Points.Where(p => p.Mean is not null)];

    /// <summary>What the score does from the last point but one to the last, whichever way the metric goes: above 0 is better. Null with fewer than two points.</summary>
    [JsonIgnore]
    public double? LastGain => Judged is [.., var before, var last] ? Gain(last.Mean!.Value - before.Mean!.Value) : null;

    /// <summary>Standard error of <see cref="LastGain"/>, by the folds, each against itself; null with fewer than two folds.</summary>
    [JsonIgnore]
    public double? LastGainError
    {
        get
        {
            if (Judged is not [.., var before, var last]) return null;
            double[] gains = [.. before.FoldScores.Zip(last.FoldScores).Where(f => f.First is not null && f.Second is not null).Select(f => Gain(f.Second!.Value - f.First!.Value))];
            return FoldSpread.Compute([.. gains.Select(g => (double?)g)]) is { } spread ? spread / Math.Sqrt(gains.Length) : null;
        }
    }

    /// <summary>Whether the last rows still made the model better, beyond what the folds differ by; null where that cannot be told.</summary>
    [JsonIgnore]
    public bool? StillRises => LastGain is { } gain && LastGainError is { } error ? gain > BeyondChance * error : null;

    /// <summary>What twice the rows would add if the score went on as over its last points, along the logarithm of the rows; above 0 is better. Null with fewer than three points.</summary>
    [JsonIgnore]
    public double? GainOfTwice
    {
        get
        {
            if (Judged.Length < PointsOfTrend) return null;
            var last = Judged[^PointsOfTrend..];
            double[] x = [.. last.Select(p => Math.Log2(p.RowCount))], y = [.. last.Select(p => p.Mean!.Value)];
            var (meanX, meanY) = (x.Average(), y.Average());
            var spread = x.Sum(v => (v - meanX) * (v - meanX));
            return spread == 0 ? null : Gain(x.Zip(y).Sum(p => (p.First - meanX) * (p.Second - meanY)) / spread);
        }
    }

    private double Gain(double difference) => Metric.Parse(MetricId).HigherIsBetter ? difference : -difference;
}

/// <summary>What came of learning from some of the training rows.</summary>
/// <param name="Share">Of the training rows of each fold; 0 to 1.</param>
/// <param name="RowCount">As a number: of the smallest fold.</param>
/// <param name="FoldScores">On each fold's validation rows; null where the metric is undefined.</param>
/// <param name="TrainingScores">On rows that the model did learn from, one a fold.</param>
/// <param name="Failure">Why nothing came of it; null where something did.</param>
public sealed record LearningPoint(double Share, int RowCount, IReadOnlyList<double?> FoldScores, IReadOnlyList<double?> TrainingScores, string? Failure = null)
{
    [JsonIgnore]
    public double? Mean => MeanOf(FoldScores);

    [JsonIgnore]
    public double? TrainingMean => MeanOf(TrainingScores);

    /// <summary>Standard deviation over the folds; null for fewer than two.</summary>
    [JsonIgnore]
    public double? Deviation => FoldSpread.Compute(FoldScores);

    private static double? MeanOf(IReadOnlyList<double?> scores) => scores.OfType<double>().ToArray() is { Length: > 0 } known ? known.Average() : null;
}
