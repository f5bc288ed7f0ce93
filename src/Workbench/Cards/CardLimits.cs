using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>What whoever relies on a model has to know of it, out of what is stored.</summary>
public static class CardLimits
{
    private const int FewRows = 1_000;
    private const int FewRowsOfClass = 30;
    private const double NotableCalibration = 0.05;
    private const double NotableGap = 0.1;
    private const int MostNamed = 5;

    /// <summary>Whole sentences, what weighs most first.</summary>
    public static IReadOnlyList<string> Of(ModelCard card) =>
    [
        .. OfChoice(card), .. OfSplit(card), .. OfTest(card), .. OfSize(card), .. OfClasses(card.Report.Validation.Classification),
        .. OfCalibration(card.Report.Validation.Classification), .. OfErrors(card), .. OfUse(card),
    ];

    private static IEnumerable<string> OfChoice(ModelCard card)
    {
        if (card.Trial.TrainerId == BaselineTrainer.BaselineId) yield return "This is the baseline: it looks at no column and says the same for every row.";
        if (card.Report.GainOverBaseline is { Low: <= 0 } gain)
            yield return gain.High < 0 ? "It is worse than the baseline, which looks at no column, beyond chance." : "It cannot be told from the baseline, which looks at no column: the difference may be chance.";
        if (card.Trial.ModelSha256 is null) yield return "It was judged on its folds, but not fitted on all training rows yet: there is no model that could be published.";
        if (card.Trial.Result?.SampledRowCount is { } sampled) yield return $"Each fold learnt from {Figures.Count(sampled, "row")} only, a sample.";
        if (card.Trial.Result?.OverLimit is { } over) yield return over.EndsWith('.') ? over : over + ".";
        if (card.Plan.Weights is { BalanceClasses: true }) yield return "All classes count alike when it learns, so its probabilities are those of a world in which they are equally common.";
    }

    private static IEnumerable<string> OfSplit(ModelCard card)
    {
        if (card.Experiment.Findings is not { } findings) yield break;
        foreach (var (rows, part) in new[] { (findings.Validation, "validation row"), (findings.Test, "locked test row") })
            if (rows is not null)
                yield return $"{Figures.Count(rows.Count)} of {Figures.Count(rows.RowCount, part)} ({Figures.Percent(rows.Share)}) {(rows.Count == 1 ? "equals" : "equal")} a row that was learnt from. If one thing stands in the table twice, the figures are too good.";
        string[] giveAways = [.. findings.GiveAways.SelectMany(w => w.Columns).Distinct()];
        if (giveAways.Length > 0)
            yield return $"{Named(giveAways)} all but {(giveAways.Length == 1 ? "gives" : "give")} {card.Plan.Target} away. If {(giveAways.Length == 1 ? "it is" : "they are")} only known after the fact, the model fails on new rows.";
        string[] notLearnt = [.. findings.ClassGaps.Where(g => g.NotLearntIn.Count > 0).Select(g => g.Class)], notJudged = [.. findings.ClassGaps.Where(g => g.NotLearntIn.Count == 0).Select(g => g.Class)];
        if (notLearnt.Length > 0) yield return $"{Named(notLearnt)}: not every fold had a row to learn {(notLearnt.Length == 1 ? "this class" : "these classes")} from.";
        if (notJudged.Length > 0) yield return $"{Named(notJudged)}: not every fold had a row to judge {(notJudged.Length == 1 ? "this class" : "these classes")} on.";
        if (findings.Shift is not null) yield return $"{card.Plan.Target} moves with time: later rows differ from those that were learnt from, and rows to come may do so further.";
    }

    private static IEnumerable<string> OfTest(ModelCard card)
    {
        if (card.TestedCount > 1) yield return $"{Figures.Count(card.TestedCount, "model")} of the experiment were tested on the locked test set. Where one was chosen by the result, its figures there are too good.";
        if (card.Final is null)
            yield return $"It was not tested on a locked test set: the figures are those of validation rows, {(card.Experiment.Trials.Count > 1 ? $"by which it was compared with {Figures.Count(card.Experiment.Trials.Count - 1, "other trial")}, and so a little too good" : "which it was judged on alone")}.";
    }

