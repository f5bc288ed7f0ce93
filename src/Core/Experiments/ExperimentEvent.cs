using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What a training process tells while it works: one line of JSON each.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(TrialStarted), "trial-started")]
[JsonDerivedType(typeof(TrialProgressed), "trial-progressed")]
[JsonDerivedType(typeof(TrialCompleted), "trial-completed")]
[JsonDerivedType(typeof(TrialFailed), "trial-failed")]
[JsonDerivedType(typeof(TrialSkipped), "trial-skipped")]
[JsonDerivedType(typeof(FinalReportReady), "final-report-ready")]
[JsonDerivedType(typeof(JobFailed), "job-failed")]
public abstract record ExperimentEvent;

public sealed record TrialStarted(int Number) : ExperimentEvent;

/// <param name="Number">The trial.</param>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Phase">What is being done: <c>fold 2 of 5</c>.</param>
public sealed record TrialProgressed(int Number, double Fraction, string Phase) : ExperimentEvent;

/// <param name="Number">The trial.</param>
/// <param name="Result">For the leaderboard.</param>
/// <param name="ModelFile">Name of the finished model package in the job's folder.</param>
/// <param name="ReportFile">Name of the finished <see cref="TrialReport"/> in the job's folder.</param>
public sealed record TrialCompleted(int Number, TrialResult Result, string ModelFile, string ReportFile) : ExperimentEvent;

public sealed record TrialFailed(int Number, string Reason) : ExperimentEvent;

public sealed record TrialSkipped(int Number, string Reason) : ExperimentEvent;

/// <param name="ReportFile">Name of the finished <see cref="EvaluationReport"/> in the job's folder.</param>
public sealed record FinalReportReady(string ReportFile) : ExperimentEvent;

/// <summary>Nothing could be trained at all: the table is unreadable, or the recipe does not apply.</summary>
public sealed record JobFailed(string Reason) : ExperimentEvent;

/// <summary>What the evaluate page shows of a trial.</summary>
/// <param name="Validation">On rows that the evaluated models had not seen. The metrics are means over the folds (<see cref="FoldMean"/>);
/// the confusion matrix and the curves with their areas are of the predictions of all folds together.</param>
/// <param name="Importance">Of the columns as they are after the steps before the first that learns, on validation rows of the first fold; null with a reason where it could not be computed.</param>
/// <param name="Pca">Of the prepared features of the training rows; null with a reason where it could not be computed.</param>
/// <param name="PcaNote">Why there is no PCA.</param>
/// <param name="ImportanceNote">Why there is no importance.</param>
public sealed record TrialReport(EvaluationReport Validation, PermutationImportance? Importance, PcaReport? Pca, string? PcaNote, string? ImportanceNote = null);

/// <summary>The order to a training process, as <c>job.json</c> in its folder.</summary>
/// <param name="Plan">What to do.</param>
/// <param name="TableFile">Full path of the table.</param>
/// <param name="Trials">What is left to do, in order.</param>
/// <param name="BudgetSeconds">What is left of the budget.</param>
/// <param name="Threads">At least 1.</param>
/// <param name="ModelFile">For a final report: full path of the model package to test; then no trial runs.</param>
public sealed record ExperimentJob(
    ExperimentPlan Plan,
    string TableFile,
    IReadOnlyList<JobTrial> Trials,
    double BudgetSeconds,
    int Threads,
    string? ModelFile = null);

public sealed record JobTrial(int Number, string TrainerId);
