using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Plots;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>The plots of a card, in the order of the pages.</summary>
public static class CardFigures
{
    private const int MostDependence = 6;

    /// <summary>Those of the page of a trial.</summary>
    public static IEnumerable<PlotFigure> OfReport(TrialReport report)
    {
        if (report.Validation.Classification is { } classes)
        {
            yield return ConfusionMatrixPlot.Figure(classes);
            if (classes.Roc.Count > 0) yield return RocCurvePlot.Figure(classes.Roc);
            if (classes.PrecisionRecall.Count > 0) yield return PrecisionRecallPlot.Figure(classes.PrecisionRecall);
            var gains = GainCurve.Of(classes);
            if (gains.Count > 0)
            {
                yield return GainPlots.Gain(gains);
                yield return GainPlots.Lift(gains);
            }
            if (classes.Calibration is { } calibration) yield return CalibrationPlot.Figure(calibration);
            if (classes.Scores is { } scores) yield return ScoreDistributionPlot.Figure(scores, classes.Classes);
            if (classes.Thresholds is { } thresholds) yield return ThresholdPlot.Figure(ThresholdExplorer.All(thresholds), ThresholdExplorer.At(thresholds, thresholds.Own).Threshold);
        }
        if (report.Validation.Regression is { } numbers)
        {
            yield return PredictedActualPlot.Figure(numbers);
            yield return ResidualPlot.Figure(numbers);
            yield return ResidualHistogramPlot.Figure(numbers);
            if (numbers.Quantiles is { } quantiles) yield return ResidualQuantilePlot.Figure(quantiles);
            if (numbers.ErrorByRange is { Count: > 0 } ranges) yield return RangeErrorPlot.Figure(ranges);
        }
        if (report.Importance is { Columns.Count: > 0 } importance) yield return ImportancePlot.Figure(importance);
        if (report.Pca is { } pca) yield return ScreePlot.Figure(pca);
    }

    /// <summary>Those of the page of explanations; what it leans on for all classes together where there are several.</summary>
    public static IEnumerable<PlotFigure> OfExplanation(ModelCard card)
    {
        if (card.Explanation is not { } explanation) yield break;
        if (explanation.Contributions is { Columns.Count: > 0 } contributions)
        {
            yield return ContributionPlots.Bars(contributions, contributions.Of.Count > 1 ? null : 0);
            if (contributions.Of.Count == 1) yield return ContributionPlots.Rows(contributions, 0);
        }
        var of = explanation.AnswerNames(card.Plan.Target);
        foreach (var dependence in explanation.Dependence.Take(MostDependence)) yield return DependencePlot.Figure(dependence, of, card.Plan.Task);
    }
}
