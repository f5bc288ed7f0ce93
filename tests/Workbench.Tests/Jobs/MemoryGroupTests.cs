using System.Diagnostics;
using ModelWorkbench.Workbench.Jobs;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Jobs;

public sealed class MemoryGroupTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("groups-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>The kernel itself: a process that asks for twice its limit is gone, whatever language it is written in, and this one stays.</summary>
    [Fact]
    public async Task A_process_that_asks_for_twice_the_limit_is_ended_by_the_kernel()
    {
        const int limit = 64;
        using var group = MemoryGroup.TryCreate(limit);
        Assert.SkipWhen(group is null, "This account may make no control group with a memory limit here.");
        var information = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true };
        information.ArgumentList.Add("-c");
        // Waits until it is in the group; then a text of 128 MB in one process.
        information.ArgumentList.Add("read go; tail -c 134217728 /dev/zero | tail -n 1 | wc -c; wait");
        using var process = Process.Start(information)!;
        Assert.True(group.TryAdd(process.Id));
        await process.StandardInput.WriteLineAsync("go");
        var counted = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual("134217728", counted.Trim());
        Assert.True(group.HasKilled);
        Assert.False(group.TryAdd(process.Id), "It has ended.");
    }

    [Fact]
    public void Version_1_bounds_memory_and_swap_where_the_process_is()
    {
        var parent = Directory.CreateDirectory(Path.Combine(_root, "memory", "service")).FullName;
        using var group = MemoryGroup.TryCreate(64, _root, Membership("5:cpu:/", "4:memory:/service", "0::/"));
        Assert.NotNull(group);
        var made = Assert.Single(Directory.GetDirectories(parent));
        Assert.Equal("67108864", File.ReadAllText(Path.Combine(made, "memory.limit_in_bytes")));
        File.WriteAllText(Path.Combine(made, "memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
        Assert.False(group.HasKilled);
        File.WriteAllText(Path.Combine(made, "memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
        Assert.True(group.HasKilled);
    }

    [Fact]
    public void Version_2_puts_the_processes_of_a_group_that_is_ours_into_a_leaf_once()
    {
        var own = Directory.CreateDirectory(Path.Combine(_root, "system.slice", "workbench.service")).FullName;
        File.WriteAllText(Path.Combine(own, "cgroup.controllers"), "cpu memory pids\n");
        File.WriteAllText(Path.Combine(own, "cgroup.subtree_control"), "\n");
        File.WriteAllText(Path.Combine(own, "cgroup.procs"), "4711\n");
        using var first = MemoryGroup.TryCreate(64, _root, Membership("0::/system.slice/workbench.service"));
        Assert.NotNull(first);
        var leaf = Path.Combine(own, "workbench-web");
        Assert.Equal("4711", File.ReadAllText(Path.Combine(leaf, "cgroup.procs")));
        Assert.Equal("+memory", File.ReadAllText(Path.Combine(own, "cgroup.subtree_control")));
        // As the kernel tells it from then on.
        File.WriteAllText(Path.Combine(own, "cgroup.subtree_control"), "memory\n");
        File.WriteAllText(Path.Combine(leaf, "cgroup.controllers"), "memory\n");
        using var second = MemoryGroup.TryCreate(128, _root, Membership("0::/system.slice/workbench.service/workbench-web"));
        Assert.NotNull(second);
        Assert.Empty(Directory.GetDirectories(leaf));
        Assert.Equal(["134217728", "67108864"], Directory.GetDirectories(own, "workbench-*").Where(d => d != leaf).Select(d => File.ReadAllText(Path.Combine(d, "memory.max"))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Where_no_memory_controller_is_handed_down_there_is_none()
    {
        File.WriteAllText(Path.Combine(_root, "cgroup.controllers"), "hugetlb\n");
        Assert.Null(MemoryGroup.TryCreate(64, _root, Membership("0::/")));
        Assert.Null(MemoryGroup.TryCreate(64, _root, Path.Combine(_root, "nothing")));
    }

    private string Membership(params string[] lines)
    {
        var file = Path.Combine(_root, "membership");
        File.WriteAllLines(file, lines);
        return file;
    }
}
