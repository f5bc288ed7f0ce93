using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>What the data hold, over HTTP: profile, warnings, associations, suggested recipe.</summary>
public static class ProfileApi
{
    /// <param name="RowCount">All rows of the dataset.</param>
    /// <param name="SampleRowCount">Rows that single values were counted in; fewer where the dataset is large.</param>
    /// <param name="Warnings">Leakage suspects first, then the most severe.</param>
    public sealed record WarningsAnswer(int RowCount, int SampleRowCount, IReadOnlyList<DataWarning> Warnings);

    /// <param name="Recipe">As PUT …/recipe takes it.</param>
    /// <param name="Reasons">One a step, in words.</param>
    public sealed record SuggestedRecipeAnswer(Recipe Recipe, IReadOnlyList<string> Reasons);

    public static void MapProfiles(this RouteGroupBuilder api)
    {
        var datasets = api.MapGroup("/datasets/{id:int}").WithTags("Datasets");
        datasets.MapGet("/profile", async (int id, DatasetStore store, CancellationToken ct) =>
            await store.FindAsync(id, ct) is { } row ? Results.Ok(row.Profile) : DatasetApi.NotFound(id)).WithName("GetProfile").WithSummary("Missing values, distinct values, ranges, quantiles and histograms of all columns")
            .WithDescription("Measured on all rows. What is estimated in a large dataset says so (distinctEstimated, quantilesEstimated, topValuesEstimated).").Produces<DatasetProfile>().ProducesProblem(404);
        datasets.MapGet("/warnings", (int id, string? target, DatasetStore store, CancellationToken ct) => AnswerAsync(id, target, store, (row, sample) =>
            new WarningsAnswer(row.Profile.RowCount, sample.RowCount, DatasetFindings.Warnings(row, sample, target, ct)), ct)).WithName("GetWarnings").WithSummary("What a person should know of the data before training")
            .WithDescription("With a target, columns that all but give it away and rare classes are found as well. Of more than 100,000 rows an even sample of that many is looked at, beside the profile of all rows.").Produces<WarningsAnswer>().ProducesProblem(400).ProducesProblem(404);
        datasets.MapGet("/associations", (int id, string? target, DatasetStore store, CancellationToken ct) => AnswerAsync(id, target, store, (_, sample) =>
            Associations.Measure(sample, target, ct), ct)).WithName("GetAssociations").WithSummary("How columns hang together, and how much each tells of the target by itself")
            .WithDescription("Between columns: Pearson for numbers, Cramér's V for names, the correlation ratio for both, for at most 60 columns. With a target: mutual information (nats), normalised Gini, AUC and R² of each column by itself on rows not learnt from. Of more than 100,000 rows an even sample of that many is taken.").Produces<Associations>().ProducesProblem(400).ProducesProblem(404);
        datasets.MapGet("/suggested-recipe", (int id, string? target, DatasetStore store, CancellationToken ct) => AnswerAsync(id, target, store, (row, sample) =>
        {
            var steps = DatasetFindings.Suggestion(row, sample, DatasetFindings.Warnings(row, sample, target, ct), target);
            return new SuggestedRecipeAnswer(new Recipe([.. steps.Select(s => s.Step)]), [.. steps.Select(s => s.Reason)]);
        }, ct)).WithName("GetSuggestedRecipe").WithSummary("A recipe that the data call for, each step with its reason")
            .WithDescription("Nothing is saved; send the recipe, or some of its steps, to PUT …/recipe.").Produces<SuggestedRecipeAnswer>().ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<IResult> AnswerAsync<T>(int id, string? target, DatasetStore store, Func<DatasetRow, Table, T> measure, CancellationToken ct)
    {
        if (await store.FindAsync(id, ct) is not { } row) return DatasetApi.NotFound(id);
        if (target is not null && !row.Profile.Columns.Any(c => c.Name == target))
            return Results.Problem(statusCode: 400, title: "Unknown target", detail: $"target: found '{target}', expected a column of dataset {id}.");
        var sample = await store.SampleAsync(row);
        return Results.Ok(await Task.Run(() => measure(row, sample), ct));
    }
}
