using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Health;
using ModelWorkbench.Workbench.Storage;
using Npgsql;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The program on a PostgreSQL server of its own. That all else is the same there is shown by all the tests with WORKBENCH_TEST_POSTGRES.</summary>
[Collection(nameof(AloneCollection))]
public sealed class PostgresTests(PostgresServer server, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const string IrisRow = """{"features": [[5.1, 3.5, 1.4, 0.2]]}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_a_file_to_an_answer_over_kill_9_a_backup_and_both_databases()
    {
        using var folder = new TemporaryFolder(server.Connection);
        using var plain = new TemporaryFolder();
        TestDatabase.SkipOnServer("this test names its databases itself.");
        var (data, other, restored, sqlite, backup) = (Path.Combine(folder.Path, "data"), Path.Combine(folder.Path, "other"), Path.Combine(folder.Path, "restored"), Path.Combine(plain.Path, "sqlite"), Path.Combine(plain.Path, "backup.tar"));
        string key, answer;
        int dataset;
        using (var program = await WorkbenchProcess.StartAsync(data))
        {
            dataset = (await program.Api.UploadAsync(TestFiles.Sample("iris.csv"))).Id;
            var experiment = await program.Api.RunAsync(new ExperimentApi.StartBody(dataset, "species", Trainers: ["baseline", "linear-lbfgs"], BudgetSeconds: 60));
            key = (await program.Api.PublishAsync("iris", experiment.Id, 2)).Key!;
            answer = await AnswerAsync(program, key);
            // A number that is gone is not given to anything else, here and where it is restored.
            var gone = await program.Api.UploadAsync(TestFiles.Sample("penguins.csv"));
            await program.Api.DeleteAsync($"/api/v1/datasets/{gone.Id}");
            Assert.Equal(dataset + 1, gone.Id);

            var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", other, "--port", "0", $"--Workbench:Database={TestDatabase.ConnectionOf(data)}");
            Assert.Equal(2, exitCode);
            Assert.Contains("is in use by another workbench", error);
            await program.KillAsync();
        }
        Assert.False(File.Exists(StorageSetup.DatabaseFile(data)));
        using (var program = await WorkbenchProcess.StartAsync(data))
        {
            Assert.Equal(answer, await AnswerAsync(program, key));
            var (exitCode, told, error) = await WorkbenchProcess.RunAsync("backup", "--data", data, "--to", backup);
            Assert.True(exitCode == 0, error);
            output.WriteLine(told.Trim());
        }

        // Into another database of the server; into SQLite; and from there to the server again.
        foreach (var into in (string[])[restored, sqlite])
        {
            var (exitCode, told, error) = await WorkbenchProcess.RunAsync("restore", "--from", backup, "--data", into);
            Assert.True(exitCode == 0, error);
            output.WriteLine(told.Trim());
            Assert.Equal(into == sqlite, File.Exists(StorageSetup.DatabaseFile(into)));
        }
        await using (var app = await WorkbenchApp.StartAsync(sqlite))
        {
            Assert.Equal(dataset + 2, (await app.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id);
            await app.StopAsync();
        }
        var (back, moved) = (Path.Combine(plain.Path, "back"), Path.Combine(folder.Path, "moved"));
        await Backup.MakeAsync(TestDatabase.PlaceOf(sqlite), back, TimeProvider.System, Cancel);
        await Restore.IntoEmptyAsync(back, TestDatabase.PlaceOf(moved), false, Cancel);
        await using (var app = await WorkbenchApp.StartAsync(moved))
        {
            Assert.Equal(dataset + 3, (await app.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id);
            Assert.Equal(answer, await AnswerAsync(app.Api, key));
            Assert.True((await app.Services.GetRequiredService<AuditLog>().VerifyAsync(Cancel)).IsIntact);
            await app.StopAsync();
        }
        using (var program = await WorkbenchProcess.StartAsync(restored))
        {
            Assert.Equal(answer, await AnswerAsync(program, key));
            Assert.Equal(0, (await WorkbenchProcess.RunAsync("audit", "verify", "--data", restored)).ExitCode);
            Assert.Equal(dataset + 2, (await program.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id);
        }
    }

    [Fact]
    public async Task Who_writes_at_once_writes_one_after_the_other()
    {
        using var folder = new TemporaryFolder(server.Connection);
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (audit, tokens, databases) = (app.Services.GetRequiredService<AuditLog>(), app.Services.GetRequiredService<AccessTokens>(), app.Services.GetRequiredService<IDbContextFactory<AppDb>>());
        var process = WorkbenchProcess.RunAsync("token", "--name", "beside", "--data", folder.Path);
        // One chain of entries.
        await AtOnceAsync(8, async thread =>
        {
            for (var i = 0; i < 25; i++) await audit.RecordAsync("test", $"{thread}/{i}", cancellationToken: Cancel);
            return true;
        });
        Assert.Equal(0, (await process).ExitCode);
        var check = await audit.VerifyAsync(Cancel);
        Assert.True(check.IsIntact, check.Describe());
        Assert.Equal(8 * 25, await audit.CountAsync(new AuditFilter(Action: "test"), Cancel));

        // A link signs one in.
        var link = await tokens.CreateSignInAsync(await app.FirstUserAsync(), Cancel);
        Assert.Equal(1, (await AtOnceAsync(8, _ => tokens.UseSignInAsync(link, Cancel))).Count(used => used is not null));

        // A job is one worker's: the condition of the update decides.
        int job;
        await using (var db = await databases.CreateDbContextAsync(Cancel))
        {
            var row = new BatchJobRow { WorkspaceId = WorkspaceRow.FirstId, EndpointName = "none", FileName = "a.csv", ModelSha256 = new string('0', 64), Status = BatchJobStatus.Interrupted };
            db.BatchJobs.Add(row);
            await db.SaveChangesAsync(Cancel);
            job = row.Id;
        }
        var claims = await AtOnceAsync(8, async _ =>
        {
            await using var db = await databases.CreateDbContextAsync(Cancel);
            return await db.BatchJobs.Where(b => b.Id == job && b.Status == BatchJobStatus.Interrupted).ExecuteUpdateAsync(set => set.SetProperty(b => b.Status, BatchJobStatus.Cancelled), Cancel);
        });
        Assert.Equal(1, claims.Sum());

        // What a transaction has read is so until it ends, also against a change without one.
        await AtOnceAsync(8, async thread =>
        {
            for (var i = 0; i < 10; i++)
            {
                await using var db = await databases.CreateDbContextAsync(Cancel);
                if (thread % 2 == 0)
                {
                    await db.BatchJobs.Where(b => b.Id == job).ExecuteUpdateAsync(set => set.SetProperty(b => b.RowsDone, b => b.RowsDone + 1), Cancel);
                    continue;
                }
                await using var transaction = await db.Database.BeginTransactionAsync(Cancel);
                var row = await db.BatchJobs.SingleAsync(b => b.Id == job, Cancel);
                row.RowsDone++;
                await db.SaveChangesAsync(Cancel);
                await transaction.CommitAsync(Cancel);
            }
            return true;
        });
        await using (var db = await databases.CreateDbContextAsync(Cancel)) Assert.Equal(80, (await db.BatchJobs.SingleAsync(b => b.Id == job, Cancel)).RowsDone);
        await app.StopAsync();
    }

    [Fact]
    public async Task While_the_server_is_away_models_answer_and_changes_are_refused_in_words_and_it_goes_on_by_itself()
    {
        using var folder = new TemporaryFolder(server.Connection);
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (experiment, key) = await Faults.FaultRun.PrepareAsync(app.Api);
        var answer = await AnswerAsync(app.Api, key);
        await server.CrashAsync();
        try
        {
            Assert.Equal(answer, await AnswerAsync(app.Api, key));
            using (var publish = await PublishAsync(app, experiment))
            {
                var problem = await ApiClient.ReadProblemAsync(publish, HttpStatusCode.ServiceUnavailable);
                Assert.Equal("Database unreachable", problem.Title);
            }
            await Poll.UntilAsync(async () => (await app.Anonymous().GetAsync("/readyz", Cancel)).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(30), "it is not ready");
            using (var alive = await app.Anonymous().GetAsync("/healthz", Cancel)) Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        }
        finally
        {
            await server.StartAsync();
        }
        await Poll.UntilAsync(async () => (await app.Anonymous().GetAsync("/readyz", Cancel)).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(60), "it is ready again");
        using (var publish = await PublishAsync(app, experiment)) Assert.Equal(HttpStatusCode.Created, publish.StatusCode);
        // Work in the background, too.
        Assert.Equal(ExperimentStatus.Completed, (await app.Api.RunAsync(new ExperimentApi.StartBody((await app.Api.UploadAsync(TestFiles.Sample("iris.csv"))).Id, "species", Trainers: ["baseline"], BudgetSeconds: 60))).Status);
        Assert.True((await app.Services.GetRequiredService<AuditLog>().VerifyAsync(Cancel)).IsIntact);
        await app.StopAsync();
    }

    [Fact]
    public async Task While_the_server_stands_still_models_answer_whoever_asks_it_is_told_soon_and_it_goes_on_by_itself()
    {
        Assert.SkipUnless(Directory.Exists("/proc"), "Finding the server's processes needs /proc.");
        using var folder = new TemporaryFolder(server.Connection);
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (experiment, key) = await Faults.FaultRun.PrepareAsync(app.Api);
        var answer = await AnswerAsync(app.Api, key);
        var (clock, slowest, told) = (Stopwatch.StartNew(), TimeSpan.Zero, 0);
        server.Freeze();
        try
        {
            // Whoever asked before it was noticed, and whoever asks afterwards.
            var noticed = false;
            while (clock.Elapsed < TimeSpan.FromSeconds(Faults.FaultRun.Count(6, 30)) || !noticed)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "It is not noticed that the server stands still.");
                var asked = Stopwatch.StartNew();
                HttpResponseMessage[] answers = await Task.WhenAll(app.Api.Http.GetAsync("/api/v1/datasets", Cancel), PublishAsync(app, experiment));
                foreach (var refused in answers)
                {
                    var problem = await ApiClient.ReadProblemAsync(refused, HttpStatusCode.ServiceUnavailable);
                    Assert.StartsWith("Database", problem.Title);
                    Assert.NotNull(refused.Headers.RetryAfter);
                    refused.Dispose();
                    told++;
                }
                if (asked.Elapsed > slowest) slowest = asked.Elapsed;
                Assert.Equal(answer, await AnswerAsync(app.Api, key));
                using (var ready = await app.Anonymous().GetAsync("/readyz", Cancel)) noticed = ready.StatusCode == HttpStatusCode.ServiceUnavailable;
                await Task.Delay(200, Cancel);
            }
        }
        finally
        {
            server.Thaw();
        }
        // Far below the thirty seconds that a command would wait.
        Assert.True(slowest < TimeSpan.FromSeconds(15), $"Somebody waited {slowest.TotalSeconds:0.0} s for a server that stands still.");
        var thawed = Stopwatch.StartNew();
        await Poll.UntilAsync(async () => (await app.Anonymous().GetAsync("/readyz", Cancel)).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(60), "it is ready again");
        Faults.FaultRun.Report(output, "F11", $"database server stood still {clock.Elapsed.TotalSeconds:0} s: {told}/{told} told so, slowest after {slowest.TotalSeconds:0.0} s · ready again after {thawed.Elapsed.TotalSeconds:0.0} s");
        using (var publish = await PublishAsync(app, experiment)) Assert.Equal(HttpStatusCode.Created, publish.StatusCode);
        await Faults.FaultRun.CheckAsync(app.Api, folder.Path, key);
        await app.StopAsync();
    }

    [Fact]
    public async Task Another_schema_another_folder_a_wrong_server_and_a_wrong_password_are_refused_and_no_secret_is_told()
    {
        using var folder = new TemporaryFolder(server.Connection);
        var (data, other) = (Path.Combine(folder.Path, "data"), Path.Combine(folder.Path, "other"));
        await using (var app = await WorkbenchApp.StartAsync(data))
        {
            await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            var system = await app.Api.GetAsync<SystemReport>("/api/v1/system");
            Assert.StartsWith("PostgreSQL, 'test_", system.Database.Kind);
            Assert.True(system.Database.Bytes > 1_000_000);
            await app.StopAsync();
        }
        var connection = TestDatabase.ConnectionOf(data);
        await RefusedAsync(other, connection, "belongs to another data folder");

        TestDatabase.Execute(data, "INSERT INTO \"__EFMigrationsHistory\" VALUES ('29990101000000_FromTheFuture', '99.0.0')");
        await RefusedAsync(data, connection, "29990101000000_FromTheFuture");
        Assert.Equal(2, (await WorkbenchProcess.RunAsync("token", "--data", data)).ExitCode);
        TestDatabase.Execute(data, "DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" LIKE '2999%'");

        // An empty database, and files that another one named.
        await RefusedAsync(data, TestDatabase.ConnectionOf(other), "holds files that another database named");
        TestDatabase.Execute(other, "CREATE TABLE cats (name text)");
        await RefusedAsync(other, TestDatabase.ConnectionOf(other), "it holds the table cats");
        // What is in the way in the middle of a change of the schema leaves nothing of it behind.
        TestDatabase.Execute(other, "DROP TABLE cats; CREATE VIEW \"Workspaces\" AS SELECT 1 AS one");
        await RefusedAsync(other, TestDatabase.ConnectionOf(other), "Workspaces");
        Assert.Equal(0L, TestDatabase.Ask(other, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '__EFMigrationsHistory'"));

        const string secret = "the-secret-word";
        var port = new NpgsqlConnectionStringBuilder(connection).Port;
        await RefusedAsync(other, $"Host=127.0.0.1;Port=1;Database=workbench;Username=ann;Password={secret}", "cannot be used");
        await RefusedAsync(other, $"Host=127.0.0.1;Port={port};Database=missing;Username=postgres;Password={secret}", "'missing' on 127.0.0.1");
        await RefusedAsync(other, $"postgres://ann:{secret}@127.0.0.1/workbench", "Workbench:Database is a URL; expected");
        await RefusedAsync(other, $"Host=127.0.0.1;Passwort={secret}", "Workbench:Database cannot be read");
        await RefusedAsync(other, $"Host=127.0.0.1;Password={secret}", "Workbench:Database names no Database; expected");

        async Task RefusedAsync(string folder, string database, string told)
        {
            var (exitCode, printed, error) = await WorkbenchProcess.RunAsync("--data", folder, "--port", "0", "--no-samples", $"--Workbench:Database={database}");
            Assert.Equal(2, exitCode);
            Assert.Contains(told, error);
            Assert.DoesNotContain(secret, printed + error);
        }
    }

    [Fact]
    public async Task Text_is_kept_compared_and_ordered_as_SQLite_does()
    {
        using var folder = new TemporaryFolder(server.Connection);
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("DailyDatabaseCopies", "2"));
        var (audit, databases) = (app.Services.GetRequiredService<AuditLog>(), app.Services.GetRequiredService<IDbContextFactory<AppDb>>());
        string[] texts = ["a\0b", "\0@", "\u0010", "\u0010@\0P", "cut \ud83d", "Straße", "zoë", "Zoë"];
        foreach (var text in texts) await audit.RecordAsync("test", text, new { text }, cancellationToken: Cancel);
        Assert.True((await audit.VerifyAsync(Cancel)).IsIntact);
        Assert.Equal(texts.Select(t => t.Replace('\ud83d', '\ufffd')).Reverse(), (await audit.ListAsync(new AuditFilter(Action: "test"), null, 100, Cancel)).Select(e => e.Subject));
        // Letters of ASCII in any case, others as they are; the same in both.
        Assert.Equal(2, await audit.CountAsync(new AuditFilter(Action: "TEST", Subject: "ZO"), Cancel));
        Assert.Equal(1, await audit.CountAsync(new AuditFilter(Subject: "\0B"), Cancel));

        // Names that differ in case are two, and capitals come first, although the server orders by language.
        await using (var db = await databases.CreateDbContextAsync(Cancel))
        {
            foreach (var name in (string[])["b", "a", "B", "Ä"]) db.Workspaces.Add(new WorkspaceRow { Name = name });
            await db.SaveChangesAsync(Cancel);
            Assert.Equal(["B", "Workspace", "a", "b", "Ä"], await db.Workspaces.OrderBy(w => w.Name).Select(w => w.Name).ToListAsync(Cancel));
            db.Workspaces.Add(new WorkspaceRow { Name = "a" });
            Assert.Equal(PostgresErrorCodes.UniqueViolation, Assert.IsType<PostgresException>((await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Cancel))).InnerException).SqlState);
        }
        // A copy holds all of it, and can be put in the place of the database; what was there is set aside.
        using (var copied = await app.Api.Http.PostAsync("/api/v1/system/database-copies", null, Cancel)) Assert.Equal(HttpStatusCode.Created, copied.StatusCode);
        await audit.RecordAsync("later", "this", cancellationToken: Cancel);
        var copy = Assert.Single(app.Services.GetRequiredService<DatabaseCopies>().List());
        await Assert.ThrowsAsync<BackupException>(() => Restore.DatabaseAsync(copy.Path, TestDatabase.PlaceOf(folder.Path), false, Cancel));
        await app.StopAsync();
        Assert.StartsWith("the schema replaced_", await Restore.DatabaseAsync(copy.Path, TestDatabase.PlaceOf(folder.Path), false, Cancel));
        await using var again = await WorkbenchApp.StartAsync(folder.Path);
        audit = again.Services.GetRequiredService<AuditLog>();
        Assert.True((await audit.VerifyAsync(Cancel)).IsIntact);
        Assert.Equal((texts.Length, 0), (await audit.CountAsync(new AuditFilter(Action: "test"), Cancel), await audit.CountAsync(new AuditFilter(Action: "later"), Cancel)));
        await again.StopAsync();
    }

    [Fact]
    public async Task Both_databases_call_their_schemas_by_the_same_names()
    {
        using var folder = new TemporaryFolder();
        await using var sqlite = new DatabasePlace(folder.Path).Open();
        await using var postgres = new DatabasePlace(folder.Path, "Host=localhost;Database=none").Open();
        var (old, own) = (sqlite.Database.GetMigrations().ToArray(), postgres.Database.GetMigrations().ToArray());
        // PostgreSQL begins where SQLite was then; from there on each change is made to both, under one name: .ci/migration.
        Assert.Equal(old.SkipWhile(m => m != own[0]), own);
    }

    [Fact]
    public async Task A_connection_that_is_lost_is_taken_again_and_meanwhile_nothing_is_written()
    {
        using var folder = new TemporaryFolder(server.Connection);
        TestDatabase.ConnectionOf(folder.Path);
        var place = TestDatabase.PlaceOf(folder.Path);
        await using var held = (await DatabaseLock.TryTakeAsync(place, Cancel))!;
        Assert.True(held.IsHeld);
        Assert.Null(await DatabaseLock.TryTakeAsync(place, Cancel));
        Assert.Null(await held.CheckAsync(Cancel));
        TestDatabase.Execute(folder.Path, $"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {PostgresLocks.Program} AND pid <> pg_backend_pid()");
        Assert.NotNull(await held.CheckAsync(Cancel));
        Assert.False(held.IsHeld);

        var services = new ServiceCollection();
        services.AddDatabase(place, held);
        await using var provider = services.BuildServiceProvider();
        await using (var db = await provider.GetRequiredService<IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel))
        {
            var refused = await Assert.ThrowsAnyAsync<NpgsqlException>(() => db.Database.BeginTransactionAsync(Cancel));
            Assert.Equal(503, StorageFault.Of(refused)?.Status);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => db.Workspaces.ExecuteUpdateAsync(set => set.SetProperty(w => w.Name, "no"), Cancel));
        }
        Assert.True(await held.TryAsync(Cancel));
        Assert.True(held.IsHeld);
    }

    private static Task<HttpResponseMessage> PublishAsync(WorkbenchApp app, int experiment) =>
        app.Api.Http.PostAsync("/api/v1/endpoints", ApiClient.Json($$"""{"name": "iris", "experimentId": {{experiment}}, "trialNumber": 2}"""), Cancel);

    private static async Task<T[]> AtOnceAsync<T>(int count, Func<int, Task<T>> what) => await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(() => what(i), Cancel)));

    private static Task<string> AnswerAsync(WorkbenchProcess program, string key) => AnswerAsync(program.Api, key);

    private static async Task<string> AnswerAsync(ApiClient api, string key)
    {
        using var answer = await new ModelClient(api.Http, "iris", key).SendAsync(IrisRow);
        return (await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK)).GetProperty("predictions").GetRawText();
    }
}
