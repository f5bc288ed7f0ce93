using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>What a version did since the workbench started: counts alone, added to by any number of threads without a lock.</summary>
public sealed class VersionFigures
{
    private const int AnswerBins = 512;

    private static readonly int OutcomeCount = Enum.GetValues<RequestOutcome>().Length;

    private readonly int[] _latencies = new int[LatencyHistogram.BinCount];
    private readonly int[] _answers;
    private readonly long[] _outcomes = new long[Dialect.All.Count * OutcomeCount];
    private long _rows, _cells, _missing, _unseen;

    /// <param name="classCount">0 for regression.</param>
    public VersionFigures(int classCount) => _answers = new int[classCount == 0 ? AnswerBins : classCount];

    /// <summary>Requests that were answered, or were not for a fault of ours.</summary>
    public long Requests => CountOf(RequestOutcome.Answered) + CountOf(RequestOutcome.Failed);

    /// <summary>Requests that were not answered for a fault of ours.</summary>
    public long Failures => CountOf(RequestOutcome.Failed);

    public long Rows => Volatile.Read(ref _rows);

    /// <summary>Share of the values that were missing or unseen in training; 0 to 1.</summary>
    public double MissingShare => Volatile.Read(ref _cells) is > 0 and var cells ? (double)(Volatile.Read(ref _missing) + Volatile.Read(ref _unseen)) / cells : 0;

    /// <summary>Requests in this dialect of which this became.</summary>
    public long Outcomes(Dialect dialect, RequestOutcome outcome) => Volatile.Read(ref _outcomes[PlaceOf(dialect, outcome)]);

    /// <summary>Requests, in all dialects, of which this became.</summary>
    public long CountOf(RequestOutcome outcome) => Dialect.All.Sum(dialect => Outcomes(dialect, outcome));

    /// <summary>Counts a request that is over, whatever became of it.</summary>
    public void Count(Dialect dialect, RequestOutcome outcome) => Interlocked.Increment(ref _outcomes[PlaceOf(dialect, outcome)]);

    private static int PlaceOf(Dialect dialect, RequestOutcome outcome) => dialect.Index * OutcomeCount + (int)outcome;

    /// <param name="microseconds">From the whole body to the whole answer.</param>
    public void Count(Prediction prediction, double microseconds)
    {
        var rows = prediction.Rows;
        rows.CountValues();
        int missing = 0, unseen = 0;
        foreach (var count in rows.MissingCounts) missing += count;
        foreach (var count in rows.UnseenCounts) unseen += count;
        Interlocked.Add(ref _rows, rows.RowCount);
        Interlocked.Add(ref _cells, (long)rows.RowCount * rows.Signature.Used.Count);
        // An unseen category is a missing value too, and counts once.
        Interlocked.Add(ref _missing, missing - Math.Min(missing, unseen));
        Interlocked.Add(ref _unseen, unseen);
        Interlocked.Increment(ref _latencies[LatencyHistogram.BinOf(microseconds)]);
        for (var row = 0; row < rows.RowCount; row++) Interlocked.Increment(ref _answers[BinOf(prediction, row)]);
    }

    private int BinOf(Prediction prediction, int row)
    {
        if (prediction.Predictor.ClassNames is not null) return prediction.AnsweredClass(row);
        var value = prediction.Outputs(row)[0];
        if (!double.IsFinite(value)) return 0;
        // Twentieths of a power of ten to both sides of 0, the same for every version.
        return Math.Clamp(AnswerBins / 2 + (int)Math.Round(Math.Sign(value) * 20 * Math.Log10(1 + Math.Abs(value))), 1, AnswerBins - 1);
    }

    /// <summary>The latency that a share of the requests stays under, in microseconds; NaN where there were none.</summary>
    public double Latency(double share) => LatencyHistogram.Quantile(_latencies, share);

    /// <summary>Population stability index of the answers of two versions: 0 for the same shares, above 0.25 a shift. Versions with other classes cannot be compared, and give 0.</summary>
    public static double Shift(VersionFigures now, VersionFigures before) => now._answers.Length != before._answers.Length ? 0 : PopulationStability.Index(before._answers, now._answers);
}
