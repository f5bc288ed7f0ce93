namespace ModelWorkbench.Core.Evaluation;

/// <summary>What is found of a class when the rows with the highest scores are taken first.</summary>
/// <param name="Class">Of which.</param>
/// <param name="PositiveShare">Share of the class in all rows.</param>
/// <param name="RowShare">Share of all rows that are taken, ascending from 0 to 1.</param>
/// <param name="FoundShare">Share of the class that is among them.</param>
/// <param name="Lift">How many times as many as by taking rows at random; null where none is taken.</param>
public sealed record GainCurve(string Class, double PositiveShare, IReadOnlyList<double> RowShare, IReadOnlyList<double> FoundShare, IReadOnlyList<double?> Lift)
{
    /// <summary>From the curves of a report: a true and a false positive rate tell both shares.</summary>
    /// <remarks>Provost and Fawcett (2013), Data Science for Business, chapter 8.</remarks>
    public static IReadOnlyList<GainCurve> Of(ClassificationReport report) =>
        [.. report.Roc.Join(report.PrecisionRecall, roc => roc.Class, curve => curve.Class, (roc, curve) => Of(roc, curve.PositiveShare))];

    private static GainCurve Of(RocCurve roc, double positiveShare)
    {
        double[] taken = [.. roc.TruePositiveRate.Zip(roc.FalsePositiveRate, (found, alarms) => (found * positiveShare) + (alarms * (1 - positiveShare)))];
        return new GainCurve(roc.Class, positiveShare, taken, roc.TruePositiveRate, [.. taken.Zip(roc.TruePositiveRate, (share, found) => share > 0 ? found / share : (double?)null)]);
    }

    /// <summary>Share of the class that is found by taking a share of the rows, on a straight line between the points.</summary>
    /// <param name="rowShare">0 to 1.</param>
    public double FoundAt(double rowShare)
    {
        var after = 0;
        while (after < RowShare.Count - 1 && RowShare[after] < rowShare) after++;
        if (after == 0) return FoundShare[0];
        var (from, to) = (RowShare[after - 1], RowShare[after]);
        return to == from ? FoundShare[after] : FoundShare[after - 1] + ((FoundShare[after] - FoundShare[after - 1]) * Math.Clamp((rowShare - from) / (to - from), 0, 1));
    }
}
