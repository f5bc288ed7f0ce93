using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>What endpoints did, over HTTP.</summary>
public static class MonitoringApi
{
    private const int MostHours = 24 * 366;

    public sealed record LoggedRowAnswer(long Id, DateTimeOffset At, string RequestId, int Row, int Version, string Key, string Dialect, JsonElement? Values, string? Answer, double? Probability, double Microseconds, string? Problem, string? Truth, DateTimeOffset? TruthAt)
    {
        public static LoggedRowAnswer From(LoggedRow row) => new(row.Id, row.At, row.RequestId, row.RowIndex, row.Version, row.Key, row.Dialect, row.Values.Length == 0 ? null : JsonSerializer.Deserialize<JsonElement>(row.Values), row.Answer, row.Probability, row.Microseconds, row.Problem, row.Truth, row.TruthAt);
    }

    public sealed record TrafficAnswer(DateTimeOffset From, int StepMinutes, TrafficCounts Total, IReadOnlyList<TrafficPoint> Points, IReadOnlyList<TrafficPart> Parts, IReadOnlyList<LiveQuality> Quality);

    public sealed record ClearedAnswer(int Rows);

    public static void MapMonitoring(this RouteGroupBuilder api)
    {
        var endpoint = api.MapGroup("/endpoints/{name}").WithTags("Monitoring").RequireRole(WorkspaceRole.Publisher);
        endpoint.MapGet("/traffic", async (string name, [FromQuery] int? hours, MonitoringStore store, LiveModels models, CancellationToken ct) =>
        {
            if (Check(name, hours, models) is { } refusal) return refusal;
            var report = await store.TrafficAsync(name, hours ?? 24, ct);
            return Results.Ok(new TrafficAnswer(report.From, report.StepMinutes, report.Total, report.Points, report.Parts, await store.QualityAsync(name, hours ?? 24, ct)));
        }).WithName("GetTraffic").WithSummary("Requests, rows and latencies over time, by version, key and dialect, and how good the answers were where the truth is known").WithDescription("hours: back from now, 24 where it is absent.")
            .Produces<TrafficAnswer>().ProducesProblem(400).ProducesProblem(404);
        endpoint.MapGet("/drift", async (string name, [FromQuery] int? version, [FromQuery] int? hours, MonitoringStore store, LiveModels models, CancellationToken ct) =>
            Check(name, hours, models) ?? (await store.DriftAsync(name, version, hours ?? 24, ct) is { } report ? Results.Ok(report)
                : Results.Problem(statusCode: 404, title: "Unknown version", detail: $"The endpoint '{name}' has no version {version} that can be asked.")))
            .WithName("GetDrift").WithSummary("How far the rows that came are from those that the model was trained on").WithDescription("version: the live one where it is absent. hours: back from now, 24 where it is absent. Reads the request log.")
            .Produces<DriftReport>().ProducesProblem(400).ProducesProblem(404);
        endpoint.MapGet("/log", async (string name, [FromQuery] string? search, [FromQuery] bool? refused, [FromQuery] long? before, [FromQuery] int? most, MonitoringStore store, RequestLog log, LiveModels models, CancellationToken ct) =>
        {
            if (Check(name, null, models) is { } refusal) return refusal;
            await log.FlushAsync(ct);
            return Results.Ok((await store.LogAsync(name, search, refused ?? false, before, most ?? 100, ct)).Select(LoggedRowAnswer.From));
        }).WithName("GetRequestLog").WithSummary("Rows of requests with their answers, newest first").WithDescription("search: a text in a value, answer, truth or id. refused: refused requests alone. before: the id of the last row of the page before. most: at most 500, 100 where it is absent.")
            .Produces<IEnumerable<LoggedRowAnswer>>().ProducesProblem(404);
        endpoint.MapDelete("/log", async (string name, MonitoringStore store, LiveModels models, CancellationToken ct) =>
            Check(name, null, models) ?? Results.Ok(new ClearedAnswer(await store.ClearLogAsync(name, ct))))
            .WithName("ClearRequestLog").WithSummary("Forgets the rows of requests; the counts stay").Produces<ClearedAnswer>().ProducesProblem(404);
        // It takes nothing away from the endpoint.
        endpoint.MapPost("/log/dataset", async (string name, LogDataset log, LiveModels models, CancellationToken ct) =>
        {
            if (Check(name, null, models) is { } refusal) return refusal;
            try
            {
                return await log.MakeAsync(name, ct) is { } made ? Results.Created($"/api/v1/datasets/{made.DatasetId}", made)
                    : Results.Problem(statusCode: 503, title: "The model does not answer", detail: models.FailureOf(name));
            }
            catch (InvalidDataException e)
            {
                return Results.Problem(statusCode: 409, title: "No dataset was made", detail: e.Message);
            }
        }).WithName("MakeDatasetOfLog").WithSummary("Makes a dataset of the rows in the request log, with what came true as the target and the recipe of the live version").Produces<LogDataset.Made>(201).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503).RequireRole(WorkspaceRole.Editor);
    }

    private static IResult? Check(string name, int? hours, LiveModels models) =>
        !models.Exists(name) ? Results.Problem(statusCode: 404, title: "Unknown endpoint", detail: $"There is no endpoint '{name}'.")
        : hours is < 1 or > MostHours ? Results.Problem(statusCode: 400, title: "Invalid request", detail: $"hours is {hours}; expected 1 to {MostHours:N0}.")
        : null;
}
