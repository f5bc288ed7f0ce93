using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Tests.Experiments;

internal static class JobWorkOf
{
    /// <summary>Each family of the plan once, with its defaults.</summary>
    public static JobWork.Search EachOnce(ExperimentPlan plan, double spentSeconds = 0) =>
        new([.. plan.TrainerIds.Select((id, i) => new JobTrial(i + 1, new TrialSpec(id, HyperparameterValues.None, TrialOrigin.Default, "The family's defaults.")))], [], plan.TrainerIds.Count + 1, spentSeconds);
}
