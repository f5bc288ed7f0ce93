using System.Text.Json;
using System.Text.Json.Serialization;
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
}

/// <param name="Rows">Source values as text in the order of the signature's inputs; null is missing.</param>
/// <param name="Outputs">For each row the scores.</param>
public sealed record GoldenRows(IReadOnlyList<IReadOnlyList<string?>> Rows, IReadOnlyList<IReadOnlyList<double>> Outputs);

/// <summary>A trained model as one file: magic, manifest as JSON, scorer in binary. Loads no code and no foreign format.</summary>
public sealed class ModelPackage
{
    private const uint Magic = 0x314D574D; // "MWM1"
    private const int MostManifestBytes = 256 << 20;
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

    public void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        var manifest = JsonSerializer.SerializeToUtf8Bytes(Manifest, CoreJson.Options);
        writer.Write(Magic);
        writer.Write(manifest.Length);
        writer.Write(manifest);
        writer.Flush();
        ScorerFile.Write(Pipeline.Scorer, stream);
    }

    /// <summary>Reads a package and proves it: the golden rows must give the stored scores.</summary>
    /// <exception cref="InvalidDataException">Not a package, damaged, or the answers differ.</exception>
    public static ModelPackage Read(Stream stream)
    {
        try
        {
            using var reader = new BinaryReader(stream, System.Text.Encoding.UTF8, leaveOpen: true);
            var magic = reader.ReadUInt32();
            if (magic != Magic) throw new InvalidDataException($"Not a model package: it starts with {magic:x8}, expected {Magic:x8}.");
            var length = reader.ReadInt32();
            if (length is < 2 or > MostManifestBytes || length > stream.Length - stream.Position)
                throw new InvalidDataException($"The manifest is said to have {length} bytes; expected 2 to {Math.Min(MostManifestBytes, stream.Length - stream.Position)}.");
            var manifest = JsonSerializer.Deserialize<ModelManifest>(reader.ReadBytes(length), CoreJson.Options)
                ?? throw new InvalidDataException("The manifest is empty.");
            var package = new ModelPackage(manifest, ScorerFile.Read(stream));
            package.Prove();
            return package;
        }
        // A manifest that is well-formed but makes no sense (a step without its column, golden rows that are too short) fails in ways without a common type.
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException or OperationCanceledException))
        {
            throw new InvalidDataException($"The model package is damaged: {e.Message}", e);
        }
    }

    private void Prove()
    {
        var golden = Manifest.Golden;
        var outputs = Pipeline.Predict(TextRows.ToTable(Manifest.Signature.Inputs, golden.Rows));
        var width = Pipeline.Scorer.OutputCount;
        for (var row = 0; row < golden.Rows.Count; row++)
            for (var output = 0; output < width; output++)
            {
                var expected = golden.Outputs[row][output];
                var found = outputs[row * width + output];
                if (!(Math.Abs(found - expected) <= GoldenTolerance * Math.Max(1, Math.Abs(expected))))
                    throw new InvalidDataException($"The model does not give its stored answer: golden row {row + 1}, output {output + 1} is {found:R}, expected {expected:R}.");
            }
    }
}
