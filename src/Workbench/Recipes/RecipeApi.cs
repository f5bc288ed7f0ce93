using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>The recipe of a dataset over HTTP.</summary>
public static class RecipeApi
{
    /// <param name="Outcomes">One a step: rows and columns before and after, problems.</param>
    /// <param name="Columns">Names after the last step.</param>
    /// <param name="RowCount">Rows after the last step.</param>
    public sealed record PreviewAnswer(IReadOnlyList<StepOutcome> Outcomes, IReadOnlyList<string> Columns, int RowCount);

    public static void MapRecipes(this RouteGroupBuilder api)
    {
        var recipe = api.MapGroup("/datasets/{id:int}/recipe").WithTags("Recipes");
        recipe.MapGet("/", async (int id, DatasetStore store, CancellationToken ct) =>
            await store.RecipeAsync(id, ct) is { } state ? Results.Ok(state.Recipe) : NotFound(id)).WithName("GetRecipe").WithSummary("The cleaning steps").Produces<Recipe>().ProducesProblem(404);
        recipe.MapPut("/", async (int id, Recipe body, DatasetStore store, CancellationToken ct) =>
            await store.SaveRecipeAsync(id, body, ct) ? Results.Ok(body) : NotFound(id)).WithName("SetRecipe").WithSummary("Replaces the cleaning steps")
            .WithDescription("Steps are objects with a \"step\": drop-missing-rows, fill-missing, log1p, drop-columns, rename-column, change-kind, drop-duplicates or pca. A step that does not apply is kept; the preview and the experiment say why it does not.")
            .Produces<Recipe>().ProducesProblem(400).ProducesProblem(404);
        recipe.MapPost("/preview", PreviewAsync).WithName("PreviewRecipe").WithSummary("What each step of a recipe would do, without saving it").Produces<PreviewAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> PreviewAsync(int id, Recipe body, DatasetStore store, CancellationToken ct)
    {
        if (await store.FindAsync(id, ct) is not { } dataset) return NotFound(id);
        var table = await store.SampleAsync(dataset);
        var preview = await Task.Run(() => body.Preview(table, null, ct), ct);
        return Results.Ok(new PreviewAnswer(preview.Outcomes, [.. preview.Result.Columns.Select(c => c.Name)], preview.Result.RowCount));
    }

    private static IResult NotFound(int id) => Results.Problem(statusCode: 404, title: "Unknown dataset", detail: $"There is no dataset {id}.");
}
