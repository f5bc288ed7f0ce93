using System.Numerics.Tensors;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A model that sees a row's coordinates on principal components in place of its features.</summary>
public sealed class ProjectedScorer : Scorer
{
    private const int MostStackComponents = 256;

    // k rows of d weights; the mean is folded into the offsets.
    private readonly float[] _weights;
    private readonly float[] _offsets;

    /// <param name="inner">Of one feature a component; wraps no other.</param>
    /// <param name="components">Found on the rows that <paramref name="inner"/> learnt from.</param>
    /// <exception cref="ArgumentException">The counts do not fit.</exception>
    public ProjectedScorer(Scorer inner, PrincipalComponents components)
        : this(inner, components.Mean.Length,
            [.. components.Components.SelectMany(c => c.Select((weight, j) => (float)(weight / components.Scale[j])))],
            [.. components.Components.Select(c => (float)-c.Select((weight, j) => weight / components.Scale[j] * components.Mean[j]).Sum())])
    {
    }

    private ProjectedScorer(Scorer inner, int featureCount, float[] weights, float[] offsets)
        : base(featureCount, inner.OutputCount)
    {
        if (inner is ProjectedScorer or SharpenedScorer or ExponentialScorer or EnsembleScorer) throw new ArgumentException($"The model is a {inner.GetType().Name}; expected one that wraps no other.", nameof(inner));
        if (inner.FeatureCount != offsets.Length) throw new ArgumentException($"The model takes {inner.FeatureCount} features, found {offsets.Length} components.", nameof(inner));
        (Inner, _weights, _offsets) = (inner, weights, offsets);
    }

    public Scorer Inner { get; }

    /// <summary>k.</summary>
    public int ComponentCount => _offsets.Length;

    internal float Weight(int component, int feature) => _weights[(component * FeatureCount) + feature];

    internal float Offset(int component) => _offsets[component];

    /// <summary>The same components before another model.</summary>
    public ProjectedScorer With(Scorer inner) => new(inner, FeatureCount, _weights, _offsets);

    /// <summary>The coordinates of a row.</summary>
    /// <param name="features">Length <see cref="Scorer.FeatureCount"/>.</param>
    /// <param name="coordinates">Length <see cref="ComponentCount"/>.</param>
    public void Project(ReadOnlySpan<float> features, Span<float> coordinates)
    {
        features = features[..FeatureCount];
        for (var k = 0; k < _offsets.Length; k++) coordinates[k] = TensorPrimitives.Dot(_weights.AsSpan(k * features.Length, features.Length), features) + _offsets[k];
    }

    /// <summary>The coordinates of many rows.</summary>
    /// <param name="rows">Their features.</param>
    /// <param name="firstFeature">Where this model's begin in a row, 0-based.</param>
    public FeatureMatrix Project(FeatureMatrix rows, int firstFeature = 0)
    {
        var values = new float[(long)rows.RowCount * ComponentCount];
        for (var row = 0; row < rows.RowCount; row++) Project(rows.Row(row).Slice(firstFeature, FeatureCount), values.AsSpan(row * ComponentCount, ComponentCount));
        return new FeatureMatrix(values, rows.RowCount, [.. Enumerable.Range(1, ComponentCount).Select(k => $"component {k}")]);
    }

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        Span<float> coordinates = ComponentCount <= MostStackComponents ? stackalloc float[ComponentCount] : new float[ComponentCount];
        Project(features, coordinates);
        Inner.Score(coordinates, outputs);
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write7BitEncodedInt(_offsets.Length);
        foreach (var offset in _offsets) writer.Write(offset);
        foreach (var weight in _weights) writer.Write(weight);
        ScorerFile.WriteNested(Inner, writer);
    }

    internal static ProjectedScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var components = reader.ReadCount(1, Math.Max(1, featureCount), "number of components");
        var offsets = reader.ReadFiniteSingles(components, "offsets");
        var weights = reader.ReadFiniteSingles((long)components * featureCount, "components");
        var inner = ScorerFile.ReadNested(reader, ScorerNesting.Projected);
        if (inner.FeatureCount != components || inner.OutputCount != outputCount)
            throw reader.Damage("projected model", $"{inner.FeatureCount} features and {inner.OutputCount} outputs", $"{components} and {outputCount}");
        return new ProjectedScorer(inner, featureCount, weights, offsets);
    }
}
