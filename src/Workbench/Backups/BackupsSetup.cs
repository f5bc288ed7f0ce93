using ModelWorkbench.Workbench.Jobs;

namespace ModelWorkbench.Workbench.Backups;

public static class BackupsSetup
{
    public static void AddBackups(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<DatabaseCopies>();
        builder.Services.AddHostedSingleton<BackupSchedule>();
    }
}
