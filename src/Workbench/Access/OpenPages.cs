using System.Security.Claims;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Access;

/// <param name="Name">Of the account.</param>
/// <param name="Pages">Connected now.</param>
/// <param name="Since">When the first of them was opened.</param>
public sealed record PersonOnline(string Name, int Pages, DateTimeOffset Since);

/// <summary>Which pages are connected, and no more of them than the program can carry: each takes a megabyte or so.</summary>
public sealed class OpenPages(IOptions<WorkbenchOptions> options, TimeProvider time)
{
    private sealed record Page(string UserId, string Name, DateTimeOffset OpenedAt);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Page> _pages = [];

    /// <summary>Notes a page that connects.</summary>
    /// <returns>Why it may not; null where it may.</returns>
    public string? TryOpen(string connectionId, ClaimsPrincipal user)
    {
        lock (_gate)
        {
            if (_pages.ContainsKey(connectionId)) return null;
            if (WhyNotAnother(user) is { } reason) return reason;
            _pages[connectionId] = new Page(IdOf(user), user.Identity?.Name ?? "anonymous", time.GetUtcNow());
            return null;
        }
    }

    public void Close(string connectionId)
    {
        lock (_gate) _pages.Remove(connectionId);
    }

    /// <summary>Why this person may have no further page connected now; null where one may be.</summary>
    public string? WhyNotAnother(ClaimsPrincipal user)
    {
        lock (_gate)
        {
            var id = IdOf(user);
            var own = _pages.Values.Count(p => p.UserId == id);
            if (own >= options.Value.MaxPagesPerPerson) return $"You have {own} pages of the workbench open, as many as one person may ({nameof(WorkbenchOptions.MaxPagesPerPerson)}). Close one, then load this page again.";
            return _pages.Count >= options.Value.MaxPages ? $"{_pages.Count} pages of this workbench are open, as many as it carries ({nameof(WorkbenchOptions.MaxPages)}). Try again in a moment." : null;
        }
    }

    /// <summary>Who has pages open, the longest there first.</summary>
    public IReadOnlyList<PersonOnline> People()
    {
        lock (_gate) return [.. _pages.Values.GroupBy(p => p.UserId).Select(g => new PersonOnline(g.First().Name, g.Count(), g.Min(p => p.OpenedAt))).OrderBy(p => p.Since)];
    }

    private static string IdOf(ClaimsPrincipal user) => user.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";
}

public static class OpenPagesSetup
{
    public static void AddOpenPages(this IServiceCollection services)
    {
        services.AddSingleton<OpenPages>();
        services.AddSingleton<PageCounter>();
    }

    /// <summary>For the hub that pages connect to.</summary>
    public static void LimitPages(this HubOptions hub) => hub.AddFilter<PageCounter>();

    /// <summary>Whoever has as many pages as may be is refused before a circuit is made. After authentication.</summary>
    public static void UsePageLimit(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.Request.Path.StartsWithSegments("/_blazor/negotiate") && context.User.Identity?.IsAuthenticated == true
            && context.RequestServices.GetRequiredService<OpenPages>().WhyNotAnother(context.User) is { } reason)
        {
            context.Response.Headers.RetryAfter = "5";
            await Results.Problem(statusCode: StatusCodes.Status429TooManyRequests, title: "Too many pages", detail: reason).ExecuteAsync(context);
            return;
        }
        await next();
    });

    /// <summary>Counts the pages that are connected; many that connect at once all pass the first question, and not this one.</summary>
    private sealed class PageCounter(OpenPages pages) : IHubFilter
    {
        public Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
        {
            if (pages.TryOpen(context.Context.ConnectionId, context.Context.User ?? new ClaimsPrincipal()) is null) return next(context);
            context.Context.Abort();
            return Task.CompletedTask;
        }

        public Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception, Func<HubLifetimeContext, Exception?, Task> next)
        {
            pages.Close(context.Context.ConnectionId);
            return next(context, exception);
        }
    }
}
