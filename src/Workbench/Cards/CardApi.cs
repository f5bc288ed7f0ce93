using System.Text;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>Model cards as files: under the address of the trial's page for people, and over the API.</summary>
public static class CardApi
{
    public static void AddCards(this WebApplicationBuilder builder) => builder.Services.AddSingleton<CardReader>();

    public static void MapCards(this RouteGroupBuilder api) => api.MapGet("/experiments/{id:int}/trials/{number:int}/card", CardAsync).Audited("card.download", Subject).WithTags("Experiments").WithName("GetModelCard").WithSummary("A model's card: everything about it in one HTML file")
        .WithDescription("Data, recipe, split, comparison, hyperparameters, measures with intervals, all plots, explanations where they were computed, limits, and how to reproduce it. The file needs nothing beside it and can be printed; plots are drawn by the plotly.js in it.")
        .Produces<string>(200, "text/html").ProducesProblem(404).ProducesProblem(409);

    /// <summary>For the link on the trial's page; signed in as for pages.</summary>
    public static void MapCardPage(this WebApplication app) => app.MapGet("/experiments/{id:int}/trials/{number:int}/card", CardAsync).Audited("card.download", Subject).ExcludeFromDescription().CheckAccess();

    private static Task<IResult> CardAsync(int id, int number, ExperimentStore store, CardReader reader, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
    {
        try
        {
            if (await reader.ReadAsync(experiment, trial, ct) is not { } card)
                return Results.Problem(statusCode: 409, title: "No card", detail: $"Trial {number} of experiment {id} is {trial.Status.ToString().ToLowerInvariant()}; there is a card as soon as it is trained.");
            return Results.File(Encoding.UTF8.GetBytes(await CardDocument.WriteAsync(card, reader.PlotlyAsync)), "text/html; charset=utf-8", FileName(card));
        }
        catch (InvalidDataException e)
        {
            return Results.Problem(statusCode: 409, title: "No card", detail: e.Message);
        }
    }, ct);

    private static string Subject(HttpContext context) => $"trial {context.Route("number")} of experiment {context.Route("id")}";

    private static string FileName(ModelCard card) =>
        $"model-card-{string.Concat(card.Experiment.DatasetName.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_'))}-{card.Experiment.Id}-{card.Trial.Number}.html";
}
