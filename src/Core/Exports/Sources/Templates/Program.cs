// Serves one model: see README.md. Settings by environment variables: MODEL_NAME, MODEL_VERSION, MODEL_API_KEY, MODEL_MAX_ROWS, MODEL_MAX_MEGABYTES, ASPNETCORE_URLS.
using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Workbench.Serving;
using Exported = @NAMESPACE@.Model;

const string JsonLength = "Inference-Header-Content-Length";

var builder = WebApplication.CreateSlimBuilder(args);
// Nobody else reaches it unless somebody says so.
if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null) builder.WebHost.UseUrls("http://127.0.0.1:8080");
builder.Services.AddProblemDetails();
var app = builder.Build();

var settings = app.Configuration;
int Setting(string name, int usual) => settings[name] is not { Length: > 0 } text ? usual
    : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : throw new InvalidOperationException($"{name} is '{text}'; expected a whole number above 0.");
var (modelName, version) = (settings["MODEL_NAME"] is { Length: > 0 } given ? given : Exported.Name, Setting("MODEL_VERSION", 1));
var (mostRows, mostMegabytes) = (Setting("MODEL_MAX_ROWS", 10_000), Setting("MODEL_MAX_MEGABYTES", 16));
var key = settings["MODEL_API_KEY"] is { Length: > 0 } secret ? SHA256.HashData(Encoding.UTF8.GetBytes(secret)) : null;
var versionText = version.ToString(CultureInfo.InvariantCulture);
// A model that was damaged ends the server here, and not the first request.
var predictor = new Predictor();

foreach (var path in new[] { "/api/v1/models/{name}/predict", "/api/v1/models/{name}/versions/{version}/predict", "/predict" }) MapAnswer(path, Dialect.Native);
foreach (var path in new[] { "/mlflow/{name}/invocations", "/mlflow/{name}/versions/{version}/invocations", "/invocations" }) MapAnswer(path, Dialect.MlflowScoring);
foreach (var path in new[] { "/v1/models/{name}:predict", "/v1/models/{name}/versions/{version}:predict" }) MapAnswer(path, Dialect.TensorFlowServing);
foreach (var path in new[] { "/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer" }) MapAnswer(path, Dialect.OpenInference);

// Whether it lives is told to anybody.
app.MapGet("/v2/health/live", context => Write(context, json => json.WriteBoolean("live", true)));
app.MapGet("/v2/health/ready", context => Write(context, json => json.WriteBoolean("ready", true)));
foreach (var path in new[] { "/ping", "/health", "/mlflow/{name}/ping", "/mlflow/{name}/health" })
    app.MapGet(path, async context =>
    {
        if (!await Enters(context, Dialect.MlflowScoring, needsKey: false)) return;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("\n", context.RequestAborted);
    });
// Clients of MLflow look whether it is 2.0 or more.
foreach (var path in new[] { "/version", "/mlflow/{name}/version" }) app.MapGet(path, context => context.Response.WriteAsync("3.0.0", context.RequestAborted));
app.MapGet("/v2", context => Write(context, json =>
{
    json.WriteString("name", modelName);
    json.WriteString("version", versionText);
    json.WriteStartArray("extensions");
    json.WriteStringValue("binary_tensor_data");
    json.WriteEndArray();
}));
foreach (var path in new[] { "/v2/models/{name}", "/v2/models/{name}/versions/{version}" })
{
    app.MapGet(path, async context => { if (await Enters(context, Dialect.OpenInference)) await Write(context, WriteMetadata); });
    app.MapGet(path + "/ready", async context => { if (await Enters(context, Dialect.OpenInference)) await Write(context, json => { json.WriteString("name", modelName); json.WriteBoolean("ready", true); }); });
}
foreach (var path in new[] { "/v1/models/{name}", "/v1/models/{name}/versions/{version}" })
    app.MapGet(path, async context =>
    {
        if (await Enters(context, Dialect.TensorFlowServing)) await Write(context, json =>
        {
            json.WriteString("name", modelName);
            json.WriteBoolean("ready", true);
            json.WriteStartArray("model_version_status");
            json.WriteStartObject();
            json.WriteString("version", versionText);
            json.WriteString("state", "AVAILABLE");
            json.WriteStartObject("status");
            json.WriteString("error_code", "OK");
            json.WriteString("error_message", "");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
        });
    });
