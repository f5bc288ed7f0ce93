namespace ModelWorkbench.Core.Trainers;

/// <summary>The likelihood of a row under a normal distribution for each class and feature, times the class's share.</summary>
public sealed class GaussianBayesScorer : Scorer
{
    private readonly double[] _means, _variances, _logPriors;

    // What does not depend on the row: the logarithms of the widths.
    private readonly double[] _offsets;

    /// <param name="means">K classes of d features, row-major.</param>
    /// <param name="variances">In the same order, above 0.</param>
    /// <param name="logPriors">One a class.</param>
    /// <param name="sharpness">Factor on the log-odds, above 0.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or a number is not finite or not positive.</exception>
    public GaussianBayesScorer(int featureCount, double[] means, double[] variances, double[] logPriors, double sharpness) : base(featureCount, logPriors.Length)
    {
        if (logPriors.Length < 2 || means.Length != logPriors.Length * (long)featureCount || variances.Length != means.Length)
            throw new ArgumentException($"{means.Length} means and {variances.Length} variances do not fit {logPriors.Length} classes and {featureCount} features.", nameof(means));
        if (!means.All(double.IsFinite) || !logPriors.All(double.IsFinite) || !variances.All(v => double.IsFinite(v) && v > 0))
            throw new ArgumentException("A mean or variance is not finite, or a variance is not above 0.", nameof(variances));
        if (!(double.IsFinite(sharpness) && sharpness > 0)) throw new ArgumentException($"The sharpness is {sharpness}; expected a number above 0.", nameof(sharpness));
        (_means, _variances, _logPriors, Sharpness) = (means, variances, logPriors, sharpness);
        _offsets = [.. logPriors.Select((prior, k) => prior - (0.5 * variances.Skip(k * featureCount).Take(featureCount).Sum(v => Math.Log(2 * Math.PI * v))))];
    }

    public double Sharpness { get; }

    /// <summary>K classes of d features, row-major.</summary>
    internal ReadOnlySpan<double> Means => _means;

    /// <summary>In the same order.</summary>
    internal ReadOnlySpan<double> Variances => _variances;

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        outputs = outputs[..OutputCount];
        LogOdds(features, outputs);
        foreach (ref var output in outputs) output *= Sharpness;
        Links.Softmax(outputs);
    }

    /// <summary>The logarithm of share times likelihood of each class.</summary>
    internal void LogOdds(ReadOnlySpan<float> features, Span<double> outputs)
    {
        features = features[..FeatureCount];
        for (var k = 0; k < outputs.Length; k++)
        {
            var sum = _offsets[k];
            var first = k * features.Length;
            for (var j = 0; j < features.Length; j++)
            {
                var distance = features[j] - _means[first + j];
                sum -= 0.5 * distance * distance / _variances[first + j];
            }
            // Beyond the range of double a class is as unlikely as can be told.
            outputs[k] = double.IsFinite(sum) ? sum : -double.MaxValue / 4;
        }
    }

    /// <summary>What a feature adds to the logarithm of a class, before <see cref="Sharpness"/>.</summary>
    internal double Added(int classIndex, int feature, float value)
    {
        var at = (classIndex * FeatureCount) + feature;
        var distance = value - _means[at];
        return -0.5 * distance * distance / _variances[at];
    }

    /// <summary>What the logarithm of a class begins with.</summary>
    internal double Offset(int classIndex) => _offsets[classIndex];

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write(Sharpness);
        foreach (var prior in _logPriors) writer.Write(prior);
        foreach (var mean in _means) writer.Write(mean);
        foreach (var variance in _variances) writer.Write(variance);
    }

    internal static GaussianBayesScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var sharpness = reader.ReadFiniteDouble("sharpness");
        var priors = reader.ReadFiniteDoubles(outputCount, "class shares");
        var means = reader.ReadFiniteDoubles((long)outputCount * featureCount, "means");
        var variances = reader.ReadFiniteDoubles((long)outputCount * featureCount, "variances");
        try
        {
            return new GaussianBayesScorer(featureCount, means, variances, priors, sharpness);
        }
        catch (ArgumentException e)
        {
            throw reader.Damage("variances", e.Message, "numbers above 0");
        }
    }
}
