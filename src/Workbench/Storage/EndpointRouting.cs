using ModelWorkbench.Core.Monitoring;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Which versions of an endpoint answer, beside the champion.</summary>
/// <param name="Aliases">Names for versions: <c>challenger</c>, and those that people make. <c>champion</c> is not among them: it is the endpoint's live version.</param>
/// <param name="Traffic">Shares of the requests that name no version, in percent, summing to 100; empty where the champion answers all.</param>
/// <param name="Shadow">A version that answers copies of requests for comparison alone; null for none.</param>
public sealed record EndpointRouting(IReadOnlyDictionary<string, int>? Aliases = null, IReadOnlyList<TrafficShare>? Traffic = null, ShadowTraffic? Shadow = null)
{
    public const string Champion = "champion";
    public const string Challenger = "challenger";

    public static EndpointRouting ChampionOnly { get; } = new();

    public IReadOnlyDictionary<string, int> Aliases { get; init; } = Aliases ?? new Dictionary<string, int>();
    public IReadOnlyList<TrafficShare> Traffic { get; init; } = Traffic ?? [];

    /// <summary>The versions that get requests without being named, beside the champion.</summary>
    public IEnumerable<int> InUse => Traffic.Select(t => t.Version).Concat(Shadow is null ? [] : [Shadow.Version]).Distinct();
}

/// <param name="Version">A version's number.</param>
/// <param name="Percent">1 to 100.</param>
public sealed record TrafficShare(int Version, int Percent);

/// <param name="Version">A version's number.</param>
/// <param name="Percent">Of the requests, 1 to 100.</param>
public sealed record ShadowTraffic(int Version, int Percent);

/// <summary>What an endpoint allows its callers; each limit is named in the answer that refuses for it.</summary>
public sealed record EndpointSettings
{
    /// <summary>Whether anybody may ask, without a key.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Requests a second for each key, on the long run; null for the workbench's own limit (PredictionsPerSecond).</summary>
    public int? RequestsPerSecond { get; init; }

    /// <summary>Requests at once after a pause; null for the workbench's own (PredictionBurst).</summary>
    public int? Burst { get; init; }

    /// <summary>Requests of a key in a day of UTC; null for no limit.</summary>
    public int? RequestsPerDay { get; init; }

    /// <summary>Megabytes of a body after decompression; null for the workbench's own limit (MaxPredictionMegabytes), which is also the most.</summary>
    public int? MaxBodyMegabytes { get; init; }

    /// <summary>Rows of a request; null for the workbench's own limit (MaxPredictionRows), which is also the most.</summary>
    public int? MaxRows { get; init; }

    /// <summary>Seconds after which an answer is given up.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>Whether callers are told classes without their probabilities.</summary>
    public bool LabelsOnly { get; init; }

    /// <summary>Digits after the point of the probabilities and numbers that callers are told; null for all.</summary>
    public int? ScoreDecimals { get; init; }

    /// <summary>Rolls a new version back by itself; null for not at all.</summary>
    public GuardSettings? Guard { get; init; }

    /// <summary>What is kept of requests.</summary>
    public LogSettings Log { get; init; } = new();

    /// <summary>What is watched, and from which figure on somebody is told.</summary>
    public AlertRules Alerts { get; init; } = new();

