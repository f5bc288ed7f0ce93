using System.Security.Claims;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Endpoints;

/// <summary>Publishing over HTTP.</summary>
public static class EndpointApi
{
    /// <param name="GoLive">Whether the version answers at once; otherwise it becomes the challenger.</param>
    /// <param name="Why">The reason, for the history.</param>
    public sealed record PublishBody(string Name, int ExperimentId, int TrialNumber, bool GoLive = true, string? Why = null);

    /// <param name="Name">The endpoint.</param>
    /// <param name="Version">The version that was made.</param>
    /// <param name="IsLive">Whether it answers now.</param>
    /// <param name="Url">Where to send rows.</param>
    /// <param name="Key">For a new endpoint; shown this once.</param>
    /// <param name="Comparison">With the version that was live.</param>
    public sealed record PublishAnswer(string Name, int Version, bool IsLive, string Url, string? Key, VersionComparison? Comparison);

    /// <param name="ExperimentId">Where the model was made; null where it came from a file.</param>
    /// <param name="TrialNumber">With the experiment.</param>
    /// <param name="FileName">The model file that it came from; null for a trial's model.</param>
    /// <param name="ModelSha256">Of the model package.</param>
    /// <param name="Threshold">For two classes: the probability from which on it answers the second; null for the likelier.</param>
    public sealed record VersionAnswer(int Number, int? ExperimentId, int? TrialNumber, string? FileName, string ModelSha256, string TrainerName, DateTimeOffset PublishedAt, DateTimeOffset? RetiredAt, VersionComparison? Comparison, IReadOnlyList<string> Aliases, double? Threshold = null)
    {
        public static VersionAnswer From(EndpointVersionRow row, EndpointRow endpoint) => new(
            row.Number, row.ExperimentId, row.TrialNumber, row.FileName, row.ModelSha256, row.TrainerName, row.PublishedAt, row.RetiredAt, row.Comparison,
            [.. row.Number == endpoint.LiveVersion ? [EndpointRouting.Champion] : Array.Empty<string>(), .. endpoint.Routing.Aliases.Where(a => a.Value == row.Number).Select(a => a.Key).Order(StringComparer.Ordinal)], row.Threshold);
    }

    /// <param name="Prefix">Public part of the key.</param>
    /// <param name="LastUsedAt">To the minute.</param>
    public sealed record KeyAnswer(string Prefix, string Name, EndpointScopes Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt);

    public sealed record EndpointAnswer(string Name, int LiveVersion, string? Failure, DateTimeOffset CreatedAt, EndpointRouting Routing, EndpointSettings Settings, IReadOnlyList<VersionAnswer> Versions, IReadOnlyList<KeyAnswer> Keys, IReadOnlyList<InputColumn>? Inputs)
    {
        public static EndpointAnswer From(EndpointRow row, LiveModels models) => new(
            row.Name, row.LiveVersion, models.FailureOf(row.Name), row.CreatedAt, row.Routing, row.Settings,
            [.. row.Versions.OrderByDescending(v => v.Number).Select(v => VersionAnswer.From(v, row))],
            [.. row.Keys.OrderByDescending(k => k.CreatedAt).Select(k => new KeyAnswer(k.Prefix, k.Name, k.Scopes, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.RevokedAt))],
            models.ManifestOf(row.Name)?.Signature.Inputs);
    }

    public sealed record EventAnswer(DateTimeOffset At, string Who, EndpointEventKind Kind, string? From, string? To, string? Why, int LiveVersion)
    {
        public static EventAnswer Of(EndpointEventRow row) => new(row.At, row.Who, row.Kind, row.From, row.To, row.Why, row.LiveVersion);
    }

    public sealed record PromoteBody(int Version, string? Why = null);

    public sealed record WhyBody(string? Why = null);

    public sealed record AliasBody(int Version, string? Why = null);

    /// <param name="Shares">Summing to 100; empty lets the live version answer all.</param>
    public sealed record TrafficBody(IReadOnlyList<TrafficShare> Shares, string? Why = null);

    public sealed record ShadowBody(int Version, int Percent = 100, string? Why = null);

