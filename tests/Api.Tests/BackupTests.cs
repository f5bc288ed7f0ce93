using System.Net;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Backups of a program that works, restored into a program that answers; databases that are damaged, too new, or caught in the middle of a change.</summary>
public sealed class BackupTests(ITestOutputHelper output)
{
    private const string IrisRow = """{"features": [[5.1, 3.5, 1.4, 0.2]]}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("folder")]
    [InlineData("all.tar.gz")]
    public async Task A_backup_of_a_program_under_load_restores_to_one_that_gives_the_same_answers(string name)
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        var (backup, restored) = (Path.Combine(elsewhere.Path, name), Path.Combine(elsewhere.Path, "restored"));
        string key, answer, backupTold;
        int asked;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            var iris = await program.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            var experiment = await program.Api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["baseline", "linear-lbfgs"], BudgetSeconds: 60));
            key = (await program.Api.PublishAsync("iris", experiment.Id, 2)).Key!;
            var telco = await program.Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
            await program.Api.StartAsync(new ExperimentApi.StartBody(telco.Id, "churn", Trainers: ["baseline", "random-forest"], Split: new SplitPlan(Folds: 5), BudgetSeconds: 120));
            var model = new ModelClient(program.Api.Http, "iris", key);
            answer = await AnswerAsync(model);

            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var load = LoadAsync(model, enough.Token);
            var (exitCode, told, error) = await WorkbenchProcess.RunAsync("backup", "--data", folder.Path, "--to", backup);
            await enough.CancelAsync();
            asked = await load;
            Assert.True(exitCode == 0, error);
            backupTold = told;
        }
        output.WriteLine($"{backupTold.Trim()} {asked} requests meanwhile, all answered.");
        Assert.True(asked > 20, $"{asked} requests were answered while the backup was written; expected a load.");

        var (code, restoreTold, restoreError) = await WorkbenchProcess.RunAsync("restore", "--from", backup, "--data", restored);
        Assert.True(code == 0, restoreError);
        Assert.Contains("every hash fits, the database holds together", restoreTold);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.EnumerateFiles(restored, "*", SearchOption.AllDirectories)) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(restored, "keys"), "key-*.xml"));
        }
        await using (var db = TestDatabase.PlaceOf(restored).Open())
            foreach (var sha256 in await ArtefactNames.OfAsync(db, new ArtefactStore(restored), Cancel))
                Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(restored, "artefacts", sha256[..2], sha256), Cancel))));
        using (var program = await WorkbenchProcess.StartAsync(restored)) Assert.Equal(answer, await AnswerAsync(new ModelClient(program.Api.Http, "iris", key)));
        Assert.Equal(0, (await WorkbenchProcess.RunAsync("audit", "verify", "--data", restored)).ExitCode);

        (code, _, restoreError) = await WorkbenchProcess.RunAsync("restore", "--from", backup, "--data", restored);
        Assert.Equal(1, code);
        Assert.Contains("is not empty", restoreError);
    }

    [Fact]
    public async Task A_backup_that_is_damaged_is_refused_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        var (backup, restored) = (Path.Combine(elsewhere.Path, "backup"), Path.Combine(elsewhere.Path, "restored"));
        string victim;
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            var manifest = await Backup.MakeAsync(TestDatabase.PlaceOf(folder.Path), backup, TimeProvider.System, Cancel);
            victim = manifest.Files.First(f => f.Path.StartsWith("artefacts/", StringComparison.Ordinal)).Path;

            // A file that is missing before the backup is made does not go unsaid.
            var gone = Path.Combine(folder.Path, victim);
            var bytes = await File.ReadAllBytesAsync(gone, Cancel);
            await File.WriteAllBytesAsync(gone, [1, 2, 3], Cancel);
            var (exitCode, _, error) = await WorkbenchProcess.RunAsync("backup", "--data", folder.Path, "--to", Path.Combine(elsewhere.Path, "part.tar"));
            Assert.Equal(1, exitCode);
            Assert.Contains(Path.GetFileName(victim), error);
            (exitCode, _, error) = await WorkbenchProcess.RunAsync("restore", "--from", Path.Combine(elsewhere.Path, "part.tar"), "--data", restored);
            Assert.Equal(1, exitCode);
            Assert.Contains("--partial", error);
            (exitCode, _, error) = await WorkbenchProcess.RunAsync("restore", "--from", Path.Combine(elsewhere.Path, "part.tar"), "--data", restored, "--partial");
            Assert.True(exitCode == 0, error);
            Directory.Delete(restored, recursive: true);
            await File.WriteAllBytesAsync(gone, bytes, Cancel);
            await app.StopAsync();
        }
        await Assert.ThrowsAsync<BackupException>(() => Backup.MakeAsync(TestDatabase.PlaceOf(folder.Path), backup, TimeProvider.System, Cancel));

        var path = Path.Combine(backup, victim);
        var content = await File.ReadAllBytesAsync(path, Cancel);
        content[content.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, content, Cancel);
        var damaged = await Assert.ThrowsAsync<BackupException>(() => Restore.IntoEmptyAsync(backup, TestDatabase.PlaceOf(restored), false, Cancel));
        Assert.Contains("is damaged", damaged.Message);
        Assert.False(Directory.Exists(restored));
        File.Delete(path);
        Assert.Contains("lacks", (await Assert.ThrowsAsync<BackupException>(() => Restore.IntoEmptyAsync(backup, TestDatabase.PlaceOf(restored), false, Cancel))).Message);
        File.Delete(Path.Combine(backup, "manifest.json"));
        Assert.Contains("was not finished", (await Assert.ThrowsAsync<BackupException>(() => Restore.IntoEmptyAsync(backup, TestDatabase.PlaceOf(restored), false, Cancel))).Message);
    }

    [Fact]
    public async Task A_database_that_is_cut_off_or_written_over_is_left_alone_and_a_copy_is_named_that_brings_it_back()
    {
        TestDatabase.SkipOnServer("its file is damaged here.");
        using var folder = new TemporaryFolder();
        await using (var app = await WorkbenchApp.StartAsync(folder.Path))
        {
            await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
            using var copied = await app.Api.Http.PostAsync("/api/v1/system/database-copies", null, Cancel);
            Assert.Equal(HttpStatusCode.Created, copied.StatusCode);
            await app.StopAsync();
        }
        var path = StorageSetup.DatabaseFile(folder.Path);
        SqliteConnection.ClearAllPools();
        var whole = await File.ReadAllBytesAsync(path, Cancel);
        byte[] noHeader = [.. "not a database"u8, .. whole.AsSpan(14)];
        foreach (var damaged in (byte[][])[[], whole[..(whole.Length / 2)], whole[..100], noHeader])
        {
            await File.WriteAllBytesAsync(path, damaged, Cancel);
            var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", folder.Path, "--port", "0", "--no-samples");
            output.WriteLine(error.Trim());
            Assert.Equal(2, exitCode);
            Assert.Contains("cannot be used", error);
            Assert.Contains("Workbench restore --from", error);
            Assert.Equal(damaged, await File.ReadAllBytesAsync(path, Cancel));
        }
        File.Delete(path);
        var (code, _, told) = await WorkbenchProcess.RunAsync("--data", folder.Path, "--port", "0", "--no-samples");
        Assert.Equal(2, code);
        Assert.Contains("is missing", told);
        Assert.False(File.Exists(path));

        await File.WriteAllBytesAsync(path, noHeader, Cancel);
        var copy = Assert.Single(DatabaseCopies.ListAll(folder.Path));
        (code, _, told) = await WorkbenchProcess.RunAsync("restore", "--from", copy.Path, "--data", folder.Path);
        Assert.True(code == 0, told);
        Assert.Equal(noHeader, await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(folder.Path, "workbench.db.replaced-*"), f => !f.EndsWith("-wal", StringComparison.Ordinal) && !f.EndsWith("-shm", StringComparison.Ordinal)), Cancel));
        using var program = await WorkbenchProcess.StartAsync(folder.Path);
        Assert.Single(await program.Api.GetAsync<System.Text.Json.JsonElement[]>("/api/v1/datasets"));
    }

    [Fact]
    public async Task A_newer_schema_is_refused_with_both_named()
    {
        using var folder = new TemporaryFolder();
        await using (var app = await WorkbenchApp.StartAsync(folder.Path)) await app.StopAsync();
        TestDatabase.Execute(folder.Path, "INSERT INTO \"__EFMigrationsHistory\" VALUES ('29990101000000_FromTheFuture', '99.0.0')");
        var (exitCode, _, error) = await WorkbenchProcess.RunAsync("--data", folder.Path, "--port", "0", "--no-samples");
        Assert.Equal(2, exitCode);
        Assert.Contains("29990101000000_FromTheFuture", error);
        await using var db = TestDatabase.PlaceOf(folder.Path).Open();
        Assert.Contains(db.Database.GetMigrations().Last(), error);
        Assert.Equal(2, (await WorkbenchProcess.RunAsync("token", "--data", folder.Path)).ExitCode);
    }

    [Fact]
    public async Task A_program_killed_while_it_changes_the_schema_leaves_the_old_one_or_the_new_one_and_a_copy_of_before()
    {
        TestDatabase.SkipOnServer("there the schema is changed in one transaction.");
        using var folder = new TemporaryFolder();
        var path = StorageSetup.DatabaseFile(folder.Path);
        string[] migrations;
        await using (var old = Open(folder.Path, SqliteOpenMode.ReadWriteCreate))
        {
            migrations = [.. old.Database.GetMigrations()];
            await old.GetService<IMigrator>().MigrateAsync("News", Cancel);
        }
        Execute(folder.Path, "INSERT INTO AccessTokens (Kind, Name, Prefix, Hash, CreatedAt, ExpiresAt) VALUES (1, 'kept', 'mwt_0', x'00', 0, 0)");
        // What a program leaves that was killed while it changed the schema in place.
        Execute(folder.Path, "CREATE TABLE IF NOT EXISTS __EFMigrationsLock (Id INTEGER PRIMARY KEY, Timestamp TEXT NOT NULL); INSERT INTO __EFMigrationsLock VALUES (1, '2026-01-01')");
        var before = await File.ReadAllBytesAsync(path, Cancel);
        var random = new Random(20261128);
        var (killed, schemas) = (0, new List<string>());
        for (var round = 0; round < 12; round++)
        {
            await File.WriteAllBytesAsync(path, before, Cancel);
            foreach (var left in Directory.GetFiles(folder.Path, "workbench.db*").Where(f => f != path)) File.Delete(left);
            if (await WorkbenchProcess.KillDuringStartAsync(folder.Path, () => File.Exists(path + ".new"), TimeSpan.FromMilliseconds(random.Next(400)))) killed++;
            Assert.Null(DatabaseCopies.Check(path));
            var schema = DatabaseStart.SchemaOf(path)!;
            schemas.Add(schema);
            Assert.True(schema.EndsWith("_News", StringComparison.Ordinal) || schema == migrations[^1], $"The schema is {schema}; expected the old or the new one.");
            if (schema == migrations[^1]) Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "backups"), "before-*.db"));
        }
        output.WriteLine($"{killed} of 12 killed, {schemas.Count(s => s == migrations[^1])} with the new schema, {schemas.Count(s => s != migrations[^1])} with the old.");
        await File.WriteAllBytesAsync(path, before, Cancel);
        using (var program = await WorkbenchProcess.StartAsync(folder.Path)) Assert.Equal(HttpStatusCode.OK, (await program.Api.Http.GetAsync("/readyz", Cancel)).StatusCode);
        await using var db = Open(folder.Path);
        Assert.Contains(await db.AccessTokens.ToListAsync(Cancel), t => t.Name == "kept");
        var copy = Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "backups"), "before-*.db"));
        Assert.Contains(migrations[^1], copy);
        Assert.EndsWith("_News", DatabaseStart.SchemaOf(copy));
    }

    [Fact]
    public async Task A_copy_a_day_is_made_and_seven_are_kept()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var (schedule, copies) = (app.Services.GetRequiredService<BackupSchedule>(), app.Services.GetRequiredService<DatabaseCopies>());
        Assert.True(await schedule.LookAsync(Cancel));
        Assert.False(await schedule.LookAsync(Cancel));
        for (var day = 1; day <= 8; day++)
        {
            foreach (var copy in copies.List()) File.SetLastWriteTimeUtc(copy.Path, copy.At.UtcDateTime.AddDays(-1.01));
            Assert.True(await schedule.LookAsync(Cancel));
        }
        Assert.Equal(7, copies.List().Count);
        Assert.All(copies.List(), c => Assert.Null(DatabaseCopies.Check(c.Path)));
        await app.StopAsync();
    }

    private async Task<int> LoadAsync(ModelClient model, CancellationToken enough)
    {
        var asked = 0;
        await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                using var answer = await model.SendAsync(IrisRow);
                // The key's own limit is no fault.
                Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{answer.StatusCode}");
                Interlocked.Increment(ref asked);
                await Task.Delay(15, Cancel);
            }
        }));
        return asked;
    }

    private static async Task<string> AnswerAsync(ModelClient model)
    {
        using var answer = await model.SendAsync(IrisRow);
        var root = await ApiClient.ReadAsync<System.Text.Json.JsonElement>(answer, HttpStatusCode.OK);
        return root.GetProperty("predictions").GetRawText();
    }

    private static AppDb Open(string folder, SqliteOpenMode mode = SqliteOpenMode.ReadWrite) => StorageSetup.Open(new SqliteConnectionStringBuilder { DataSource = StorageSetup.DatabaseFile(folder), Mode = mode, Pooling = false });

    private static void Execute(string folder, string sql)
    {
        using var connection = DatabaseCopies.Open(StorageSetup.DatabaseFile(folder), SqliteOpenMode.ReadWrite);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
