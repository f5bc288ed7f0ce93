using System.Diagnostics;
using System.Net;
using ModelWorkbench.Workbench.Datasets;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F2: the program ends at every single write, flush and rename of taking a file in and publishing a model.</summary>
public sealed class CrashPointTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ended_at_any_write_flush_or_rename_nothing_is_half_there_and_what_was_acknowledged_stays()
    {
        using var folder = new TemporaryFolder();
        string key;
        int experiment;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            (experiment, key) = await FaultRun.PrepareAsync(program.Api);
            await program.KillAsync();
        }
        var (points, acknowledged) = (0, 1);
        List<int> datasets = [];
        // But for the full profile, the first few and then longer and longer steps.
        foreach (var call in (string[])["pwrite64", "fsync", "rename"])
            for (int n = 1, step = FaultRun.Count(4, 1); ; n += step, step *= FaultRun.Count(8, 1))
            {
                using var program = await WorkbenchProcess.StartAsync(folder.Path);
                await CheckAsync(program);
                bool ended;
                using (await Strace.AttachAsync(program.Id, $"{call}:signal=KILL:when={n}")) ended = await ActAsync(program.Api);
                if (!ended) break;
                points++;
                await program.WaitForExitAsync(TimeSpan.FromSeconds(10));
            }
        using (var last = await WorkbenchProcess.StartAsync(folder.Path)) await CheckAsync(last);
        Assert.True(points >= 5, $"The program was ended at {points} points only.");
        FaultRun.Report(output, "F2", $"crash points consistent {points}/{points} · acknowledged {acknowledged + datasets.Count}, lost 0");

        async Task CheckAsync(WorkbenchProcess program)
        {
            var endpoint = await FaultRun.CheckAsync(program.Api, folder.Path, key);
            Assert.True(endpoint.Versions.Max(v => v.Number) >= acknowledged, $"Version {acknowledged} was acknowledged, the latest is {endpoint.Versions.Max(v => v.Number)}.");
            var kept = await program.Api.GetAsync<DatasetApi.DatasetAnswer[]>("/api/v1/datasets");
            Assert.Empty(datasets.Except(kept.Select(d => d.Id)));
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "tmp")));
        }

        // Whether the program ended on the way.
        async Task<bool> ActAsync(ApiClient api)
        {
            try
            {
                using var content = new StringContent($"a,b\n{points},{Guid.NewGuid()}\n");
                using (var answer = await api.Http.PostAsync("/api/v1/datasets?name=d.csv", content, Cancel)) datasets.Add((await ApiClient.ReadAsync<DatasetApi.DatasetAnswer>(answer, HttpStatusCode.Created)).Id);
                acknowledged = (await api.PublishAsync("iris", experiment, 2)).Version;
                return false;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                return true;
            }
        }
    }

    /// <summary>The same fault against a program that writes in place: the test would see what it looks for.</summary>
    [Fact]
    public void A_program_that_writes_in_place_is_caught()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace") && File.Exists("/usr/bin/python3"), "It needs strace and Python.");
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "model");
        const string naive = """
            import os, sys
            # The file under its final name, in two writes; then the pointer to it.
            f = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.pwrite(f, b'a' * 4096, 0)
            os.pwrite(f, b'b' * 4096, 4096)
            """;
        var half = 0;
        for (var n = 1; n <= 3; n++)
        {
            File.Delete(model);
            using var process = Process.Start("strace", ["-f", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", $"inject=pwrite64:signal=KILL:when={n}", "/usr/bin/python3", "-c", naive, model]);
            process.WaitForExit();
            if (File.Exists(model) && new FileInfo(model).Length is > 0 and < 8192) half++;
        }
        Assert.True(half > 0, "No half-written file came of it.");
    }
}
