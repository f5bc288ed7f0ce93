using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Batches;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Files that are scored as jobs.</summary>
public sealed class BatchTests(PublishedModels models, ITestOutputHelper output) : IClassFixture<PublishedModels>
{
    private const string Header = "id,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex\n";
    private const string Adelie = "Torgersen,39.1,18.7,181,3750,male";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private ApiClient Api => models.App.Api;

    [Fact]
    public async Task A_file_comes_back_with_predictions_and_says_which_rows_have_none()
    {
        var job = await StartAsync(Api, "penguins", Header + $"1,{Adelie}\n2,Torgersen,long,18.7,181,3750,male\n3,Biscoe,46.1,13.2,211,4500,\n", "?name=some%20birds.csv");
        Assert.Equal(("penguins", 1, "some birds.csv"), (job.Endpoint, job.Version, job.FileName));
        job = await WaitAsync(Api, job.Id, b => b.Status == BatchJobStatus.Completed);
        Assert.Equal((3, 1, 1.0), (job.Rows, job.ErrorRows, job.Fraction));
        Assert.Equal(3, Assert.Single(job.FirstErrors).Line);
        using var answer = await Api.Http.GetAsync(job.Result, Cancel);
        Assert.Equal(("text/csv", "some birds-scored.csv"), (answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentDisposition!.FileNameStar));
        var lines = (await answer.Content.ReadAsStringAsync(Cancel)).Split('\n');
        Assert.Equal("id,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,prediction,probability Adelie,probability Chinstrap,probability Gentoo,error", lines[0]);
        Assert.StartsWith($"1,{Adelie},Adelie,0.", lines[1]);
        Assert.StartsWith("2,Torgersen,long,18.7,181,3750,male,,,,,\"bill_length_mm: found \"\"long\"\", expected a number (training range 32.1 to 59.6) or null\"", lines[2]);
        Assert.StartsWith("3,Biscoe,46.1,13.2,211,4500,,Gentoo,", lines[3]);

        // The same as a request gets, to the last digit.
        using var single = await models.Penguins.SendAsync("""{"features": [["Torgersen", 39.1, 18.7, 181, 3750, "male"]]}""");
        var probabilities = (await ApiClient.ReadAsync<JsonElement>(single, HttpStatusCode.OK)).GetProperty("probabilities")[0].EnumerateArray().Select(p => p.GetRawText());
        Assert.Equal(probabilities, lines[1].Split(',')[8..11]);

        await Api.DeleteAsync($"/api/v1/batches/{job.Id}");
        using var gone = await Api.Http.GetAsync(job.Result, Cancel);
        Assert.Contains($"no batch {job.Id}", (await ApiClient.ReadProblemAsync(gone, HttpStatusCode.NotFound)).Detail);
    }

