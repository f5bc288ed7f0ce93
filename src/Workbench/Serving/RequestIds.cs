using System.Security.Cryptography;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Names for requests that came without one: UUIDs of version 8, in the order of time. Unlike random ones they cost no call to the system, and they are no secret.</summary>
public static class RequestIds
{
    // Apart from other processes and earlier runs.
    private static readonly int Process = RandomNumberGenerator.GetInt32(int.MaxValue);
    private static int _count;

    /// <param name="now">The time in UTC.</param>
    public static Guid Next(DateTimeOffset now)
    {
        var milliseconds = now.ToUnixTimeMilliseconds();
        var count = Interlocked.Increment(ref _count);
        return new Guid((int)(milliseconds >> 16), (short)milliseconds, (short)(0x8000 | (Process >>> 16 & 0xFFF)),
            (byte)(0x80 | (Process >>> 8 & 0x3F)), (byte)Process, (byte)(Process >>> 28), 0, (byte)(count >>> 24), (byte)(count >>> 16), (byte)(count >>> 8), (byte)count);
    }
}
