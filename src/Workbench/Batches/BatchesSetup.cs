namespace ModelWorkbench.Workbench.Batches;

public static class BatchesSetup
{
    public static void AddBatches(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<BatchQueue>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BatchQueue>());
    }
}
