using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>Each fault of the plan bites: programs that are built as one builds them without thinking of it do what the tests look for. (F2 and F3 have theirs beside them, F8 and F9 in the tests of the core.)</summary>
public sealed class NaiveTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>F1.</summary>
    [Fact]
    public void A_program_that_acknowledges_before_it_has_written_loses_what_it_acknowledged()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "kept");
        using var process = StartPython($$"""
            import time
            f = open(r'{{file}}', 'w')
            for i in range(50):
                f.write(f'{i}\n')
                print(i, flush=True)
            time.sleep(60)
            """);
        var acknowledged = 0;
        while (acknowledged < 50 && process.StandardOutput.ReadLine() is not null) acknowledged++;
        process.Kill();
        process.WaitForExit();
        Assert.True(File.ReadAllLines(file).Length < acknowledged, "Nothing was lost.");
    }

    /// <summary>F4.</summary>
    [Fact]
    public void A_reader_that_trusts_its_file_answers_wrongly()
    {
        var random = new Random(1);
        double[] weights = [0.5, -1.25, 3];
        var file = weights.SelectMany(BitConverter.GetBytes).ToArray();
        var wrong = 0;
        for (var i = 0; i < 100; i++)
        {
            var flipped = (byte[])file.Clone();
            flipped[random.Next(file.Length)] ^= (byte)(1 << random.Next(8));
            var answer = Enumerable.Range(0, 3).Sum(j => BitConverter.ToDouble(flipped, 8 * j) * (j + 1));
            if (answer != weights.Select((w, j) => w * (j + 1)).Sum()) wrong++;
        }
        Assert.True(wrong > 90, $"{wrong} of 100 flipped bits gave another answer.");
    }

    private sealed class NaiveSlot
    {
        public int Version { get; set; } = 1;
        public int Model { get; set; } = 1;
    }

    /// <summary>F5.</summary>
    [Fact]
    public async Task A_swap_in_two_steps_mixes_versions()
    {
        var slot = new NaiveSlot();
        var mixed = 0;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var swaps = Task.Run(() =>
        {
            for (var i = 2; !stop.IsCancellationRequested; i++)
            {
                slot.Version = i;
                Thread.Yield();
                slot.Model = i;
            }
        }, Cancel);
        await Task.Run(() =>
        {
            while (!stop.IsCancellationRequested && mixed == 0)
            {
                var (version, model) = (slot.Version, slot.Model);
                if (version != model) mixed++;
            }
        }, Cancel);
        await stop.CancelAsync();
        await swaps;
        Assert.Equal(1, mixed);
    }

    /// <summary>F6. It takes longer than the product lets slow bodies wait, so it is left to the command of the plan.</summary>
    [Fact]
    public async Task A_server_without_limits_of_time_keeps_slow_clients()
    {
        Assert.SkipUnless(FaultRun.IsFull, "It waits 15 s; tests/Faults/run full does it.");
        await using var server = await StartAsync(app => app.MapPost("/predict", async (HttpRequest request) => await new StreamReader(request.Body).ReadToEndAsync(Cancel)), kestrel => kestrel.Limits.MinRequestBodyDataRate = null);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, AddressOf(server).Port, Cancel);
        await client.GetStream().WriteAsync("POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"u8.ToArray(), Cancel);
        for (var i = 0; i < 15; i++)
        {
            await client.GetStream().WriteAsync("a"u8.ToArray(), Cancel);
            await Task.Delay(1_000, Cancel);
        }
        Assert.False(client.Client.Poll(0, SelectMode.SelectRead), "The server has closed the connection.");
    }

    /// <summary>F7 and F13.</summary>
    [Fact]
    public async Task A_program_that_asks_nobody_who_he_is_tells_everything_and_opens_every_circuit()
    {
        await using var server = await StartAsync(app =>
        {
            app.MapGet("/api/v1/datasets", () => new[] { new { id = 1, name = "salaries" } });
            app.MapPost("/_blazor/negotiate", () => Results.Json(new { connectionId = "1", availableTransports = Array.Empty<string>() }));
        });
        using var anybody = new HttpClient { BaseAddress = AddressOf(server) };
        using var list = await anybody.GetAsync("/api/v1/datasets", Cancel);
        // What the matrix of access and the flood of circuits take for wrong: anything but 401, and a circuit.
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        Assert.Contains("salaries", await list.Content.ReadAsStringAsync(Cancel));
        Assert.False(list.Headers.Contains("Content-Security-Policy"));
        using var circuit = await anybody.PostAsync("/_blazor/negotiate?negotiateVersion=1", null, Cancel);
        Assert.Equal(HttpStatusCode.OK, circuit.StatusCode);
    }

    /// <summary>F10.</summary>
    [Fact]
    public void A_child_that_is_only_started_outlives_its_parent()
    {
        Assert.SkipUnless(Directory.Exists("/proc"), "It needs /proc.");
        using var parent = StartPython("""
            import subprocess, time
            print(subprocess.Popen(['sleep', '60']).pid, flush=True)
            time.sleep(60)
            """);
        var child = int.Parse(parent.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
        parent.Kill();
        parent.WaitForExit();
        using var orphan = Process.GetProcessById(child);
        Assert.False(orphan.HasExited);
        orphan.Kill();
    }

    /// <summary>F11.</summary>
    [Fact]
    public void A_prediction_that_asks_the_database_fails_while_somebody_holds_it()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "naive.db");
        using var holder = Open(file);
        Run(holder, "CREATE TABLE Models (Name TEXT)");
        Run(holder, "BEGIN EXCLUSIVE");
        using var asker = Open(file);
        using var command = asker.CreateCommand();
        (command.CommandText, command.CommandTimeout) = ("SELECT * FROM Models", 1);
        Assert.Equal(5, Assert.Throws<SqliteException>(() => command.ExecuteReader()).SqliteErrorCode);
    }

    /// <summary>F12.</summary>
    [Fact]
    public void A_copy_of_the_file_of_a_database_in_use_lacks_what_was_acknowledged()
    {
        using var folder = new TemporaryFolder();
        var (file, copy) = (Path.Combine(folder.Path, "naive.db"), Path.Combine(folder.Path, "copy.db"));
        using var writer = Open(file);
        Run(writer, "PRAGMA journal_mode = WAL; CREATE TABLE Models (Name TEXT); PRAGMA wal_checkpoint(TRUNCATE)");
        Run(writer, "INSERT INTO Models VALUES ('acknowledged')");
        File.Copy(file, copy);
        using var restored = Open(copy);
        using var command = restored.CreateCommand();
        command.CommandText = "SELECT count(*) FROM Models";
        Assert.Equal(0L, command.ExecuteScalar());
    }

    /// <summary>F14.</summary>
    [Fact]
    public async Task A_server_that_takes_all_it_is_asked_answers_later_and_later()
    {
        using var one = new SemaphoreSlim(1);
        await using var server = await StartAsync(app => app.MapPost("/predict", async () =>
        {
            await one.WaitAsync(Cancel);
            try
            {
                await Task.Delay(10, Cancel);
            }
            finally
            {
                one.Release();
            }
        }));
        using var http = new HttpClient { BaseAddress = AddressOf(server) };
        var times = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            var began = Stopwatch.GetTimestamp();
            using var answer = await http.PostAsync("/predict", null, Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return Stopwatch.GetElapsedTime(began);
        }));
        // Nobody was refused, and the last one waited for all the others.
        Assert.True(times.Max() > TimeSpan.FromSeconds(1), $"The slowest of 200 took {times.Max().TotalSeconds:0.0} s.");
    }

    /// <summary>F15.</summary>
    [Fact]
    public void A_table_that_is_read_as_a_whole_takes_many_times_its_file()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 50_000; i++) text.Append(i).Append(",Bern,12.5,web\n");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var cells = text.ToString().Split('\n').Select(line => line.Split(',')).ToList();
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before > 8L * text.Length, $"{cells.Count} rows took less.");
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static Process StartPython(string program)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "It needs Python.");
        var start = new ProcessStartInfo("/usr/bin/python3") { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(program);
        return Process.Start(start)!;
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplication> map, Action<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>? limits = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => limits?.Invoke(kestrel));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        map(app);
        await app.StartAsync(Cancel);
        return app;
    }

    private static Uri AddressOf(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
