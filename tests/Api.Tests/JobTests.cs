using System.Diagnostics;
using System.Net;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What is timed or counts processes does not share the machine with other tests.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>Training in a child process: stopping it, losing it, limiting it, and being lost by it.</summary>
[Collection(nameof(AloneCollection))]
public sealed class JobTests(ITestOutputHelper output)
{
    // Two are promised, on a machine that has time; figures are printed.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    // The second family takes far longer than any of these tests.
    private static readonly SplitPlan TwentyFolds = new(Folds: 20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stop_frees_the_cores_and_keeps_what_is_finished_and_discard_removes_the_rest()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var experiment = await StartUntilSecondTrialRunsAsync(app.Api, ["baseline", "random-forest", "extra-trees", Families.Boosted]);
        Assert.Single(TrainingProcesses.Of(folder.Path));

        var clock = Stopwatch.StartNew();
        using (var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/stop", null, Cancel)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        var stopped = clock.Elapsed;
        await NoTrainingProcessAsync(folder.Path, Soon);
        output.WriteLine($"stop answered after {stopped.TotalMilliseconds:0} ms, no training process after {clock.Elapsed.TotalMilliseconds:0} ms");

        experiment = await app.Api.ExperimentAsync(experiment.Id);
        Assert.Equal(ExperimentStatus.Stopped, experiment.Status);
        Assert.Equal([TrialStatus.Completed, TrialStatus.Waiting, TrialStatus.Waiting, TrialStatus.Waiting], experiment.Leaderboard.OrderBy(t => t.Number).Select(t => t.Status));
        Assert.NotNull(experiment.Leaderboard[0].Result?.Score);
        Assert.NotNull((await app.Api.GetAsync<ExperimentApi.ReportAnswer>($"/api/v1/experiments/{experiment.Id}/trials/1")).Report);

        using (var resumed = await app.Api.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/resume", null, Cancel)) Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        await app.Api.WaitForExperimentAsync(experiment.Id, e => Trial(e, 2).Status == TrialStatus.Running, "the second trial runs again");
        clock.Restart();
        await app.Api.DeleteAsync($"/api/v1/experiments/{experiment.Id}");
        await NoTrainingProcessAsync(folder.Path, Soon);
        output.WriteLine($"discarded after {clock.Elapsed.TotalMilliseconds:0} ms");
        using var gone = await app.Api.Http.GetAsync($"/api/v1/experiments/{experiment.Id}", Cancel);
        await ApiClient.ReadProblemAsync(gone, HttpStatusCode.NotFound);
        Assert.Empty(await app.Api.GetAsync<ExperimentApi.ExperimentAnswer[]>("/api/v1/experiments"));
        await app.StopAsync();
    }

    [Fact]
    public async Task A_training_process_killed_from_outside_costs_one_trial_and_the_others_complete()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var experiment = await StartUntilSecondTrialRunsAsync(app.Api, ["baseline", "random-forest", "sdca"], new SplitPlan(Folds: 1));
        using (var child = Process.GetProcessById(Assert.Single(TrainingProcesses.Of(folder.Path)))) child.Kill();

        experiment = await app.Api.WaitForExperimentAsync(experiment.Id, e => e.Status != ExperimentStatus.Running, "the experiment has ended");
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.Equal([TrialStatus.Completed, TrialStatus.Failed, TrialStatus.Completed], experiment.Leaderboard.OrderBy(t => t.Number).Select(t => t.Status));
        Assert.Contains("signal 9", Trial(experiment, 2).Reason);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_family_that_needs_more_memory_than_allowed_fails_naming_the_limit_and_the_leaderboard_is_usable()
    {
        using var folder = new TemporaryFolder();
        using var data = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("TrainingMemoryMegabytes", "256"));
        var dataset = await app.Api.UploadAsync(SyntheticData.Noise(data, 60_000, 4));
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "y", Trainers: ["baseline", "random-forest", "linear-lbfgs"], Split: new SplitPlan(Folds: 1, Stratified: false), BudgetSeconds: 60));
        foreach (var trial in experiment.Leaderboard) output.WriteLine($"{trial.TrainerId}: {trial.Status} {trial.Reason}");
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.Equal(TrialStatus.Failed, Trial(experiment, 2).Status);
        Assert.Contains("TrainingMemoryMegabytes", Trial(experiment, 2).Reason);
        Assert.Equal(TrialStatus.Completed, Trial(experiment, 3).Status);
        Assert.NotNull((await app.Api.FinalReportAsync(experiment.Id, experiment.Leaderboard[0].Number)).Final);
        await app.StopAsync();
    }

    [Fact]
    public async Task After_kill_9_of_the_program_the_training_ends_too_and_the_experiment_can_go_on()
    {
        using var folder = new TemporaryFolder();
        int id;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            id = (await StartUntilSecondTrialRunsAsync(program.Api, ["baseline", "random-forest", "sdca"], new SplitPlan(Folds: 1))).Id;
            Assert.Single(TrainingProcesses.Of(folder.Path));
            await program.KillAsync();
            var clock = Stopwatch.StartNew();
            await NoTrainingProcessAsync(folder.Path, Soon);
            output.WriteLine($"no training process {clock.Elapsed.TotalMilliseconds:0} ms after kill -9");
        }

        using var next = await WorkbenchProcess.StartAsync(folder.Path);
        var experiment = await next.Api.WaitForExperimentAsync(id, e => e.Status != ExperimentStatus.Running, "the program has looked at what it left");
        Assert.Equal(ExperimentStatus.Interrupted, experiment.Status);
        Assert.Contains("ended while it ran", experiment.Reason);
        Assert.Equal(TrialStatus.Completed, Trial(experiment, 1).Status);
        var kept = Trial(experiment, 1).Result;
        using (var resumed = await next.Api.Http.PostAsync($"/api/v1/experiments/{id}/resume", null, Cancel)) Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        experiment = await next.Api.WaitForExperimentAsync(id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running), "the experiment has ended");
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.All(experiment.Leaderboard, t => Assert.True(t.Status == TrialStatus.Completed, $"{t.TrainerId} is {t.Status}: {t.Reason}"));
        Assert.Equal(kept!.TrainingSeconds, Trial(experiment, 1).Result!.TrainingSeconds);
    }

    [Fact]
    public async Task An_orderly_end_of_the_program_puts_the_experiment_back_into_the_queue_and_endpoints_answer_while_it_trains()
    {
        using var folder = new TemporaryFolder();
        var app = await WorkbenchApp.StartAsync(folder.Path);
        var iris = await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        var quick = await app.Api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["linear-lbfgs"], BudgetSeconds: 60));
        var key = (await app.Api.PublishAsync("iris", quick.Id, 1)).Key;
        var experiment = await StartUntilSecondTrialRunsAsync(app.Api, ["baseline", "random-forest"]);

        var model = new ModelClient(app.Anonymous(), "iris", key);
        List<double> milliseconds = [];
        for (var i = 0; i < 100; i++)
        {
            var clock = Stopwatch.StartNew();
            using var answer = await model.SendAsync("""{"features": [[5.1, 3.5, 1.4, 0.2]]}""");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            milliseconds.Add(clock.Elapsed.TotalMilliseconds);
        }
        milliseconds.Sort();
        Assert.True(milliseconds[^1] < 10_000, $"The slowest answer took {milliseconds[^1]:0} ms.");
        experiment = await app.Api.ExperimentAsync(experiment.Id);
        Assert.Equal(ExperimentStatus.Running, experiment.Status);
        output.WriteLine($"while training: p50 {milliseconds[50]:0.0} ms, p95 {milliseconds[95]:0.0} ms, slowest {milliseconds[^1]:0.0} ms");

        await app.StopAsync();
        Assert.Empty(TrainingProcesses.Of(folder.Path));
        await using var next = await WorkbenchApp.StartAsync(folder.Path);
        experiment = await next.Api.WaitForExperimentAsync(experiment.Id, e => Trial(e, 2).Status == TrialStatus.Running, "it goes on by itself");
        Assert.Equal((ExperimentStatus.Running, TrialStatus.Completed), (experiment.Status, Trial(experiment, 1).Status));
        await next.StopAsync();
    }

    [Fact]
    public async Task Stop_during_the_final_report_leaves_a_complete_experiment_complete()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "churn", Trainers: ["baseline"], Split: new SplitPlan(Folds: 1)));
        await Poll.UntilAsync(() => Task.FromResult(TrainingProcesses.Of(folder.Path).Count > 0), Soon, "the final report is being made");
        using (var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/stop", null, Cancel)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Empty(TrainingProcesses.Of(folder.Path));
        experiment = await app.Api.ExperimentAsync(experiment.Id);
        Assert.Equal((ExperimentStatus.Completed, null), (experiment.Status, experiment.Reason));
        Assert.NotNull((await app.Api.FinalReportAsync(experiment.Id, 1)).Final);
        await app.StopAsync();
    }

    [Fact]
    public async Task Stop_while_another_experiment_runs_takes_a_waiting_one_out_of_the_queue()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var running = await StartUntilSecondTrialRunsAsync(app.Api, ["baseline", "random-forest"]);
        var waiting = await app.Api.StartAsync(new ExperimentApi.StartBody(running.DatasetId!.Value, "churn", Trainers: ["baseline"]));
        using (var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{waiting.Id}/stop", null, Cancel)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(ExperimentStatus.Stopped, (await app.Api.ExperimentAsync(waiting.Id)).Status);
        Assert.Equal(ExperimentStatus.Running, (await app.Api.ExperimentAsync(running.Id)).Status);
        using (var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{running.Id}/stop", null, Cancel)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(ExperimentStatus.Stopped, (await app.Api.ExperimentAsync(waiting.Id)).Status);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_disk_that_refuses_a_model_interrupts_the_experiment_which_can_go_on()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var experiment = await StartUntilSecondTrialRunsAsync(app.Api, ["baseline", "random-forest", "averaged-perceptron"], new SplitPlan(Folds: 2));
        var (artefacts, aside) = (Path.Combine(folder.Path, "artefacts"), Path.Combine(folder.Path, "aside"));
        Directory.Move(artefacts, aside);
        await File.WriteAllTextAsync(artefacts, "in the way", Cancel);

        experiment = await app.Api.WaitForExperimentAsync(experiment.Id, e => e.Status == ExperimentStatus.Interrupted, "it is interrupted");
        Assert.Equal([TrialStatus.Completed, TrialStatus.Waiting, TrialStatus.Waiting], experiment.Leaderboard.OrderBy(t => t.Number).Select(t => t.Status));
        Assert.Contains("artefacts", experiment.Reason);

        File.Delete(artefacts);
        Directory.Move(aside, artefacts);
        using (var resumed = await app.Api.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/resume", null, Cancel)) Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        experiment = await app.Api.WaitForExperimentAsync(experiment.Id, e => e.Status == ExperimentStatus.Completed, "it is complete");
        Assert.All(experiment.Leaderboard, t => Assert.Equal(TrialStatus.Completed, t.Status));
        await app.StopAsync();
    }

    [Fact]
    public async Task A_family_that_takes_longer_than_its_share_fails_and_leaves_time_for_those_after_it()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
        var clock = Stopwatch.StartNew();
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "churn", Trainers: ["random-forest", "extra-trees", Families.Boosted, "baseline"], Split: TwentyFolds with { Repeats = 5 }, BudgetSeconds: 12));
        output.WriteLine($"budget of 12 s: ended after {clock.Elapsed.TotalSeconds:0.0} s: {string.Join("; ", experiment.Leaderboard.Select(t => $"{t.TrainerId} {t.Status} {t.Reason}"))}");
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        // Which of the two forests is too slow hangs on what else the machine does.
        Assert.Contains(experiment.Leaderboard, t => t.Status == TrialStatus.Failed && t.Reason!.Contains("share of the time budget", StringComparison.Ordinal));
        Assert.All(experiment.Leaderboard, t => Assert.True(t.Status is TrialStatus.Completed or TrialStatus.Failed, $"{t.TrainerId} is {t.Status}: {t.Reason}"));
        Assert.InRange(clock.Elapsed.TotalSeconds, 2, 60);
        await app.StopAsync();
    }

    private static async Task<ExperimentApi.ExperimentAnswer> StartUntilSecondTrialRunsAsync(ApiClient api, string[] families, SplitPlan? split = null)
    {
        var dataset = await api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
        var experiment = await api.StartAsync(new ExperimentApi.StartBody(dataset.Id, "churn", Trainers: families, Split: split ?? TwentyFolds, BudgetSeconds: 600));
        return await api.WaitForExperimentAsync(experiment.Id, e => Trial(e, 2).Status == TrialStatus.Running, "the second trial runs");
    }

    private static ExperimentApi.TrialAnswer Trial(ExperimentApi.ExperimentAnswer experiment, int number) => experiment.Leaderboard.Single(t => t.Number == number);

    private static Task NoTrainingProcessAsync(string dataFolder, TimeSpan atMost) =>
        Poll.UntilAsync(() => Task.FromResult(TrainingProcesses.Of(dataFolder).Count == 0), atMost, "no training process is left");
}
