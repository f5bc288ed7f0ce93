using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace ModelWorkbench.Browser.Tests;

/// <summary>The Content-Security-Policy as a browser follows it: pages keep to it, and script that got into one does not run.</summary>
public sealed class PolicyTests(Workbench workbench) : IClassFixture<Workbench>
{
    [Fact]
    public async Task Pages_that_need_no_experiment_keep_to_their_policy_and_draw_their_plots()
    {
        await using var visit = await workbench.VisitAsync("/datasets");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "penguins", Exact = true }).ClickAsync();
        await visit.Page.WaitForURLAsync(new System.Text.RegularExpressions.Regex(@"/datasets/\d+$"));
        var dataset = new Uri(visit.Page.Url).AbsolutePath;
        await visit.GotoAsync($"{dataset}?target=species&tab=relations");
        await Expect(visit.Page.Locator(".js-plotly-plot .main-svg").First).ToBeVisibleAsync();
        // The strict build, from this address, and none beside it.
        Assert.Equal("3.7.0", await visit.Page.EvaluateAsync<string>("() => Plotly.version"));
        foreach (var path in (string[])["/", "/experiments", "/endpoints", "/access-tokens", "/users", "/workspace", "/audit", "/system", $"{dataset}/clean", $"{dataset}/compare", "/nowhere"])
        {
            await visit.GotoAsync(path);
            await visit.Page.Locator("h1").WaitForAsync();
        }
        foreach (var path in (string[])["/account", "/sign-in", "/join/unknown"])
        {
            await visit.Page.GotoAsync(workbench.Program.Address + path);
            await visit.Page.Locator("h1").WaitForAsync();
        }
        await visit.Page.GotoAsync(workbench.Program.Address + "/docs");
        await visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Scores rows with a published model" }).WaitForAsync();
        Assert.Empty(visit.Violations);
        Assert.DoesNotContain(visit.Troubles, t => !t.Contains("404", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("script", "const script = document.createElement('script'); script.textContent = 'window.broken = true'; document.body.append(script);", "script-src-elem", "inline")]
    [InlineData("handler", "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.broken = true\">');", "script-src-attr", "inline")]
    [InlineData("foreign", "const script = document.createElement('script'); script.src = 'http://127.0.0.2:9/broken.js'; document.body.append(script);", "script-src-elem", "http")]
    [InlineData("frame", "const frame = document.createElement('iframe'); frame.src = 'http://127.0.0.2:9/'; document.body.append(frame);", "frame-src", "http")]
    [InlineData("eval", "const script = document.createElement('script'); script.src = '/js/eval-in-test.js'; document.body.append(script);", "script-src", "eval")]
    public async Task What_got_into_a_page_does_not_run_and_is_reported(string what, string action, string rule, string stopped)
    {
        await using var visit = await workbench.VisitAsync("/experiments");
        visit.ExpectsViolations = true;
        if (what == "eval") await visit.Page.RouteAsync("**/js/eval-in-test.js", route => route.FulfillAsync(new() { ContentType = "text/javascript", Body = "try { eval('window.broken = true'); } catch { }" }));
        await visit.Page.EvaluateAsync($"() => {{ {action} }}");
        await Poll(() => visit.Violations.Any(v => v.Contains($": {rule} {stopped}", StringComparison.Ordinal)), () => string.Join("\n", visit.Violations));
        Assert.False(await visit.Page.EvaluateAsync<bool>("() => window.broken === true"));
        // Browsers report the page's address, and of another's address as much as its policy lets them.
        await Poll(() => workbench.Program.Log.Any(l => l.Contains($"page {workbench.Program.Address}/experiments, rule {rule}, stopped {stopped}", StringComparison.Ordinal)), () => string.Join("\n", workbench.Program.Log));
    }

    private static async Task Poll(Func<bool> until, Func<string> found)
    {
        for (var i = 0; i < 100 && !until(); i++) await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.True(until(), $"Found only: {found()}");
    }
}
