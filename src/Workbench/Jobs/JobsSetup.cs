using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

public static class JobsSetup
{
    public static void AddJobs(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<StoredBytes>();
        builder.Services.AddServiceWatch();
        builder.Services.AddSingleton<JobMonitor>();
        builder.Services.AddSingleton<ExperimentQueue>();
        builder.Services.AddHostedSingleton<ExperimentSupervisor>();
        builder.Services.AddHostedSingleton<TrialWorkQueue>();
        builder.Services.AddSingleton<SideBySides>();
        builder.Services.AddSingleton<RowPlaces>();
        builder.Services.AddHostedSingleton<AssertionChecks>();
        builder.Services.AddSingleton<TrialRows>();
        builder.Services.AddHostedSingleton<ImportQueue>();
        builder.Services.AddHostedService<SampleInstaller>();
    }
}
