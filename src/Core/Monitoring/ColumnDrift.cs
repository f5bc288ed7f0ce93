using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Monitoring;

/// <summary>How far the values of requests are from those of the training rows.</summary>
public enum DriftLevel
{
    /// <summary>Fewer than <see cref="ColumnDrift.LeastRows"/>: nothing is concluded.</summary>
    TooFewRows,
    Stable,

    /// <summary>A population stability index from 0.1 on, beyond chance.</summary>
    Moderate,

    /// <summary>A population stability index from 0.25 on, beyond chance.</summary>
    Strong,
}

/// <summary>One column, or the answers, beside the training rows.</summary>
/// <param name="Name">Of the column.</param>
/// <param name="RowCount">Rows of requests.</param>
/// <param name="Psi">Population stability index over bins, missing and unseen values being bins too; 0 for the same shares.</param>
/// <param name="JensenShannon">Jensen-Shannon distance to base 2 over the same bins; 0 for the same shares, 1 for none in common.</param>
/// <param name="Test">The test of the values that are there.</param>
/// <param name="Statistic">Kolmogorov-Smirnov: the largest distance of the two distribution functions, at the bounds of the bins. Chi-squared: of the table of counts.</param>
/// <param name="PValue">Chance of such a difference where nothing has changed; null where there is nothing to compare.</param>
/// <param name="MissingShare">Of the rows of requests; 0 to 1.</param>
/// <param name="TrainingMissingShare">Of the training rows.</param>
/// <param name="UnseenShare">Of the rows of requests: choices that training rows did not have.</param>
/// <param name="OutsideShare">Of the rows of requests: numbers outside the training range.</param>
public sealed record ColumnDrift(string Name, int RowCount, double Psi, double JensenShannon, DriftTest Test, double Statistic, double? PValue, double MissingShare, double TrainingMissingShare, double UnseenShare, double OutsideShare)
{
    /// <summary>With fewer the index is mostly noise: it grows by about a bin's worth for every row too few.</summary>
    public const int LeastRows = 50;

    public const double ModeratePsi = 0.1, StrongPsi = 0.25;

    // Many columns are looked at again and again: one in a thousand would alarm every other day.
    private const double Significance = 0.001;

    public DriftLevel Level =>
        RowCount < LeastRows ? DriftLevel.TooFewRows
        : Psi < ModeratePsi || !IsBeyondChance ? DriftLevel.Stable
        : Psi < StrongPsi ? DriftLevel.Moderate
        : DriftLevel.Strong;

    /// <summary>Whether chance alone would hardly give such a difference.</summary>
    public bool IsBeyondChance => PValue < Significance || Math.Abs(MissingShare - TrainingMissingShare) > 4 * Math.Sqrt(0.25 / RowCount);

    /// <summary>Compares what came with what was trained on.</summary>
    /// <remarks>
    /// The p-value of Kolmogorov-Smirnov is that of the limit distribution; as the distance is looked at in the bounds alone, it errs to the larger side.
    /// </remarks>
    public static ColumnDrift Measure(string name, LiveDistribution live)
    {
        var training = live.Training;
        int[] before = [.. training.Counts, training.Missing, 0];
        int[] after = [.. live.Counts, live.Missing, live.Unseen];
        var rows = live.RowCount;
        var isOrdered = training.LowerBounds is not null;
        var (statistic, p) = isOrdered
            ? DistributionTests.KolmogorovSmirnov(training.Counts, live.Counts)
            : DistributionTests.ChiSquared([.. training.Counts.Select(c => (double)c), 0], [.. live.Counts, live.Unseen]);
        double trainingRows = before.Sum(c => (long)c);
        return new ColumnDrift(name, rows, PopulationStability.Index(before, after), JensenShannonDistance(before, after), isOrdered ? DriftTest.KolmogorovSmirnov : DriftTest.ChiSquared, statistic, p,
            rows == 0 ? 0 : (double)live.Missing / rows, trainingRows == 0 ? 0 : training.Missing / trainingRows, rows == 0 ? 0 : (double)live.Unseen / rows, rows == 0 ? 0 : (double)live.Outside / rows);
    }

    private static double JensenShannonDistance(int[] before, int[] after)
    {
        double n = before.Sum(c => (long)c), m = after.Sum(c => (long)c);
        if (n == 0 || m == 0) return 0;
        var divergence = 0.0;
        for (var i = 0; i < before.Length; i++)
        {
            var (p, q) = (before[i] / n, after[i] / m);
            var middle = (p + q) / 2;
            if (p > 0) divergence += p * Math.Log2(p / middle) / 2;
            if (q > 0) divergence += q * Math.Log2(q / middle) / 2;
        }
        return Math.Sqrt(Math.Max(0, divergence));
    }
}
