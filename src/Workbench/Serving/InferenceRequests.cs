using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.Mime;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>The way of a prediction from bytes to bytes: key, model, limits, body, rows, answers. Nothing here touches the database, and a request for one row allocates next to nothing.</summary>
public sealed class InferenceRequests(LiveModels models, CallerLimits limits, ServingFigures figures, ShadowRequests shadows, RequestLog log, ServingHistory history, TimeProvider time, ILogger<InferenceRequests> logger)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _output;

    private const int KeptOutputBytes = 1 << 20;

    // Smaller ones are answered before a clock could ring.
    private const int TimedBytes = 1 << 16;

    private static readonly TimeSpan MostWait = TimeSpan.FromSeconds(0.5);
    private const int MostWaiting = 256;

    // A model is read in a fraction of it; callers mostly wait a minute.
    private static readonly TimeSpan MostLoading = TimeSpan.FromSeconds(10);
    private const int MostHeaderCharacters = 1_024;

    private int _waiting;

    /// <summary>An endpoint whose door is open to the caller.</summary>
    /// <param name="Key">Null where it is open to anybody.</param>
    public readonly record struct Entry(LiveEndpoint Endpoint, LiveKey? Key);

    /// <summary>Answers a request, or says in the words of its dialect why not.</summary>
    /// <param name="name">The endpoint, as the address names it.</param>
    public async Task AnswerAsync(HttpContext context, Dialect dialect, string name, ModelChoice choice)
    {
        var began = Stopwatch.GetTimestamp();
        // Names that nobody published must not become names of figures.
        if (await EnterAsync(context, dialect, name, EndpointScopes.Predict) is not { } entry) return;
        if (await FindAsync(context, dialect, entry.Endpoint, choice) is not { } model) return;
        var served = new ServedRequest { Endpoint = model.Name, Dialect = dialect, Version = model.Version, VersionText = model.VersionText, Key = entry.Key?.Prefix ?? "", Began = began };
        try
        {
            served = await TryAnswerAsync(context, dialect, entry.Endpoint, model, served);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, title, detail, outcome) = Explain(e, context, entry.Endpoint);
            served.Outcome = outcome;
            if (outcome == RequestOutcome.Failed) logger.LogError(e, "Endpoint {Name}: a request could not be answered", model.Name);
            await DialectErrors.WriteAsync(context, dialect, status, title, detail);
        }
        served.Ended = Stopwatch.GetTimestamp();
        model.Figures.Count(dialect, served.Outcome);
        figures.Record(served);
        history.Count(served);
    }

    private static (int Status, string Title, string Detail, RequestOutcome Outcome) Explain(Exception exception, HttpContext context, LiveEndpoint endpoint) => exception switch
    {
        BodyTooLargeException => (StatusCodes.Status413PayloadTooLarge, "Request too large", $"The body is larger than {endpoint.MostMegabytes} MB (MaxPredictionMegabytes).", RequestOutcome.Refused),
        OperationCanceledException => (StatusCodes.Status504GatewayTimeout, "Out of time", $"The request was not answered within {endpoint.Settings.TimeoutSeconds} s, the limit of this endpoint.", RequestOutcome.Refused),
        InvalidDataException when context.Request.Headers.ContentEncoding.Count > 0 =>
            (StatusCodes.Status400BadRequest, DialectErrors.Titles.Unreadable, $"The body is not compressed as its content encoding '{context.Request.Headers.ContentEncoding}' says: {exception.Message}", RequestOutcome.Invalid),
        BadHttpRequestException bad => (bad.StatusCode, DialectErrors.Titles.Unreadable, bad.Message, RequestOutcome.Invalid),
        _ => (StatusCodes.Status500InternalServerError, "Fault of the workbench", "The request could not be answered; the reason is in the log of the workbench.", RequestOutcome.Failed),
    };

    private async ValueTask<ServedRequest> TryAnswerAsync(HttpContext context, Dialect dialect, LiveEndpoint endpoint, LiveModel model, ServedRequest served)
    {
        served.Outcome = RequestOutcome.Refused;
        if (limits.TryEnter(endpoint.Name, served.Key, endpoint.Rate) is { } wait)
        {
            var seconds = Math.Ceiling(wait.TotalSeconds);
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status429TooManyRequests, "Too many requests",
                $"{(served.Key.Length > 0 ? "This key" : "Callers without a key")} may send {(wait > TimeSpan.FromMinutes(1) ? $"{endpoint.Rate.RequestsPerDay:N0} requests a day" : $"{endpoint.Rate.RequestsPerSecond:N0} requests a second, {endpoint.Rate.Burst:N0} at once")}. Ask again in {seconds:N0} s.");
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
        if (context.Request.ContentLength > endpoint.MostMegabytes * 1024L * 1024L) throw new BodyTooLargeException();
        if (context.Request.ContentLength <= TimedBytes) return await AnswerAsync(context, dialect, endpoint, model, form, encoding, served, context.RequestAborted);
        using var clock = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        clock.CancelAfter(TimeSpan.FromSeconds(endpoint.Settings.TimeoutSeconds));
        return await AnswerAsync(context, dialect, endpoint, model, form, encoding, served, clock.Token);
    }

    /// <summary>Lets the caller in, or says why not.</summary>
    /// <param name="scope">What the caller is about to do.</param>
    public async ValueTask<Entry?> EnterAsync(HttpContext context, Dialect dialect, string name, EndpointScopes scope)
    {
        var endpoint = models.FindEndpoint(name);
        var (isKey, key) = ReadKey(context.Request, endpoint);
        if (endpoint is not null && (key is not null || endpoint.Settings.IsOpen))
        {
            if (key is null || key.Scopes.HasFlag(scope)) return new Entry(endpoint, key);
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status403Forbidden, "Not allowed", $"This key may {key.Scopes.ToString().ToLowerInvariant()}; {scope.ToString().ToLowerInvariant()} is asked for.");
            return null;
        }
        // Whether there is such a model is told to callers with a key alone.
        if (endpoint is null && isKey)
        {
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status404NotFound, "Unknown model", $"No model is published under the name '{RowText(name)}'.");
            return null;
        }
        if (context.Request.QueryString.Value?.Contains("mwk_", StringComparison.Ordinal) == true)
        {
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status400BadRequest, "Key in the address", "The key stands in the address, which proxies and browsers write down; expected it in 'Authorization: Bearer mwk_…' or 'X-Api-Key: mwk_…'. Rotate it: others may have seen it.");
            return null;
        }
        context.Response.Headers.WWWAuthenticate = "Bearer";
        await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status401Unauthorized, "No valid key", "Expected a valid key of this endpoint in 'Authorization: Bearer mwk_…' or 'X-Api-Key: mwk_…'.");
        return null;
    }

    private (bool IsKey, LiveKey? Key) ReadKey(HttpRequest request, LiveEndpoint? endpoint)
    {
        var text = ReadKey(request);
        if (text.IsEmpty) return (false, null);
        var now = time.GetUtcNow();
        var key = endpoint?.FindKey(text, now);
        key?.MarkUsed(now);
        return (true, key);
    }

    /// <summary>Whether the request may read about this endpoint.</summary>
    public bool Opens(HttpRequest request, LiveEndpoint endpoint) => endpoint.Settings.IsOpen || endpoint.FindKey(ReadKey(request), time.GetUtcNow()) is not null;


    private static ReadOnlySpan<char> ReadKey(HttpRequest request)
    {
        if (request.Headers.TryGetValue("X-Api-Key", out var own) && own is [{ Length: > 0 } key, ..]) return key;
        var header = request.Headers.Authorization is [{ } bearer, ..] ? bearer.AsSpan() : [];
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : [];
    }

    /// <summary>The model that answers; where there is none the caller is told.</summary>
    public async ValueTask<LiveModel?> FindAsync(HttpContext context, Dialect dialect, LiveEndpoint endpoint, ModelChoice choice)
    {
        if (endpoint.Choose(choice, context.Request.Headers.TryGetValue("X-Session-Id", out var session) && session is [{ } sticky] ? sticky : []) is not { } version)
        {
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status404NotFound, "Unknown version",
                choice.Alias is { } alias ? $"The endpoint '{endpoint.Name}' has no alias '{RowText(alias)}'." : $"The endpoint '{endpoint.Name}' has no version {choice.Version} that can be asked.");
            return null;
        }
        var loading = models.LoadAsync(endpoint.Name, version, context.RequestAborted);
        LiveModel? model;
        try
        {
            model = loading.IsCompletedSuccessfully ? loading.Result : await loading.AsTask().WaitAsync(MostLoading, time, context.RequestAborted);
        }
        catch (TimeoutException)
        {
            context.Response.Headers.RetryAfter = "1";
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status503ServiceUnavailable, "The model is being loaded", $"Version {version.Number} was not in memory and is not read yet after {MostLoading.TotalSeconds:N0} s. Ask again in 1 s.");
            return null;
        }
        if (model is not null) return model;
        await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status503ServiceUnavailable, "The model does not answer", version.Failure ?? "It cannot be loaded.");
        return null;
    }

    private static string RowText(string text) => text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 79), "…");

    private enum BodyForm { Json, Csv, Tensors }

    private const string JsonLengthHeader = "Inference-Header-Content-Length";
    private const string Bytes = MediaTypeNames.Application.Octet;

    private static BodyForm? ReadForm(HttpRequest request, Dialect dialect)
    {
        // Bytes of tensors after the JSON; some clients name no type then.
        if (dialect == Dialect.OpenInference && request.Headers.ContainsKey(JsonLengthHeader)) return request.ContentType is null or "" or Bytes or "application/json" ? BodyForm.Tensors : null;
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

    private async ValueTask<ServedRequest> AnswerAsync(HttpContext context, Dialect dialect, LiveEndpoint endpoint, LiveModel model, BodyForm form, string? encoding, ServedRequest served, CancellationToken cancellationToken)
    {
        using var prediction = model.Predictor.Begin();
        prediction.Disclosure = endpoint.Disclosure;
        using var body = await RequestBody.ReadAsync(context.Request, encoding, endpoint.MostMegabytes * 1024L * 1024L, cancellationToken);
        if (!endpoint.Room.Wait(0, CancellationToken.None) && !await WaitAsync(endpoint, cancellationToken))
        {
            context.Response.Headers.RetryAfter = "1";
            await DialectErrors.WriteAsync(context, dialect, StatusCodes.Status503ServiceUnavailable, "Too much at once", "As many requests are being answered as this endpoint can, and others wait. Ask again in 1 s.");
            return served;
        }
        Refusal? refusal;
        try
        {
            // Waiting for a slow caller is not time of ours.
            served.Began = Stopwatch.GetTimestamp();
            refusal = form switch
            {
                BodyForm.Csv => dialect.ReadCsv(body.Content.Span, prediction, endpoint.MostRows),
                BodyForm.Tensors => Dialect.OpenInference.ReadParts(body.Content.Span, context.Request.Headers[JsonLengthHeader].ToString(), prediction, endpoint.MostRows),
                _ => dialect.ReadJson(body.Content.Span, prediction, endpoint.MostRows),
            };
            served.Read = Stopwatch.GetTimestamp();
            if (refusal is null)
            {
                prediction.Score(cancellationToken);
                served.Scored = Stopwatch.GetTimestamp();
                served.Rows = prediction.Rows.RowCount;
                // In the body where the caller named it, or the dialect asks for a name: the same request has the same body then.
                if (prediction.RequestId is null) prediction.MadeId = RequestIds.Next(time.GetUtcNow()).ToString();
                served.Id = prediction.RequestId ?? prediction.MadeId;
                WriteAnswer(context, dialect, model, prediction, served.Id!);
                served.Outcome = RequestOutcome.Answered;
            }
        }
        finally
        {
            endpoint.Room.Release();
        }
        if (refusal is not null)
        {
            served.Outcome = RequestOutcome.Invalid;
            var status = refusal.Kind == RefusalKind.TooManyRows ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status400BadRequest;
            var title = refusal.Kind switch { RefusalKind.Unreadable => DialectErrors.Titles.Unreadable, RefusalKind.TooManyRows => "Too many rows", _ => DialectErrors.Titles.Invalid };
            log.OfferRefused(endpoint, served, prediction.RequestId, refusal.Message);
            await DialectErrors.WriteAsync(context, dialect, status, title, refusal.Message, refusal.Kind == RefusalKind.Invalid ? [.. prediction.Rows.Problems] : null);
            return served;
        }
        log.Offer(endpoint, served, prediction);
        model.Figures.Count(prediction, Stopwatch.GetElapsedTime(served.Began).TotalMicroseconds);
        figures.CountValues(model, prediction.Rows);
        if (endpoint.IsShadowed() && endpoint.Shadow is { } shadow && shadow.Number != model.Version) shadows.Offer(endpoint.Name, shadow, prediction);
        return served;
    }

    /// <summary>Waits a moment for room, in a line that is not endless.</summary>
    private async ValueTask<bool> WaitAsync(LiveEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }
        try
        {
            return await endpoint.Room.WaitAsync(MostWait, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static void WriteAnswer(HttpContext context, Dialect dialect, LiveModel model, Prediction prediction, string requestId)
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
            if (dialect.Write(prediction, model.Name, model.Version, output) is > 0 and var jsonLength)
            {
                response.ContentType = Bytes;
                response.Headers[JsonLengthHeader] = jsonLength.ToString(CultureInfo.InvariantCulture);
            }
        }
        response.Headers["X-Model-Version"] = model.VersionText;
        // Callers name requests as they like, and a header holds printable ASCII alone; the body says the name in any case.
        if (requestId.Length <= MostHeaderCharacters && !requestId.AsSpan().ContainsAnyExceptInRange(' ', '~')) response.Headers["X-Request-Id"] = requestId;
        response.ContentLength = output.WrittenCount;
        response.BodyWriter.Write(output.WrittenSpan);
        if (output.Capacity > KeptOutputBytes) _output = null;
    }
}
