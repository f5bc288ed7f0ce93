using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>How a training process ended.</summary>
/// <param name="Succeeded">It did all it was asked for.</param>
/// <param name="Reason">For people, where it did not.</param>
public sealed record TrainingExit(bool Succeeded, string? Reason);

/// <summary>A child process of this program that trains, watched from outside: events in order, memory within its limit, gone at once when asked.</summary>
public sealed class TrainingProcess(string folder, int memoryMegabytes, ILogger logger)
{
    private static readonly TimeSpan MemoryCheckInterval = TimeSpan.FromMilliseconds(250);
    private const int ErrorLinesKept = 20;

    private readonly Queue<string> _errorLines = new();
    private readonly SemaphoreSlim _writing = new(1);
    private Process? _process;

    /// <summary>Tells the running process something; without one, or with one that has just ended, nothing happens.</summary>
    public async Task SendAsync(JobCommand command, CancellationToken cancellationToken)
    {
        if (_process is not { } process) return;
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command, CoreJson.Options).AsMemory(), cancellationToken);
            await process.StandardInput.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            logger.LogDebug(e, "The training process had ended before it could be told {Command}", command.GetType().Name);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Runs the job in the folder to its end.</summary>
    /// <param name="handle">Called for every event, one at a time; the process waits when it is slow.</param>
    /// <param name="cancellationToken">Kills the process; the cores are free when this method throws.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<TrainingExit> RunAsync(Func<ExperimentEvent, Task> handle, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo() };
        process.ErrorDataReceived += (_, line) => { if (line.Data is { } text) KeepErrorLine(text); };
        using var group = MemoryGroup.TryCreate(memoryMegabytes);
        process.Start();
        group?.TryAdd(process.Id);
        _process = process;
        process.BeginErrorReadLine();
        using var ended = new CancellationTokenSource();
        var memory = WatchMemoryAsync(process, ended.Token);
        try
        {
            // Killing is the whole of cancelling: it frees the cores at once, whatever native code is doing, and loses only the trial in flight.
            await using var kill = cancellationToken.Register(() => Kill(process));
            while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
                if (Parse(line) is { } experimentEvent) await handle(experimentEvent);
            // Its output ended, so it is about to; killed now it would seem to have failed.
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            _process = null;
            Kill(process);
            // Its folder can be removed only when it is really gone.
            await process.WaitForExitAsync(CancellationToken.None);
            await ended.CancelAsync();
        }
        var exceeded = await memory;
        cancellationToken.ThrowIfCancellationRequested();
        if (group?.HasKilled == true) return new TrainingExit(false, $"The training process needed more memory than the limit of {memoryMegabytes:N0} MB (TrainingMemoryMegabytes) and was ended.");
        if (exceeded is { } megabytes) return new TrainingExit(false, $"The training process used {megabytes:N0} MB, more than the limit of {memoryMegabytes:N0} MB (TrainingMemoryMegabytes), and was ended.");
        return process.ExitCode == 0 ? new TrainingExit(true, null) : new TrainingExit(false, Explain(process.ExitCode));
    }

    private ProcessStartInfo StartInfo()
    {
        var assembly = typeof(TrainingProcess).Assembly.Location;
        var info = new ProcessStartInfo(DotnetHost()) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add(assembly);
        info.ArgumentList.Add(TrainingCommand.Name);
        info.ArgumentList.Add(folder);
        // The managed heap gets most of the limit, so that running out is an exception with a reason before it is the end of the process.
        info.Environment["DOTNET_GCHeapHardLimit"] = "0x" + ((long)memoryMegabytes * 1024 * 1024 * 8 / 10).ToString("X", CultureInfo.InvariantCulture);
        info.Environment["DOTNET_gcServer"] = "0";
        info.Environment["DOTNET_TieredPGO"] = "0";
        return info;
    }

    /// <summary>The dotnet program that runs this process, found from the runtime's own folder: neither PATH nor the name of our executable (a test runner's, say) can be relied on.</summary>
    private static string DotnetHost()
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(host) ? host : "dotnet";
    }

    private ExperimentEvent? Parse(string line)
    {
        if (!line.StartsWith('{')) { KeepErrorLine(line); return null; }
        try
        {
            return JsonSerializer.Deserialize<ExperimentEvent>(line, CoreJson.Options);
        }
        catch (JsonException e)
        {
            logger.LogWarning(e, "The training process wrote a line that is no event: {Line}", line);
            return null;
        }
    }

    private async Task<long?> WatchMemoryAsync(Process process, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                await Task.Delay(MemoryCheckInterval, ended);
                process.Refresh();
                if (process.HasExited) return null;
                var megabytes = process.WorkingSet64 / (1024 * 1024);
                if (megabytes <= memoryMegabytes) continue;
                Kill(process);
                return megabytes;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException)
        {
            return null;
        }
    }

    private string Explain(int exitCode)
    {
        var signal = exitCode - 128;
        // What native code does wrong ends in one of these; the runtime turns some into an abort.
        var how = signal is 4 or 6 or 7 or 8 or 11 ? $"crashed (signal {signal})" : signal is > 0 and < 65 ? $"was ended from outside (signal {signal}{(signal == 9 ? ", killed; the system does so when memory runs out" : "")})" : $"ended with exit code {exitCode}";
        string last;
        lock (_errorLines) last = string.Join(" ", _errorLines).Trim();
        return last.Length == 0 ? $"The training process {how}." : $"The training process {how}. It said last: {(last.Length > 500 ? last[^500..] : last)}";
    }

    private void KeepErrorLine(string line)
    {
        lock (_errorLines)
        {
            _errorLines.Enqueue(line);
            if (_errorLines.Count > ErrorLinesKept) _errorLines.Dequeue();
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the call.
        }
    }
}
