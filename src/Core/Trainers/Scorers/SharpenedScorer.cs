namespace ModelWorkbench.Core.Trainers;

/// <summary>A model whose probabilities are raised to a power and scaled to sum to 1 again, so that they say how often it is right.</summary>
/// <remarks>Temperature scaling, the power being 1 / temperature: Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, ICML.</remarks>
public sealed class SharpenedScorer : Scorer
{
    /// <param name="inner">Of two outputs or more; not wrapped itself.</param>
    /// <param name="sharpness">The power, above 0; below 1 makes sure answers less sure.</param>
    /// <exception cref="ArgumentException">A part does not fit.</exception>
    public SharpenedScorer(Scorer inner, double sharpness)
        : base(inner.FeatureCount, inner.OutputCount)
    {
        if (inner.OutputCount < 2) throw new ArgumentException($"The model has {inner.OutputCount} outputs; expected one for each of two classes or more.", nameof(inner));
        if (inner is ExponentialScorer or SharpenedScorer or EnsembleScorer) throw new ArgumentException($"The model is a {inner.GetType().Name}; expected one that wraps no other.", nameof(inner));
        if (!(double.IsFinite(sharpness) && sharpness > 0)) throw new ArgumentException($"The sharpness is {sharpness}; expected a number above 0.", nameof(sharpness));
        (Inner, Sharpness) = (inner, sharpness);
    }

    public Scorer Inner { get; }
    public double Sharpness { get; }

    /// <summary>Raises the probabilities of each row to a power and scales them to sum to 1.</summary>
    /// <param name="outputs">Row-major, <paramref name="width"/> a row.</param>
    /// <param name="width">1 for numbers, which stay as they are.</param>
    /// <param name="sharpness">The power.</param>
    public static void Sharpen(Span<double> outputs, int width, double sharpness)
    {
        if (width < 2 || sharpness == 1) return;
        for (; outputs.Length >= width; outputs = outputs[width..])
        {
            var sum = 0.0;
            foreach (ref var output in outputs[..width]) sum += output = Math.Pow(Math.Max(output, 1e-15), sharpness);
            foreach (ref var output in outputs[..width]) output /= sum;
        }
    }

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        Inner.Score(features, outputs);
        Sharpen(outputs[..OutputCount], OutputCount, Sharpness);
    }

    public override void ScoreRows(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        Inner.ScoreRows(features, stride, rowCount, outputs);
        Sharpen(outputs[..(rowCount * OutputCount)], OutputCount, Sharpness);
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write(Sharpness);
        ScorerFile.WriteNested(Inner, writer);
    }

    internal static SharpenedScorer ReadBody(ScorerReader reader)
    {
        var sharpness = reader.ReadFiniteDouble("sharpness");
        var inner = ScorerFile.ReadNested(reader, ScorerNesting.Plain);
        try { return new SharpenedScorer(inner, sharpness); }
        catch (ArgumentException e) { throw reader.Damage("sharpened model", e.Message, "a model of classes"); }
    }
}
