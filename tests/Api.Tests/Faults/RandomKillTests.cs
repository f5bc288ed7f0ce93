using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F1: the program, its training process or both are killed at random moments of uploading, deleting, training and publishing; what was acknowledged is there afterwards, and nothing is half there.</summary>
public sealed class RandomKillTests(ITestOutputHelper output)
{
    private const int Seed = 20261128;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What the program said that it had done, kept outside of it.</summary>
    private sealed class Ledger
    {
        public ConcurrentDictionary<int, string> Datasets { get; } = [];
        public ConcurrentDictionary<int, bool> Deleted { get; } = [];
        public ConcurrentBag<int> Experiments { get; } = [];
        public ConcurrentBag<int> Versions { get; } = [];
        public int Acknowledged => Datasets.Count + Deleted.Values.Count(isAcknowledged => isAcknowledged) + Experiments.Count + Versions.Count;
    }

    [Fact]
    public async Task What_was_acknowledged_outlives_kill_9_and_nothing_is_half_there()
    {
        var kills = FaultRun.Count(3, 200);
        using var folder = new TemporaryFolder();
        var ledger = new Ledger();
        var random = new Random(Seed);
        int experiment, iris;
        string key;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            (experiment, key) = await FaultRun.PrepareAsync(program.Api);
            var dataset = Assert.Single(await program.Api.GetAsync<DatasetApi.DatasetAnswer[]>("/api/v1/datasets"));
            ledger.Datasets[iris = dataset.Id] = dataset.FileSha256;
            ledger.Versions.Add(1);
            await program.KillAsync();
        }
        List<double> starts = [];
        for (var kill = 0; kill < kills; kill++)
        {
            var clock = Stopwatch.StartNew();
            using var program = await WorkbenchProcess.StartAsync(folder.Path);
            starts.Add(clock.Elapsed.TotalSeconds);
            await CheckAsync(program, folder.Path, ledger, key);
            var before = ledger.Acknowledged;
            var work = Task.WhenAll(UploadAndDeleteAsync(program.Api, ledger, kill, 0), UploadAndDeleteAsync(program.Api, ledger, kill, 1), PublishAsync(program.Api, ledger, experiment), TrainAsync(program.Api, ledger, iris));
            // On a busy machine the first moments see nothing done, and a kill then shows nothing.
            await Poll.UntilAsync(() => Task.FromResult(ledger.Acknowledged > before), TimeSpan.FromSeconds(30), "something is acknowledged");
            await Task.Delay(random.Next(0, 1_500), Cancel);
            // Every third time what trains goes first, and the program notices or not.
            if (kill % 3 == 2 && TrainingProcesses.Of(folder.Path) is [var child, ..]) Kill(child);
            await program.KillAsync();
            await work;
            await Poll.UntilAsync(() => Task.FromResult(TrainingProcesses.Of(folder.Path).Count == 0), TimeSpan.FromSeconds(20), "no training process is left");
        }
        using (var last = await WorkbenchProcess.StartAsync(folder.Path))
        {
            await CheckAsync(last, folder.Path, ledger, key);
            // None of them waits for something that will never come; what was interrupted says so.
            foreach (var id in ledger.Experiments)
                await last.Api.WaitForExperimentAsync(id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running), $"experiment {id} has ended");
        }
        starts.Sort();
        FaultRun.Report(output, "F1", $"kills survived {kills}/{kills} · acknowledged {ledger.Acknowledged}, lost 0 · bad artefacts 0 · stuck jobs 0/{ledger.Experiments.Count} · orphans 0 · start and first token p95 {starts[(int)(starts.Count * 0.95)]:0.0} s (seed {Seed})");
    }

    private static void Kill(int process)
    {
        try
        {
            using var child = Process.GetProcessById(process);
            child.Kill();
        }
        catch (ArgumentException)
        {
            // It has just ended.
        }
    }

    private static async Task CheckAsync(WorkbenchProcess program, string folder, Ledger ledger, string key)
    {
        var endpoint = await FaultRun.CheckAsync(program.Api, folder, key);
        Assert.Empty(ledger.Versions.Except(endpoint.Versions.Select(v => v.Number)));
        var datasets = await program.Api.GetAsync<DatasetApi.DatasetAnswer[]>("/api/v1/datasets");
        foreach (var (id, sha256) in ledger.Datasets)
        {
            var found = datasets.SingleOrDefault(d => d.Id == id);
            // One whose deletion was under way when the program was killed may be there or not.
            if (ledger.Deleted.TryGetValue(id, out var isAcknowledged)) Assert.True(!isAcknowledged || found is null, $"Dataset {id} is back, although its deletion was acknowledged.");
            else Assert.True(found?.FileSha256 == sha256, $"Dataset {id} was acknowledged and is {(found is null ? "gone" : "another one")}.");
        }
        var experiments = await program.Api.GetAsync<ExperimentApi.ExperimentAnswer[]>("/api/v1/experiments");
        Assert.Empty(ledger.Experiments.Except(experiments.Select(e => e.Id)));
    }

    private static async Task UploadAndDeleteAsync(ApiClient api, Ledger ledger, int kill, int worker)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                using var content = new StringContent(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"a,b\n{kill},{worker}\n{i},{i}\n"));
                using var answer = await api.Http.PostAsync($"/api/v1/datasets?name=d.csv", content, Cancel);
                var dataset = await ApiClient.ReadAsync<DatasetApi.DatasetAnswer>(answer, HttpStatusCode.Created);
                ledger.Datasets[dataset.Id] = dataset.FileSha256;
                if (i % 3 != 2) continue;
                ledger.Deleted[dataset.Id] = false;
                await api.DeleteAsync($"/api/v1/datasets/{dataset.Id}");
                ledger.Deleted[dataset.Id] = true;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Killed.
        }
    }

    private static async Task PublishAsync(ApiClient api, Ledger ledger, int experiment)
    {
        try
        {
            for (var i = 0; ; i++) ledger.Versions.Add((await api.PublishAsync("iris", experiment, 1 + i % 2)).Version);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Killed.
        }
    }

    private static async Task TrainAsync(ApiClient api, Ledger ledger, int iris)
    {
        try
        {
            var id = (await api.StartAsync(new ExperimentApi.StartBody(iris, "species", Trainers: ["baseline", "linear-lbfgs", "extra-trees"], BudgetSeconds: 60))).Id;
            ledger.Experiments.Add(id);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Killed.
        }
    }
}
