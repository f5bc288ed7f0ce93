using System.Buffers;
using System.Numerics.Tensors;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A model of an ensemble.</summary>
/// <param name="FirstFeature">Where its features begin in the ensemble's row of features; several may share them.</param>
/// <param name="Weight">Its share, above 0; all sum to 1.</param>
/// <param name="Scorer">Not an ensemble itself.</param>
public sealed record EnsembleScorerMember(int FirstFeature, double Weight, Scorer Scorer);

/// <summary>The weighted mean of several models' outputs; probabilities are raised to a power and scaled to sum to 1 again, as means of sure answers are too unsure.</summary>
public sealed class EnsembleScorer : Scorer
{
    private const int MaximumMembers = 1_000;

    private readonly EnsembleScorerMember[] _members;

    /// <param name="featureCount">Features of all members side by side.</param>
    /// <param name="members">At least one.</param>
    /// <param name="sharpness">The power, above 0; 1 leaves the mean as it is.</param>
    /// <exception cref="ArgumentException">A member does not fit.</exception>
    public EnsembleScorer(int featureCount, IReadOnlyList<EnsembleScorerMember> members, double sharpness = 1)
        : base(featureCount, members.Count > 0 ? members[0].Scorer.OutputCount : 0)
    {
        if (members.Count == 0) throw new ArgumentException("An ensemble needs at least one model.", nameof(members));
        foreach (var member in members)
        {
            if (member.Scorer is EnsembleScorer) throw new ArgumentException("An ensemble cannot hold an ensemble.", nameof(members));
            if (member.Scorer.OutputCount != OutputCount) throw new ArgumentException($"A model gives {member.Scorer.OutputCount} outputs, another {OutputCount}.", nameof(members));
            if (member.FirstFeature < 0 || member.FirstFeature > featureCount - member.Scorer.FeatureCount)
                throw new ArgumentException($"A model asks for {member.Scorer.FeatureCount} features from {member.FirstFeature} on; there are {featureCount}.", nameof(members));
            if (!(member.Weight is > 0 and <= 1)) throw new ArgumentException($"A model has the weight {member.Weight}; expected above 0, at most 1.", nameof(members));
        }
        if (Math.Abs(members.Sum(m => m.Weight) - 1) > 1e-6) throw new ArgumentException($"The weights sum to {members.Sum(m => m.Weight)}; expected 1.", nameof(members));
        if (!(double.IsFinite(sharpness) && sharpness > 0)) throw new ArgumentException($"The sharpness is {sharpness}; expected a number above 0.", nameof(sharpness));
        _members = [.. members];
        Sharpness = sharpness;
    }

    public IReadOnlyList<EnsembleScorerMember> Members => _members;

    public double Sharpness { get; }

    public override void Score(ReadOnlySpan<float> features, Span<double> outputs)
    {
        outputs = outputs[..OutputCount];
        outputs.Clear();
        // At most 1,000 classes: 8 KB.
        Span<double> own = stackalloc double[OutputCount];
        foreach (var member in _members)
        {
            member.Scorer.Score(features.Slice(member.FirstFeature, member.Scorer.FeatureCount), own);
            TensorPrimitives.MultiplyAdd(own, member.Weight, outputs, outputs);
        }
        SharpenedScorer.Sharpen(outputs, OutputCount, Sharpness);
    }

    public override void ScoreRows(ReadOnlySpan<float> features, int stride, int rowCount, Span<double> outputs)
    {
        outputs = outputs[..(rowCount * OutputCount)];
        outputs.Clear();
        var rented = ArrayPool<double>.Shared.Rent(outputs.Length);
        var own = rented.AsSpan(0, outputs.Length);
        foreach (var member in _members)
        {
            if (rowCount > 0) member.Scorer.ScoreRows(features[member.FirstFeature..], stride, rowCount, own);
            TensorPrimitives.MultiplyAdd(own, member.Weight, outputs, outputs);
        }
        ArrayPool<double>.Shared.Return(rented);
        SharpenedScorer.Sharpen(outputs, OutputCount, Sharpness);
    }

    protected internal override void WriteBody(BinaryWriter writer)
    {
        writer.Write(Sharpness);
        writer.Write7BitEncodedInt(_members.Length);
        foreach (var member in _members)
        {
            writer.Write7BitEncodedInt(member.FirstFeature);
            writer.Write(member.Weight);
            ScorerFile.WriteNested(member.Scorer, writer);
        }
    }

    internal static EnsembleScorer ReadBody(ScorerReader reader, int featureCount, int outputCount)
    {
        var sharpness = reader.ReadFiniteDouble("sharpness");
        var members = new EnsembleScorerMember[reader.ReadCount(1, MaximumMembers, "number of models")];
        for (var i = 0; i < members.Length; i++)
        {
            var first = reader.ReadCount(0, featureCount, "first feature of a model");
            var weight = reader.ReadFiniteDouble("weight of a model");
            members[i] = new EnsembleScorerMember(first, weight, ScorerFile.ReadNested(reader, ScorerNesting.Member));
        }
        try
        {
            var scorer = new EnsembleScorer(featureCount, members, sharpness);
            return scorer.OutputCount == outputCount ? scorer : throw reader.Damage("number of outputs", $"{outputCount}", $"{scorer.OutputCount}, as its models have");
        }
        catch (ArgumentException e)
        {
            throw reader.Damage("models", e.Message, "models that fit together");
        }
    }
}
