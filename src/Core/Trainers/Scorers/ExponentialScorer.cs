namespace ModelWorkbench.Core.Trainers;

/// <summary>Turns the answers of a model that learnt the logarithm of the target back into the target's unit: <c>factor * exp(answer) - 1</c>, as it learnt <c>ln(1 + target)</c>.</summary>
public sealed class ExponentialScorer : Scorer
{
    /// <param name="inner">Of one output; not wrapped itself.</param>
    /// <param name="factor">Above 0; the exponential of a mean logarithm lies below the mean, and this lifts it.</param>
    /// <param name="ceiling">Answers of <paramref name="inner"/> above it are taken as it: far from what was learnt, an exponential would know no bounds.</param>
    /// <exception cref="ArgumentException">A part does not fit.</exception>
    public ExponentialScorer(Scorer inner, double factor, double ceiling)
        : base(inner.FeatureCount, 1)
    {
        if (inner.OutputCount != 1) throw new ArgumentException($"The model has {inner.OutputCount} outputs; expected 1.", nameof(inner));
        if (inner is ExponentialScorer or SharpenedScorer or EnsembleScorer) throw new ArgumentException($"The model is a {inner.GetType().Name}; expected one that wraps no other.", nameof(inner));
        if (!(double.IsFinite(factor) && factor > 0)) throw new ArgumentException($"The factor is {factor}; expected a number above 0.", nameof(factor));
        if (!(ceiling <= MaximumCeiling)) throw new ArgumentException($"The ceiling is {ceiling}; expected at most {MaximumCeiling}.", nameof(ceiling));
        (Inner, Factor, Ceiling) = (inner, factor, ceiling);
    }

    /// <summary>Its exponential is still a double, whatever the factor.</summary>
    private const double MaximumCeiling = 600;

    public Scorer Inner { get; }
    public double Factor { get; }
    public double Ceiling { get; }

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        Inner.Score(features, outputs);
        outputs[0] = (Factor * Math.Exp(Math.Min(outputs[0], Ceiling))) - 1;
    }

    public override void ScoreRows(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        Inner.ScoreRows(features, stride, rowCount, outputs);
        foreach (ref var output in outputs[..rowCount]) output = (Factor * Math.Exp(Math.Min(output, Ceiling))) - 1;
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write(Factor);
        writer.Write(Ceiling);
        ScorerFile.WriteNested(Inner, writer);
    }

    internal static ExponentialScorer ReadBody(ScorerReader reader)
    {
        var factor = reader.ReadFiniteDouble("factor");
        var ceiling = reader.ReadFiniteDouble("ceiling");
        var inner = ScorerFile.ReadNested(reader, ScorerNesting.Plain);
        try { return new ExponentialScorer(inner, factor, ceiling); }
        catch (ArgumentException e) { throw reader.Damage("exponential", e.Message, "a model of numbers"); }
    }
}
