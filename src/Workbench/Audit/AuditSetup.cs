using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using ModelWorkbench.Workbench.Jobs;

namespace ModelWorkbench.Workbench.Audit;

public static class AuditSetup
{
    public static void AddAudit(this WebApplicationBuilder builder)
    {
        builder.Services.AddHostedSingleton<AuditHead>();
        builder.Services.AddScoped<CircuitHandler, CircuitActor>();
    }

    /// <summary>Says who is behind what the request does. After authentication.</summary>
    public static void UseAudit(this WebApplication app) => app.Use(async (context, next) =>
    {
        Actor.Current = ActorOf(context);
        await next();
    });

    /// <summary>The one who asks: nobody, from an address, until that is known.</summary>
    public static Actor ActorOf(HttpContext context) => new(context.User.Identity?.Name ?? "anonymous", AddressOf(context), UserIdOf(context.User));

    private static int? UserIdOf(ClaimsPrincipal user) => int.TryParse(user.FindFirstValue(ClaimTypes.NameIdentifier), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>Tells the audit log that this was asked for, and how it went.</summary>
    /// <param name="subject">What it was asked of.</param>
    public static RouteHandlerBuilder Audited(this RouteHandlerBuilder route, string action, Func<HttpContext, string> subject) => route.AddEndpointFilter(async (call, next) =>
    {
        var answer = await next(call);
        var status = (answer as IStatusCodeHttpResult)?.StatusCode ?? call.HttpContext.Response.StatusCode;
        await RecordAsync(call.HttpContext, action, subject(call.HttpContext), status < 400 ? AuditResult.Ok : status < 500 ? AuditResult.Refused : AuditResult.Failed);
        return answer;
    });

    /// <summary>A value of the route, for <see cref="Audited"/>.</summary>
    public static string Route(this HttpContext context, string name) => context.GetRouteValue(name) as string ?? "";

    private static async Task RecordAsync(HttpContext context, string action, string subject, string result, string? name = null)
    {
        try
        {
            await context.RequestServices.GetRequiredService<AuditLog>()
                .RecordAsync(action, subject, null, result, name is null ? Actor.Current : new Actor(name, AddressOf(context)), CancellationToken.None);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or Microsoft.EntityFrameworkCore.DbUpdateException)
        {
            // It has happened; an error now would only deny it.
            context.RequestServices.GetRequiredService<ILogger<AuditLog>>().LogError(e, "{Action} of {Subject} by {Actor} could not be written into the audit log", action, subject, Actor.Current.Name);
        }
    }

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4().ToString() : context.Connection.RemoteIpAddress?.ToString();

    /// <summary>Events of a page are those of the person who has it open.</summary>
    private sealed class CircuitActor(AuthenticationStateProvider authentication) : CircuitHandler
    {
        // The circuit is made within the request that asks for it.
        private readonly string? _address = Actor.Current.Address;

        public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) => async context =>
        {
            var state = await authentication.GetAuthenticationStateAsync();
            Actor.Current = new Actor(state.User.Identity?.Name ?? "anonymous", _address, UserIdOf(state.User));
            await next(context);
        };
    }

    /// <summary>Writes the head of the audit log to the program's log, from where it can be kept elsewhere: hourly where it has changed, and at the end.</summary>
    private sealed class AuditHead(AuditLog audit, TimeProvider time, ILogger<AuditHead> logger) : BackgroundService
    {
        private string _last = AuditLog.NoHash;

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
            try
            {
                while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteAsync();
            }
            catch (OperationCanceledException)
            {
                await WriteAsync();
            }
        }

        private async Task WriteAsync()
        {
            var (count, head) = await audit.HeadAsync(CancellationToken.None);
            if (head == _last) return;
            logger.LogInformation("Audit log: {Count} entries, head {Head}", count, head);
            _last = head;
        }
    }
}