app.Run();

void MapAnswer(string path, Dialect dialect)
{
    app.MapPost(path, context => Answer(context, dialect));
    app.MapGet(path, context =>
    {
        context.Response.Headers.Allow = "POST";
        return DialectErrors.WriteAsync(context, dialect, 405, "Method not allowed", $"The method is {context.Request.Method}; expected POST.");
    });
}

// Whether the caller has the key and means this model; else it is told.
async ValueTask<bool> Enters(HttpContext context, Dialect dialect, bool needsKey = true)
{
    var request = context.Request;
    if (needsKey && key is not null)
    {
        var sent = request.Headers["X-Api-Key"].ToString() is { Length: > 0 } own ? own : request.Headers.Authorization.ToString() is var bearer && bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..].Trim() : "";
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(sent)), key))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await DialectErrors.WriteAsync(context, dialect, 401, "No valid key", "Expected the key of this server in 'Authorization: Bearer …' or 'X-Api-Key: …'.");
            return false;
        }
    }
    var (name, asked) = ((string?)request.RouteValues.GetValueOrDefault("name"), (string?)request.RouteValues.GetValueOrDefault("version"));
    if (name is not null && name != modelName)
    {
        await DialectErrors.WriteAsync(context, dialect, 404, "Unknown model", $"This server has the model '{modelName}' alone, not '{(name.Length > 80 ? name[..79] + "…" : name)}'.");
        return false;
    }
    if (asked is null || asked == versionText) return true;
    await DialectErrors.WriteAsync(context, dialect, 404, "Unknown version", $"This server has version {versionText} of the model alone.");
    return false;
}

async Task Answer(HttpContext context, Dialect dialect)
{
    if (!await Enters(context, dialect)) return;
    try
    {
        await Predict(context, dialect);
    }
    catch (BodyTooLargeException) { await DialectErrors.WriteAsync(context, dialect, 413, "Request too large", $"The body is larger than {mostMegabytes} MB (MODEL_MAX_MEGABYTES)."); }
    catch (InvalidDataException e) when (context.Request.Headers.ContentEncoding.Count > 0) { await DialectErrors.WriteAsync(context, dialect, 400, DialectErrors.Titles.Unreadable, $"The body is not compressed as its content encoding '{context.Request.Headers.ContentEncoding}' says: {e.Message}"); }
    catch (BadHttpRequestException e) { await DialectErrors.WriteAsync(context, dialect, e.StatusCode, DialectErrors.Titles.Unreadable, e.Message); }
    catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { }
    catch (Exception e) when (!context.Response.HasStarted)
    {
        app.Logger.LogError(e, "A request could not be answered");
        await DialectErrors.WriteAsync(context, dialect, 500, "Fault of the server", "The request could not be answered; the reason is in the log of the server.");
    }
}

