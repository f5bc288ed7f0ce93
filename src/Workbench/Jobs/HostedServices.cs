namespace ModelWorkbench.Workbench.Jobs;

public static class HostedServices
{
    /// <summary>A service that runs as long as the program, and that others can ask for.</summary>
    public static void AddHostedSingleton<T>(this IServiceCollection services) where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    /// <summary>A fault in one service of the background ends that service alone, and it begins anew; by itself the framework would end the program with all endpoints.</summary>
    public static void AddServiceWatch(this IServiceCollection services)
    {
        services.Configure<HostOptions>(host => host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore);
        services.AddHostedSingleton<ServiceWatch>();
    }
}
