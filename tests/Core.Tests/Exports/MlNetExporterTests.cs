using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Exports.MlNet;
using ModelWorkbench.Core.Exports.Onnx;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Tests.Serving;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports;

/// <summary>ML.NET answers as the model does, loaded here and in the program that goes with it.</summary>
public sealed class MlNetExporterTests : IDisposable
{
    private static readonly MlNetExporter Exporter = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("ml-net").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ModelPackage Sample(string file, string target, string trainer, params RecipeStep[] steps) =>
        ServingModels.Train(Recipes.Samples.Read(file), target, new Recipe(steps), trainer, Cancel);

    [Theory]
    [InlineData("penguins.csv", "species", "random-forest")]
    [InlineData("breast_cancer.csv", "diagnosis", "linear-lbfgs")]
    [InlineData("sacramento_homes.csv", "price", "fast-tree")]
    public void A_sample_of_each_task_answers_the_same(string file, string target, string trainer)
    {
        var package = Sample(file, target, trainer, new FillMissingStep([], FillMethod.MostFrequent));
        ExportCases.AssertEqual(ExportCases.Prove(Exporter, package), file);
    }

    [Fact]
    public async Task The_program_that_goes_with_it_answers_rows_of_a_file()
    {
        var package = Sample("penguins.csv", "species", "fast-tree");
        var zip = Write(package, "one.zip");
        ZipFile.ExtractToDirectory(zip, Path.Combine(_folder, "project"));
        var printed = await RunAsync(Path.Combine(_folder, "project"), "run", "--", "rows.csv");
        var lines = printed.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("label,Adelie,Chinstrap,Gentoo", lines[0].TrimEnd('\r'));
        var golden = package.Manifest.Golden;
        for (var row = 0; row < 3; row++)
        {
            var fields = lines[row + 1].Trim().Split(',');
            Assert.Equal(package.Pipeline.Target.Classes[Core.Trainers.Target.Likeliest([.. golden.Outputs[row]])], fields[0]);
            for (var k = 0; k < 3; k++) Assert.Equal(golden.Outputs[row][k], double.Parse(fields[k + 1], CultureInfo.InvariantCulture), ExportProof.UsualTolerance);
        }
    }

    [Fact]
    public async Task The_CSharp_that_is_shown_for_ONNX_answers_a_row()
    {
        var package = Sample("penguins.csv", "species", "fast-tree");
        var source = ExportCases.Source(package, _folder);
        var onnx = new OnnxExporter();
        using (var stream = File.Create(Path.Combine(_folder, onnx.FileName(source.Name)))) onnx.Write(source, stream, Cancel);
        File.WriteAllText(Path.Combine(_folder, "ask.cs"), "#:package Microsoft.ML.OnnxRuntime@1.31.1\n" + onnx.Use(source).Single(s => s.Title == "C#").Text);
        var lines = (await RunAsync(_folder, "run", "ask.cs")).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        double[] expected = [.. package.Manifest.Golden.Outputs[0]];
        Assert.Equal(package.Pipeline.Target.Classes[Core.Trainers.Target.Likeliest(expected)], lines[0]);
        foreach (var (wanted, found) in expected.Zip(lines[1].Split(", "))) Assert.Equal(wanted, double.Parse(found, CultureInfo.InvariantCulture), ExportProof.UsualTolerance);
    }

    private static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = folder })!;
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        var printed = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, printed + await errors);
        return printed;
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        var package = Sample("penguins.csv", "species", "naive-bayes");
        var first = File.ReadAllBytes(Write(package, "a.zip"));
        Assert.Equal(first, File.ReadAllBytes(Write(package, "b.zip")));
        Assert.Equal(0, first.AsSpan().IndexOf("PK"u8));
    }

    [Fact]
    public void What_ONNX_cannot_hold_is_refused_with_the_same_reasons()
    {
        var package = ExportCases.LooksAtEverything(new Table([new NumericColumn("y", [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]), DictionaryColumn.FromTexts("city", ColumnKind.Category, ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"])]), "y", [new HashEncodeStep(["city"], 4)]);
        Assert.Equal(["Step 1, Hashing encoding, puts texts into buckets by a hash, for which ONNX has no operator (city)."], Exporter.WhyNot(package));
    }

    private string Write(ModelPackage package, string name)
    {
        var path = Path.Combine(_folder, name);
        using var stream = File.Create(path);
        Exporter.Write(ExportCases.Source(package, _folder), stream, Cancel);
        return path;
    }
}
