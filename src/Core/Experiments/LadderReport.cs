using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Optimisation;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What a model's variants cost and what they lose.</summary>
/// <param name="MetricId">The metric of the comparison.</param>
/// <param name="ValidationRowCount">Rows that models of the folds were judged on, none of which they had seen.</param>
/// <param name="TimedRowCount">Rows that each scorer was timed on, one by one on one thread, warmed.</param>
/// <param name="Original">The model itself, measured in the same run.</param>
/// <param name="OriginalInterval">Of its metric, 95 %: paired bootstrap; null where it is undefined.</param>
/// <param name="Rungs">In the order of the ladder, those that could not be built among them; then what a search tried, in its order.</param>
/// <param name="Search">What a search under limits came to; null where none was asked for.</param>
public sealed record LadderReport(
    string MetricId, int ValidationRowCount, int TimedRowCount, LadderFigures Original, MetricInterval? OriginalInterval, IReadOnlyList<LadderRung> Rungs, LadderSearch? Search = null);

/// <summary>A search over combinations of steps under limits.</summary>
/// <param name="Limits">What was asked for.</param>
/// <param name="TriedCount">Combinations that it built beyond the ladder.</param>
/// <param name="Number">The variant to take, as a trial; null where none keeps the limits.</param>
/// <param name="Ending">Why it went no further.</param>
public sealed record LadderSearch(LadderLimits Limits, int TriedCount, int? Number, string Ending);

/// <summary>What a model costs.</summary>
/// <param name="FileBytes">Of encoder and scorer in the model package. Its description and the golden rows are left out, as they are the same for all variants.</param>
/// <param name="MemoryBytes">That the scorer takes once it is loaded.</param>
/// <param name="MedianMicroseconds">For a row of features.</param>
/// <param name="P99Microseconds">99 of 100 rows take at most so long.</param>
/// <param name="Score">The metric, mean over the folds; null where it is undefined.</param>
public sealed record LadderFigures(long FileBytes, long MemoryBytes, double MedianMicroseconds, double P99Microseconds, double? Score);

/// <summary>What a variant's loss means.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LadderVerdict>))]
public enum LadderVerdict
{
    /// <summary>The difference cannot be told from none, or the variant is better.</summary>
    NoLoss,

    /// <summary>Worse beyond chance, but the figure lies within the original's own interval: rows drawn anew would change it as much.</summary>
    WithinInterval,

    /// <summary>Worse, and outside the original's interval.</summary>
    Worse,
}

/// <summary>A variant of a model.</summary>
/// <param name="Steps">What was done, in order.</param>
/// <param name="Name">For people.</param>
/// <param name="Number">Of the trial that it became; null where it could not be built.</param>
/// <param name="Figures">Null where it could not be built.</param>
/// <param name="Loss">How much worse the metric is, whichever way it goes; below 0 is better.</param>
/// <param name="LossInterval">95 %: paired bootstrap on the validation rows.</param>
/// <param name="ChangedShare">Classes: the share of validation rows whose likeliest class is another; null for numbers.</param>
/// <param name="Verdict">Null where the metric is undefined.</param>
/// <param name="WhyNot">Why it could not be built; null where it was.</param>
/// <param name="IsSearched">Whether a search tried it, rather than the ladder.</param>
public sealed record LadderRung(
    IReadOnlyList<OptimisationStep> Steps, string Name, int? Number, LadderFigures? Figures, double? Loss, MetricInterval? LossInterval, double? ChangedShare, LadderVerdict? Verdict, string? WhyNot, bool IsSearched = false)
{
    public static string NameOf(IReadOnlyList<OptimisationStep> steps) =>
        string.Join(", ", steps.Select((step, i) => i == 0 ? step.Name : char.ToLowerInvariant(step.Name[0]) + step.Name[1..]));

    internal static LadderRung Not(IReadOnlyList<OptimisationStep> steps, string reason) => new(steps, NameOf(steps), null, null, null, null, null, null, reason);
}

/// <summary>The files of a variant in the job's folder.</summary>
/// <param name="Number">The trial that it becomes.</param>
/// <param name="Spec">For the leaderboard.</param>
/// <param name="Result">As of any trial.</param>
/// <param name="ModelFile">The model package.</param>
/// <param name="ReportFile">The <see cref="TrialReport"/>.</param>
/// <param name="PredictionsFile">The <see cref="ValidationPredictions"/>.</param>
public sealed record LadderVariant(int Number, Tuning.TrialSpec Spec, TrialResult Result, string ModelFile, string ReportFile, string PredictionsFile);
