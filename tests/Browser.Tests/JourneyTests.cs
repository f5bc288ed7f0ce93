using System.Collections.Concurrent;
using System.Globalization;
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
        await visit.ById("budget").SelectOptionAsync("30");
        await visit.PictureAsync("journey-3-compare");
        await visit.ById("start-comparing").ClickAsync();
        await page.WaitForURLAsync(ExperimentAddress());
        var experiment = new Uri(page.Url).AbsolutePath;
        await Expect(visit.ById("experiment-status")).ToHaveTextAsync("Completed", new() { Timeout = 180_000 });
        // How much a search tries depends on the machine; the best of it is shown, the rest on request.
        var listed = await visit.ById("leaderboard-row").CountAsync();
        Assert.InRange(listed, 3, 20);
        await Expect(page.GetByText("Best so far").First).ToBeVisibleAsync();
        if (await visit.ById("show-all").CountAsync() > 0)
        {
            await visit.ById("show-all").ClickAsync();
            await Expect(visit.ById("show-all")).ToHaveTextAsync("Show the best only");
            Assert.True(await visit.ById("leaderboard-row").CountAsync() > listed);
        }
        await visit.PictureAsync("journey-4-leaderboard");

        // Evaluate
        await visit.ById("evaluate").First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "On validation rows" })).ToBeVisibleAsync();
        // Confusion matrix, ROC, precision and recall, calibration, gain, lift, folds, importance, explained variance.
        // On a machine that is busy with other tests importance may not be ready in its time; then the page says so in its place.
        await Expect(page.Locator(".js-plotly-plot").Or(page.GetByText(new Regex("Not computed within the time budget")))).ToHaveCountAsync(9, new() { Timeout = 30_000 });
        var trial = new Uri(page.Url).AbsolutePath;
        await visit.PictureAsync("journey-5-evaluate");
        await Expect(visit.ById("to-optimise")).ToBeVisibleAsync();

        // Components: a box around the points lists their rows as they are in the dataset
        await visit.ById("to-components").ClickAsync();
        await page.WaitForURLAsync("**/components");
        await page.GetByLabel("Coloured by", new() { Exact = true }).SelectOptionAsync("column:island");
        await page.WaitForURLAsync("**/components?colour=column%3Aisland");
        await Expect(page.Locator(".js-plotly-plot")).ToHaveCountAsync(4);
        await Expect(page.Locator(".js-plotly-plot .legend").First).ToContainTextAsync("Torgersen");
        // What was not drawn anew since the address changed is still there.
        await Expect(page.Locator(".js-plotly-plot .barlayer .point").First).ToBeVisibleAsync();
        Assert.DoesNotContain("url('http", await page.Locator("main").InnerHTMLAsync());
        await visit.AssertAccessibleAsync();
        await page.Locator(".js-plotly-plot .nsewdrag").First.ScrollIntoViewIfNeededAsync();
        var plane = (await page.Locator(".js-plotly-plot .nsewdrag").First.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(plane.X + 2, plane.Y + 2);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(plane.X + (plane.Width / 2), plane.Y + (plane.Height / 2), new() { Steps = 4 });
        await page.Mouse.MoveAsync(plane.X + plane.Width - 2, plane.Y + plane.Height - 2, new() { Steps = 4 });
        await page.Mouse.UpAsync();
        await Expect(visit.ById("chosen-table").Locator("tbody tr")).ToHaveCountAsync(100);
        await Expect(visit.ById("chosen-table").Locator("th")).ToHaveCountAsync(12);
        await Expect(visit.ById("chosen-table")).ToContainTextAsync("Torgersen");
        await visit.PictureAsync("journey-5-components");

        // Optimise: a linear model, which a search tries second, as the best may be one that learns for long
        await page.GotoAsync(new Uri(new Uri(page.Url), $"{experiment}/trials/2/optimise").ToString());
        await visit.ConnectedAsync();
        await visit.ById("optimise").ClickAsync();
        await Expect(visit.ById("rung").First).ToBeVisibleAsync(new() { Timeout = 180_000 });
        await Expect(page.Locator(".js-plotly-plot")).ToHaveCountAsync(2);
        await page.GetByLabel("File at most, KB").FillAsync("0.001");
        await page.GetByLabel("File at most, KB").BlurAsync();
        await Expect(visit.ById("chosen")).ToContainTextAsync("No variant keeps these limits");
        await page.WaitForURLAsync("**/optimise?kb=0.001");
        await visit.PictureAsync("journey-5-optimise");

        // Explanations of the same model, and where it errs
        await page.GotoAsync(new Uri(new Uri(page.Url), $"{experiment}/trials/2/explain").ToString());
        await visit.ConnectedAsync();
        await visit.ById("explain").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "What it leans on" })).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await Expect(page.Locator(".js-plotly-plot")).ToHaveCountAsync(4);
        await visit.ById("class-choice").SelectOptionAsync("Gentoo");
        await page.WaitForURLAsync("**/explain?class=Gentoo");
        await page.Locator("details.numbers summary").First.ClickAsync();
        await Expect(page.Locator("details.numbers tbody tr").First).ToBeVisibleAsync();
        await SavePicturesAsync(page);
        await visit.AssertAccessibleAsync();
        await visit.PictureAsync("journey-5-explain");
        await page.GetByRole(AriaRole.Link, new() { Name = "Where it errs" }).ClickAsync();
        await page.WaitForURLAsync("**/errors");
        await Expect(visit.ById("worst-rows")).ToBeVisibleAsync();
        await visit.AssertAccessibleAsync();
        await visit.PictureAsync("journey-5-errors");
        await page.GotoAsync(new Uri(new Uri(page.Url), trial).ToString());
        await visit.ConnectedAsync();
        await Expect(page.Locator(".js-plotly-plot").Or(page.GetByText(new Regex("Not computed within the time budget")))).ToHaveCountAsync(9, new() { Timeout = 30_000 });

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
        await page.GetByRole(AriaRole.Textbox, new() { Name = "bill_length_mm" }).FillAsync("");
        await Expect(visit.ById("prediction")).ToHaveCountAsync(0);
        await visit.ById("predict").ClickAsync();
        await Expect(visit.ById("prediction")).Not.ToBeEmptyAsync();
        var prediction = await visit.ById("prediction").InnerTextAsync();
        await Expect(visit.ById("why").Locator(".js-plotly-plot")).ToHaveCountAsync(1, new() { Timeout = 60_000 });
        await visit.ById("find-change").ClickAsync();
        await Expect(visit.ById("found-change").First.Or(visit.ById("no-change"))).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await visit.ById("what-if").SelectOptionAsync("flipper_length_mm");
        await Expect(page.Locator(".js-plotly-plot")).ToHaveCountAsync(2);
        var shown = await page.GetByRole(AriaRole.Region, new() { Name = "Answer", Exact = true }).InnerTextAsync();
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
        Assert.Empty(visit.Violations);

        // And after a restart, with everything in its place
        await workbench.RestartAsync();
        Assert.Equal(answer, await AskAsync(key, body));
        foreach (var (path, heading) in new[] { (dataset, "penguins"), (experiment, "Predicting species"), (trial, ""), ("/endpoints/penguin-species", "penguin-species") })
        {
            await visit.GotoAsync(path);
            await Expect(page.Locator("h1")).ToContainTextAsync(heading);
        }

        // Every page, light and dark, wide and narrow
        string[] pages = ["/datasets", dataset, $"{dataset}?target=species&column=sex", $"{dataset}?target=species&tab=relations", $"{dataset}?target=species&tab=warnings", $"{dataset}/clean", $"{dataset}/compare", "/experiments", experiment, trial, $"{trial}/publish", "/endpoints", "/endpoints/penguin-species", "/endpoints/penguin-species?tab=versions", "/endpoints/penguin-species?tab=limits", "/endpoints/penguin-species?tab=history", "/endpoints/penguin-species/batch", "/endpoints/penguin-species/watch", "/endpoints/penguin-species/test", "/access-tokens", "/not-here"];
        foreach (var (dark, width) in new[] { (false, 1400), (true, 1400), (false, 800), (true, 800) })
        {
            await using var look = await workbench.VisitAsync("/datasets", dark, width);
            foreach (var path in pages)
            {
                await look.GotoAsync(path);
                await look.Page.Locator("h1").WaitForAsync();
                if (path.EndsWith("/watch", StringComparison.Ordinal)) await Expect(look.Page.Locator(".js-plotly-plot")).ToHaveCountAsync(2);
                await look.PictureAsync($"{NotInNames().Replace(path.Trim('/'), "-")}-{(dark ? "dark" : "light")}-{width}");
                if (width == 1400) await look.AssertAccessibleAsync();
            }
            // The page of the API is another program's; it must not fetch anything from elsewhere either.
            await look.Page.GotoAsync(workbench.Program.Address + "/docs");
            await look.Page.GetByRole(AriaRole.Heading, new() { Name = "Scores rows with a published model" }).WaitForAsync();
            Assert.DoesNotContain(look.Troubles, t => !t.Contains("404", StringComparison.Ordinal));
            Assert.Empty(look.Violations);
        }
    }

    [Fact]
    public async Task Without_the_link_nothing_but_the_sign_in_page_is_to_be_seen()
    {
        await using var context = await workbench.Browser.NewContextAsync();
        var violations = await Workbench.WatchPolicyAsync(context);
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
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in by link" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        Assert.Empty(violations);
    }

    [Fact]
    public async Task An_upload_that_is_no_table_is_refused_in_words_and_leaves_nothing()
    {
        await using var visit = await workbench.VisitAsync("/datasets");
        var picture = Path.Combine(workbench.DataFolder, "picture.csv");
        await File.WriteAllBytesAsync(picture, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52], TestContext.Current.CancellationToken);
        await visit.Page.Locator("input[type=file]").SetInputFilesAsync(picture);
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("PNG");
        await visit.PictureAsync("import-failed");
        await visit.AssertAccessibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Put away" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await Expect(visit.Page.GetByText("picture", new() { Exact = true })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task An_upload_goes_on_where_it_stopped_after_a_lost_connection_and_after_a_reload_and_cancel_removes_it()
    {
        var path = Path.Combine(workbench.DataFolder, "long.csv");
        await File.WriteAllLinesAsync(path, Enumerable.Range(0, 300_000).Select(i => FormattableString.Invariant($"{i},{i % 97},{"abc"[i % 3]}")).Prepend("id,value,kind"), TestContext.Current.CancellationToken);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        await using var visit = await workbench.VisitAsync("/datasets");
        var page = visit.Page;
        var offsets = new ConcurrentQueue<int>();

        // Of the first and second piece a quarter of the file arrives before the connection breaks; the third one is not answered at all.
        await page.RouteAsync("**/api/v1/uploads/*", async route =>
        {
            if (route.Request.Method != "PATCH") { await route.ContinueAsync(); return; }
            var headers = await route.Request.AllHeadersAsync();
            var offset = int.Parse(headers["upload-offset"], CultureInfo.InvariantCulture);
            offsets.Enqueue(offset);
            if (offsets.Count > 2) return;
            var answer = await page.Context.APIRequest.FetchAsync(route.Request.Url, new APIRequestContextOptions
            {
                Method = "PATCH",
                Headers = headers.Where(h => h.Key is "upload-offset" or "content-type" or "tus-resumable" or "x-csrf-token").ToDictionary(),
                DataByte = bytes[offset..(offset + bytes.Length / 4)],
            });
            Assert.Equal(204, answer.Status);
            await route.AbortAsync("connectionreset");
        });
        await page.Locator("input[type=file]").SetInputFilesAsync(path);
        await Expect(page.Locator(".upload-panel .state")).ToContainTextAsync("50 % of");
        await SentAsync(3);
        await visit.PictureAsync("upload-running");
        await visit.AssertAccessibleAsync();
        await page.ReloadAsync();
        await visit.ConnectedAsync();

        await page.Locator("input[type=file]").SetInputFilesAsync(path);
        await Expect(page.Locator(".upload-panel .state")).ToContainTextAsync("50 % of");
        await SentAsync(4);
        Assert.Equal([0, bytes.Length / 4, bytes.Length / 4 * 2, bytes.Length / 4 * 2], offsets);
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Nothing was kept");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(workbench.DataFolder, "uploads")));

        await page.UnrouteAllAsync(new PageUnrouteAllOptions { Behavior = UnrouteBehavior.IgnoreErrors });
        await page.Locator("input[type=file]").SetInputFilesAsync(path);
        await page.WaitForURLAsync(DatasetAddress());
        await Expect(page.GetByText(new Regex("300.000 rows")).First).ToBeVisibleAsync();

        // The panel tells how much has arrived before the next piece is on its way.
        async Task SentAsync(int pieces)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(TimeSpan.FromSeconds(20));
            while (offsets.Count < pieces) await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>Accuracy against scikit-learn 1.2.1 on the same 120 and 30 rows: tests/Api.Tests/Expected/iris_pipelines.py.</summary>
    [Fact]
    public async Task The_textbook_pipeline_is_clicked_together_and_is_as_accurate_as_in_scikit_learn()
    {
        const int seed = 2;
        string[] features = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
        await using var visit = await workbench.VisitAsync("/datasets");
        var page = visit.Page;
        await page.GetByRole(AriaRole.Link, new() { Name = "iris", Exact = true }).ClickAsync();
        await page.WaitForURLAsync(DatasetAddress());
        await Expect(page.Locator(".column-card")).ToHaveCountAsync(5);

        // data.dropna(), np.log(x + 1), PCA(n_components=2)
        await visit.ById("to-clean").ClickAsync();
        await AddStepAsync(visit, "drop-missing-rows", () => Task.CompletedTask);
        await AddStepAsync(visit, "log1p", () => Task.CompletedTask, features);
        await AddStepAsync(visit, "pca", async () =>
        {
            await visit.ById("step-components").FillAsync("2");
            await page.GetByLabel("Bring columns to unit variance first").UncheckAsync();
        }, features);
        await Expect(visit.ById("step-outcome").Last).ToContainTextAsync("3 columns");

        // train_test_split(test_size=0.2), RandomForestClassifier()
        await visit.ById("continue-to-compare").ClickAsync();
        await Expect(visit.ById("target-select")).ToHaveValueAsync("species");
        await Expect(visit.ById("test-share")).ToHaveValueAsync("20");
        await visit.ById("folds").FillAsync("1");
        await visit.ById("seed").FillAsync("2");
        await visit.ById("seed").BlurAsync();
        foreach (var family in await page.Locator("[data-testid^=family-]").AllAsync())
            await family.SetCheckedAsync(await family.GetAttributeAsync("data-testid") == "family-random-forest");
        await visit.ById("tuning").SelectOptionAsync("DefaultsOnly");
        await Expect(page.GetByText("1 model will be")).ToBeVisibleAsync();
        await visit.ById("start-comparing").ClickAsync();
        await Expect(visit.ById("experiment-status")).ToHaveTextAsync("Completed", new() { Timeout = 60_000 });

        // accuracy_score(y_test, y_pred)
        await visit.ById("evaluate").First.ClickAsync();
        var tested = page.Locator("section[aria-labelledby=final-title]");
        await Expect(tested.GetByText("Balanced accuracy").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        var accuracy = double.Parse(AccuracyTile().Match(await tested.InnerTextAsync()).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Expected", "iris-pipelines.json"), TestContext.Current.CancellationToken));
        var theirs = expected.RootElement.GetProperty("withPca").GetProperty($"{seed}").GetDouble();
        Assert.InRange(accuracy, theirs - 0.02, theirs + 0.02);

        // A page left before its plots are drawn makes the plot library complain in the console.
        await Expect(page.Locator(".js-plotly-plot")).ToHaveCountAsync(8);

        // POST /predict {"features": [[…]]}
        await visit.ById("to-publish").ClickAsync();
        await page.GetByLabel("Name of the endpoint").FillAsync("iris-textbook");
        await visit.ById("publish").ClickAsync();
        var key = (await visit.ById("key").Locator("code").InnerTextAsync()).Trim();
        Assert.Contains("\"predictions\":[\"setosa\",\"virginica\"]", await AskAsync(key, """{"features":[[5.1,3.5,1.4,0.2],[6.7,3.0,5.2,2.3]]}""", "iris-textbook"));
        Assert.Empty(visit.Troubles);
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

    /// <summary>The first plot whose numbers are open, as files: by the buttons beside the numbers and by the plot library's own.</summary>
    private static async Task SavePicturesAsync(IPage page)
    {
        var numbers = page.Locator("details.numbers").First;
        foreach (var (name, start) in new[] { ("CSV", ""), ("SVG", "<svg"), ("PNG", "\u0089PNG") })
        {
            var file = await page.RunAndWaitForDownloadAsync(() => numbers.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync());
            Assert.EndsWith(name.ToLowerInvariant(), file.SuggestedFilename);
            Assert.StartsWith(start, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(await file.PathAsync(), TestContext.Current.CancellationToken)));
        }
        var plot = page.Locator(".js-plotly-plot").First;
        await plot.HoverAsync();
        var saved = await page.RunAndWaitForDownloadAsync(() => plot.Locator("[data-title*='Download plot']").ClickAsync());
        Assert.EndsWith(".png", saved.SuggestedFilename);
    }

    private async Task<string> AskAsync(string key, string body, string model = "penguin-species")
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"{workbench.Program.Address}/api/v1/models/{model}/predict", content, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }

    [GeneratedRegex(@"Accuracy\D*(\d\.\d{4})")]
    private static partial Regex AccuracyTile();

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NotInNames();

    [GeneratedRegex(@"/datasets/\d+$")]
    private static partial Regex DatasetAddress();

    [GeneratedRegex(@"/experiments/\d+$")]
    private static partial Regex ExperimentAddress();

    [GeneratedRegex(@"-d '(.*)'\s*$", RegexOptions.Singleline)]
    private static partial Regex RequestBody();
}
