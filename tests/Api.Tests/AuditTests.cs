using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What is written into the audit log, and whether it shows when somebody changes it.</summary>
public sealed partial class AuditTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_act_leaves_one_entry_with_who_and_from_where_and_no_secret()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var tokens = app.Services.GetRequiredService<AccessTokens>();
        var anonymous = app.Anonymous();
        var link = await tokens.CreateSignInAsync(await app.FirstUserAsync(), Cancel);
        using (var wrong = await anonymous.GetAsync("/sign-in/mws_00000000_wrong", Cancel)) Assert.Equal(HttpStatusCode.Found, wrong.StatusCode);
        using (var right = await anonymous.GetAsync($"/sign-in/{link}", Cancel)) Assert.Equal("/", right.Headers.Location?.ToString());
        var extra = await app.NewTokenAsync("for a colleague");
        await tokens.RevokeAsync((await tokens.ListManagementAsync(await app.FirstUserAsync(), Cancel)).Single(t => t.Name == "for a colleague").Id, Cancel);
        await using (var scope = app.Services.CreateAsyncScope())
        {
            var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
            var ann = await accounts.CreateAsync("Ann", null, isAdministrator: false);
            await app.Services.GetRequiredService<Workspaces>().SetRoleAsync(WorkspaceRow.FirstId, ann.Id, WorkspaceRole.Editor, Cancel);
            await accounts.SetDisabledAsync(ann.Id, true, Cancel);
        }

        var iris = await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["baseline", "linear-lbfgs"], BudgetSeconds: 60));
        var first = await app.Api.PublishAsync("iris", experiment.Id, 2);
        await app.Api.PublishAsync("iris", experiment.Id, 1);
        await PostAsync(app, "/api/v1/endpoints/iris/rollback", new { why = "the baseline was a mistake" });
        await PostAsync(app, "/api/v1/endpoints/iris/promote", new { version = 2 });
        await PutAsync(app, "/api/v1/endpoints/iris/traffic", new { shares = new[] { new { version = 1, percent = 50 }, new { version = 2, percent = 50 } } });
        await PutAsync(app, "/api/v1/endpoints/iris/settings", new EndpointSettings { IsOpen = true, Log = new LogSettings { Masked = ["sepal_length"] } });
        using var made = await app.Api.Http.PostAsJsonAsync("/api/v1/endpoints/iris/keys", new { name = "second" }, Cancel);
        var key = (await ApiClient.ReadAsync<EndpointApi.NewKeyAnswer>(made, HttpStatusCode.OK)).Key;
        await app.Api.DeleteAsync($"/api/v1/endpoints/iris/keys/{Secret.PrefixOf(key)}");
        (await app.Api.Http.GetAsync($"/api/v1/datasets/{iris.Id}/export", Cancel)).Dispose();
        (await app.Api.Http.GetAsync($"/api/v1/datasets/{iris.Id}/export?format=xlsx", Cancel)).Dispose();
        (await app.Api.Http.GetAsync($"/api/v1/experiments/{experiment.Id}/trials/2/card", Cancel)).Dispose();
        await app.Api.DeleteAsync("/api/v1/endpoints/iris");
        await app.Api.DeleteAsync($"/api/v1/experiments/{experiment.Id}");
        await app.Api.DeleteAsync($"/api/v1/datasets/{iris.Id}");

        var page = await app.Api.GetAsync<AuditApi.PageAnswer>("/api/v1/audit?most=500");
        foreach (var entry in page.Entries.Reverse()) output.WriteLine($"{entry.Number} {entry.Actor} {entry.Address} {entry.Action} {entry.Subject} {entry.Result} {entry.Details}");
        string[] expected =
        [
            "account.make", "member.role", "account.make", "member.role", "account.rights", "sign-in-link.make", "token.make", "sign-in-link.make", "sign-in", "sign-in", "token.make", "token.revoke", "dataset.add", "experiment.start", "endpoint.publish", "endpoint.publish", "endpoint.rollback", "endpoint.promote", "endpoint.traffic",
            "endpoint.settings", "endpoint.key.make", "endpoint.key.revoke", "dataset.export", "dataset.export", "card.download", "endpoint.delete", "experiment.delete", "dataset.delete",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), page.Entries.Select(e => e.Action).Order(StringComparer.Ordinal));
        Assert.Equal([AuditResult.Refused, AuditResult.Ok], page.Entries.Where(e => e.Action == "sign-in").OrderBy(e => e.Number).Select(e => e.Result));
        Assert.Equal([AuditResult.Ok, AuditResult.Refused], page.Entries.Where(e => e.Action == "dataset.export").OrderBy(e => e.Number).Select(e => e.Result));
        Assert.All(page.Entries.Where(e => e.Action.StartsWith("endpoint", StringComparison.Ordinal)), e => Assert.Equal(("tests", "127.0.0.1", "endpoint iris"), (e.Actor, e.Address, e.Subject)));
        var rollback = page.Entries.Single(e => e.Action == "endpoint.rollback").Details!.Value;
        Assert.Equal(("2", "1", "the baseline was a mistake"), (rollback.GetProperty("from").GetString(), rollback.GetProperty("to").GetString(), rollback.GetProperty("why").GetString()));
        var settings = page.Entries.Single(e => e.Action == "endpoint.settings").Details!.Value;
        Assert.False(settings.GetProperty("before").GetProperty("isOpen").GetBoolean());
        Assert.Equal("sepal_length", settings.GetProperty("after").GetProperty("log").GetProperty("masked")[0].GetString());

        var (exitCode, exported, _) = await WorkbenchProcess.RunAsync("audit", "export", "--data", folder.Path);
        Assert.Equal(0, exitCode);
        Assert.Equal(expected.Length, exported.Trim().Split('\n').Length);
        foreach (var secret in (string[])[link, extra, first.Key!, key]) Assert.DoesNotContain(secret[(Secret.PrefixOf(secret)!.Length + 1)..], exported);

        var filtered = await app.Api.GetAsync<AuditApi.PageAnswer>("/api/v1/audit?action=endpoint.key&object=IRIS&actor=test");
        Assert.Equal(2, filtered.Count);
        Assert.Empty((await app.Api.GetAsync<AuditApi.PageAnswer>("/api/v1/audit?to=2000-01-01T00:00:00Z")).Entries);
        using var csv = await app.Api.Http.GetAsync("/api/v1/audit/csv?action=endpoint", Cancel);
        Assert.Equal(1 + expected.Count(a => a.StartsWith("endpoint", StringComparison.Ordinal)), (await csv.Content.ReadAsStringAsync(Cancel)).Trim().Split('\n').Length);
        await app.StopAsync();
    }

    [Fact]
    public async Task An_entry_that_is_edited_or_removed_is_found_and_the_database_refuses_both()
    {
        using var folder = new TemporaryFolder();
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            var audit = app.Services.GetRequiredService<AuditLog>();
            for (var i = 0; i < 10; i++) await audit.RecordAsync("test", $"thing {i}", new { i }, cancellationToken: Cancel);
            Assert.True((await audit.VerifyAsync(Cancel)).IsIntact);
            await app.StopAsync();
        }
        var (exitCode, told, _) = await WorkbenchProcess.RunAsync("audit", "verify", "--data", folder.Path);
        Assert.Equal(0, exitCode);
        // The link that the start prints may come after the end was asked for.
        Assert.Matches("^1[34] entries, chain intact, head [0-9a-f]{64}\n$", told);

        var refused = Assert.ThrowsAny<System.Data.Common.DbException>(() => Execute(folder, "UPDATE AuditEntries SET Actor = 'somebody else' WHERE Id = 5"));
        Assert.Contains("only ever added to", refused.Message);
        Assert.ThrowsAny<System.Data.Common.DbException>(() => Execute(folder, "DELETE FROM AuditEntries WHERE Id = 5"));

        if (TestDatabase.IsServer) Assert.ThrowsAny<System.Data.Common.DbException>(() => Execute(folder, "TRUNCATE AuditEntries"));
        var triggers = TestDatabase.IsServer ? "ALTER TABLE AuditEntries DISABLE TRIGGER USER" : "DROP TRIGGER AuditEntries_are_not_changed; DROP TRIGGER AuditEntries_are_not_removed";
        Execute(folder, $"{triggers}; CREATE TABLE kept AS SELECT * FROM AuditEntries;");
        foreach (var (edit, broken) in ((string, int)[])
        [
            ("UPDATE AuditEntries SET Actor = 'somebody else' WHERE Id = 5", 5),
            (TestDatabase.IsServer ? "UPDATE AuditEntries SET At = At + interval '1 second' WHERE Id = 7" : "UPDATE AuditEntries SET At = At + 20480000 WHERE Id = 7", 7),
            ("UPDATE AuditEntries SET Details = NULL WHERE Id = 8", 8),
            ("DELETE FROM AuditEntries WHERE Id = 9", 10),
        ])
        {
            Execute(folder, edit);
            (exitCode, _, told) = await WorkbenchProcess.RunAsync("audit", "verify", "--data", folder.Path);
            Assert.Equal(1, exitCode);
            Assert.StartsWith($"Entry {broken} does not fit:", told);
            Execute(folder, "DELETE FROM AuditEntries; INSERT INTO AuditEntries SELECT * FROM kept;");
            Assert.Equal(0, (await WorkbenchProcess.RunAsync("audit", "verify", "--data", folder.Path)).ExitCode);
        }
    }

    [Fact]
    public async Task Entries_written_at_once_by_threads_and_another_process_are_one_chain()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var audit = app.Services.GetRequiredService<AuditLog>();
        var processes = Enumerable.Range(0, 2).Select(i => WorkbenchProcess.RunAsync("token", "--name", $"t{i}", "--data", folder.Path)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++) await audit.RecordAsync("test", $"{thread}/{i}", cancellationToken: Cancel);
        }, Cancel)));
        foreach (var process in processes) Assert.Equal(0, (await process).ExitCode);
        var check = await audit.VerifyAsync(Cancel);
        Assert.True(check.IsIntact, check.Describe());
        Assert.Equal(8 * 25, await audit.CountAsync(new AuditFilter(Action: "test"), Cancel));
        Assert.Equal(2, await audit.CountAsync(new AuditFilter(Actor: "command line", Action: "token.make"), Cancel));
        await app.StopAsync();
    }

    /// <summary>The chain can be proved without the program: by the description of the hash alone.</summary>
    [Fact]
    public void The_hash_is_that_of_its_description()
    {
        var row = new AuditEntryRow
        {
            Id = 1,
            At = new DateTimeOffset(2026, 1, 31, 23, 59, 59, 123, TimeSpan.Zero),
            Actor = "Zoë",
            Action = "dataset.delete",
            Subject = "dataset 3 (penguins)",
            Result = "ok",
            Details = "{\"a\":1}",
            PreviousHash = AuditLog.NoHash,
            Hash = "",
        };
        // python3: hashlib.sha256(b"1:1,24:2026-01-31T23:59:59.123Z,4:Zo\xc3\xab,-,14:dataset.delete,20:dataset 3 (penguins),2:ok,7:{\"a\":1},64:" + b"0"*64 + b",").hexdigest()
        Assert.Equal("1d87117f93993074aa8758a6175884e17a07bebe161dcc02c9817b23dee719e6", AuditLog.HashOf(row));
    }

    // SQLite takes names with and without quotation marks for the same, PostgreSQL does not.
    private static void Execute(TemporaryFolder folder, string sql) => TestDatabase.Execute(folder.Path, Names().Replace(sql, "\"$0\""));

    [GeneratedRegex(@"\b(AuditEntries|Actor|At|Details|Id)\b")]
    private static partial Regex Names();

    private static async Task PostAsync(WorkbenchApp app, string address, object body)
    {
        using var answer = await app.Api.Http.PostAsJsonAsync(address, body, Cancel);
        await ApiClient.ReadAsync<EndpointApi.EndpointAnswer>(answer, HttpStatusCode.OK);
    }

    private static async Task PutAsync(WorkbenchApp app, string address, object body)
    {
        using var answer = await app.Api.Http.PutAsJsonAsync(address, body, CoreJsonOptions, Cancel);
        await ApiClient.ReadAsync<EndpointApi.EndpointAnswer>(answer, HttpStatusCode.OK);
    }

    private static readonly System.Text.Json.JsonSerializerOptions CoreJsonOptions = Core.Recipes.CoreJson.Options;
}
