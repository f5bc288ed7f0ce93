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

    private static IResult FromElsewhere => Results.Problem(statusCode: 400, title: "Form from elsewhere", detail: "The form does not carry the token of a page of this workbench. Reload the page and send it again.");

    private static void MapAccount(RouteGroupBuilder account)
    {
        account.MapPost("/password", (HttpContext context, [FromForm] string? current, [FromForm] string? password, Accounts accounts) =>
            ChangeAsync(context, accounts, "password", user => accounts.ChangePasswordAsync(user, current ?? "", password ?? "")));
        account.MapPost("/passkeys", (HttpContext context, [FromForm] string? credential, [FromForm] string? name, Accounts accounts) =>
            ChangeAsync(context, accounts, "passkey", user => accounts.AddPasskeyAsync(user, credential ?? "", name ?? "")));
        account.MapPost("/passkeys/remove", (HttpContext context, [FromForm] string? id, Accounts accounts) =>
            ChangeAsync(context, accounts, "removed", user => accounts.RemovePasskeyAsync(user, id ?? "")));
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
        var isLocal = returnUrl is ['/', not ('/' or '\\'), ..] && !returnUrl.Any(char.IsControl);
        return Results.LocalRedirect(isLocal ? returnUrl! : "/");
    }
}
