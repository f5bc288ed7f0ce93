using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelWorkbench.Core.Experiments;

/// <summary>A trial's outputs for the validation rows, fold by fold: what an ensemble is chosen by. As a file: "MWOF", the number of folds, then for each its length and its numbers, little-endian.</summary>
/// <param name="Outputs">By fold: row-major outputs, in the order of the fold's validation rows.</param>
public sealed record ValidationPredictions(IReadOnlyList<double[]> Outputs)
{
    /// <summary>More are not kept: they would take more memory than the models they help to choose.</summary>
    public const long MaximumCount = 50_000_000;

    private static ReadOnlySpan<byte> Signature => "MWOF"u8;

    public void Write(Stream stream)
    {
        stream.Write(Signature);
        Span<byte> count = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(count, Outputs.Count);
        stream.Write(count);
        foreach (var fold in Outputs)
        {
            BinaryPrimitives.WriteInt32LittleEndian(count, fold.Length);
            stream.Write(count);
            // Every platform that .NET 10 runs on is little-endian, as the file is.
            stream.Write(MemoryMarshal.AsBytes(fold.AsSpan()));
        }
    }

    /// <summary>Reads those of a judged trial.</summary>
    /// <exception cref="InvalidOperationException">They were not kept.</exception>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static ValidationPredictions Of(FinishedTrial trial)
    {
        if (trial.PredictionsFile is null) throw new InvalidOperationException($"The predictions of trial {trial.Number} were not kept, so no model can be made of it.");
        using var file = File.OpenRead(trial.PredictionsFile);
        return Read(file);
    }

    /// <exception cref="InvalidDataException">The bytes are not predictions; the message says what was found and expected.</exception>
    public static ValidationPredictions Read(Stream stream)
    {
        Span<byte> head = stackalloc byte[8];
        ReadExactly(stream, head);
        if (!head[..4].SequenceEqual(Signature)) throw new InvalidDataException("Not a file of predictions: expected it to begin with MWOF.");
        var count = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (count is < 0 or > 10_000) throw new InvalidDataException($"Predictions: found {count} folds, expected 0 to 10,000.");
        var folds = new double[count][];
        for (var fold = 0; fold < folds.Length; fold++)
        {
            ReadExactly(stream, head[..4]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length is < 0 || length > MaximumCount) throw new InvalidDataException($"Predictions, fold {fold + 1}: found {length} numbers, expected 0 to {MaximumCount}.");
            ReadExactly(stream, MemoryMarshal.AsBytes((folds[fold] = new double[length]).AsSpan()));
        }
        return new ValidationPredictions(folds);
    }

    private static void ReadExactly(Stream stream, Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw new InvalidDataException("Predictions: the file ends too early.");
    }
}
