namespace ModelWorkbench.Core.Trainers;

/// <summary>What was learnt: features in, scores out. Immutable and safe for any number of threads; no native code, so that a damaged file cannot bring the process down.</summary>
public abstract class Scorer
{
    protected Scorer(int featureCount, int outputCount)
    {
        FeatureCount = featureCount;
        OutputCount = outputCount;
    }

    public int FeatureCount { get; }

    /// <summary>Number of classes, or 1 for regression.</summary>
    public int OutputCount { get; }

    /// <summary>Scores one row.</summary>
    /// <param name="features">Length <see cref="FeatureCount"/>, encoded as the trainer's <see cref="Trainer.Encoding"/> says.</param>
    /// <param name="outputs">Length <see cref="OutputCount"/>: one probability a class, summing to 1, or the predicted number.</param>
    public abstract void Score(ReadOnlySpan<float> features, Span<double> outputs);

    /// <summary>Writes everything that <see cref="Score"/> needs, without the kind tag.</summary>
    protected internal abstract void WriteBody(BinaryWriter writer);
}
