using System.Net;
using System.Text.Json;
using ModelWorkbench.Workbench.Endpoints;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F4: files of published models are damaged, cut short or exchanged while the program runs.</summary>
public sealed class CorruptionTests(ITestOutputHelper output)
{
    private const int Seed = 20261128;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_damaged_model_file_is_refused_and_never_answers()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(Seed);
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (experiment, key) = await FaultRun.PrepareAsync(app.Api);
        Assert.Equal(2, (await app.Api.PublishAsync("iris", experiment, 1)).Version);
        var versions = (await app.Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/iris")).Versions;
        var linear = FileOf(1);
        var baseline = FileOf(2);
        var (whole, other) = (await File.ReadAllBytesAsync(linear, Cancel), await File.ReadAllBytesAsync(baseline, Cancel));
        var model = new ModelClient(app.Api.Http, "iris", key);
        var rightAnswer = await AnswerAsync();

        var (refused, wrong) = (0, 0);
        for (var i = 0; i < FaultRun.Count(30, 300); i++)
        {
            var flipped = (byte[])whole.Clone();
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            await TryAsync(flipped);
        }
        for (var i = 0; i < FaultRun.Count(20, 200); i++) await TryAsync(whole[..random.Next(whole.Length)]);
        await TryAsync(new byte[whole.Length]);
        // A whole file, of another version.
        await TryAsync(other);
        File.Delete(linear);
        await RefusedAsync();
        await File.WriteAllBytesAsync(linear, whole, Cancel);
        Assert.Equal(3, (await app.Api.PublishAsync("iris", experiment, 2)).Version);
        Assert.Equal(0, wrong);
        await app.StopAsync();
        FaultRun.Report(output, "F4", $"damaged model files refused {refused}/{refused} · wrong answers {wrong} (seed {Seed})");

        string FileOf(int version) => Path.Combine(folder.Path, "artefacts", versions.Single(v => v.Number == version).ModelSha256[..2], versions.Single(v => v.Number == version).ModelSha256);

        async Task TryAsync(byte[] content)
        {
            await File.WriteAllBytesAsync(linear, content, Cancel);
            await RefusedAsync();
            if (await AnswerAsync() != rightAnswer) wrong++;
        }

        // What is published is read from the file, whatever is in memory already.
        async Task RefusedAsync()
        {
            using var answer = await app.Api.Http.PostAsync("/api/v1/endpoints", ApiClient.Json($$"""{"name": "iris", "experimentId": {{experiment}}, "trialNumber": 2}"""), Cancel);
            Assert.False(answer.IsSuccessStatusCode, "A damaged file was published.");
            Assert.NotEqual(HttpStatusCode.InternalServerError, answer.StatusCode);
            refused++;
        }

        async Task<string> AnswerAsync()
        {
            using var answer = await model.SendAsync(FaultRun.Row);
            return (await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK)).GetRawText();
        }
    }
}
