using System.Security.Claims;
using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Alerts of endpoints and their webhooks, over HTTP.</summary>
public static class AlertApi
{
    private const int MostListed = 500;
    private const int MostMutedMinutes = 60 * 24 * 30;

    /// <param name="Endpoint">Its name.</param>
    public sealed record WaitingAnswer(string Endpoint, AlertAnswer Alert);

    /// <param name="Minutes">From now; 0 ends it.</param>
    public sealed record MuteBody(int Minutes);

    /// <param name="Url">http or https, of the public internet unless the setting PrivateWebhooks is on.</param>
    /// <param name="Secret">What signs the bodies, 16 to 200 characters; null keeps the known one, or makes one.</param>
    public sealed record WebhookBody(string Url, string? Secret = null);

    /// <param name="Secret">Where it was made; it is never shown again.</param>
    public sealed record WebhookSetAnswer(string? Secret);

    /// <param name="Address">Without the path, which may be a secret.</param>
    public sealed record WebhookAnswer(string Address, DateTimeOffset SetAt, string SetBy, IReadOnlyList<DeliveryAnswer> Deliveries);

    /// <param name="NextAt">When it is tried next; null where it has ended.</param>
    /// <param name="Problem">Why the last try did not succeed; null where it did.</param>
    public sealed record DeliveryAnswer(long Id, string Event, DateTimeOffset CreatedAt, int Attempts, DateTimeOffset? TriedAt, DateTimeOffset? NextAt, bool IsDelivered, int? StatusCode, string? Problem, double? Milliseconds)
    {
        public static DeliveryAnswer Of(WebhookDeliveryRow row) => new(row.Id, row.Event, row.CreatedAt, row.Attempts, row.TriedAt, row.NextAt, row.IsDelivered, row.StatusCode, row.Problem, row.Milliseconds);
    }

