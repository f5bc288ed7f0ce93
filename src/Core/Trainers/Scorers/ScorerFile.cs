namespace ModelWorkbench.Core.Trainers;

/// <summary>Scorers as bytes: "MWSC", version, kind, feature and output count, then the body. Little-endian; runs no code from the file.</summary>
public static class ScorerFile
{
    private const byte Version = 1;

    /// <summary>Columns and classes are far fewer; a larger count is damage.</summary>
    private const int MaximumFeatures = 10_000_000;

    private static ReadOnlySpan<byte> Signature => "MWSC"u8;

    private enum Kind : byte { Constant = 1, Linear = 2, TreeEnsemble = 3, Neural = 4, Neighbours = 5, GaussianBayes = 6, Additive = 7, PackedTrees = 8, QuantisedLinear = 9, Ensemble = 20, Sharpened = 21, Exponential = 22, Projected = 23 }

    public static void Write(Scorer scorer, Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Signature);
        writer.Write(Version);
        WriteNested(scorer, writer);
    }

    /// <summary>Kind, counts and body: what stands in a file after its version, and in an ensemble for each of its models.</summary>
    internal static void WriteNested(Scorer scorer, BinaryWriter writer)
    {
        writer.Write((byte)(scorer switch
        {
            ConstantScorer => Kind.Constant,
            LinearScorer => Kind.Linear,
            TreeEnsembleScorer => Kind.TreeEnsemble,
            NeuralScorer => Kind.Neural,
            NeighboursScorer => Kind.Neighbours,
            GaussianBayesScorer => Kind.GaussianBayes,
            AdditiveScorer => Kind.Additive,
            EnsembleScorer => Kind.Ensemble,
            SharpenedScorer => Kind.Sharpened,
            ExponentialScorer => Kind.Exponential,
            PackedTreeScorer => Kind.PackedTrees,
            QuantisedLinearScorer => Kind.QuantisedLinear,
            ProjectedScorer => Kind.Projected,
            _ => throw new ArgumentException($"A {scorer.GetType().Name} has no file format.", nameof(scorer)),
        }));
        writer.Write7BitEncodedInt(scorer.FeatureCount);
        writer.Write7BitEncodedInt(scorer.OutputCount);
        scorer.WriteBody(writer);
    }

    /// <summary>Reads the stream to its end.</summary>
    /// <exception cref="InvalidDataException">As below.</exception>
    public static Scorer Read(Stream stream)
    {
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        return Read(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
    }

    /// <summary>Reads all of the bytes. Time and memory are bounded by their number.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a scorer; the message says place, found and expected.</exception>
    public static Scorer Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new ScorerReader(bytes);
        if (!reader.Next(Signature.Length, "signature").SequenceEqual(Signature)) throw reader.Damage("signature", "other bytes", "MWSC");
        var version = reader.ReadByte("version");
        if (version != Version) throw reader.Damage("version", $"{version}", $"{Version}");
        var scorer = ReadNested(reader, ScorerNesting.Whole);
        return reader.Remaining == 0 ? scorer : throw reader.Damage("end", $"{reader.Remaining} more bytes", "none");
    }

    /// <param name="reader">At the kind.</param>
    /// <param name="nesting">What it stands in: nesting is bounded.</param>
    internal static Scorer ReadNested(ScorerReader reader, ScorerNesting nesting)
    {
        var kind = reader.ReadEnum<Kind>("kind");
        if (nesting != ScorerNesting.Whole && kind == Kind.Ensemble) throw reader.Damage("kind", "an ensemble within another model", "a single model");
        if ((nesting is ScorerNesting.Plain or ScorerNesting.Projected && kind is Kind.Sharpened or Kind.Exponential) || (nesting == ScorerNesting.Projected && kind == Kind.Projected)) throw reader.Damage("kind", $"{kind} within another of its like", "a model that wraps no other");
        var features = reader.ReadCount(0, MaximumFeatures, "number of features");
        var outputs = reader.ReadCount(1, Target.MaximumClasses, "number of outputs");
        return kind switch
        {
            Kind.Constant => ConstantScorer.ReadBody(reader, features, outputs),
            Kind.Linear => LinearScorer.ReadBody(reader, features, outputs),
            Kind.Neural => NeuralScorer.ReadBody(reader, features, outputs),
            Kind.Neighbours => NeighboursScorer.ReadBody(reader, features, outputs),
            Kind.GaussianBayes => GaussianBayesScorer.ReadBody(reader, features, outputs),
            Kind.Additive => AdditiveScorer.ReadBody(reader, features, outputs),
            Kind.Ensemble => EnsembleScorer.ReadBody(reader, features, outputs),
            Kind.PackedTrees => PackedTreeScorer.ReadBody(reader, features, outputs),
            Kind.QuantisedLinear => QuantisedLinearScorer.ReadBody(reader, features, outputs),
            Kind.Projected => ProjectedScorer.ReadBody(reader, features, outputs),
            Kind.Sharpened => Counted(SharpenedScorer.ReadBody(reader)),
            Kind.Exponential => Counted(ExponentialScorer.ReadBody(reader)),
            _ => TreeEnsembleScorer.ReadBody(reader, features, outputs),
        };

        // A scorer that wraps another has its counts from there.
        Scorer Counted(Scorer scorer) => scorer.FeatureCount == features && scorer.OutputCount == outputs ? scorer
            : throw reader.Damage("counts", $"{features} features and {outputs} outputs", $"{scorer.FeatureCount} and {scorer.OutputCount}, as the model within has");
    }
}

/// <summary>What a scorer stands in, in a file.</summary>
internal enum ScorerNesting
{
    /// <summary>Nothing: it is the whole model.</summary>
    Whole,

    /// <summary>An ensemble, which holds no ensemble.</summary>
    Member,

    /// <summary>A scorer that turns the answers of another.</summary>
    Plain,

    /// <summary>A scorer that turns the features of another.</summary>
    Projected,
}
