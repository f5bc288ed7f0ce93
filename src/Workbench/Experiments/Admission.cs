using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>Whether an experiment fits into the memory of the training process and onto the disk, said before it begins.</summary>
/// <remarks>The estimate is right to about a factor of two, rather too much: so a family is left out only where half of it would not fit, and what lies between is tried, and ended by the limit where it takes more.</remarks>
/// <param name="Plan">With the families that are tried.</param>
/// <param name="Memory">Null where nothing can be said yet.</param>
/// <param name="LimitBytes">What the training process may take.</param>
/// <param name="LeftOut">Families that cannot fit.</param>
/// <param name="Doubtful">Names of families that may not.</param>
/// <param name="Refusal">Why the experiment cannot begin at all; null where it can.</param>
public sealed record Admission(ExperimentPlan Plan, MemoryOutlook? Memory, long LimitBytes, IReadOnlyList<LeftOutFamily> LeftOut, IReadOnlyList<string> Doubtful, string? Refusal)
{
    /// <param name="plan">As it is asked for.</param>
    /// <param name="shape">From its check; null where that found problems.</param>
    /// <param name="rowCount">Of the dataset.</param>
    /// <param name="options">The limits.</param>
    /// <param name="dataFolder">Whose disk is looked at.</param>
    public static Admission Of(ExperimentPlan plan, PlanShape? shape, long rowCount, WorkbenchOptions options, string dataFolder)
    {
        var limit = options.TrainingMemoryMegabytes * 1024L * 1024L;
        var free = DiskSpace.Free(dataFolder);
        var full = free < options.DiskFloorBytes ? $"The disk of the data folder has {Figures.Bytes(free)} free; expected at least {Figures.Bytes(options.DiskFloorBytes)} ({nameof(WorkbenchOptions.DiskFloorMegabytes)}). Make room first." : null;
        if (shape is null) return new Admission(plan, null, limit, [], [], full);
        var memory = MemoryOutlook.Of(plan, shape, rowCount);
        LeftOutFamily[] leftOut = [.. memory.Families.Where(f => f.Bytes / 2 > limit).Select(f => new LeftOutFamily(f.TrainerId, $"It would take about {Figures.Bytes(f.Bytes)} of memory; allowed are {Figures.Bytes(limit)} ({nameof(WorkbenchOptions.TrainingMemoryMegabytes)})."))];
        string[] kept = [.. plan.TrainerIds.Except(leftOut.Select(l => l.TrainerId))];
        var tooMuch = kept.Length > 0 || plan.TrainerIds.Count == 0 ? null
            : $"{Figures.Count(rowCount, "row")} with {Figures.Count(memory.FeatureCount, "feature")} take about {Figures.Bytes(memory.Families.Min(f => f.Bytes))} of memory with the most modest of these families; allowed are {Figures.Bytes(limit)} ({nameof(WorkbenchOptions.TrainingMemoryMegabytes)}). Leave columns out, keep a sample of the rows by a step of the recipe, use fewer folds, or allow more.";
        return new Admission(
            plan with { TrainerIds = kept.Length > 0 ? kept : plan.TrainerIds }, memory, limit, kept.Length > 0 ? leftOut : [],
            [.. memory.Families.Where(f => f.Bytes > limit && f.Bytes / 2 <= limit).Select(f => TrainerCatalog.NameOf(f.TrainerId))], full ?? tooMuch);
    }

    /// <summary>In a sentence; null where nothing can be said.</summary>
    public string? Describe() => Memory is not { } memory ? null
        : $"About {Figures.Bytes(memory.Families.Where(f => Plan.TrainerIds.Contains(f.TrainerId)).Select(f => f.Bytes).DefaultIfEmpty(memory.DataBytes).Max())} of memory for {Figures.Count(memory.RowCount, "row")} with up to {Figures.Count(memory.FeatureCount, "feature")}; allowed are {Figures.Bytes(LimitBytes)}.";
}
