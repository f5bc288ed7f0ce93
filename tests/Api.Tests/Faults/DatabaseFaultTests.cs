using System.Diagnostics;
using System.Net;
using Microsoft.Data.Sqlite;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F11: somebody else holds the database.</summary>
[Collection(nameof(AloneCollection))]
public sealed class DatabaseFaultTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_held_published_models_answer_and_changes_wait_or_are_refused_in_words()
    {
        TestDatabase.SkipOnServer("there is no lock on the whole database; a server that is away is in PostgresTests.");
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (experiment, key) = await FaultRun.PrepareAsync(app.Api);
        var model = new ModelClient(app.Api.Http, "iris", key);
        var held = TimeSpan.FromSeconds(FaultRun.Count(8, 30));
        var clock = Stopwatch.StartNew();
        int answered = 0, slowest = 0;
        Task<HttpResponseMessage> publish;
        using (var connection = new SqliteConnection($"Data Source={StorageSetup.DatabaseFile(folder.Path)};Pooling=False"))
        {
            connection.Open();
            using (var begin = connection.CreateCommand())
            {
                begin.CommandText = "BEGIN IMMEDIATE";
                begin.ExecuteNonQuery();
            }
            publish = app.Api.Http.PostAsync("/api/v1/endpoints", ApiClient.Json($$"""{"name": "iris", "experimentId": {{experiment}}, "trialNumber": 2}"""), Cancel);
            while (clock.Elapsed < held)
            {
                var asked = Stopwatch.StartNew();
                using (var answer = await model.SendAsync(FaultRun.Row)) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                // Reading is nobody's to forbid.
                using (var list = await app.Api.Http.GetAsync("/api/v1/datasets", Cancel)) Assert.Equal(HttpStatusCode.OK, list.StatusCode);
                slowest = Math.Max(slowest, (int)asked.ElapsedMilliseconds);
                answered++;
                await Task.Delay(50, Cancel);
            }
        }
        using var published = await publish;
        output.WriteLine($"The change: {(int)published.StatusCode} {await published.Content.ReadAsStringAsync(Cancel)}");
        Assert.True(published.StatusCode is HttpStatusCode.Created or HttpStatusCode.ServiceUnavailable, $"A change that had to wait was answered with {(int)published.StatusCode}.");
        var versions = published.StatusCode == HttpStatusCode.Created ? 2 : 1;
        Assert.Equal(versions + 1, (await app.Api.PublishAsync("iris", experiment, 2)).Version);
        await FaultRun.CheckAsync(app.Api, folder.Path, key);
        await app.StopAsync();
        FaultRun.Report(output, "F11", $"database held {held.TotalSeconds:0} s: predictions and reads answered {answered}/{answered}, slowest pair {slowest} ms · the change {(int)published.StatusCode} · acknowledged lost 0");
    }
}
