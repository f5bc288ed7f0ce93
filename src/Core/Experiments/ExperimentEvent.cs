using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What a training process tells while it works: one line of JSON each.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(SplitChecked), "split-checked")]
[JsonDerivedType(typeof(TrialStarted), "trial-started")]
[JsonDerivedType(typeof(TrialProgressed), "trial-progressed")]
[JsonDerivedType(typeof(TrialCompleted), "trial-completed")]
[JsonDerivedType(typeof(ModelReady), "model-ready")]
[JsonDerivedType(typeof(TrialPruned), "trial-pruned")]
[JsonDerivedType(typeof(TrialFailed), "trial-failed")]
[JsonDerivedType(typeof(TrialSkipped), "trial-skipped")]
[JsonDerivedType(typeof(SearchEnded), "search-ended")]
[JsonDerivedType(typeof(FinalReportReady), "final-report-ready")]
[JsonDerivedType(typeof(LadderReady), "ladder-ready")]
[JsonDerivedType(typeof(ExplanationReady), "explanation-ready")]
[JsonDerivedType(typeof(ExportsReady), "exports-ready")]
[JsonDerivedType(typeof(SideBySideReady), "side-by-side-ready")]
[JsonDerivedType(typeof(SegmentsMeasured), "segments-measured")]
[JsonDerivedType(typeof(AnsweredRowsReady), "answered-rows-ready")]
[JsonDerivedType(typeof(LearningCurveReady), "learning-curve-ready")]
[JsonDerivedType(typeof(RowsPlaced), "rows-placed")]
[JsonDerivedType(typeof(UnscaledComponentsFound), "unscaled-components-found")]
[JsonDerivedType(typeof(JobFailed), "job-failed")]
public abstract record ExperimentEvent;

/// <summary>The rows are split, and this was noticed about the parts.</summary>
public sealed record SplitChecked(SplitFindings Findings) : ExperimentEvent;

/// <param name="Number">The trial, new or one that waited.</param>
/// <param name="Spec">What it tries.</param>
public sealed record TrialStarted(int Number, TrialSpec Spec) : ExperimentEvent;

/// <param name="Number">The trial.</param>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Phase">What is being done: <c>fold 2 of 5</c>.</param>
public sealed record TrialProgressed(int Number, double Fraction, string Phase) : ExperimentEvent;

/// <summary>A trial was judged on all its folds; a model of it may or may not follow (<see cref="ModelReady"/>).</summary>
/// <param name="Number">The trial.</param>
/// <param name="Result">For the leaderboard.</param>
/// <param name="ReportFile">Name of the finished <see cref="TrialReport"/> in the job's folder.</param>
/// <param name="PredictionsFile">Name of the finished <see cref="ValidationPredictions"/> in the job's folder; null where they would be too many to keep.</param>
public sealed record TrialCompleted(int Number, TrialResult Result, string ReportFile, string? PredictionsFile) : ExperimentEvent;

/// <summary>A completed trial's model was fitted on all training rows and can be published.</summary>
/// <param name="Number">The trial.</param>
/// <param name="Result">As before, with size and speed of this model.</param>
/// <param name="ModelFile">Name of the finished model package in the job's folder.</param>
/// <param name="ReportFile">Name of the finished <see cref="TrialReport"/> in the job's folder, now with explanations.</param>
public sealed record ModelReady(int Number, TrialResult Result, string ModelFile, string ReportFile) : ExperimentEvent;

/// <summary>A trial that was ended after some of its folds, as it lay too far behind.</summary>
/// <param name="Number">The trial.</param>
/// <param name="Result">Without a score; its fold scores are those of the folds that were done.</param>
/// <param name="Reason">For people.</param>
public sealed record TrialPruned(int Number, TrialResult Result, string Reason) : ExperimentEvent;

public sealed record TrialFailed(int Number, string Reason) : ExperimentEvent;

public sealed record TrialSkipped(int Number, string Reason) : ExperimentEvent;

/// <summary>Nothing more will be tried.</summary>
/// <param name="Reason">For people: the budget was used, the target reached, nothing left to try.</param>
public sealed record SearchEnded(string Reason) : ExperimentEvent;

/// <param name="ReportFile">Name of the finished <see cref="EvaluationReport"/> in the job's folder.</param>
public sealed record FinalReportReady(string ReportFile) : ExperimentEvent;

/// <summary>All variants of a model are built.</summary>
/// <param name="ReportFile">Name of the finished <see cref="LadderReport"/> in the job's folder.</param>
/// <param name="Variants">Those that could be built.</param>
public sealed record LadderReady(string ReportFile, IReadOnlyList<LadderVariant> Variants) : ExperimentEvent;

