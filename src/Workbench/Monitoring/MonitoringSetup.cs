using ModelWorkbench.Workbench.Jobs;

namespace ModelWorkbench.Workbench.Monitoring;

public static class MonitoringSetup
{
    public static void AddMonitoring(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MonitoringStore>();
        builder.Services.AddSingleton<LogDataset>();
        builder.Services.AddHostedSingleton<Webhooks>();
        builder.Services.AddSingleton<AlertStore>();
        builder.Services.AddHostedSingleton<AlertWatch>();
    }
}
