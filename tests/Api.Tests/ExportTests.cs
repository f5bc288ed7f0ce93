using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Exports;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Models taken away over HTTP: written and proved in the training process, kept, handed out whole or not at all.</summary>
public sealed class ExportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_model_is_written_in_every_form_proved_handed_out_and_swept_with_its_experiment()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("penguins.csv"));
        // The second trial has no model yet: it is made on the way.
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["linear-lbfgs", "naive-bayes"], Split: new SplitPlan(Folds: 2)));
        var address = $"/api/v1/experiments/{experiment.Id}/trials/2/exports";
        Assert.Equal("none", (await app.Api.GetAsync<ExportsApi.ExportsAnswer>(address)).Status);
        await ApiClient.ReadProblemAsync(await app.Api.Http.GetAsync($"{address}/onnx", Cancel), HttpStatusCode.Conflict);
        await ApiClient.ReadProblemAsync(await app.Api.Http.DeleteAsync(address, Cancel), HttpStatusCode.NotFound);

        var answer = await ApiClient.ReadAsync<ExportsApi.ExportsAnswer>(await app.Api.Http.PostAsync(address, null, Cancel), HttpStatusCode.Accepted);
        Assert.Contains(answer.Status, (string[])["waiting", "running"]);
        await Poll.UntilAsync(async () => (answer = await app.Api.GetAsync<ExportsApi.ExportsAnswer>(address)).Status is "completed" or "failed", TimeSpan.FromMinutes(5), "the exports");
        Assert.Null(answer.Reason);
        var report = answer.Exports!;
        Assert.Equal(ExporterCatalog.All.Select(e => e.Id), report.Entries.Select(e => e.ExporterId));
        foreach (var id in (string[])["package", "onnx", "ml-net"])
        {
            var entry = report.Find(id)!;
            Assert.True(entry.Proof is { IsEqual: true, Rows: > 50 }, $"{id}: {entry.Proof} {entry.Failure}");
            using var response = await app.Api.Http.GetAsync($"{address}/{id}", Cancel);
            var content = await response.Content.ReadAsByteArrayAsync(Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.DispositionType);
            Assert.Equal(entry.File!.Name, response.Content.Headers.ContentDisposition?.FileName?.Trim('"'));
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal(entry.File.Sha256, Convert.ToHexStringLower(SHA256.HashData(content)));
            Assert.Equal(entry.File.Sha256, response.Headers.GetValues("X-Content-SHA256").Single());
            Assert.Equal(entry.File.Bytes, content.Length);
            if (id == "package") Assert.Equal("species", ModelPackage.Read(new MemoryStream(content)).Manifest.Target.Column);
        }
        Assert.StartsWith("penguins-trial-2", report.Find("onnx")!.File!.Name, StringComparison.Ordinal);
        Assert.Contains(report.Find("onnx")!.Use, s => s.Title == "Python" && s.Text.Contains("penguins-trial-2.onnx", StringComparison.Ordinal));
        await ApiClient.ReadProblemAsync(await app.Api.Http.GetAsync($"{address}/floppy", Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await app.Api.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/trials/99/exports", null, Cancel), HttpStatusCode.NotFound);

        // The files are no waste while the experiment is there.
        var (store, sweeper) = (app.Services.GetRequiredService<ArtefactStore>(), app.Services.GetRequiredService<ArtefactSweeper>());
        await sweeper.SweepAsync(TimeSpan.Zero, Cancel);
        var graph = store.PathOf(report.Find("onnx")!.File!.Sha256);
        Assert.True(File.Exists(graph));

        // One bit, and nothing is handed out.
        var bytes = await File.ReadAllBytesAsync(graph, Cancel);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(graph, bytes, Cancel);
        Assert.Contains("damaged", (await ApiClient.ReadProblemAsync(await app.Api.Http.GetAsync($"{address}/onnx", Cancel), HttpStatusCode.InternalServerError)).Detail);

        await app.Api.DeleteAsync($"/api/v1/experiments/{experiment.Id}");
        await sweeper.SweepAsync(TimeSpan.Zero, Cancel);
        Assert.False(File.Exists(graph));
        await app.StopAsync();
    }
}
