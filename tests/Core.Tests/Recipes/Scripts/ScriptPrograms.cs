using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Scripts;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes.Scripts;

/// <summary>Runs many exported programs at once and compares what they write with tables: one process a language, as pandas and the compiler take long to load.</summary>
internal sealed class ScriptPrograms : IDisposable
{
    private sealed record Program(string Name, ScriptSource Source, Recipe Recipe, FittedRecipe Fitted, (string File, bool Training, Table Expected)[] Runs);

    private readonly string _folder = Directory.CreateTempSubdirectory("recipe-scripts").FullName;
    private readonly List<Program> _programs = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public string PathOf(string name) => Path.Combine(_folder, name);

    public void Add(string name, ScriptSource source, Recipe recipe, FittedRecipe fitted, params (string File, bool Training, Table Expected)[] runs) => _programs.Add(new Program(name, source, recipe, fitted, runs));

    /// <summary>Skips the test where there is no pandas.</summary>
    public async Task RequirePandasToAgree()
    {
        ScriptTests.RequirePandas();
        var text = new StringBuilder("""
            import contextlib, io, runpy, sys, traceback, warnings
            warnings.simplefilter("ignore")
            def run(script, source, target, *options):
                sys.argv = [script, source, target, *options]
                try:
                    with contextlib.redirect_stdout(io.StringIO()):
                        runpy.run_path(script, run_name="__main__")
                except Exception:
                    open(target + ".error", "w").write(traceback.format_exc())

            """);
        foreach (var (i, program) in _programs.Index())
        {
            File.WriteAllText(PathOf($"{i}.py"), PandasScript.Write(program.Source, program.Recipe, program.Fitted).Text);
            foreach (var (r, run) in program.Runs.Index())
                text.Append(CultureInfo.InvariantCulture, $"run('{i}.py', '{run.File}', '{i}-{r}.out'{(run.Training ? "" : ", '--new-rows'")})\n");
        }
        File.WriteAllText(PathOf("all.py"), text.ToString());
        await Run("/usr/bin/python3", ["all.py"]);
        RequireNoFaults();
    }

    public async Task RequireCSharpToAgree()
    {
        // What makes each the program that runs from the command line is left out, the rest stands as it was exported.
        const string start = "static class Recipe";
        var texts = _programs.ConvertAll(program => CSharpScript.Write(program.Source, program.Recipe, program.Fitted).Text);
        var text = new StringBuilder(texts[0][texts[0].IndexOf("#:package", StringComparison.Ordinal)..texts[0].IndexOf("Recipe.Run(args[0]", StringComparison.Ordinal)]);
        foreach (var (i, program) in _programs.Index())
            foreach (var (r, run) in program.Runs.Index())
                text.Append(CultureInfo.InvariantCulture, $"Try(\"{i}-{r}.out\", target => Script{i}.Recipe.Run(\"{run.File}\", target, {(run.Training ? "true" : "false")}));\n");
        text.Append("static void Try(string target, Action<string> run) { try { run(target); } catch (Exception e) { File.WriteAllText(target + \".error\", e.ToString()); } }\n");
        foreach (var (i, one) in texts.Index())
            text.Append(CultureInfo.InvariantCulture, $"namespace Script{i}\n{{\n{one[one.IndexOf(start, StringComparison.Ordinal)..]}\n}}\n");
        File.WriteAllText(PathOf("all.cs"), text.ToString());
        await Run("dotnet", ["run", "all.cs"]);
        RequireNoFaults();
    }

    private void RequireNoFaults()
    {
        var faults = new List<string>();
        foreach (var (i, program) in _programs.Index())
            foreach (var (r, run) in program.Runs.Index())
            {
                var output = PathOf($"{i}-{r}.out");
                var found = File.Exists(output + ".error") ? [File.ReadAllText(output + ".error")] : ScriptTests.Differences(output, run.Expected);
                faults.AddRange(found.Select(fault => $"{program.Name}{(run.Training ? "" : ", new rows")}: {fault}"));
            }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private async Task Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var printed = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await printed + await errors);
    }
}
