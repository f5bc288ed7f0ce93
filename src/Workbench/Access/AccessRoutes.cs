using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Mvc;

namespace ModelWorkbench.Workbench.Access;

/// <summary>What the plain forms of signing in, joining and the own account send: only an answer to a request can set or remove a cookie.</summary>
public static class AccessRoutes
{
    public static void MapAccess(this WebApplication app)
    {
        app.MapGet("/sign-in/{token}", async (string token, HttpContext context, Accounts accounts, string? returnUrl) =>
            Signed(await accounts.SignInByLinkAsync(token, context.RequestAborted), returnUrl, "token")).AllowAnonymous().ExcludeFromDescription();

        app.MapPost("/sign-in", async ([FromForm] string? name, [FromForm] string? password, [FromForm] string? token, [FromForm] string? credential, [FromForm] string? returnUrl, HttpContext context, Accounts accounts) =>
        {
            if (!string.IsNullOrEmpty(credential)) return Signed(await accounts.SignInByPasskeyAsync(credential), returnUrl, "passkey");
            if (!string.IsNullOrEmpty(name)) return Signed(await accounts.SignInAsync(name, password ?? ""), returnUrl, "password");
            // People paste the whole link as often as the token alone.
            var text = (token ?? "").Trim();
            return Signed(await accounts.SignInByLinkAsync(text[(text.LastIndexOf('/') + 1)..], context.RequestAborted), returnUrl, "token");
        }).AllowAnonymous().ExcludeFromDescription();

        app.MapPost("/sign-in/passkey", async (HttpContext context, IAntiforgery antiforgery, Accounts accounts) =>
        {
            if (!await antiforgery.IsRequestValidAsync(context)) return FromElsewhere;
            return Results.Text(await accounts.PasskeyRequestAsync(), "application/json");
        }).AllowAnonymous().ExcludeFromDescription();

        app.MapPost("/sign-out", async (HttpContext context, IAntiforgery antiforgery, Accounts accounts) =>
        {
            if (!await antiforgery.IsRequestValidAsync(context)) return FromElsewhere;
            await accounts.SignOutAsync();
            return Results.LocalRedirect("/sign-in");
        }).ExcludeFromDescription();

        app.MapPost("/join/{token}", async (string token, [FromForm] string? name, [FromForm] string? password, HttpContext context, Accounts accounts) =>
        {
            try
            {
                if (await accounts.FindAsync(context.User) is { } user) await accounts.JoinAsync(token, user.Id, context.RequestAborted);
                else await accounts.JoinAsync(token, name ?? "", password ?? "", context.RequestAborted);
                return Results.LocalRedirect("/");
            }
            catch (AccessException e)
            {
                return Results.LocalRedirect($"/join/{Uri.EscapeDataString(token)}?error={Uri.EscapeDataString(e.Message)}");
            }
        }).AllowAnonymous().ExcludeFromDescription();

        MapAccount(app.MapGroup("/account").ExcludeFromDescription());
    }

