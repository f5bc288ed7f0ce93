using System.Text.Json;
using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Exports;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Exports;

public sealed class TakeAwayPageTests : StoreTest
{
    private static readonly string Sha256 = new('a', 64);

    private static readonly ExportReport Report = new(412,
    [
        new ExportEntry("package", []) { File = new ExportFile("p.mwm", 12_000, Sha256), Proof = new ExportProof(412, 0, 0, 0, 1e-5, "Model Workbench", null) },
        new ExportEntry("onnx", []) { File = new ExportFile("p.onnx", 34_000, Sha256), Proof = new ExportProof(412, 3, 0.02, 1, 1e-5, "ONNX Runtime", null), Use = [new ExportSnippet("Python", "import onnxruntime")] },
        new ExportEntry("ml-net", ["Step 1, Hashing encoding, puts texts into buckets by a hash."]),
    ]);

    [Theory]
    [InlineData(0, 0, 0, 3e-8, null, "Equal: 412 rows, largest difference 3.00e−8")]
    [InlineData(0, 0, 0, 0, null, "Equal: 412 rows, not a digit apart")]
    [InlineData(3, 1, 0, 0.02, null, "Differs by up to 0.02 in 3 of 412 rows, 1 of them with another class")]
    [InlineData(3, 0, 0, double.MaxValue, null, "Differs in 3 of 412 rows: no number where one was expected")]
    [InlineData(0, 0, 0, 0, "There is no python3.", "Not proved here: There is no python3.")]
    public void A_proof_is_called_equal_only_where_it_is(int differing, int others, int rowsLess, double largest, string? notRun, string expected) =>
        Assert.Equal(expected, ExportText.Of(new ExportProof(412 - rowsLess, differing, largest, others, 1e-5, "a program", notRun)));

    [Fact]
    public async Task Nothing_was_built_yet_then_it_waits_and_is_cancelled()
    {
        var page = await OpenAsync(null);
        await page.ClickAsync("[data-testid=build-exports]");
        Assert.Contains("Waits until", page.Find("[role=status]").TextContent);
        Assert.Empty(page.FindAll("[data-testid=build-exports]"));
        await page.ClickAsync("[data-testid=cancel-work]");
        await page.WaitForStateAsync(() => page.Markup.Contains("Cancelled", StringComparison.Ordinal));
        Assert.Contains("The exports were not built", page.Markup);
    }

    [Fact]
    public async Task Each_form_shows_its_proof_and_file_or_why_not()
    {
        var page = await OpenAsync(Report);
        Assert.Equal("/experiments/1/trials/1/take-away/package", page.Find("[data-testid=export-package] a").GetAttribute("href"));
        Assert.Contains("Equal: 412 rows", page.Find("[data-testid=export-package]").TextContent);
        Assert.Contains("12.0 KB", page.Find("[data-testid=export-package]").TextContent);
        var differs = page.Find("[data-testid=export-onnx]").TextContent;
        Assert.Contains("Differs by up to 0.02 in 3 of 412 rows", differs);
        Assert.DoesNotContain("Equal", differs, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Step 1, Hashing encoding", page.Find("[data-testid=export-ml-net]").TextContent);
        Assert.Empty(page.FindAll("[data-testid=export-ml-net] a"));
        Assert.Contains("import onnxruntime", page.Find("[data-testid=use-onnx]").TextContent);
        Assert.Contains("Take away", page.Find("nav.tabs a.current").TextContent);

        await page.ClickAsync("[data-testid=build-again]");
        // What was there before stays in view.
        Assert.NotEmpty(page.FindAll("[data-testid=export-package]"));
        Assert.Empty(page.FindAll("[data-testid=build-again]"));
    }

    [Fact]
    public async Task A_trial_without_a_model_says_why_and_so_does_one_that_is_not_there()
    {
        Assert.Contains("Only a trial that was judged on all folds", (await OpenAsync(null, TrialStatus.Failed)).Markup);
        var page = Render<TakeAwayPage>(p => p.Add(x => x.Id, 99).Add(x => x.Number, 1));
        await page.WaitForStateAsync(() => page.FindAll(".loading-state").Count == 0);
        Assert.Contains("There is no trial 1 of experiment 99", page.Markup);
    }

    [Fact]
    public async Task A_report_that_is_damaged_is_said_to_be()
    {
        var page = await OpenAsync(Report, damage: true);
        Assert.Contains("The exports cannot be read", page.Markup);
        Assert.NotEmpty(page.FindAll("[data-testid=build-exports]"));
    }

    private async Task<IRenderedComponent<TakeAwayPage>> OpenAsync(ExportReport? report, TrialStatus status = TrialStatus.Completed, bool damage = false)
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan("species", LearningTask.Multiclass, "accuracy-score", new SplitPlan(), Recipe.Empty, [], ["baseline"], 100, TuningMode.Search);
        var id = (await Experiments.AddAsync(dataset, plan, Cancellation)).Id;
        var store = Services.GetRequiredService<ArtefactStore>();
        var sha256 = report is null ? null : await store.AddBytesAsync(JsonSerializer.SerializeToUtf8Bytes(report, CoreJson.Options), Cancellation);
        if (damage) await File.AppendAllTextAsync(store.PathOf(sha256!), " ", Cancellation);
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        var row = await db.Experiments.SingleAsync(e => e.Id == id, Cancellation);
        row.Trials.Add(new TrialRow
        {
            Number = 1,
            TrainerId = "baseline",
            Status = status,
            ExportsSha256 = sha256,
            ModelSha256 = status == TrialStatus.Completed ? Sha256 : null,
            Result = new TrialResult(0.44, new Dictionary<string, double?>(), [0.44], 1.5, 3, 1000, 200, 50, 6, new Dictionary<string, string>()),
        });
        await db.SaveChangesAsync(Cancellation);
        var page = Render<TakeAwayPage>(p => p.Add(x => x.Id, id).Add(x => x.Number, 1));
        await page.WaitForStateAsync(() => page.FindAll(".loading-state").Count == 0);
        return page;
    }
}
