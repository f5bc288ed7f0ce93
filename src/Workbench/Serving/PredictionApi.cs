using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>The endpoint that published models answer on.</summary>
public static class PredictionApi
{
    // RFC 8259 allows any depth; a request needs four.
    private static readonly JsonDocumentOptions RequestOptions = new() { MaxDepth = 16 };

    public static void MapPredictions(this WebApplication app)
    {
        app.MapPost("/api/v1/models/{name}/predict", PredictAsync)
            .AllowAnonymous() // It has keys of its own, checked below.
            .WithMetadata(new SkipStatusCodePagesAttribute())
            .WithName("Predict").WithTags("Predictions").WithSummary("Scores rows with a published model")
            .WithDescription("Body: {\"features\": [[…], …]} in the order of the model's inputs, or {\"records\": [{…}, …]} by name; null is a missing value. Key: 'Authorization: Bearer mwk_…' or 'X-Api-Key: mwk_…'.")
            .Accepts<PredictionBody>("application/json", ManagementApi.AnyContent)
            .Produces<PredictionAnswer>()
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(413).ProducesProblem(415).ProducesProblem(503);
    }

    private static async Task PredictAsync(string name, HttpContext context, LiveModels models, IOptions<WorkbenchOptions> options)
    {
        var key = context.Request.Headers["X-Api-Key"].FirstOrDefault() ?? BearerHandler.ReadBearer(context.Request);
        if (key is null || models.Exists(name) && !models.Opens(name, key))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await Problem(401, "No valid key", "Expected the key of this endpoint in 'Authorization: Bearer mwk_…' or 'X-Api-Key: mwk_…'.").ExecuteAsync(context);
            return;
        }
        if (!models.Exists(name)) { await Problem(404, "Unknown model", $"No model is published under the name '{name}'.").ExecuteAsync(context); return; }
        if (models.Find(name) is not { } model) { await Problem(503, "The model does not answer", models.FailureOf(name)!).ExecuteAsync(context); return; }
        if (!context.Request.HasJsonContentType()) { await Problem(415, "Unsupported content", $"The content type is '{context.Request.ContentType}'; expected application/json.").ExecuteAsync(context); return; }
        if (context.Request.Headers.ContentEncoding.Count > 0) { await Problem(415, "Unsupported content", $"The content encoding is '{context.Request.Headers.ContentEncoding}'; expected none.").ExecuteAsync(context); return; }

        var mostBytes = (long)options.Value.MaxPredictionMegabytes * 1024 * 1024;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = mostBytes;
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body, RequestOptions, context.RequestAborted);
            var answer = model.Predict(body.RootElement, options.Value.MaxPredictionRows, out var problems);
            if (answer is null)
            {
                await Results.Problem(statusCode: 400, title: "Invalid input", detail: problems[0].ToString(),
                    extensions: new Dictionary<string, object?> { ["errors"] = problems }).ExecuteAsync(context);
                return;
            }
            context.Response.ContentType = "application/json";
            context.Response.Headers["X-Model-Version"] = answer.Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await context.Response.Body.WriteAsync(LiveModels.ToJson(answer), context.RequestAborted);
        }
        catch (JsonException e)
        {
            await Problem(400, "Not JSON", $"Line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message.Split(" LineNumber:")[0]}").ExecuteAsync(context);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == 413)
        {
            await Problem(413, "Request too large", $"The body is larger than {options.Value.MaxPredictionMegabytes} MB (MaxPredictionMegabytes).").ExecuteAsync(context);
        }
    }

    private static IResult Problem(int status, string title, string detail) => Results.Problem(statusCode: status, title: title, detail: detail);

    /// <summary>For the API description only: the body is read by hand.</summary>
    private sealed record PredictionBody(JsonElement[][]? Features = null, Dictionary<string, JsonElement>[]? Records = null);

    /// <summary>For the API description only: the answer is written by hand.</summary>
    private sealed record PredictionAnswer(string Model, int Version, JsonElement[] Predictions, string[]? Classes = null, double[][]? Probabilities = null, JsonElement[]? Warnings = null);
}
