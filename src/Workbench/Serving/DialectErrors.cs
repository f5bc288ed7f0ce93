using System.Buffers;
using System.Text.Json;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>Why a request is not answered, in the form that the clients of a dialect know. Never a trace of our code.</summary>
public static class DialectErrors
{
    /// <param name="title">A few words that stay the same for the kind of error.</param>
    /// <param name="detail">Place, found, expected.</param>
    /// <param name="problems">For the native dialect: each problem by itself.</param>
    public static async Task WriteAsync(HttpContext context, Dialect dialect, int status, string title, string detail, IReadOnlyList<InputProblem>? problems = null)
    {
        var response = context.Response;
        if (dialect == Dialect.Native)
        {
            await Results.Problem(statusCode: status, title: title, detail: detail,
                extensions: problems is null ? null : new Dictionary<string, object?> { ["errors"] = problems }).ExecuteAsync(context);
            return;
        }
        response.StatusCode = status;
        if (dialect == Dialect.MlflowScoring && status == StatusCodes.Status415UnsupportedMediaType)
        {
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync(detail, context.RequestAborted);
            return;
        }
        response.ContentType = "application/json";
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (dialect == Dialect.MlflowScoring)
            {
                writer.WriteString("error_code", CodeOf(status, title));
                writer.WriteString("message", detail);
            }
            else writer.WriteString("error", detail);
            writer.WriteEndObject();
        }
        await response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    private static string CodeOf(int status, string title) => status switch
    {
        400 => title == Titles.Unreadable ? "BAD_REQUEST" : "INVALID_PARAMETER_VALUE",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "RESOURCE_DOES_NOT_EXIST",
        429 => "REQUEST_LIMIT_EXCEEDED",
        503 => "TEMPORARILY_UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "BAD_REQUEST",
    };

    public static class Titles
    {
        public const string Unreadable = "Unreadable body";
        public const string Invalid = "Invalid input";
    }
}