    /// <param name="Name">What the key is for.</param>
    /// <param name="Scopes">Null for all.</param>
    /// <param name="ExpiresAt">Null for never.</param>
    public sealed record KeyBody(string? Name = null, EndpointScopes? Scopes = null, DateTimeOffset? ExpiresAt = null);

    public sealed record NewKeyAnswer(string Key);

    public static void MapEndpoints(this RouteGroupBuilder api)
    {
        var endpoints = api.MapGroup("/endpoints").WithTags("Endpoints").RequireRole(WorkspaceRole.Publisher);
        endpoints.MapPost("/", PublishAsync).WithName("Publish").WithSummary("Makes a trial's model answer under a name")
            .WithDescription("A new name makes a new endpoint with a key; a known name gets a new version, its keys stay. With \"goLive\": false the version becomes the challenger and answers only where it is named. Where a required assertion of the dataset is not met, nothing is published: 409 names it, with what is expected and what was found.").Produces<PublishAnswer>(201).ProducesProblem(400).ProducesProblem(409);
        endpoints.MapPost("/import", ImportAsync).WithName("ImportModel").WithSummary("Makes a model file of another workbench answer under a name")
            .WithDescription("The body is the model package as it was taken away (.mwm). 'name' says the endpoint, 'file' the file's name for the history; with goLive=false the version becomes the challenger. "
                + "Where the other versions under the name come from a dataset with required assertions, the model has to meet them: 409 names those that it does not. "
                + "The file is read, never run: its checksum, its description and its golden rows must be right, or nothing is published and the answer is 422.")
            .Accepts<byte[]>("application/octet-stream", ManagementApi.AnyContent)
            .Produces<PublishAnswer>(201).ProducesProblem(400).ProducesProblem(409).ProducesProblem(413).ProducesProblem(422).ProducesProblem(507).DisableAntiforgery();
        endpoints.MapGet("/", async (Caller caller, EndpointStore store, LiveModels models, CancellationToken ct) => (await store.ListAsync(caller.WorkspaceId, ct)).Select(e => EndpointAnswer.From(e, models))).WithName("ListEndpoints").WithSummary("All endpoints");
        endpoints.MapGet("/{name}", (string name, EndpointStore store, LiveModels models, CancellationToken ct) => ShowAsync(name, store, models, ct))
            .WithName("GetEndpoint").WithSummary("One endpoint with versions, traffic, limits, keys and inputs").Produces<EndpointAnswer>().ProducesProblem(404);
        endpoints.MapDelete("/{name}", async (string name, HttpContext context, EndpointStore store, CancellationToken ct) =>
            await store.DeleteAsync(name, Who(context), ct) ? Results.NoContent() : NotFound(name)).WithName("DeleteEndpoint").WithSummary("Takes a model off the air with all versions and keys; its history stays").Produces(204).ProducesProblem(404);

        MapVersions(endpoints.MapGroup("/{name}"));
        MapKeys(endpoints.MapGroup("/{name}/keys"));
    }

