using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Models;

/// <summary>What a model is, without its weights.</summary>
/// <param name="TrainerId">The trainer that made it.</param>
/// <param name="TrainerName">As people read it.</param>
/// <param name="Target">What it predicts.</param>
/// <param name="Signature">What it expects.</param>
/// <param name="Recipe">All steps from the source row on, with what they learnt.</param>
/// <param name="Encoder">From prepared columns to features.</param>
/// <param name="Golden">Rows and answers kept from training: a loaded model must still give them.</param>
public sealed record ModelManifest(
    string TrainerId,
    string TrainerName,
    Target Target,
    Signature Signature,
    FittedRecipe Recipe,
    FittedFeatureEncoder Encoder,
    GoldenRows Golden)
{
    /// <summary>Regression: intervals around answers, one a level; null for models of a time when they were not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PredictionInterval>? Intervals { get; init; }

    /// <summary>Classes: how far probabilities are from how often they are right; null for models of a time when it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MeasuredCalibration? Calibration { get; init; }

    /// <summary>What it answered for rows that it had not seen: numbers in bins, or how often each class was the likeliest; null for models of a time when it was not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ValueDistribution? Answers { get; init; }

    /// <summary>Training rows that stand for the usual when an answer is explained, as texts in the order of the signature's inputs; null for models of a time when none were kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<string?>>? Background { get; init; }

    /// <summary>The recipe as the person wrote it, for data to come; null for models of a time when it was not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<RecipeStep>? Steps { get; init; }
}

/// <param name="Rows">Source values as text in the order of the signature's inputs; null is missing.</param>
/// <param name="Outputs">For each row the scores.</param>
public sealed record GoldenRows(IReadOnlyList<IReadOnlyList<string?>> Rows, IReadOnlyList<IReadOnlyList<double>> Outputs);

/// <summary>A trained model as one file. Loads no code and no foreign format.</summary>
/// <remarks>
/// Version 2: "MWM2", length of the manifest (4 bytes, little-endian), manifest as JSON, scorer in binary (<see cref="ScorerFile"/>), SHA-256 of all bytes before.
/// Version 1 began with "MWM1" and had no checksum at its end; it is still read. Version 3 is as version 2, of a model that decides by a threshold of its own (<see cref="Target.Threshold"/>):
/// a program that knows of none would answer otherwise, and must refuse it.
/// </remarks>
public sealed class ModelPackage
{
    /// <summary>The version that is written of models without a threshold; those before it are read as well.</summary>
    public const int FormatVersion = 2;

    /// <summary>The version that is written of models with a threshold.</summary>
    public const int ThresholdVersion = 3;

    /// <summary>Golden rows are answered each time a package is read; packages made here have far fewer.</summary>
    public const int MostGoldenRows = 1_000;

    private const int FirstWithChecksum = 2;
    private const int HeadBytes = 8;
    private const int MostManifestBytes = 256 << 20;
    private const int MostNameLength = 200;
    private const int ProvedAtOnce = 25;
    private const double GoldenTolerance = 1e-9;

    public ModelPackage(ModelManifest manifest, Scorer scorer)
    {
        if (scorer.FeatureCount != manifest.Encoder.FeatureNames.Count)
            throw new InvalidDataException($"The scorer takes {scorer.FeatureCount} features, the encoder makes {manifest.Encoder.FeatureNames.Count}.");
        Manifest = manifest;
        Pipeline = new FittedPipeline(manifest.Recipe, manifest.Encoder, scorer, manifest.Target);
    }

    public ModelManifest Manifest { get; }
    public FittedPipeline Pipeline { get; }

    /// <summary>The same model, deciding otherwise between its two classes.</summary>
    /// <param name="threshold">Probability of the second class from which on it is the answer, above 0, at most 1; null for the likelier.</param>
    /// <param name="answers">How often each class is then the answer for rows that it had not seen; null where that is not known.</param>
    /// <exception cref="ArgumentException">The model has not two classes, or the threshold is none.</exception>
    public ModelPackage WithThreshold(double? threshold, ValueDistribution? answers)
    {
        if (threshold is { } from && WhyNoThreshold(Manifest.Target, from) is { } whyNot) throw new ArgumentException(whyNot, nameof(threshold));
        return new ModelPackage(Manifest with { Target = Manifest.Target with { Threshold = threshold }, Answers = answers }, Pipeline.Scorer);
    }

