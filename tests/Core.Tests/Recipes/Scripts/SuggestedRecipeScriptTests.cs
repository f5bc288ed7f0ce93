using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Scripts;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes.Scripts;

/// <summary>Real files, read and cleaned by the exported programs as by us.</summary>
public sealed class SuggestedRecipeScriptTests(ListedDatasets listed) : IDisposable
{
    /// <summary>Larger files are left to the reading tests, so that this one stays quick.</summary>
    private const long LargestFile = 1_000_000;

    private readonly ScriptPrograms _programs = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _programs.Dispose();

    [Fact]
    public async Task Pandas_makes_of_listed_data_sets_what_their_suggested_recipes_make()
    {
        AddListed();
        await _programs.RequirePandasToAgree();
    }

    [Fact]
    public async Task CSharp_makes_of_listed_data_sets_what_their_suggested_recipes_make()
    {
        AddListed();
        await _programs.RequireCSharpToAgree();
    }

    private void AddListed()
    {
        foreach (var dataset in listed.All)
        {
            var path = TestFiles.Shared("datasets/" + dataset.File);
            if (path.EndsWith(".gz", StringComparison.Ordinal) || new FileInfo(path).Length > LargestFile) continue;
            var read = CsvTableReader.Read(path, CsvDetector.Detect(path, Token), null, Token);
            var target = dataset.TargetIn(read.Table);
            var profile = Profiler.Profile(read.Table, Token);
            var steps = RecipeSuggestion.Suggest(profile, read.Table, DataWarnings.Find(profile, read.Table, target, Token), target);
            var recipe = new Recipe([.. steps.Select(s => s.Step)]);
            var (fitted, table) = (new List<FittedStep>(), read.Table);
            for (var i = 0; i < recipe.Steps.Count; i++)
            {
                var step = recipe.PreviewStep(i, table, target);
                Assert.Empty(step.Outcome.Problems);
                if (step.Fitted is not null) fitted.Add(step.Fitted);
                table = step.After;
            }
            _programs.Add(dataset.Name, new ScriptSource(Path.GetFileName(path), read.Options, [.. read.Table.Columns.Select(c => new ColumnHeader(c.Name, c.Kind))]) { Target = target },
                recipe, new FittedRecipe(fitted), (path, true, table));
        }
    }
}
