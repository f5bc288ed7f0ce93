using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Health;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F7: more pages are opened than a person may have, or by nobody that is known.</summary>
[Collection(nameof(AloneCollection))]
public sealed class CircuitFloodTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The wire format of circuits is SignalR's over MessagePack under a name of its own.</summary>
    private sealed class BlazorPack : IHubProtocol
    {
        private readonly MessagePackHubProtocol _inner = new();
        public string Name => "blazorpack";
        public int Version => 1;
        public TransferFormat TransferFormat => TransferFormat.Binary;
        public ReadOnlyMemory<byte> GetMessageBytes(HubMessage message) => _inner.GetMessageBytes(message);
        public bool IsVersionSupported(int version) => version == 1;
        public bool TryParseMessage(ref ReadOnlySequence<byte> input, IInvocationBinder binder, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out HubMessage? message) => _inner.TryParseMessage(ref input, binder, out message);
        public void WriteMessage(HubMessage message, IBufferWriter<byte> output) => _inner.WriteMessage(message, output);
    }

    [Fact]
    public async Task Nobody_opens_a_circuit_who_is_not_signed_in_and_nobody_more_than_twenty()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var address = app.ClientOptions.BaseAddress;
        var anonymous = 0;
        using (var http = app.Anonymous())
            for (var i = 0; i < FaultRun.Count(100, 1_000); i++)
            {
                using var answer = await http.PostAsync("/_blazor/negotiate?negotiateVersion=1", null, Cancel);
                if (answer.StatusCode == HttpStatusCode.OK) anonymous++;
            }
        Assert.Equal(0, anonymous);

        var cookie = await app.SignInAsync();
        var wanted = FaultRun.Count(40, 500);
        List<HubConnection> open = [];
        var refused = 0;
        try
        {
            await Parallel.ForAsync(0, wanted, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancel }, async (_, _) =>
            {
                if (await OpenAsync(address, cookie) is { } connection) lock (open) open.Add(connection);
                else Interlocked.Increment(ref refused);
            });
            var people = (await app.Api.GetAsync<SystemReport>("/api/v1/system")).People;
            Assert.Equal(20, Assert.Single(people).Pages);
            Assert.Equal(20, open.Count);
            // The person is told, on the page itself.
            using (var page = new HttpRequestMessage(HttpMethod.Get, "/datasets"))
            {
                page.Headers.Add("Cookie", cookie);
                using var answer = await app.Anonymous().SendAsync(page, Cancel);
                Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
                Assert.Contains("as many as one person may", await answer.Content.ReadAsStringAsync(Cancel));
            }
            // Others are not: scripts, and whoever else is signed in.
            using (var api = await app.Api.Http.GetAsync("/api/v1/datasets", Cancel)) Assert.Equal(HttpStatusCode.OK, api.StatusCode);
        }
        finally
        {
            foreach (var connection in open) await connection.DisposeAsync();
        }
        await Poll.UntilAsync(async () => (await app.Api.GetAsync<SystemReport>("/api/v1/system")).People.Count == 0, TimeSpan.FromSeconds(20), "the pages that went are forgotten");
        var again = await OpenAsync(address, cookie);
        Assert.NotNull(again);
        await again.DisposeAsync();
        await app.StopAsync();
        FaultRun.Report(output, "F7", $"circuits of nobody 0/{FaultRun.Count(100, 1_000)} · of one person {open.Count}/{wanted}, {refused} refused");
    }

    [Fact]
    public async Task A_message_that_is_too_large_ends_its_own_connection_and_what_is_unknown_is_refused()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (address, cookie) = (app.ClientOptions.BaseAddress, await app.SignInAsync());
        await using var other = await OpenAsync(address, cookie);
        Assert.NotNull(other);
        foreach (var size in (int[])[33 << 10, 1 << 20])
        {
            await using var large = await OpenAsync(address, cookie);
            Assert.NotNull(large);
            var closed = new TaskCompletionSource();
            large.Closed += _ => { closed.TrySetResult(); return Task.CompletedTask; };
            await large.SendAsync("EndInvokeJSFromDotNet", 1L, true, new string('x', size), Cancel);
            await closed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }
        await Assert.ThrowsAsync<HubException>(() => other.InvokeAsync<string>("NoSuchMethod", 1, Cancel));
        Assert.Equal(HubConnectionState.Connected, other.State);
        // Ten thousand events of one page, as fast as they can be sent: others are answered meanwhile and afterwards.
        await using (var busy = await OpenAsync(address, cookie))
        {
            Assert.NotNull(busy);
            var sent = Task.Run(async () =>
            {
                for (var i = 0; i < 10_000 && busy.State == HubConnectionState.Connected; i++) await busy.SendAsync("BeginInvokeDotNetFromJS", $"{i}", null, "NoSuchMethod", 0L, "[]", Cancel);
            }, Cancel);
            var answered = 0;
            do
            {
                using var meanwhile = await app.Api.Http.GetAsync("/api/v1/datasets", Cancel);
                Assert.Equal(HttpStatusCode.OK, meanwhile.StatusCode);
                answered++;
            } while (!sent.IsCompleted);
            await sent;
            FaultRun.Report(output, "F7", $"10000 events of one page: {answered}/{answered} requests of others answered meanwhile, its connection {busy.State}");
        }
        Assert.Equal(HubConnectionState.Connected, other.State);
        using (var api = await app.Api.Http.GetAsync("/api/v1/datasets", Cancel)) Assert.Equal(HttpStatusCode.OK, api.StatusCode);
        await other.DisposeAsync();
        await app.StopAsync();
    }

    /// <returns>Null where it was refused.</returns>
    private static async Task<HubConnection?> OpenAsync(Uri address, string cookie)
    {
        var builder = new HubConnectionBuilder().WithUrl(new Uri(address, "/_blazor"), options => options.Headers["Cookie"] = cookie);
        builder.Services.AddSingleton<IHubProtocol>(new BlazorPack());
        var connection = builder.Build();
        try
        {
            await connection.StartAsync(Cancel);
            var closed = new TaskCompletionSource();
            connection.Closed += _ => { closed.TrySetResult(); return Task.CompletedTask; };
            var secret = await connection.InvokeAsync<string?>("StartCircuit", address.ToString(), new Uri(address, "/datasets").ToString(), "[]", "", Cancel);
            if (secret is not null && await Task.WhenAny(closed.Task, Task.Delay(300, Cancel)) != closed.Task) return connection;
        }
        catch (Exception e) when (e is HttpRequestException or HubException or IOException or InvalidOperationException or OperationCanceledException)
        {
            // Refused at the door, or when the circuit was made.
        }
        await connection.DisposeAsync();
        return null;
    }
}