async Task Predict(HttpContext context, Dialect dialect)
{
    var request = context.Request;
    var takesCsv = dialect == Dialect.Native || dialect == Dialect.MlflowScoring;
    var isType = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.Parameters.All(p => p.Name.Equals("header", StringComparison.OrdinalIgnoreCase) || (p.Name.Equals("charset", StringComparison.OrdinalIgnoreCase) && HeaderUtilities.RemoveQuotes(p.Value).Equals("utf-8", StringComparison.OrdinalIgnoreCase)));
    var isCsv = isType && takesCsv && type!.MediaType.Equals("text/csv", StringComparison.OrdinalIgnoreCase);
    // Bytes of tensors after the JSON; some clients name no type then.
    var isTensors = dialect == Dialect.OpenInference && request.Headers.ContainsKey(JsonLength) && request.ContentType is null or "" or "application/octet-stream" or "application/json";
    if (!isCsv && !isTensors && !(isType && (type!.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))))
    {
        await DialectErrors.WriteAsync(context, dialect, 415, "Unsupported content", $"The content type is '{request.ContentType}'; expected application/json{(takesCsv ? " or text/csv" : "")}, in UTF-8.");
        return;
    }
    var encoding = request.Headers.ContentEncoding.ToString().Trim().ToLowerInvariant() is var named && named is "" or "identity" ? null : named;
    if (encoding is not (null or "gzip" or "deflate" or "br"))
    {
        context.Response.Headers.AcceptEncoding = "gzip, deflate, br";
        await DialectErrors.WriteAsync(context, dialect, 415, "Unsupported content", $"The content encoding is '{request.Headers.ContentEncoding}'; expected gzip, deflate, br or none.");
        return;
    }
    // The limit is ours, so that the caller learns of it.
    if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
    if (request.ContentLength > mostMegabytes * 1024L * 1024L) throw new BodyTooLargeException();
    using var prediction = predictor.Begin();
    using var body = await RequestBody.ReadAsync(request, encoding, mostMegabytes * 1024L * 1024L, context.RequestAborted);
    var refusal = isCsv ? dialect.ReadCsv(body.Content.Span, prediction, mostRows)
        : isTensors ? Dialect.OpenInference.ReadParts(body.Content.Span, request.Headers[JsonLength].ToString(), prediction, mostRows)
        : dialect.ReadJson(body.Content.Span, prediction, mostRows);
    if (refusal is null && prediction.WantsExplanation) refusal = new Refusal(RefusalKind.Invalid, "Request: found \"explain\": true; expected none, as explanations stay with the workbench.");
    if (refusal is not null)
    {
        var title = refusal.Kind switch { RefusalKind.Unreadable => DialectErrors.Titles.Unreadable, RefusalKind.TooManyRows => "Too many rows", _ => DialectErrors.Titles.Invalid };
        await DialectErrors.WriteAsync(context, dialect, refusal.Kind == RefusalKind.TooManyRows ? 413 : 400, title, refusal.Message, refusal.Kind == RefusalKind.Invalid ? [.. prediction.Rows.Problems] : null);
        return;
    }
    prediction.Score(context.RequestAborted);
    if (prediction.RequestId is null) prediction.MadeId = Guid.CreateVersion7().ToString();
    var output = new ArrayBufferWriter<byte>(1024);
    var response = context.Response;
    if (dialect == Dialect.Native && request.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.OrdinalIgnoreCase))
    {
        response.ContentType = "text/csv; charset=utf-8";
        CsvAnswers.Write(prediction, output);
    }
    else
    {
        response.ContentType = "application/json";
        if (dialect.Write(prediction, modelName, version, output) is > 0 and var jsonLength)
        {
            response.Headers[JsonLength] = jsonLength.ToString(CultureInfo.InvariantCulture);
            response.ContentType = "application/octet-stream";
        }
    }
    response.Headers["X-Model-Version"] = versionText;
    // A header holds printable ASCII alone.
    if ((prediction.RequestId ?? prediction.MadeId) is { Length: <= 1024 } id && !id.AsSpan().ContainsAnyExceptInRange(' ', '~')) response.Headers["X-Request-Id"] = id;
    response.Headers.XContentTypeOptions = "nosniff";
    response.ContentLength = output.WrittenCount;
    await response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
}

void WriteMetadata(Utf8JsonWriter json)
{
    json.WriteString("name", modelName);
    json.WriteStartArray("versions");
    json.WriteStringValue(versionText);
    json.WriteEndArray();
    json.WriteString("platform", "model-workbench");
    json.WriteStartArray("inputs");
    foreach (var input in predictor.Signature.Used) WriteTensor(input.Name, input.Kind == ColumnKind.Numeric ? "FP64" : "BYTES", 1);
    json.WriteEndArray();
    json.WriteStartArray("outputs");
    WriteTensor("predict", predictor.ClassNames is null ? "FP64" : "BYTES", 1);
    if (predictor.ClassNames is not null) WriteTensor("predict_proba", "FP64", predictor.Target.Classes.Count);
    json.WriteEndArray();

    void WriteTensor(string name, string datatype, int width)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("datatype", datatype);
        json.WriteStartArray("shape");
        json.WriteNumberValue(-1);
        json.WriteNumberValue(width);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

static async Task Write(HttpContext context, Action<Utf8JsonWriter> write)
{
    var buffer = new ArrayBufferWriter<byte>();
    using (var json = new Utf8JsonWriter(buffer))
    {
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    }
    context.Response.ContentType = "application/json";
    await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
}
