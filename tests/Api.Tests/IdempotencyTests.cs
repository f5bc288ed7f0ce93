using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A POST that is sent again with its idempotency key is answered again and not done again.</summary>
public sealed class IdempotencyTests
{
    private const string Csv = "a,b,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_upload_twice_at_once_is_one_dataset()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync(app.Api.Http, "/api/v1/datasets?name=a.csv", Text(Csv), "click-1")));
        Assert.Contains(answers, a => a.Status == HttpStatusCode.Created);
        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.Created or HttpStatusCode.Conflict, a.Body));
        Assert.Single(answers.Where(a => a.Status == HttpStatusCode.Created).Select(a => a.Body).Distinct());
        Assert.Single(await app.Api.GetAsync<List<DatasetApi.DatasetAnswer>>("/api/v1/datasets"));

        // While one is under way it is said so: the first has sent only half of its file.
        using var slow = new HalfContent(Csv);
        var first = SendAsync(app.Api.Http, "/api/v1/datasets?name=b.csv", slow, "click-2");
        await slow.HalfSent;
        var databases = app.Services.GetRequiredService<IDbContextFactory<AppDb>>();
        await Poll.UntilAsync(async () =>
        {
            await using var db = await databases.CreateDbContextAsync(Cancel);
            return await db.Idempotencies.AnyAsync(i => i.Answer == null, Cancel);
        }, TimeSpan.FromSeconds(20), "the first has its key");
        Assert.Contains("Under way", (await SendAsync(app.Api.Http, "/api/v1/datasets?name=b.csv", Text(Csv), "click-2")).Body);
        slow.Release();
        Assert.Equal(HttpStatusCode.Created, (await first).Status);
        Assert.Equal(2, (await app.Api.GetAsync<List<DatasetApi.DatasetAnswer>>("/api/v1/datasets")).Count);

        // Another body or address is another wish, and an error of the caller's.
        Assert.Contains("Another request", (await SendAsync(app.Api.Http, "/api/v1/datasets?name=b.csv", Text(Csv + "9,9,y\n"), "click-2")).Body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(app.Api.Http, "/api/v1/datasets?name=c.csv", Text(Csv), "click-2")).Status);
        foreach (var wrong in (string[])["a b", new string('x', 256)]) Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(app.Api.Http, "/api/v1/datasets?name=c.csv", Text(Csv), wrong)).Status);
        // What was refused leaves the key free for what is right.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(app.Api.Http, "/api/v1/datasets?name=c.csv", Text(""), "click-3")).Status);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(app.Api.Http, "/api/v1/datasets?name=c.csv", Text(Csv), "click-3")).Status);
        await app.StopAsync();
    }

    [Fact]
    public async Task An_answer_outlives_a_restart_with_its_secret_which_stands_nowhere_in_the_clear()
    {
        using var folder = new TemporaryFolder();
        (HttpStatusCode Status, string Body, string? Location, bool IsReplayed) experiment, published;
        string token;
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            token = app.Api.Http.DefaultRequestHeaders.Authorization!.Parameter!;
            var iris = await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            experiment = await SendAsync(app.Api.Http, "/api/v1/experiments", Json(new { datasetId = iris.Id, target = "species", trainers = new[] { "baseline" }, tuning = "defaultsOnly" }), "start-1");
            Assert.Equal(HttpStatusCode.Accepted, experiment.Status);
            var id = JsonDocument.Parse(experiment.Body).RootElement.GetProperty("id").GetInt32();
            await app.Api.WaitForExperimentAsync(id, e => e.Status == ExperimentStatus.Completed, "it has ended");
            published = await SendAsync(app.Api.Http, "/api/v1/endpoints", Json(new { name = "iris", experimentId = id, trialNumber = 1 }), "publish-1");
            Assert.Equal((HttpStatusCode.Created, false), (published.Status, published.IsReplayed));
            await app.StopAsync();
        }
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            using var http = app.Anonymous(token);
            var again = await SendAsync(http, "/api/v1/endpoints", Json(new { name = "iris", experimentId = 1, trialNumber = 1 }), "publish-1");
            Assert.Equal((HttpStatusCode.Created, published.Body, published.Location, true), again);
            Assert.Single((await app.Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/iris")).Versions);
            Assert.Equal((HttpStatusCode.Accepted, experiment.Body), (await SendAsync(http, "/api/v1/experiments", Json(new { datasetId = 1, target = "species", trainers = new[] { "baseline" }, tuning = "defaultsOnly" }), "start-1")) is var s ? (s.Status, s.Body) : default);
            Assert.Single(await app.Api.GetAsync<List<JsonElement>>("/api/v1/experiments"));

            // The same word of somebody else is another key.
            await using (var scope = app.Services.CreateAsyncScope())
            {
                var ann = await scope.ServiceProvider.GetRequiredService<Accounts>().CreateAsync("Ann", null, isAdministrator: false);
                await app.Services.GetRequiredService<Workspaces>().SetRoleAsync(WorkspaceRow.FirstId, ann.Id, WorkspaceRole.Publisher, Cancel);
                using var other = app.Anonymous(await app.Services.GetRequiredService<AccessTokens>().CreateManagementAsync("test", ann.Id, null, 1, Cancel));
                Assert.False((await SendAsync(other, "/api/v1/experiments", Json(new { datasetId = 1, target = "species", trainers = new[] { "baseline" }, tuning = "defaultsOnly" }), "start-1")).IsReplayed);
            }
            // Begun by a run of the program that was ended before it answered: nobody knows, and it is not done again.
            await using (var db = await app.Services.GetRequiredService<IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel))
                await db.Idempotencies.Where(i => i.RequestSha256 != "" && i.Answer != null).ExecuteUpdateAsync(set => set.SetProperty(i => i.Answer, (byte[]?)null).SetProperty(i => i.Run, "earlier"), Cancel);
            var unknown = await SendAsync(http, "/api/v1/endpoints", Json(new { name = "iris", experimentId = 1, trialNumber = 1 }), "publish-1");
            Assert.Equal(HttpStatusCode.Conflict, unknown.Status);
            Assert.Contains("It may have been done or not", unknown.Body);
            await app.StopAsync();
        }
        var key = JsonDocument.Parse(published.Body).RootElement.GetProperty("key").GetString()!;
        foreach (var path in Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(key[(Secret.PrefixOf(key)!.Length + 1)..], Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path, Cancel)));
    }

    private static StringContent Text(string text) => new(text, Encoding.UTF8, "text/csv");

    private static StringContent Json(object value) => ApiClient.Json(JsonSerializer.Serialize(value));

    private static async Task<(HttpStatusCode Status, string Body, string? Location, bool IsReplayed)> SendAsync(HttpClient http, string address, HttpContent body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = body };
        request.Headers.TryAddWithoutValidation(Idempotency.Header, key);
        using var answer = await http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel), answer.Headers.Location?.ToString(), answer.Headers.Contains(Idempotency.ReplayedHeader));
    }

    /// <summary>A body whose second half comes when it is let go.</summary>
    private sealed class HalfContent(string text) : HttpContent
    {
        private readonly TaskCompletionSource _halfSent = new(TaskCreationOptions.RunContinuationsAsynchronously), _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task HalfSent => _halfSent.Task;

        public void Release() => _released.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), Cancel);
            await stream.FlushAsync(Cancel);
            _halfSent.TrySetResult();
            await _released.Task.WaitAsync(Cancel);
            await stream.WriteAsync(bytes.AsMemory(bytes.Length / 2), Cancel);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Encoding.UTF8.GetByteCount(text);
            return true;
        }
    }
}
