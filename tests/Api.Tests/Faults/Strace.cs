using System.Diagnostics;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>System calls of a process that fail, or end it, when we say so (strace -e inject).</summary>
public sealed class Strace : IDisposable
{
    private readonly Process _process;

    private Strace(Process process) => _process = process;

    /// <summary>Attaches to all threads of a process; skips the test where that cannot be done.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="inject">As strace takes it, such as <c>fsync:error=EIO</c>.</param>
    public static async Task<Strace> AttachAsync(int process, string inject)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && (File.Exists("/usr/bin/strace") || File.Exists("/bin/strace")), "There is no strace here, which makes system calls fail.");
        var information = new ProcessStartInfo("strace") { RedirectStandardError = true };
        foreach (var argument in (string[])["-f", "-p", $"{process}", "-o", "/dev/null", "-e", $"trace={inject[..inject.IndexOf(':', StringComparison.Ordinal)]}", "-e", $"inject={inject}"]) information.ArgumentList.Add(argument);
        var strace = Process.Start(information)!;
        var said = await strace.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        if (said?.Contains("attached", StringComparison.Ordinal) == true)
        {
            // It goes on telling of threads, and stands still where nobody reads.
            _ = strace.StandardError.ReadToEndAsync(CancellationToken.None);
            return new Strace(strace);
        }
        strace.Kill();
        strace.Dispose();
        Assert.Skip($"strace may not attach to a process here: {said}");
        return null!;
    }

    /// <summary>From here on calls do what they should.</summary>
    public void Dispose()
    {
        // Ended, it would take its tracee's signal handling along; interrupted, it detaches first.
        if (!_process.HasExited) Process.Start("kill", ["-INT", $"{_process.Id}"]).WaitForExit();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) _process.Kill();
        _process.Dispose();
    }
}
