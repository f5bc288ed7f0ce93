using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace ModelWorkbench.Browser.Tests;

/// <summary>What the README says can be pasted.</summary>
public sealed partial class ReadmeTests(Workbench workbench) : IClassFixture<Workbench>
{
    [Fact]
    public async Task The_journey_in_curl_works_as_it_stands_in_the_readme()
    {
        Assert.SkipUnless(File.Exists("/bin/bash") && Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "curl"))), "Needs bash and curl.");
        var root = Root();
        var journey = Block().Matches(await File.ReadAllTextAsync(Path.Combine(root, "README.md"), TestContext.Current.CancellationToken))[1].Groups[1].Value;
        const string start = "dotnet run --project src/Workbench -- token";
        const string address = "http://127.0.0.1:5080";
        Assert.Contains(start, journey);
        Assert.Contains(address, journey);
        // The same program on this test's data and port.
        journey = journey
            .Replace(start, $"dotnet '{typeof(Program).Assembly.Location}' token --data '{workbench.DataFolder}'", StringComparison.Ordinal)
            .Replace(address, workbench.Program.Address, StringComparison.Ordinal);

        using var bash = Process.Start(new ProcessStartInfo("/bin/bash", ["-euo", "pipefail", "-c", journey]) { WorkingDirectory = root, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(bash.ExitCode == 0, $"{await errors}{await output}");
        Assert.Contains("\"predictions\":[\"Gentoo\"]", await output);
        Assert.Contains("\"predictions\":[\"Adelie\"]", await output);
        Assert.Contains("\"status\":\"completed\"", await output);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ModelWorkbench.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not lie below the repository.");
    }

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
