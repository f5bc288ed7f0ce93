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
        var connection = new SqliteConnectionStringBuilder { DataSource = DatabaseFile(dataFolder) }.ToString();
        builder.Services.AddSingleton<TokenChanges>();
        builder.Services.AddDbContextFactory<AppDb>((services, db) => db.UseSqlite(connection, sqlite => sqlite.UseQuerySplittingBehavior(QuerySplittingBehavior.SingleQuery)).AddInterceptors(new SqlitePragmas(), services.GetRequiredService<TokenChanges>()));
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton(new ArtefactStore(dataFolder));
        builder.Services.AddSingleton(services => new UploadStore(dataFolder, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<TableCache>();
        builder.Services.AddSingleton<DatasetStore>();
        builder.Services.AddSingleton<Datasets.RowReader>();
        builder.Services.AddSingleton<ExperimentStore>();
        builder.Services.AddHostedSingleton<ArtefactSweeper>();
    }

    public static string DatabaseFile(string dataFolder) => Path.Combine(dataFolder, "workbench.db");

    public static async Task MigrateAsync(this IDbContextFactory<AppDb> databases, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.MigrateAsync(cancellationToken);
    }

    /// <summary>For <c>dotnet ef migrations add</c> only.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<AppDb>
    {
        public AppDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<AppDb>().UseSqlite("Data Source=design.db").Options);
    }
}
