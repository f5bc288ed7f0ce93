using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Xunit;

namespace ModelWorkbench.Architecture.Tests;

/// <summary>What others have written and the program is made of: named with its licence, restored as it was, without known holes.</summary>
public sealed class NoticesTests
{
    private const string Rewrite = "WORKBENCH_WRITE_NOTICES";

    private static readonly string Root = FindRoot();
    private static readonly string File = Path.Combine(Root, "THIRD-PARTY-NOTICES.md");

    /// <summary>Writes the file anew where the environment variable WORKBENCH_WRITE_NOTICES is set.</summary>
    [Fact]
    public void The_notices_name_every_package_with_its_licence()
    {
        var expected = Write();
        if (Environment.GetEnvironmentVariable(Rewrite) is { Length: > 0 }) System.IO.File.WriteAllText(File, expected);
        Assert.True(System.IO.File.Exists(File) && System.IO.File.ReadAllText(File).ReplaceLineEndings("\n") == expected,
            $"THIRD-PARTY-NOTICES.md is not what the restored packages say. Set {Rewrite}=1, run this test again, and commit the file.");
        Assert.DoesNotContain("licence unknown", expected);
    }

    [Fact]
    public void Lock_files_hold_hashes_and_no_address_of_a_feed()
    {
        var files = Directory.GetFiles(Path.Combine(Root, "src"), "packages.lock.json", SearchOption.AllDirectories).Concat(Directory.GetFiles(Path.Combine(Root, "tests"), "packages.lock.json", SearchOption.AllDirectories)).ToArray();
        Assert.Equal(Directory.GetFiles(Root, "*.csproj", SearchOption.AllDirectories).Length, files.Length);
        Assert.All(files, f => Assert.DoesNotContain("://", System.IO.File.ReadAllText(f)));
    }

    /// <summary>Cookies could be forged with 10.0.0 to 10.0.6 (CVE-2026-40372); no feed needs to tell for this to be refused.</summary>
    [Fact]
    public void What_seals_cookies_is_not_of_the_versions_that_could_be_forged()
    {
        foreach (var file in Directory.GetFiles(Root, "packages.lock.json", SearchOption.AllDirectories))
        {
            using var json = JsonDocument.Parse(System.IO.File.ReadAllText(file));
            foreach (var framework in json.RootElement.GetProperty("dependencies").EnumerateObject())
                if (framework.Value.TryGetProperty("Microsoft.AspNetCore.DataProtection", out var package)) Assert.True(IsSealed(Version.Parse(package.GetProperty("resolved").GetString()!)), file);
        }
        Assert.True(IsSealed(Environment.Version), $"The runtime is {Environment.Version}; expected 10.0.7 or later.");

        static bool IsSealed(Version version) => version.Major != 10 || version >= new Version(10, 0, 7);
    }

    /// <summary>Where packages lie that were restored.</summary>
    internal static string[] PackageFolders()
    {
        using var assets = JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(Root, "src", "Workbench", "obj", "project.assets.json")));
        return PackageFolders(assets);
    }

    private static string[] PackageFolders(JsonDocument assets) => [.. assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(f => f.Name)];

    private static string Write()
    {
        using var assets = JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(Root, "src", "Workbench", "obj", "project.assets.json")));
        var folders = PackageFolders(assets);
        var text = new StringBuilder("# Third-party notices\n\nModel Workbench is made of these packages. The list is written by a test (`NoticesTests`) out of what was restored for `src/Workbench`, their licences as the packages themselves state them.\n\n| Package | Licence | By | Home |\n| --- | --- | --- | --- |\n");
        var texts = new SortedDictionary<string, (string Text, List<string> Packages)>(StringComparer.Ordinal);
        foreach (var library in assets.RootElement.GetProperty("libraries").EnumerateObject().Where(l => l.Value.GetProperty("type").GetString() == "package").OrderBy(l => l.Name, StringComparer.OrdinalIgnoreCase))
        {
            // Comes with the SDK, in the SDK's version.
            if (library.Name.StartsWith("Microsoft.AspNetCore.App.Internal.Assets/", StringComparison.Ordinal)) continue;
            var folder = folders.Select(f => Path.Combine(f, library.Value.GetProperty("path").GetString()!)).First(Directory.Exists);
            var metadata = XDocument.Load(Directory.GetFiles(folder, "*.nuspec").Single()).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
            string? Get(string name) => metadata.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value.Trim() is { Length: > 0 } value ? value : null;
            var licence = metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "license");
            var words = licence?.Attribute("type")?.Value == "expression" ? licence.Value.Trim() : licence is not null ? $"in the package, {licence.Value.Trim().Replace('\\', '/')}" : Get("licenseUrl") is { } url ? $"<{url}>" : "licence unknown";
            var name = library.Name.Replace('/', ' ');
            text.Append($"| {name} | {Cell(words)} | {Cell(Get("copyright") ?? Get("authors") ?? "")} | {Cell(Get("projectUrl") ?? "")} |\n");
            foreach (var path in Directory.GetFiles(folder).Where(f => Path.GetFileName(f).StartsWith("LICEN", StringComparison.OrdinalIgnoreCase)))
            {
                var content = System.IO.File.ReadAllText(path).TrimStart('\uFEFF').ReplaceLineEndings("\n").Trim();
                if (!texts.TryGetValue(content, out var known)) texts[content] = known = (content, []);
                known.Packages.Add(name);
            }
        }
        text.Append("\nScripts of others that browsers are sent:\n\n| Script | Licence | By | Where |\n| --- | --- | --- | --- |\n");
        foreach (var folder in Directory.GetDirectories(Path.Combine(Root, "wwwroot", "lib")).Order(StringComparer.Ordinal))
        {
            // The comment that the script begins with.
            var banner = System.IO.File.ReadLines(Directory.GetFiles(folder, "*.js").Single()).Skip(1).Take(4).Select(line => line.Trim(' ', '*')).ToArray();
            var licence = System.IO.File.ReadAllText(Path.Combine(folder, "LICENSE.txt")).ReplaceLineEndings("\n").Trim();
            text.Append($"| {Cell(banner[0])} | {Cell(licence.Split('\n')[0])} | {Cell(banner[1])} | wwwroot/lib/{Path.GetFileName(folder)} |\n");
            texts[licence] = (licence, [banner[0]]);
        }
        text.Append("\n## Licences that come with the packages\n");
        foreach (var (content, packages) in texts.Values.OrderBy(t => t.Packages[0], StringComparer.OrdinalIgnoreCase)) text.Append($"\n### {string.Join(", ", packages)}\n\n```text\n{content.Replace("```", "'''")}\n```\n");
        return text.ToString();
    }

    private static string Cell(string text) => string.Join(' ', text.Replace("|", "\\|").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    internal static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "ModelWorkbench.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds ModelWorkbench.sln.");
    }
}
