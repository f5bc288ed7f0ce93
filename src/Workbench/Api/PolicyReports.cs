using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace ModelWorkbench.Workbench.Api;

/// <summary>What browsers report of scripts and requests that a page's Content-Security-Policy stopped: a line of the log each, so many a minute.</summary>
/// <remarks>Anybody can send one; none is believed further than that.</remarks>
public sealed class PolicyReports(TimeProvider time, ILogger<PolicyReports> logger)
{
    public const string Address = "/csp-report";

    /// <summary>Bytes of a report; a browser's has some hundred.</summary>
    public const int MostBytes = 16 * 1024;

    /// <summary>In a minute; the rest is counted.</summary>
    public const int MostLines = 10;

    private const int MostCharacters = 200;

    // A link that signs in or invites has a secret as long as this in its address.
    private const int LongestSegment = 24;

    private readonly Lock _lock = new();
    private DateTimeOffset _minute;
    private int _lines, _left;

    public static void Map(WebApplication app) => app.MapPost(Address, AcceptAsync).AllowAnonymous().ExcludeFromDescription().WithMetadata(new SkipStatusCodePagesAttribute());

    private static async Task<IResult> AcceptAsync(HttpRequest request, PolicyReports reports, CancellationToken ct)
    {
        var body = new byte[MostBytes + 1];
        var count = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, ct);
        if (count > MostBytes) return Results.StatusCode(StatusCodes.Status413PayloadTooLarge);
        return reports.Take(body.AsMemory(0, count)) ? Results.NoContent() : Results.StatusCode(StatusCodes.Status400BadRequest);
    }

    /// <returns>Whether it is a report.</returns>
    public bool Take(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("csp-report", out var report) || report.ValueKind != JsonValueKind.Object) return false;
            if (Counted() is not { } left) return true;
            if (left > 0) logger.LogWarning("{Count} more reports of policies were not written down.", left);
            logger.LogWarning("A page's policy stopped something: page {Page}, rule {Rule}, stopped {Stopped}, by {Source} line {Line}.",
                Place(report, "document-uri"), Text(report, "effective-directive") ?? Text(report, "violated-directive"), Place(report, "blocked-uri"), Place(report, "source-file"), Line(report));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <returns>Null where this minute has had its lines, else how many were left out since the last.</returns>
    private int? Counted()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now - _minute >= TimeSpan.FromMinutes(1)) (_minute, _lines) = (now, 0);
            if (_lines >= MostLines)
            {
                _left++;
                return null;
            }
            _lines++;
            var left = _left;
            _left = 0;
            return left;
        }
    }

    private static string? Text(JsonElement report, string name) =>
        report.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text[..Math.Min(text.Length, MostCharacters)] : null;

    private static int? Line(JsonElement report) => report.TryGetProperty("line-number", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var line) ? line : null;

    /// <summary>An address without its query, and without what may be a secret in it; other words (inline, eval) as they are.</summary>
    private static string? Place(JsonElement report, string name) => Text(report, name) is { } text
        ? string.Join('/', text.Split('?', '#')[0].Split('/').Select(segment => segment.Length > LongestSegment && !segment.Contains('.') ? "…" : segment))
        : null;
}
