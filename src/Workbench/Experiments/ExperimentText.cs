using System.Globalization;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
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

    /// <summary>In the time zone of the machine that runs the program, which is the person's own.</summary>
    public static string Moment(DateTimeOffset moment, TimeProvider time) =>
        TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>From start to finish, or to now while it runs; null before it began.</summary>
    public static TimeSpan? Elapsed(ExperimentRow experiment, DateTimeOffset now) => experiment.StartedAt is not { } started ? null
        : experiment.Status == ExperimentStatus.Running ? now - started
        : experiment.FinishedAt is { } finished ? finished - started : null;
}
