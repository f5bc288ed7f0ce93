using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Assertions;
using ModelWorkbench.Workbench.Experiments.Parts;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Assertions;

public sealed class AssertionPageTests : StoreTest
{
    private AssertionStore Store => Services.GetRequiredService<AssertionStore>();

    private static readonly Dictionary<string, string?> Row = new() { ["island"] = "Biscoe", ["body_mass_g"] = "4500" };

    private void Go(string address) => Services.GetRequiredService<NavigationManager>().NavigateTo(address);

    [Fact]
    public async Task An_assertion_is_written_changed_and_deleted_and_all_of_it_is_audited()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        Go($"/datasets/{dataset.Id}/assertions?target=species&new=true");
        var page = Render<AssertionsPage>(p => p.Add(x => x.Id, dataset.Id));
        page.WaitForElement("[data-testid=assertion-limit]").Change("0.8");
        page.Find("[data-testid=assertion-part]").Change("island");
        page.Find("[data-testid=save-assertion]").Click();
        page.WaitForAssertion(() => Assert.Contains("neither a value nor a range is given", page.Markup));
        page.Find("[data-testid=assertion-value]").Change("Biscoe");
        page.Find("[data-testid=save-assertion]").Click();
        page.WaitForAssertion(() => Assert.Contains("Accuracy where island is Biscoe is at least 0.8", page.Markup));
        var kept = Assert.Single(await Store.ListAsync(dataset.Id, "species", Cancellation));
        Assert.Equal(("owner", 1, false), (kept.CreatedBy, kept.Version, kept.IsRequired));

        Go($"/datasets/{dataset.Id}/assertions?edit={kept.Id}");
        page.WaitForElement("[data-testid=assertion-limit]").Change("much");
        page.Find("[data-testid=save-assertion]").Click();
        page.WaitForAssertion(() => Assert.Contains("The limit is 'much'; expected a number such as 0.8.", page.Markup));
        page.Find("[data-testid=assertion-limit]").Change("0.9");
        page.Find("[data-testid=save-assertion]").Click();
        page.WaitForAssertion(() => Assert.Contains("is at least 0.9", page.Markup));
        Assert.Equal(2, (await Store.FindAsync(dataset.Id, kept.Id, Cancellation))!.Version);

        foreach (var row in await Store.ListAsync(dataset.Id, null, Cancellation)) Assert.NotNull(await Store.DeleteAsync(dataset.Id, row.Id, Cancellation));
        var lines = await Services.GetRequiredService<ModelWorkbench.Workbench.Audit.AuditLog>().ListAsync(new ModelWorkbench.Workbench.Audit.AuditFilter(Action: "assertion"), null, 50, Cancellation);
        Assert.Contains(lines, l => l.Action == "assertion.make");
        Assert.Contains(lines, l => l.Action == "assertion.change" && l.Details!.Contains("at least 0.9", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Action == "assertion.delete");
    }

