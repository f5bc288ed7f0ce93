using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The program is killed at random moments of uploading, publishing and deleting; what it had acknowledged is there afterwards, and nothing is half there.</summary>
/// <remarks>Ten kills as a rule; as many as the environment variable WORKBENCH_KILLS says.</remarks>
[Collection(nameof(AloneCollection))]
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Seed = 20261128;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What the program said that it had done, kept outside of it.</summary>
    private sealed class Ledger
    {
        public ConcurrentDictionary<int, string> Datasets { get; } = [];
        public ConcurrentDictionary<int, bool> Deleted { get; } = [];
        public ConcurrentBag<int> Versions { get; } = [];
        public int Acknowledged => Datasets.Count + Deleted.Count + Versions.Count;
    }

    [Fact]
    public async Task What_was_acknowledged_outlives_kill_9_and_nothing_is_half_there()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("WORKBENCH_KILLS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 10;
        using var folder = new TemporaryFolder();
        var ledger = new Ledger();
        var random = new Random(Seed);
        int experiment;
        string key;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            var iris = await program.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            ledger.Datasets[iris.Id] = iris.FileSha256;
            experiment = (await program.Api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["baseline", "linear-lbfgs"], BudgetSeconds: 60))).Id;
            var published = await program.Api.PublishAsync("iris", experiment, 2);
            (key, _) = (published.Key!, published.Version);
            ledger.Versions.Add(published.Version);
            await program.KillAsync();
        }
        List<double> starts = [];
        for (var kill = 0; kill < kills; kill++)
        {
            var clock = Stopwatch.StartNew();
            using var program = await WorkbenchProcess.StartAsync(folder.Path);
            starts.Add(clock.Elapsed.TotalSeconds);
            await CheckAsync(program, folder.Path, ledger, key);
            var work = Task.WhenAll(UploadAndDeleteAsync(program.Api, ledger, kill, 0), UploadAndDeleteAsync(program.Api, ledger, kill, 1), PublishAsync(program.Api, ledger, experiment));
            await Task.Delay(random.Next(100, 1_500), Cancel);
            await program.KillAsync();
            await work;
        }
        using (var last = await WorkbenchProcess.StartAsync(folder.Path)) await CheckAsync(last, folder.Path, ledger, key);
        starts.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kills survived {kills}/{kills} · acknowledged {ledger.Acknowledged}, lost 0 · bad artefacts 0 · audit chain intact · start and first token p95 {starts[(int)(starts.Count * 0.95)]:0.0} s (seed {Seed})"));
    }

    private static async Task CheckAsync(WorkbenchProcess program, string folder, Ledger ledger, string key)
    {
        var datasets = await program.Api.GetAsync<DatasetApi.DatasetAnswer[]>("/api/v1/datasets");
        foreach (var (id, sha256) in ledger.Datasets)
        {
            var found = datasets.SingleOrDefault(d => d.Id == id);
            // One whose deletion was under way when the program was killed may be there or not.
            if (ledger.Deleted.TryGetValue(id, out var isAcknowledged)) Assert.True(!isAcknowledged || found is null, $"Dataset {id} is back, although its deletion was acknowledged.");
            else Assert.True(found?.FileSha256 == sha256, $"Dataset {id} was acknowledged and is {(found is null ? "gone" : "another one")}.");
        }
        var endpoint = await program.Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/iris");
        Assert.Null(endpoint.Failure);
        Assert.Empty(ledger.Versions.Except(endpoint.Versions.Select(v => v.Number)));
        using (var answer = await new ModelClient(program.Api.Http, "iris", key).SendAsync("""{"features": [[5.1, 3.5, 1.4, 0.2]]}""")) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var chain = await program.Api.GetAsync<AuditCheck>("/api/v1/audit/check");
        Assert.True(chain.IsIntact, chain.Describe());
        Assert.Null(DatabaseCopies.Check(StorageSetup.DatabaseFile(folder)));
        await using var db = StorageSetup.Open(new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder($"Data Source={StorageSetup.DatabaseFile(folder)};Mode=ReadOnly;Pooling=False"));
        var store = new ArtefactStore(folder);
        foreach (var sha256 in await ArtefactNames.OfAsync(db, store, Cancel)) await store.ReadVerifiedAsync(sha256, Cancel);
        // A fact of an endpoint and its line are one transaction.
        Assert.Equal(endpoint.Versions.Count, await db.AuditEntries.CountAsync(e => e.Action == "endpoint.publish", Cancel));
    }

    private static async Task UploadAndDeleteAsync(ApiClient api, Ledger ledger, int kill, int worker)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                using var content = new StringContent(string.Create(CultureInfo.InvariantCulture, $"a,b\n{kill},{worker}\n{i},{i}\n"));
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
}
