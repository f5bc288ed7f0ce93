using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ModelWorkbench.Workbench.Settings;

/// <summary>Where the program can be reached from: this machine alone, or elsewhere by TLS of its own or of a proxy before it.</summary>
public static class Reach
{
    /// <returns>The certificate, or null where none is set.</returns>
    /// <exception cref="CryptographicException">The files are no certificate with its key.</exception>
    public static X509Certificate2? ReadCertificate(this WorkbenchOptions settings)
    {
        if (settings.CertificateFile.Length == 0) return null;
        using var pem = X509Certificate2.CreateFromPemFile(settings.CertificateFile, settings.CertificateKeyFile);
        // On Windows a key that came from PEM is not one that TLS can use until it was stored once.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    public static void ListenAt(this KestrelServerOptions kestrel, WorkbenchOptions settings, X509Certificate2? certificate)
    {
        // Both families of loopback addresses; a free port can only be had for one address at a time.
        if (settings.Listen.Length == 0 && settings.Port != 0) kestrel.ListenLocalhost(settings.Port, Secure);
        else kestrel.Listen(settings.Listen.Length == 0 ? IPAddress.Loopback : IPAddress.Parse(settings.Listen), settings.Port, Secure);

        void Secure(ListenOptions listen)
        {
            if (certificate is not null) listen.UseHttps(certificate);
        }
    }

    /// <summary>Requests for other hosts than these are refused: a page of another site may have given its name our address.</summary>
    public static void AllowHosts(this WebApplicationBuilder builder, WorkbenchOptions settings)
    {
        if (settings.HostNames.Count > 0) builder.Configuration["AllowedHosts"] = string.Join(';', [.. settings.HostNames, builder.Configuration["AllowedHosts"] ?? ""]);
    }

    public static void UseProxy(this WebApplication app, WorkbenchOptions settings)
    {
        if (!settings.BehindProxy) return;
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        foreach (var proxy in settings.Proxies) options.KnownProxies.Add(IPAddress.Parse(proxy));
        app.UseForwardedHeaders(options);
    }

    /// <summary>A body with two lengths, its own and that of its chunks, or in chunks of chunks, ends at one place for a proxy and at another for us: what follows would be somebody else's request. Kestrel takes the chunks, and puts the other length under another name.</summary>
    public static void RefuseDoubtfulLengths(this WebApplication app) => app.Use((context, next) =>
    {
        var encoding = context.Request.Headers.TransferEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("chunked", StringComparison.OrdinalIgnoreCase) && !context.Request.Headers.ContainsKey("X-Content-Length")) return next(context);
        context.Response.Headers.Connection = "close";
        return Results.Problem(statusCode: 400, title: "Doubtful length", detail: $"Transfer-Encoding is '{encoding}'{(context.Request.Headers.ContainsKey("X-Content-Length") ? ", beside Content-Length" : "")}; expected chunked alone, or Content-Length.").ExecuteAsync(context);
    });

    /// <summary>Whoever comes around the proxy, or through one that does not say so, would send passwords in the clear. Probes send nothing.</summary>
    public static void RefusePlain(this WebApplication app, WorkbenchOptions settings)
    {
        if (!settings.BehindProxy) return;
        app.UseWhen(context => !context.Request.IsHttps && context.Request.Path != "/healthz" && context.Request.Path != "/readyz", plain => plain.Run(context =>
            Results.Problem(statusCode: 400, title: "TLS is expected", detail: "The request came without TLS, or the proxy before the program does not say X-Forwarded-Proto: https (ProxyAddresses names proxies on other machines).").ExecuteAsync(context)));
    }
}
