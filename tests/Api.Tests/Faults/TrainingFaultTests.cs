using System.Net;
using System.Runtime.InteropServices;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F10: what trains is ended, stopped and woken again by others, while a published model answers.</summary>
/// <remarks>Being killed with the program and going beyond the memory limit are in <see cref="JobTests"/>.</remarks>
[Collection(nameof(AloneCollection))]
public sealed class TrainingFaultTests(ITestOutputHelper output)
{
    // Of native code that gives up, for want of memory most of all. A segmentation fault from outside the runtime may take for a null reference.
    private const int Abort = 6;
    private const int Stop = 19;
    private const int Continue = 18;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_training_process_that_dies_or_sleeps_costs_its_trial_alone()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (_, key) = await FaultRun.PrepareAsync(app.Api);
        var model = new ModelClient(app.Anonymous(), "iris", key);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var (asked, failed) = (0, 0);
        var asking = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var answer = await model.SendAsync(FaultRun.Row);
                asked++;
                if (answer.StatusCode != HttpStatusCode.OK) failed++;
                await Task.Delay(20, Cancel);
            }
        }, Cancel);

        // Ended by a fault of native code.
        var crashed = await StartUntilTrainingAsync();
        var ended = Assert.Single(TrainingProcesses.Of(folder.Path));
        // The runtime takes the first one from outside, and only then steps aside.
        await Poll.UntilAsync(() =>
        {
            _ = SendSignal(ended, Abort);
            return Task.FromResult(!TrainingProcesses.Of(folder.Path).Contains(ended));
        }, TimeSpan.FromSeconds(10), "the process has crashed");
        crashed = await app.Api.WaitForExperimentAsync(crashed.Id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running), "the experiment has ended");
        Assert.Equal(ExperimentStatus.Completed, crashed.Status);
        Assert.True(crashed.Leaderboard.Single(t => t.Number == 2).Reason?.Contains("crashed", StringComparison.Ordinal) == true, string.Join("; ", crashed.Leaderboard.Select(t => $"{t.Number} {t.TrainerId} {t.Status} {t.Reason}")));
        Assert.Equal(TrialStatus.Completed, crashed.Leaderboard.Single(t => t.Number == 3).Status);

        // Asleep while somebody stops the experiment and starts another: it is ended all the same, and wakes to nothing.
        var sleeping = await StartUntilTrainingAsync();
        var child = Assert.Single(TrainingProcesses.Of(folder.Path));
        Send(child, Stop);
        using (var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{sleeping.Id}/stop", null, Cancel)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        await Poll.UntilAsync(() => Task.FromResult(TrainingProcesses.Of(folder.Path).Count == 0), TimeSpan.FromSeconds(20), "the sleeping process is gone");
        _ = SendSignal(child, Continue);
        Assert.Equal(ExperimentStatus.Stopped, (await app.Api.ExperimentAsync(sleeping.Id)).Status);

        // Asleep for a while and woken again: it goes on, and there is one model of each trial.
        var woken = await StartUntilTrainingAsync();
        child = Assert.Single(TrainingProcesses.Of(folder.Path));
        Send(child, Stop);
        await Task.Delay(2_000, Cancel);
        Send(child, Continue);
        woken = await app.Api.WaitForExperimentAsync(woken.Id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running), "the experiment has ended");
        Assert.Equal(ExperimentStatus.Completed, woken.Status);
        Assert.All(woken.Leaderboard, t => Assert.Equal(TrialStatus.Completed, t.Status));

        await stop.CancelAsync();
        await asking;
        Assert.Equal(0, failed);
        // It has yet to judge on the locked rows.
        await Poll.UntilAsync(() => Task.FromResult(TrainingProcesses.Of(folder.Path).Count == 0), TimeSpan.FromSeconds(30), "no training process is left");
        await app.StopAsync();
        FaultRun.Report(output, "F10", $"training processes killed 1, asleep 2 · orphans 0 · predictions meanwhile failed {failed}/{asked}");

        async Task<ExperimentApi.ExperimentAnswer> StartUntilTrainingAsync()
        {
            var dataset = await app.Api.UploadAsync(TestFiles.Sample("diamonds.csv"));
            var experiment = await app.Api.StartAsync(new ExperimentApi.StartBody(dataset.Id, "price", Trainers: ["baseline", "random-forest", "sdca"], Split: new SplitPlan(Folds: 3, Stratified: false), BudgetSeconds: 240));
            return await app.Api.WaitForExperimentAsync(experiment.Id, e => e.Leaderboard.Any(t => t.Number == 2 && t.Status == TrialStatus.Running), "the second trial runs");
        }
    }

    private static void Send(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);

    /// <summary>What trains gives way: it has the lowest claim on the processor and is the first that the system ends where memory runs out.</summary>
    [Fact]
    public async Task What_trains_gives_way_to_what_serves()
    {
        Assert.SkipUnless(Directory.Exists("/proc"), "It needs /proc.");
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("diamonds.csv"));
        var experiment = await app.Api.StartAsync(new ExperimentApi.StartBody(dataset.Id, "price", Trainers: ["baseline", "random-forest"], BudgetSeconds: 120));
        await app.Api.WaitForExperimentAsync(experiment.Id, e => e.Leaderboard.Any(t => t.Number == 2 && t.Status == TrialStatus.Running), "the second trial runs");
        var child = Assert.Single(TrainingProcesses.Of(folder.Path));
        Assert.Equal("1000", (await File.ReadAllTextAsync($"/proc/{child}/oom_score_adj", Cancel)).Trim());
        // Of all its threads that compute.
        var nice = Directory.GetDirectories($"/proc/{child}/task").Select(task => File.ReadAllText(Path.Combine(task, "stat"))).Select(stat => stat[(stat.LastIndexOf(')') + 2)..].Split(' ')).Select(fields => (Nice: int.Parse(fields[16], System.Globalization.CultureInfo.InvariantCulture), Ticks: long.Parse(fields[11], System.Globalization.CultureInfo.InvariantCulture))).ToArray();
        Assert.Equal(10, nice.MaxBy(t => t.Ticks).Nice);
        output.WriteLine($"threads at nice 10: {nice.Count(t => t.Nice == 10)} of {nice.Length}");
        await app.Api.DeleteAsync($"/api/v1/experiments/{experiment.Id}");
        await app.StopAsync();
    }
}