    private static void MapVersions(RouteGroupBuilder endpoint)
    {
        endpoint.MapPost("/promote", (string name, PromoteBody body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.PromoteAsync(name, body.Version, Who(context), body.Why, ct), ct)).Describe("Promote", "Makes a version the live one", "Where its model does not meet a required assertion of its dataset, nothing is changed: 409 names it. The answer is the endpoint as it is now.");
        endpoint.MapPost("/rollback", (string name, WhyBody body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.RollBackAsync(name, Who(context), body.Why, ct), ct)).Describe("RollBack", "Makes the version live again that was so before");
        endpoint.MapPost("/versions/{version:int}/retire", (string name, int version, WhyBody body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.RetireAsync(name, version, Who(context), body.Why, ct), ct)).Describe("RetireVersion", "Takes a version out of use for good");
        endpoint.MapPut("/aliases/{alias}", (string name, string alias, AliasBody body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.SetAliasAsync(name, alias, body.Version, Who(context), body.Why, ct), ct)).Describe("SetAlias", "Points an alias to a version; 'champion' is the live version");
        endpoint.MapDelete("/aliases/{alias}", (string name, string alias, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.RemoveAliasAsync(name, alias, Who(context), ct), ct)).Describe("RemoveAlias", "Removes an alias");
        endpoint.MapPut("/traffic", (string name, TrafficBody body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.SetTrafficAsync(name, body.Shares, Who(context), body.Why, ct), ct)).Describe("SetTraffic", "Splits the requests that name no version", "Shares in percent that sum to 100; an empty list lets the live version answer all. Callers that send the same X-Session-Id get the same version.");
        endpoint.MapPut("/shadow", (string name, ShadowBody body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.SetShadowAsync(name, new ShadowTraffic(body.Version, body.Percent), Who(context), body.Why, ct), ct)).Describe("SetShadow", "Lets a version answer copies of requests, for comparison alone");
        endpoint.MapDelete("/shadow", (string name, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.SetShadowAsync(name, null, Who(context), null, ct), ct)).Describe("RemoveShadow", "Ends the copies");
        endpoint.MapPut("/settings", (string name, EndpointSettings body, HttpContext context, EndpointStore store, LiveModels models, CancellationToken ct) =>
            ChangeAsync(name, store, models, () => store.SetSettingsAsync(name, body, Who(context), ct), ct)).Describe("SetEndpointSettings", "Limits, guard, and whether anybody may ask");
        endpoint.MapGet("/history", async (string name, EndpointStore store, CancellationToken ct) =>
            await store.HistoryAsync(name, ct) is { Count: > 0 } history ? Results.Ok(history.Select(EventAnswer.Of)) : NotFound(name)).WithName("GetEndpointHistory").WithSummary("What was done to an endpoint, newest first").Produces<IEnumerable<EventAnswer>>().ProducesProblem(404);
        endpoint.MapGet("/history/at", async (string name, [FromQuery] DateTimeOffset time, EndpointStore store, CancellationToken ct) =>
            await store.LiveAtAsync(name, time, ct) is { } line ? Results.Ok(EventAnswer.Of(line)) : Results.Problem(statusCode: 404, title: "Nothing answered", detail: $"At {time:u} nothing was published under '{name}'."))
            .WithName("GetEndpointAt").WithSummary("The line of the history that held at a time: its version answered then").Produces<EventAnswer>().ProducesProblem(404);
    }

    private static void MapKeys(RouteGroupBuilder keys)
    {
        keys.MapPost("/", async (string name, [FromBody] KeyBody? body, HttpContext context, EndpointStore store, CancellationToken ct) =>
        {
            try
            {
                return await store.AddKeyAsync(name, body?.Name ?? "", body?.Scopes ?? EndpointScopes.All, body?.ExpiresAt, Who(context), ct) is { } key ? Results.Ok(new NewKeyAnswer(key)) : NotFound(name);
            }
            catch (ArgumentException e)
            {
                return Results.Problem(statusCode: 400, title: "No key was made", detail: e.Message);
            }
        }).WithName("AddKey").WithSummary("A further key, shown this once").Produces<NewKeyAnswer>().ProducesProblem(400).ProducesProblem(404);
        keys.MapDelete("/{prefix}", async (string name, string prefix, HttpContext context, EndpointStore store, CancellationToken ct) =>
            await store.RevokeKeyAsync(name, prefix, Who(context), ct) ? Results.NoContent() : Results.Problem(statusCode: 404, title: "Unknown key", detail: $"Endpoint '{name}' has no valid key '{prefix}'."))
            .WithName("RevokeKey").WithSummary("Makes a key stop working at once").Produces(204).ProducesProblem(404);
    }

