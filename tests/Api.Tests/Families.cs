using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Api.Tests;

/// <summary>Model families that tests train.</summary>
public static class Families
{
    /// <summary>LightGBM, or FastTree where the system library that LightGBM needs is missing.</summary>
    public static string Boosted { get; } =
        TrainerCatalog.Find("lightgbm").WhyNot(new TrainingShape(LearningTask.Binary, 1000, 10, 2)) is null ? "lightgbm" : "fast-tree";
}
