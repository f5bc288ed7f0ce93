using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>Principal components of what a model learnt from, over HTTP.</summary>
public static class ComponentsApi
{
    /// <param name="Components">Shares of the variance, scores of the shown rows with their place in the dataset, loadings, and what the trial answered; null where there are none.</param>
    /// <param name="WhyNot">Why there are none.</param>
    public sealed record ComponentsAnswer(PcaReport? Components, string? WhyNot);

    public static void MapComponents(this RouteGroupBuilder api) =>
        api.MapGet("/experiments/{id:int}/trials/{number:int}/components", (int id, int number, ExperimentStore store, CancellationToken ct) => store.WithTrialAsync(id, number, async (_, trial) =>
        {
            var report = await store.ReportAsync(trial, ct);
            return Results.Ok(new ComponentsAnswer(report?.Pca, report is null ? "There is a report as soon as the model is trained." : report.PcaNote));
        }, ct)).WithTags("Explanations").WithName("GetComponents").WithSummary("Principal components of the rows that a model learnt from")
            .WithDescription("Of the prepared features, centred and scaled. Scores are of at most 5,000 rows: first, second and further hold those on the first ten components, rows the 0-based rows of the dataset they belong to, answers what the trial predicted for them when they were validation rows. The sign of a component is such that its largest loading is positive.")
            .Produces<ComponentsAnswer>().ProducesProblem(404);
}
