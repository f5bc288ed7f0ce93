using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>The many numbers of a model as arrays one behind the other, little-endian, each said by where it begins, how many there are and of what type.</summary>
/// <remarks>Few different numbers are written once, with a code of one or two bytes for each place: thresholds and leaves of trees repeat.</remarks>
internal sealed class ModelData
{
    private const int Alignment = 8;
    private const int MostCoded = 1 << 16;

    private readonly MemoryStream _bytes = new();

    public JsonNode Doubles(ReadOnlySpan<double> values) => TryCode(values, BitConverter.DoubleToInt64Bits, own => Put("f8", own)) ?? Put("f8", values);

    public JsonNode Singles(ReadOnlySpan<float> values) => TryCode(values, value => BitConverter.SingleToInt32Bits(value), own => Put("f4", own)) ?? Put("f4", values);

    /// <summary>As bytes, or in two or four bytes each, whichever holds them.</summary>
    /// <param name="values">0 or more.</param>
    public JsonNode Counts(ReadOnlySpan<int> values)
    {
        var largest = 0;
        foreach (var value in values) largest = Math.Max(largest, value);
        if (largest > ushort.MaxValue) return Put("i4", values);
        if (largest > byte.MaxValue)
        {
            var words = new ushort[values.Length];
            for (var i = 0; i < words.Length; i++) words[i] = (ushort)values[i];
            return Put<ushort>("u2", words);
        }
        var bytes = new byte[values.Length];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)values[i];
        return Put<byte>("u1", bytes);
    }

    public JsonNode Whole(ReadOnlySpan<short> values) => Put("i2", values);

    /// <summary>All arrays, compressed.</summary>
    public byte[] Compress()
    {
        // Of nothing at all there would be no stream.
        if (_bytes.Length == 0) _bytes.WriteByte(0);
        using var compressed = new MemoryStream();
        using (var stream = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true)) stream.Write(_bytes.GetBuffer().AsSpan(0, (int)_bytes.Length));
        return compressed.ToArray();
    }

    private JsonNode? TryCode<T>(ReadOnlySpan<T> values, Func<T, long> bits, Func<T[], JsonNode> put) where T : unmanaged
    {
        if (values.Length < 64) return null;
        var codes = new Dictionary<long, int>();
        var table = new List<T>();
        var places = new int[values.Length];
        for (var i = 0; i < places.Length; i++)
        {
            if (!codes.TryGetValue(bits(values[i]), out var code))
            {
                if (codes.Count == MostCoded || codes.Count > values.Length / 2) return null;
                codes.Add(bits(values[i]), code = codes.Count);
                table.Add(values[i]);
            }
            places[i] = code;
        }
        return new JsonObject { ["table"] = put([.. table]), ["codes"] = Counts(places) };
    }

    private JsonNode Put<T>(string type, ReadOnlySpan<T> values) where T : unmanaged
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Models are exported on little-endian machines.");
        while (_bytes.Length % Alignment != 0) _bytes.WriteByte(0);
        // As a text: a line of numbers each would make the readable part long.
        var said = JsonValue.Create(string.Create(CultureInfo.InvariantCulture, $"{type} {_bytes.Length} {values.Length}"));
        _bytes.Write(MemoryMarshal.AsBytes(values));
        return said;
    }
}
