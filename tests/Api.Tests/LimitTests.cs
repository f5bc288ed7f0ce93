using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Nobody takes all turns, all memory or all of the disk.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Turns_go_round_by_person_and_who_waited_longest_for_one_is_next()
    {
        (string Item, int? Person)[] waiting = [("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", null), ("b2", 2)];
        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3"], Turns.InTurn(waiting, w => w.Person, _ => null).Select(w => w.Item));
        var began = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(["c1", "b1", "a1", "b2", "a2", "a3"], Turns.InTurn(waiting, w => w.Person, person => person switch { 1 => began.AddDays(1), 2 => began, _ => null }).Select(w => w.Item));
        Assert.Empty(Turns.InTurn<int>([], _ => null, _ => null));
    }

    [Fact]
    public async Task What_waits_in_memory_is_taken_in_turns_too_and_whoever_comes_late_waits_for_one_of_each()
    {
        var queue = new FairQueue<string>();
        foreach (var item in (string[])["a1", "a2", "a3", "a4"]) queue.Add(1, item);
        Assert.Equal("a1", await queue.TakeAsync(Cancel));
        queue.Add(2, "b1");
        queue.Add(null, "n1");
        queue.Add(2, "b2");
        List<string> taken = [];
        while (taken.Count < 6) taken.Add(await queue.TakeAsync(Cancel));
        Assert.Equal(["a2", "b1", "n1", "a3", "b2", "a4"], taken);
        var later = queue.TakeAsync(Cancel);
        Assert.False(later.IsCompleted);
        queue.Add(1, "a5");
        Assert.Equal("a5", await later);
        Assert.Equal(0, queue.CountOf(1));
    }

    [Fact]
    public async Task Experiments_of_three_people_begin_in_turns_and_nobody_queues_more_than_a_limit()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("MaxExperimentsPerPerson", "3"));
        var churn = await app.Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
        var iris = await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        List<ApiClient> people = [];
        foreach (var name in (string[])["Ann", "Ben"]) people.Add(await JoinAsync(app, name));
        var holding = (await app.Api.StartAsync(new ExperimentApi.StartBody(churn.Id, "churn", Trainers: ["random-forest"], Split: new SplitPlan(Folds: 20), BudgetSeconds: 600))).Id;
        await app.Api.WaitForExperimentAsync(holding, e => e.Status == ExperimentStatus.Running, "the first one runs");
        var body = new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["baseline"], Split: new SplitPlan(Folds: 2), BudgetSeconds: 60);
        // All of one, then all of the next.
        List<int> owners = [(await app.Api.StartAsync(body)).Id, (await app.Api.StartAsync(body)).Id], anns = [], bens = [];
        for (var i = 0; i < 3; i++) anns.Add((await people[0].StartAsync(body)).Id);
        for (var i = 0; i < 2; i++) bens.Add((await people[1].StartAsync(body)).Id);

        using (var refused = await people[0].Http.PostAsJsonAsync("/api/v1/experiments", body, CoreJson.Options, Cancel))
        {
            var problem = await ApiClient.ReadProblemAsync(refused, HttpStatusCode.TooManyRequests);
            Assert.StartsWith("3 experiments of yours wait or run; expected fewer than 3.", problem.Detail);
            Assert.NotNull(refused.Headers.RetryAfter);
        }
        int[] expected = [anns[0], bens[0], owners[0], anns[1], bens[1], owners[1], anns[2]];
        Assert.Equal(expected, (await app.Api.GetAsync<QueuePlace[]>("/api/v1/experiments/queue")).Select(p => p.ExperimentId));
        // Moving is among the own ones.
        using (var moved = await people[0].Http.PostAsync($"/api/v1/experiments/{anns[2]}/move", ApiClient.Json("""{"to": "front"}"""), Cancel))
            Assert.Equal([anns[2], bens[0], owners[0], anns[0], bens[1], owners[1], anns[1]], (await ApiClient.ReadAsync<QueuePlace[]>(moved, HttpStatusCode.OK)).Select(p => p.ExperimentId));
        using (var first = await people[0].Http.PostAsync($"/api/v1/experiments/{anns[2]}/move", ApiClient.Json("""{"to": "up"}"""), Cancel))
            Assert.StartsWith("It is the first of its person", (await ApiClient.ReadProblemAsync(first, HttpStatusCode.Conflict)).Detail);

        using (var stopped = await app.Api.Http.PostAsync($"/api/v1/experiments/{holding}/stop", null, Cancel)) stopped.EnsureSuccessStatusCode();
        List<ExperimentApi.ExperimentAnswer> all = [];
        await Poll.UntilAsync(async () => (all = await app.Api.GetAsync<List<ExperimentApi.ExperimentAnswer>>("/api/v1/experiments")).Count(e => e.Status == ExperimentStatus.Completed) == 7, TimeSpan.FromSeconds(120), "all have run");
        // Of each round of three, each person has one.
        int[] order = [.. all.Where(e => e.Id != holding).OrderBy(e => e.StartedAt).Select(e => e.Id)];
        foreach (var round in order.Take(6).Chunk(3)) Assert.Equal(3, round.Select(id => anns.Contains(id) ? "Ann" : bens.Contains(id) ? "Ben" : "owner").Distinct().Count());
        Assert.Equal(anns[2], order[0]);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_workspace_keeps_no_more_than_its_quota_and_is_told_found_and_expected()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("WorkspaceQuotaMegabytes", "1"));
        var text = new StringBuilder("n,t\n");
        for (var i = 0; i < 40_000; i++) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{i},w{i % 7}\n");
        var file = Encoding.UTF8.GetBytes(text.ToString());
        using var first = await app.Api.Http.PostAsync("/api/v1/datasets?name=a.csv", new ByteArrayContent(file), Cancel);
        var dataset = await ApiClient.ReadAsync<Workbench.Datasets.DatasetApi.DatasetAnswer>(first, HttpStatusCode.Created);

        var longer = new byte[1 << 20];
        file.CopyTo(longer, 0);
        longer.AsSpan(file.Length).Fill((byte)'\n');
        using (var refused = await app.Api.Http.PostAsync("/api/v1/datasets?name=b.csv", new ByteArrayContent(longer), Cancel))
            Assert.Matches("The file has 1.* MB, and the workspace keeps .* already; expected at most 1.* MB together", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.InsufficientStorage)).Detail);
        using (var tus = new HttpRequestMessage(HttpMethod.Post, "/api/v1/uploads"))
        {
            tus.Headers.Add("Upload-Length", "1048576");
            using var refused = await app.Api.Http.SendAsync(tus, Cancel);
            Assert.Contains("WorkspaceQuotaMegabytes", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.InsufficientStorage)).Detail);
        }
        // Files to be scored and models from elsewhere count as well.
        var (experiment, _) = await Faults.FaultRun.PrepareAsync(app.Api);
        foreach (var address in (string[])["/api/v1/endpoints/iris/batches", "/api/v1/endpoints/import?name=other"])
        {
            using var body = new ByteArrayContent(longer);
            body.Headers.ContentType = new("text/csv");
            using var refused = await app.Api.Http.PostAsync(address, body, Cancel);
            Assert.Contains("WorkspaceQuotaMegabytes", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.InsufficientStorage)).Detail);
        }
        await app.Api.DeleteAsync("/api/v1/endpoints/iris");
        await app.Api.DeleteAsync($"/api/v1/experiments/{experiment}");
        foreach (var iris in (await app.Api.GetAsync<Workbench.Datasets.DatasetApi.DatasetAnswer[]>("/api/v1/datasets")).Where(d => d.Id != dataset.Id)) await app.Api.DeleteAsync($"/api/v1/datasets/{iris.Id}");
        // Another workspace has one of its own, and what is deleted makes room.
        var ann = await JoinAsync(app, "Ann", elsewhere: true);
        using (var other = await ann.Http.PostAsync("/api/v1/datasets?name=b.csv", new ByteArrayContent(file), Cancel)) Assert.Equal(HttpStatusCode.Created, other.StatusCode);
        var before = await app.Services.GetRequiredService<StoredBytes>().OfAsync(WorkspaceRow.FirstId, Cancel);
        Assert.InRange(before.Bytes, file.Length, 1 << 20);
        await app.Api.DeleteAsync($"/api/v1/datasets/{dataset.Id}");
        Assert.Equal(0, (await app.Services.GetRequiredService<StoredBytes>().OfAsync(WorkspaceRow.FirstId, Cancel)).Bytes);
        await app.StopAsync();
    }

    [Fact]
    public async Task Nothing_long_begins_on_a_disk_that_is_below_its_floor()
    {
        using var folder = new TemporaryFolder();
        int iris;
        await using (var before = await WorkbenchApp.StartAsync(folder.Path))
        {
            iris = (await before.Api.UploadAsync(TestFiles.Sample("iris.csv"))).Id;
            await before.StopAsync();
        }
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("DiskFloorMegabytes", "1048576"));
        using var refused = await app.Api.Http.PostAsJsonAsync("/api/v1/experiments", new ExperimentApi.StartBody(iris, "species", Trainers: ["baseline"]), CoreJson.Options, Cancel);
        Assert.Matches("The disk of the data folder has .* free; expected at least 1.* TB \\(DiskFloorMegabytes\\)", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.InsufficientStorage)).Detail);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_recipe_that_somebody_changed_meanwhile_is_not_overwritten_unseen()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var address = $"/api/v1/datasets/{(await app.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id}/recipe";
        const string first = """{"steps":[{"step":"drop-missing-rows","columns":["sex"]}]}""", second = """{"steps":[{"step":"drop-duplicates","columns":[]}]}""";
        var empty = await TagAsync();
        var (status, tag) = await PutAsync(first, empty);
        Assert.Equal((HttpStatusCode.OK, await TagAsync()), (status, tag));
        (status, var now) = await PutAsync(second, empty);
        Assert.Equal((HttpStatusCode.PreconditionFailed, tag), (status, now));
        Assert.Contains("drop-missing-rows", await app.Api.Http.GetStringAsync(address, Cancel));
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(second, now)).Status);
        // Without a condition, and with any, it is replaced as ever.
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(first, "*")).Status);
        Assert.Equal((HttpStatusCode.OK, now), ((await PutAsync(first, null)).Status, await TagAsync()));
        await app.StopAsync();

        async Task<string> TagAsync()
        {
            using var answer = await app.Api.Http.GetAsync(address, Cancel);
            return answer.Headers.ETag!.Tag;
        }

        async Task<(HttpStatusCode Status, string Tag)> PutAsync(string recipe, string? condition)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = ApiClient.Json(recipe) };
            if (condition is not null) request.Headers.TryAddWithoutValidation("If-Match", condition);
            using var answer = await app.Api.Http.SendAsync(request, Cancel);
            return (answer.StatusCode, answer.Headers.ETag!.Tag);
        }
    }

    private static async Task<ApiClient> JoinAsync(WorkbenchApp app, string name, bool elsewhere = false)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var user = await scope.ServiceProvider.GetRequiredService<Accounts>().CreateAsync(name, null, isAdministrator: false);
        var workspaces = app.Services.GetRequiredService<Workspaces>();
        if (elsewhere) await workspaces.CreateAsync($"of {name}", user.Id, Cancel);
        else await workspaces.SetRoleAsync(WorkspaceRow.FirstId, user.Id, WorkspaceRole.Editor, Cancel);
        return new ApiClient(app.Anonymous(await app.Services.GetRequiredService<AccessTokens>().CreateManagementAsync("test", user.Id, null, 1, Cancel)));
    }
}
