using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Evaluation;

/// <summary>In words: on which rows a model was judged, and what came of it.</summary>
public static class EvaluationText
{
    /// <summary>Which rows are locked away for the test; begins a sentence.</summary>
    public static string TestRows(SplitPlan split) => split switch
    {
        { Method: SplitMethod.OwnColumn } own => $"The rows that {own.Column} marks, or a share where it marks none",
        { Method: SplitMethod.TimeOrdered } time => $"The latest {Figures.Percent(time.TestFraction, 0)} of the rows by {time.Column}",
        _ => $"{Figures.Percent(split.TestFraction, 0)} of the rows",
    };

    /// <summary>Which rows trials are compared on, in whole sentences.</summary>
    public static string ValidationRows(SplitPlan split) => split switch
    {
        { Method: SplitMethod.OwnColumn } own => $"The rows that {own.Column} marks for validation, or parts of the training rows where it marks none; the evaluated models had not seen them. The figures are means over the parts, weighted by rows.",
        { Folds: 1 } => $"{(split.Method == SplitMethod.TimeOrdered ? "The latest " : "")}{Figures.Percent(SplitPlan.HoldOutFraction, 0)} of the training rows were held out; the evaluated model had not seen them.",
        { Method: SplitMethod.TimeOrdered } time => $"The training rows were cut at {time.Folds} points in time; the rows after each were predicted by a model that learnt from all before. The figures are means over the parts, weighted by rows; the plots show all parts together.",
        _ => $"The training rows were cut into {split.Folds} parts{(split.Repeats > 1 ? $", {split.Repeats} times" : "")}; each was predicted by a model that learnt from the others. The figures are means over the parts, weighted by rows; the plots show all parts together.",
    };

    /// <summary>Whether the baseline is beaten beyond chance, in a sentence.</summary>
    /// <param name="gain">How much better than the baseline, whichever way the metric goes.</param>
    public static string Verdict(MetricInterval gain) => gain switch
    {
        { Low: > 0 } => "Better than the baseline beyond chance.",
        { High: < 0 } => "Worse than the baseline beyond chance.",
        _ => "Not distinguishable from the baseline.",
    };
}
