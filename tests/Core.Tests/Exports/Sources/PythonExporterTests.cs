using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Exports.Sources;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports.Sources;

public sealed class PythonExporterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("python-exports").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_kind_of_scorer_answers_in_Python_as_the_package_does() => await RequirePythonToAgree(SourceModels.OfScorers(Cancel), 40);

    [Fact]
    public async Task Every_step_and_recipes_by_chance_answer_in_Python_as_the_package_does() => await RequirePythonToAgree(SourceModels.OfSteps(Cancel), 100);

    /// <summary>All models in one process.</summary>
    private async Task RequirePythonToAgree(List<AskedModel> models, int least)
    {
        Assert.True(models.Count >= least, $"{models.Count} models");
        var exporter = new PythonExporter();
        Assert.All(models, model => Assert.Empty(exporter.WhyNot(model.Package)));
        foreach (var model in models)
        {
            using var stream = File.Create(Path.Combine(_folder, model.Name + ".py"));
            exporter.Write(model.Source, stream, Cancel);
        }
        await File.WriteAllTextAsync(Path.Combine(_folder, "all.json"), JsonSerializer.Serialize(models.ToDictionary(m => m.Name, m => m.Sample.Rows.Select(row => m.Sample.Inputs.Zip(row).ToDictionary(i => i.First.Name, i => i.Second)))), Cancel);
        await File.WriteAllTextAsync(Path.Combine(_folder, "all.py"), """
            import json, runpy, traceback
            answers = {}
            for name, rows in json.load(open("all.json", encoding="utf-8")).items():
                try:
                    outputs = runpy.run_path(name + ".py")["score"](rows)
                    answers[name] = [repr(float(number)) for row in outputs for number in row]
                except Exception:
                    answers[name] = traceback.format_exc()
            json.dump(answers, open("answers.json", "w"))
            """, Cancel);
        using var process = Process.Start(new ProcessStartInfo("python3", ["all.py"]) { WorkingDirectory = _folder, RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, errors);
        using var answers = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "answers.json"), Cancel));
        var faults = new List<string>();
        var largest = 0.0;
        foreach (var model in models)
        {
            var found = answers.RootElement.GetProperty(model.Name);
            if (found.ValueKind == JsonValueKind.String) { faults.Add($"{model.Name}: {found.GetString()}"); continue; }
            double[] outputs = [.. found.EnumerateArray().Select(n => double.Parse(n.GetString()!.Replace("inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture))];
            if (model.Fault(outputs, SourceExporter.Tolerance, ref largest) is { } fault) faults.Add(fault);
        }
        Assert.True(faults.Count == 0, $"{faults.Count} of {models.Count}\n" + string.Join('\n', faults));
        TestContext.Current.TestOutputHelper?.WriteLine($"{models.Count} models, largest difference {largest:G3}");
    }
}
