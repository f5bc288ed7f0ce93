using System.Diagnostics;
using Microsoft.Playwright;

namespace ModelWorkbench.Browser.Tests;

/// <summary>A Chromium, Chrome or Edge: the one that is installed, else one that is installed here and now.</summary>
public static class Chromium
{
    private static readonly string[] Arguments =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private static readonly string[] KnownPlaces =
    [
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable", "/usr/bin/microsoft-edge", "/snap/bin/chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        @"C:\Program Files\Google\Chrome\Application\chrome.exe", @"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe", @"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ];

    public static async Task<IBrowser> LaunchAsync(IPlaywright playwright)
    {
        // Null where Playwright's own download is used: it knows where that lies.
        var path = Find() ?? await InstallAsync();
        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = Arguments });
    }

    // Two fixtures start at once; only one of them may install.
    private static readonly SemaphoreSlim Installing = new(1);

    private static string? Find() => Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } chosen ? chosen : KnownPlaces.FirstOrDefault(File.Exists);

    private static async Task<string?> InstallAsync()
    {
        await Installing.WaitAsync();
        try
        {
            return Find() ?? await InstallNowAsync();
        }
        finally
        {
            Installing.Release();
        }
    }

    private static async Task<string?> InstallNowAsync()
    {
        if (OperatingSystem.IsLinux() && File.Exists("/usr/bin/apt-get") && Environment.UserName == "root")
        {
            await RunAsync("apt-get", "update");
            await RunAsync("apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", "chromium");
            return Find() ?? throw new InvalidOperationException("The package chromium was installed, but no Chromium is where it should be.");
        }
        var exitCode = Microsoft.Playwright.Program.Main(["install", "chromium"]);
        return exitCode == 0 ? null : throw new InvalidOperationException($"No Chromium, Chrome or Edge was found, and Playwright could not install one (exit code {exitCode}). Install one, or name it in the environment variable CHROMIUM.");
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { Environment = { ["DEBIAN_FRONTEND"] = "noninteractive" }, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}: {await output}{await errors}");
    }
}
