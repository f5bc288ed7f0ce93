using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>The addresses on which published models answer, one set for each dialect. They have keys of their own and leave the pipeline of pages and management before it signs anybody in.</summary>
public static class InferenceApi
{
    public static void MapInference(this WebApplication app)
    {
        MapNative(app);
        MapDescription(app);
        MapOpenInference(app);
        MapMlflow(app);
        MapTensorFlow(app);
    }

    private static void MapNative(WebApplication app)
    {
        foreach (var (path, id, summary, described) in new (string, string, string, Delegate)[]
        {
            ("/api/v1/models/{name}/predict", "Predict", "Scores rows with a published model", (string name) => { }),
            ("/api/v1/models/{name}/versions/{version}/predict", "PredictWithVersion", "Scores rows with one version of a published model", (string name, int version) => { }),
            ("/api/v1/models/{name}/aliases/{alias}/predict", "PredictWithAlias", "Scores rows with the version that an alias points to", (string name, string alias) => { }),
        })
            app.MapInference(path, Dialect.Native)
                // For the description of the API alone: the handler reads the address by hand.
                .WithMetadata(described.Method)
                .WithName(id).WithTags("Predictions").WithSummary(summary)
                .WithDescription("Body: {\"features\": [[…], …]} in the order of the model's inputs or of \"columns\", {\"records\": [{…}, …]} by name, or CSV with a header; null is a missing value. \"interval\": 0.8, 0.9 or 0.95 asks for an interval around each predicted number; \"explain\": true for what each column adds to each answer. Key: 'Authorization: Bearer mwk_…' or 'X-Api-Key: mwk_…'. With 'Accept: text/csv' the answer is CSV.")
                .WithMetadata(new AcceptsMetadata(["application/json", "text/csv", ManagementApi.AnyContent], typeof(PredictionBody)))
                .WithMetadata(new ProducesResponseTypeMetadata(200, typeof(PredictionAnswer), ["application/json"]))
                .ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(413).ProducesProblem(415).ProducesProblem(429).ProducesProblem(503);
    }

    /// <summary>The plain form of a handler: without binding of parameters no scope of services is opened for each request.</summary>
    private static IEndpointConventionBuilder MapInference(this WebApplication app, string path, Dialect dialect)
    {
        var requests = app.Services.GetRequiredService<InferenceRequests>();
        return app.MapPost(path, (RequestDelegate)(context => Answer(context, requests, dialect))).Open().WithMetadata(AnswersPrograms.Metadata);
    }