    /// <summary>Null, or why a model cannot decide by a threshold.</summary>
    public static string? WhyNoThreshold(Target target, double threshold) =>
        target.Task != LearningTask.Binary ? $"A threshold decides between two classes; the model predicts {(target.Task == LearningTask.Regression ? "a number" : $"one of {target.Classes.Count} classes")}."
        : !(threshold > 0 && threshold <= 1) ? FormattableString.Invariant($"The threshold is {threshold}; expected more than 0, at most 1.")
        : null;

    private static ReadOnlySpan<byte> Magic => "MWM"u8;

    public void Write(Stream stream)
    {
        using var hash = SHA256.Create();
        using (var hashed = new CryptoStream(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
        {
            var manifest = JsonSerializer.SerializeToUtf8Bytes(Manifest, CoreJson.Options);
            Span<byte> head = stackalloc byte[HeadBytes];
            Magic.CopyTo(head);
            head[Magic.Length] = (byte)('0' + (Manifest.Target.Threshold is null ? FormatVersion : ThresholdVersion));
            BinaryPrimitives.WriteInt32LittleEndian(head[4..], manifest.Length);
            hashed.Write(head);
            hashed.Write(manifest);
            ScorerFile.Write(Pipeline.Scorer, hashed);
        }
        stream.Write(hash.Hash!);
    }

    /// <summary>The format version that the stream begins with; the position is as before.</summary>
    /// <exception cref="InvalidDataException">It is no package at all.</exception>
    public static int ReadVersion(Stream stream)
    {
        Span<byte> head = stackalloc byte[4];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        stream.Position -= read;
        return read == head.Length && head[..Magic.Length].SequenceEqual(Magic) && head[Magic.Length] is >= (byte)'1' and <= (byte)'9' ? head[Magic.Length] - '0'
            : throw new InvalidDataException($"Not a model package: it begins with {(read == 0 ? "nothing" : $"the bytes {Convert.ToHexStringLower(head[..read])}")}, expected {Convert.ToHexStringLower(Magic)} (\"MWM\") and a version.");
    }

    /// <summary>Reads a package and proves it: the checksum must be right, and the golden rows must give the stored scores.</summary>
    /// <param name="stream">Seekable, at the package's beginning; read to its end.</param>
    /// <exception cref="InvalidDataException">Not a package, of a later version, damaged, or the answers differ.</exception>
    public static ModelPackage Read(Stream stream) => ReadStoppable(stream, CancellationToken.None);

    /// <summary>As <see cref="Read"/>, for a file that may mean harm: the token is looked at between golden rows, which can take long.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Read"/>.</exception>
    public static ModelPackage ReadStoppable(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            var version = ReadVersion(stream);
            if (version > ThresholdVersion) throw new InvalidDataException($"The model package has format version {version}; this program reads versions 1 to {ThresholdVersion}. It was made by a later Model Workbench: update this one.");
            var bytes = stream.Length - stream.Position - (version >= FirstWithChecksum ? SHA256.HashSizeInBytes : 0);
            if (bytes < HeadBytes) throw Damage("the file", $"{stream.Length - stream.Position} bytes long", $"at least {HeadBytes + SHA256.HashSizeInBytes}");
            if (version >= FirstWithChecksum) Check(stream, bytes, cancellationToken);
            stream.Position += Magic.Length + 1;
            Span<byte> four = stackalloc byte[sizeof(int)];
            stream.ReadExactly(four);
            var (length, most) = (BinaryPrimitives.ReadInt32LittleEndian(four), Math.Min(MostManifestBytes, bytes - HeadBytes));
            if (length < 2 || length > most) throw Damage("the length of the manifest", $"{length} bytes", $"2 to {most}");
            var manifest = JsonSerializer.Deserialize<ModelManifest>(ReadBytes(stream, length), CoreJson.Options) ?? throw Damage("the manifest", "empty", "a model");
            Check(manifest);
            var package = new ModelPackage(manifest, ScorerFile.Read(ReadBytes(stream, bytes - HeadBytes - length)));
            package.Prove(cancellationToken);
            return package;
        }
        // A manifest that is well-formed but makes no sense (a step without its column, golden rows that are too short) fails in ways without a common type.
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException or OperationCanceledException))
        {
            throw new InvalidDataException($"The model package is damaged: {e.Message}", e);
        }
    }

    private static InvalidDataException Damage(string place, string found, string expected) => new($"The model package is damaged: {place} is {found}, expected {expected}.");

    private static byte[] ReadBytes(Stream stream, long count)
    {
        if (count > Array.MaxLength) throw Damage("the scorer", $"{count} bytes long", $"at most {Array.MaxLength}");
        var bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Before a byte is believed: the last bytes are the hash of the first.</summary>
    private static void Check(Stream stream, long bytes, CancellationToken cancellationToken)
    {
        var start = stream.Position;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(bytes, 1 << 20)];
        for (var left = bytes; left > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            stream.ReadExactly(part);
            hash.AppendData(part);
            left -= part.Length;
        }
        Span<byte> found = stackalloc byte[SHA256.HashSizeInBytes], expected = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(found);
        stream.ReadExactly(expected);
        if (!found.SequenceEqual(expected)) throw Damage("the SHA-256 of its content", Convert.ToHexStringLower(found), $"{Convert.ToHexStringLower(expected)}, which it ends with; it was changed or cut short on its way");
        stream.Position = start;
    }

    /// <summary>What every model has, whoever made it.</summary>
    private static void Check(ModelManifest manifest)
    {
        Name("the trainer", manifest.TrainerName);
        Name("the target column", manifest.Target.Column);
        var classes = manifest.Target.Classes.Count;
        if (manifest.Target.Task switch { LearningTask.Regression => classes != 0, LearningTask.Binary => classes != 2, _ => classes is < 2 or > Target.MaximumClasses })
            throw Damage("the number of classes", $"{classes}", manifest.Target.Task switch { LearningTask.Regression => "0 for a number", LearningTask.Binary => "2", _ => $"2 to {Target.MaximumClasses}" });
        if (manifest.Target.Classes.Distinct(StringComparer.Ordinal).Count() != classes) throw Damage("a class", "named twice", "each once");
        if (manifest.Target.Threshold is { } threshold && WhyNoThreshold(manifest.Target, threshold) is { } whyNot) throw new InvalidDataException($"The model package is damaged: {whyNot}");
        foreach (var (i, input) in manifest.Signature.Inputs.Index())
        {
            if (input.Name.Length == 0) throw Damage($"the name of input {i + 1}", "empty", "a column");
            if (!Enum.IsDefined(input.Kind)) throw Damage($"the kind of input '{input.Name}'", $"{input.Kind}", $"one of {string.Join(", ", Enum.GetNames<ColumnKind>())}");
        }
        var (inputs, golden) = (manifest.Signature.Inputs.Count, manifest.Golden);
        if (golden.Rows.Count is 0 or > MostGoldenRows) throw Damage("the number of golden rows", $"{golden.Rows.Count}", $"1 to {MostGoldenRows}");
        if (golden.Outputs.Count != golden.Rows.Count) throw Damage("the number of golden answers", $"{golden.Outputs.Count}", $"{golden.Rows.Count}, one a golden row");
        foreach (var (i, row) in golden.Rows.Index())
        {
            if (row.Count != inputs) throw Damage($"golden row {i + 1}", $"{row.Count} values", $"{inputs}, one an input");
            if (golden.Outputs[i].Count != Math.Max(1, classes)) throw Damage($"golden answer {i + 1}", $"{golden.Outputs[i].Count} numbers", $"{Math.Max(1, classes)}");
        }

        static void Name(string place, string name)
        {
            if (string.IsNullOrWhiteSpace(name) || name.Length > MostNameLength) throw Damage($"the name of {place}", name.Length == 0 ? "empty" : $"{name.Length} characters", $"1 to {MostNameLength}");
        }
    }

    private void Prove(CancellationToken cancellationToken)
    {
        var golden = Manifest.Golden;
        var width = Pipeline.Scorer.OutputCount;
        if (width != golden.Outputs[0].Count) throw Damage("the number of the scorer's outputs", $"{width}", $"{golden.Outputs[0].Count}, as golden answers have");
        foreach (var rows in golden.Rows.Index().Chunk(ProvedAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var outputs = Pipeline.Predict(TextRows.ToTable(Manifest.Signature.Inputs, [.. rows.Select(r => r.Item)]));
            for (var i = 0; i < rows.Length; i++)
                for (var output = 0; output < width; output++)
                {
                    var expected = golden.Outputs[rows[i].Index][output];
                    var found = outputs[(i * width) + output];
                    if (!(Math.Abs(found - expected) <= GoldenTolerance * Math.Max(1, Math.Abs(expected))))
                        throw new InvalidDataException($"The model does not give its stored answer: golden row {rows[i].Index + 1}, output {output + 1} is {found:R}, expected {expected:R}.");
                }
        }
    }
}
