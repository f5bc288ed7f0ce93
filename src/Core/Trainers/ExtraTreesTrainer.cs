namespace ModelWorkbench.Core.Trainers;

/// <summary>Deep trees on all rows with random thresholds.</summary>
public sealed class ExtraTreesTrainer() : ForestTrainer(extra: true)
{
    public override string Id => "extra-trees";
    public override string Name => "Extra trees";
    public override string Description => "Like a random forest, but with random thresholds on all rows; smoother, and often better where the features are noisy.";
}
