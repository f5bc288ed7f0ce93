using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Each reliability case is held by tests that exist, or it is said why not: Cases/reliability.json.</summary>
public sealed partial class ReliabilityCaseTests
{
    private sealed record Walked(string Id, string State, string[]? Tests, string? Note);

    private sealed record Asked(string Id);

    [GeneratedRegex(@"public (?:async )?(?:Task|void|ValueTask) (\w+)\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"public (?:sealed |abstract |partial )*class (\w+)")]
    private static partial Regex TestClass();

    private static readonly Lazy<Walked[]> Cases = new(() => JsonSerializer.Deserialize<Walked[]>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "reliability.json")), JsonSerializerOptions.Web)!);

    [Fact]
    public void Every_case_that_holds_names_tests_that_exist_and_every_other_says_why()
    {
        // Names of classes and their methods, also of classes that lie in one file.
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(TestFiles.RepositoryRoot, "tests"), "*.cs", SearchOption.AllDirectories))
        {
            var source = File.ReadAllText(file);
            string[] classes = [.. TestClass().Matches(source).Select(m => m.Groups[1].Value)];
            names.UnionWith(classes);
            names.UnionWith(classes.SelectMany(_ => TestMethod().Matches(source), (c, m) => $"{c}.{m.Groups[1].Value}"));
        }
        Assert.All(Cases.Value, walked =>
        {
            Assert.Contains(walked.State, (string[])["holds", "partly", "differs", "open"]);
            Assert.DoesNotContain(walked.Tests ?? [], test => !names.Contains(test));
            if (walked.State == "holds") Assert.NotEmpty(walked.Tests ?? []);
            else Assert.True(walked.State == "open" && walked.Tests is null || walked.Note is { Length: > 0 }, $"{walked.Id} {walked.State} without a reason.");
        });
    }

    [Fact]
    public void Every_case_that_was_asked_for_is_walked()
    {
        var asked = JsonSerializer.Deserialize<Asked[]>(File.ReadAllText(TestFiles.Shared("cases/reliability-cases.json")), JsonSerializerOptions.Web)!;
        Assert.Equal(asked.Select(a => a.Id).Order(StringComparer.Ordinal), Cases.Value.Select(c => c.Id).Order(StringComparer.Ordinal));
    }
}