    private static void Describe(this RouteHandlerBuilder route, string id, string summary, string description = "The answer is the endpoint as it is now.") =>
        route.WithName(id).WithSummary(summary).WithDescription(description).Produces<EndpointAnswer>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);

    private static string Who(HttpContext context) => context.User.FindFirstValue(ClaimTypes.Name) ?? "unknown";

    private static async Task<IResult> PublishAsync(PublishBody body, HttpContext context, Caller caller, EndpointStore store, Workspaces workspaces, CancellationToken ct)
    {
        if (await workspaces.WhyNotAsync(caller, new OwnedObject(OwnedKind.Experiment, body.ExperimentId), WorkspaceRole.Publisher, ct) is { } refusal) return refusal;
        try
        {
            var published = await store.PublishAsync(body.Name, body.ExperimentId, body.TrialNumber, Who(context), body.GoLive, body.Why, ct);
            return Published(published, context);
        }
        catch (UnmetAssertionsException e)
        {
            return Unmet(e, "Not published");
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException)
        {
            return Results.Problem(statusCode: 400, title: "Not published", detail: e.Message);
        }
    }

    private static IResult Published(Publication made, HttpContext context) =>
        Results.Created($"/api/v1/endpoints/{made.Name}", new PublishAnswer(made.Name, made.Version, made.IsLive, $"{context.Request.Scheme}://{context.Request.Host}/api/v1/models/{made.Name}/predict", made.Key, made.Comparison));

    private static async Task<IResult> ImportAsync([FromQuery] string? name, [FromQuery] string? file, [FromQuery] bool? goLive, [FromQuery] string? why, HttpContext context, Caller caller, EndpointStore store, ArtefactStore artefacts, StoredBytes stored, IOptions<WorkbenchOptions> options)
    {
        var (most, ct) = (options.Value.MaxModelBytes, context.RequestAborted);
        // Before a large body is taken in vain.
        if (name is null || !EndpointStore.IsName(name)) return Results.Problem(statusCode: 400, title: "Not published", detail: $"The query parameter 'name' is '{name}'; expected {EndpointStore.NameRule}.");
        if (context.Request.ContentLength > most) return TooLarge();
        if (context.Request.ContentLength is { } length && !artefacts.HasRoom(length)) return LargeBodies.DiskFull(artefacts);
        if (await stored.WhyNotAsync(context, caller) is { } full) return LargeBodies.WorkspaceFull(full);
        context.AllowLargeBody(most);
        var temporary = artefacts.NewTemporaryPath();
        try
        {
            await context.Request.Body.SaveAsync(temporary, artefacts, ct);
            if (await stored.WhyNotArrivedAsync(context, caller, temporary) is { } tooMuch) return LargeBodies.WorkspaceFull(tooMuch);
            return Published(await store.ImportAsync(name, temporary, DatasetApi.CleanName(string.IsNullOrWhiteSpace(file) ? "model.mwm" : file), caller.WorkspaceId, Who(context), goLive ?? true, why, ct), context);
        }
        catch (UnmetAssertionsException e)
        {
            return Unmet(e, "Not published");
        }
        catch (ArgumentException e)
        {
            return Results.Problem(statusCode: 400, title: "Not published", detail: e.Message);
        }
        catch (InvalidDataException e)
        {
            return Results.Problem(statusCode: 422, title: "The model file was refused", detail: e.Message);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == 413)
        {
            return TooLarge();
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            return LargeBodies.DiskFull(artefacts);
        }
        finally
        {
            File.Delete(temporary);
        }

        IResult TooLarge() => LargeBodies.TooLarge("model file", options.Value.MaxModelMegabytes, nameof(WorkbenchOptions.MaxModelMegabytes));
    }

    private static async Task<IResult> ChangeAsync(string name, EndpointStore store, LiveModels models, Func<Task<bool>> change, CancellationToken ct)
    {
        try
        {
            return await change() ? await ShowAsync(name, store, models, ct) : NotFound(name);
        }
        catch (UnmetAssertionsException e)
        {
            return Unmet(e, "Nothing was changed");
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException)
        {
            return Results.Problem(statusCode: 400, title: "Nothing was changed", detail: e.Message);
        }
    }

    /// <summary>Names every required assertion that is not met, with what is expected and what was found.</summary>
    private static IResult Unmet(UnmetAssertionsException e, string title) => Results.Problem(statusCode: 409, title: title, detail: e.Message, extensions: new Dictionary<string, object?>
    {
        ["assertions"] = e.Unmet.Select(c => new { c.Assertion.Id, c.Assertion.Name, outcome = c.Finding?.Outcome, expected = c.Assertion.Expectation.Describe(c.Assertion.Target), found = c.Found }).ToArray(),
    });

    private static async Task<IResult> ShowAsync(string name, EndpointStore store, LiveModels models, CancellationToken ct)
    {
        if (await store.FindAsync(name, ct) is not { } row) return NotFound(name);
        await models.FindAsync(name, ct);
        return Results.Ok(EndpointAnswer.From(row, models));
    }

    private static IResult NotFound(string name) => Results.Problem(statusCode: 404, title: "Unknown endpoint", detail: $"There is no endpoint '{name}'.");
}
