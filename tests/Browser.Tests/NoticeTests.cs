using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace ModelWorkbench.Browser.Tests;

/// <summary>That an experiment ended is told in every tab, and by the browser where the person asked for it, once.</summary>
public sealed class NoticeTests(Workbench workbench) : IClassFixture<Workbench>
{
    private const string CountNotifications = "window.told = []; window.Notification = class extends Notification { constructor(title, options) { super(title, options); told.push(title); } };";

    [Fact]
    public async Task An_end_is_told_in_each_tab_and_by_the_browser_once()
    {
        await using var visit = await workbench.VisitAsync("/datasets");
        var page = visit.Page;
        await page.Context.GrantPermissionsAsync(["notifications"]);
        await page.Context.AddInitScriptAsync(CountNotifications);
        await page.GetByRole(AriaRole.Link, new() { Name = "penguins", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "penguins", Exact = false, Level = 1 }).WaitForAsync();
        await visit.GotoAsync(new Uri(page.Url).AbsolutePath + "/compare?target=species");
        await StartAsync(visit, 12);
        var first = new Uri(page.Url).AbsolutePath;
        await Expect(page).ToHaveTitleAsync(new System.Text.RegularExpressions.Regex(@"^▶ \d+ % · Predicting species · Model Workbench$"));
        await visit.ById("notify").CheckAsync();
        await Expect(visit.ById("notify-note")).ToContainTextAsync("shows a notification");
        await visit.AssertAccessibleAsync();

        // Another tab of the same browser, and a browser that may not notify.
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(workbench.Program.Address + "/endpoints");
        await other.WaitForFunctionAsync("() => document.documentElement.dataset.connected === 'true'");
        await using var stranger = await workbench.VisitAsync("/endpoints");
        await stranger.Page.AddInitScriptAsync("Object.defineProperty(Notification, 'permission', { get: () => 'denied' });");
        await stranger.GotoAsync(first);
        await Expect(stranger.ById("notify-note")).ToContainTextAsync("does not let the workbench notify you");
        await Expect(stranger.ById("notify")).ToBeDisabledAsync();

        foreach (var tab in new[] { page, other, stranger.Page })
            await Expect(tab.GetByTestId("end-notice")).ToContainTextAsync("(predicting species) has completed. Best:", new() { Timeout = 90_000 });
        await Expect(page).ToHaveTitleAsync("✓ Predicting species · Model Workbench");
        await other.GetByTestId("end-notice").GetByRole(AriaRole.Link, new() { Name = "Open the leaderboard" }).ClickAsync();
        await other.WaitForURLAsync("**" + first);
        Assert.Equal(1, await ToldAsync(page) + await ToldAsync(other));
        await visit.AssertAccessibleAsync();
        await visit.PictureAsync("end-notice");

        // Neither a reload nor a later visit tells of it again.
        await page.ReloadAsync();
        await visit.ConnectedAsync();
        await Expect(visit.ById("experiment-status")).ToHaveTextAsync("Completed");
        await Expect(visit.ById("end-notice")).ToHaveCountAsync(0);
        Assert.Equal(0, await ToldAsync(page));
        Assert.Empty(visit.Troubles);
    }

    [Fact]
    public async Task Waiting_experiments_are_moved_and_taken_out_and_what_ended_meanwhile_is_marked()
    {
        await using var visit = await workbench.VisitAsync("/datasets");
        var page = visit.Page;
        await page.GetByRole(AriaRole.Link, new() { Name = "iris", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "iris", Exact = false, Level = 1 }).WaitForAsync();
        var compare = new Uri(page.Url).AbsolutePath + "/compare?target=species";
        List<string> addresses = [];
        foreach (var seconds in (int[])[20, 300, 300])
        {
            await visit.GotoAsync(compare);
            await StartAsync(visit, seconds);
            addresses.Add(new Uri(page.Url).AbsolutePath);
        }
        await Expect(visit.ById("queue-state")).ToContainTextAsync("2nd of 2 in the queue");
        await Expect(page).ToHaveTitleAsync("⏳ 2nd · Predicting species · Model Workbench");
        await visit.PictureAsync("queue-experiment");
        await visit.AssertAccessibleAsync();
        await visit.ById("queue-front").ClickAsync();
        await Expect(visit.ById("queue-state")).ToContainTextAsync("1st of 2 in the queue");

        await visit.GotoAsync("/experiments");
        await Expect(visit.ById("queue-place").First.GetByRole(AriaRole.Link)).ToHaveAttributeAsync("href", addresses[2]);
        await visit.PictureAsync("queue-list");
        await visit.AssertAccessibleAsync();
        await visit.ById("take-out").First.ClickAsync();
        await Expect(visit.ById("queue-place")).ToHaveCountAsync(1);
        await visit.ById("take-out").First.ClickAsync();
        await Expect(visit.ById("queue")).ToHaveCountAsync(0);

        await visit.GotoAsync("/endpoints");
        await Expect(visit.ById("news-dot")).ToHaveCountAsync(1, new() { Timeout = 90_000 });
        await visit.PictureAsync("news-dot");
        await visit.AssertAccessibleAsync();
        await visit.GotoAsync("/experiments");
        await Expect(visit.ById("news")).ToHaveCountAsync(1);
        await Expect(visit.ById("news-dot")).ToHaveCountAsync(0);
        await visit.AssertAccessibleAsync();
        Assert.Empty(visit.Troubles);
    }

    private static Task<int> ToldAsync(IPage page) => page.EvaluateAsync<int>("() => told.length");

    private static async Task StartAsync(Visit visit, int seconds)
    {
        await visit.ById("budget").SelectOptionAsync("custom");
        await visit.ById("budget-seconds").FillAsync(seconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await visit.ById("budget-seconds").BlurAsync();
        // The plan is checked anew, and a click before that is over starts nothing.
        await visit.Page.WaitForTimeoutAsync(500);
        await Expect(visit.ById("start-comparing")).ToBeEnabledAsync();
        await visit.ById("start-comparing").ClickAsync();
        try
        {
            await visit.Page.WaitForURLAsync("**/experiments/*", new() { Timeout = 20_000 });
        }
        catch (TimeoutException)
        {
            // On a machine that is busy with other tests the check took longer than that.
            await visit.ById("start-comparing").ClickAsync();
            await visit.Page.WaitForURLAsync("**/experiments/*");
        }
        // The compare page lists earlier experiments, each with its status.
        await visit.Page.GetByTestId("finished-count").WaitForAsync();
    }
}
