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

    /// <summary>Scores many rows; each gets the answer that <see cref="Score"/> gives it, bit for bit.</summary>
    /// <param name="features">Row-major; the features of a row begin <paramref name="stride"/> after those of the row before.</param>
    /// <param name="stride">At least <see cref="FeatureCount"/>.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="outputs">Row-major, <see cref="OutputCount"/> a row.</param>
    public virtual void ScoreRows(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        for (var row = 0; row < rowCount; row++)
            Score(features.Slice(row * stride, FeatureCount), outputs.Slice(row * OutputCount, OutputCount));
    }

    /// <summary>Writes everything that <see cref="Score"/> needs, without the kind tag.</summary>
    protected internal abstract void WriteBody(BinaryWriter writer);
}
