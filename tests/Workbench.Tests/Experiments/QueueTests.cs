using Bunit;
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

public class QueueTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private ExperimentQueue Queue => Services.GetRequiredService<ExperimentQueue>();

    [Fact]
    public async Task What_was_asked_for_first_begins_first_until_a_person_moves_it()
    {
        var (first, second, third) = (await AddAsync(), await AddAsync(), await AddAsync());
        Assert.Equal([first, second, third], await OrderAsync());
        Assert.Equal(first, await Queue.FirstAsync(Cancellation));
        Assert.Null(await Queue.MoveAsync(third, QueueMove.Front, Cancellation));
        Assert.Equal([third, first, second], await OrderAsync());
        Assert.Null(await Queue.MoveAsync(third, QueueMove.Down, Cancellation));
        Assert.Equal([first, third, second], await OrderAsync());
        Assert.Null(await Queue.MoveAsync(second, QueueMove.Up, Cancellation));
        Assert.Equal([first, second, third], await OrderAsync());
        // What is asked for later still waits behind.
        var fourth = await AddAsync();
        Assert.Equal([first, second, third, fourth], await OrderAsync());
    }

    [Fact]
    public async Task A_move_that_changes_nothing_says_why()
    {
        var (first, second) = (await AddAsync(), await AddAsync());
        Assert.Equal("It is the first in the queue already.", await Queue.MoveAsync(first, QueueMove.Front, Cancellation));
        Assert.Equal("It is the first in the queue already.", await Queue.MoveAsync(first, QueueMove.Up, Cancellation));
        Assert.Equal("It is the last in the queue already.", await Queue.MoveAsync(second, QueueMove.Down, Cancellation));
        await ChangeAsync(first, e => e.Status = ExperimentStatus.Running);
        Assert.Equal("It does not wait in the queue.", await Queue.MoveAsync(first, QueueMove.Down, Cancellation));
    }

    [Fact]
    public async Task Experiments_that_were_put_in_at_the_same_moment_can_be_moved_too()
    {
        int[] ids = [await AddAsync(), await AddAsync(), await AddAsync()];
        foreach (var id in ids) await ChangeAsync(id, e => e.QueueOrder = null);
        Assert.Equal(ids, await OrderAsync());
        Assert.Null(await Queue.MoveAsync(ids[2], QueueMove.Up, Cancellation));
        Assert.Equal([ids[0], ids[2], ids[1]], await OrderAsync());
    }

    [Fact]
    public async Task When_it_begins_is_what_is_left_of_the_budgets_before_it()
    {
        var (running, next, last) = (await AddAsync(), await AddAsync(), await AddAsync());
        await ChangeAsync(running, e => (e.Status, e.SpentSeconds) = (ExperimentStatus.Running, 40));
        await ChangeAsync(next, e => e.SpentSeconds = 90);
        var places = await Queue.ReadAsync(WorkspaceRow.FirstId, Cancellation);
        // Of 100 s each: 60 s are left of the one that runs, and 10 s of the next.
        Assert.Equal([(next, 1, 60.0, running), (last, 2, 70.0, next)], places.Select(p => (p.ExperimentId, p.Place, p.SecondsUntilStart, p.AfterExperimentId!.Value)));
        Assert.Equal($"1st of 2 in the queue, after experiment {running} (species). It begins in about 1 min.", ExperimentText.Queue(places[0]));
        Assert.Equal($"2nd of 2 in the queue, after experiment {next} (species). It begins in about 2 min.", ExperimentText.Queue(places[1]));
    }

    [Theory]
    [InlineData(1, "1st"), InlineData(2, "2nd"), InlineData(3, "3rd"), InlineData(4, "4th"), InlineData(11, "11th"), InlineData(12, "12th"), InlineData(13, "13th"), InlineData(21, "21st"), InlineData(112, "112th")]
    public void Places_are_numbered_as_people_say_them(int number, string expected) => Assert.Equal(expected, ExperimentText.Ordinal(number));

    [Fact]
    public async Task The_list_shows_the_queue_and_its_buttons_move_and_take_out()
    {
        var (first, second) = (await AddAsync(), await AddAsync());
        var page = Render<ExperimentListPage>();
        Assert.Equal([first, second], Shown(page));
        Assert.Contains("species on penguins", page.FindAll("[data-testid=queue-place]")[0].TextContent);
        Assert.True(page.FindAll("[data-testid=queue-up]")[0].HasAttribute("disabled"));
        await page.ClickAsync("[data-testid=queue-front]", 1);
        page.WaitForAssertion(() => Assert.Equal([second, first], Shown(page)), Patience);
        await page.ClickAsync("[data-testid=take-out]", 0);
        page.WaitForAssertion(() => Assert.Equal([first], Shown(page)), Patience);
        Assert.Equal(ExperimentStatus.Stopped, (await Experiments.FindAsync(second, Cancellation))!.Status);
        Assert.Contains("Stopped", page.FindAll("[data-testid=experiment-row]")[0].TextContent);
    }

    [Fact]
    public async Task The_list_follows_what_happens_elsewhere()
    {
        var page = Render<ExperimentListPage>();
        var id = await AddAsync();
        Services.GetRequiredService<JobMonitor>().Report(id, null);
        page.WaitForAssertion(() => Assert.Equal([id], Shown(page)), Patience);
        await ChangeAsync(id, e => e.Status = ExperimentStatus.Failed);
        Services.GetRequiredService<JobMonitor>().Report(id, null);
        page.WaitForAssertion(() => Assert.Contains("Failed", page.Find("[data-testid=experiment-row]").TextContent), Patience);
        Assert.Empty(Shown(page));
    }

    [Fact]
    public async Task A_waiting_experiment_says_its_place_and_can_be_moved_from_its_own_page()
    {
        var (first, second) = (await AddAsync(), await AddAsync());
        var page = Render<ExperimentPage>(p => p.Add(x => x.Id, second));
        Assert.Contains($"2nd of 2 in the queue, after experiment {first} (species)", page.Find("[data-testid=queue-state]").TextContent);
        Assert.Empty(page.FindAll("[data-testid=stop]"));
        await page.ClickAsync("[data-testid=queue-up]");
        page.WaitForAssertion(() => Assert.Contains("1st of 2 in the queue. It begins in a moment.", page.Find("[data-testid=queue-state]").TextContent), Patience);
        await page.ClickAsync("[data-testid=take-out]");
        page.WaitForAssertion(() => Assert.Equal("Stopped", page.Find("[data-testid=experiment-status]").TextContent), Patience);
        Assert.Empty(page.FindAll("[data-testid=queue-state]"));
        Assert.Contains("No model was judged", page.Markup);
        // Back again, behind the other.
        await page.ClickAsync("[data-testid=continue]");
        page.WaitForAssertion(() => Assert.Contains("2nd of 2", page.Find("[data-testid=queue-state]").TextContent), Patience);
    }

    private static IEnumerable<int> Shown(IRenderedComponent<ExperimentListPage> page) =>
        page.FindAll("[data-testid=queue-place] a").Select(a => int.Parse(a.GetAttribute("href")!.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture));

    private async Task<IReadOnlyList<int>> OrderAsync() => [.. (await Queue.ReadAsync(WorkspaceRow.FirstId, Cancellation)).Select(p => p.ExperimentId)];

    private async Task<int> AddAsync()
    {
        var dataset = (await Datasets.ListAsync(WorkspaceRow.FirstId, Cancellation)).FirstOrDefault() ?? await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan("species", LearningTask.Multiclass, "accuracy-score", new SplitPlan(), Recipe.Empty, [], ["baseline"], 100, TuningMode.Search);
        return (await Experiments.AddAsync(dataset, plan, Cancellation)).Id;
    }

    private async Task ChangeAsync(int id, Action<ExperimentRow> change)
    {
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        change(await db.Experiments.SingleAsync(e => e.Id == id, Cancellation));
        await db.SaveChangesAsync(Cancellation);
    }
}