/// <param name="ReportFile">Name of the finished <see cref="ModelExplanation"/> in the job's folder.</param>
public sealed record ExplanationReady(string ReportFile) : ExperimentEvent;

/// <summary>A model was written in every form in which it can be taken away.</summary>
/// <param name="ReportFile">Name of the finished <see cref="Exports.ExportReport"/> in the job's folder.</param>
/// <param name="Files">Names of the files in the job's folder; the report names them by their hashes.</param>
public sealed record ExportsReady(string ReportFile, IReadOnlyList<string> Files) : ExperimentEvent;

/// <param name="ReportFile">Name of the finished <see cref="SideBySideReport"/> in the job's folder.</param>
public sealed record SideBySideReady(string ReportFile) : ExperimentEvent;

/// <summary>A trial was measured on parts of its validation rows.</summary>
/// <param name="Number">The trial.</param>
/// <param name="Figures">In the order of the measures.</param>
public sealed record SegmentsMeasured(int Number, IReadOnlyList<SegmentFigure> Figures) : ExperimentEvent;

/// <param name="File">Name of the finished <see cref="AnsweredRows"/> in the job's folder.</param>
public sealed record AnsweredRowsReady(string File) : ExperimentEvent;

/// <param name="Curve">All its points.</param>
public sealed record LearningCurveReady(LearningCurve Curve) : ExperimentEvent;

/// <param name="File">Name of the finished <see cref="NeighbourMap"/> in the job's folder.</param>
public sealed record RowsPlaced(string File) : ExperimentEvent;

/// <param name="File">Name of the finished <see cref="PcaReport"/> in the job's folder; without what a trial answered.</param>
public sealed record UnscaledComponentsFound(string File) : ExperimentEvent;

/// <summary>Nothing could be trained at all: the table is unreadable, or the recipe does not apply.</summary>
public sealed record JobFailed(string Reason) : ExperimentEvent;

/// <summary>What the evaluate page shows of a trial.</summary>
/// <param name="Validation">On rows that the evaluated models had not seen. The metrics are means over the folds (<see cref="FoldMean"/>);
/// the confusion matrix and the curves with their areas are of the predictions of all folds together.</param>
/// <param name="Importance">Of the columns as they are after the steps before the first that learns, on validation rows of the first fold; null with a reason where it was not computed.</param>
/// <param name="Pca">Of the prepared features of the training rows; null with a reason where it was not computed.</param>
/// <param name="PcaNote">Why there is no PCA.</param>
/// <param name="ImportanceNote">Why there is no importance.</param>
public sealed record TrialReport(EvaluationReport Validation, PermutationImportance? Importance, PcaReport? Pca, string? PcaNote, string? ImportanceNote = null)
{
    /// <summary>How much better than the baseline on the same validation rows, by the experiment's metric, in 95 of 100 cases: above 0 is better, whichever way the metric goes.
    /// Null for the baseline itself, where its predictions were not at hand, and in reports from before there were intervals.</summary>
    public MetricInterval? GainOverBaseline { get; init; }

    /// <summary>For numbers: intervals around the answers, with their coverage and pinball loss. Null for classes, and in reports from before they were kept.</summary>
    public IReadOnlyList<PredictionInterval>? PredictionIntervals { get; init; }
}

/// <summary>The order to a training process, as <c>job.json</c> in its folder.</summary>
/// <param name="Plan">The comparison it is part of.</param>
/// <param name="TableFile">Full path of the table.</param>
/// <param name="Threads">At least 1.</param>
/// <param name="Work">What to do.</param>
public sealed record ExperimentJob(ExperimentPlan Plan, string TableFile, int Threads, JobWork Work);

/// <summary>What a training process is asked for.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "work")]
[JsonDerivedType(typeof(Search), "search")]
[JsonDerivedType(typeof(MakeModel), "make-model")]
[JsonDerivedType(typeof(TestModel), "test-model")]
[JsonDerivedType(typeof(Optimise), "optimise")]
[JsonDerivedType(typeof(Explain), "explain")]
[JsonDerivedType(typeof(Export), "export")]
[JsonDerivedType(typeof(SideBySide), "side-by-side")]
[JsonDerivedType(typeof(MeasureSegments), "measure-segments")]
[JsonDerivedType(typeof(AnswerRows), "answer-rows")]
[JsonDerivedType(typeof(DrawLearningCurve), "learning-curve")]
[JsonDerivedType(typeof(PlaceRows), "place-rows")]
[JsonDerivedType(typeof(FindUnscaledComponents), "unscaled-components")]
public abstract record JobWork
{
    /// <summary>Runs trials until the budget is used up.</summary>
    /// <param name="Waiting">Trials to run first, in order.</param>
    /// <param name="Finished">Trials that earlier processes of this experiment finished, in order of their numbers.</param>
    /// <param name="NextNumber">Of the first trial that the search adds.</param>
    /// <param name="SpentSeconds">Of the budget, by earlier processes.</param>
    public sealed record Search(IReadOnlyList<JobTrial> Waiting, IReadOnlyList<FinishedTrial> Finished, int NextNumber, double SpentSeconds) : JobWork;

