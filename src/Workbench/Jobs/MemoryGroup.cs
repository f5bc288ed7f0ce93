using System.Globalization;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>A control group of Linux that bounds the memory of one process tree: what goes beyond is ended by the kernel at once, however fast it asks for memory, and nothing else on the machine is.</summary>
/// <remarks>Versions 1 and 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html). Where none can be made (no Linux, no right to, no memory controller handed down), the memory of the process is looked at from time to time instead.</remarks>
public sealed class MemoryGroup : IDisposable
{
    private const string DefaultRoot = "/sys/fs/cgroup";
    private const string Leaf = "workbench-web";

    private readonly string _folder;
    private readonly string _events;

    private MemoryGroup(string folder, string events) => (_folder, _events) = (folder, events);

    /// <param name="megabytes">Resident memory and swap that the group may use.</param>
    /// <param name="root">Where control groups are mounted.</param>
    /// <param name="membership">What /proc/self/cgroup says of this process.</param>
    /// <returns>Null where none can be made.</returns>
    public static MemoryGroup? TryCreate(int megabytes, string root = DefaultRoot, string membership = "/proc/self/cgroup")
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            var lines = File.ReadAllLines(membership).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3).ToArray();
            var bytes = (megabytes * 1024L * 1024L).ToString(CultureInfo.InvariantCulture);
            if (lines.FirstOrDefault(parts => parts[1].Split(',').Contains("memory")) is { } first)
                return Make(Path.Join(root, "memory", first[2]), "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", bytes, "memory.oom_control");
            // Version 2 hands a controller down only from a group that holds no process itself: of one that a service manager gave us whole, its processes go into a leaf.
            if (lines.FirstOrDefault(parts => parts[0] == "0") is not { } second) return null;
            var own = Path.Join(root, second[2]);
            if (!Holds(own, "cgroup.controllers")) return null;
            if (Path.GetFileName(own) == Leaf && Holds(Path.GetDirectoryName(own)!, "cgroup.subtree_control")) own = Path.GetDirectoryName(own)!;
            if (!Holds(own, "cgroup.subtree_control"))
            {
                var leaf = Directory.CreateDirectory(Path.Combine(own, Leaf)).FullName;
                foreach (var process in File.ReadAllLines(Path.Combine(own, "cgroup.procs"))) File.WriteAllText(Path.Combine(leaf, "cgroup.procs"), process);
                File.WriteAllText(Path.Combine(own, "cgroup.subtree_control"), "+memory");
            }
            return Make(own, "memory.max", "memory.swap.max", bytes, "memory.events");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        static bool Holds(string folder, string file) => File.ReadAllText(Path.Combine(folder, file)).Split([' ', '\n']).Contains("memory");
    }

    private static MemoryGroup Make(string parent, string limit, string swapLimit, string bytes, string events)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"workbench-{Guid.NewGuid():N}")).FullName;
        var group = new MemoryGroup(folder, Path.Combine(folder, events));
        try
        {
            File.WriteAllText(Path.Combine(folder, limit), bytes);
            // In version 1 it counts memory and swap together, in version 2 swap alone; a kernel without accounting of swap has no such file.
            var swap = Path.Combine(folder, swapLimit);
            if (File.Exists(swap)) File.WriteAllText(swap, swapLimit.StartsWith("memory.memsw", StringComparison.Ordinal) ? bytes : "0");
            return group;
        }
        catch
        {
            group.Dispose();
            throw;
        }
    }

    /// <summary>Takes a process in, with all that it starts from now on.</summary>
    /// <returns>Whether it is in; it is not where it has ended, or may not be moved.</returns>
    public bool TryAdd(int processId)
    {
        try
        {
            File.WriteAllText(Path.Combine(_folder, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether the kernel ended a process of the group for its memory.</summary>
    public bool HasKilled
    {
        get
        {
            try
            {
                return File.ReadLines(_events).Any(line => line.StartsWith("oom_kill ", StringComparison.Ordinal) && line != "oom_kill 0");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Removes the group, whose processes have ended.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something in it is still ending: an empty group costs nothing and goes with the machine.
        }
    }
}
