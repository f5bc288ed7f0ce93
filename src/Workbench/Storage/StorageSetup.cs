using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Storage;

public static class StorageSetup
{
    /// <param name="place">Where the facts are.</param>
    /// <param name="held">What keeps others out of a server's database; null for SQLite, and for commands.</param>
    public static void AddStorage(this WebApplicationBuilder builder, DatabasePlace place, DatabaseLock? held = null)
    {
        Directory.CreateDirectory(place.DataFolder);
        builder.Services.AddDatabase(place, held);
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton(services => new ArtefactStore(place.DataFolder, services.GetRequiredService<IOptions<WorkbenchOptions>>().Value.DiskFloorBytes));
        builder.Services.AddSingleton<StorageTrouble>();
        builder.Services.AddSingleton(services => new UploadStore(place.DataFolder, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<IOptions<WorkbenchOptions>>().Value.DiskFloorBytes));
        builder.Services.AddSingleton<TableCache>();
        builder.Services.AddSingleton<DatasetStore>();
        builder.Services.AddSingleton<Datasets.RowReader>();
        builder.Services.AddSingleton<ExperimentStore>();
        builder.Services.AddSingleton<AssertionStore>();
        builder.Services.AddSingleton<WaitingAlerts>();
        builder.Services.AddHostedSingleton<ArtefactSweeper>();
        if (held is null) return;
        builder.Services.AddSingleton(held);
        builder.Services.AddHostedSingleton<DatabaseWatch>();
    }

    public static void AddDatabase(this IServiceCollection services, DatabasePlace place, DatabaseLock? held = null)
    {
        services.AddIdentitySchema();
        services.AddSingleton(place);
        if (!place.IsServer)
        {
            var connection = new SqliteConnectionStringBuilder { DataSource = DatabaseFile(place.DataFolder) };
            services.AddDbContextFactory<AppDb>(db => db.UseSqlite(connection.ToString(), sqlite => sqlite.UseQuerySplittingBehavior(QuerySplittingBehavior.SingleQuery)).AddInterceptors(new SqlitePragmas()));
            return;
        }
        services.AddDbContextFactory<PostgresDb>(db => db.UseServer(place.Connection, held is null ? null : AnswerSeconds).AddInterceptors(new PostgresWriters(held)));
        services.AddSingleton<IDbContextFactory<AppDb>, PostgresDatabases>();
        services.AddScoped<AppDb>(scope => scope.GetRequiredService<PostgresDb>());
    }

    // With the seconds that it takes to cancel what a server that stands still does not answer, whoever asked is told within five.
    private const int AnswerSeconds = 3;

    private static DbContextOptionsBuilder UseServer(this DbContextOptionsBuilder db, string connection, int? answerSeconds = null) => db.UseNpgsql(connection, server => server
        .CommandTimeout(answerSeconds)
        .UseQuerySplittingBehavior(QuerySplittingBehavior.SingleQuery)
        // Nothing is tried again behind the back of whoever asked: what was begun may have been done. The strategy of the provider would also hide a server that is away in an exception of another kind.
        .ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies)));

    // The context asks the services around it for this: without it there is no table of passkeys.
    private static IServiceCollection AddIdentitySchema(this IServiceCollection services) => services.Configure<IdentityOptions>(identity => identity.Stores.SchemaVersion = IdentitySchemaVersions.Version3);

    private static readonly ServiceProvider SchemaAlone = new ServiceCollection().AddIdentitySchema().BuildServiceProvider();

    /// <summary>A database outside the program's services: before it starts, in a command, or a copy.</summary>
    public static AppDb Open(SqliteConnectionStringBuilder connection) =>
        new(new DbContextOptionsBuilder<AppDb>().UseApplicationServiceProvider(SchemaAlone).UseSqlite(connection.ToString()).Options);

    /// <summary>A database of PostgreSQL outside the program's services.</summary>
    public static PostgresDb OpenServer(string connection)
    {
        var options = new DbContextOptionsBuilder<PostgresDb>().UseApplicationServiceProvider(SchemaAlone);
        options.UseServer(connection);
        return new PostgresDb(options.Options);
    }

    public static string DatabaseFile(string dataFolder) => Path.Combine(dataFolder, "workbench.db");

    public static async Task MigrateAsync(this IDbContextFactory<AppDb> databases, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.MigrateAsync(cancellationToken);
    }

    private sealed class PostgresDatabases(IDbContextFactory<PostgresDb> databases) : IDbContextFactory<AppDb>
    {
        public AppDb CreateDbContext() => databases.CreateDbContext();

        public async Task<AppDb> CreateDbContextAsync(CancellationToken cancellationToken) => await databases.CreateDbContextAsync(cancellationToken);
    }

    /// <summary>For <c>dotnet ef migrations add</c> only.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<AppDb>
    {
        public AppDb CreateDbContext(string[] args) => Open(new SqliteConnectionStringBuilder { DataSource = "design.db" });
    }

    /// <summary>For <c>dotnet ef migrations add --context PostgresDb</c> only.</summary>
    internal sealed class DesignTimeServer : IDesignTimeDbContextFactory<PostgresDb>
    {
        public PostgresDb CreateDbContext(string[] args) => OpenServer("Host=localhost;Database=design");
    }
}