    [Fact]
    public async Task An_upload_that_is_packed_is_scored_by_the_version_that_was_asked_for()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync(Encoding.UTF8.GetBytes(Header + $"1,{Adelie}\n"), Cancel);
        using var create = new HttpRequestMessage(HttpMethod.Post, "/api/v1/uploads");
        create.Headers.Add("Upload-Length", packed.Length.ToString(CultureInfo.InvariantCulture));
        create.Headers.Add("Upload-Metadata", $"filename {Convert.ToBase64String("birds.csv.gz"u8)}");
        using var created = await Api.Http.SendAsync(create, Cancel);
        var address = created.Headers.Location!.ToString();
        var uploadId = address[(address.LastIndexOf('/') + 1)..];
        using (var early = await Api.Http.PostAsJsonAsync("/api/v1/endpoints/penguins/batches", new BatchApi.BatchBody(uploadId, 1), CoreJson.Options, Cancel))
            Assert.Contains($"0 of {packed.Length} bytes", (await ApiClient.ReadProblemAsync(early, HttpStatusCode.Conflict)).Detail);
        using var piece = new HttpRequestMessage(HttpMethod.Patch, address) { Content = new ByteArrayContent(packed.ToArray()) };
        piece.Headers.Add("Upload-Offset", "0");
        piece.Content.Headers.ContentType = new("application/offset+octet-stream");
        using (var sent = await Api.Http.SendAsync(piece, Cancel)) Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);

        using var answer = await Api.Http.PostAsJsonAsync("/api/v1/endpoints/penguins/batches", new BatchApi.BatchBody(uploadId, 1), CoreJson.Options, Cancel);
        var job = await WaitAsync(Api, (await ApiClient.ReadAsync<BatchApi.BatchAnswer>(answer, HttpStatusCode.Accepted)).Id, b => b.Status == BatchJobStatus.Completed);
        Assert.Equal(("birds.csv.gz", 1L, 0L), (job.FileName, job.Rows, job.ErrorRows));
        Assert.Contains(job.Id, (await Api.GetAsync<BatchApi.BatchAnswer[]>("/api/v1/batches?endpoint=penguins")).Select(b => b.Id));
        Assert.Empty(await Api.GetAsync<BatchApi.BatchAnswer[]>("/api/v1/batches?endpoint=homes"));
    }

    [Theory]
    [InlineData("penguins", "", "island,bill_length_mm\nBiscoe,40\n", 422, "no column 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g', 'sex'")]
    [InlineData("penguins", "", "", 422, "The file is empty")]
    [InlineData("penguins", "", "\u0089PNG\0\0\0\0", 422, "a PNG image")]
    [InlineData("penguins", "?version=7", Header, 404, "no version 7 that can be asked; expected 1")]
    [InlineData("parrots", "", Header, 404, "no endpoint 'parrots'")]
    public async Task What_cannot_be_scored_is_refused_at_once(string endpoint, string query, string body, int status, string expected)
    {
        using var answer = await Api.Http.PostAsync($"/api/v1/endpoints/{endpoint}/batches{query}", new ByteArrayContent(Encoding.Latin1.GetBytes(body)), Cancel);
        Assert.Contains(expected, (await ApiClient.ReadProblemAsync(answer, (HttpStatusCode)status)).Detail);
    }

    [Fact]
    public async Task Bodies_and_addresses_that_make_no_sense_are_refused_in_words()
    {
        using (var unknown = await Api.Http.PostAsync("/api/v1/endpoints/penguins/batches", ApiClient.Json("""{"uploadId":"0123456789abcdef0123456789abcdef"}"""), Cancel))
            Assert.Contains("no such upload", (await ApiClient.ReadProblemAsync(unknown, HttpStatusCode.NotFound)).Detail);
        using (var broken = await Api.Http.PostAsync("/api/v1/endpoints/penguins/batches", ApiClient.Json("""{"version":1}"""), Cancel))
            Assert.Contains("uploadId", (await ApiClient.ReadProblemAsync(broken, HttpStatusCode.BadRequest)).Detail);
        foreach (var method in (string[])["GET", "DELETE"])
        {
            using var answer = await Api.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/api/v1/batches/99999"), Cancel);
            Assert.Contains("no batch 99999", (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.NotFound)).Detail);
        }
    }

    [Fact]
    public async Task A_job_that_is_cancelled_stops_and_goes_on_when_it_is_asked_to()
    {
        var rows = Many(400_000);
        var whole = await WaitAsync(Api, (await StartAsync(Api, "penguins", rows)).Id, b => b.Status == BatchJobStatus.Completed);
        var job = await StartAsync(Api, "penguins", rows);
        job = await WaitAsync(Api, job.Id, b => b.Status == BatchJobStatus.Running && b.Rows > 0);
        Assert.Equal(job.BytesTotal, rows.Length);
        using (var early = await Api.Http.GetAsync($"/api/v1/batches/{job.Id}/result", Cancel)) Assert.Contains("is running; expected one that is completed", (await ApiClient.ReadProblemAsync(early, HttpStatusCode.Conflict)).Detail);
        await Api.DeleteAsync($"/api/v1/batches/{job.Id}");
        // It stops within a chunk, and then says how far it came.
        job = await WaitAsync(Api, job.Id, b => b is { Status: BatchJobStatus.Cancelled, SecondsLeft: null, Rows: > 0 });
        await Task.Delay(500, Cancel);
        var later = await Api.GetAsync<BatchApi.BatchAnswer>($"/api/v1/batches/{job.Id}");
        Assert.InRange(later.Rows, 1, 399_999);
        using (var resumed = await Api.Http.PostAsync($"/api/v1/batches/{job.Id}/resume", null, Cancel)) Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        job = await WaitAsync(Api, job.Id, b => b.Status == BatchJobStatus.Completed);
        Assert.Equal(400_000, job.Rows);
        Assert.Equal(await HashAsync(Api, whole), await HashAsync(Api, job));
        using var again = await Api.Http.PostAsync($"/api/v1/batches/{job.Id}/resume", null, Cancel);
        Assert.Contains("is completed", (await ApiClient.ReadProblemAsync(again, HttpStatusCode.Conflict)).Detail);
    }

    [Fact]
    public async Task After_kill_9_a_job_goes_on_where_the_disk_says_and_ends_as_if_nothing_had_been()
    {
        using var folder = new TemporaryFolder();
        var rows = Many(1_000_000);
        int id;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            var dataset = await program.Api.UploadAsync(TestFiles.Sample("penguins.csv"));
            var experiment = await program.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["linear-lbfgs"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
            await program.Api.PublishAsync("penguins", experiment.Id, 1);
            id = (await StartAsync(program.Api, "penguins", rows)).Id;
            await Poll.UntilAsync(() => Task.FromResult(RowsOnDisk(folder.Path, id) > 0), Patience, "some rows are written down");
            await program.KillAsync();
        }
        var kept = RowsOnDisk(folder.Path, id);
        Assert.InRange(kept, 1, 999_999);
        output.WriteLine($"{kept:N0} of 1,000,000 rows were done when the program was killed");

        using var next = await WorkbenchProcess.StartAsync(folder.Path);
        var job = await WaitAsync(next.Api, id, b =>
        {
            // Begun anew it would say fewer.
            Assert.True(b.Rows >= kept, $"{b.Rows} rows are done, {kept} were done before the kill.");
            return b.Status == BatchJobStatus.Completed;
        });
        Assert.Equal((1_000_000, 0), (job.Rows, job.ErrorRows));
        var whole = await WaitAsync(next.Api, (await StartAsync(next.Api, "penguins", rows)).Id, b => b.Status == BatchJobStatus.Completed);
        Assert.Equal(await HashAsync(next.Api, whole), await HashAsync(next.Api, job));
        Assert.Empty(Directory.GetFiles(Path.Combine(folder.Path, "batches")));
    }

    [Fact]
    public async Task Single_requests_are_answered_while_a_file_is_scored()
    {
        var job = await StartAsync(Api, "penguins", Many(600_000));
        await WaitAsync(Api, job.Id, b => b.Status == BatchJobStatus.Running && b.Rows > 0);
        List<double> milliseconds = [];
        for (var i = 0; i < 50; i++)
        {
            var clock = Stopwatch.StartNew();
            using var answer = await models.Penguins.SendAsync("""{"features": [["Torgersen", 39.1, 18.7, 181, 3750, "male"]]}""");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            milliseconds.Add(clock.Elapsed.TotalMilliseconds);
        }
        milliseconds.Sort();
        output.WriteLine($"while a file is scored: p50 {milliseconds[25]:0.0} ms, slowest {milliseconds[^1]:0.0} ms");
        Assert.True(milliseconds[25] < 250, $"Half of the answers took more than {milliseconds[25]:0} ms.");
        await WaitAsync(Api, job.Id, b => b.Status == BatchJobStatus.Completed);
    }

    private static string Many(int rows)
    {
        var text = new StringBuilder(Header, rows * 48);
        for (var i = 0; i < rows; i++) text.Append(CultureInfo.InvariantCulture, $"{i},{(i % 3 == 0 ? "Biscoe" : "Dream")},{33 + (i % 257 * 0.1):F1},{13 + (i % 83 * 0.1):F1},{172 + (i % 60)},{2700 + (i % 3600)},{(i % 2 == 0 ? "male" : "female")}\n");
        return text.ToString();
    }

    private static async Task<BatchApi.BatchAnswer> StartAsync(ApiClient api, string endpoint, string csv, string query = "")
    {
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(csv));
        body.Headers.ContentType = new("text/csv");
        using var answer = await api.Http.PostAsync($"/api/v1/endpoints/{endpoint}/batches{query}", body, Cancel);
        return await ApiClient.ReadAsync<BatchApi.BatchAnswer>(answer, HttpStatusCode.Accepted);
    }

    private static async Task<BatchApi.BatchAnswer> WaitAsync(ApiClient api, int id, Func<BatchApi.BatchAnswer, bool> until)
    {
        BatchApi.BatchAnswer job = null!;
        await Poll.UntilAsync(async () =>
        {
            job = await api.GetAsync<BatchApi.BatchAnswer>($"/api/v1/batches/{id}");
            Assert.False(job.Status == BatchJobStatus.Failed, job.Reason);
            return until(job);
        }, Patience, "the batch is that far");
        return job;
    }

    private static async Task<string> HashAsync(ApiClient api, BatchApi.BatchAnswer job)
    {
        await using var result = await api.Http.GetStreamAsync(job.Result, Cancel);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(result, Cancel));
    }

    private static long RowsOnDisk(string dataFolder, int id) => Convert.ToInt64(TestDatabase.Ask(dataFolder, $"SELECT \"RowsDone\" FROM \"BatchJobs\" WHERE \"Id\" = {id}"), System.Globalization.CultureInfo.InvariantCulture);
}
