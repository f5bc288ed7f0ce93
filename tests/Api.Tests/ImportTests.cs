using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Exports;
using ModelWorkbench.Workbench.Monitoring;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A model that is made on one workbench and answers on another, which never saw its data.</summary>
public sealed class ImportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly double[][] Flowers = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.9, 4.5, 1.5], [6.3, 3.3, 6.0, 2.5], [5.84, 3.05, 3.76, 1.2]];

    private static async Task<HttpResponseMessage> ImportAsync(WorkbenchApp app, string query, byte[] file) => await app.Api.Http.PostAsync($"/api/v1/endpoints/import?{query}", new ByteArrayContent(file), Cancel);

    [Fact]
    public async Task A_model_file_answers_on_another_workbench_bit_for_bit_as_where_it_was_made()
    {
        using TemporaryFolder here = new(), there = new();
        await using var first = await WorkbenchApp.StartAsync(here.Path);
        var dataset = await first.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        await first.Api.SetRecipeAsync(dataset.Id, new DerivedColumnStep("petal_area", "petal_length * petal_width"));
        var experiment = await first.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["linear-lbfgs", "naive-bayes"], Split: new SplitPlan(Folds: 2)));
        var published = await first.Api.PublishAsync("iris", experiment.Id, 1);
        var file = await TakeAwayAsync(first, experiment.Id);
        var native = await AnswersAsync(first, "iris", published.Key!);

        await using var second = await WorkbenchApp.StartAsync(there.Path);
        EndpointApi.PublishAnswer imported;
        using (var answer = await ImportAsync(second, "name=flowers&file=iris-trial-1.mwm", file)) imported = await ApiClient.ReadAsync<EndpointApi.PublishAnswer>(answer, HttpStatusCode.Created);
        Assert.True(imported is { Version: 1, IsLive: true, Comparison: null, Key: not null });
        Assert.Equal(native, await AnswersAsync(second, "flowers", imported.Key!));

        // Where it came from, wherever it is told.
        var version = (await second.Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/flowers")).Versions.Single();
        Assert.True(version is { ExperimentId: null, TrialNumber: null, FileName: "iris-trial-1.mwm" });
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(file)), version.ModelSha256);
        Assert.Equal(EndpointEventKind.Imported, (await second.Api.GetAsync<EndpointApi.EventAnswer[]>("/api/v1/endpoints/flowers/history")).Single().Kind);
        await using (var db = await second.Services.GetRequiredService<IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel))
        {
            var line = await db.AuditEntries.SingleAsync(e => e.Action == "endpoint.import", Cancel);
            Assert.Contains(version.ModelSha256, line.Details!, StringComparison.Ordinal);
            Assert.Contains("iris-trial-1.mwm", line.Details!, StringComparison.Ordinal);
        }

        // What else an endpoint does needs no experiment.
        using (var model = Keyed(second, imported.Key!))
        {
            Assert.Contains("petal_length", await model.GetStringAsync("/api/v1/models/flowers/openapi.json", Cancel), StringComparison.Ordinal);
        }
        using (var drift = await second.Api.Http.GetAsync("/api/v1/endpoints/flowers/drift", Cancel)) Assert.True(drift.IsSuccessStatusCode, await drift.Content.ReadAsStringAsync(Cancel));
        using (var batch = await second.Api.Http.PostAsync("/api/v1/endpoints/flowers/batches?name=iris.csv", new ByteArrayContent(await File.ReadAllBytesAsync(TestFiles.Sample("iris.csv"), Cancel)), Cancel))
            Assert.Equal(HttpStatusCode.Accepted, batch.StatusCode);
        foreach (var page in (string[])["/endpoints", "/endpoints/flowers", "/endpoints/flowers?tab=versions", "/endpoints/flowers/test", "/endpoints/flowers/watch"])
            using (var shown = await second.Api.Http.GetAsync(page, Cancel)) Assert.True(shown.StatusCode is HttpStatusCode.OK or HttpStatusCode.Found or HttpStatusCode.Unauthorized, $"{page}: {shown.StatusCode}");

        // The rows it was sent are a dataset with the recipe of the other workbench.
        await AnswersAsync(second, "flowers", imported.Key!);
        using (var logged = await second.Api.Http.PostAsync("/api/v1/endpoints/flowers/log/dataset", null, Cancel))
        {
            var made = await ApiClient.ReadAsync<LogDataset.Made>(logged, HttpStatusCode.Created);
            Assert.True(made is { Target: "species", HasRecipe: true, RowCount: >= 4 }, $"{made}");
            Assert.Equal([new DerivedColumnStep("petal_area", "petal_length * petal_width")], (await second.Api.GetAsync<Recipe>($"/api/v1/datasets/{made.DatasetId}/recipe")).Steps);
        }

        // The same model again as a challenger: no answer changes, and nothing that was live is touched.
        using (var answer = await ImportAsync(second, "name=flowers&file=again.mwm&goLive=false&why=a%20trial", file))
        {
            var again = await ApiClient.ReadAsync<EndpointApi.PublishAnswer>(answer, HttpStatusCode.Created);
            Assert.True(again is { Version: 2, IsLive: false, Key: null, Comparison: { Against: 1, ChangedShare: 0, RowCount: > 0 } }, $"{again}");
        }
        // And in place of a model that was trained there: compared on the rows of its data, with the truth.
        using (var answer = await ImportAsync(first, "name=iris&file=iris.mwm", file))
        {
            var beside = (await ApiClient.ReadAsync<EndpointApi.PublishAnswer>(answer, HttpStatusCode.Created)).Comparison!;
            Assert.True(beside is { RowCount: 150, ChangedShare: 0, Metric: not null }, $"{beside}");
        }
        // A file is an artefact as any model: kept while a version names it.
        await second.Services.GetRequiredService<ArtefactSweeper>().SweepAsync(TimeSpan.Zero, Cancel);
        Assert.True(File.Exists(second.Services.GetRequiredService<ArtefactStore>().PathOf(version.ModelSha256)));
        await second.StopAsync();
        // Read again at the next start.
        await using var later = await WorkbenchApp.StartAsync(there.Path);
        Assert.Equal(native, await AnswersAsync(later, "flowers", imported.Key!));
        await later.StopAsync();
        await first.StopAsync();
    }

    [Fact]
    public async Task What_is_no_whole_model_file_of_today_is_refused_and_nothing_of_it_is_kept()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("MaxModelMegabytes", "1"));
        var good = await File.ReadAllBytesAsync(Path.Combine(TestFiles.RepositoryRoot, "tests", "Core.Tests", "Models", "Packages", "v2", "trees-multiclass.mwm"), Cancel);
        var flipped = (byte[])good.Clone();
        flipped[good.Length / 2] ^= 16;
        byte[] newer = [.. "MWM7"u8, .. good.AsSpan(4)];
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            await using var entry = await archive.CreateEntry("model.pkl").OpenAsync(Cancel);
            entry.Write("not for us"u8);
        }
        foreach (var (file, words) in ((byte[], string)[])
        [
            (flipped, "the SHA-256 of its content is"), (good[..^100], "the SHA-256 of its content is"), (good[..20], "expected at least 40"), ([], "begins with nothing"),
            (Encoding.UTF8.GetBytes("sepal_length,species\n5.1,setosa\n"), "Not a model package"), (zip.ToArray(), "Not a model package: it begins with the bytes 504b0304"),
            (newer, "format version 7; this program reads versions 1 to 3"),
        ])
        {
            using var answer = await ImportAsync(app, "name=refused", file);
            var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.UnprocessableEntity);
            Assert.Contains(words, problem.Detail, StringComparison.Ordinal);
        }
        using (var large = await ImportAsync(app, "name=refused", new byte[(1 << 20) + 1])) Assert.Contains("MaxModelMegabytes", (await ApiClient.ReadProblemAsync(large, HttpStatusCode.RequestEntityTooLarge)).Detail, StringComparison.Ordinal);
        using (var named = await ImportAsync(app, "name=No%20Name", good)) Assert.Contains("expected 1 to 63", (await ApiClient.ReadProblemAsync(named, HttpStatusCode.BadRequest)).Detail, StringComparison.Ordinal);
        Assert.Empty(await app.Api.GetAsync<EndpointApi.EndpointAnswer[]>("/api/v1/endpoints"));
        Assert.Empty(Directory.GetFiles(app.Services.GetRequiredService<ArtefactStore>().TemporaryFolder));
        Assert.Empty(app.Services.GetRequiredService<ArtefactStore>().All());

        // A file of the first version, which had no checksum, is still taken.
        var old = await File.ReadAllBytesAsync(Path.Combine(TestFiles.RepositoryRoot, "tests", "Core.Tests", "Models", "Packages", "v1", "trees-multiclass.mwm"), Cancel);
        using (var answer = await ImportAsync(app, "name=old", old)) Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        await app.StopAsync();
    }

    private static async Task<byte[]> TakeAwayAsync(WorkbenchApp app, int experiment)
    {
        var address = $"/api/v1/experiments/{experiment}/trials/1/exports";
        (await app.Api.Http.PostAsync(address, null, Cancel)).EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => (await app.Api.GetAsync<ExportsApi.ExportsAnswer>(address)).Status is "completed" or "failed", TimeSpan.FromMinutes(5), "the exports");
        return await app.Api.Http.GetByteArrayAsync($"{address}/package", Cancel);
    }

    private static HttpClient Keyed(WorkbenchApp app, string key)
    {
        var http = app.Anonymous();
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }

    /// <summary>What callers get in two dialects, as the digits of its numbers stand in the text.</summary>
    private static async Task<string[]> AnswersAsync(WorkbenchApp app, string name, string key)
    {
        using var http = Keyed(app, key);
        using var native = await http.PostAsync($"/api/v1/models/{name}/predict", ApiClient.Json(JsonSerializer.Serialize(new { features = Flowers })), Cancel);
        var inputs = Enumerable.Range(0, 4).Select(i => new { name = (string[])["sepal_length", "sepal_width", "petal_length", "petal_width"] is var names ? names[i] : "", shape = new[] { Flowers.Length }, datatype = "FP64", data = Flowers.Select(f => f[i]) });
        using var oip = await http.PostAsync($"/v2/models/{name}/infer", ApiClient.Json(JsonSerializer.Serialize(new { inputs })), Cancel);
        return
        [
            (await ApiClient.ReadAsync<JsonElement>(native, HttpStatusCode.OK)).GetProperty("predictions").GetRawText(),
            (await ApiClient.ReadAsync<JsonElement>(oip, HttpStatusCode.OK)).GetProperty("outputs").GetRawText(),
        ];
    }
}