    /// <summary>Every value that cannot work, with name, found and expected.</summary>
    public IReadOnlyList<string> Problems(int mostRows, int mostMegabytes)
    {
        List<string> problems = [];
        Range("requestsPerSecond", RequestsPerSecond, 1, 1_000_000);
        Range("burst", Burst, 1, 1_000_000);
        Range("requestsPerDay", RequestsPerDay, 1, int.MaxValue);
        Range("maxBodyMegabytes", MaxBodyMegabytes, 1, mostMegabytes);
        Range("maxRows", MaxRows, 1, mostRows);
        Range("timeoutSeconds", TimeoutSeconds, 1, 600);
        Range("scoreDecimals", ScoreDecimals, 0, 15);
        Range("log.rowsPerSecond", Log.RowsPerSecond, 0, 1_000);
        Range("log.keepDays", Log.KeepDays, 1, 3_650);
        Range("log.keepRows", Log.KeepRows, 1, 10_000_000);
        problems.AddRange(Alerts.Problems());
        if (Guard is { } guard)
        {
            Range("guard.bakeMinutes", guard.BakeMinutes, 1, 10_080);
            Range("guard.minimumRequests", guard.MinimumRequests, 1, 1_000_000);
            if (!(guard.MostErrorShare is >= 0 and <= 1)) problems.Add($"guard.mostErrorShare is {guard.MostErrorShare}; expected 0 to 1.");
            if (!(guard.MostLatencyFactor is >= 1 and <= 1000)) problems.Add($"guard.mostLatencyFactor is {guard.MostLatencyFactor}; expected 1 to 1,000.");
            if (!(guard.MostMissingRise is >= 0 and <= 1)) problems.Add($"guard.mostMissingRise is {guard.MostMissingRise}; expected 0 to 1.");
            if (!(guard.MostPredictionShift is > 0 and <= 10)) problems.Add($"guard.mostPredictionShift is {guard.MostPredictionShift}; expected above 0, at most 10.");
        }
        return problems;

        void Range(string name, int? found, int minimum, int maximum)
        {
            if (found is { } value && (value < minimum || value > maximum)) problems.Add($"{name} is {value:N0}; expected {minimum:N0} to {maximum:N0}.");
        }
    }
}

/// <summary>What is kept of the rows that callers send, and for how long.</summary>
/// <param name="RowsPerSecond">At most so many are written down; of more, an even share. 0 for none.</param>
/// <param name="KeepDays">Older ones are deleted.</param>
/// <param name="KeepRows">Of more, the oldest are deleted.</param>
/// <param name="Masked">Columns whose values are never written down.</param>
public sealed record LogSettings(int RowsPerSecond = 20, int KeepDays = 30, int KeepRows = 100_000, IReadOnlyList<string>? Masked = null)
{
    public IReadOnlyList<string> Masked { get; init; } = Masked ?? [];
}

/// <summary>For how long a version that went live is watched, and what takes it off again.</summary>
/// <param name="BakeMinutes">Since it went live.</param>
/// <param name="MinimumRequests">Before so many nothing is concluded.</param>
/// <param name="MostErrorShare">Of its requests, answered by an error of ours.</param>
/// <param name="MostLatencyFactor">Its p99 beside that of the version before.</param>
/// <param name="MostMissingRise">By how much the share of missing or unseen values may be above that of the version before.</param>
/// <param name="MostPredictionShift">Population stability index of its answers beside those of the version before; above 0.25 is said to be a shift.</param>
public sealed record GuardSettings(int BakeMinutes = 30, int MinimumRequests = 100, double MostErrorShare = 0.02, double MostLatencyFactor = 3, double MostMissingRise = 0.2, double MostPredictionShift = 0.5);

/// <summary>How a version answers beside the one that was live.</summary>
/// <param name="Against">The version that was live.</param>
/// <param name="RowCount">Rows that both were asked about: of the dataset that the new version comes from, training rows included; where that is gone, the rows kept with the model.</param>
/// <param name="ChangedShare">Of the rows, those with another class; for numbers, those that differ by more than a hundredth of the spread.</param>
/// <param name="MetricId">Null where the truth is not at hand.</param>
/// <param name="Metric">The new version's.</param>
/// <param name="MetricBefore">The live version's, on the same rows.</param>
/// <param name="Microseconds">Median time of the new version's model for one row.</param>
/// <param name="MicrosecondsBefore">And of the live version's.</param>
/// <param name="WhyNot">Why the two cannot be compared; the figures are then empty.</param>
/// <param name="OnKeptRows">On the rows that are kept with the model, as there is no dataset.</param>
public sealed record VersionComparison(int Against, int RowCount, double ChangedShare, string? MetricId, double? Metric, double? MetricBefore, double Microseconds, double MicrosecondsBefore, string? WhyNot = null, bool OnKeptRows = false);