    public static void MapAlerts(this RouteGroupBuilder api)
    {
        api.MapGet("/alerts", async (Caller caller, WaitingAlerts alerts, CancellationToken ct) => (await alerts.ListAsync(caller.WorkspaceId, ct)).Select(a => new WaitingAnswer(a.EndpointName, AlertAnswer.Of(a))))
            .WithTags("Alerts").WithName("ListWaitingAlerts").WithSummary("Alerts of all endpoints that are up and that nobody has acknowledged or muted");
        var endpoint = api.MapGroup("/endpoints/{name}").WithTags("Alerts").RequireRole(WorkspaceRole.Publisher);
        endpoint.MapGet("/alerts", async (string name, [FromQuery] bool? up, [FromQuery] int? most, AlertStore alerts, LiveModels models, CancellationToken ct) =>
            !models.Exists(name) ? NotFound(name) : Results.Ok((await alerts.ListAsync(name, up ?? false, Math.Clamp(most ?? 100, 1, MostListed), ct)).Select(AlertAnswer.Of)))
            .WithName("ListAlerts").WithSummary("Alerts of an endpoint, newest first").WithDescription("up: those alone that are up. most: at most 500, 100 where it is absent. What is watched stands in the endpoint's settings, under 'alerts'.").Produces<IEnumerable<AlertAnswer>>().ProducesProblem(404);
        endpoint.MapPost("/alerts/{id:int}/acknowledge", async (string name, int id, HttpContext context, AlertStore alerts, CancellationToken ct) =>
            await alerts.AcknowledgeAsync(name, id, Who(context), ct) is { } row ? Results.Ok(AlertAnswer.Of(row)) : Results.Problem(statusCode: 404, title: "Unknown alert", detail: $"The endpoint '{name}' has no alert {id}."))
            .WithName("AcknowledgeAlert").WithSummary("Says that somebody has seen an alert").Produces<AlertAnswer>().ProducesProblem(404);
        endpoint.MapPost("/alerts/mute", async (string name, MuteBody body, HttpContext context, AlertStore alerts, CancellationToken ct) =>
            body.Minutes is < 0 or > MostMutedMinutes ? Results.Problem(statusCode: 400, title: "Invalid request", detail: $"minutes is {body.Minutes}; expected 0 to {MostMutedMinutes:N0}.")
            : await alerts.MuteAsync(name, body.Minutes, Who(context), ct) ? Results.NoContent() : NotFound(name))
            .WithName("MuteAlerts").WithSummary("Writes an endpoint's alerts down for a while without telling anybody").Produces(204).ProducesProblem(400).ProducesProblem(404);

        endpoint.MapGet("/webhook", async (string name, Webhooks webhooks, CancellationToken ct) =>
            await webhooks.FindAsync(name, ct) is not { } webhook ? NoWebhook(name)
            : Results.Ok(new WebhookAnswer(new Uri(webhook.Url).GetLeftPart(UriPartial.Authority), webhook.SetAt, webhook.SetBy, [.. (await webhooks.DeliveriesAsync(name, MostListed, ct)).Select(DeliveryAnswer.Of)])))
            .WithName("GetWebhook").WithSummary("Where an endpoint's alerts are sent, and how that went").Produces<WebhookAnswer>().ProducesProblem(404);
        endpoint.MapPut("/webhook", async (string name, WebhookBody body, HttpContext context, Webhooks webhooks, LiveModels models, CancellationToken ct) =>
        {
            if (!models.Exists(name)) return NotFound(name);
            try
            {
                return Results.Ok(new WebhookSetAnswer(await webhooks.SetAsync(name, body.Url, body.Secret, Who(context), ct)));
            }
            catch (ArgumentException e)
            {
                return Results.Problem(statusCode: 400, title: "No webhook was set", detail: e.Message);
            }
        }).WithName("SetWebhook").WithSummary("Sends an endpoint's alerts to an address from now on")
            .WithDescription($"Each alert is posted when it is raised and when it is cleared: {{\"event\": \"alert.raised\", \"endpoint\", \"version\", \"at\", \"text\", \"alert\": {{\"id\", \"kind\", \"subject\", \"figure\", \"threshold\", …}}}}. "
                + $"{Webhooks.SignatureHeader} is 'v1=' and the HMAC-SHA256 of {Webhooks.TimestampHeader}, a full stop and the body, with the secret; refuse what is older than a few minutes. {Webhooks.DeliveryHeader} is the same for every try of one delivery. "
                + $"Any status from 200 to 299 within 10 seconds is success; else it is tried {Webhooks.MostAttempts} times in all, the last three quarters of an hour later. Redirects are not followed.").Produces<WebhookSetAnswer>().ProducesProblem(400).ProducesProblem(404);
        endpoint.MapDelete("/webhook", async (string name, HttpContext context, Webhooks webhooks, CancellationToken ct) =>
            await webhooks.RemoveAsync(name, Who(context), ct) ? Results.NoContent() : NoWebhook(name)).WithName("RemoveWebhook").WithSummary("Sends alerts nowhere from now on").Produces(204).ProducesProblem(404);
        endpoint.MapPost("/webhook/test", async (string name, HttpContext context, Webhooks webhooks, CancellationToken ct) =>
            await webhooks.SendTestAsync(name, Who(context), ct) is { } delivery ? Results.Ok(DeliveryAnswer.Of(delivery)) : NoWebhook(name))
            .WithName("TestWebhook").WithSummary("Sends something now and says how that went").Produces<DeliveryAnswer>().ProducesProblem(404);
    }

    private static string Who(HttpContext context) => context.User.FindFirstValue(ClaimTypes.Name) ?? "unknown";

    private static IResult NotFound(string name) => Results.Problem(statusCode: 404, title: "Unknown endpoint", detail: $"There is no endpoint '{name}'.");

    private static IResult NoWebhook(string name) => Results.Problem(statusCode: 404, title: "Unknown webhook", detail: $"The endpoint '{name}' has no webhook.");
}
