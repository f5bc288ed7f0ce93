namespace ModelWorkbench.Core.Trainers;

/// <summary>Turns scores without a unit into log-odds: slope times score plus offset.</summary>
/// <param name="Slope">Positive where higher scores are more positive.</param>
/// <param name="Offset">The log-odds of score 0.</param>
public sealed record PlattScaling(double Slope, double Offset)
{
    private const int MaximumIterations = 100;

    /// <summary>Fits by maximum likelihood with Newton's method and line search.</summary>
    /// <param name="scores">Of rows that the model has not learnt from, or it will be overconfident; length n.</param>
    /// <param name="isPositive">The truth in the same order; length n.</param>
    /// <remarks>Lin, Lin and Weng (2007), A note on Platt's probabilistic outputs, Machine Learning 68; targets are drawn in from 0 and 1 as there.</remarks>
    public static PlattScaling Fit(ReadOnlySpan<double> scores, ReadOnlySpan<bool> isPositive)
    {
        var positives = isPositive.Count(true);
        double high = (positives + 1.0) / (positives + 2.0), low = 1.0 / (isPositive.Length - positives + 2.0);
        double mean = 0, deviation = 0;
        foreach (var score in scores) mean += score / scores.Length;
        foreach (var score in scores) deviation += (score - mean) * (score - mean) / scores.Length;
        deviation = Math.Sqrt(deviation);
        // Scores of any size are brought to one scale first, so that the second derivatives stay well-conditioned.
        var scale = deviation > 0 && double.IsFinite(deviation) ? deviation : 1;
        double slope = 0, offset = Math.Log((positives + 1.0) / (isPositive.Length - positives + 1.0));
        var loss = Loss(scores, isPositive, mean, scale, high, low, slope, offset);
        for (var iteration = 0; iteration < MaximumIterations; iteration++)
        {
            double h11 = 1e-12, h22 = 1e-12, h21 = 0, g1 = 0, g2 = 0;
            for (var i = 0; i < scores.Length; i++)
            {
                var z = (scores[i] - mean) / scale;
                var p = Links.Sigmoid((slope * z) + offset);
                var error = p - (isPositive[i] ? high : low);
                var curvature = p * (1 - p);
                h11 += z * z * curvature;
                h22 += curvature;
                h21 += z * curvature;
                g1 += z * error;
                g2 += error;
            }
            if (Math.Abs(g1) < 1e-7 * scores.Length && Math.Abs(g2) < 1e-7 * scores.Length) break;
            var determinant = (h11 * h22) - (h21 * h21);
            double slopeStep = -((h22 * g1) - (h21 * g2)) / determinant, offsetStep = -((h11 * g2) - (h21 * g1)) / determinant;
            var descent = (g1 * slopeStep) + (g2 * offsetStep);
            var step = 1.0;
            for (; step > 1e-10; step /= 2)
            {
                var next = Loss(scores, isPositive, mean, scale, high, low, slope + (step * slopeStep), offset + (step * offsetStep));
                if (!(next < loss + (1e-4 * step * descent))) continue;
                (slope, offset, loss) = (slope + (step * slopeStep), offset + (step * offsetStep), next);
                break;
            }
            if (step <= 1e-10) break;
        }
        return new PlattScaling(slope / scale, offset - (slope * mean / scale));
    }

    private static double Loss(ReadOnlySpan<double> scores, ReadOnlySpan<bool> isPositive, double mean, double scale, double high, double low, double slope, double offset)
    {
        var loss = 0.0;
        for (var i = 0; i < scores.Length; i++)
        {
            var logOdds = (slope * (scores[i] - mean) / scale) + offset;
            // log(1 + exp(x)) without overflow.
            var softplus = Math.Max(logOdds, 0) + Math.Log(1 + Math.Exp(-Math.Abs(logOdds)));
            loss += softplus - ((isPositive[i] ? high : low) * logOdds);
        }
        return loss;
    }
}
