using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Puts the sample datasets into a new data folder, once: a sample that was deleted stays deleted.</summary>
public sealed class SampleInstaller(DatasetStore datasets, ArtefactStore artefacts, IOptions<WorkbenchOptions> options, ILogger<SampleInstaller> logger) : BackgroundService
{
    // Small ones first, so that a newcomer finds something at once.
    private static readonly string[] Samples = ["iris.csv", "penguins.csv", "breast_cancer.csv", "sacramento_homes.csv", "credit_risk.csv", "telco_churn.csv", "diamonds.csv"];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var marker = Path.Combine(Path.GetFullPath(options.Value.DataFolder), "samples-installed");
        if (!options.Value.InstallSamples || File.Exists(marker)) return;
        var existing = (await datasets.ListAsync(WorkspaceRow.FirstId, stoppingToken)).Select(d => d.FileName).ToHashSet(StringComparer.Ordinal);
        foreach (var name in Samples.Where(n => !existing.Contains(n)))
        {
            var temporary = artefacts.NewTemporaryPath();
            try
            {
                File.Copy(Path.Combine(AppContext.BaseDirectory, "samples", name), temporary);
                await datasets.ImportAsync(temporary, name, null, WorkspaceRow.FirstId, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogError(e, "The sample {Name} could not be put in place", name);
            }
        }
        await File.WriteAllTextAsync(marker, "", stoppingToken);
    }
}
