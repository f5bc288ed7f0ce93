using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench;
using ModelWorkbench.Workbench.Access;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The program as people start it: a process of its own, which can be killed.</summary>
public sealed partial class WorkbenchProcess : IDisposable
{
    private readonly Process _process;

    private readonly StringBuilder _log;

    private WorkbenchProcess(Process process, StringBuilder log, Uri address, ApiClient api)
    {
        _process = process;
        _log = log;
        Address = address;
        Api = api;
    }

    /// <summary>What it wrote to standard error so far.</summary>
    public string Log
    {
        get { lock (_log) return _log.ToString(); }
    }

    public Uri Address { get; }

    public int Id => _process.Id;

    public ApiClient Api { get; }

    [GeneratedRegex(@"https?://[\w.]+:\d+")]
    private static partial Regex PrintedAddress();

    /// <summary>Starts it on a free port and reads the address off the line it prints.</summary>
    /// <param name="dataFolder">An empty folder, or that of a program that has ended.</param>
    /// <param name="more">Further arguments.</param>
    public static async Task<WorkbenchProcess> StartAsync(string dataFolder, params string[] more)
    {
        var process = Start(["--data", dataFolder, "--port", "0", "--no-samples", .. more]);
        var log = new StringBuilder();
        process.ErrorDataReceived += (_, received) => { lock (log) log.AppendLine(received.Data); };
        process.BeginErrorReadLine();
        var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var match = PrintedAddress().Match(line ?? "");
        Assert.True(match.Success, $"The program printed '{line}', expected a line with its address.");
        var token = await NewTokenAsync(dataFolder);
        // A certificate of a test is signed by nobody.
        var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { BaseAddress = new Uri(match.Value) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return new WorkbenchProcess(process, log, http.BaseAddress, new ApiClient(http));
    }

    /// <summary>As the commands 'token' and 'link' make them, without the second that a further process takes.</summary>
    private static async Task<string> MakeAsync(string dataFolder, Func<AccessTokens, int, Task<string>> make)
    {
        var made = "";
        var settings = new Dictionary<string, string?> { ["Workbench:DataFolder"] = dataFolder, ["Workbench:Database"] = TestDatabase.ConnectionOf(dataFolder) };
        var code = await WebHost.WithDataAsync(settings, async (services, _) =>
        {
            var tokens = services.GetRequiredService<AccessTokens>();
            made = await make(tokens, await tokens.FirstAdministratorAsync(TestContext.Current.CancellationToken));
            return 0;
        });
        Assert.Equal(0, code);
        return made;
    }

    private static Task<string> NewTokenAsync(string dataFolder) =>
        MakeAsync(dataFolder, (tokens, user) => tokens.CreateManagementAsync("tests", user, null, AccessTokens.DefaultDays, TestContext.Current.CancellationToken));

    /// <summary>A one-time token that signs the first administrator in.</summary>
    public static Task<string> NewSignInAsync(string dataFolder) => MakeAsync(dataFolder, (tokens, user) => tokens.CreateSignInAsync(user, TestContext.Current.CancellationToken));

    /// <summary>Runs it to its end; what should end at once is killed after a minute.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    /// <summary>Ends it as kill -9 does: nothing in it gets to say goodbye.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Asks it to end as a system does that shuts down.</summary>
    public void Terminate()
    {
        const int sigTerm = 15;
        Assert.Equal(0, SendSignal(_process.Id, sigTerm));
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);

    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan atMost)
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(atMost, TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Starts it, and ends it as kill -9 does a moment after something has begun.</summary>
    /// <returns>Whether it had not ended by itself.</returns>
    public static async Task<bool> KillDuringStartAsync(string dataFolder, Func<bool> hasBegun, TimeSpan after)
    {
        using var process = Start("--data", dataFolder, "--port", "0", "--no-samples");
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await Poll.UntilAsync(() => Task.FromResult(hasBegun() || process.HasExited), TimeSpan.FromSeconds(30), "it has begun");
        await Task.Delay(after, TestContext.Current.CancellationToken);
        var runs = !process.HasExited;
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return runs;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        Api.Http.Dispose();
    }

    private static Process Start(params string[] arguments)
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var start = new ProcessStartInfo(Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Workbench.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        if (Array.IndexOf(arguments, "--data") is >= 0 and var data && TestDatabase.ConnectionOf(arguments[data + 1]) is { Length: > 0 } database) start.Environment["Workbench__Database"] = database;
        return Process.Start(start)!;
    }
}

/// <summary>Training processes, found by the folder of their job on the command line.</summary>
public static class TrainingProcesses
{
    /// <summary>Ids of the running training processes of the app with this data folder; skips the test where there is no /proc.</summary>
    public static IReadOnlyList<int> Of(string dataFolder)
    {
        if (!Directory.Exists("/proc")) Assert.Skip("Finding training processes needs /proc.");
        List<int> ids = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id)) continue;
            try
            {
                // Empty for one that has ended and only waits for its parent to notice.
                var arguments = File.ReadAllText(Path.Combine(folder, "cmdline")).Split('\0');
                if (arguments.Contains("train") && arguments.Any(a => a.StartsWith(dataFolder, StringComparison.Ordinal))) ids.Add(id);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at, or belongs to somebody else.
            }
        }
        return ids;
    }
}
