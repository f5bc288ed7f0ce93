using System.Text;
using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Scripts;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>The recipe of a dataset over HTTP.</summary>
public static class RecipeApi
{
    /// <param name="Outcomes">One a step: rows and columns before and after, problems.</param>
    /// <param name="Columns">Names after the last step.</param>
    /// <param name="RowCount">Rows after the last step; of the sample, where there is one.</param>
    /// <param name="SampleRowCount">Rows that the steps were tried on.</param>
    /// <param name="DatasetRowCount">All rows of the dataset.</param>
    /// <param name="Learnt">What each step learnt from these rows; training learns anew, from training rows only.</param>
    /// <param name="Counts">Rows and missing values of all rows before the first and after each step, where exact=true was asked for; else null.</param>
    public sealed record PreviewAnswer(IReadOnlyList<StepOutcome> Outcomes, IReadOnlyList<string> Columns, int RowCount, int SampleRowCount, long DatasetRowCount, IReadOnlyList<IReadOnlyList<LearntValue>> Learnt, IReadOnlyList<StageCount>? Counts);

    public static void MapRecipes(this RouteGroupBuilder api)
    {
        var recipe = api.MapGroup("/datasets/{id:int}/recipe").WithTags("Recipes");
        recipe.MapGet("/", async (int id, HttpResponse response, DatasetStore store, CancellationToken ct) =>
        {
            if (await store.RecipeAsync(id, ct) is not { } state) return NotFound(id);
            response.Headers.ETag = $"\"{state.Tag}\"";
            return Results.Ok(state.Recipe);
        }).WithName("GetRecipe").WithSummary("The cleaning steps").WithDescription("ETag says which recipe it is, for If-Match of a change.").Produces<Recipe>().ProducesProblem(404);
        recipe.MapPut("/", SetAsync).WithName("SetRecipe").WithSummary("Replaces the cleaning steps")
            .WithDescription($"Steps are objects with a \"step\": {string.Join(", ", StepKind.All.Select(k => k.Id))}. \"enabled\": false keeps a step and skips it; \"label\" is a name of your own. A step that does not apply is kept; the preview and the experiment say why it does not. "
                + "With If-Match and the ETag that was read, the recipe is replaced only where nobody has changed it since (else 412, with the ETag of what it is now); without, whatever it is.")
            .Produces<Recipe>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(412);
        recipe.MapPost("/preview", PreviewAsync).WithName("PreviewRecipe").WithSummary("What each step of a recipe would do, without saving it")
            .WithDescription("Tried on at most 100,000 rows, drawn evenly; exact=true counts all rows as well. target: needed where a step learns from the target.").Produces<PreviewAnswer>().ProducesProblem(400).ProducesProblem(404);
        File(api, "recipe.json", "ExportRecipe", "The recipe as a file, to be sent to PUT …/recipe of another dataset", "application/json", (_, state) => RecipeText.Write(state.Recipe));
        Script(api, "recipe.py", "ExportRecipeAsPandas", "The recipe as a Python program that does the same with pandas", "text/x-python", PandasScript.Write);
        Script(api, "recipe.cs", "ExportRecipeAsCSharp", "The recipe as a C# program that does the same", "text/x-csharp", CSharpScript.Write);
        api.MapExports();
    }

    private static async Task<IResult> SetAsync(int id, Recipe body, HttpContext context, DatasetStore store, CancellationToken ct)
    {
        var expected = context.Request.Headers.IfMatch.ToString().Trim();
        var change = await store.SaveRecipeAsync(id, body, expected is "" or "*" ? null : expected.Trim('"'), ct);
        if (change == RecipeChange.NoDataset || await store.RecipeAsync(id, ct) is not { } state) return NotFound(id);
        context.Response.Headers.ETag = $"\"{(change == RecipeChange.Made ? RecipeState.TagOf(body) : state.Tag)}\"";
        return change == RecipeChange.Made ? Results.Ok(body) : Results.Problem(statusCode: 412, title: "The recipe was changed meanwhile",
            detail: $"If-Match is {expected}; the recipe is \"{state.Tag}\" now. It was not replaced: read it, take over what is wanted, and send it with the new ETag.");
    }

