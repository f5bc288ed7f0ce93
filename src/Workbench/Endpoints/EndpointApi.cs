using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Endpoints;

/// <summary>Publishing over HTTP.</summary>
public static class EndpointApi
{
    public sealed record PublishBody(string Name, int ExperimentId, int TrialNumber);

    /// <param name="Name">The endpoint.</param>
    /// <param name="Version">Live now.</param>
    /// <param name="Url">Where to send rows.</param>
    /// <param name="Key">For a new endpoint; shown this once.</param>
    public sealed record PublishAnswer(string Name, int Version, string Url, string? Key);

    public sealed record VersionAnswer(int Number, int ExperimentId, int TrialNumber, string TrainerName, DateTimeOffset PublishedAt);

    public sealed record EndpointAnswer(string Name, int LiveVersion, string? Failure, DateTimeOffset CreatedAt, IReadOnlyList<VersionAnswer> Versions, IReadOnlyList<InputColumn>? Inputs)
    {
        public static EndpointAnswer From(EndpointRow row, LiveModels models) => new(
            row.Name, row.LiveVersion, models.FailureOf(row.Name), row.CreatedAt,
            [.. row.Versions.OrderByDescending(v => v.Number).Select(v => new VersionAnswer(v.Number, v.ExperimentId, v.TrialNumber, v.TrainerName, v.PublishedAt))],
            models.Find(row.Name)?.Package.Manifest.Signature.Inputs);
    }

    public static void MapEndpoints(this RouteGroupBuilder api)
    {
        var endpoints = api.MapGroup("/endpoints").WithTags("Endpoints");
        endpoints.MapPost("/", PublishAsync).WithName("Publish").WithSummary("Makes a trial's model answer under a name")
            .WithDescription("A new name makes a new endpoint with a key; a known name gets a new version, its keys stay.").Produces<PublishAnswer>(201).ProducesProblem(400);
        endpoints.MapGet("/", async (EndpointStore store, LiveModels models, CancellationToken ct) => (await store.ListAsync(ct)).Select(e => EndpointAnswer.From(e, models))).WithName("ListEndpoints").WithSummary("All endpoints");
        endpoints.MapGet("/{name}", async (string name, EndpointStore store, LiveModels models, CancellationToken ct) =>
            await store.FindAsync(name, ct) is { } row ? Results.Ok(EndpointAnswer.From(row, models)) : NotFound(name)).WithName("GetEndpoint").WithSummary("One endpoint with versions and inputs").Produces<EndpointAnswer>().ProducesProblem(404);
        endpoints.MapPost("/{name}/keys", async (string name, EndpointStore store, CancellationToken ct) =>
            await store.AddKeyAsync(name, ct) is { } key ? Results.Ok(new { key }) : NotFound(name)).WithName("AddKey").WithSummary("A further key, shown this once").ProducesProblem(404);
        endpoints.MapDelete("/{name}/keys/{prefix}", async (string name, string prefix, EndpointStore store, CancellationToken ct) =>
            await store.RevokeKeyAsync(name, prefix, ct) ? Results.NoContent() : Results.Problem(statusCode: 404, title: "Unknown key", detail: $"Endpoint '{name}' has no valid key '{prefix}'."))
            .WithName("RevokeKey").WithSummary("Makes a key stop working at once").Produces(204).ProducesProblem(404);
        endpoints.MapDelete("/{name}", async (string name, EndpointStore store, CancellationToken ct) =>
            await store.DeleteAsync(name, ct) ? Results.NoContent() : NotFound(name)).WithName("DeleteEndpoint").WithSummary("Takes a model off the air with all versions and keys").Produces(204).ProducesProblem(404);
    }

    private static async Task<IResult> PublishAsync(PublishBody body, HttpRequest request, EndpointStore store, CancellationToken ct)
    {
        try
        {
            var published = await store.PublishAsync(body.Name, body.ExperimentId, body.TrialNumber, ct);
            return Results.Created($"/api/v1/endpoints/{published.Name}", new PublishAnswer(published.Name, published.Version, $"{request.Scheme}://{request.Host}/api/v1/models/{published.Name}/predict", published.Key));
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException)
        {
            return Results.Problem(statusCode: 400, title: "Not published", detail: e.Message);
        }
    }

    private static IResult NotFound(string name) => Results.Problem(statusCode: 404, title: "Unknown endpoint", detail: $"There is no endpoint '{name}'.");
}
