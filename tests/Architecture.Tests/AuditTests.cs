using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace ModelWorkbench.Architecture.Tests;

/// <summary>A package of which a hole is known stops the build; tried with the settings of this repository on a project and a feed of the test's own, whose list of holes names one package.</summary>
public sealed class AuditTests : IDisposable
{
    private const string Package = "ModelWorkbench.Tests.Holed";

    private static readonly string Root = NoticesTests.FindRoot();

    private readonly string _folder = Directory.CreateTempSubdirectory("audit").FullName;
    private readonly HttpListener _feed = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _feed.Close();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("1.0.0", "NU1903")]
    [InlineData("2.0.0", null)]
    public async Task A_package_with_a_known_hole_stops_the_build_and_the_version_after_it_does_not(string version, string? error)
    {
        var address = StartFeed();
        var packages = Directory.CreateDirectory(Path.Combine(_folder, "packages")).FullName;
        Pack(packages, version);
        foreach (var file in (string[])["Directory.Build.props", "Directory.Packages.props", "BannedSymbols.txt", "global.json"]) File.Copy(Path.Combine(Root, file), Path.Combine(_folder, file));
        await File.WriteAllTextAsync(Path.Combine(_folder, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="restored" /></config>
              <fallbackPackageFolders><clear />{string.Concat(NoticesTests.PackageFolders().Select((folder, i) => $"<add key=\"known{i}\" value=\"{folder}\" />"))}</fallbackPackageFolders>
              <packageSources><clear /><add key="own" value="packages" /></packageSources>
              <auditSources><clear /><add key="holes" value="{address}v3/index.json" allowInsecureConnections="true" /></auditSources>
            </configuration>
            """, Cancel);
        await File.WriteAllTextAsync(Path.Combine(_folder, "holed.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup>
                <PackageVersion Include="{Package}" Version="{version}" />
                <PackageReference Include="{Package}" />
              </ItemGroup>
            </Project>
            """, Cancel);

        var start = new ProcessStartInfo("dotnet", ["restore", "holed.csproj", "--nologo"]) { WorkingDirectory = _folder, RedirectStandardOutput = true };
        foreach (var (name, value) in ((string, string)[])[("NUGET_HTTP_CACHE_PATH", Path.Combine(_folder, "cache")), ("DOTNET_CLI_UI_LANGUAGE", "en"), ("MSBUILDDISABLENODEREUSE", "1")]) start.Environment[name] = value;
        using var restore = Process.Start(start)!;
        var told = await restore.StandardOutput.ReadToEndAsync(Cancel);
        await restore.WaitForExitAsync(Cancel);
        if (error is null) Assert.True(restore.ExitCode == 0, told);
        else
        {
            Assert.NotEqual(0, restore.ExitCode);
            Assert.Contains($"error {error}", told);
            Assert.Contains($"'{Package}' {version}", told);
        }
    }

    /// <summary>Tells of holes and nothing else, in the form of NuGet's VulnerabilityInfo resource.</summary>
    private string StartFeed()
    {
        using (var socket = new TcpListener(IPAddress.Loopback, 0))
        {
            socket.Start();
            _feed.Prefixes.Add($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}/");
        }
        _feed.Start();
        var address = _feed.Prefixes.Single();
        _ = Task.Run(async () =>
        {
            while (_feed.IsListening)
            {
                HttpListenerContext context;
                try { context = await _feed.GetContextAsync(); }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException) { return; }
                var body = Encoding.UTF8.GetBytes(context.Request.Url!.AbsolutePath switch
                {
                    "/v3/index.json" => $$"""{"version": "3.0.0", "resources": [{"@id": "{{address}}holes/index.json", "@type": "VulnerabilityInfo/6.7.0"}]}""",
                    "/holes/index.json" => $$"""[{"@name": "base", "@id": "{{address}}holes/base.json", "@updated": "2026-01-01T00:00:00Z", "comment": "all there are"}]""",
                    _ => $$"""{"{{Package.ToLowerInvariant()}}": [{"severity": 2, "url": "https://example.org/hole", "versions": "[1.0.0, 2.0.0)"}]}""",
                });
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(body);
                context.Response.Close();
            }
        });
        return address;
    }

    private static void Pack(string folder, string version)
    {
        using var zip = ZipFile.Open(Path.Combine(folder, $"{Package}.{version}.nupkg"), ZipArchiveMode.Create);
        using (var writer = new StreamWriter(zip.CreateEntry($"{Package}.nuspec").Open()))
            writer.Write($"""<package><metadata><id>{Package}</id><version>{version}</version><authors>tests</authors><description>Empty.</description></metadata></package>""");
        zip.CreateEntry("lib/netstandard2.0/_._");
    }
}
