using System.Collections.Concurrent;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ModelWorkbench.Browser.Tests;

/// <summary>One running program, one browser and one signed-in person for all tests of a class.</summary>
public sealed class Workbench : IAsyncLifetime
{
    private IPlaywright? _playwright;

    public string DataFolder { get; } = Directory.CreateTempSubdirectory("workbench-browser-").FullName;
    public WorkbenchProcess Program { get; private set; } = null!;
    public IBrowser Browser { get; private set; } = null!;
    public string? SignedIn { get; private set; }

    /// <summary>What pages wanted to do against their policy, in the visits that did not say they would. None, or the class fails.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>The link that signed in, which works once.</summary>
    public Uri UsedLink { get; private set; } = null!;

    /// <summary>Where pictures of all pages go, for people to look at.</summary>
    public string Pictures { get; } = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "pictures")).FullName;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(20_000);
        Program = await WorkbenchProcess.StartAsync(DataFolder);
        _playwright = await Playwright.CreateAsync();
        Browser = await Chromium.LaunchAsync(_playwright);
        await using var context = await Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        UsedLink = Program.SignInLink;
        await page.GotoAsync(UsedLink.ToString());
        SignedIn = await context.StorageStateAsync();
    }

    /// <summary>Ends the program without warning and starts it again on the same data, as after a crash.</summary>
    public async Task RestartAsync()
    {
        var port = new Uri(Program.Address).Port;
        await Program.DisposeAsync();
        Program = await WorkbenchProcess.StartAsync(DataFolder, port);
    }

    /// <summary>A signed-in page that remembers requests to other places and errors in its console.</summary>
    public async Task<Visit> VisitAsync(string path, bool dark = false, int width = 1400)
    {
        var context = await Browser.NewContextAsync(new BrowserNewContextOptions
        {
            StorageState = SignedIn,
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new ViewportSize { Width = width, Height = 1000 },
        });
        var violations = await WatchPolicyAsync(context);
        var visit = new Visit(this, context, await context.NewPageAsync(), violations);
        await visit.GotoAsync(path);
        return visit;
    }

    /// <summary>Notes whatever pages of a browser do against their Content-Security-Policy, from their first line on.</summary>
    public static async Task<ConcurrentQueue<string>> WatchPolicyAsync(IBrowserContext context)
    {
        var violations = new ConcurrentQueue<string>();
        await context.ExposeFunctionAsync("noteViolation", (string text) => violations.Enqueue(text));
        await context.AddInitScriptAsync("addEventListener('securitypolicyviolation', e => noteViolation(`${location.pathname}: ${e.effectiveDirective} ${e.blockedURI} at ${e.sourceFile}:${e.lineNumber} ${e.sample}`), true);");
        return violations;
    }

    public async ValueTask DisposeAsync()
    {
        // Any of them is missing where InitializeAsync has failed.
        if (Browser is not null) await Browser.DisposeAsync();
        _playwright?.Dispose();
        if (Program is not null) await Program.DisposeAsync();
        Directory.Delete(DataFolder, recursive: true);
        Assert.Empty(Violations);
    }
}

/// <summary>A page in a browser of its own.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly Workbench _workbench;
    private readonly IBrowserContext _context;
    private readonly ConcurrentBag<string> _troubles = [];

    /// <param name="violations">Filled by the browser: <see cref="Workbench.WatchPolicyAsync"/>.</param>
    public Visit(Workbench workbench, IBrowserContext context, IPage page, ConcurrentQueue<string> violations)
    {
        (_workbench, _context, Page, Violations) = (workbench, context, page, violations);
        // Generous: the other test projects share the cores.
        page.SetDefaultTimeout(60_000);
        page.Console += (_, message) => { if (message.Type == "error") _troubles.Add(message.Text); };
        page.PageError += (_, error) => _troubles.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(workbench.Program.Address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
                _troubles.Add($"The page asked another place: {request.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>What the page wanted to do against its policy.</summary>
    public ConcurrentQueue<string> Violations { get; }

    /// <summary>Whether the test itself goes against it.</summary>
    public bool ExpectsViolations { get; set; }

    /// <summary>Errors in the console and requests to other places so far.</summary>
    public IReadOnlyCollection<string> Troubles => _troubles;

    public async Task GotoAsync(string path)
    {
        await Page.GotoAsync(_workbench.Program.Address + path);
        await ConnectedAsync();
    }

    /// <summary>Prerendered pages look ready before they answer to clicks.</summary>
    public Task ConnectedAsync() => Page.WaitForFunctionAsync("() => document.documentElement.dataset.connected === 'true'");

    public ILocator ById(string testId) => Page.GetByTestId(testId);

    public async Task PictureAsync(string name)
    {
        // Plots are drawn a moment after the page.
        foreach (var plot in await Page.Locator(".js-plotly-plot").AllAsync()) await plot.Locator(".main-svg").First.WaitForAsync();
        await Page.WaitForTimeoutAsync(300);
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(_workbench.Pictures, name + ".png"), FullPage = true });
    }

    /// <summary>Axe finds nothing serious, and nothing sticks out to the right.</summary>
    public async Task AssertAccessibleAsync()
    {
        var result = await Page.RunAxe();
        var serious = result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{Page.Url}: {v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}");
        Assert.True(serious.Any() is false, string.Join("\n", serious));
        Assert.False(await Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"), $"{Page.Url} scrolls sideways.");
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        if (ExpectsViolations) return;
        foreach (var violation in Violations) _workbench.Violations.Enqueue(violation);
    }
}
