namespace ModelWorkbench.Workbench.Jobs;

public static class JobsSetup
{
    public static void AddJobs(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<JobMonitor>();
        builder.Services.AddSingleton<ExperimentQueue>();
        builder.Services.AddSingleton<ExperimentSupervisor>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ExperimentSupervisor>());
        builder.Services.AddSingleton<ImportQueue>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ImportQueue>());
        builder.Services.AddHostedService<SampleInstaller>();
    }
}
