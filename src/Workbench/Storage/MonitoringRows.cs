namespace ModelWorkbench.Workbench.Storage;

/// <summary>One row that a caller sent, with what was answered and, once somebody says so, what came true.</summary>
public sealed class LoggedRow
{
    public long Id { get; set; }

    /// <summary>By name, as in the history; deleted with the endpoint.</summary>
    public required string EndpointName { get; set; }

    public DateTimeOffset At { get; set; }

    /// <summary>As the answer called the request; of a longer name the first 256 characters.</summary>
    public required string RequestId { get; set; }

    /// <summary>0-based, in the request.</summary>
    public int RowIndex { get; set; }

    public int Version { get; set; }

    /// <summary>Public part of the caller's key; empty where there was none.</summary>
    public string Key { get; set; } = "";

    public required string Dialect { get; set; }

    /// <summary>JSON object from column to value, without masked columns; empty where the request was refused.</summary>
    public string Values { get; set; } = "";

    /// <summary>The likeliest class, or the number in invariant form; null where the request was refused, or the model has no finite answer.</summary>
    public string? Answer { get; set; }

    /// <summary>The class's probability; null for numbers.</summary>
    public double? Probability { get; set; }

    /// <summary>Of the whole request.</summary>
    public double Microseconds { get; set; }

    /// <summary>Why the request was refused; null where it was answered.</summary>
    public string? Problem { get; set; }

    /// <summary>What came true, in the form of <see cref="Answer"/>.</summary>
    public string? Truth { get; set; }

    public DateTimeOffset? TruthAt { get; set; }
}

/// <summary>What one version answered over one key and dialect in a minute or, later, an hour.</summary>
public sealed class ServingPeriodRow
{
    public long Id { get; set; }
    public required string EndpointName { get; set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>1 or 60.</summary>
    public int Minutes { get; set; } = 1;

    public int Version { get; set; }
    public string Key { get; set; } = "";
    public required string Dialect { get; set; }
    public long Answered { get; set; }
    public long Invalid { get; set; }
    public long Refused { get; set; }
    public long Failed { get; set; }
    public long Rows { get; set; }

    /// <summary>Counts by bin of <see cref="Core.Monitoring.LatencyHistogram"/>, without empty bins.</summary>
    public IReadOnlyDictionary<int, int> Latencies { get; set; } = new Dictionary<int, int>();

    public long Requests => Answered + Invalid + Refused + Failed;
}
