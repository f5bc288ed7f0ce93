using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Experiments;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F14: four times as many predictions are asked for as can be answered.</summary>
[Collection(nameof(AloneCollection))]
public sealed class OverloadTests(ITestOutputHelper output)
{
    private sealed record Answer(HttpStatusCode Status, double Milliseconds, bool SaysWhen);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Asked_for_more_than_it_can_it_refuses_the_rest_at_once_and_lets_people_in()
    {
        using var folder = new TemporaryFolder();
        using var program = await WorkbenchProcess.StartAsync(folder.Path);
        var iris = await program.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        var experiment = (await program.Api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["random-forest"], Tuning: TuningMode.DefaultsOnly, BudgetSeconds: 60))).Id;
        var key = (await program.Api.PublishAsync("iris", experiment, 1)).Key!;
        using (var settings = await program.Api.Http.PutAsync("/api/v1/endpoints/iris/settings", ApiClient.Json("""{"requestsPerSecond": 100000, "burst": 100000}"""), Cancel)) Assert.True(settings.IsSuccessStatusCode, await settings.Content.ReadAsStringAsync(Cancel));
        var rows = new Random(1);
        var body = Encoding.UTF8.GetBytes($$"""{"features": [{{string.Join(", ", Enumerable.Range(0, 2_000).Select(_ => $"[{rows.Next(43, 79) / 10.0}, {rows.Next(20, 44) / 10.0}, {rows.Next(10, 69) / 10.0}, {rows.Next(1, 25) / 10.0}]"))}}]}""");
        using var http = new HttpClient { BaseAddress = program.Address, Timeout = TimeSpan.FromSeconds(100) };
        var lasts = TimeSpan.FromSeconds(FaultRun.Count(1, 20));

        // What it can: sixteen callers, each asking again as soon as it is answered; first until the code is compiled.
        var answered = 0;
        await CallAsync(TimeSpan.FromSeconds(FaultRun.Count(1, 5)));
        answered = 0;
        var clock = Stopwatch.StartNew();
        await CallAsync(lasts);
        var capacity = answered / clock.Elapsed.TotalSeconds;

        // Four times as much, whether it answers or not, and more than it can where others slowed it down while that was measured; people sign in meanwhile.
        var wanted = Math.Max(4 * capacity, 1_500);
        ConcurrentQueue<Task<Answer>> asked = [];
        List<double> signIns = [];
        clock.Restart();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var people = SignInAsync();
        for (var sent = 0; clock.Elapsed < lasts; await Task.Delay(5, Cancel))
            for (var due = (int)(wanted * clock.Elapsed.TotalSeconds); sent < due; sent++) asked.Enqueue(AskAsync());
        var took = clock.Elapsed.TotalSeconds;
        await over.CancelAsync();
        await people;
        var answers = await Task.WhenAll(asked);

        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, $"A request was answered with {a.Status}."));
        var refused = answers.Where(a => a.Status != HttpStatusCode.OK).ToList();
        var accepted = answers.Where(a => a.Status == HttpStatusCode.OK).Select(a => a.Milliseconds).Order().ToList();
        Assert.NotEmpty(refused);
        Assert.NotEmpty(accepted);
        Assert.All(refused, a => Assert.True(a.SaysWhen, "A refusal does not say when to ask again."));
        Assert.NotEmpty(signIns);
        // As soon as it is over, it is as before.
        using (var after = await new ModelClient(http, "iris", key).SendAsync(FaultRun.Row)) Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        var (goodput, p99, slowest) = (accepted.Count / took / capacity, accepted[(int)(accepted.Count * 0.99)], signIns.Max());
        FaultRun.Report(output, "F14", $"{capacity:0} requests/s answered, {answers.Length / took / capacity:0.0} times as many asked: {goodput:0%} of them answered, p50 {accepted[accepted.Count / 2]:0} ms, p99 {p99:0} ms · {refused.Count} refused, p99 {refused.Select(a => a.Milliseconds).Order().ElementAt((int)(refused.Count * 0.99)):0} ms · {signIns.Count} signed in, slowest {slowest:0} ms");
        // Held against a bound where nothing else runs.
        if (FaultRun.IsFull) Assert.True(goodput >= 0.7 && p99 <= 1_000 && slowest <= 2_000, "Expected at least 70 % of the capacity, p99 of at most 1 s and a sign-in of at most 2 s.");

        Task CallAsync(TimeSpan lasts)
        {
            var end = Stopwatch.StartNew();
            return Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
            {
                while (end.Elapsed < lasts)
                {
                    Assert.Equal(HttpStatusCode.OK, (await AskAsync()).Status);
                    Interlocked.Increment(ref answered);
                }
            }));
        }

        async Task<Answer> AskAsync()
        {
            var began = Stopwatch.GetTimestamp();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/models/iris/predict") { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
            request.Headers.Add("X-Api-Key", key);
            using var answer = await http.SendAsync(request, Cancel);
            return new Answer(answer.StatusCode, Stopwatch.GetElapsedTime(began).TotalMilliseconds, answer.Headers.RetryAfter is not null);
        }

        async Task SignInAsync()
        {
            using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = program.Address };
            do
            {
                var link = await WorkbenchProcess.NewSignInAsync(folder.Path);
                var began = Stopwatch.GetTimestamp();
                using var answer = await browser.GetAsync($"/sign-in/{link}", Cancel);
                Assert.True(answer.Headers.Contains("Set-Cookie"), $"A sign-in was answered with {answer.StatusCode}.");
                signIns.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            } while (!over.IsCancellationRequested);
        }
    }
}
