using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>Tensors as bytes: elements in the order of rows, little-endian; texts as four bytes of length and UTF-8.</summary>
internal static class TensorBytes
{
    private const int LengthBytes = sizeof(uint);

    /// <summary>Bytes of an element; null for texts, whose lengths differ.</summary>
    public static int? SizeOf(string type) => type switch
    {
        "BOOL" or "INT8" or "UINT8" => 1,
        "INT16" or "UINT16" or "FP16" => 2,
        "INT32" or "UINT32" or "FP32" => 4,
        "INT64" or "UINT64" or "FP64" => 8,
        _ => null,
    };

    /// <summary>Reads the elements of a tensor into rows. Neither shape nor sizes are trusted: rows are made as elements come.</summary>
    /// <param name="bytes">All of the tensor's.</param>
    /// <param name="type">A known one.</param>
    /// <param name="name">For messages.</param>
    /// <param name="shape">For messages, and for the number of rows.</param>
    /// <param name="columns">One for each element of a row.</param>
    /// <param name="addsRows">Whether the rows are not there yet.</param>
    /// <param name="batch">Takes the values.</param>
    public static void Read(ReadOnlySpan<byte> bytes, string type, string name, long[] shape, ReadOnlySpan<int> columns, bool addsRows, RowBatch batch)
    {
        var elements = (UInt128)(ulong)shape[0] * (ulong)columns.Length;
        var size = SizeOf(type);
        if (size is { } fixedSize && elements * (ulong)fixedSize != (UInt128)bytes.Length)
        {
            batch.Problem(null, name, $"{bytes.Length:N0} bytes", $"{elements * (ulong)fixedSize:N0}: {fixedSize} for each of {elements:N0} values, as the shape [{string.Join(", ", shape)}] says");
            return;
        }
        var count = 0;
        while (bytes.Length > 0 && (UInt128)count < elements)
        {
            var (row, position) = (count / columns.Length, count % columns.Length);
            if (addsRows && position == 0) batch.AddRow();
            if (size is { } length)
            {
                if (!batch.IsHopeless) ReadNumber(bytes[..length], type, row, columns[position], batch);
                bytes = bytes[length..];
            }
            else if (bytes.Length < LengthBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var announced && announced > (uint)(bytes.Length - LengthBytes))
            {
                batch.Problem(null, name, $"value {count + 1:N0}: {(bytes.Length < LengthBytes ? $"{bytes.Length} bytes" : $"a text of {BinaryPrimitives.ReadUInt32LittleEndian(bytes):N0} bytes")}", bytes.Length < LengthBytes ? "four bytes of length, and then the text" : $"at most {bytes.Length - LengthBytes:N0}, the bytes that are left of this tensor");
                return;
            }
            else
            {
                if (!batch.IsHopeless) ReadText(bytes.Slice(LengthBytes, (int)announced), row, columns[position], batch);
                bytes = bytes[(LengthBytes + (int)announced)..];
            }
            count++;
        }
        if ((UInt128)count != elements) batch.Problem(null, name, JsonRows.Words(count), $"{elements:N0}, as the shape [{string.Join(", ", shape)}] says");
        else if (bytes.Length > 0) batch.Problem(null, name, $"{bytes.Length:N0} bytes after the last value", $"none: the shape [{string.Join(", ", shape)}] says {elements:N0} values");
    }

    private static void ReadNumber(ReadOnlySpan<byte> bytes, string type, int row, int column, RowBatch batch)
    {
        switch (type)
        {
            case "BOOL" when bytes[0] > 1:
                batch.Problem(row, batch.Signature.Inputs[column].Name, $"the byte {bytes[0]}", "0 or 1, as the datatype is BOOL");
                break;
            case "BOOL":
                batch.SetTruth(row, column, bytes[0] == 1);
                break;
            case "INT8": Set((sbyte)bytes[0]); break;
            case "UINT8": Set(bytes[0]); break;
            case "INT16": Set(BinaryPrimitives.ReadInt16LittleEndian(bytes)); break;
            case "UINT16": Set(BinaryPrimitives.ReadUInt16LittleEndian(bytes)); break;
            case "INT32": Set(BinaryPrimitives.ReadInt32LittleEndian(bytes)); break;
            case "UINT32": Set(BinaryPrimitives.ReadUInt32LittleEndian(bytes)); break;
            case "INT64": Set(BinaryPrimitives.ReadInt64LittleEndian(bytes)); break;
            case "UINT64": Set(BinaryPrimitives.ReadUInt64LittleEndian(bytes)); break;
            case "FP16": Set(BinaryPrimitives.ReadHalfLittleEndian(bytes)); break;
            case "FP32": Set(BinaryPrimitives.ReadSingleLittleEndian(bytes)); break;
            default: Set(BinaryPrimitives.ReadDoubleLittleEndian(bytes)); break;
        }

        // Columns of texts get the number as it would be written in the type that it came in.
        void Set<T>(T value) where T : struct, IUtf8SpanFormattable, System.Numerics.INumberBase<T>
        {
            if (T.IsNaN(value))
            {
                batch.SetMissing(row, column);
                return;
            }
            Span<byte> written = stackalloc byte[32];
            value.TryFormat(written, out var length, default, CultureInfo.InvariantCulture);
            batch.SetNumber(row, column, double.CreateChecked(value), written[..length]);
        }
    }

    private static void ReadText(ReadOnlySpan<byte> bytes, int row, int column, RowBatch batch)
    {
        var room = batch.Room(bytes.Length);
        if (Utf8.ToUtf16(bytes, room, out _, out var length, replaceInvalidSequences: false) == OperationStatus.Done) batch.SetText(row, column, room[..length]);
        else batch.Problem(row, batch.Signature.Inputs[column].Name, "bytes that are not UTF-8", "a text in UTF-8");
    }

    public static long SizeOfClasses(Prediction prediction)
    {
        var size = 0L;
        for (var row = 0; row < prediction.Rows.RowCount; row++) size += LengthBytes + Encoding.UTF8.GetByteCount(prediction.Predictor.Target.Classes[prediction.AnsweredClass(row)]);
        return size;
    }

    /// <summary>Writes the answered class of each row.</summary>
    public static void WriteClasses(Prediction prediction, IBufferWriter<byte> output)
    {
        for (var row = 0; row < prediction.Rows.RowCount; row++)
        {
            var name = prediction.Predictor.Target.Classes[prediction.AnsweredClass(row)];
            var length = Encoding.UTF8.GetByteCount(name);
            var span = output.GetSpan(LengthBytes + length);
            BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)length);
            Encoding.UTF8.GetBytes(name, span[LengthBytes..]);
            output.Advance(LengthBytes + length);
        }
    }

    /// <summary>Writes the first so many numbers of each row; NaN where there is no finite one.</summary>
    public static void WriteNumbers(Prediction prediction, int count, IBufferWriter<byte> output)
    {
        for (var row = 0; row < prediction.Rows.RowCount; row++)
            foreach (var number in prediction.Outputs(row)[..count])
            {
                BinaryPrimitives.WriteDoubleLittleEndian(output.GetSpan(sizeof(double)), double.IsFinite(number) ? prediction.Disclosure.Tell(number) : double.NaN);
                output.Advance(sizeof(double));
            }
    }
}
