using System.Diagnostics;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A model whose columns and values are as unkind to quoting as names can be.</summary>
public sealed class UnkindModel : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public WorkbenchApp App { get; private set; } = null!;
    public string Key { get; private set; } = "";
    public Snippets Snippets { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        App = await WorkbenchApp.StartAsync(Path.Combine(_folder.Path, "data"));
        string[] words = ["it's \"so\"", "back\\slash $HOME `ls`", "東京 🐧", "'''", "</script> {x} %s", "line\nbreak\ttab"];
        static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        var rows = Enumerable.Range(0, 120).Select(i => $"{i % 7},{Quote(words[i % words.Length])},{i * 0.5},{Quote(i % 7 + i % 6 > 5 ? "o'höher" : "\"low\"")}");
        var file = _folder.Write("unkind.csv", string.Join('\n', rows.Prepend("\"a \"\"b\"\" \\ 'c' $d `e`\",\"日本 🐧\",x,klasse")) + "\n");
        var dataset = await App.Api.UploadAsync(file);
        var experiment = await App.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "klasse", Trainers: ["linear-lbfgs"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Key = (await App.Api.PublishAsync("unkind", experiment.Id, 1)).Key!;
        var manifest = (await ((LiveModels)App.Services.GetService(typeof(LiveModels))!).FindAsync("unkind", TestContext.Current.CancellationToken))!.Package.Manifest;
        Snippets = new Snippets(App.Anonymous().BaseAddress!.ToString().TrimEnd('/'), "unkind", Key, manifest.Signature, SampleRows.First(manifest));
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        _folder.Dispose();
    }
}

/// <summary>The programs on the endpoint's page, run as they stand there.</summary>
public sealed class SnippetTests(UnkindModel model) : IClassFixture<UnkindModel>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("curl")]
    [InlineData("python")]
    [InlineData("requests")]
    [InlineData("mlflow")]
    [InlineData("open-inference")]
    [InlineData("javascript")]
    [InlineData("csharp")]
    public async Task A_snippet_runs_as_it_stands_and_prints_the_answer(string language)
    {
        using var folder = new TemporaryFolder();
        var snippets = model.Snippets;
        var output = language switch
        {
            "curl" => await RunAsync("bash", folder, "ask.sh", snippets.Curl, "-eu"),
            "python" => await RunAsync("python3", folder, "ask.py", snippets.Python),
            "requests" => await RunAsync("/usr/bin/python3", folder, "ask.py", snippets.PythonRequests),
            "mlflow" => await RunAsync("python3", folder, "ask.py", snippets.PythonMlflow),
            "open-inference" => await RunAsync("python3", folder, "ask.py", snippets.PythonOpenInference),
            "javascript" => await RunAsync("node", folder, "ask.mjs", snippets.JavaScript),
            _ => await RunAsync("dotnet", folder, "ask.cs", snippets.CSharp, "run"),
        };
        using var answer = await new ModelClient(model.App.Anonymous(), "unkind", model.Key).SendAsync(Snippets.Request(snippets.Signature, snippets.Values));
        var expected = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("predictions")[0].GetString()!;
        Assert.True(expected is "o'höher" or "\"low\"", expected);
        // Python prints a dictionary, the others JSON.
        string[] written = [expected, JsonSerializer.Serialize(expected).Trim('"'), expected.Replace("\"", "\\\"", StringComparison.Ordinal), expected.Replace("'", "\\'", StringComparison.Ordinal)];
        Assert.True(written.Any(w => output.Contains(w, StringComparison.Ordinal)), $"Expected {expected} in: {output}");
        Assert.Contains(language is "open-inference" ? "model_version" : "predictions", output);
    }

    private static async Task<string> RunAsync(string program, TemporaryFolder folder, string file, string text, params string[] options)
    {
        Assert.SkipUnless(Path.IsPathRooted(program) ? File.Exists(program) : Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(p => File.Exists(Path.Combine(p, program))), $"{program} is not installed.");
        var path = folder.Write(file, text);
        var start = new ProcessStartInfo(program, [.. options, path]) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, WorkingDirectory = folder.Path };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        var errors = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.SkipWhen(errors.Contains("No module named 'requests'", StringComparison.Ordinal), "Python has no module requests.");
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {errors}\n{text}");
        return await output;
    }
}
