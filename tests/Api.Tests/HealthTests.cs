using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Health;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What those hear who watch over the program, how it ends when it is asked to, and that a fault in the background does not end it.</summary>
[Collection(nameof(AloneCollection))]
public sealed class HealthTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Anybody_may_ask_and_a_disk_below_the_floor_is_a_reason_not_to_send_requests()
    {
        using var folder = new TemporaryFolder();
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            using var anonymous = app.Anonymous();
            using (var alive = await anonymous.GetAsync("/healthz", Cancel)) Assert.Equal((HttpStatusCode.OK, "alive"), (alive.StatusCode, await alive.Content.ReadAsStringAsync(Cancel)));
            using (var ready = await anonymous.GetAsync("/readyz", Cancel)) Assert.Equal("ready", (await ApiClient.ReadAsync<JsonElement>(ready, HttpStatusCode.OK)).GetProperty("status").GetString());
            var system = await app.Api.GetAsync<SystemReport>("/api/v1/system");
            Assert.True(system.Disk.Uses.Sum(u => u.Bytes) > 0 && system.Disk.FreeBytes > 0 && system.Memory.ProcessBytes > 10_000_000 && system.Keys.Count >= 1);
            Assert.False(system.Keys.EncryptedAtRest);
            Assert.Matches(@"^\d{14}_\w+$", system.Database.Schema);
            Assert.Equal(folder.Path, system.Settings["DataFolder"]);
            Assert.Contains(system.Trainers, t => t is { Id: "baseline", WhyNot: null });
            await app.StopAsync();
        }
        await using (var app = await WorkbenchApp.StartAsync(folder.Path, ("DiskFloorMegabytes", "1048576")))
        {
            using var ready = await app.Anonymous().GetAsync("/readyz", Cancel);
            var answer = await ApiClient.ReadAsync<JsonElement>(ready, HttpStatusCode.ServiceUnavailable);
            Assert.Contains("DiskFloorMegabytes", answer.GetProperty("reasons")[0].GetString());
            await app.StopAsync();
        }
    }

    [Fact]
    public async Task Asked_to_end_under_load_it_says_not_ready_at_once_finishes_what_it_began_and_training_goes_on_at_the_next_start()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("There is no SIGTERM on Windows.");
        using var folder = new TemporaryFolder();
        int id;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path, "--Workbench:DrainSeconds=3"))
        {
            var iris = await program.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            var quick = await program.Api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["linear-lbfgs"], BudgetSeconds: 60));
            var key = (await program.Api.PublishAsync("iris", quick.Id, 1)).Key;
            var telco = await program.Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
            // A hundred fits: it is far from done when the program ends.
            id = (await program.Api.StartAsync(new ExperimentApi.StartBody(telco.Id, "churn", Trainers: ["baseline", "random-forest"], Split: new SplitPlan(Folds: 20, Repeats: 5), BudgetSeconds: 600))).Id;
            await program.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Any(t => t.Number == 2 && t.Status == TrialStatus.Running), "the second trial runs");

            // Callers behind a balancer: they come until readiness says no. Whoever comes when the listener closes may be reset by the system before anybody begins with them.
            using var told = new CancellationTokenSource();
            var answered = 0;
            var model = new ModelClient(program.Api.Http, "iris", key);
            var load = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                while (!told.IsCancellationRequested)
                {
                    using var answer = await model.SendAsync("""{"features": [[5.1, 3.5, 1.4, 0.2]]}""");
                    Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{answer.StatusCode}");
                    Interlocked.Increment(ref answered);
                    await Task.Delay(15, Cancel);
                }
            }));
            // A large upload that is under way.
            using var slow = new SlowContent(await File.ReadAllBytesAsync(TestFiles.Sample("iris.csv"), Cancel), TimeSpan.FromSeconds(5));
            var upload = program.Api.Http.PostAsync("/api/v1/datasets?name=slow.csv", slow, Cancel);
            await slow.Begun.Task.WaitAsync(Cancel);

            var clock = Stopwatch.StartNew();
            program.Terminate();
            await Poll.UntilAsync(async () =>
            {
                using var ready = await program.Api.Http.GetAsync("/readyz", Cancel);
                return ready.StatusCode == HttpStatusCode.ServiceUnavailable;
            }, TimeSpan.FromSeconds(3), "readiness says no");
            var notReady = clock.Elapsed;
            await told.CancelAsync();
            await load;
            Assert.True(answered > 0);
            using (var uploaded = await upload) Assert.Equal(HttpStatusCode.Created, uploaded.StatusCode);
            Assert.Equal(0, await program.WaitForExitAsync(TimeSpan.FromSeconds(30)));
            output.WriteLine($"not ready after {notReady.TotalMilliseconds:0} ms, {answered} requests answered, 0 broken, an upload of 5 s finished, ended after {clock.Elapsed.TotalSeconds:0.0} s");
            Assert.Empty(TrainingProcesses.Of(folder.Path));
        }
        using var next = await WorkbenchProcess.StartAsync(folder.Path);
        var experiment = await next.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Any(t => t.Number == 2 && t.Status == TrialStatus.Running), "the training goes on by itself");
        Assert.Equal(TrialStatus.Completed, experiment.Leaderboard.Single(t => t.Number == 1).Status);
        Assert.Equal(ExperimentStatus.Running, experiment.Status);
        Assert.Contains((await next.Api.GetAsync<JsonElement>("/api/v1/datasets")).EnumerateArray(), d => d.GetProperty("fileName").GetString() == "slow.csv");
    }

    [Fact]
    public async Task A_service_that_fails_leaves_the_host_up_is_told_and_begins_anew()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddServiceWatch();
        builder.Services.AddHostedSingleton<FailsTwice>();
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        var service = host.Services.GetRequiredService<FailsTwice>();
        await Poll.UntilAsync(() => Task.FromResult(service.Begun == 3), TimeSpan.FromSeconds(20), "it began for the third time");
        Assert.False(host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        var fault = Assert.Single(host.Services.GetRequiredService<ServiceWatch>().Faults);
        Assert.Equal((nameof(FailsTwice), 2, "on purpose"), (fault.Name, fault.Count, fault.Reason));
        await host.StopAsync(Cancel);
        Assert.True(service.IsStopped);
    }

    /// <summary>Without the watch the framework ends the host: the test above would be able to fail.</summary>
    [Fact]
    public async Task Without_the_watch_the_same_service_ends_the_host()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddHostedSingleton<FailsTwice>();
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        await Poll.UntilAsync(() => Task.FromResult(host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested), TimeSpan.FromSeconds(10), "the host ends");
    }

    private sealed class FailsTwice : BackgroundService
    {
        public int Begun { get; private set; }
        public bool IsStopped { get; private set; }

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            if (++Begun <= 2) throw new InvalidOperationException("on purpose");
            try
            {
                await Task.Delay(Timeout.Infinite, stoppingToken);
            }
            finally
            {
                IsStopped = true;
            }
        }
    }

    /// <summary>A body that takes its time.</summary>
    private sealed class SlowContent(byte[] bytes, TimeSpan takes) : HttpContent
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 0; i < 30; i++)
            {
                await stream.WriteAsync(bytes.AsMemory(bytes.Length * i / 30, bytes.Length * (i + 1) / 30 - bytes.Length * i / 30), Cancel);
                await stream.FlushAsync(Cancel);
                if (i == 3) Begun.TrySetResult();
                await Task.Delay(takes / 30, Cancel);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