    private static void MapDescription(WebApplication app) => app.MapGet("/api/v1/models/{name}/openapi.json", async (string name, HttpContext context, LiveModels models, InferenceRequests requests) =>
    {
        if (await FindAsync(context, requests, Dialect.Native) is not { } model) return;
        context.Response.ContentType = "application/json";
        var document = EndpointDescription.Write(model, models.FindEndpoint(model.Name)?.Disclosure ?? Disclosure.Full, $"{context.Request.Scheme}://{context.Request.Host}");
        await context.Response.WriteAsync(document.ToJsonString(DescriptionOptions), context.RequestAborted);
    }).Open().WithName("DescribeModel").WithTags("Predictions").WithSummary("OpenAPI 3.1 document of one endpoint: its columns with ranges, choices and a real row, in all protocols").Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);

    private static readonly JsonSerializerOptions DescriptionOptions = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static void MapOpenInference(WebApplication app)
    {
        app.MapGet("/v2/health/live", (HttpContext context) => WriteAsync(context, writer => writer.WriteBoolean("live"u8, true))).Open();
        app.MapGet("/v2/health/ready", (HttpContext context) => WriteAsync(context, writer => writer.WriteBoolean("ready"u8, true))).Open();
        app.MapGet("/v2", (HttpContext context) => WriteAsync(context, writer =>
        {
            writer.WriteString("name"u8, "Model Workbench");
            writer.WriteString("version"u8, ManagementApi.ProgramVersion);
            writer.WriteStartArray("extensions"u8);
            writer.WriteStringValue("binary_tensor_data"u8);
            writer.WriteEndArray();
        })).Open();
        app.MapGet("/v2/models", (HttpContext context, LiveModels models, InferenceRequests requests) => WriteAsync(context, writer =>
        {
            writer.WriteStartArray("models"u8);
            foreach (var endpoint in models.Endpoints.OrderBy(e => e.Name, StringComparer.Ordinal))
                if (requests.Opens(context.Request, endpoint)) writer.WriteStringValue(endpoint.Name);
            writer.WriteEndArray();
        })).Open();
        foreach (var path in new[] { "/v2/models/{name}", "/v2/models/{name}/versions/{version}" })
        {
            app.MapGet(path, (HttpContext context, LiveModels models, InferenceRequests requests) => AboutAsync(context, requests, Dialect.OpenInference, (model, writer) => WriteMetadata(model, models.FindEndpoint(model.Name), writer))).Open();
            app.MapGet($"{path}/ready", (HttpContext context, InferenceRequests requests) => AboutAsync(context, requests, Dialect.OpenInference, (model, writer) =>
            {
                writer.WriteString("name"u8, model.Name);
                writer.WriteBoolean("ready"u8, true);
            })).Open();
            app.MapInference($"{path}/infer", Dialect.OpenInference);
            app.MapGet($"{path}/infer", (HttpContext context) => RefuseMethodAsync(context, Dialect.OpenInference)).Open();
        }
        // What Triton's clients list the models with; it tells of all endpoints, so it asks for an access token.
        app.MapPost("/v2/repository/index", (LiveModels models) => models.Endpoints.OrderBy(e => e.Name, StringComparer.Ordinal).Select(e => e.Champion.Failure is { } failure
            ? new RepositoryEntry(e.Name, "", "UNAVAILABLE", failure) : new RepositoryEntry(e.Name, e.Champion.Number.ToString(CultureInfo.InvariantCulture), "READY", ""))).ExcludeFromDescription();
    }

    private sealed record RepositoryEntry(string Name, string Version, string State, string Reason);

    private static void MapMlflow(WebApplication app)
    {
        foreach (var path in new[] { "/mlflow/{name}", "/mlflow/{name}/versions/{version}" })
        {
            app.MapInference($"{path}/invocations", Dialect.MlflowScoring);
            app.MapGet($"{path}/invocations", (HttpContext context) => RefuseMethodAsync(context, Dialect.MlflowScoring)).Open();
            foreach (var health in new[] { "ping", "health" })
                app.MapGet($"{path}/{health}", async (HttpContext context, InferenceRequests requests) =>
                {
                    if (await FindAsync(context, requests, Dialect.MlflowScoring) is null) return;
                    context.Response.ContentType = "application/json";
                    await context.Response.WriteAsync("\n", context.RequestAborted);
                }).Open();
            // Clients look whether it is 2.0 or more.
            app.MapGet($"{path}/version", (HttpContext context) => context.Response.WriteAsync("3.0.0", context.RequestAborted)).Open();
        }
        app.MapInference("/serving-endpoints/{name}/invocations", Dialect.MlflowScoring);
    }

    private static void MapTensorFlow(WebApplication app)
    {
        foreach (var path in new[] { "/v1/models/{name}:predict", "/v1/models/{name}/versions/{version}:predict", "/v1/models/{name}/labels/{alias}:predict" })
        {
            app.MapInference(path, Dialect.TensorFlowServing);
            app.MapGet(path, (HttpContext context) => RefuseMethodAsync(context, Dialect.TensorFlowServing)).Open();
        }
        foreach (var path in new[] { "/v1/models/{name}", "/v1/models/{name}/versions/{version}" })
            app.MapGet(path, (HttpContext context, InferenceRequests requests) => AboutAsync(context, requests, Dialect.TensorFlowServing, (model, writer) =>
            {
                writer.WriteString("name"u8, model.Name);
                writer.WriteBoolean("ready"u8, true);
                writer.WriteStartArray("model_version_status"u8);
                writer.WriteStartObject();
                writer.WriteString("version"u8, model.VersionText);
                writer.WriteString("state"u8, "AVAILABLE");
                writer.WriteStartObject("status"u8);
                writer.WriteString("error_code"u8, "OK");
                writer.WriteString("error_message"u8, "");
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteEndArray();
            })).Open();
        app.MapGet("/v1/models", (HttpContext context, LiveModels models, InferenceRequests requests) => WriteAsync(context, writer =>
        {
            writer.WriteStartArray("models"u8);
            foreach (var endpoint in models.Endpoints.OrderBy(e => e.Name, StringComparer.Ordinal))
                if (requests.Opens(context.Request, endpoint)) writer.WriteStringValue(endpoint.Name);
            writer.WriteEndArray();
        })).Open();
    }

    /// <summary>Keys of endpoints are checked by the handler; nothing of the pipeline for people is needed.</summary>
    private static T Open<T>(this T route) where T : IEndpointConventionBuilder
    {
        route.AllowAnonymous();
        route.ShortCircuit();
        return route;
    }

    private static Task Answer(HttpContext context, InferenceRequests requests, Dialect dialect) =>
        TryReadChoice(context, out var name, out var choice) ? requests.AnswerAsync(context, dialect, name, choice) : RefuseVersionAsync(context, dialect);

    /// <returns>False where the version is no number.</returns>
    private static bool TryReadChoice(HttpContext context, out string name, out ModelChoice choice)
    {
        var values = context.Request.RouteValues;
        name = (string)values["name"]!;
        var alias = values.TryGetValue("alias", out var given) ? (string?)given : null;
        // MLflow writes models:/name@alias.
        if (alias is null && name.IndexOf('@') is > 0 and var at) (name, alias) = (name[..at], name[(at + 1)..]);
        choice = new ModelChoice(null, alias);
        if (!values.TryGetValue("version", out var text)) return true;
        if (!int.TryParse((string?)text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)) return false;
        choice = new ModelChoice(version);
        return true;
    }

    private static Task RefuseVersionAsync(HttpContext context, Dialect dialect) =>
        DialectErrors.WriteAsync(context, dialect, StatusCodes.Status404NotFound, "Unknown version", $"The version is '{context.Request.RouteValues["version"]}'; expected a whole number.");

    private static Task RefuseMethodAsync(HttpContext context, Dialect dialect)
    {
        context.Response.Headers.Allow = "POST";
        return DialectErrors.WriteAsync(context, dialect, StatusCodes.Status405MethodNotAllowed, "Method not allowed", $"The method is {context.Request.Method}; expected POST.");
    }

    private static async ValueTask<LiveModel?> FindAsync(HttpContext context, InferenceRequests requests, Dialect dialect)
    {
        if (!TryReadChoice(context, out var name, out var choice)) { await RefuseVersionAsync(context, dialect); return null; }
        return await requests.EnterAsync(context, dialect, name, EndpointScopes.Metadata) is { } entry ? await requests.FindAsync(context, dialect, entry.Endpoint, choice) : null;
    }

    private static async Task AboutAsync(HttpContext context, InferenceRequests requests, Dialect dialect, Action<LiveModel, Utf8JsonWriter> write)
    {
        if (await FindAsync(context, requests, dialect) is { } model) await WriteAsync(context, writer => write(model, writer));
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    private static void WriteMetadata(LiveModel model, LiveEndpoint? endpoint, Utf8JsonWriter writer)
    {
        writer.WriteString("name"u8, model.Name);
        writer.WriteStartArray("versions"u8);
        foreach (var version in (endpoint?.Versions.Keys ?? []).Order()) writer.WriteStringValue(version.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndArray();
        writer.WriteString("platform"u8, "model-workbench");
        writer.WriteStartArray("inputs"u8);
        foreach (var input in model.Package.Manifest.Signature.Used) WriteTensor(writer, input.Name, DatatypeOf(input), 1);
        writer.WriteEndArray();
        writer.WriteStartArray("outputs"u8);
        var isNumber = model.Predictor.ClassNames is null;
        WriteTensor(writer, "predict", isNumber ? "FP64" : "BYTES", 1);
        if (!isNumber && endpoint?.Disclosure.LabelsOnly != true) WriteTensor(writer, "predict_proba", "FP64", model.Predictor.Target.Classes.Count);
        writer.WriteEndArray();
    }

    private static string DatatypeOf(InputColumn input) => input.Kind == ColumnKind.Numeric ? "FP64" : "BYTES";

    private static void WriteTensor(Utf8JsonWriter writer, string name, string datatype, int width)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WriteString("datatype"u8, datatype);
        writer.WriteStartArray("shape"u8);
        writer.WriteNumberValue(-1);
        writer.WriteNumberValue(width);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>For the API description only: the body is read by hand.</summary>
    private sealed record PredictionBody(JsonElement[][]? Features = null, string[]? Columns = null, Dictionary<string, JsonElement>[]? Records = null, double? Interval = null, bool? Explain = null, string? RequestId = null);

    /// <summary>For the API description only: the answer is written by hand.</summary>
    private sealed record PredictionAnswer(string Model, int Version, JsonElement[] Predictions, string? RequestId = null, string[]? Classes = null, double[][]? Probabilities = null, double[][]? Intervals = null, double? IntervalLevel = null, double? IntervalCoverage = null, Explanation? Explanation = null, JsonElement[]? Warnings = null);

    private sealed record Explanation(string Scale, string[] Of, double[] Base, string[] Columns, double[][][] Contributions, double[][][]? StandardErrors = null);
}
