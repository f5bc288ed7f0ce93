namespace ModelWorkbench.Core.Trainers;

/// <summary>Scorers as bytes: "MWSC", version, kind, feature and output count, then the body. Little-endian; runs no code from the file.</summary>
public static class ScorerFile
{
    private const byte Version = 1;

    /// <summary>Columns and classes are far fewer; a larger count is damage.</summary>
    private const int MaximumFeatures = 10_000_000;

    private static ReadOnlySpan<byte> Signature => "MWSC"u8;

    private enum Kind : byte { Constant = 1, Linear = 2, TreeEnsemble = 3 }

    public static void Write(Scorer scorer, Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Signature);
        writer.Write(Version);
        writer.Write((byte)(scorer switch
        {
            ConstantScorer => Kind.Constant,
            LinearScorer => Kind.Linear,
            TreeEnsembleScorer => Kind.TreeEnsemble,
            _ => throw new ArgumentException($"A {scorer.GetType().Name} has no file format.", nameof(scorer)),
        }));
        writer.Write7BitEncodedInt(scorer.FeatureCount);
        writer.Write7BitEncodedInt(scorer.OutputCount);
        scorer.WriteBody(writer);
    }

    /// <summary>Reads the stream to its end. Time and memory are bounded by its length.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a scorer; the message says place, found and expected.</exception>
    public static Scorer Read(Stream stream)
    {
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        var reader = new ScorerReader(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        if (!reader.Next(Signature.Length, "signature").SequenceEqual(Signature)) throw reader.Damage("signature", "other bytes", "MWSC");
        var version = reader.ReadByte("version");
        if (version != Version) throw reader.Damage("version", $"{version}", $"{Version}");
        var kind = reader.ReadEnum<Kind>("kind");
        var features = reader.ReadCount(0, MaximumFeatures, "number of features");
        var outputs = reader.ReadCount(1, Target.MaximumClasses, "number of outputs");
        Scorer scorer = kind switch
        {
            Kind.Constant => ConstantScorer.ReadBody(reader, features, outputs),
            Kind.Linear => LinearScorer.ReadBody(reader, features, outputs),
            _ => TreeEnsembleScorer.ReadBody(reader, features, outputs),
        };
        return reader.Remaining == 0 ? scorer : throw reader.Damage("end", $"{reader.Remaining} more bytes", "none");
    }
}
