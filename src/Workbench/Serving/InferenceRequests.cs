using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.Mime;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Which model of an endpoint a caller asks for; the live one where neither is given.</summary>
public readonly record struct ModelChoice(int? Version = null, string? Alias = null);

/// <summary>The way of a prediction from bytes to bytes: key, model, limits, body, rows, answers. Nothing here touches the database, and a request for one row allocates next to nothing.</summary>
public sealed class InferenceRequests(LiveModels models, CallerLimits limits, ServingFigures figures, TimeProvider time, IOptions<WorkbenchOptions> options, ILogger<InferenceRequests> logger)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _output;

    private const int KeptOutputBytes = 1 << 20;

    private readonly CallRate _rate = new(options.Value.PredictionsPerSecond == 0 ? null : options.Value.PredictionsPerSecond, options.Value.PredictionBurst, null);
    private readonly int _mostRows = options.Value.MaxPredictionRows;
    private readonly long _mostBytes = options.Value.MaxPredictionMegabytes * 1024L * 1024L;

    /// <summary>Answers a request, or says in the words of its dialect why not.</summary>
    /// <param name="name">The endpoint, as the address names it.</param>
    public async Task AnswerAsync(HttpContext context, Dialect dialect, string name, ModelChoice choice)
    {
        var began = Stopwatch.GetTimestamp();
        if (!await IsAllowedAsync(context, dialect, name)) return;
        // Names that nobody published must not become names of figures.
        if (await FindAsync(context, dialect, name, choice) is not { } model) return;
        var served = new ServedRequest { Endpoint = model.Name, Dialect = dialect, Version = model.Version, VersionText = model.VersionText, Key = PrefixOf(context.Request), Began = began };
        try
        {
            served = await TryAnswerAsync(context, dialect, model, served);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, title, detail, outcome) = Explain(e, context);
            served.Outcome = outcome;
            if (outcome == RequestOutcome.Failed) logger.LogError(e, "Endpoint {Name}: a request could not be answered", model.Name);
            await DialectErrors.WriteAsync(context, dialect, status, title, detail);
        }
        served.Ended = Stopwatch.GetTimestamp();
        figures.Count(served);
    }

    private (int Status, string Title, string Detail, RequestOutcome Outcome) Explain(Exception exception, HttpContext context) => exception switch
    {
        BodyTooLargeException => (StatusCodes.Status413PayloadTooLarge, "Request too large", $"The body is larger than {options.Value.MaxPredictionMegabytes} MB (MaxPredictionMegabytes).", RequestOutcome.Refused),
        InvalidDataException when context.Request.Headers.ContentEncoding.Count > 0 =>
            (StatusCodes.Status400BadRequest, DialectErrors.Titles.Unreadable, $"The body is not compressed as its content encoding '{context.Request.Headers.ContentEncoding}' says: {exception.Message}", RequestOutcome.Invalid),
        BadHttpRequestException bad => (bad.StatusCode, DialectErrors.Titles.Unreadable, bad.Message, RequestOutcome.Invalid),
        _ => (StatusCodes.Status500InternalServerError, "Fault of the workbench", "The request could not be answered; the reason is in the log of the workbench.", RequestOutcome.Failed),
    };

    private async ValueTask<ServedRequest> TryAnswerAsync(HttpContext context, Dialect dialect, LiveModel model, ServedRequest served)
    {
        served.Outcome = RequestOutcome.Refused;
        if (limits.TryEnter(model.Name, served.Key, _rate) is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status429TooManyRequests, "Too many requests", $"This key may send {_rate.RequestsPerSecond} requests a second, {_rate.Burst} at once. Ask again in {Math.Ceiling(wait.TotalSeconds)} s.");
            return served;
        }
        if (ReadForm(context.Request, dialect) is not { } form)
        {
            await RefuseFormAsync(context, dialect);
            return served;
        }
        if (!TryReadEncoding(context.Request, out var encoding))
        {
            context.Response.Headers.AcceptEncoding = "gzip, deflate, br";
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status415UnsupportedMediaType, "Unsupported content", $"The content encoding is '{context.Request.Headers.ContentEncoding}'; expected gzip, deflate, br or none.");
            return served;
        }
        // The limit is ours: the server's own breaks the connection while the caller is still sending, and the caller never learns why.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (context.Request.ContentLength > _mostBytes) throw new BodyTooLargeException();
        return await AnswerAsync(context, dialect, model, form, encoding, served);
    }

    /// <summary>Whether the caller's key opens this endpoint; otherwise the caller is told.</summary>
    public async ValueTask<bool> IsAllowedAsync(HttpContext context, Dialect dialect, string name)
    {
        if (Opens(context.Request, name)) return true;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status401Unauthorized, "No valid key", "Expected the key of this endpoint in 'Authorization: Bearer mwk_…' or 'X-Api-Key: mwk_…'.");
        return false;
    }

    /// <summary>Whether the request carries a key of this endpoint; of an endpoint that does not exist, any key.</summary>
    public bool Opens(HttpRequest request, string name)
    {
        var key = ReadKey(request);
        return !key.IsEmpty && (models.Opens(name, key) || !models.Exists(name));
    }

    /// <summary>Whether the request carries a key of some endpoint.</summary>
    public bool OpensAny(HttpRequest request) => models.Names.Any(name => models.Opens(name, ReadKey(request)));

    private static string PrefixOf(HttpRequest request) => Secret.PrefixOf(ReadKey(request)).ToString();

    private static ReadOnlySpan<char> ReadKey(HttpRequest request)
    {
        if (request.Headers.TryGetValue("X-Api-Key", out var own) && own is [{ Length: > 0 } key, ..]) return key;
        var header = request.Headers.Authorization is [{ } bearer, ..] ? bearer.AsSpan() : [];
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : [];
    }

    /// <summary>The model that answers; where there is none the caller is told.</summary>
    public async ValueTask<LiveModel?> FindAsync(HttpContext context, Dialect dialect, string name, ModelChoice choice)
    {
        if (!models.Exists(name))
        {
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status404NotFound, "Unknown model", $"No model is published under the name '{RowText(name)}'.");
            return null;
        }
        if (models.Find(name, choice) is { } model) return model;
        if (models.Has(name, choice)) await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status503ServiceUnavailable, "The model does not answer", models.FailureOf(name) ?? "It cannot be loaded.");
        else
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status404NotFound, "Unknown version",
                choice.Alias is { } alias ? $"The endpoint '{name}' has no alias '{RowText(alias)}'." : $"The endpoint '{name}' has no version {choice.Version} that can be asked.");
        return null;
    }

    private static string RowText(string text) => text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 79), "…");

    private enum BodyForm { Json, Csv }

    private static BodyForm? ReadForm(HttpRequest request, Dialect dialect)
    {
        // The usual ones need no parsing.
        if (request.ContentType is "application/json" or "application/json; charset=utf-8") return BodyForm.Json;
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)) return null;
        foreach (var parameter in type.Parameters)
        {
            var isUtf8 = parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase) && HeaderUtilities.RemoveQuotes(parameter.Value).Equals("utf-8", StringComparison.OrdinalIgnoreCase);
            var isHeader = parameter.Name.Equals("header", StringComparison.OrdinalIgnoreCase);
            if (!isUtf8 && !isHeader) return null;
        }
        if (type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)) return BodyForm.Json;
        var readsCsv = dialect == Dialect.Native || dialect == Dialect.MlflowScoring;
        return readsCsv && type.MediaType.Equals(MediaTypeNames.Text.Csv, StringComparison.OrdinalIgnoreCase) ? BodyForm.Csv : null;
    }

    private static Task RefuseFormAsync(HttpContext context, Dialect dialect) =>
        DialectErrors.WriteAsync(context, dialect, StatusCodes.Status415UnsupportedMediaType, "Unsupported content",
            $"The content type is '{context.Request.ContentType}'; expected application/json{(dialect == Dialect.Native || dialect == Dialect.MlflowScoring ? " or text/csv" : "")}, in UTF-8.");

    private static bool TryReadEncoding(HttpRequest request, out string? encoding)
    {
        encoding = null;
        var header = request.Headers.ContentEncoding;
        if (header.Count == 0) return true;
        encoding = header.ToString().Trim().ToLowerInvariant();
        if (encoding is "identity" or "") encoding = null;
        return encoding is null or "gzip" or "deflate" or "br";
    }

    private async ValueTask<ServedRequest> AnswerAsync(HttpContext context, Dialect dialect, LiveModel model, BodyForm form, string? encoding, ServedRequest served)
    {
        using var prediction = model.Predictor.Begin();
        Refusal? refusal;
        using (var body = await RequestBody.ReadAsync(context.Request, encoding, _mostBytes, context.RequestAborted))
        {
            // Waiting for a slow caller is not time of ours.
            served.Began = Stopwatch.GetTimestamp();
            refusal = form == BodyForm.Csv ? dialect.ReadCsv(body.Content.Span, prediction, _mostRows) : dialect.ReadJson(body.Content.Span, prediction, _mostRows);
        }
        served.Read = Stopwatch.GetTimestamp();
        if (refusal is not null)
        {
            served.Outcome = RequestOutcome.Invalid;
            var status = refusal.Kind == RefusalKind.TooManyRows ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status400BadRequest;
            var title = refusal.Kind switch { RefusalKind.Unreadable => DialectErrors.Titles.Unreadable, RefusalKind.TooManyRows => "Too many rows", _ => DialectErrors.Titles.Invalid };
            await DialectErrors.WriteAsync(context, dialect, status, title, refusal.Message, refusal.Kind == RefusalKind.Invalid ? [.. prediction.Rows.Problems] : null);
            return served;
        }
        prediction.Score(context.RequestAborted);
        served.Scored = Stopwatch.GetTimestamp();
        served.Rows = prediction.Rows.RowCount;
        prediction.RequestId ??= RequestIds.Next(time.GetUtcNow()).ToString();
        served.Id = prediction.RequestId;
        WriteAnswer(context, dialect, model, prediction);
        served.Outcome = RequestOutcome.Answered;
        return served;
    }

    private static void WriteAnswer(HttpContext context, Dialect dialect, LiveModel model, Prediction prediction)
    {
        var output = _output ??= new ArrayBufferWriter<byte>(1024);
        output.ResetWrittenCount();
        var response = context.Response;
        if (dialect == Dialect.Native && context.Request.Headers.Accept is [{ } accept] && accept.StartsWith(MediaTypeNames.Text.Csv, StringComparison.OrdinalIgnoreCase))
        {
            response.ContentType = "text/csv; charset=utf-8";
            CsvAnswers.Write(prediction, output);
        }
        else
        {
            response.ContentType = "application/json";
            dialect.Write(prediction, model.Name, model.Version, output);
        }
        response.Headers["X-Model-Version"] = model.VersionText;
        response.Headers["X-Request-Id"] = prediction.RequestId;
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = output.WrittenCount;
        response.BodyWriter.Write(output.WrittenSpan);
        if (output.Capacity > KeptOutputBytes) _output = null;
    }
}
