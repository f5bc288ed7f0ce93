using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace ModelWorkbench.Browser.Tests;

/// <summary>Passkeys as a browser makes them, with an authenticator of its own in place of a finger.</summary>
public sealed class PasskeyTests
{
    [Fact]
    public async Task A_passkey_is_added_signs_in_without_a_password_and_no_longer_once_it_is_removed()
    {
        SetDefaultExpectTimeout(20_000);
        var folder = Directory.CreateTempSubdirectory("workbench-passkey-").FullName;
        try
        {
            await AddUseAndRemoveAsync(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task AddUseAndRemoveAsync(string folder)
    {
        await using var program = await WorkbenchProcess.StartAsync(folder);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Chromium.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync();
        var violations = await Workbench.WatchPolicyAsync(context);
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        // Passkeys belong to a name; an address of numbers has none.
        var address = $"http://localhost:{new Uri(program.Address).Port}";
        await page.GotoAsync(address + program.SignInLink.AbsolutePath);
        var authenticator = await context.NewCDPSessionAsync(page);
        await authenticator.SendAsync("WebAuthn.enable");
        await authenticator.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object> { ["protocol"] = "ctap2", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true, ["isUserVerified"] = true, ["automaticPresenceSimulation"] = true },
        });

        await page.GotoAsync(address + "/account");
        await page.GetByLabel("Name of a further one").FillAsync("this laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByText("The passkey was added.")).ToBeVisibleAsync();
        await Expect(page.GetByText("this laptop, made")).ToBeVisibleAsync();

        await SignInAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex($"^{System.Text.RegularExpressions.Regex.Escape(address)}/(?!sign-in)"));
        await page.GotoAsync(address + "/account");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove this laptop" }).ClickAsync();
        await Expect(page.GetByText("The passkey was removed.")).ToBeVisibleAsync();

        // The device still has it, the workbench does not.
        await SignInAsync();
        await Expect(page.GetByText("This passkey belongs to no account here")).ToBeVisibleAsync();
        Assert.Empty(violations);

        async Task SignInAsync()
        {
            await context.ClearCookiesAsync();
            await page.GotoAsync(address + "/sign-in");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with a passkey" }).ClickAsync();
        }
    }
}
