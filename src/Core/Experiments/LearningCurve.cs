using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;

namespace ModelWorkbench.Core.Experiments;

/// <summary>How a model's score grows with the rows that it learns from: would more data help?</summary>
/// <param name="MetricId">The experiment's own.</param>
/// <param name="Points">Fewest rows first; the last is of all training rows of a fold.</param>
/// <remarks>Perlich, Provost and Simonoff (2003), JMLR 4; as scikit-learn's learning_curve, on the folds of the experiment.</remarks>
public sealed record LearningCurve(string MetricId, IReadOnlyList<LearningPoint> Points)
{
    // What lies within two standard errors other rows would do too.
    private const double BeyondChance = 2;
    private const int PointsOfTrend = 3;

    /// <summary>The points that a trend is drawn through; empty where they are too few.</summary>
    [JsonIgnore]
    public IReadOnlyList<LearningPoint> Trend => Points.Where(p => p.Mean is not null).ToList() is { Count: >= PointsOfTrend } judged ? judged[^PointsOfTrend..] : [];

    /// <summary>What twice the rows add over the last points, along the logarithm of the rows, whichever way the metric goes: above 0 is better. Null with fewer than three points.</summary>
    [JsonIgnore]
    public double? GainOfTwice => Trend.Count == 0 ? null : Slope([.. Trend.Select(p => p.Mean!.Value)]);

    /// <summary>Standard error of <see cref="GainOfTwice"/>: each fold by itself; null with fewer than two folds.</summary>
    [JsonIgnore]
    public double? GainError
    {
        get
        {
            if (Trend.Count == 0) return null;
            double?[] slopes = [.. Enumerable.Range(0, Trend.Min(p => p.FoldScores.Count)).Select(fold => Trend.All(p => p.FoldScores[fold] is not null) ? (double?)Slope([.. Trend.Select(p => p.FoldScores[fold]!.Value)]) : null)];
            return FoldSpread.Compute(slopes) is { } spread ? spread / Math.Sqrt(slopes.Count(s => s is not null)) : null;
        }
    }

    /// <summary>Whether more rows still make the model better at the end of the curve, beyond what the folds differ by; null where that cannot be told.</summary>
    [JsonIgnore]
    public bool? StillRises => GainOfTwice is { } gain && GainError is { } error ? gain > BeyondChance * error && Gain(Trend[^1].Mean!.Value - Trend[^2].Mean!.Value) > 0 : null;

    private double Slope(double[] scores)
    {
        double[] rows = [.. Trend.Select(p => Math.Log2(p.RowCount))];
        var (meanRows, meanScore) = (rows.Average(), scores.Average());
        var spread = rows.Sum(r => (r - meanRows) * (r - meanRows));
        return spread == 0 ? 0 : Gain(rows.Zip(scores).Sum(p => (p.First - meanRows) * (p.Second - meanScore)) / spread);
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