    /// <summary>Fits a completed trial on all training rows and explains it.</summary>
    /// <param name="Trial">Whose model is wanted.</param>
    /// <param name="Members">For an ensemble, its members.</param>
    /// <param name="Baseline">The judged baseline, which the report holds the trial against; null where there is none.</param>
    public sealed record MakeModel(FinishedTrial Trial, IReadOnlyList<FinishedTrial> Members, FinishedTrial? Baseline = null) : JobWork;

    /// <summary>Tests a model on the locked test set.</summary>
    /// <param name="ModelFile">Full path of the model package.</param>
    public sealed record TestModel(string ModelFile) : JobWork;

    /// <summary>Builds smaller and faster variants of a model and measures them.</summary>
    /// <param name="Trial">Judged on all folds.</param>
    /// <param name="Members">For an ensemble, its members.</param>
    /// <param name="FirstNumber">Of the first variant as a trial.</param>
    /// <param name="Limits">To search combinations under; null for the ladder alone.</param>
    public sealed record Optimise(FinishedTrial Trial, IReadOnlyList<FinishedTrial> Members, int FirstNumber, LadderLimits? Limits = null) : JobWork;

    /// <summary>Explains a model.</summary>
    /// <param name="Trial">Judged on all folds.</param>
    /// <param name="ModelFile">Full path of its model package.</param>
    public sealed record Explain(FinishedTrial Trial, string ModelFile) : JobWork;

    /// <summary>Writes a model in every form in which it can be taken away.</summary>
    /// <param name="Number">Of the trial.</param>
    /// <param name="ModelFile">Full path of its model package.</param>
    /// <param name="Name">As <see cref="Exports.ExportSource.Name"/>.</param>
    public sealed record Export(int Number, string ModelFile, string Name) : JobWork;

    /// <summary>Holds trials against one of them.</summary>
    /// <param name="Trials">Judged on all folds, their predictions kept; the first is the one that the others are held against.</param>
    public sealed record SideBySide(IReadOnlyList<FinishedTrial> Trials) : JobWork;

    /// <summary>Measures trials on parts of their validation rows.</summary>
    /// <param name="Trials">Judged on all folds, their predictions kept.</param>
    /// <param name="Measures">What, on which parts.</param>
    public sealed record MeasureSegments(IReadOnlyList<FinishedTrial> Trials, IReadOnlyList<SegmentMeasure> Measures) : JobWork;

    /// <summary>Tells row by row what a trial answered.</summary>
    /// <param name="Trial">Judged on all folds, its predictions kept.</param>
    public sealed record AnswerRows(FinishedTrial Trial) : JobWork;

    /// <summary>Learns from ever more of the training rows.</summary>
    /// <param name="Trial">Judged on all folds.</param>
    /// <param name="Members">For an ensemble, its members.</param>
    public sealed record DrawLearningCurve(FinishedTrial Trial, IReadOnlyList<FinishedTrial> Members) : JobWork;

    /// <summary>Places training rows on a map that keeps neighbours.</summary>
    public sealed record PlaceRows : JobWork;

    /// <summary>Finds the principal components of features in their own units, which not every page asks for.</summary>
    public sealed record FindUnscaledComponents : JobWork;
}

/// <param name="Number">1-based within the experiment.</param>
/// <param name="Spec">What to try.</param>
public sealed record JobTrial(int Number, TrialSpec Spec);

/// <summary>What an earlier process found out.</summary>
/// <param name="Number">1-based within the experiment.</param>
/// <param name="Spec">What was tried.</param>
/// <param name="Result">Null where it failed.</param>
/// <param name="PredictionsFile">Full path of its <see cref="ValidationPredictions"/>; null where there are none.</param>
/// <param name="HasModel">Whether a model of it was made.</param>
/// <param name="IsExcluded">A person put it aside: neither best nor part of an ensemble.</param>
/// <param name="Threshold">Of two classes: the probability of the second from which on a person has it answered; null for the likelier.</param>
public sealed record FinishedTrial(int Number, TrialSpec Spec, TrialResult? Result, string? PredictionsFile = null, bool HasModel = false, bool IsExcluded = false, double? Threshold = null);
