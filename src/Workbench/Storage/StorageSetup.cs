using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Jobs;

namespace ModelWorkbench.Workbench.Storage;

public static class StorageSetup
{
    public static void AddStorage(this WebApplicationBuilder builder, string dataFolder)
    {
        Directory.CreateDirectory(dataFolder);
        builder.Services.AddDatabase(new SqliteConnectionStringBuilder { DataSource = DatabaseFile(dataFolder) });
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton(new ArtefactStore(dataFolder));
        builder.Services.AddSingleton<StorageTrouble>();
        builder.Services.AddSingleton(services => new UploadStore(dataFolder, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<TableCache>();
        builder.Services.AddSingleton<DatasetStore>();
        builder.Services.AddSingleton<Datasets.RowReader>();
        builder.Services.AddSingleton<ExperimentStore>();
        builder.Services.AddSingleton<AssertionStore>();
        builder.Services.AddSingleton<WaitingAlerts>();
        builder.Services.AddHostedSingleton<ArtefactSweeper>();
    }

    public static void AddDatabase(this IServiceCollection services, SqliteConnectionStringBuilder connection)
    {
        services.AddIdentitySchema();
        services.AddDbContextFactory<AppDb>(db => db.UseSqlite(connection.ToString(), sqlite => sqlite.UseQuerySplittingBehavior(QuerySplittingBehavior.SingleQuery)).AddInterceptors(new SqlitePragmas()));
    }

    // The context asks the services around it for this: without it there is no table of passkeys.
    private static IServiceCollection AddIdentitySchema(this IServiceCollection services) => services.Configure<IdentityOptions>(identity => identity.Stores.SchemaVersion = IdentitySchemaVersions.Version3);

    private static readonly ServiceProvider SchemaAlone = new ServiceCollection().AddIdentitySchema().BuildServiceProvider();

    /// <summary>A database outside the program's services: before it starts, in a command, or a copy.</summary>
    public static AppDb Open(SqliteConnectionStringBuilder connection) =>
        new(new DbContextOptionsBuilder<AppDb>().UseApplicationServiceProvider(SchemaAlone).UseSqlite(connection.ToString()).Options);

    public static string DatabaseFile(string dataFolder) => Path.Combine(dataFolder, "workbench.db");

    public static async Task MigrateAsync(this IDbContextFactory<AppDb> databases, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.MigrateAsync(cancellationToken);
    }

    /// <summary>For <c>dotnet ef migrations add</c> only.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<AppDb>
    {
        public AppDb CreateDbContext(string[] args) => Open(new SqliteConnectionStringBuilder { DataSource = "design.db" });
    }
}
