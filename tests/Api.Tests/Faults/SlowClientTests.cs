using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F6: connections that ask for nothing, or so slowly that they never end.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SlowClientTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Slow_clients_are_closed_and_others_are_answered_meanwhile()
    {
        using var folder = new TemporaryFolder();
        using var program = await WorkbenchProcess.StartAsync(folder.Path);
        var (_, key) = await FaultRun.PrepareAsync(program.Api);
        var model = new ModelClient(program.Api.Http, "iris", key);
        // Slow requests of the same key count among its requests.
        using (var settings = await program.Api.Http.PutAsync("/api/v1/endpoints/iris/settings", ApiClient.Json("""{"requestsPerSecond": 100000, "burst": 100000}"""), Cancel)) Assert.True(settings.IsSuccessStatusCode, await settings.Content.ReadAsStringAsync(Cancel));
        using (var warm = await model.SendAsync(FaultRun.Row)) Assert.Equal(HttpStatusCode.OK, warm.StatusCode);
        var before = Memory();
        // A process may have as many files open as the system allows; here and there, that is the limit.
        var each = FaultRun.Count(300, 5_000);
        List<TcpClient> clients = [];
        try
        {
            var clock = Stopwatch.StartNew();
            var idle = await OpenAsync("");
            var headers = await OpenAsync("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
            var bodies = await OpenAsync("POST /api/v1/models/iris/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\nX-Api-Key: " + key + "\r\n\r\n{");
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var drip = DripAsync([.. headers, .. bodies], stop.Token);
            var (times, most) = (new List<double>(), before);
            var bodiesClosed = ClosedAsync(bodies, clock);
            var headersClosed = ClosedAsync(headers, clock);
            while (!bodiesClosed.IsCompleted || !headersClosed.IsCompleted)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(90), "Slow clients are still connected.");
                var asked = Stopwatch.StartNew();
                using (var health = await program.Api.Http.GetAsync("/healthz", Cancel)) Assert.Equal(HttpStatusCode.OK, health.StatusCode);
                using (var answer = await model.SendAsync(FaultRun.Row)) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                times.Add(asked.Elapsed.TotalMilliseconds);
                most = Math.Max(most, Memory());
                await Task.Delay(100, Cancel);
            }
            await stop.CancelAsync();
            await drip;
            times.Sort();
            Assert.True(times[^1] < 5_000, $"The slowest pair of health and prediction took {times[^1]:0} ms.");
            FaultRun.Report(output, "F6", $"{each} idle, {each} slow headers, {each} slow bodies: bodies closed after {(await bodiesClosed).TotalSeconds:0.0} s, headers after {(await headersClosed).TotalSeconds:0.0} s · health and prediction errors 0/{2 * times.Count}, both p99 {times[(int)(times.Count * 0.99)]:0} ms · memory +{most - before} MB");
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        long Memory()
        {
            using var process = Process.GetProcessById(program.Id);
            return process.WorkingSet64 >> 20;
        }

        async Task<TcpClient[]> OpenAsync(string start)
        {
            var opened = new TcpClient[each];
            for (var i = 0; i < each; i++)
            {
                clients.Add(opened[i] = new TcpClient());
                await opened[i].ConnectAsync(IPAddress.Loopback, program.Address.Port, Cancel);
                if (start.Length > 0) await opened[i].GetStream().WriteAsync(Encoding.ASCII.GetBytes(start), Cancel);
            }
            return opened;
        }
    }

    // A byte a second each.
    private static async Task DripAsync(TcpClient[] slow, CancellationToken stop)
    {
        var letter = "a"u8.ToArray();
        while (!stop.IsCancellationRequested)
        {
            foreach (var client in slow)
                try
                {
                    client.Client.Send(letter, SocketFlags.None);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // Closed by the program.
                }
            try
            {
                await Task.Delay(1_000, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>When the last of them was closed by the program.</summary>
    private static async Task<TimeSpan> ClosedAsync(TcpClient[] clients, Stopwatch clock)
    {
        await Task.WhenAll(clients.Select(async client =>
        {
            var buffer = new byte[4096];
            try
            {
                while (await client.GetStream().ReadAsync(buffer, Cancel) > 0) { }
            }
            catch (IOException)
            {
                // Closed without a goodbye.
            }
        }));
        return clock.Elapsed;
    }
}
