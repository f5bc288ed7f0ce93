using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Settings that cannot work end the program before it begins, with exit code 2 and a reason on standard error.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Workbench:Port is 99999; expected 0 to 65535", "--port", "99999")]
    [InlineData("Workbench:Port is 99999; expected 0 to 65535", "--Workbench:Port=99999")]
    [InlineData("TrainingMemoryMegabytes is 1; expected 256 to 16777216", "--Workbench:TrainingMemoryMegabytes=1")]
    [InlineData("Colour", "--Workbench:Colour=blue")]
    [InlineData("Workbench:Database is a URL; expected a connection string", "--Workbench:Database=postgres://ann:word@localhost/workbench")]
    [InlineData("Workbench:Database cannot be read (", "--Workbench:Database=Host=localhost;Colour=blue")]
    [InlineData("many", "--Workbench:MaxPredictionRows=many")]
    [InlineData("Workbench:OpenId:Authority is 'http://login.example.org', where secrets would go without TLS; expected https", "--Workbench:OpenId:Authority=http://login.example.org", "--Workbench:OpenId:ClientId=a", "--Workbench:OpenId:ClientSecret=b")]
    [InlineData("Workbench:OpenId:ClientSecret is empty", "--Workbench:OpenId:Authority=https://login.example.org", "--Workbench:OpenId:ClientId=a")]
    [InlineData("Workbench:OpenId:Authority is empty beside ClientId", "--Workbench:OpenId:ClientId=a")]
    [InlineData("Workbench:OpenId:RequiredClaim is 'groups'; expected name=value", "--Workbench:OpenId:Authority=https://login.example.org", "--Workbench:OpenId:ClientId=a", "--Workbench:OpenId:ClientSecret=b", "--Workbench:OpenId:RequiredClaim=groups")]
    public async Task A_setting_that_cannot_work_is_named_with_found_and_expected(string told, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var (exitCode, output, error) = await WorkbenchProcess.RunAsync(["--data", folder.Path, .. arguments]);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains(told, error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_data_folder_that_is_a_file_is_named()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("data", "");
        var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", file);
        Assert.Equal(2, exitCode);
        Assert.Contains($"Workbench:DataFolder is '{file}', which is a file; expected a folder", error);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_made_is_named()
    {
        using var folder = new TemporaryFolder();
        var below = Path.Combine(folder.Write("file", ""), "data");
        var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", below);
        Assert.Equal(2, exitCode);
        Assert.Contains("Workbench:DataFolder", error);
        Assert.Contains(below, error);
    }

    [Fact]
    public async Task A_second_workbench_on_the_same_folder_and_one_on_the_same_port_are_refused()
    {
        using var folder = new TemporaryFolder();
        using var first = await WorkbenchProcess.StartAsync(folder.Path);
        var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", folder.Path, "--port", "0");
        Assert.Equal(2, exitCode);
        Assert.Contains($"'{folder.Path}' is in use by another workbench (process {first.Id})", error);

        using var other = new TemporaryFolder();
        (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", other.Path, "--no-samples", "--port", $"{first.Address.Port}");
        Assert.Equal(2, exitCode);
        Assert.Contains($"Port {first.Address.Port} cannot be used", error);
    }

    [Fact]
    public async Task An_unknown_option_is_refused_and_help_prints_the_options()
    {
        var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--colour", "blue");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("--colour", error);

        (exitCode, var output, _) = await WorkbenchProcess.RunAsync("--help");
        Assert.Equal(0, exitCode);
        Assert.All(["--port", "--data", "--no-samples", "token", "link"], option => Assert.Contains(option, output));
        Assert.DoesNotContain("train", output);
    }
}
