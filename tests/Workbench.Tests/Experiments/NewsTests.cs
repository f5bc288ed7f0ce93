using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Experiments.Parts;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using MudBlazor;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Experiments;

/// <summary>That an experiment ended is told on every page, and remembered until somebody looks.</summary>
public class NewsTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private JobMonitor Monitor => Services.GetRequiredService<JobMonitor>();

    [Fact]
    public async Task An_end_is_told_once_with_the_best_model_and_a_link()
    {
        var snackbars = Render<MudSnackbarProvider>();
        Render<EndNotices>();
        var id = await EndedAsync(ExperimentStatus.Completed);
        Monitor.ReportEnd(id);
        snackbars.WaitForAssertion(() => Assert.Contains($"Experiment {id} (predicting species) has completed. Best: Baseline, Accuracy 0.4400.", snackbars.Find("[data-testid=end-notice]").TextContent), Patience);
        Assert.Equal($"/experiments/{id}", snackbars.Find("[data-testid=end-notice] a").GetAttribute("href"));
        // A page that is opened now is told nothing: the end is past.
        Render<EndNotices>();
        Assert.Single(snackbars.FindAll("[data-testid=end-notice]"));
    }

    [Theory]
    [InlineData(ExperimentStatus.Failed, "has failed. No memory.", Severity.Error)]
    [InlineData(ExperimentStatus.Interrupted, "was interrupted. No memory.", Severity.Warning)]
    public async Task A_bad_end_gives_its_reason(ExperimentStatus status, string expected, Severity severity)
    {
        var id = await EndedAsync(status, "No memory.");
        var notice = EndNotice.From((await Experiments.FindAsync(id, Cancellation))!)!;
        Assert.EndsWith(expected, $"{notice.Title}. {notice.Text}");
        Assert.Equal(severity, notice.Severity);
    }

    [Fact]
    public async Task What_a_person_stopped_is_no_news()
    {
        var id = await EndedAsync(ExperimentStatus.Stopped);
        Assert.Null(EndNotice.From((await Experiments.FindAsync(id, Cancellation))!));
    }

    [Fact]
    public async Task A_dot_stays_until_the_list_is_opened_which_marks_what_is_new()
    {
        var dot = Render<NewsDot>();
        Assert.Empty(dot.FindAll("[data-testid=news-dot]"));
        var (old, id) = (await EndedAsync(ExperimentStatus.Completed, isNews: false), await EndedAsync(ExperimentStatus.Completed));
        Monitor.ReportEnd(id);
        dot.WaitForElement("[data-testid=news-dot]", Patience);
        // Also where the page is opened later.
        Render<NewsDot>().WaitForElement("[data-testid=news-dot]", Patience);

        var list = Render<ExperimentListPage>();
        var rows = list.FindAll("[data-testid=experiment-row]");
        Assert.Contains("New", rows.Single(r => r.TextContent.Contains($"Experiment {id}", StringComparison.Ordinal)).TextContent);
        Assert.DoesNotContain("New", rows.Single(r => r.TextContent.Contains($"Experiment {old}", StringComparison.Ordinal)).TextContent);
        dot.WaitForAssertion(() => Assert.Empty(dot.FindAll("[data-testid=news-dot]")), Patience);
        Assert.Single(list.FindAll("[data-testid=news]"));
        Assert.Empty(Render<ExperimentListPage>().FindAll("[data-testid=news]"));
    }

    [Fact]
    public async Task Opening_the_experiment_is_looking_at_it_too()
    {
        var (id, other) = (await EndedAsync(ExperimentStatus.Completed), await EndedAsync(ExperimentStatus.Failed));
        var page = Render<ExperimentPage>(p => p.Add(x => x.Id, id));
        await page.WaitForAssertionAsync(async () => Assert.False((await Experiments.FindAsync(id, Cancellation))!.IsNews), Patience);
        Assert.True((await Experiments.FindAsync(other, Cancellation))!.IsNews);
    }

    [Fact]
    public async Task The_title_of_the_tab_tells_how_it_stands()
    {
        var experiment = (await Experiments.FindAsync(await EndedAsync(ExperimentStatus.Completed), Cancellation))!;
        Assert.Equal("✓", Title(experiment, ExperimentStatus.Completed));
        Assert.Equal("✗ failed", Title(experiment, ExperimentStatus.Failed));
        Assert.Equal("⚠ interrupted", Title(experiment, ExperimentStatus.Interrupted));
        Assert.Equal("⏸ stopped", Title(experiment, ExperimentStatus.Stopped));
        experiment.SpentSeconds = 43;
        Assert.Equal("▶ 43 %", Title(experiment, ExperimentStatus.Running));
        // The budget is used, but the final models are not made.
        experiment.SpentSeconds = 101;
        Assert.Equal("▶ 99 %", Title(experiment, ExperimentStatus.Running));
        experiment.Status = ExperimentStatus.Queued;
        Assert.Equal("⏳ 2nd", ExperimentText.TitleState(experiment, new QueuePlace(1, "species", "penguins", 2, 3, null, null, 0), default));
    }

    private static string Title(ExperimentRow experiment, ExperimentStatus status)
    {
        experiment.Status = status;
        return ExperimentText.TitleState(experiment, null, default);
    }

    [Theory]
    [InlineData("off", false, null)]
    [InlineData("on", false, "shows a notification")]
    [InlineData("denied", true, "does not let the workbench notify you. Allow notifications")]
    [InlineData("insecure", true, "only notify from https addresses and from this machine")]
    [InlineData("unsupported", true, "has no notifications")]
    public void The_switch_says_what_the_browser_allows(string state, bool isDisabled, string? words)
    {
        JSInterop.SetupModule("/js/notify.js").Setup<string>("watch", _ => true).SetResult(state);
        var part = Render<NotifySwitch>();
        part.WaitForAssertion(() => Assert.Equal(isDisabled, part.Find("[data-testid=notify]").HasAttribute("disabled")), Patience);
        Assert.Equal(state == "on", part.Find("[data-testid=notify]").HasAttribute("checked"));
        if (words is null) Assert.Empty(part.FindAll("[data-testid=notify-note]"));
        else Assert.Contains(words, part.Find("[data-testid=notify-note]").TextContent);
    }

    [Fact]
    public async Task A_refusal_after_the_click_says_why()
    {
        JSInterop.SetupModule("/js/notify.js").Setup<string>("watch", _ => true).SetResult("off");
        var part = Render<NotifySwitch>();
        await part.InvokeAsync(() => part.Instance.StateChanged("denied"));
        Assert.Contains("does not let the workbench notify you", part.Find("[data-testid=notify-note]").TextContent);
        await part.InvokeAsync(() => part.Instance.StateChanged("unanswered"));
        Assert.Contains("got no answer", part.Find("[data-testid=notify-note]").TextContent);
    }

    private async Task<int> EndedAsync(ExperimentStatus status, string? reason = null, bool isNews = true)
    {
        var dataset = (await Datasets.ListAsync(WorkspaceRow.FirstId, Cancellation)).FirstOrDefault() ?? await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan("species", LearningTask.Multiclass, "accuracy-score", new SplitPlan(), Recipe.Empty, [], ["baseline"], 100, TuningMode.Search);
        var id = (await Experiments.AddAsync(dataset, plan, Cancellation)).Id;
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        var row = await db.Experiments.SingleAsync(e => e.Id == id, Cancellation);
        (row.Status, row.Reason, row.FinishedAt, row.IsNews) = (status, reason, DateTimeOffset.UnixEpoch, isNews);
        var result = new TrialResult(0.44, new Dictionary<string, double?>(), [0.44], 1.5, 3, 1000, 200, 50, 6, new Dictionary<string, string>());
        row.Trials.Add(new TrialRow { Number = 1, TrainerId = "baseline", Status = TrialStatus.Completed, Result = result });
        await db.SaveChangesAsync(Cancellation);
        return id;
    }
}
