using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Callers say what came true.</summary>
public static class FeedbackApi
{
    private const int MostItems = 10_000;
    private const int MostBytes = 4 << 20;

    /// <param name="RequestId">As the answer named it: <c>X-Request-Id</c>.</param>
    /// <param name="Row">0-based, in the request; 0 where it is absent.</param>
    /// <param name="Truth">The class, or the number.</param>
    public sealed record FeedbackItem(string? RequestId, JsonElement Truth, int? Row = null);

    /// <param name="Items">At most 10,000.</param>
    public sealed record FeedbackBody(IReadOnlyList<FeedbackItem>? Items = null, string? RequestId = null, JsonElement? Truth = null, int? Row = null);

    /// <param name="Joined">Truths that found their row.</param>
    /// <param name="NotLogged">Those whose row is not in the log: it was left out, is too old, or never was. With the position in the request.</param>
    public sealed record FeedbackAnswer(int Joined, IReadOnlyList<int> NotLogged);

    public static void MapFeedback(this WebApplication app)
    {
        var route = app.MapPost("/api/v1/models/{name}/feedback", AnswerAsync)
            .WithName("GiveFeedback").WithTags("Predictions").WithSummary("Says what came true, for the rows of earlier requests")
            .WithDescription("Body: {\"requestId\": …, \"row\": 0, \"truth\": …} or {\"items\": [{…}, …]}. The id is that of the header X-Request-Id, the truth a class or a number as the model predicts it. A later truth replaces an earlier one. Only rows that are in the request log can be joined.")
            .WithMetadata(new AcceptsMetadata(["application/json"], typeof(FeedbackBody)))
            .Produces<FeedbackAnswer>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(413)
            .DisableAntiforgery().AllowAnonymous();
        route.ShortCircuit();
    }

    private static async Task AnswerAsync(string name, HttpContext context, InferenceRequests requests, LiveModels models, RequestLog log, ServingFigures figures, IDbContextFactory<AppDb> databases, TimeProvider time)
    {
        var ct = context.RequestAborted;
        if (await requests.EnterAsync(context, Dialect.Native, name, EndpointScopes.Feedback) is not { } entry) return;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = MostBytes;
        FeedbackBody? body;
        try
        {
            body = await JsonSerializer.DeserializeAsync<FeedbackBody>(context.Request.Body, JsonSerializerOptions.Web, ct);
        }
        catch (JsonException e)
        {
            await Refuse(context, 400, $"The body is no such object: {e.Message}");
            return;
        }
        IReadOnlyList<FeedbackItem>? items = body?.Items ?? (body is { RequestId: { } single, Truth: { } only } ? [new FeedbackItem(single, only, body.Row)] : null);
        if (items is null) { await Refuse(context, 400, "Expected 'requestId' and 'truth', or 'items' with those."); return; }
        if (items.Count > MostItems) { await Refuse(context, 413, $"Found {items.Count:N0} items; expected at most {MostItems:N0}."); return; }
        var target = (await models.FindAsync(entry.Endpoint.Name, ct))?.Package.Manifest.Target;
        List<(string Id, int Row, string Truth)> truths = [];
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            if (string.IsNullOrEmpty(item.RequestId)) { await Refuse(context, 400, $"Item {i} has no 'requestId'."); return; }
            if (ReadTruth(item.Truth, target, out var truth) is { } why) { await Refuse(context, 400, $"Item {i}: {why}"); return; }
            truths.Add((RequestLog.IdOf(item.RequestId), item.Row ?? 0, truth));
        }
        // What was answered a moment ago may still wait to be written.
        await log.FlushAsync(ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        List<int> unknown = [];
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        for (var i = 0; i < truths.Count; i++)
        {
            var (id, row, truth) = truths[i];
            var joined = await db.LoggedRows.Where(r => r.EndpointName == name && r.RequestId == id && r.RowIndex == row && r.Problem == null)
                .ExecuteUpdateAsync(set => set.SetProperty(r => r.Truth, truth).SetProperty(r => r.TruthAt, now), ct);
            if (joined == 0) unknown.Add(i);
        }
        await transaction.CommitAsync(ct);
        figures.CountFeedback(name, truths.Count - unknown.Count);
        if (unknown.Count == truths.Count && truths.Count > 0)
        {
            await Refuse(context, 404, $"None of the {truths.Count:N0} rows is in the request log of '{name}': they were not written down, are older than what is kept, or never were. The first is row {truths[0].Row} of request '{truths[0].Id}'.");
            return;
        }
        await Results.Ok(new FeedbackAnswer(truths.Count - unknown.Count, unknown)).ExecuteAsync(context);
    }

    private static string? ReadTruth(JsonElement truth, Target? target, out string text)
    {
        text = truth.ValueKind switch
        {
            JsonValueKind.String => truth.GetString()!,
            JsonValueKind.Number => truth.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => "",
        };
        if (text.Length == 0) return $"found the truth {(truth.ValueKind == JsonValueKind.Undefined ? "absent" : truth.GetRawText())}; expected a class or a number.";
        if (target is null) return null;
        if (target.Task == LearningTask.Regression)
        {
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number)) return $"found '{text}'; expected a number, as the model predicts '{target.Column}'.";
            text = number.ToString("R", CultureInfo.InvariantCulture);
            return null;
        }
        if (target.Classes.Contains(text)) return null;
        var given = text;
        // A file's 1 and 0, or TRUE and False, are a client's true and 1.0.
        if (target.Classes.FirstOrDefault(c => c.Equals(given, StringComparison.OrdinalIgnoreCase) || (double.TryParse(c, NumberStyles.Float, CultureInfo.InvariantCulture, out var a) && double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var b) && a == b)) is { } same)
        {
            text = same;
            return null;
        }
        return $"found '{given}'; expected one of {string.Join(", ", target.Classes.Take(20))}{(target.Classes.Count > 20 ? ", …" : "")}.";
    }

    private static Task Refuse(HttpContext context, int status, string detail) =>
        Results.Problem(statusCode: status, title: status == 404 ? "Not in the log" : "Invalid feedback", detail: detail).ExecuteAsync(context);
}
