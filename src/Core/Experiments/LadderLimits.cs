using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What a person can afford; null is no limit.</summary>
/// <param name="Kilobytes">Of the file, 1,000 bytes each.</param>
/// <param name="Microseconds">Median for a row.</param>
/// <param name="Loss">Of the metric.</param>
public sealed record LadderLimits(double? Kilobytes, double? Microseconds, double? Loss)
{
    [JsonIgnore]
    public bool IsAny => Kilobytes is not null || Microseconds is not null || Loss is not null;

    /// <summary>Null, or why nothing can be searched under them.</summary>
    public string? WhyNot() =>
        !IsAny ? "A search needs a limit: KB of the file, µs for a row, or the loss of the metric."
        : Kilobytes is not (null or > 0) || Microseconds is not (null or > 0) ? "A limit of KB or µs is more than 0."
        : Loss is not (null or >= 0) ? "A limit of the loss is 0 or more."
        : null;

    /// <summary>Whether a variant keeps all of them.</summary>
    public bool Hold(LadderRung rung) => rung.Figures is { } figures && Excess(figures) <= 0 && !(rung.Loss > Loss);

    /// <summary>How far file and time are beyond their limits: the logarithm of each ratio above 1, added up; 0 within.</summary>
    internal double Excess(LadderFigures figures) =>
        Math.Max(0, Math.Log(figures.FileBytes / (Kilobytes * 1000) ?? 1)) + Math.Max(0, Math.Log(figures.MedianMicroseconds / Microseconds ?? 1));

    /// <summary>The variant to take: within the limits the smallest file. Where no loss is allowed by a number, one that loses beyond chance is not taken.</summary>
    public LadderRung? Choose(LadderReport report) => report.Rungs
        .Where(r => Hold(r) && (Loss is not null || r.Verdict is LadderVerdict.NoLoss)).MinBy(r => r.Figures!.FileBytes);

    /// <summary>Rungs that no other, nor the original, beats in both size and metric.</summary>
    public static IReadOnlyList<LadderRung> Front(LadderReport report)
    {
        var metric = Metric.Parse(report.MetricId);
        var front = new List<LadderRung>();
        foreach (var rung in report.Rungs.Where(r => r.Figures is { Score: not null }).OrderBy(r => r.Figures!.FileBytes).ThenBy(r => r.Loss))
        {
            if (rung.Figures!.FileBytes >= report.Original.FileBytes) break;
            if (front.Count == 0 || metric.IsBetter(rung.Figures.Score!.Value, front[^1].Figures!.Score!.Value)) front.Add(rung);
        }
        return front;
    }
}
