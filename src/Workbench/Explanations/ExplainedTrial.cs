using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>A trial with what explains it.</summary>
public sealed record ExplainedTrial(ExperimentRow Experiment, TrialRow Trial, ModelExplanation Explanation);
