using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Numbers that begin at a whole number of cache lines, so that a wide register of them is one line and not two.</summary>
internal readonly struct AlignedLines<T> where T : unmanaged
{
    /// <summary>Bytes of a cache line.</summary>
    public const int LineBytes = 64;

    private readonly T[] _room;
    private readonly int _first;

    public AlignedLines(T[] values)
    {
        // An array of this heap does not move.
        _room = GC.AllocateUninitializedArray<T>(values.Length + (LineBytes / Unsafe.SizeOf<T>()), pinned: true);
        var beyond = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(_room, 0) % LineBytes);
        _first = beyond == 0 ? 0 : (LineBytes - beyond) / Unsafe.SizeOf<T>();
        values.CopyTo(_room, _first);
    }

    public ref T First => ref _room[_first];
}
