using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ModelWorkbench.Workbench.Jobs;

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

    /// <summary>This process gets the processor after others that want it, and is the first to go where the machine runs out of memory. At its start: threads have what the one had that made them.</summary>
    public static void TakeProcess()
    {
        Take();
        if (OperatingSystem.IsWindows()) Process.GetCurrentProcess().PriorityClass = ProcessPriorityClass.BelowNormal;
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A system that hides /proc kills by its own judgement.
        }
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int SetPriority(int which, uint who, int priority);
}
