using System.Globalization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>A trial with its report, as a column of the comparison.</summary>
/// <param name="Trial">Completed.</param>
/// <param name="Report">On validation rows.</param>
public sealed record ComparedModel(TrialRow Trial, EvaluationReport Report)
{
    /// <summary>Short, and the same in table, sentences and plots: <c>Random forest #4</c>, for a variant with its number among the variants of its trial.</summary>
    public required string Name { get; init; }
}

/// <summary>Which trials are to be shown together, as the address says it.</summary>
public static class SideBySide
{
    public const int FewestTrials = 2;

    /// <summary>Reads the trials' numbers.</summary>
    /// <param name="experiment">Theirs, with its variants.</param>
    /// <param name="numbers"><c>2,4,7</c>; the first is the one that the others are held against.</param>
    /// <returns>The trials in this order, or what is wrong with the numbers.</returns>
    public static (IReadOnlyList<TrialRow> Trials, string? Problem) Choose(ExperimentRow experiment, string? numbers)
    {
        string[] parts = (numbers ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var chosen = new List<TrialRow>();
        foreach (var part in parts)
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return ([], $"Found '{Short(part)}' among the trials, expected numbers with commas between them, as in trials=2,4.");
            if (experiment.FindTrial(number) is not { } trial) return ([], $"Experiment {experiment.Id} has no trial {number}; it may have been replaced by a newer variant.");
            if (trial is not { Status: TrialStatus.Completed, Result: not null, ReportSha256: not null }) return ([], $"Trial {number} was not judged on all folds, so there is nothing to compare.");
            if (chosen.Contains(trial)) return ([], $"Trial {number} is there twice.");
            chosen.Add(trial);
        }
        return chosen.Count switch
        {
            < FewestTrials => ([], $"Found {Figures.Count(chosen.Count, "trial")}, expected {FewestTrials} to {SideBySideReport.MostTrials}."),
            > SideBySideReport.MostTrials => ([], $"Found {chosen.Count} trials, expected {FewestTrials} to {SideBySideReport.MostTrials}: more columns and lines nobody tells apart."),
            _ => (chosen, null),
        };
    }

    /// <summary>The address of the page.</summary>
    public static string Address(int experimentId, IEnumerable<int> numbers) => $"/experiments/{experimentId}/side-by-side?trials={string.Join(',', numbers)}";

    /// <summary>The trainer with the trial's number; for a variant with that of its trial, and its own to tell it from others.</summary>
    public static string NameOf(ExperimentRow experiment, TrialRow trial)
    {
        var name = TrainerCatalog.NameOf(trial.TrainerId);
        if (trial.VariantOf is not { } original) return $"{name} #{trial.Number}";
        var place = 1 + experiment.Variants.Count(v => v.VariantOf == original && v.Number < trial.Number);
        return $"{name} #{original}, variant {place}";
    }

    /// <summary>What tells a trial from others of its family; null where the name says all.</summary>
    public static string? DetailOf(TrialRow trial) =>
        trial.VariantOf is not null ? trial.Result?.Settings.GetValueOrDefault("Variant")
        : trial.Result?.SampledRowCount is { } sampled ? $"Learnt from a sample of {Figures.Count(sampled, "row")}"
        : null;

    /// <summary>What a gain means, as a sentence's end: <c>better than #2 (p = 0.03)</c>.</summary>
    public static string Verdict(HeldAgainst held, string first) => held switch
    {
        { Chance: null } => $"cannot be told from {first}: the metric is undefined on most draws of the rows",
        { Chance: { IsDistinguishable: true } chance } => $"{(chance.Interval.Low + chance.Interval.High > 0 ? "better" : "worse")} than {first} ({P(chance.P, 1.0 / PairedBootstrap.Draws)})",
        { Chance: { } chance } => $"not distinguishable from {first} ({P(chance.P, 1.0 / PairedBootstrap.Draws)})",
    };

    /// <summary>As in a sentence: <c>p = 0.03</c>, <c>p ≤ 0.004</c>.</summary>
    /// <param name="p">0 to 1.</param>
    /// <param name="floor">The smallest that can be found; 0 where any can.</param>
    public static string P(double p, double floor = 0) => Bare(p, floor) is var bare && char.IsDigit(bare[0]) ? $"p = {bare}" : $"p {bare}";

    /// <summary>A p as in a table, with one significant digit where it is small: <c>0.03</c>; at its floor <c>≤ 0.004</c>.</summary>
    /// <param name="p">0 to 1.</param>
    /// <param name="floor">The smallest that can be found; 0 where any can.</param>
    public static string Bare(double p, double floor = 0) => p switch
    {
        _ when floor > 0 && p <= floor * (1 + 1e-9) => $"≤ {Figures.Number(floor, 1)}",
        < 0.0001 => "< 0.0001",
        // Two digits around the border, so that 0.048 and 0.052 are not both 0.05.
        (>= 0.04 and < 0.06) or >= 0.1 => Figures.Number(p, 2),
        _ => Figures.Number(p, 1),
    };

    private static string Short(string text) => text.Length <= 20 ? text : text[..20] + "…";
}
