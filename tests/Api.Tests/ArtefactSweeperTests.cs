using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

public sealed class ArtefactSweeperTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_are_freed_when_the_last_row_that_names_them_is_gone_and_not_before()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var store = app.Services.GetRequiredService<ArtefactStore>();
        var sweeper = app.Services.GetRequiredService<ArtefactSweeper>();
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["baseline", "naive-bayes"], Split: new SplitPlan(Folds: 2)));
        await app.Api.PublishAsync("iris", experiment.Id, 2);
        await app.Api.FinalReportAsync(experiment.Id, 2);
        // Reports that were made before the models are replaced by those with explanations.
        Assert.True(await sweeper.SweepAsync(TimeSpan.Zero, Cancel) > 0);
        var all = store.All().Count();
        Assert.Equal(0, await sweeper.SweepAsync(TimeSpan.Zero, Cancel));
        Assert.Equal(all, store.All().Count());

        // Without the dataset its original goes; the table is the experiment's too.
        await app.Api.DeleteAsync($"/api/v1/datasets/{dataset.Id}");
        Assert.Equal(0, await sweeper.SweepAsync(ArtefactSweeper.Grace, Cancel));
        Assert.Equal(new FileInfo(TestFiles.Sample("iris.csv")).Length, await sweeper.SweepAsync(TimeSpan.Zero, Cancel));
        Assert.Equal(all - 1, store.All().Count());

        // Without the experiment only the published model is left, and it answers.
        await app.Api.DeleteAsync($"/api/v1/experiments/{experiment.Id}");
        Assert.True(await sweeper.SweepAsync(TimeSpan.Zero, Cancel) > 0);
        Assert.Single(store.All());
        Assert.Equal(4, (await app.Api.GetAsync<Workbench.Endpoints.EndpointApi.EndpointAnswer>("/api/v1/endpoints/iris")).Inputs!.Count);

        await app.Api.DeleteAsync("/api/v1/endpoints/iris");
        await sweeper.SweepAsync(TimeSpan.Zero, Cancel);
        Assert.Empty(store.All());
        await app.StopAsync();
    }

    [Fact]
    public async Task A_thousand_strays_go_after_the_time_of_grace_what_is_named_stays_and_a_backup_holds_it_all_up()
    {
        using var folder = new TemporaryFolder();
        string[] named;
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            named = [.. app.Services.GetRequiredService<ArtefactStore>().All().Order(StringComparer.Ordinal)];
            await app.StopAsync();
        }
        var strays = new ArtefactStore(folder.Path);
        var old = TimeProvider.System.GetUtcNow().AddDays(-1).UtcDateTime;
        for (var i = 0; i < 1_000; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(strays.TemporaryFolder, $"{i}.tmp"), "left", Cancel);
            if (i < 500) File.SetLastWriteTimeUtc(strays.PathOf(await strays.AddBytesAsync(BitConverter.GetBytes(i), Cancel)), old);
        }
        foreach (var sha256 in named) File.SetLastWriteTimeUtc(strays.PathOf(sha256), old);
        var young = await strays.AddBytesAsync(new byte[] { 1, 2, 3, 4, 5 }, Cancel);

        await using var next = await WorkbenchApp.StartAsync(folder.Path);
        var (store, sweeper) = (next.Services.GetRequiredService<ArtefactStore>(), next.Services.GetRequiredService<ArtefactSweeper>());
        Assert.Empty(Directory.GetFiles(store.TemporaryFolder, "*.tmp"));
        // The program sweeps by itself when it starts.
        await Poll.UntilAsync(() => Task.FromResult(store.All().Count() == named.Length + 1), TimeSpan.FromSeconds(20), "the strays are gone");
        Assert.Equal(named.Append(young).Order(StringComparer.Ordinal), store.All().Order(StringComparer.Ordinal));

        using (DataFolderLock.TryTake(folder.Path, DataFolderLock.Backup)) Assert.Equal(0, await sweeper.SweepAsync(TimeSpan.Zero, Cancel));
        Assert.Equal(5, await sweeper.SweepAsync(TimeSpan.Zero, Cancel));
        await next.StopAsync();
    }

    [Fact]
    public async Task What_is_taken_in_again_is_young_again()
    {
        using var folder = new TemporaryFolder();
        var store = new ArtefactStore(folder.Path);
        var sha256 = await store.AddBytesAsync(new byte[] { 1, 2, 3 }, Cancel);
        var old = TimeProvider.System.GetUtcNow().AddHours(-1);
        File.SetLastWriteTimeUtc(store.PathOf(sha256), old.UtcDateTime);
        Assert.Equal(sha256, await store.AddBytesAsync(new byte[] { 1, 2, 3 }, Cancel));
        Assert.Null(await store.DeleteAsync(sha256, old.AddMinutes(30), Cancel));
        Assert.Equal(3, await store.DeleteAsync(sha256, TimeProvider.System.GetUtcNow().AddSeconds(1), Cancel));
        Assert.Null(await store.DeleteAsync(sha256, TimeProvider.System.GetUtcNow().AddSeconds(1), Cancel));
    }
}
