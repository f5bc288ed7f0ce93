namespace ModelWorkbench.Workbench.Jobs;

public static class HostedServices
{
    /// <summary>A service that runs as long as the program, and that others can ask for.</summary>
    public static void AddHostedSingleton<T>(this IServiceCollection services) where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }
}
