using System.Buffers.Binary;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Reads numbers from bytes that may be damaged: every length is held against what is left, every failure says place, found and expected.</summary>
internal sealed class ScorerReader(ReadOnlyMemory<byte> bytes)
{
    private int _position;

    /// <summary>The tree being read, for the messages.</summary>
    public int? Tree { get; set; }

    public int Remaining => bytes.Length - _position;

    public InvalidDataException Damage(string place, string found, string expected) =>
        new($"The model file is damaged at byte {_position} ({(Tree is { } tree ? $"tree {tree}, " : "")}{place}): found {found}, expected {expected}.");

    public byte ReadByte(string place) => Next(1, place)[0];

    public float ReadFiniteSingle(string place)
    {
        var value = BinaryPrimitives.ReadSingleLittleEndian(Next(sizeof(float), place));
        return float.IsFinite(value) ? value : throw Damage(place, $"{value}", "a finite number");
    }

    /// <summary>A split's threshold, which may be infinite: "any value that is not missing".</summary>
    public float ReadThreshold(string place)
    {
        var value = BinaryPrimitives.ReadSingleLittleEndian(Next(sizeof(float), place));
        return !float.IsNaN(value) ? value : throw Damage(place, "NaN", "a number");
    }

    public double ReadFiniteDouble(string place)
    {
        var value = BinaryPrimitives.ReadDoubleLittleEndian(Next(sizeof(double), place));
        return double.IsFinite(value) ? value : throw Damage(place, $"{value}", "a finite number");
    }

    public double[] ReadFiniteDoubles(long count, string place)
    {
        if (count < 0 || count * sizeof(double) > Remaining)
            throw Damage(place, $"{Remaining} bytes to the end", $"{count} numbers of {sizeof(double)} bytes");
        var values = new double[count];
        foreach (ref var value in values.AsSpan()) value = ReadFiniteDouble(place);
        return values;
    }

    public float[] ReadFiniteSingles(long count, string place)
    {
        if (count < 0 || count * sizeof(float) > Remaining)
            throw Damage(place, $"{Remaining} bytes to the end", $"{count} numbers of {sizeof(float)} bytes");
        var values = new float[count];
        foreach (ref var value in values.AsSpan()) value = ReadFiniteSingle(place);
        return values;
    }

    /// <summary>A whole number written by <see cref="BinaryWriter.Write7BitEncodedInt"/>.</summary>
    /// <param name="minimum">The smallest that makes sense.</param>
    /// <param name="maximum">The largest that makes sense.</param>
    /// <param name="place">For the message.</param>
    public int ReadCount(int minimum, int maximum, string place)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = ReadByte(place);
            value |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0) break;
            if (shift == 28) throw Damage(place, "a number of more than five bytes", $"{minimum} to {maximum}");
        }
        return value <= int.MaxValue && (int)value >= minimum && (int)value <= maximum ? (int)value : throw Damage(place, $"{value}", $"{minimum} to {maximum}");
    }

    public T ReadEnum<T>(string place) where T : struct, Enum
    {
        var value = ReadByte(place);
        var found = (T)Enum.ToObject(typeof(T), value);
        return Enum.IsDefined(found) ? found : throw Damage(place, $"{value}", $"one of {string.Join(", ", Enum.GetNames<T>())}");
    }

    public ReadOnlySpan<byte> Next(int count, string place)
    {
        if (count > Remaining) throw Damage(place, $"{Remaining} bytes to the end", $"{count} bytes");
        var next = bytes.Span.Slice(_position, count);
        _position += count;
        return next;
    }
}
