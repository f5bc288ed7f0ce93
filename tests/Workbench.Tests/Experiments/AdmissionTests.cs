using Bunit;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Experiments;

public class AdmissionTests : StoreTest
{
    private static readonly ExperimentPlan Plan = new("y", LearningTask.Binary, Metric.Accuracy.Id, new SplitPlan(Folds: 5), Recipe.Empty, [], ["baseline", "lightgbm", "fast-tree"], 60);

    // 100 numbers a row.
    private static readonly PlanShape Shape = new(1_000, 1_000, 800, 800, Enum.GetValues<FeatureEncoding>().ToDictionary(e => e, _ => 100), 2);

    private static Admission Of(long rows, int megabytes = 4_096) => Admission.Of(Plan, Shape, rows, new WorkbenchOptions { TrainingMemoryMegabytes = megabytes, DiskFloorMegabytes = 0 }, Path.GetTempPath());

    [Fact]
    public void What_fits_is_admitted_with_its_estimate()
    {
        var admission = Of(100_000);
        Assert.Null(admission.Refusal);
        Assert.Empty(admission.LeftOut);
        Assert.Empty(admission.Doubtful);
        Assert.Same(Plan.TrainerIds, admission.Plan.TrainerIds.Count == 3 ? Plan.TrainerIds : []);
        // Rows as read and seven times prepared at 800 bytes, and the features of five folds at 400: within a factor of two of 1 GB.
        Assert.InRange(admission.Memory!.Bytes, 500_000_000, 2_000_000_000);
        Assert.Matches("About .* of memory for 100.000 rows with up to 100 features; allowed are 4", admission.Describe());
    }

    [Fact]
    public void What_cannot_fit_is_refused_with_found_and_expected_and_a_way_out()
    {
        var admission = Of(20_000_000);
        Assert.Matches("20.000.000 rows with 100 features take about .* GB of memory with the most modest of these families; allowed are 4.* GB", admission.Refusal);
        Assert.Contains("keep a sample of the rows", admission.Refusal);
    }

    [Fact]
    public void Families_that_cannot_fit_beside_those_that_do_are_left_out_with_the_reason()
    {
        // Between what the data takes and what boosted trees take beside it.
        var memory = MemoryOutlook.Of(Plan, Shape, 3_000_000);
        var (most, least) = (memory.Families.Max(f => f.Bytes), memory.Families.Min(f => f.Bytes));
        Assert.True(most > least + (100L << 20), $"{least} {most}");
        var limit = (int)(((most + least) / 4) >> 20);
        var admission = Of(3_000_000, limit);
        Assert.Null(admission.Refusal);
        Assert.NotEmpty(admission.LeftOut);
        Assert.All(admission.LeftOut, l => Assert.DoesNotContain(l.TrainerId, admission.Plan.TrainerIds));
        Assert.Contains("baseline", admission.Plan.TrainerIds);
        Assert.All(admission.LeftOut, l => Assert.Matches("It would take about .* of memory; allowed are .* \\(TrainingMemoryMegabytes\\)", l.Reason));
        Assert.Contains("Baseline", string.Join(' ', admission.Doubtful), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_family_that_was_left_out_stands_on_the_leaderboard_as_skipped()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var row = await Experiments.AddAsync(dataset, Plan with { TrainerIds = ["baseline"] }, Cancellation, [new LeftOutFamily("lightgbm", "It would take about 9 GB of memory.")]);
        var trials = (await Experiments.FindAsync(row.Id, Cancellation))!.Trials;
        Assert.Equal([("baseline", TrialStatus.Waiting), ("lightgbm", TrialStatus.Skipped)], trials.Select(t => (t.TrainerId, t.Status)));
        Assert.Equal("It would take about 9 GB of memory.", trials[1].Reason);
    }

    [Fact]
    public async Task The_page_says_what_it_will_take_before_it_is_started()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Render<ComparePage>(p => p.Add(x => x.Id, dataset.Id));
        page.WaitForAssertion(() => Assert.Matches("About .* MB of memory for 344 rows with up to \\d+ features; allowed are 4", page.Find("[data-testid=memory-outlook]").TextContent), TimeSpan.FromSeconds(20));
        Assert.Empty(page.FindAll("[data-testid=left-out]"));
    }
}
