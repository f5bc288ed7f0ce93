using System.Diagnostics;
using System.Net;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F3: the disk is full, or answers with errors, while files are taken in and models published.</summary>
public sealed class DiskErrorTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("pwrite64:error=ENOSPC")]
    [InlineData("fsync:error=EIO")]
    public async Task Nothing_is_acknowledged_that_could_not_be_written_and_it_goes_on_without_a_restart(string fault)
    {
        TestDatabase.SkipOnServer("what is published is written by the server, not by the program whose disk fails here.");
        using var folder = new TemporaryFolder();
        using var program = await WorkbenchProcess.StartAsync(folder.Path);
        var (experiment, key) = await FaultRun.PrepareAsync(program.Api);
        var (refused, answered, uploads) = (0, 0, 0);
        using (await Strace.AttachAsync(program.Id, fault))
        {
            for (var i = 0; i < FaultRun.Count(3, 20); i++)
            {
                using (var upload = await UploadAsync(program.Api, i)) Expect(upload);
                using (var publish = await program.Api.Http.PostAsync("/api/v1/endpoints", ApiClient.Json($$"""{"name": "iris", "experimentId": {{experiment}}, "trialNumber": 2}"""), Cancel)) Expect(publish);
                // What is in memory needs no disk.
                using var answer = await new ModelClient(program.Api.Http, "iris", key).SendAsync(FaultRun.Row);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                answered++;
            }
        }
        using (var health = await program.Api.Http.GetAsync("/healthz", Cancel)) Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        // Recovered without a restart.
        using (var upload = await UploadAsync(program.Api, -1)) Assert.Equal(HttpStatusCode.Created, upload.StatusCode);
        Assert.Equal(2, (await program.Api.PublishAsync("iris", experiment, 2)).Version);
        await FaultRun.CheckAsync(program.Api, folder.Path, key);
        await program.KillAsync();
        using (var next = await WorkbenchProcess.StartAsync(folder.Path)) Assert.Equal(2, (await FaultRun.CheckAsync(next.Api, folder.Path, key)).Versions.Count);
        FaultRun.Report(output, "F3", $"{fault}: acknowledged after the error 0/{refused} · predictions meanwhile {answered}/{answered} · went on without a restart");

        void Expect(HttpResponseMessage answer)
        {
            refused++;
            Assert.True((int)answer.StatusCode >= 500, $"{answer.RequestMessage?.RequestUri} was answered with {(int)answer.StatusCode} although the disk failed ({fault}).");
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.True(answer.StatusCode != HttpStatusCode.InternalServerError, $"{answer.RequestMessage?.RequestUri} was answered with 500. {program.Log}");
        }

        Task<HttpResponseMessage> UploadAsync(ApiClient api, int i) => api.Http.PostAsync("/api/v1/datasets?name=d.csv", new StringContent($"a,b\n{i},{uploads++}\n"), Cancel);
    }

    /// <summary>The same fault against a program that does not look at what flushing says.</summary>
    [Fact]
    public void A_program_that_ignores_the_error_is_caught()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace") && File.Exists("/usr/bin/python3"), "It needs strace and Python.");
        using var folder = new TemporaryFolder();
        var information = new ProcessStartInfo("strace") { RedirectStandardOutput = true };
        const string naive = """
            import os, sys
            f = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
            os.write(f, b'model')
            try: os.fsync(f)
            except OSError: pass
            print('acknowledged')
            """;
        foreach (var argument in (string[])["-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "/usr/bin/python3", "-c", naive, Path.Combine(folder.Path, "model")]) information.ArgumentList.Add(argument);
        using var process = Process.Start(information)!;
        Assert.Equal("acknowledged", process.StandardOutput.ReadToEnd().Trim());
    }
}