    [Fact]
    public async Task Who_may_only_look_sees_no_form()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Store.AddAsync(dataset.Id, "species", "Heavy ones", new Expectation.Monotone("body_mass_g", Class: "Gentoo"), true, "owner", Cancellation);
        Go($"/datasets/{dataset.Id}/assertions?new=true");
        var page = Render<CascadingValue<ModelWorkbench.Workbench.Access.PageAccess>>(p => p.Add(x => x.Value, Persons.Of(WorkspaceRole.Viewer)).AddChildContent<AssertionsPage>(c => c.Add(x => x.Id, dataset.Id)));
        page.WaitForAssertion(() => Assert.Contains("Heavy ones", page.Markup));
        Assert.Contains("Required", page.Find("[data-testid=assertions]").TextContent);
        Assert.Empty(page.FindAll("form"));
        Assert.Empty(page.FindAll("[data-testid=delete-assertion]"));
    }

    [Fact]
    public async Task A_case_is_kept_with_one_click()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var button = Render<KeepAsAssertion>(p => p.Add(x => x.DatasetId, dataset.Id).Add(x => x.Target, "species").Add(x => x.Expectation, new Expectation.Answer([Row], "Gentoo")));
        button.Find("[data-testid=keep-assertion]").Click();
        button.WaitForAssertion(() => Assert.Contains("For one row species is Gentoo", button.Find(".kept").TextContent));
        var kept = Assert.Single(await Store.ListAsync(dataset.Id, "species", Cancellation));
        Assert.Equal($"/datasets/{dataset.Id}/assertions?edit={kept.Id}", button.Find("a").GetAttribute("href"));
        Assert.Equal("4500", Assert.IsType<Expectation.Answer>(kept.Expectation).Rows[0]["body_mass_g"]);

        var wrong = Render<KeepAsAssertion>(p => p.Add(x => x.DatasetId, dataset.Id).Add(x => x.Target, "species").Add(x => x.Expectation, new Expectation.Answer([new Dictionary<string, string?> { ["wings"] = "2" }], "Gentoo")));
        wrong.Find("[data-testid=keep-assertion]").Click();
        wrong.WaitForAssertion(() => Assert.Contains("'wings', which the dataset does not have", wrong.Find("[role=alert]").TextContent));
    }

    [Fact]
    public async Task What_came_of_them_is_known_as_long_as_neither_assertion_nor_model_has_changed()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan("species", LearningTask.Multiclass, Metric.Accuracy.Id, new SplitPlan(Folds: 2), Recipe.Empty, [], ["baseline"], 60);
        var experiment = await Experiments.AddAsync(dataset, plan, Cancellation);
        await using (var db = await Databases.CreateDbContextAsync(Cancellation))
        {
            var trial = db.Trials.Single(t => t.ExperimentId == experiment.Id);
            (trial.Status, trial.PredictionsSha256) = (TrialStatus.Completed, "answers");
            trial.Result = new TrialResult(0.9, new Dictionary<string, double?> { [Metric.Accuracy.Id] = 0.9 }, [0.9], 2, 1, 1_000, 200, 50, 6, new Dictionary<string, string>());
            await db.SaveChangesAsync(Cancellation);
        }
        var measure = new Expectation.Segment(new SegmentMeasure(Metric.Accuracy.Id, "island", "Biscoe"), AtLeast: 0.8);
        var segment = (await Store.AddAsync(dataset.Id, "species", "Biscoe", measure, true, "owner", Cancellation))!;
        var answer = (await Store.AddAsync(dataset.Id, "species", "This one", new Expectation.Answer([Row], "Gentoo"), false, "owner", Cancellation))!;
        await Store.AddAsync(dataset.Id, "island", "Of another target", measure, false, "owner", Cancellation);
        var checks = Services.GetRequiredService<AssertionChecks>();
        async Task<IReadOnlyList<CheckedAssertion>> ReadAsync() => (await checks.ReadAsync((await Experiments.FindAsync(experiment.Id, Cancellation))!, Cancellation))[1];

        Assert.Equal([null, AssertionOutcome.NotDecided], (await ReadAsync()).Select(c => c.Finding?.Outcome));
        Assert.Equal("No model was made of this trial yet", (await ReadAsync())[1].Found);
        await Store.KeepAsync([Result(segment.Version)], Cancellation);
        Assert.Equal("0.75 on 80 rows", (await ReadAsync())[0].Found);

        var page = Render<TrialAssertionsPage>(p => p.Add(x => x.Id, experiment.Id).Add(x => x.Number, 1));
        page.WaitForAssertion(() => Assert.Contains("0 of 2 assertions met. 1 required one is not, so the model cannot be published.", page.Find("[data-testid=assertion-verdict]").TextContent));
        var rows = page.FindAll("[data-testid=assertion-results] tbody tr");
        Assert.Contains("✗ Failed", rows[0].TextContent);
        Assert.Contains("0.75 on 80 rows.", rows[0].TextContent);
        Assert.Contains("? Not decided", rows[1].TextContent);

        var found = (await Experiments.FindAsync(experiment.Id, Cancellation))!;
        var board = Render<Leaderboard>(p => p.Add(x => x.Experiment, found).Add(x => x.Assertions, new Dictionary<int, IReadOnlyList<CheckedAssertion>> { [1] = [new(segment, Result(1).Finding), new(answer, new AssertionFinding(AssertionOutcome.Passed))] }));
        Assert.Equal("✗ 1 of 2 assertions", board.Find("[data-testid=assertions]").TextContent.Trim());
        Assert.Contains("Biscoe: 0.75 on 80 rows", board.Find("[data-testid=assertions]").GetAttribute("title"));

        // Another name leaves what was found; another limit does not.
        await Store.ChangeAsync(dataset.Id, segment.Id, "species", "On Biscoe", measure, true, "owner", Cancellation);
        Assert.Equal("0.75 on 80 rows", (await ReadAsync())[0].Found);
        await Store.ChangeAsync(dataset.Id, segment.Id, "species", "On Biscoe", measure with { AtLeast = 0.7 }, true, "owner", Cancellation);
        Assert.Null((await ReadAsync())[0].Finding);
        await Store.KeepAsync([Result(2)], Cancellation);
        Assert.NotNull((await ReadAsync())[0].Finding);
        await using (var db = await Databases.CreateDbContextAsync(Cancellation))
        {
            db.Trials.Single(t => t.ExperimentId == experiment.Id).Threshold = 0.3;
            await db.SaveChangesAsync(Cancellation);
        }
        Assert.Null((await ReadAsync())[0].Finding);

        AssertionResultRow Result(int version) => new()
        {
            AssertionId = segment.Id,
            Version = version,
            ExperimentId = experiment.Id,
            TrialNumber = 1,
            OfSha256 = "answers",
            At = DateTimeOffset.UnixEpoch,
            Finding = new AssertionFinding(AssertionOutcome.Failed) { Figure = 0.75, RowCount = 80 },
        };
    }

    [Theory]
    [InlineData("""{"kind":"answer","rows":[{"age":"39","job":null}],"class":"yes","leastProbability":0.8}""")]
    [InlineData("""{"kind":"answer","rows":[{"age":"39"},{"age":"40"}],"low":1.5,"high":2}""")]
    [InlineData("""{"kind":"monotone","column":"age","rises":false,"class":"yes","rowCount":50,"slack":0.25}""")]
    [InlineData("""{"kind":"segment","measure":{"metricId":"accuracy-score"},"atLeast":0.8,"fewestRows":10}""")]
    [InlineData("""{"kind":"segment","measure":{"metricId":"rmse-error","column":"age","from":30},"atMost":12.5,"fewestRows":30}""")]
    public void What_is_kept_comes_out_of_the_form_as_it_went_in(string json)
    {
        var kept = System.Text.Json.JsonSerializer.Deserialize<Expectation>(json, CoreJson.Options)!;
        var (read, problems) = AssertionDraft.Of(new AssertionRow { Target = "income", Name = "One", Expectation = kept, CreatedBy = "owner" }).Read();
        Assert.Empty(problems);
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(kept, CoreJson.Options), System.Text.Json.JsonSerializer.Serialize(read, CoreJson.Options));
    }
}
