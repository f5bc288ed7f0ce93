namespace ModelWorkbench.Core.Evaluation;

/// <summary>Two models' classes for the same rows: who is right where.</summary>
/// <param name="BothRight">Rows.</param>
/// <param name="OnlyFirst">Rows that the first has right and the other wrong.</param>
/// <param name="OnlyOther">The other way round.</param>
/// <param name="BothWrong">Rows.</param>
/// <param name="P">McNemar's exact test, two-sided: whether one of them has more rows right to itself than chance explains.</param>
public sealed record RightAnswers(int BothRight, int OnlyFirst, int OnlyOther, int BothWrong, double P);

/// <summary>Two models' numbers for the same rows: who is closer to the truth.</summary>
/// <param name="First">Rows on which the first is closer.</param>
/// <param name="Other">Rows on which the other is.</param>
/// <param name="Equal">Rows on which neither is.</param>
/// <param name="P">Sign test, two-sided, of the rows on which one is closer.</param>
public sealed record CloserAnswers(int First, int Other, int Equal, double P);

/// <summary>Holds two models' answers for the same rows against each other, row by row.</summary>
public static class PairedAnswers
{
    /// <summary>Compares classes.</summary>
    /// <param name="truth">The 0-based class of each row; length n.</param>
    /// <param name="first">The class that the first answered, in the same order.</param>
    /// <param name="other">That of the other model.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    /// <remarks>McNemar (1947), Psychometrika 12; exact: the binomial test of the rows that one alone has right.</remarks>
    public static RightAnswers Classes(ReadOnlySpan<int> truth, ReadOnlySpan<int> first, ReadOnlySpan<int> other)
    {
        Check(truth.Length, first.Length, other.Length);
        var (both, onlyFirst, onlyOther, none) = (0, 0, 0, 0);
        for (var row = 0; row < truth.Length; row++)
            switch (first[row] == truth[row], other[row] == truth[row])
            {
                case (true, true): both++; break;
                case (true, false): onlyFirst++; break;
                case (false, true): onlyOther++; break;
                default: none++; break;
            }
        return new RightAnswers(both, onlyFirst, onlyOther, none, EvenOdds(onlyFirst, onlyOther));
    }

    /// <summary>Compares numbers by their distance from the truth.</summary>
    /// <param name="truth">Length n.</param>
    /// <param name="first">The number that the first answered, in the same order.</param>
    /// <param name="other">That of the other model.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    public static CloserAnswers Numbers(ReadOnlySpan<double> truth, ReadOnlySpan<double> first, ReadOnlySpan<double> other)
    {
        Check(truth.Length, first.Length, other.Length);
        var (closer, further) = (0, 0);
        for (var row = 0; row < truth.Length; row++)
        {
            var (own, theirs) = (Math.Abs(first[row] - truth[row]), Math.Abs(other[row] - truth[row]));
            if (own < theirs) closer++;
            else if (theirs < own) further++;
        }
        return new CloserAnswers(closer, further, truth.Length - closer - further, EvenOdds(closer, further));
    }

    /// <summary>Two-sided p of the exact binomial test that both sides are equally likely.</summary>
    /// <param name="a">Times of one side, at least 0.</param>
    /// <param name="b">Times of the other.</param>
    /// <returns>1 where there is nothing on either side.</returns>
    internal static double EvenOdds(int a, int b)
    {
        var (n, k) = ((long)a + b, Math.Min(a, b));
        if (a == b) return 1;
        // In logarithms, as 2^-n is no number for more than a thousand rows; then down from the largest term.
        var log = -n * Math.Log(2);
        for (var i = 1; i <= k; i++) log += Math.Log((double)(n - k + i) / i);
        var (sum, term) = (0.0, 1.0);
        for (var i = k; i >= 0 && term > 1e-18; i--)
        {
            sum += term;
            term *= (double)i / (n - i + 1);
        }
        return Math.Min(1, 2 * Math.Exp(log) * sum);
    }

    private static void Check(int truth, int first, int other)
    {
        if (first != truth || other != truth) throw new ArgumentException($"Found {first} and {other} answers, expected {truth}, one a row.");
    }
}
