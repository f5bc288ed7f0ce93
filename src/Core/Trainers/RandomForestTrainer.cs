namespace ModelWorkbench.Core.Trainers;

/// <summary>Deep trees on bootstrap samples, each split the best of a random choice of features.</summary>
public sealed class RandomForestTrainer() : ForestTrainer(extra: false)
{
    public override string Id => "random-forest";
    public override string Name => "Random forest";
    public override string Description => "Averages many deep decision trees, each grown on a random sample of the rows; strong without tuning on most tables, and takes missing values as they are.";
}
