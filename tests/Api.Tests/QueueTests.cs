using System.Net;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The queue of experiments over HTTP: places, moves, leaving it, and its order after a restart.</summary>
public sealed class QueueTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_order_can_be_changed_is_kept_over_a_restart_and_is_the_order_they_run_in()
    {
        using var folder = new TemporaryFolder();
        int running, first, second, third;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            var churn = await program.Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
            var iris = await program.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            running = (await program.Api.StartAsync(new ExperimentApi.StartBody(churn.Id, "churn", Trainers: ["random-forest"], Split: new SplitPlan(Folds: 20), BudgetSeconds: 600))).Id;
            await program.Api.WaitForExperimentAsync(running, e => e.Status == ExperimentStatus.Running, "the first one runs");
            var body = new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["baseline"], Split: new SplitPlan(Folds: 2), BudgetSeconds: 60);
            first = (await program.Api.StartAsync(body)).Id;
            second = (await program.Api.StartAsync(body)).Id;
            third = (await program.Api.StartAsync(body)).Id;

            var place = (await program.Api.ExperimentAsync(third)).Queue!;
            Assert.Equal((3, 3, second), (place.Place, place.Count, place.AfterExperimentId!.Value));
            Assert.InRange(place.SecondsUntilStart, 600, 720);
            Assert.Null((await program.Api.ExperimentAsync(running)).Queue);

            using (var moved = await MoveAsync(program.Api, third, "front"))
                Assert.Equal([third, first, second], (await ApiClient.ReadAsync<QueuePlace[]>(moved, HttpStatusCode.OK)).Select(p => p.ExperimentId));
            using (var refused = await MoveAsync(program.Api, third, "up")) Assert.Equal("It is the first in the queue already.", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.Conflict)).Detail);
            using (var refused = await MoveAsync(program.Api, running, "up")) Assert.Equal("It does not wait in the queue.", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.Conflict)).Detail);
            using (var refused = await MoveAsync(program.Api, 99, "up")) await ApiClient.ReadProblemAsync(refused, HttpStatusCode.NotFound);
            using (var refused = await MoveAsync(program.Api, third, "sideways")) await ApiClient.ReadProblemAsync(refused, HttpStatusCode.BadRequest);

            using (var stopped = await program.Api.Http.PostAsync($"/api/v1/experiments/{first}/stop", null, Cancel)) Assert.Equal(HttpStatusCode.NoContent, stopped.StatusCode);
            Assert.Equal([third, second], (await program.Api.GetAsync<QueuePlace[]>("/api/v1/experiments/queue")).Select(p => p.ExperimentId));
            await program.KillAsync();
        }

        using var next = await WorkbenchProcess.StartAsync(folder.Path);
        var last = await next.Api.WaitForExperimentAsync(second, e => e.Status == ExperimentStatus.Completed, "those that waited have run");
        var before = await next.Api.ExperimentAsync(third);
        Assert.Equal(ExperimentStatus.Completed, before.Status);
        Assert.True(before.StartedAt < last.StartedAt, "What was moved to the front did not begin first.");
        Assert.Equal(ExperimentStatus.Stopped, (await next.Api.ExperimentAsync(first)).Status);
        Assert.Equal(ExperimentStatus.Interrupted, (await next.Api.ExperimentAsync(running)).Status);
        Assert.Empty(await next.Api.GetAsync<QueuePlace[]>("/api/v1/experiments/queue"));
    }

    private static Task<HttpResponseMessage> MoveAsync(ApiClient api, int id, string to) =>
        api.Http.PostAsync($"/api/v1/experiments/{id}/move", ApiClient.Json($$"""{"to": "{{to}}"}"""), Cancel);
}
