using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;
using OpenTelemetry.Metrics;

namespace ModelWorkbench.Workbench.Serving;

public static class ServingSetup
{
    private const string MetricsPolicy = "Metrics";

    public static void AddServing(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ModelMemory>();
        builder.Services.AddSingleton<LiveModels>();
        builder.Services.AddHostedService<ModelWarming>();
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
        // They tell of all workspaces' endpoints: a scraper sends an administrator's access token.
        builder.Services.AddAuthorizationBuilder().AddPolicy(MetricsPolicy, policy => policy.RequireAssertion(async asked =>
            asked.Resource is HttpContext context && (context.RequestServices.GetRequiredService<IOptions<WorkbenchOptions>>().Value.OpenMetrics
                || await context.RequestServices.GetRequiredService<Workspaces>().CallerAsync(asked.User, context.RequestAborted) is { IsAdministrator: true })));
    }

    public static void MapServing(this WebApplication app)
    {
        app.MapInference();
        app.MapFeedback();
        app.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(MetricsPolicy);
    }
}
