using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Health;

/// <summary>What those ask who watch over the program: whether it lives, and whether requests should be sent to it.</summary>
public static class HealthSetup
{
    // Beside the time that requests are answered on, within the half minute that is usual before a program is killed.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(25);

    /// <summary>Last of all, so that nothing else ends before it.</summary>
    public static void AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<SystemReader>();
        builder.Services.AddHostedService<Drain>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LongestEnd);
    }

    /// <summary>While the program ends, callers hear that the connection does too: a request that they sent over it a moment later would be lost.</summary>
    public static void UseDrain(this WebApplication app) => app.Use((context, next) =>
    {
        if (app.Lifetime.ApplicationStopping.IsCancellationRequested) context.Response.Headers.Connection = "close";
        return next(context);
    });

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz", () => Results.Text("alive")).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/readyz", async (Readiness readiness, HttpContext context) =>
        {
            var report = await readiness.AskAsync(context.RequestAborted);
            context.Response.Headers.CacheControl = "no-store";
            return Results.Json(new { status = report.IsReady ? "ready" : "not ready", report.Reasons, report.Warnings }, statusCode: report.IsReady ? 200 : 503);
        }).AllowAnonymous().ExcludeFromDescription().WithMetadata(new Microsoft.AspNetCore.Mvc.SkipStatusCodePagesAttribute());
    }

    /// <summary>Between being asked to end and ending, requests are answered on while readiness says no.</summary>
    private sealed class Drain(IHostApplicationLifetime lifetime, IOptions<WorkbenchOptions> options, TimeProvider time) : IHostedLifecycleService
    {
        public Task StoppingAsync(CancellationToken cancellationToken) =>
            lifetime.ApplicationStopping.IsCancellationRequested && options.Value.DrainSeconds > 0 ? Task.Delay(TimeSpan.FromSeconds(options.Value.DrainSeconds), time, cancellationToken) : Task.CompletedTask;

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
