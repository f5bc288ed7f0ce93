using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Health;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What stands in the log, and what does not.</summary>
public sealed class LogTests(ITestOutputHelper output)
{
    private const string Evil = "a.csv\r\nforged line \u001b[31mred\u001b[0m \u202Efdp";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Line_ends_and_escapes_in_a_name_leave_one_line()
    {
        var formatter = new OneLineFormatter(TimeProvider.System);
        using var text = new StringWriter();
        formatter.Write(new LogEntry<string>(LogLevel.Warning, "Category", default, Evil, null, (state, _) => $"The file {state} was refused"), null, text);
        output.WriteLine(text.ToString());
        Assert.EndsWith(@"warning Category: The file a.csv\r\nforged line \u001b[31mred\u001b[0m \u202efdp was refused" + "\n", text.ToString());
        Assert.Single(text.ToString().TrimEnd('\n').Split('\n'));

        // A fault's message may hold a name too: no line of it begins like an entry.
        using var fault = new StringWriter();
        formatter.Write(new LogEntry<string>(LogLevel.Error, "Category", default, "x", new InvalidOperationException(Evil), (state, _) => state), null, fault);
        Assert.All(fault.ToString().TrimEnd('\n').Split('\n').Skip(1), line => Assert.StartsWith("    ", line));
        Assert.DoesNotContain('\u001b', fault.ToString());
    }

    /// <summary>The journey of the program in its own process, then everything that it wrote is searched for what must not be there. Data itself lies in the artefacts, and rows of requests in their log, as people set it.</summary>
    [Fact]
    public async Task Neither_keys_nor_tokens_nor_cells_stand_in_logs_temporary_files_or_the_audit_log()
    {
        const string canary = "canary-7c1e5b2f";
        using var folder = new TemporaryFolder();
        using var data = new TemporaryFolder();
        string key, token, extra, log;
        const string providerSecret = "mwo_provider_secret-3b8e0c66f1";
        // Nobody listens at the port: the provider is away.
        using (var program = await WorkbenchProcess.StartAsync(folder.Path, "--Workbench:OpenId:Authority=http://127.0.0.1:9", "--Workbench:OpenId:ClientId=tests", $"--Workbench:OpenId:ClientSecret={providerSecret}"))
        {
            using (var away = await program.Api.Http.GetAsync("/sign-in/openid", Cancel)) Assert.Contains("error=Unreachable", await away.Content.ReadAsStringAsync(Cancel) + away.RequestMessage!.RequestUri);
            var system = await program.Api.Http.GetStringAsync("/api/v1/system", Cancel);
            Assert.Contains("http://127.0.0.1:9", system);
            Assert.DoesNotContain(Secrets(providerSecret), system);
            token = program.Api.Http.DefaultRequestHeaders.Authorization!.Parameter!;
            var lines = new StringBuilder("name,x,y\n");
            for (var i = 0; i < 120; i++) lines.Append(System.Globalization.CultureInfo.InvariantCulture, $"{(i == 60 ? canary : $"n{i}")},{i},{(i % 2 == 0 ? "yes" : "no")}\n");
            var dataset = await program.Api.UploadAsync(data.Write("a.csv", lines.ToString()));
            using (var evil = await program.Api.Http.PostAsync($"/api/v1/datasets?name={Uri.EscapeDataString(Evil)}", new StringContent($"a,b\n\"{canary}", Encoding.UTF8, "text/csv"), Cancel)) output.WriteLine($"{evil.StatusCode}");
            var experiment = await program.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "y", Trainers: ["baseline", "linear-lbfgs"], BudgetSeconds: 60));
            key = (await program.Api.PublishAsync("canary", experiment.Id, 1)).Key!;
            var model = new ModelClient(program.Api.Http, "canary", key);
            using (var settings = await program.Api.Http.PutAsync("/api/v1/endpoints/canary/settings", ApiClient.Json("""{"log":{"rowsPerSecond":0}}"""), Cancel)) await ApiClient.ReadAsync<object>(settings, HttpStatusCode.OK);
            using (var right = await model.SendAsync($$"""{"records":[{"name":"{{canary}}","x":1}]}""")) Assert.Equal(HttpStatusCode.OK, right.StatusCode);
            using (var wrong = await model.SendAsync($$"""{"records":[{"name":"{{canary}}","x":"{{canary}}"}]}""")) Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            using (var broken = await model.SendAsync($$"""{"records":[{"name":"{{canary}}" """)) Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
            using (var unknown = await model.WithKey(key[..^4] + "AAAA").SendAsync("""{"features":[[1]]}""")) Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
            extra = (await WorkbenchProcess.RunAsync("token", "--data", folder.Path)).Output.Trim();
            (await program.Api.Http.GetAsync($"/api/v1/datasets/{dataset.Id}/export", Cancel)).Dispose();
            (await program.Api.Http.GetAsync($"/sign-in/{extra}", Cancel)).Dispose();
            if (!OperatingSystem.IsWindows())
            {
                program.Terminate();
                await program.WaitForExitAsync(TimeSpan.FromSeconds(30));
            }
            else await program.KillAsync();
            log = program.Log;
        }
        output.WriteLine(log);
        Assert.NotEmpty(log);
        string[] secrets = [Secrets(key), Secrets(token), Secrets(extra), Secrets(providerSecret)];
        foreach (var secret in secrets.Append(canary)) Assert.DoesNotContain(secret, log);
        Assert.DoesNotContain('\u001b', log);
        Assert.DoesNotContain("\nforged line", log);

        var (exitCode, audit, _) = await WorkbenchProcess.RunAsync("audit", "export", "--data", folder.Path);
        Assert.Equal(0, exitCode);
        foreach (var secret in secrets.Append(canary)) Assert.DoesNotContain(secret, audit);

        // Of the data, the database holds the profile that people look at; secrets stand nowhere at all.
        foreach (var path in Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories))
        {
            var content = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path, Cancel));
            foreach (var secret in secrets) Assert.False(content.Contains(secret, StringComparison.Ordinal), $"{path} holds a secret.");
        }
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, "tmp"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Files_are_for_the_account_that_runs_the_program_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has other rights.");
            return;
        }
        using var parent = new TemporaryFolder();
        var folder = Path.Combine(parent.Path, "data");
        using (var program = await WorkbenchProcess.StartAsync(folder))
        {
            await program.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
            foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)) Assert.True((File.GetUnixFileMode(path) & others) == 0, $"{path} has the mode {File.GetUnixFileMode(path)}");
        }
        // Made without care, before or by somebody else.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        using (await WorkbenchProcess.StartAsync(folder)) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_in_is_refused_with_a_message()
    {
        if (!Directory.Exists("/proc/sys")) Assert.Skip("Needs a folder that even root cannot write in.");
        var (exitCode, told, error) = await WorkbenchProcess.RunAsync("--data", "/proc/sys", "--port", "0", "--no-samples");
        Assert.Equal(2, exitCode);
        Assert.Empty(told);
        Assert.Contains("Workbench:DataFolder is '/proc/sys'; expected a folder in which files can be written", error);
    }

    private static string Secrets(string text) => text[(Secret.PrefixOf(text)!.Length + 1)..];
}
