using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace ModelWorkbench.Browser.Tests;

/// <summary>A person's way from a CSV to a tested endpoint, in a real browser, on the program as it is started from the command line.</summary>
public sealed partial class JourneyTests(Workbench workbench) : IClassFixture<Workbench>
{
    private static readonly string Penguins = Path.Combine(AppContext.BaseDirectory, "samples", "penguins.csv");

    [Fact]
    public async Task A_csv_becomes_an_endpoint_that_answers_as_its_form_does_also_after_a_restart()
    {
        await using var visit = await workbench.VisitAsync("/");
        var page = visit.Page;

        // Data
        await page.Locator("input[type=file]").SetInputFilesAsync(Penguins);
        await page.WaitForURLAsync(DatasetAddress());
        var dataset = new Uri(page.Url).AbsolutePath;
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "penguins", Exact = false, Level = 1 })).ToBeVisibleAsync();
        await Expect(page.GetByText("344 rows")).ToBeVisibleAsync();
        await Expect(page.Locator(".column-card")).ToHaveCountAsync(7);
        await page.GetByRole(AriaRole.Tab, new() { Name = "Rows" }).ClickAsync();
        await Expect(page.Locator(".row-grid td", new() { HasTextString = "Torgersen" }).First).ToBeVisibleAsync();
        await visit.PictureAsync("journey-1-rows");

        // Clean: a step that learns, and one that drops rows
        await visit.ById("to-clean").ClickAsync();
        await AddStepAsync(visit, "fill-missing", async () => await visit.ById("step-method").SelectOptionAsync("Median"), "bill_length_mm", "body_mass_g");
        await AddStepAsync(visit, "drop-missing-rows", () => Task.CompletedTask, "sex");
        await Expect(visit.ById("step-outcome").Last).ToContainTextAsync("333 rows");
        await visit.ById("undo").ClickAsync();
        await Expect(visit.ById("recipe-step")).ToHaveCountAsync(1);
        await visit.ById("redo").ClickAsync();
        await Expect(visit.ById("recipe-step")).ToHaveCountAsync(2);
        await page.ReloadAsync();
        await visit.ConnectedAsync();
        await Expect(visit.ById("recipe-step")).ToHaveCountAsync(2);
        await visit.PictureAsync("journey-2-clean");

        // Compare
        await visit.ById("continue-to-compare").ClickAsync();
        await visit.ById("target-select").SelectOptionAsync("species");
        await Expect(visit.ById("task-select")).ToHaveValueAsync("Multiclass");
        await visit.PictureAsync("journey-3-compare");
        await visit.ById("start-comparing").ClickAsync();
        await page.WaitForURLAsync(ExperimentAddress());
        var experiment = new Uri(page.Url).AbsolutePath;
        await Expect(visit.ById("experiment-status")).ToHaveTextAsync("Completed", new() { Timeout = 180_000 });
        await Expect(visit.ById("leaderboard-row")).ToHaveCountAsync(8);
        await visit.PictureAsync("journey-4-leaderboard");

        // Evaluate
        await visit.ById("evaluate").First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "On validation rows" })).ToBeVisibleAsync();
        // Confusion matrix, ROC, precision and recall, importance, components, explained variance.
        await Expect(page.Locator(".js-plotly-plot")).ToHaveCountAsync(6, new() { Timeout = 30_000 });
        var trial = new Uri(page.Url).AbsolutePath;
        await visit.PictureAsync("journey-5-evaluate");

        // Publish
        await visit.ById("to-publish").ClickAsync();
        await page.GetByLabel("Name of the endpoint").FillAsync("penguin-species");
        await visit.ById("publish").ClickAsync();
        var key = (await visit.ById("key").Locator("code").InnerTextAsync()).Trim();
        Assert.StartsWith("mwk_", key);
        await visit.PictureAsync("journey-6-published");

        // Test
        await visit.ById("to-test").ClickAsync();
        await page.WaitForURLAsync("**/endpoints/penguin-species/test");
        await visit.ById("random-row").ClickAsync();
        await Expect(visit.ById("prediction")).ToBeVisibleAsync();
        await page.GetByLabel("bill_length_mm").FillAsync("");
        await Expect(visit.ById("prediction")).ToHaveCountAsync(0);
        await visit.ById("predict").ClickAsync();
        await Expect(visit.ById("prediction")).Not.ToBeEmptyAsync();
        var prediction = await visit.ById("prediction").InnerTextAsync();
        var shown = await page.GetByRole(AriaRole.Region, new() { Name = "Answer" }).InnerTextAsync();
        var curl = await page.GetByRole(AriaRole.Region, new() { Name = "The same request as curl" }).InnerTextAsync();
        await visit.PictureAsync("journey-7-test");

        // The endpoint answers the same, over HTTP with the key
        var body = RequestBody().Match(curl).Groups[1].Value.Replace("'\\''", "'", StringComparison.Ordinal);
        Assert.Contains("\"bill_length_mm\":null", body);
        var answer = await AskAsync(key, body);
        using (var json = JsonDocument.Parse(answer))
        using (var inForm = JsonDocument.Parse(shown))
        {
            Assert.True(JsonElement.DeepEquals(inForm.RootElement, json.RootElement), $"The form shows {shown}, the endpoint answers {answer}.");
            Assert.Equal(prediction, json.RootElement.GetProperty("predictions")[0].GetString());
        }

        Assert.Empty(visit.Troubles);

        // And after a restart, with everything in its place
        await workbench.RestartAsync();
        Assert.Equal(answer, await AskAsync(key, body));
        foreach (var (path, heading) in new[] { (dataset, "penguins"), (experiment, "Predicting species"), (trial, ""), ("/endpoints/penguin-species", "penguin-species") })
        {
            await visit.GotoAsync(path);
            await Expect(page.Locator("h1")).ToContainTextAsync(heading);
        }

        // Every page, light and dark, wide and narrow
        string[] pages = ["/datasets", dataset, $"{dataset}/clean", $"{dataset}/compare", "/experiments", experiment, trial, $"{trial}/publish", "/endpoints", "/endpoints/penguin-species", "/endpoints/penguin-species/test", "/access-tokens", "/not-here"];
        foreach (var (dark, width) in new[] { (false, 1400), (true, 1400), (false, 800), (true, 800) })
        {
            await using var look = await workbench.VisitAsync("/datasets", dark, width);
            foreach (var path in pages)
            {
                await look.GotoAsync(path);
                await look.Page.Locator("h1").WaitForAsync();
                await look.PictureAsync($"{path.Trim('/').Replace('/', '-')}-{(dark ? "dark" : "light")}-{width}");
                if (width == 1400) await look.AssertAccessibleAsync();
            }
            // The page of the API is another program's; it must not fetch anything from elsewhere either.
            await look.Page.GotoAsync(workbench.Program.Address + "/docs");
            await look.Page.GetByRole(AriaRole.Heading, new() { Name = "Scores rows with a published model" }).WaitForAsync();
            Assert.DoesNotContain(look.Troubles, t => !t.Contains("404", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Without_the_link_nothing_but_the_sign_in_page_is_to_be_seen()
    {
        await using var context = await workbench.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        foreach (var path in (string[])["/", "/datasets/1", "/experiments", "/docs", "/endpoints"])
        {
            await page.GotoAsync(workbench.Program.Address + path);
            Assert.Equal("/sign-in", new Uri(page.Url).AbsolutePath);
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        }
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(workbench.Pictures, "sign-in.png") });

        // The link was used up when the tests signed in.
        await page.GotoAsync(workbench.Program.Address + workbench.UsedLink.AbsolutePath);
        Assert.Equal("/sign-in", new Uri(page.Url).AbsolutePath);
        await page.GetByLabel("Token").FillAsync("mws_00000000_wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_upload_that_is_no_table_is_refused_in_words_and_leaves_nothing()
    {
        await using var visit = await workbench.VisitAsync("/datasets");
        var picture = Path.Combine(workbench.DataFolder, "picture.csv");
        await File.WriteAllBytesAsync(picture, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52], TestContext.Current.CancellationToken);
        await visit.Page.Locator("input[type=file]").SetInputFilesAsync(picture);
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("PNG");
        await Expect(visit.Page.GetByText("picture", new() { Exact = true })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_wide_table_with_hostile_names_is_shown_as_it_is()
    {
        const string hostile = "<script>alert('1')</script> & \"七\"";
        string[] names = [hostile, new('w', 120), .. Enumerable.Range(1, 400).Select(i => $"column {i}")];
        var path = Path.Combine(workbench.DataFolder, "wide.csv");
        var rows = Enumerable.Range(0, 30).Select(row => string.Join(',', names.Select((_, column) => column == 0 ? $"\"{hostile.Replace("\"", "\"\"", StringComparison.Ordinal)}{row % 3}\"" : $"{row * column % 17}")));
        await File.WriteAllLinesAsync(path, [string.Join(',', names.Select(n => $"\"{n.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")), .. rows], TestContext.Current.CancellationToken);

        await using var visit = await workbench.VisitAsync("/datasets");
        await visit.Page.Locator("input[type=file]").SetInputFilesAsync(path);
        await visit.Page.WaitForURLAsync(DatasetAddress());
        await Expect(visit.Page.GetByText("402 columns").First).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".column-card h3").First).ToHaveTextAsync(hostile);
        await visit.PictureAsync("wide-columns");
        await visit.AssertAccessibleAsync();
        foreach (var page in (string[])["clean", "compare"])
        {
            await visit.GotoAsync($"{new Uri(visit.Page.Url).AbsolutePath.Replace("/clean", "", StringComparison.Ordinal)}/{page}");
            await visit.Page.Locator("h1").WaitForAsync();
            await visit.PictureAsync($"wide-{page}");
            await visit.AssertAccessibleAsync();
        }
        Assert.Empty(visit.Troubles);
    }

    private static async Task AddStepAsync(Visit visit, string kind, Func<Task> fill, params string[] columns)
    {
        var before = await visit.ById("recipe-step").CountAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add a step" }).ClickAsync();
        await visit.ById($"step-kind-{kind}").ClickAsync();
        await fill();
        await visit.ById("step-columns").WaitForAsync();
        await visit.ById("step-columns").GetByRole(AriaRole.Button, new() { Name = "None" }).ClickAsync();
        foreach (var column in columns) await visit.ById("step-columns").Locator($"input[name='{column}']").CheckAsync();
        await Expect(visit.ById("step-save")).ToBeEnabledAsync();
        await visit.ById("step-save").ClickAsync();
        await Expect(visit.ById("recipe-step")).ToHaveCountAsync(before + 1);
    }

    private async Task<string> AskAsync(string key, string body)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"{workbench.Program.Address}/api/v1/models/penguin-species/predict", content, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }

    [GeneratedRegex(@"/datasets/\d+$")]
    private static partial Regex DatasetAddress();

    [GeneratedRegex(@"/experiments/\d+$")]
    private static partial Regex ExperimentAddress();

    [GeneratedRegex(@"-d '(.*)'\s*$", RegexOptions.Singleline)]
    private static partial Regex RequestBody();
}
