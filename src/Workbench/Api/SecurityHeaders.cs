using Scalar.AspNetCore;

namespace ModelWorkbench.Workbench.Api;

/// <summary>What browsers are told about every answer.</summary>
public static class SecurityHeaders
{
    /// <summary>What nobody shows as a page may do nothing where somebody does, and nobody may frame it.</summary>
    public const string NoPage = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // In the order of the alphabet; passkeys and copying are in use, and not named.
    private static readonly string Unused = string.Join(", ", ((string[])
    [
        "accelerometer", "autoplay", "bluetooth", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
        "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "window-management", "xr-spatial-tracking",
    ]).Select(feature => $"{feature}=()"));

    private const string TlsForAYear = "max-age=31536000";

    private static readonly string Page = PageWith("'self'");

    /// <summary>Early in the pipeline. Written when the answer begins, as one that became an error has lost the headers that it had before.</summary>
    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(context.Request.Path.StartsWithSegments("/api") ? WriteOfApi : WriteOfOthers, context);
        return next(context);
    });

    // Made once: every request has them.
    private static readonly Func<object, Task> WriteOfApi = context => { Write((HttpContext)context, isApi: true); return Task.CompletedTask; };
    private static readonly Func<object, Task> WriteOfOthers = context => { Write((HttpContext)context, isApi: false); return Task.CompletedTask; };

    private static void Write(HttpContext context, bool isApi)
    {
        var headers = context.Response.Headers;
        if (context.GetEndpoint()?.Metadata.GetMetadata<AnswersPrograms>() is not null)
        {
            // What is read by programs and never shown needs no more (OWASP REST Security Cheat Sheet), and is mostly smaller than all the headers would be.
            headers.ContentSecurityPolicy = NoPage;
            headers.XContentTypeOptions = "nosniff";
            headers.CacheControl = "no-store";
            if (context.Request.IsHttps) headers.StrictTransportSecurity = TlsForAYear;
            return;
        }
        var isFile = headers.ContentDisposition.ToString().StartsWith("attachment", StringComparison.OrdinalIgnoreCase);
        // One header: of two, a browser would follow both.
        headers.ContentSecurityPolicy = isFile || context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) != true ? NoPage : PolicyOf(context);
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // Not "no-referrer": with it browsers send "Origin: null" along with our own forms, which is how a foreign page looks.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = Unused;
        if (context.Request.IsHttps) headers.StrictTransportSecurity = TlsForAYear;
        // Static files say themselves how long they are good for.
        if (isApi || isFile || headers.CacheControl.Count == 0) headers.CacheControl = "no-store";
    }

    /// <summary>The page of the API is written by its library with a few lines of script in it, which carry a number that is drawn for each answer; no other page has script within.</summary>
    private static string PolicyOf(HttpContext context) =>
        context.Items.TryGetValue(ScalarOptions.NonceHttpContextItemKey, out var item) && item is string nonce ? PageWith($"'self' 'nonce-{nonce}'") : Page;

    /// <summary>Styles may stand in the page: MudBlazor writes its colours there and positions on elements.</summary>
    private static string PageWith(string scripts) =>
        $"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        + $"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; report-uri {PolicyReports.Address}";
}

/// <summary>Of routes whose answers go to programs alone.</summary>
public sealed class AnswersPrograms
{
    public static AnswersPrograms Metadata { get; } = new();
}
