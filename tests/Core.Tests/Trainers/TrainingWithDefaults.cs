using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tests.Trainers;

internal static class TrainingWithDefaults
{
    /// <summary>Trains with the default of every dial.</summary>
    public static Scorer TrainWithDefaults(this Trainer trainer, TrainingData data, TrainingContext context, CancellationToken cancellationToken) =>
        trainer.Train(data, HyperparameterValues.Defaults(trainer.Hyperparameters(data.Shape)), context, cancellationToken).Scorer;
}
