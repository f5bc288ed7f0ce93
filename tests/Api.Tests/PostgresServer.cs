using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Npgsql;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A PostgreSQL server of the tests' own, on a free port of this machine, gone with all it holds afterwards; its text is ordered by language, as that of most servers.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const int Quit = 3, Continue = 18, Stop = 19;

    // PostgreSQL does not run as root.
    private const string Account = "postgres";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"workbench-postgres-{Guid.NewGuid():N}");
    private Process? _process;
    private string? _binaries, _whyNot;
    private int _port;

    /// <summary>Of its administrator. Skips the test where there is no server.</summary>
    public string Connection
    {
        get
        {
            Assert.SkipWhen(_whyNot is not null, _whyNot ?? "");
            return $"Host=127.0.0.1;Port={_port};Username={Account};Database=postgres";
        }
    }

    public async ValueTask InitializeAsync()
    {
        _binaries = Binaries();
        if (_binaries is null)
        {
            _whyNot = "There is no PostgreSQL server here (initdb and postgres, on the path or below /usr/lib/postgresql).";
            return;
        }
        Directory.CreateDirectory(_folder);
        if (IsRoot)
        {
            if (!File.Exists("/usr/bin/setpriv") || await RunAsync("chown", Account, _folder) is not null)
            {
                _whyNot = "PostgreSQL does not run as root, and there is no account 'postgres' here.";
                return;
            }
        }
        var data = Path.Combine(_folder, "data");
        string[] create = ["-D", data, "-U", Account, "--auth=trust", "--encoding=UTF8", "--no-sync"];
        // Some servers are built without ICU.
        if (await RunAsServerAsync("initdb", [.. create, "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]) is not null)
        {
            if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
            _whyNot = await RunAsServerAsync("initdb", [.. create, "--locale=C"]) is { } failure ? $"initdb failed: {failure}" : null;
            if (_whyNot is not null) return;
        }
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            _port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        await StartAsync();
    }

    /// <summary>Starts it, also after it was ended.</summary>
    public async Task StartAsync()
    {
        _process = Process.Start(AsServer("postgres", ["-D", Path.Combine(_folder, "data"), "-k", _folder, "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-c", "max_connections=200"]))!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        await Poll.UntilAsync(async () =>
        {
            Assert.False(_process.HasExited, "The server has ended.");
            try
            {
                await using var connection = new NpgsqlConnection(Connection + ";Pooling=false");
                await connection.OpenAsync(TestContext.Current.CancellationToken);
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(60), "the server answers");
    }

    /// <summary>Ends it as a crash does: no connection is asked to end, nothing is tidied up.</summary>
    public async Task CrashAsync()
    {
        Assert.Equal(0, SendSignal(_process!.Id, Quit));
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Stands still with all its processes, as a machine does that is suspended, or a disk that is waited for; its connections stay open.</summary>
    public void Freeze() => SignalAll(Stop);

    /// <summary>Goes on where it stood still.</summary>
    public void Thaw() => SignalAll(Continue);

    private void SignalAll(int signal)
    {
        // Its processes are children of the first.
        var children = Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _) && ParentOf(folder) == _process!.Id).Select(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture));
        foreach (var process in (int[])[_process!.Id, .. children]) _ = SendSignal(process, signal);

        static int? ParentOf(string folder)
        {
            try
            {
                return int.Parse(File.ReadLines(Path.Combine(folder, "status")).First(l => l.StartsWith("PPid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It ended while it was looked at.
                return null;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _ = SendSignal(_process.Id, Quit);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process?.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    private static string? Binaries()
    {
        if (OperatingSystem.IsWindows()) return null;
        var folders = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var version) ? version : 0).Select(d => Path.Combine(d, "bin")) : [];
        return folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "postgres")));
    }

    private ProcessStartInfo AsServer(string program, string[] arguments)
    {
        var path = Path.Combine(_binaries!, program);
        var start = new ProcessStartInfo(IsRoot ? "setpriv" : path) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder };
        // It becomes the server, rather than to start it: so its id is the server's.
        if (IsRoot) foreach (var argument in (string[])[$"--reuid={Account}", $"--regid={Account}", "--clear-groups", path]) start.ArgumentList.Add(argument);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    private Task<string?> RunAsServerAsync(string program, string[] arguments) => RunAsync(AsServer(program, arguments));

    private static Task<string?> RunAsync(string program, params string[] arguments) => RunAsync(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true });

    /// <returns>Null, or what it said where it failed.</returns>
    private static async Task<string?> RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode == 0 ? null : $"{await output} {await error}".Trim();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
