using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace ModelWorkbench.Browser.Tests;

/// <summary>All pages about one model, light and dark, wide and narrow: no empty plot, nothing that overlaps or is cut, no error; and how soon a large model's measures are there.</summary>
/// <remarks>Light and wide alone, of one set, in a usual run; with WORKBENCH_PAGES=all, or the name of a set, in all four looks, and for many classes, rare ones, a wide table and a large one, which takes the shared data sets and a quarter of an hour.</remarks>
public sealed class EvaluatePageTests(Workbench workbench) : IClassFixture<Workbench>
{
    private static readonly string? Asked = Environment.GetEnvironmentVariable("WORKBENCH_PAGES") is { Length: > 0 } asked ? asked : null;
    private static readonly bool TriesAll = Asked == "all";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="Name">Of the pictures.</param>
    /// <param name="File">A sample, or a file below the shared data sets.</param>
    /// <param name="Target">The column; with # its number, from 1.</param>
    /// <param name="Trainers">The first is looked at.</param>
    /// <param name="IsShared">Not among the samples.</param>
    public sealed record Set(string Name, string File, string Target, string[] Trainers, bool IsShared = true);

    private static readonly Set[] Sets =
    [
        new("binary", "breast_cancer.csv", "diagnosis", ["lightgbm", "linear-lbfgs", "baseline"], IsShared: false),
        new("letter", "letter/letter.csv", "letter", ["lightgbm", "baseline"]),
        new("shuttle", "shuttle/shuttle.csv", "Class", ["lightgbm", "baseline"]),
        new("house-prices", "house-prices-kaggle/house-prices-kaggle.csv", "SalePrice", ["lightgbm", "sdca", "baseline"]),
        new("kddcup99", "kddcup99-10pct/kddcup99-10pct.csv.gz", "#42", ["lightgbm", "baseline"]),
    ];

