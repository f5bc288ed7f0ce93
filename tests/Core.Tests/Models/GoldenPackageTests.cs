using System.Text.Json;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Models;

/// <summary>Packages of every format version there ever was are read by the program of today, and answer as they did.</summary>
/// <remarks>After a change of the format, run with WORKBENCH_WRITE_PACKAGES=1: it writes the folder of the new version. Files of versions that were in use are never written again.</remarks>
public sealed class GoldenPackageTests
{
    private const string Rewrite = "WORKBENCH_WRITE_PACKAGES";
    private const int MostFileBytes = 60_000, MostFolderBytes = 500_000;

    static GoldenPackageTests()
    {
        if (Environment.GetEnvironmentVariable(Rewrite) is not { Length: > 0 }) return;
        var (plain, decided) = (GoldenPackages.Folder(ModelPackage.FormatVersion), GoldenPackages.Folder(ModelPackage.ThresholdVersion));
        if (!Directory.Exists(plain)) GoldenPackages.Write(plain, CancellationToken.None);
        if (!Directory.Exists(decided)) GoldenPackages.WriteDecided(plain, decided);
    }

    public static TheoryData<int, string> Packages() =>
    [
        .. from version in Enumerable.Range(1, ModelPackage.ThresholdVersion)
           let folder = GoldenPackages.Folder(version)
           where Directory.Exists(folder)
           from file in Directory.GetFiles(folder, "*.mwm").Order(StringComparer.Ordinal)
           select new TheoryDataRow<int, string>(version, Path.GetFileNameWithoutExtension(file)),
    ];

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_of_any_version_answers_as_it_did(int version, string name)
    {
        using var file = File.OpenRead(Path.Combine(GoldenPackages.Folder(version), name + ".mwm"));
        Assert.Equal(version, ModelPackage.ReadVersion(file));
        var package = ModelPackage.Read(file);
        var answers = JsonSerializer.Deserialize<GoldenAnswers>(File.ReadAllText(Path.ChangeExtension(file.Name, ".json")), CoreJson.Options)!;
        Assert.InRange(answers.Rows.Count, 20, 200);
        var found = ExportSample.Answers(package, answers.Rows);
        foreach (var (i, expected) in answers.Outputs.SelectMany(o => o).Index())
            Assert.True(Math.Abs(found[i] - expected) <= 1e-9 * Math.Max(1, Math.Abs(expected)), $"{name}, output {i + 1}: {found[i]:R}, expected {expected:R}");
        Assert.Equal(found.Length, answers.Outputs.Sum(o => o.Count));
    }

    [Fact]
    public void Every_version_has_golden_packages_of_every_scorer()
    {
        var kinds = typeof(Scorer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Scorer)) && !t.IsAbstract).ToHashSet();
        for (var version = 1; version <= ModelPackage.FormatVersion; version++)
        {
            var folder = GoldenPackages.Folder(version);
            Assert.True(Directory.Exists(folder), $"There are no golden packages of format version {version}; expected some in {folder}. Run these tests once with {Rewrite}=1.");
            var files = new DirectoryInfo(folder).GetFiles();
            Assert.All(files, f => Assert.InRange(f.Length, 1, MostFileBytes));
            Assert.InRange(files.Sum(f => f.Length), 1, MostFolderBytes);
            var there = files.Where(f => f.Extension == ".mwm").SelectMany(f =>
            {
                using var file = f.OpenRead();
                return Within(ModelPackage.Read(file).Pipeline.Scorer);
            }).ToHashSet();
            Assert.Empty(kinds.Except(there).Select(k => k.Name));
        }
    }

    [Fact]
    public void A_package_that_decides_by_a_threshold_still_does()
    {
        using var file = File.OpenRead(Path.Combine(GoldenPackages.Folder(ModelPackage.ThresholdVersion), "linear-binary-at-threshold.mwm"));
        var target = ModelPackage.Read(file).Manifest.Target;
        Assert.Equal((0.3, 1, 0), (target.Threshold, target.Decide([0.7, 0.3]), target.Decide([0.71, 0.29])));
    }

    private static IEnumerable<Type> Within(Scorer scorer) => [scorer.GetType(), .. scorer switch { SharpenedScorer s => Within(s.Inner), ExponentialScorer e => Within(e.Inner), _ => [] }];
}