    private static IEnumerable<string> OfSize(ModelCard card)
    {
        if (card.Trial.Result is not { } result) yield break;
        if (result.TrainingRowCount < FewRows) yield return $"It learnt from {Figures.Count(result.TrainingRowCount, "row")}, which is little: other rows of the same kind might have given another model.";
        if (result.FeatureCount > result.TrainingRowCount) yield return $"It has more features ({Figures.Count(result.FeatureCount)}) than rows to learn from.";
        if (card.Report.Validation.RowCount < FewRows / 2) yield return $"It was judged on {Figures.Count(card.Report.Validation.RowCount, "validation row")}: look at the intervals rather than at the figures.";
    }

    private static IEnumerable<string> OfClasses(ClassificationReport? report)
    {
        if (report is null) yield break;
        ClassFigures[] few = [.. report.PerClass.Where(c => c.Support < FewRowsOfClass).OrderBy(c => c.Support)];
        if (few.Length > 0) yield return $"Few validation rows: {Named([.. few.Select(c => $"{c.Class} ({Figures.Count(c.Support)})")])}. What is said of {(few.Length == 1 ? "this class" : "these classes")} is uncertain.";
        ClassFigures[] missed = [.. report.PerClass.Where(c => c.Recall < 0.5).OrderBy(c => c.Recall)];
        if (missed.Length > 0) yield return $"It misses most rows of {Named([.. missed.Select(c => $"{c.Class} (finds {Figures.Percent(c.Recall, 0)})")])}.";
    }

    private static IEnumerable<string> OfCalibration(ClassificationReport? report)
    {
        if (report?.Calibration is { } calibration)
            yield return $"Its probabilities are off by {Figures.Number(100 * calibration.ExpectedError, 2)} percentage points on average (calibration error). {(calibration.ExpectedError > NotableCalibration ? "Do not read them as chances." : "They may be read as chances where rows are alike.")}";
    }

    private static IEnumerable<string> OfErrors(ModelCard card)
    {
        if (card.Explanation is not { Errors: var errors })
        {
            yield return "Nobody looked yet whether some kinds of rows or groups fare worse than others.";
            yield break;
        }
        var isNumber = card.Plan.Task == LearningTask.Regression;
        foreach (var slice in Worse(errors.Slices).Take(MostNamed))
            yield return $"Worse than elsewhere, beyond chance: rows where {Where(slice.Conditions)}. {(isNumber ? $"Mean absolute error {Figures.Number(slice.MeanError)} instead of {Figures.Number(slice.RestError)}" : $"{Figures.Percent(slice.MeanError)} wrong instead of {Figures.Percent(slice.RestError)}")}.";
        if (isNumber) yield break;
        GroupReport[] apart = [.. errors.Groups.Where(g => g.Differences[0] > NotableGap).OrderByDescending(g => g.Differences[0])];
        if (apart.Length > 0)
            yield return $"Accuracy, in per cent, differs between the groups of {Named([.. apart.Select(g => $"{g.Column} (by {Figures.Number(100 * g.Differences[0], 2)} points)")])}, of groups with at least {GroupReport.FewestCompared} rows.";
    }

    private static IEnumerable<string> OfUse(ModelCard card)
    {
        yield return "It says what went together in the data, not what brings something about: changing a column of a row need not change the outcome.";
        yield return "It answers for any row. Values beyond the ranges above were not learnt from, and answers for them are guesses.";
    }

    /// <summary>Kinds of rows with more errors than the rest beyond chance.</summary>
    public static IEnumerable<ErrorSlice> Worse(ErrorSlices? slices) => slices?.Slices.Where(s => s.IsWorse) ?? [];

    /// <summary>All conditions in one line.</summary>
    public static string Where(IReadOnlyList<TreeCondition> conditions) => conditions.Count == 0 ? "all rows" : string.Join(" and ", conditions.Select(c => $"{c.Column} {c.Text}"));

    private static string Named(IReadOnlyList<string> names) => string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
}
