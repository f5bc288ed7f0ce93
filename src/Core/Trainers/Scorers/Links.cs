namespace ModelWorkbench.Core.Trainers;

/// <summary>From raw scores to probabilities.</summary>
internal static class Links
{
    public static double Sigmoid(double score) => 1 / (1 + Math.Exp(-score));

    /// <summary>Replaces raw scores by exp(score) over their sum.</summary>
    public static void Softmax(Span<double> scores)
    {
        var maximum = double.NegativeInfinity;
        foreach (var score in scores) maximum = Math.Max(maximum, score);
        var sum = 0.0;
        foreach (ref var score in scores)
        {
            score = Math.Exp(score - maximum);
            sum += score;
        }
        foreach (ref var score in scores) score /= sum;
    }

    /// <summary>Replaces log-odds of "this class against the rest" by probabilities, scaled to sum to 1.</summary>
    public static void OneVersusAll(Span<double> scores)
    {
        var sum = 0.0;
        foreach (var score in scores) sum += Sigmoid(score);
        if (sum < 1e-300)
        {
            // Far below zero the sigmoid is exp(score), and that ratio is the softmax, which does not underflow.
            Softmax(scores);
            return;
        }
        foreach (ref var score in scores) score = Sigmoid(score) / sum;
    }
}
