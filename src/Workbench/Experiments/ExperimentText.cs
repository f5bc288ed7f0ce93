using System.Globalization;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>Experiments in words.</summary>
public static class ExperimentText
{
    public static string Task(LearningTask task) => task switch
    {
        LearningTask.Binary => "Binary classification",
        LearningTask.Multiclass => "Multiclass classification",
        _ => "Regression",
    };

    public static string Split(SplitPlan split)
    {
        var folds = split.Folds == 1 ? $"one hold-out of {Figures.Percent(SplitPlan.HoldOutFraction, 0)} of the rest for validation" : $"{split.Folds}-fold cross-validation{(split.Repeats > 1 ? $", {split.Repeats} times," : "")} on the rest";
        var test = split.TestFraction == 0 ? "no" : Figures.Percent(split.TestFraction, 0);
        var seed = split.Seed.ToString(CultureInfo.InvariantCulture);
        var stratified = split.Stratified ? ", stratified" : "";
        return split.Method switch
        {
            SplitMethod.Grouped => $"{test} locked test set, {folds}, rows of one {split.Column} together{stratified}, seed {seed}",
            SplitMethod.TimeOrdered => $"in order of {split.Column}: {(split.TestFraction == 0 ? "no" : $"the latest {test} as")} locked test set, {(split.Folds == 1 ? folds : $"{split.Folds} folds on the rest, each judged on later rows than it learnt from")}",
            SplitMethod.OwnColumn => $"parts as {split.Column} says; where it does not, {test} locked test set, {folds}{stratified}, seed {seed}",
            _ => $"{test} locked test set, {folds}{stratified}, seed {seed}",
        };
    }

    /// <summary>Null where all rows count alike.</summary>
    public static string? Weights(RowWeighting? weights) => weights is null || weights == RowWeighting.None ? null
        : string.Join("; ", new[] { weights.Column is { } column ? $"each row counts as {column} says" : null, weights.BalanceClasses ? "all classes count alike" : null }.OfType<string>());

    public static string Seconds(double seconds) => Figures.Duration(TimeSpan.FromSeconds(seconds));

    /// <summary>Minutes where they are whole: <c>2 min</c>.</summary>
    public static string Budget(int seconds) => seconds >= 60 && seconds % 60 == 0 ? $"{seconds / 60} min" : seconds < 60 ? $"{seconds} s" : Seconds(seconds);

    /// <summary>Where a waiting experiment stands: <c>2nd of 3 in the queue, after experiment 4 (species). It begins in about 4 min.</c></summary>
    public static string Queue(QueuePlace place)
    {
        var where = place.Count == 1 ? "Next in the queue" : $"{Ordinal(place.Place)} of {place.Count} in the queue";
        var after = place.AfterExperimentId is { } id ? $", after experiment {id} ({place.AfterTarget})" : "";
        return $"{where}{after}. {Begins(place.SecondsUntilStart)}";
    }

    /// <summary>How it stands, for the title of a tab: <c>▶ 43 %</c>, <c>✓</c>.</summary>
    public static string TitleState(ExperimentRow experiment, QueuePlace? place, DateTimeOffset now) => experiment.Status switch
    {
        ExperimentStatus.Queued => place is null ? "⏳" : $"⏳ {Ordinal(place.Place)}",
        ExperimentStatus.Running => $"▶ {(int)(100 * Share(experiment, now))} %",
        ExperimentStatus.Completed => "✓",
        ExperimentStatus.Failed => "✗ failed",
        ExperimentStatus.Interrupted => "⚠ interrupted",
        _ => "⏸ stopped",
    };

    /// <summary>Of the budget where it searches, else of the models; below 1 until it has ended.</summary>
    private static double Share(ExperimentRow experiment, DateTimeOffset now) => Math.Min(0.99, experiment.Plan.Tuning == TuningMode.Search
        ? experiment.Elapsed(now) / Math.Max(1, experiment.Plan.BudgetSeconds)
        : (double)experiment.Trials.Count(t => t.Status is not (TrialStatus.Waiting or TrialStatus.Running)) / Math.Max(1, experiment.Trials.Count));

    /// <summary>When a waiting experiment may be expected to begin; budgets are no promise, so minutes are enough.</summary>
    public static string Begins(double seconds) => seconds switch
    {
        < 5 => "It begins in a moment.",
        < 60 => "It begins in less than a minute.",
        < 3600 => $"It begins in about {Math.Ceiling(seconds / 60).ToString(CultureInfo.InvariantCulture)} min.",
        _ => $"It begins in about {Figures.Duration(TimeSpan.FromMinutes(Math.Ceiling(seconds / 60)))}.",
    };

    /// <summary><c>1st</c>, <c>2nd</c>, <c>3rd</c>, <c>11th</c>.</summary>
    public static string Ordinal(int number) => (number % 100, number % 10) switch
    {
        (not (>= 11 and <= 13), 1) => $"{number}st",
        (not (>= 11 and <= 13), 2) => $"{number}nd",
        (not (>= 11 and <= 13), 3) => $"{number}rd",
        _ => $"{number}th",
    };

    /// <summary>In the time zone of the machine that runs the program, which is the person's own.</summary>
    public static string Moment(DateTimeOffset moment, TimeProvider time) =>
        TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>From start to finish, or to now while it runs; null before it began.</summary>
    public static TimeSpan? Elapsed(ExperimentRow experiment, DateTimeOffset now) => experiment.StartedAt is not { } started ? null
        : experiment.Status == ExperimentStatus.Running ? now - started
        : experiment.FinishedAt is { } finished ? finished - started : null;
}