    /// <summary>Ways to the provider of single sign-on. They are links, not forms: a page's policy lets forms go to this program alone, wherever it sends them on.</summary>
    public static void MapOpenId(this WebApplication app)
    {
        app.MapGet("/sign-in/openid", (HttpContext context, string? returnUrl) => OpenIdSetup.ChallengeAsync(context, new ProviderPurpose(), returnUrl)).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/join/{token}/openid", async (string token, HttpContext context, AccessTokens tokens) =>
            await tokens.FindInvitationAsync(token, context.RequestAborted) is null ? Results.LocalRedirect($"/join/{Uri.EscapeDataString(token)}")
            : await OpenIdSetup.ChallengeAsync(context, new ProviderPurpose(Invitation: token), "/")).AllowAnonymous().ExcludeFromDescription();
        // Another site could lead a browser here that it has signed in at the provider as somebody else: so the page gives its link a ticket.
        app.MapGet("/account/openid", async (HttpContext context, string? ticket, Accounts accounts, LinkTickets tickets) =>
            await accounts.FindAsync(context.User) is { } user && tickets.IsOf(user.Id, ticket) ? await OpenIdSetup.ChallengeAsync(context, new ProviderPurpose(LinkUserId: user.Id), "/account?done=linked")
            : Results.LocalRedirect($"/account?error={Uri.EscapeDataString("The link of this page is too old. Try again.")}")).ExcludeFromDescription();
    }

    /// <summary>A page of this program; the first one where the address leads elsewhere.</summary>
    public static string Local(string? returnUrl) => returnUrl is "/" or ['/', not ('/' or '\\'), ..] && !returnUrl.Any(char.IsControl) ? returnUrl : "/";

    private static IResult FromElsewhere => Results.Problem(statusCode: 400, title: "Form from elsewhere", detail: "The form does not carry the token of a page of this workbench. Reload the page and send it again.");

    private static void MapAccount(RouteGroupBuilder account)
    {
        account.MapPost("/password", (HttpContext context, [FromForm] string? current, [FromForm] string? password, Accounts accounts) =>
            ChangeAsync(context, accounts, "password", user => accounts.ChangePasswordAsync(user, current ?? "", password ?? "")));
        account.MapPost("/passkeys", (HttpContext context, [FromForm] string? credential, [FromForm] string? name, Accounts accounts) =>
            ChangeAsync(context, accounts, "passkey", user => accounts.AddPasskeyAsync(user, credential ?? "", name ?? "")));
        account.MapPost("/passkeys/remove", (HttpContext context, [FromForm] string? id, Accounts accounts) =>
            ChangeAsync(context, accounts, "removed", user => accounts.RemovePasskeyAsync(user, id ?? "")));
        account.MapPost("/unlink", (HttpContext context, Accounts accounts, IAntiforgery antiforgery) => ChangeAsync(context, accounts, "unlinked", async user =>
        {
            if (!await antiforgery.IsRequestValidAsync(context)) throw new AccessException("The form does not carry the token of a page of this workbench. Try again.");
            await accounts.UnlinkAsync(user, byAdministrator: false);
        }));
        account.MapPost("/passkeys/options", async (HttpContext context, IAntiforgery antiforgery, Accounts accounts) =>
        {
            if (!await antiforgery.IsRequestValidAsync(context)) return FromElsewhere;
            return await accounts.FindAsync(context.User) is { } user ? Results.Text(await accounts.PasskeyCreationAsync(user), "application/json") : Results.Unauthorized();
        });
        account.MapPost("/sign-out-everywhere", async (HttpContext context, IAntiforgery antiforgery, Accounts accounts) =>
        {
            if (!await antiforgery.IsRequestValidAsync(context)) return FromElsewhere;
            if (await accounts.FindAsync(context.User) is { } user) await accounts.SignOutEverywhereAsync(user);
            return Results.LocalRedirect("/sign-in");
        });
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, Accounts accounts, string done, Func<Storage.UserRow, Task> change)
    {
        if (await accounts.FindAsync(context.User) is not { } user) return Results.LocalRedirect("/sign-in");
        try
        {
            await change(user);
            return Results.LocalRedirect($"/account?done={done}");
        }
        catch (AccessException e)
        {
            return Results.LocalRedirect($"/account?error={Uri.EscapeDataString(e.Message)}");
        }
    }

    private static IResult Signed(SignInOutcome outcome, string? returnUrl, string way)
    {
        if (outcome != SignInOutcome.SignedIn) return Results.LocalRedirect($"/sign-in?error={(outcome == SignInOutcome.Locked ? "locked" : way)}{(string.IsNullOrEmpty(returnUrl) ? "" : $"&returnUrl={Uri.EscapeDataString(returnUrl)}")}");
        return Results.LocalRedirect(Local(returnUrl));
    }
}
