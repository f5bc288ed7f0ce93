using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Experiments;

public class ExperimentPageTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Scores_stand_best_first_and_the_best_and_the_baseline_are_marked()
    {
        var id = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44), ("random-forest", 0.91), ("lightgbm", 0.95));
        var rows = Rows(Open(id));
        Assert.Equal(["Boosted trees (LightGBM)", "Random forest", "Baseline"], rows.Select(r => r.QuerySelector("a")!.TextContent));
        Assert.Contains("Best", rows[0].TextContent);
        Assert.Contains("Baseline", rows[2].QuerySelector(".mark")!.TextContent);
        Assert.Equal($"/experiments/{id}/trials/3", rows[0].QuerySelector("[data-testid=evaluate]")!.GetAttribute("href"));
        Assert.Equal($"/experiments/{id}/trials/3/publish", rows[0].QuerySelector("[data-testid=publish]")!.GetAttribute("href"));
    }

    [Fact]
    public async Task An_error_is_best_where_it_is_smallest()
    {
        var id = await ExperimentAsync("body_mass_g", LearningTask.Regression, "rmse-error", ("baseline", 800), ("random-forest", 310), ("lightgbm", 290));
        Assert.Equal(["Boosted trees (LightGBM)", "Random forest", "Baseline"], Rows(Open(id)).Select(r => r.QuerySelector("a")!.TextContent));
    }

    [Fact]
    public async Task A_trial_that_failed_or_was_left_out_says_why_below_the_others()
    {
        var id = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("lightgbm", null), ("baseline", 0.44), ("sdca", null));
        await ChangeAsync(id, e =>
        {
            (e.Trials[0].Status, e.Trials[0].Reason) = (TrialStatus.Failed, "Not enough memory.");
            (e.Trials[2].Status, e.Trials[2].Reason) = (TrialStatus.Skipped, "The time budget of 60 s was used up before it began.");
        });
        var rows = Rows(Open(id));
        Assert.Equal("Baseline", rows[0].QuerySelector("a")!.TextContent);
        Assert.Equal("Not enough memory.", rows[1].QuerySelector("[data-testid=reason]")!.TextContent);
        Assert.Contains("Skipped. The time budget of 60 s was used up", rows[2].TextContent);
    }

    [Fact]
    public async Task A_best_model_that_does_not_beat_the_baseline_is_said_to_be_no_better()
    {
        var worse = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44), ("lightgbm", 0.44));
        Assert.Contains("No model is better than the baseline", Open(worse).Find("[data-testid=no-better]").TextContent);
        var better = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44), ("lightgbm", 0.45));
        Assert.Empty(Open(better).FindAll("[data-testid=no-better]"));
    }

    [Fact]
    public async Task The_spread_of_the_folds_stands_beside_the_score()
    {
        var id = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44));
        // statistics.stdev([0.42, 0.44, 0.46]) in Python gives 0.02.
        Assert.Contains("0.4400 ± 0.0200", Rows(Open(id))[0].TextContent);
    }

    [Fact]
    public async Task What_happens_while_training_appears_by_itself()
    {
        var id = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", null), ("lightgbm", null));
        await ChangeAsync(id, e => (e.Status, e.Trials[0].Status) = (ExperimentStatus.Running, TrialStatus.Running));
        var monitor = Services.GetRequiredService<JobMonitor>();
        monitor.Report(id, new TrialProgress(1, 0.4, "fold 3 of 5"));
        var page = Open(id);
        Assert.Contains("fold 3 of 5", Rows(page)[0].TextContent);
        Assert.Contains("0 of 2 models finished", page.Markup);
        Assert.Empty(page.FindAll("[data-testid=continue]"));

        await ChangeAsync(id, e => Complete(e.Trials[0], 0.44));
        monitor.Report(id, new TrialProgress(2, 0, "starting"));
        page.WaitForAssertion(() => Assert.Contains("1 of 2 models finished", page.Markup), Patience);
        Assert.Contains("0.4400", Rows(page)[0].TextContent);
    }

    [Fact]
    public async Task A_stopped_experiment_can_go_on_and_a_completed_one_cannot()
    {
        var id = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44), ("lightgbm", null));
        await ChangeAsync(id, e => e.Status = ExperimentStatus.Stopped);
        var page = Open(id);
        Assert.Empty(page.FindAll("[data-testid=stop]"));
        await page.ClickAsync("[data-testid=continue]");
        page.WaitForAssertion(() => Assert.Equal("Queued", page.Find("[data-testid=experiment-status]").TextContent), Patience);
        await page.ClickAsync("[data-testid=take-out]");
        page.WaitForAssertion(() => Assert.Equal("Stopped", page.Find("[data-testid=experiment-status]").TextContent), Patience);

        var done = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44));
        Assert.Empty(Open(done).FindAll("[data-testid=continue], [data-testid=stop]"));
    }

    [Fact]
    public async Task Discarding_asks_first()
    {
        var id = await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44));
        var page = Open(id);
        await page.ClickAsync("[data-testid=discard]");
        Dialogs.WaitForElement("[data-testid=discard-cancel]", Patience);
        await Dialogs.ClickAsync("[data-testid=discard-cancel]");
        Assert.NotNull(await Experiments.FindAsync(id, Cancellation));

        await page.ClickAsync("[data-testid=discard]");
        Dialogs.WaitForElement("[data-testid=discard-confirm]", Patience);
        await Dialogs.ClickAsync("[data-testid=discard-confirm]");
        page.WaitForAssertion(() => Assert.EndsWith("/datasets/1/compare", Services.GetRequiredService<NavigationManager>().Uri), Patience);
        Assert.Null(await Experiments.FindAsync(id, Cancellation));
    }

    [Fact]
    public async Task The_list_shows_the_best_model_of_each_experiment()
    {
        Assert.Contains("No experiments yet", Render<ExperimentListPage>().Markup);
        await ExperimentAsync("species", LearningTask.Multiclass, "accuracy-score", ("baseline", 0.44), ("lightgbm", 0.95));
        var row = Render<ExperimentListPage>().Find("[data-testid=experiment-row]").TextContent;
        Assert.Contains("penguins", row);
        Assert.Contains("Boosted trees (LightGBM)", row);
        Assert.Contains("0.9500", row);
    }

    [Fact]
    public void An_experiment_that_is_not_there_is_said_to_be_missing() =>
        Assert.Contains("There is no such experiment", Open(99).Markup);

    private IRenderedComponent<ExperimentPage> Open(int id) => Render<ExperimentPage>(p => p.Add(x => x.Id, id));

    private static IReadOnlyList<AngleSharp.Dom.IElement> Rows(IRenderedComponent<ExperimentPage> page) => page.FindAll("[data-testid=leaderboard-row]");

    /// <summary>A completed experiment on the penguins; a trial without a score has not begun.</summary>
    private async Task<int> ExperimentAsync(string target, LearningTask task, string metricId, params (string TrainerId, double? Score)[] trials)
    {
        var dataset = (await Datasets.ListAsync(WorkspaceRow.FirstId, Cancellation)).FirstOrDefault() ?? await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan(target, task, metricId, new SplitPlan(), Recipe.Empty, [], [.. trials.Select(t => t.TrainerId)], 60);
        var row = await Experiments.AddAsync(dataset, plan, Cancellation);
        await ChangeAsync(row.Id, e =>
        {
            e.Status = ExperimentStatus.Completed;
            for (var i = 0; i < trials.Length; i++)
                if (trials[i].Score is { } score) Complete(e.Trials[i], score);
        });
        return row.Id;
    }

    private static void Complete(TrialRow trial, double score)
    {
        trial.Status = TrialStatus.Completed;
        trial.Result = new TrialResult(score, new Dictionary<string, double?>(), [score - 0.02, score, score + 0.02], 1.5, 3, 1000, 200, 50, 6, new Dictionary<string, string>());
    }

    private async Task ChangeAsync(int id, Action<ExperimentRow> change)
    {
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        var row = await db.Experiments.Include(e => e.Trials.OrderBy(t => t.Number)).SingleAsync(e => e.Id == id, Cancellation);
        change(row);
        await db.SaveChangesAsync(Cancellation);
    }
}
