using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ModelWorkbench.Browser.Tests;

/// <summary>The program as a person starts it, on a free port and a data folder of its own.</summary>
public sealed partial class WorkbenchProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _log;

    private WorkbenchProcess(Process process, Uri signInLink, List<string> log)
    {
        (_process, _log) = (process, log);
        SignInLink = signInLink;
        Address = signInLink.GetLeftPart(UriPartial.Authority);
    }

    public string Address { get; }

    /// <summary>The program's log so far.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log) return [.. _log];
        }
    }

    /// <summary>What the program printed.</summary>
    public Uri SignInLink { get; }

    public static async Task<WorkbenchProcess> StartAsync(string dataFolder, int port = 0, params string[] more)
    {
        var info = new ProcessStartInfo(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[typeof(Program).Assembly.Location, "--data", dataFolder, "--port", port.ToString(CultureInfo.InvariantCulture), .. more]) info.ArgumentList.Add(argument);
        var process = Process.Start(info)!;
        var errors = new List<string>();
        process.ErrorDataReceived += (_, line) => { if (line.Data is { } text) lock (errors) errors.Add(text); };
        process.BeginErrorReadLine();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            if (Link().Match(line) is { Success: true } link)
            {
                // Read on, or the program would wait for a full pipe one day; ends with the program.
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                return new WorkbenchProcess(process, new Uri(link.Value), errors);
            }
        lock (errors) throw new InvalidOperationException($"The program ended without a link: {string.Join(Environment.NewLine, errors)}");
    }

    [GeneratedRegex(@"http://\S+/sign-in/\S+")]
    private static partial Regex Link();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
