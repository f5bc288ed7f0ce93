using System.Runtime.InteropServices;

namespace ModelWorkbench.Workbench.Batches;

/// <summary>Work that gives way to requests.</summary>
internal static class LowPriority
{
    private const int OfProcess = 0;
    private const uint CallingThread = 0;
    private const int Nice = 10;

    /// <summary>The calling thread gets the processor after others that want it. For threads of one's own: the pool's would keep it.</summary>
    public static void Take()
    {
        // .NET does nothing about priorities on Linux, where every thread has a niceness of its own.
        if (OperatingSystem.IsLinux()) _ = SetPriority(OfProcess, CallingThread, Nice);
        else Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int SetPriority(int which, uint who, int priority);
}
