namespace ModelWorkbench.Core.Monitoring;

/// <summary>Counts and latencies of requests.</summary>
/// <param name="Rows">Of the answered requests.</param>
/// <param name="P50Microseconds">Half of the answers took at most as long; null where there was none. So the others.</param>
public sealed record TrafficCounts(long Answered, long Invalid, long Refused, long Failed, long Rows, double? P50Microseconds, double? P95Microseconds, double? P99Microseconds)
{
    public long Requests => Answered + Invalid + Refused + Failed;
}

/// <param name="At">When the period began; it lasts <see cref="TrafficReport.StepMinutes"/>.</param>
public sealed record TrafficPoint(DateTimeOffset At, TrafficCounts Counts);

/// <param name="Key">Public part of the callers' key; empty for none.</param>
public sealed record TrafficPart(int Version, string Key, string Dialect, TrafficCounts Counts);

/// <param name="From">Until now.</param>
/// <param name="StepMinutes">Length of a period of <paramref name="Points"/>.</param>
/// <param name="Total">Of all periods together.</param>
/// <param name="Points">By time, also those without a request.</param>
/// <param name="Parts">By version, key and dialect, the busiest first.</param>
public sealed record TrafficReport(DateTimeOffset From, int StepMinutes, TrafficCounts Total, IReadOnlyList<TrafficPoint> Points, IReadOnlyList<TrafficPart> Parts);