    private static void File(RouteGroupBuilder api, string file, string name, string summary, string contentType, Func<DatasetRow, RecipeState, string> write) =>
        api.MapGet($"/datasets/{{id:int}}/{file}", async (int id, DatasetStore store, CancellationToken ct) =>
            await store.FindAsync(id, ct) is { } dataset && await store.RecipeAsync(id, ct) is { } state
                ? Results.File(Encoding.UTF8.GetBytes(write(dataset, state)), contentType, file)
                : NotFound(id)).WithTags("Recipes").WithName(name).WithSummary(summary).Produces<string>(200, contentType).ProducesProblem(404);

    /// <summary>A file that is not CSV is meant as this program exports it: as CSV with the usual options.</summary>
    private static ScriptSource Source(DatasetRow dataset, IReadOnlyList<ColumnHeader> columns) => dataset.Options is { } options
        ? new ScriptSource(dataset.FileName, options, columns)
        : new ScriptSource($"{dataset.FileName}, exported as CSV", new CsvOptions { MissingMarks = [] }, columns);

    private static void Script(RouteGroupBuilder api, string file, string name, string summary, string contentType, Func<ScriptSource, Recipe, FittedRecipe, RecipeScript> write) =>
        api.MapGet($"/datasets/{{id:int}}/{file}", (int id, DatasetStore store, CancellationToken ct, [FromQuery] string? target = null) => ScriptAsync(id, write, contentType, store, target, ct))
            .WithTags("Recipes").WithName(name).WithSummary(summary)
            .WithDescription("What the steps learn is learnt from all rows (of very large datasets from a sample) and stands in the program as numbers. The program makes rows to learn from; with --new-rows as its last argument it leaves none out and encodes them as for a model that is asked. target: needed where a step learns from the target.")
            .Produces<string>(200, contentType).ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);

    private static async Task<IResult> ScriptAsync(int id, Func<ScriptSource, Recipe, FittedRecipe, RecipeScript> write, string contentType, DatasetStore store, string? target, CancellationToken ct)
    {
        if (await store.FindAsync(id, ct) is not { } dataset || await store.RecipeAsync(id, ct) is not { } state) return NotFound(id);
        var source = await RecipeSource.OpenAsync(store, dataset, ct);
        if (target is not null && source.Sample.Find(target) is null) return Results.Problem(statusCode: 400, title: "Unknown column", detail: $"target is '{target}'; there is no such column.");
        try
        {
            var script = await Task.Run(() => write(
                Source(dataset, [.. source.Sample.Columns.Select(c => new ColumnHeader(c.Name, c.Kind))]) with { Target = target },
                state.Recipe, CleanedData.Of(source, state.Recipe, target, ct).Recipe), ct);
            return Results.File(Encoding.UTF8.GetBytes(script.Text), contentType, script.FileName);
        }
        catch (RecipeException e)
        {
            return Results.Problem(statusCode: 422, title: "The recipe cannot be applied", detail: e.Message);
        }
    }

    private static async Task<IResult> PreviewAsync(int id, Recipe body, DatasetStore store, CancellationToken ct, [FromQuery] bool exact = false, [FromQuery] string? target = null)
    {
        if (await store.FindAsync(id, ct) is not { } dataset) return NotFound(id);
        var source = await RecipeSource.OpenAsync(store, dataset, ct);
        if (target is not null && source.Sample.Find(target) is null) return Results.Problem(statusCode: 400, title: "Unknown column", detail: $"target is '{target}'; there is no such column.");
        return await Task.Run(() =>
        {
            var table = source.Sample;
            List<StepPreview> steps = [];
            for (var i = 0; i < body.Steps.Count; i++)
            {
                ct.ThrowIfCancellationRequested();
                steps.Add(body.PreviewStep(i, table, target));
                table = steps[^1].After;
            }
            var counts = exact ? RecipeCounts.Count([.. steps.Select(s => s.Fitted)], source.Pieces(ct), null, ct) : null;
            return Results.Ok(new PreviewAnswer([.. steps.Select(s => s.Outcome)], [.. table.Columns.Select(c => c.Name)], table.RowCount, source.Sample.RowCount, source.RowCount, [.. steps.Select(s => s.Fitted?.Learnt ?? [])], counts));
        }, ct);
    }

    private static IResult NotFound(int id) => Results.Problem(statusCode: 404, title: "Unknown dataset", detail: $"There is no dataset {id}.");
}
