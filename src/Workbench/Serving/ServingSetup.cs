using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;
using OpenTelemetry.Metrics;

namespace ModelWorkbench.Workbench.Serving;

public static class ServingSetup
{
    private const string MetricsPolicy = "Metrics";

    public static void AddServing(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LiveModels>();
        builder.Services.AddSingleton<CallerLimits>();
        builder.Services.AddSingleton<ServingFigures>();
        builder.Services.AddSingleton<InferenceRequests>();
        builder.Services.AddHostedSingleton<ShadowRequests>();
        builder.Services.AddHostedService<KeyUses>();
        builder.Services.AddHostedSingleton<RequestLog>();
        builder.Services.AddHostedSingleton<ServingHistory>();
        builder.Services.AddHostedSingleton<VersionGuard>();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(ServingFigures.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddPrometheusExporter());
        // A scraper sends an access token, or the key of any endpoint.
        builder.Services.AddAuthorizationBuilder().AddPolicy(MetricsPolicy, policy => policy.RequireAssertion(asked =>
            asked.User.Identity?.IsAuthenticated == true
            || asked.Resource is HttpContext context && (context.RequestServices.GetRequiredService<IOptions<WorkbenchOptions>>().Value.OpenMetrics || context.RequestServices.GetRequiredService<InferenceRequests>().OpensAny(context.Request))));
    }

    public static void MapServing(this WebApplication app)
    {
        app.MapInference();
        app.MapFeedback();
        app.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(MetricsPolicy);
    }
}
