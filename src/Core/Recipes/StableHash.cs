using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace ModelWorkbench.Core.Recipes;

/// <summary>Hashes that are the same on every machine and in every run.</summary>
/// <remarks>Stands word for word in exported C# programs.</remarks>
internal static class StableHash
{
    /// <summary>A bucket that is the same on every machine and in every run.</summary>
    /// <returns>0 to <paramref name="buckets"/> - 1.</returns>
    /// <remarks>As scikit-learn's FeatureHasher: MurmurHash3 (x86, 32 bit, seed 0) of the UTF-8 text, its size modulo the buckets.</remarks>
    public static int Bucket(string text, int buckets)
    {
        var hash = (int)Murmur3(Encoding.UTF8.GetBytes(text));
        return hash == int.MinValue ? (int.MaxValue - (buckets - 1)) % buckets : Math.Abs(hash) % buckets;
    }

    /// <remarks>Appleby, MurmurHash3_x86_32 (public domain).</remarks>
    private static uint Murmur3(ReadOnlySpan<byte> bytes)
    {
        const uint c1 = 0xcc9e2d51, c2 = 0x1b873593;
        uint hash = 0;
        var length = bytes.Length;
        for (; bytes.Length >= 4; bytes = bytes[4..])
            hash = BitOperations.RotateLeft(hash ^ (BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(bytes) * c1, 15) * c2), 13) * 5 + 0xe6546b64;
        uint tail = 0;
        for (var i = bytes.Length - 1; i >= 0; i--) tail = (tail << 8) | bytes[i];
        if (bytes.Length > 0) hash ^= BitOperations.RotateLeft(tail * c1, 15) * c2;
        hash ^= (uint)length;
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }
}
