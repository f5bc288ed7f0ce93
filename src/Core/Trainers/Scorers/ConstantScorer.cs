namespace ModelWorkbench.Core.Trainers;

/// <summary>The same answer for every row: what guessing without looking would say.</summary>
public sealed class ConstantScorer : Scorer
{
    private readonly double[] _outputs;

    /// <param name="featureCount">Features a row, all ignored.</param>
    /// <param name="outputs">One probability a class, or one number.</param>
    public ConstantScorer(int featureCount, IReadOnlyList<double> outputs) : base(featureCount, outputs.Count) => _outputs = [.. outputs];

    public IReadOnlyList<double> Outputs => _outputs;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs) => _outputs.CopyTo(outputs);

    protected internal override void WriteBody(BinaryWriter writer)
    {
        foreach (var output in _outputs) writer.Write(output);
    }

    internal static ConstantScorer ReadBody(ScorerReader reader, int featureCount, int outputCount) =>
        new(featureCount, reader.ReadFiniteDoubles(outputCount, "outputs"));
}
