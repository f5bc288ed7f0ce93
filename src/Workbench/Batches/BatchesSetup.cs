using ModelWorkbench.Workbench.Jobs;

namespace ModelWorkbench.Workbench.Batches;

public static class BatchesSetup
{
    public static void AddBatches(this WebApplicationBuilder builder)
    {
        builder.Services.AddHostedSingleton<BatchQueue>();
    }
}
