namespace ModelWorkbench.Core.Models;

/// <summary>An interval around a predicted number, measured on validation rows: rows that the models which answered had not seen.</summary>
/// <param name="Level">The share of rows whose truth it is meant to hold: 0.9.</param>
/// <param name="HalfWidth">To both sides of the answer, in the target's unit; with <paramref name="IsRelative"/> as a share of the answer's size.</param>
/// <param name="IsRelative">Whether the width grows with the answer, as it does for prices.</param>
/// <param name="Coverage">The share that it held: widths from one half of the rows, looked at on the other half, and the other way round.</param>
/// <param name="RowCount">Validation rows that it was measured on.</param>
/// <remarks>Split conformal prediction: the quantile (n + 1) · level of n residuals. Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), JASA 113(523).</remarks>
public sealed record PredictionInterval(double Level, double HalfWidth, bool IsRelative, double Coverage, int RowCount)
{
    /// <summary>Mean pinball loss of both ends, in the target's unit; lower is better, and it is least where the ends are the quantiles they are meant to be. Widths are from the other half of the rows, as for the coverage. Null in intervals from before it was measured.</summary>
    /// <remarks>Koenker and Bassett (1978), Econometrica 46(1); scikit-learn's mean_pinball_loss.</remarks>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public double? Pinball { get; init; }

    /// <summary>Those that are measured.</summary>
    public static IReadOnlyList<double> Levels { get; } = [0.8, 0.9, 0.95];

    private const int FewestRows = 40;

    // The errors of a constant spread have a rank correlation near 0 with the size of the answer, those of a constant share about 0.5 and more.
    private const double GrowsWithAnswer = 0.25;

    /// <summary>The interval around an answer.</summary>
    public (double Low, double High) Around(double answer)
    {
        var half = IsRelative ? HalfWidth * Math.Abs(answer) : HalfWidth;
        return (answer - half, answer + half);
    }

    /// <summary>One a level, narrowest first; empty where there are too few rows to measure on.</summary>
    /// <param name="answers">Of models that had not seen the row; length n.</param>
    /// <param name="truths">In the same order; length n.</param>
    public static IReadOnlyList<PredictionInterval> Measure(ReadOnlySpan<double> answers, ReadOnlySpan<float> truths)
    {
        if (answers.Length != truths.Length) throw new ArgumentException($"{answers.Length} answers, {truths.Length} truths.", nameof(truths));
        if (answers.Length < FewestRows) return [];
        var (errors, sizes) = (new double[answers.Length], new double[answers.Length]);
        for (var i = 0; i < errors.Length; i++) (errors[i], sizes[i]) = (Math.Abs(truths[i] - answers[i]), Math.Abs(answers[i]));
        // An answer of 0 has no size that an error could be a share of.
        var count = answers.Length;
        var isRelative = !sizes.Contains(0) && RankCorrelation(errors, sizes) > GrowsWithAnswer;
        var residuals = isRelative ? errors.Zip(sizes, (error, size) => error / size).ToArray() : errors;
        var (told, known) = (answers.ToArray(), truths.ToArray());
        return [.. Levels.Select(level => new PredictionInterval(level, Quantile(residuals, level), isRelative, Cover(residuals, level), count) { Pinball = PinballOf(level, told, known, residuals, isRelative) }).Where(i => double.IsFinite(i.HalfWidth))];
    }

    /// <summary>Spearman's: 1 where the larger answer always has the larger error; ties by order, which does no harm here.</summary>
    private static double RankCorrelation(double[] first, double[] second)
    {
        var (a, b) = (Ranks(first), Ranks(second));
        var mean = (first.Length - 1) / 2.0;
        double covariance = 0, variance = 0;
        for (var i = 0; i < a.Length; i++)
        {
            covariance += (a[i] - mean) * (b[i] - mean);
            variance += (a[i] - mean) * (a[i] - mean);
        }
        return variance == 0 ? 0 : covariance / variance;
    }

    private static double[] Ranks(double[] values)
    {
        var ranks = new double[values.Length];
        foreach (var (rank, index) in Enumerable.Range(0, values.Length).OrderBy(i => values[i]).Index()) ranks[index] = rank;
        return ranks;
    }

    private static double Quantile(double[] residuals, double level)
    {
        var sorted = residuals.Order().ToArray();
        var rank = (int)Math.Ceiling((sorted.Length + 1) * level);
        return rank > sorted.Length ? double.PositiveInfinity : sorted[rank - 1];
    }

    /// <summary>What a wrong quantile costs for one row: its distance from the truth, weighted by how far it is meant to lie on that side.</summary>
    /// <param name="quantile">Which: 0.05 is meant to lie below 95 of 100 truths.</param>
    public static double PinballLoss(double truth, double predicted, double quantile) => Math.Max(quantile * (truth - predicted), (quantile - 1) * (truth - predicted));

    private static double? PinballOf(double level, double[] answers, float[] truths, double[] residuals, bool isRelative)
    {
        double[] widths = [Quantile([.. residuals.Where((_, i) => i % 2 == 1)], level), Quantile([.. residuals.Where((_, i) => i % 2 == 0)], level)];
        if (!widths.All(double.IsFinite)) return null;
        var sum = 0.0;
        for (var i = 0; i < answers.Length; i++)
        {
            var half = isRelative ? widths[i % 2] * Math.Abs(answers[i]) : widths[i % 2];
            sum += PinballLoss(truths[i], answers[i] - half, (1 - level) / 2) + PinballLoss(truths[i], answers[i] + half, (1 + level) / 2);
        }
        return sum / (2 * answers.Length);
    }

    private static double Cover(double[] residuals, double level)
    {
        double[] even = [.. residuals.Where((_, i) => i % 2 == 0)], odd = [.. residuals.Where((_, i) => i % 2 == 1)];
        var (ofEven, ofOdd) = (Quantile(even, level), Quantile(odd, level));
        return (odd.Count(r => r <= ofEven) + even.Count(r => r <= ofOdd)) / (double)residuals.Length;
    }
}

/// <summary>How far the probabilities are from how often they are right, measured on validation rows.</summary>
/// <param name="Error">Expected calibration error of the likeliest class: the mean distance between what ten bins of answers say and what came true; 0 is perfect.</param>
/// <param name="RowCount">Validation rows that it was measured on.</param>
/// <remarks>Naeini, Cooper and Hauskrecht (2015), AAAI 29.</remarks>
public sealed record MeasuredCalibration(double Error, int RowCount)
{
    private const int Bins = 10;

    /// <param name="probabilities">Row-major, one a class.</param>
    /// <param name="truths">0-based classes; length n.</param>
    public static MeasuredCalibration? Measure(ReadOnlySpan<double> probabilities, ReadOnlySpan<float> truths)
    {
        if (truths.Length == 0) return null;
        var width = probabilities.Length / truths.Length;
        Span<double> said = stackalloc double[Bins], right = stackalloc double[Bins];
        for (var row = 0; row < truths.Length; row++)
        {
            var own = probabilities.Slice(row * width, width);
            var likeliest = 0;
            for (var c = 1; c < width; c++)
                if (own[c] > own[likeliest]) likeliest = c;
            var bin = Math.Clamp((int)(own[likeliest] * Bins), 0, Bins - 1);
            said[bin] += own[likeliest];
            if (likeliest == (int)truths[row]) right[bin]++;
        }
        var error = 0.0;
        for (var bin = 0; bin < Bins; bin++) error += Math.Abs(said[bin] - right[bin]) / truths.Length;
        return new MeasuredCalibration(error, truths.Length);
    }
}