    public static TheoryData<string> Names => [.. Sets.Where(s => TriesAll || s.Name == Asked || (Asked is null && !s.IsShared)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_page_about_a_model_is_whole(string name)
    {
        var set = Sets.Single(s => s.Name == name);
        await using var visit = await workbench.VisitAsync("/datasets");
        var (experiment, number, isBinary) = await TrainAsync(visit.Page, set);
        var trial = $"/experiments/{experiment}/trials/{number}";

        // What is computed when a person asks for it is asked for.
        foreach (var work in isBinary ? new[] { "explanation", "learning-curve" } : ["explanation"])
        {
            using var started = await JsonAsync(await visit.Page.Context.APIRequest.PostAsync($"{workbench.Program.Address}/api/v1{trial}/{work}"));
            await UntilAsync(visit.Page, $"/api/v1{trial}/{work}", a => a.GetProperty("status").GetString() is "completed" or "failed", a => Assert.Equal("completed", a.GetProperty("status").GetString()));
        }
        await visit.GotoAsync($"{trial}/components");
        await visit.ById("draw-map").ClickAsync();
        await Expect(visit.ById("map-told")).ToBeVisibleAsync(new() { Timeout = 120_000 });
        if (isBinary)
        {
            await visit.GotoAsync(trial);
            await visit.ById("best-f1").ClickAsync();
            await visit.ById("use-threshold").ClickAsync();
            await Expect(visit.ById("kept-threshold")).ToBeVisibleAsync();
        }

        string[] pages = [trial, $"{trial}/explain", $"{trial}/errors", $"{trial}/components?ellipses=true&arrows=true", $"{trial}/components?x=2&y=3&z=1", $"{trial}/row?row=7", $"{trial}/assertions", $"/experiments/{experiment}", $"/experiments/{experiment}/side-by-side?trials={number},{number + 1}"];
        foreach (var (dark, width) in Asked is not null ? new[] { (false, 1400), (true, 1400), (false, 420), (true, 420) } : [(false, 1400)])
        {
            await using var look = await workbench.VisitAsync("/datasets", dark, width);
            foreach (var path in pages)
            {
                await look.GotoAsync(path);
                await SettledAsync(look.Page);
                var page = string.Concat(path.Replace(trial, "trial", StringComparison.Ordinal).Replace($"/experiments/{experiment}", "experiment", StringComparison.Ordinal).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
                await look.PictureAsync($"evaluate-{name}-{page}-{(dark ? "dark" : "light")}-{width}");
                await AssertWholeAsync(look.Page);
                if (width == 1400) await look.AssertAccessibleAsync();
            }
            Assert.DoesNotContain(look.Troubles, t => !t.Contains("404", StringComparison.Ordinal));
            Assert.Empty(look.Violations);
        }
    }

    /// <summary>100,000 judged rows: the report holds counts and thinned curves, so its page is no heavier than that of a thousand. How long it takes is written down, as a machine that does something else as well proves nothing.</summary>
    [Fact]
    public async Task The_page_of_a_hundred_thousand_validation_rows_is_no_heavier_than_that_of_a_thousand()
    {
        if (!TriesAll) Assert.Skip("Set WORKBENCH_PAGES=all to train on a hundred thousand rows and to time the page.");
        var pages = new List<(int Html, int Validation, string Trial)>();
        await using var visit = await workbench.VisitAsync("/datasets");
        foreach (var rows in (int[])[1_250, 125_000])
        {
            var file = Path.Combine(workbench.DataFolder, $"rows-{rows}.csv");
            var random = new Random(5);
            await File.WriteAllLinesAsync(file, Enumerable.Range(0, rows).Select(_ =>
            {
                var (a, b) = (random.NextDouble(), random.NextDouble());
                return FormattableString.Invariant($"{a:F5},{b:F5},{"xyz"[random.Next(3)]},{(a + (0.5 * b) + (0.4 * random.NextDouble()) > 0.95 ? "yes" : "no")}");
            }).Prepend("a,b,kind,answer"), Cancel);
            var (experiment, number, _) = await TrainAsync(visit.Page, new Set("rows", file, "answer", ["lightgbm", "baseline"]), folds: 5);
            var trial = $"/experiments/{experiment}/trials/{number}";
            using var report = await JsonAsync(await visit.Page.Context.APIRequest.GetAsync($"{workbench.Program.Address}/api/v1{trial}"));
            var validation = report.RootElement.GetProperty("report").GetProperty("validation");
            Assert.Equal(rows * 4 / 5, validation.GetProperty("rowCount").GetInt32());
            var html = await (await visit.Page.Context.APIRequest.GetAsync(workbench.Program.Address + trial)).TextAsync();
            // The measures stand in the first answer, before anything is drawn.
            Assert.Contains("metric-tiles", html);
            pages.Add((html.Length, validation.GetRawText().Length, trial));
        }
        Assert.InRange(pages[1].Html, 0, 1.2 * pages[0].Html);
        Assert.InRange(pages[1].Validation, 0, 100_000);

        // Opened by a click, as a person does: to the measures, and to the first plot.
        var (toMeasures, toPlot, answered) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < 7; i++)
        {
            var asked = Stopwatch.StartNew();
            await visit.Page.Context.APIRequest.GetAsync(workbench.Program.Address + pages[1].Trial);
            answered.Add(asked.Elapsed.TotalSeconds);
            await visit.GotoAsync(pages[1].Trial[..pages[1].Trial.IndexOf("/trials", StringComparison.Ordinal)]);
            var link = visit.Page.Locator($"a[href='{pages[1].Trial}']").First;
            await link.WaitForAsync();
            var clock = Stopwatch.StartNew();
            await link.ClickAsync();
            await visit.Page.Locator(".metric-tiles").First.WaitForAsync();
            toMeasures.Add(clock.Elapsed.TotalSeconds);
            await visit.Page.Locator(".js-plotly-plot .main-svg").First.WaitForAsync();
            toPlot.Add(clock.Elapsed.TotalSeconds);
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"100,000 validation rows, seconds, median of seven: the server's answer with all measures {Median(answered)}, by a click to the measures {Median(toMeasures)}, to the first plot {Median(toPlot)}.");

        static string Median(List<double> seconds) => seconds.Order().ElementAt(seconds.Count / 2).ToString("F2", CultureInfo.InvariantCulture);
    }

    /// <summary>Nothing is being loaded, every plot is drawn, and every plot has something in it.</summary>
    private static async Task SettledAsync(IPage page)
    {
        await page.Locator("h1").First.WaitForAsync();
        await Expect(page.Locator(".loading-state")).ToHaveCountAsync(0, new() { Timeout = 120_000 });
        // A frame is there before its plot is.
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('figure.plot')].every(frame => frame.querySelector('.main-svg'))", null, new() { Timeout = 120_000 });
    }

    private static async Task AssertWholeAsync(IPage page)
    {
        var problems = await page.EvaluateAsync<string[]>("""
            () => {
              const found = [];
              const text = e => (e.textContent || '').trim().replace(/\s+/g, ' ').slice(0, 60);
              if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) found.push('the page scrolls sideways');
              for (const plot of document.querySelectorAll('.js-plotly-plot')) {
                const title = text(plot.querySelector('.gtitle') ?? plot);
                const points = (plot.data ?? []).reduce((sum, t) => sum + Math.max(t.x?.length ?? 0, t.y?.length ?? 0, t.z?.length ?? 0), 0);
                if (points === 0) found.push(`the plot "${title}" is empty`);
                const frame = plot.getBoundingClientRect();
                for (const label of plot.querySelectorAll('.gtitle, .xtitle, .ytitle, .xtick text, .ytick text, .legendtext')) {
                  const box = label.getBoundingClientRect();
                  if (box.width === 0 || getComputedStyle(label).visibility === 'hidden') continue;
                  if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2) found.push(`the label "${text(label)}" of "${title}" is cut`);
                }
                for (const axis of ['xtick', 'ytick']) {
                  const ticks = [...plot.querySelectorAll(`.${axis} text`)].map(t => [t, t.getBoundingClientRect()]).filter(([, b]) => b.width > 0);
                  for (let i = 0; i + 1 < ticks.length; i++) {
                    const [a, b] = [ticks[i][1], ticks[i + 1][1]];
                    const turned = (ticks[i][0].getAttribute('transform') ?? '').match(/rotate\((-?[\d.]+)/);
                    if (turned && Number(turned[1]) !== 0) continue;
                    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                    if (across > 2 && down > 3) { found.push(`the ticks "${text(ticks[i][0])}" and "${text(ticks[i + 1][0])}" of "${title}" overlap`); break; }
                  }
                }
              }
              for (const element of document.querySelectorAll('main h1, main h2, main h3, main dt, main dd, main button, main label')) {
                const style = getComputedStyle(element);
                if (style.overflow === 'hidden' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1) found.push(`"${text(element)}" is cut`);
              }
              return [...new Set(found)];
            }
            """);
        Assert.True(problems.Length == 0, $"{page.Url}\n{string.Join("\n", problems)}");
    }

    private async Task<(int Experiment, int Trial, bool IsBinary)> TrainAsync(IPage page, Set set, int folds = 3)
    {
        var path = Path.IsPathRooted(set.File) ? set.File : set.IsShared ? Shared(set.File) : Path.Combine(AppContext.BaseDirectory, "samples", set.File);
        await page.GotoAsync(workbench.Program.Address + "/datasets");
        await page.WaitForFunctionAsync("() => document.documentElement.dataset.connected === 'true'");
        await page.Locator("input[type=file]").SetInputFilesAsync(path);
        await page.WaitForURLAsync(new System.Text.RegularExpressions.Regex(@"/datasets/\d+$"), new() { Timeout = 300_000 });
        var dataset = int.Parse(new Uri(page.Url).Segments[^1], CultureInfo.InvariantCulture);
        var target = set.Target;
        if (target.StartsWith('#'))
        {
            using var described = await JsonAsync(await page.Context.APIRequest.GetAsync($"{workbench.Program.Address}/api/v1/datasets/{dataset}/rows?limit=1"));
            target = described.RootElement.GetProperty("columns")[int.Parse(target[1..], CultureInfo.InvariantCulture) - 1].GetString()!;
        }
        using var started = await JsonAsync(await page.Context.APIRequest.PostAsync($"{workbench.Program.Address}/api/v1/experiments", new()
        {
            DataObject = new { datasetId = dataset, target, trainers = set.Trainers, split = new { folds }, tuning = "defaultsOnly", budgetSeconds = 600 },
        }));
        var experiment = started.RootElement.GetProperty("id").GetInt32();
        JsonElement? ended = null;
        await UntilAsync(page, $"/api/v1/experiments/{experiment}", a => a.GetProperty("status").GetString() is "completed" or "failed" or "stopped", a => ended = a.Clone());
        Assert.True(ended!.Value.GetProperty("status").GetString() == "completed", ended.Value.ToString());
        return (experiment, 1, ended.Value.GetProperty("plan").GetProperty("task").GetString() == "binary");
    }

    /// <summary>As in the tests of the core: the folder named by WORKBENCH_SHARED, or one beside the repository.</summary>
    private static string Shared(string file)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "ModelWorkbench.sln"))) root = root.Parent;
        var path = Path.Combine(Environment.GetEnvironmentVariable("WORKBENCH_SHARED") ?? Path.Combine(root!.Parent!.FullName, "shared"), "datasets", file);
        if (!File.Exists(path)) Assert.Skip($"There is no shared data set '{file}'. Set WORKBENCH_SHARED to the folder that holds 'datasets'.");
        return path;
    }

    private static async Task<JsonDocument> JsonAsync(IAPIResponse answer)
    {
        var text = await answer.TextAsync();
        Assert.True(answer.Ok, $"{answer.Url}: {answer.Status} {text}");
        return JsonDocument.Parse(text);
    }

    private async Task UntilAsync(IPage page, string address, Func<JsonElement, bool> isDone, Action<JsonElement> last)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromMinutes(15));
        while (true)
        {
            using var answer = await JsonAsync(await page.Context.APIRequest.GetAsync(workbench.Program.Address + address));
            if (isDone(answer.RootElement))
            {
                last(answer.RootElement);
                return;
            }
            await Task.Delay(250, patience.Token);
        }
    }
}
