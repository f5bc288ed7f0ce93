using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>Principal components of what a model learnt from, over HTTP.</summary>
public static class ComponentsApi
{
    /// <param name="Components">Shares of the variance, scores of the shown rows with their place in the dataset, loadings, and what the trial answered; null where there are none.</param>
    /// <param name="WhyNot">Why there are none.</param>
    public sealed record ComponentsAnswer(PcaReport? Components, string? WhyNot);

    /// <param name="Map">Where each row lies, with its place in the dataset, and how far neighbours were kept; null where there is none.</param>
    /// <param name="WhyNot">Why there is none.</param>
    public sealed record MapAnswer(NeighbourMap? Map, string? WhyNot);

    public static void MapComponents(this RouteGroupBuilder api)
    {
        api.MapGet("/experiments/{id:int}/trials/{number:int}/components", (int id, int number, [FromQuery] bool? scaled, ExperimentStore store, RowPlaces places, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
        {
            var report = await store.ReportAsync(trial, ct);
            if (scaled is not false || report?.Pca is not { } found) return Results.Ok(new ComponentsAnswer(report?.Pca, report is null ? "There is a report as soon as the model is trained." : report.PcaNote));
            var (unscaled, whyNot) = await places.UnscaledAsync(experiment, found, ct);
            return Results.Ok(new ComponentsAnswer(unscaled, whyNot));
        }, ct)).WithTags("Explanations").WithName("GetComponents").WithSummary("Principal components of the rows that a model learnt from")
            .WithDescription("Of the prepared features, centred and scaled; scaled=false leaves them in their own units, which is computed when it is first asked for and takes some seconds. Scores are of at most 5,000 rows: first, second and further hold those on the first ten components, rows the 0-based rows of the dataset they belong to, answers what the trial predicted for them when they were validation rows. The sign of a component is such that its largest loading is positive.")
            .Produces<ComponentsAnswer>().ProducesProblem(404);
        api.MapGet("/experiments/{id:int}/trials/{number:int}/map", (int id, int number, ExperimentStore store, RowPlaces places, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, _) =>
        {
            var (map, whyNot) = await places.MapAsync(experiment, ct);
            return Results.Ok(new MapAnswer(map, whyNot));
        }, ct)).WithTags("Explanations").WithName("GetNeighbourMap").WithSummary("The rows that a model learnt from on a plane that keeps neighbours")
            .WithDescription("t-SNE of at most 2,000 rows on at most 50 principal components, begun at the first two, so it is the same each time. Distances between groups mean nothing. trustworthiness and ofComponents say for five neighbours how far those who are neighbours on the map, or on the first two components, are so in truth; 1 is all. Computed when it is first asked for, which takes some seconds.")
            .Produces<MapAnswer>().ProducesProblem(404);
    }
}
