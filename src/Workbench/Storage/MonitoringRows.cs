using ModelWorkbench.Core.Monitoring;

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

/// <summary>That a figure of an endpoint passed its threshold, and when it was well below again.</summary>
public sealed class AlertRow
{
    public int Id { get; set; }
    public required int WorkspaceId { get; set; }

    /// <summary>By name; deleted with the endpoint.</summary>
    public required string EndpointName { get; set; }

    public AlertKind Kind { get; set; }

    /// <summary>A column; empty where the whole endpoint is meant.</summary>
    public string Subject { get; set; } = "";

    /// <summary>The version that was live when it was raised.</summary>
    public int Version { get; set; }

    public DateTimeOffset RaisedAt { get; set; }

    /// <summary>When it was raised, in the unit of the kind.</summary>
    public double RaisedFigure { get; set; }

    /// <summary>As it was read last.</summary>
    public double Figure { get; set; }

    public double Threshold { get; set; }

    /// <summary>Of <see cref="AlertCourse"/>.</summary>
    public int CalmLooks { get; set; }

    /// <summary>Null while it is up.</summary>
    public DateTimeOffset? ClearedAt { get; set; }

    /// <summary>Why it was cleared, where the figure did not do it.</summary>
    public string? ClearedWhy { get; set; }

    /// <summary>Whether a webhook was told that it was raised; then it is told too that it was cleared.</summary>
    public bool IsTold { get; set; }

    public DateTimeOffset? AcknowledgedAt { get; set; }

    /// <summary>Who has seen it.</summary>
    public string? AcknowledgedBy { get; set; }
}

/// <summary>Where an endpoint's alerts are sent.</summary>
public sealed class WebhookRow
{
    public required string EndpointName { get; set; }
    public required string Url { get; set; }

    /// <summary>Encrypted by the workbench's own keys; what signs each body.</summary>
    public required string ProtectedSecret { get; set; }

    public DateTimeOffset SetAt { get; set; }
    public required string SetBy { get; set; }
}

/// <summary>Something that a webhook is told, and how that went.</summary>
public sealed class WebhookDeliveryRow
{
    public long Id { get; set; }
    public required string EndpointName { get; set; }

    /// <summary>The body to send, JSON.</summary>
    public required string Body { get; set; }

    /// <summary>Such as <c>alert.raised</c>.</summary>
    public required string Event { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
    public int Attempts { get; set; }

    /// <summary>When it is tried next; null where it has ended.</summary>
    public DateTimeOffset? NextAt { get; set; }

    public DateTimeOffset? TriedAt { get; set; }

    /// <summary>Of the last answer; null where there was none.</summary>
    public int? StatusCode { get; set; }

    /// <summary>Why the last try did not succeed; null where it did.</summary>
    public string? Problem { get; set; }

    public double? Milliseconds { get; set; }

    public bool IsDelivered => NextAt is null && Attempts > 0 && Problem is null;
}
